/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each probe finds, held against the kernel's source. A row is a probe, a
 * word, and the strategies of which it finds another word.
 *
 * Kernels differ, and none is asked for its version. Of rows with the same probe
 * that one holds whose word for the file is what the kernel does with a file. "a|b"
 * allows both, where a file cannot tell; the comment says which kernel does what.
 *
 * `matrix --expected FILE` writes such rows from what it finds.
 */
#ifndef MAPS_MATRIX_EXPECTED_H
#define MAPS_MATRIX_EXPECTED_H

enum {
	ON_FILE,
	ON_FAULT,
	ON_FAULT_AROUND,
	ON_REMAP_PFN_UNCHECKED,
	ON_REMAP_PFN,
	ON_REMAP_PFN_READONLY,
	ON_REMAP_VMALLOC,
	ON_INSERT_PAGE,
	ON_INSERT_PAGES,
	NR_EXPECTED
};

static const char * const expected_names[NR_EXPECTED] = {
	[ON_FILE]			= "file",
	[ON_FAULT]			= "fault",
	[ON_FAULT_AROUND]		= "fault_around",
	[ON_REMAP_PFN_UNCHECKED]	= "remap_pfn_unchecked",
	[ON_REMAP_PFN]			= "remap_pfn",
	[ON_REMAP_PFN_READONLY]		= "remap_pfn_readonly",
	[ON_REMAP_VMALLOC]		= "remap_vmalloc",
	[ON_INSERT_PAGE]		= "insert_page",
	[ON_INSERT_PAGES]		= "insert_pages",
};

static const struct expected {
	const char	*probe;
	const char	*word;
	const char	*others[NR_EXPECTED];
} expected[] = {
	{ "shared_read", "aabbccdd", { } },
	{ "shared_write", "shared", { [ON_REMAP_PFN_READONLY] = "EACCES" } },
	{ "private_read", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "SIGBUS", [ON_REMAP_PFN] = "EINVAL",
	} },
	{ "private_write", "private", {
		[ON_REMAP_PFN_UNCHECKED] = "SIGBUS", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "EACCES",
	} },
	{ "private_one_page", "aabbccdd", { } },
	{ "private_one_page_write", "private", { [ON_REMAP_PFN_READONLY] = "EACCES" } },
	{ "private_page_by_page", "right", { } },
	{ "at_offset", "right", { } },
	{ "longer_than_buffer", "EINVAL", { [ON_FILE] = "SIGBUS" } },
	{ "offset_at_end", "EINVAL", { [ON_FILE] = "SIGBUS" } },
	/* On 64 bits an offset cannot wrap, on 32 mmap() itself sees that it does. */
	{ "offset_wraps", "EINVAL|EOVERFLOW", { [ON_FILE] = "EOVERFLOW" } },
	{ "populate", "all", { } },
	{ "populate_private_write", "copied", {
		[ON_REMAP_PFN_UNCHECKED] = "SIGBUS", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "EACCES",
	} },
	{ "close_first", "aabbccdd", { } },
	/* Fewer where folios are mapped as a whole. */
	{ "faults_to_read", "none", {
		[ON_FILE] = "fewer", [ON_FAULT] = "one a page|fewer",
		[ON_FAULT_AROUND] = "fewer",
	} },
	/* Where 64 KiB, the window of the page cache, are one page. */
	{ "faults_to_read", "none", {
		[ON_FILE] = "one a page", [ON_FAULT] = "one a page|fewer",
		[ON_FAULT_AROUND] = "fewer",
	} },
	{ "private_sees_device", "until copied", { [ON_REMAP_PFN_READONLY] = "EACCES" } },
	{ "readonly_write", "SIGSEGV", { } },
	{ "mprotect_up", "shared", { [ON_REMAP_PFN_READONLY] = "EACCES" } },
	{ "mprotect_up_private", "private", { [ON_REMAP_PFN_READONLY] = "EACCES" } },
	{ "mprotect_down", "SIGSEGV", { [ON_REMAP_PFN_READONLY] = "(EACCES)" } },
	{ "mprotect_none_and_back", "aabbccdd", { } },
	{ "readonly_fd_shared_write", "EACCES", { } },
	{ "readonly_fd_mprotect", "EACCES", { } },
	{ "readonly_fd_private_write", "private", { [ON_REMAP_PFN_READONLY] = "EACCES" } },
	{ "writeonly_fd", "EACCES", { } },
	{ "prot_exec", "EPERM", { } },
	{ "mprotect_exec", "EACCES", { } },
	{ "read_implies_exec", "aabbccdd", { } },
	{ "munmap_first", "right", { } },
	{ "munmap_middle", "right", { } },
	{ "mremap_move", "right", { } },
	{ "mremap_shrink", "right", { } },
	{ "mremap_grow", "EFAULT", {
		[ON_FILE] = "right", [ON_FAULT] = "right", [ON_FAULT_AROUND] = "right",
		[ON_INSERT_PAGE] = "SIGBUS", [ON_INSERT_PAGES] = "SIGBUS",
	} },
	/* ENOMEM where an area grows by being merged with its extension. */
	{ "mremap_grow_in_place", "EFAULT", {
		[ON_FILE] = "right", [ON_FAULT] = "right", [ON_FAULT_AROUND] = "ENOMEM|right",
		[ON_INSERT_PAGE] = "ENOMEM|SIGBUS", [ON_INSERT_PAGES] = "ENOMEM|SIGBUS",
	} },
	{ "mremap_grow_past", "SIGBUS", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "EFAULT", [ON_REMAP_VMALLOC] = "EFAULT",
	} },
	{ "mremap_dontunmap", "EINVAL", {
		[ON_FILE] = "both", [ON_FAULT] = "both", [ON_FAULT_AROUND] = "both",
		[ON_INSERT_PAGE] = "SIGBUS", [ON_INSERT_PAGES] = "SIGBUS",
	} },
	/* The same where it is for anonymous memory only. */
	{ "mremap_dontunmap", "EINVAL", { } },
	/* Two where flags are compared before f_op->mmap() can clear VM_MAYEXEC. */
	{ "merge", "2 areas", { [ON_FILE] = "1 area", [ON_FAULT] = "1 area|2 areas" } },
	{ "merge_again", "3 areas", { [ON_FILE] = "1 area", [ON_FAULT] = "1 area" } },
	{ "fork_reads", "right", { } },
	{ "fork_writes_shared", "seen", { [ON_REMAP_PFN_READONLY] = "(EACCES)" } },
	/* ENOMEM where x86 must ask the page that was copied for the memory type. */
	{ "fork_private", "apart", {
		[ON_REMAP_PFN_UNCHECKED] = "ENOMEM|apart", [ON_REMAP_PFN] = "ENOMEM|apart",
		[ON_REMAP_PFN_READONLY] = "(EACCES)",
	} },
	{ "fork_page_table", "copied", { [ON_FILE] = "not copied", [ON_FAULT] = "not copied" } },
	{ "dontfork", "SIGSEGV", { } },
	/* Refused is what has VM_IO, or all of VM_SPECIAL. */
	{ "dofork", "undone|EINVAL", {
		[ON_FILE] = "undone", [ON_FAULT] = "undone",
		[ON_REMAP_PFN_UNCHECKED] = "EINVAL", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "EINVAL",
	} },
	{ "dontneed", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EINVAL", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "EINVAL", [ON_REMAP_VMALLOC] = "SIGBUS",
		[ON_INSERT_PAGE] = "SIGBUS", [ON_INSERT_PAGES] = "SIGBUS",
	} },
	{ "dontneed_private", "the device's", {
		[ON_REMAP_PFN_UNCHECKED] = "EINVAL", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "(EACCES)", [ON_REMAP_VMALLOC] = "SIGBUS",
		[ON_INSERT_PAGE] = "SIGBUS", [ON_INSERT_PAGES] = "SIGBUS",
	} },
	{ "pageout", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EINVAL", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "EINVAL",
	} },
	{ "populate_read", "all", {
		[ON_REMAP_PFN_UNCHECKED] = "EINVAL", [ON_REMAP_PFN] = "EINVAL",
		[ON_REMAP_PFN_READONLY] = "EINVAL",
	} },
	/* The same where there is no MADV_POPULATE_READ. */
	{ "populate_read", "EINVAL", { } },
	{ "lock", "not counted", { [ON_FILE] = "counted", [ON_FAULT] = "counted" } },
	{ "lock_populates", "all", { } },
	/* All where mincore() walks VM_PFNMAP areas, too. */
	{ "mincore_untouched", "all", {
		[ON_FAULT] = "none", [ON_FAULT_AROUND] = "none",
		[ON_REMAP_PFN_UNCHECKED] = "none|all", [ON_REMAP_PFN] = "none|all",
		[ON_REMAP_PFN_READONLY] = "none|all",
	} },
	/* All where mincore() walks VM_PFNMAP areas, too. */
	{ "mincore_touched", "all", {
		[ON_REMAP_PFN_UNCHECKED] = "none|all", [ON_REMAP_PFN] = "none|all",
		[ON_REMAP_PFN_READONLY] = "none|all",
	} },
	{ "sync_range", "done", { [ON_REMAP_PFN_READONLY] = "(EACCES)" } },
	{ "rss", "counted", {
		[ON_REMAP_PFN_UNCHECKED] = "not counted", [ON_REMAP_PFN] = "not counted",
		[ON_REMAP_PFN_READONLY] = "not counted",
	} },
	{ "pss", "half", {
		[ON_REMAP_PFN_UNCHECKED] = "none", [ON_REMAP_PFN] = "none",
		[ON_REMAP_PFN_READONLY] = "none",
	} },
	{ "write_from", "aabbccdd", { } },
	{ "vm_readv", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "EFAULT",
	} },
	{ "vm_writev", "shared", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "(EACCES)",
	} },
	{ "ptrace_peek", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EIO", [ON_REMAP_PFN] = "EIO",
		[ON_REMAP_PFN_READONLY] = "EIO",
	} },
	{ "ptrace_poke", "private", {
		[ON_REMAP_PFN_UNCHECKED] = "EIO", [ON_REMAP_PFN] = "EIO",
		[ON_REMAP_PFN_READONLY] = "EIO",
	} },
	{ "proc_mem", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EIO", [ON_REMAP_PFN] = "EIO",
		[ON_REMAP_PFN_READONLY] = "EIO",
	} },
	{ "direct_read", "shared", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "(EACCES)",
	} },
	{ "direct_write", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "EFAULT",
	} },
	{ "splice_pages", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "EFAULT",
	} },
	/* Where only anonymous memory can be pinned for long. */
	{ "io_uring_buffer", "EOPNOTSUPP", {
		[ON_REMAP_PFN_UNCHECKED] = "EFAULT", [ON_REMAP_PFN] = "EFAULT",
		[ON_REMAP_PFN_READONLY] = "(EACCES)",
	} },
	/* Where all can but the pages of files that have to know of writes. */
	{ "io_uring_buffer", "registered", {
		[ON_FILE] = "EFAULT", [ON_REMAP_PFN_UNCHECKED] = "EFAULT",
		[ON_REMAP_PFN] = "EFAULT", [ON_REMAP_PFN_READONLY] = "(EACCES)",
	} },
	/* EFAULT for folios, where the core cannot map a part of one that has a mapping. */
	{ "shared_futex", "woken|EFAULT", {
		[ON_FILE] = "woken", [ON_REMAP_PFN_UNCHECKED] = "EFAULT",
		[ON_REMAP_PFN] = "EFAULT", [ON_REMAP_PFN_READONLY] = "(EACCES)",
	} },
	{ "userfaultfd_register", "EINVAL", { [ON_REMAP_PFN_READONLY] = "(EACCES)" } },
	{ "core_dump", "aabbccdd", {
		[ON_REMAP_PFN_UNCHECKED] = "left out", [ON_REMAP_PFN] = "left out",
		[ON_REMAP_PFN_READONLY] = "left out", [ON_REMAP_VMALLOC] = "left out",
	} },
	{ "dodump", "EINVAL", { [ON_FILE] = "undone", [ON_FAULT] = "undone" } },
	{ "unload_while_mapped", "busy", { } },
	{ "killed_holder", "released", { } },
};

#endif /* MAPS_MATRIX_EXPECTED_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: access by the kernel, by debuggers and by other processes.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <elf.h>
#include <link.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/loop.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

/* Nobody waits longer than so many seconds for somebody else. */
#define PATIENCE	5

/* Of core files, which are as wide as the program. */
typedef ElfW(Ehdr) core_header;
typedef ElfW(Phdr) core_part;

static void write_from(struct target *t)
{
	bytes *at = map_some(t);
	unsigned char word[4];
	int ends[2];

	if (pipe(ends))
		answer_refused();
	if (write(ends[1], (void *)(at + t->stamp_at), sizeof(word)) != sizeof(word))
		answer_errno();
	if (read(ends[0], word, sizeof(word)) != sizeof(word))
		answer_errno();
	answer_stamp(t, word_at(word));
}

/* What a helper tells of the first word, read by another way. */
static int helper_stamp(const struct target *t, const unsigned char *word)
{
	return !t->stamped || word_at(word) == STAMP ? 0 : 255;
}

static void vm_readv(struct target *t)
{
	bytes *at = map_some(t);
	pid_t parent = getpid(), child = fork_helper();

	if (!child) {
		unsigned char word[4];
		struct iovec local = { word, sizeof(word) },
			     remote = { (void *)(at + t->stamp_at), sizeof(word) };

		if (process_vm_readv(parent, &local, 1, &remote, 1, 0) != sizeof(word))
			_exit(errno);
		_exit(helper_stamp(t, word));
	}
	answer_helper(child, t->stamped ? "aabbccdd" : "reads");
}

static void vm_writev(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, t->here, 1);
	pid_t parent = getpid(), child = fork_helper();

	if (!child) {
		unsigned char word[4];
		struct iovec local = { word, sizeof(word) },
			     remote = { (void *)(at + t->stamp_at + WORD_AT), sizeof(word) };

		put_word(word, WRITTEN);
		if (process_vm_writev(parent, &local, 1, &remote, 1, 0) != sizeof(word))
			_exit(errno);
		_exit(device_word(t, t->here, WORD_AT) == WRITTEN ? 0 : 255);
	}
	answer_helper(child, "shared");
}

/* A child that stops, to be looked at by a debugger. */
static pid_t fork_tracee(void)
{
	pid_t child = fork_helper();

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(errno);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		answer_refused();
	return child;
}

static void ptrace_peek(struct target *t)
{
	bytes *at = map_some(t);
	pid_t child = fork_tracee();
	long data;

	errno = 0;
	data = ptrace(PTRACE_PEEKDATA, child, (void *)(at + t->stamp_at), NULL);
	if (errno)
		answer_errno();
	answer_stamp(t, word_at((bytes *)&data));
}

/* What a breakpoint does: written to, although the process may only read. */
static void ptrace_poke(struct target *t)
{
	bytes *at = map(t, RO, MAP_PRIVATE, t->here, 1);
	pid_t child = fork_tracee();
	long data = -1;

	if (ptrace(PTRACE_POKEDATA, child, (void *)(at + t->stamp_at + WORD_AT), (void *)data))
		answer_errno();
	answer(device_word(t, t->here, WORD_AT) ? "shared" : "private");
}

static void proc_mem(struct target *t)
{
	bytes *at = map_some(t);
	pid_t parent = getpid(), child = fork_helper();

	if (!child) {
		unsigned char word[4];
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/mem", (int)parent);
		fd = open(path, O_RDONLY);
		if (fd < 0 || pread(fd, word, sizeof(word), (off_t)(uintptr_t)(at + t->stamp_at)) !=
				      sizeof(word))
			_exit(errno);
		_exit(helper_stamp(t, word));
	}
	answer_helper(child, t->stamped ? "aabbccdd" : "reads");
}

/*
 * A disk of our own: a loop device over a file that the memory holds. Nothing
 * else accepts O_DIRECT everywhere and goes to the pages of the process.
 */
static int open_disk(void)
{
	const size_t size = 16 * page_size();
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int file = syscall(SYS_memfd_create, "disk", 0);
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	char path[32];
	int number, disk;

	if (control < 0)
		answer_lacking("/dev/loop-control (the loop driver)");
	if (file < 0 || ftruncate(file, (off_t)size))
		answer_refused();
	do {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		snprintf(path, sizeof(path), "/dev/loop%d", number);
		disk = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (number < 0 || disk < 0)
			answer_lacking("a free loop device");
	} while (ioctl(disk, LOOP_SET_FD, file) && errno == EBUSY && !close(disk));
	if (ioctl(disk, LOOP_SET_STATUS64, &info))
		answer_refused();
	return disk;
}

static void direct_read(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, t->here, 1);
	int disk = open_disk();

	/* The disk is blank, and the page is not. */
	if (pread(disk, (void *)at, page_size(), 0) != (ssize_t)page_size())
		answer_errno();
	answer(device_word(t, t->here, MARK_AT) ? "lost" : "shared");
}

static void direct_write(struct target *t)
{
	bytes *at = map_some(t);
	int disk = open_disk();
	unsigned char *copy = aligned_alloc(page_size(), page_size());

	if (pwrite(disk, (void *)at, page_size(), 0) != (ssize_t)page_size())
		answer_errno();
	if (!copy || pread(disk, copy, page_size(), 0) != (ssize_t)page_size())
		answer_errno();
	answer_stamp(t, word_at(copy + t->stamp_at));
}

static void splice_pages(struct target *t)
{
	bytes *at = map_some(t);
	struct iovec pages = { (void *)(at + t->stamp_at), STAMPS_SIZE };
	unsigned char word[4];
	int ends[2];

	if (pipe(ends))
		answer_refused();
	if (vmsplice(ends[1], &pages, 1, 0) != (ssize_t)STAMPS_SIZE)
		answer_errno();
	if (read(ends[0], word, sizeof(word)) != sizeof(word))
		answer_errno();
	answer_stamp(t, word_at(word));
}

static void io_uring_buffer(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, 0, t->some);
	struct iovec buffer = { (void *)at, t->some * t->page };
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &params);

	if (ring < 0)
		answer_lacking("io_uring");
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1))
		answer_errno();
	answer("registered");
}

static long futex(bytes *at, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, at, op, value, timeout, NULL, 0);
}

/* One process sleeps on a word of the buffer, another wakes it through its own mapping. */
static void shared_futex(struct target *t)
{
	const struct timespec patience = { .tv_sec = PATIENCE };
	bytes *at = map(t, RW, MAP_SHARED, t->here, 1), *other;
	pid_t child = fork_helper();
	int status;
	long woken;

	if (!child) {
		other = try_map(t, RW, MAP_SHARED, t->here, 1);
		if (other == MAP_FAILED)
			_exit(255);
		_exit(futex(other + t->stamp_at + WORD_AT, FUTEX_WAIT, 0, &patience) ? errno : 0);
	}
	do {
		woken = futex(at + t->stamp_at + WORD_AT, FUTEX_WAKE, 1, NULL);
		if (woken < 0)
			answer_errno();
		sched_yield();
	} while (!woken && !waitpid(child, &status, WNOHANG));
	answer(woken ? "woken" : "not woken");
}

static void userfaultfd_register(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, 0, t->some);
	struct uffdio_register range = {
		.range = { (uintptr_t)at, t->some * t->page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		answer_lacking("userfaultfd");
	if (ioctl(fd, UFFDIO_REGISTER, &range))
		answer_errno();
	answer("registered");
}

/* The word at an address in a core file. */
static _Noreturn void answer_core(struct target *t, const char *path, uintptr_t at)
{
	FILE *core = fopen(path, "r");
	unsigned char word[4];
	core_header header;
	core_part part;
	int i;

	if (!core || fread(&header, sizeof(header), 1, core) != 1)
		answer_lacking("core dumps to a file");
	unlink(path);
	for (i = 0; i < header.e_phnum; i++) {
		if (fseeko(core, header.e_phoff + i * header.e_phentsize, SEEK_SET) ||
		    fread(&part, sizeof(part), 1, core) != 1)
			answer("unreadable");
		if (part.p_type != PT_LOAD || at < part.p_vaddr ||
		    at >= part.p_vaddr + part.p_memsz)
			continue;
		if (at >= part.p_vaddr + part.p_filesz)
			answer("left out");
		if (fseeko(core, part.p_offset + (at - part.p_vaddr), SEEK_SET) ||
		    fread(word, sizeof(word), 1, core) != 1)
			answer("unreadable");
		answer_stamp(t, word_at(word));
	}
	answer("left out");
}

/* The name of core files is the machine's: it is put back before the answer. */
static void core_dump(struct target *t)
{
	static const char names[] = "/proc/sys/kernel/core_pattern";
	char saved[256], core[] = "/tmp/maps-matrix-core", every_kind[] = "0xff";
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	bytes *at = map_some(t);
	pid_t child;

	check_pages(t, at, 0, t->some);
	if (!proc_file(names, saved, sizeof(saved), true) ||
	    !proc_file(names, core, sizeof(core), false))
		answer_lacking(names);
	child = fork();
	if (!child) {
		setrlimit(RLIMIT_CORE, &unlimited);
		proc_file("/proc/self/coredump_filter", every_kind, sizeof(every_kind), false);
		abort();
	}
	waitpid(child, NULL, 0);
	proc_file(names, saved, sizeof(saved), false);
	answer_core(t, core, (uintptr_t)at + t->stamp_at);
}

static void dodump(struct target *t)
{
	bytes *at = map_some(t);

	if (madvise((void *)at, t->some * t->page, MADV_DONTDUMP) ||
	    madvise((void *)at, t->some * t->page, MADV_DODUMP))
		answer_errno();
	answer("undone");
}

const struct probe access_probes[] = {
	{
		.section	= "Access by the kernel and by other processes",
		.name	= "write_from",
		.asks	= "write() from the mapping to a pipe; the first word.",
		.ask	= write_from,
	},
	{
		.name	= "vm_readv",
		.asks	= "Another process reads it by process_vm_readv(); the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.ask	= vm_readv,
	},
	{
		.name	= "vm_writev",
		.asks	= "Another process writes to it by process_vm_writev(); does the device\n"
			"show it?",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.does	= WRITES,
		.ask	= vm_writev,
	},
	{
		.name	= "ptrace_peek",
		.asks	= "A debugger reads it by PTRACE_PEEKDATA; the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; a driver could only offer vm_ops->access.",
		.ask	= ptrace_peek,
	},
	{
		.name	= "ptrace_poke",
		.asks	= "A debugger writes to a private read-only page, as for a breakpoint;\n"
			"is it kept from the device?",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.does	= WRITES,
		.ask	= ptrace_poke,
	},
	{
		.name	= "proc_mem",
		.asks	= "Another process reads it by /proc/PID/mem; the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; a driver could only offer vm_ops->access.",
		.ask	= proc_mem,
	},
	{
		.name	= "direct_read",
		.asks	= "Read from a disk into it with O_DIRECT; does the device show it?",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.does	= WRITES | CHANGES_MACHINE,
		.ask	= direct_read,
	},
	{
		.name	= "direct_write",
		.asks	= "Write from it to a disk with O_DIRECT; the first word that the disk\n"
			"has.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.does	= CHANGES_MACHINE,
		.ask	= direct_write,
	},
	{
		.name	= "splice_pages",
		.asks	= "vmsplice() it to a pipe; the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.ask	= splice_pages,
	},
	{
		.name	= "io_uring_buffer",
		.asks	= "Register it as a buffer of an io_uring, which pins the pages.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.unlike	= "A page pinned for long could be written to without its file system's\n"
			"notice; the buffer has none that would have to know.",
		.does	= WRITES,
		.ask	= io_uring_buffer,
	},
	{
		.name	= "shared_futex",
		.asks	= "One process waits on a word of it, another wakes it through its own\n"
			"mapping.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.unlike	= "A shared futex is named by page->mapping and page->index. Where the\n"
			"core cannot map a part of a folio that has them (before Linux 6.2),\n"
			"the module leaves those pages without.",
		.does	= WRITES,
		.ask	= shared_futex,
	},
	{
		.name	= "userfaultfd_register",
		.asks	= "Register it with userfaultfd, for missing pages. (Anonymous memory,\n"
			"shmem and hugetlbfs can.)",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= userfaultfd_register,
	},
	{
		.name	= "core_dump",
		.asks	= "What a core dump of every kind of memory holds of it; the first word.",
		.why	= "remap_pfn_range() sets VM_IO and VM_DONTDUMP, remap_vmalloc_range()\n"
			"sets VM_DONTDUMP.",
		.does	= CHANGES_MACHINE,
		.ask	= core_dump,
	},
	{
		.name	= "dodump",
		.asks	= "Undo MADV_DONTDUMP with MADV_DODUMP.",
		.why	= "MADV_DODUMP refuses VM_IO, VM_DONTEXPAND, VM_PFNMAP and VM_MIXEDMAP.",
		.does	= LOOKS,
		.ask	= dodump,
	},
	{ }
};

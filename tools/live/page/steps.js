// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story. A step is what tools/live/lesson.c does under the same name; which
 * choice is right is decided by what the kernel did, never written here.
 */
"use strict";

const result = data => data.actions.length ? data.actions[data.actions.length - 1].result : "";
const stamp = "[aabbccdd]";

const STRATEGIES = ["fault", "fault_around", "remap_pfn_unchecked", "remap_pfn", "remap_pfn_readonly",
	"remap_vmalloc", "insert_page", "insert_pages"];

/* The module, and the same with a mistake in its fault handler. */
const MODULES = [
	["maps", "the right handler"],
	["offset_from_start", "a handler that counts from vm_start"],
	["nopage_for_ever", "a handler that answers NOPAGE past the end"],
];

const STEPS = [
	{
		name: "question", title: "The question", chapter: "question", strategy: "remap_pfn_unchecked",
		story: `The driver's <code>mmap()</code> calls <code>remap_pfn_range()</code> for each of its 16
pages, and ignores what it returns. The program maps the device with <code>MAP_PRIVATE</code>, and reads page 0.`,
		choices: [
			["It reads [aabbccdd], the driver's stamp.", d => result(d) === stamp],
			["mmap() fails.", d => d.actions.length === 1],
			["The kernel kills the program.", d => d.end !== "alive"],
		],
		why: `<code>remap_pfn_range()</code> requires a copy-on-write mapping to be made by one call, and
returned <code>EINVAL</code> for the first page. The driver ignored it, so <code>mmap()</code> succeeded
with no page table entry made. The first access is a page fault; the VMA has no fault handler; the kernel
sends <code>SIGBUS</code>.`,
	},
	{
		name: "checked", title: "The same driver, checked", chapter: "question", strategy: "remap_pfn",
		story: `Now the driver's <code>mmap()</code> returns what <code>remap_pfn_range()</code> returns.
The program makes the same call.`,
		choices: [
			["mmap() fails with EINVAL.", d => result(d) === "EINVAL"],
			["mmap() succeeds.", d => result(d).startsWith("0x")],
		],
		why: `The error arrives where the program looks for it. The mapping is still impossible: a private
mapping may copy a page on a write, and the kernel refuses to make one of several calls.`,
	},
	{
		name: "shared", title: "Workaround 1: MAP_SHARED", chapter: "remedies", strategy: "remap_pfn",
		story: `The same driver. The program maps with <code>MAP_SHARED</code>, then reads all 16 pages.`,
		choices: [
			["All 16 page table entries are there before the first read.", d => entries(d.after) === 16 && !faults(d)],
			["Each read is a page fault that makes one entry.", d => faults(d) > 0],
			["mmap() fails again.", d => d.actions.length === 1],
		],
		why: `A shared mapping is never copied, so 16 calls are allowed. All entries exist after
<code>mmap()</code>, touched or not. The reference counts stay 1: <code>remap_pfn_range()</code> maps frame
numbers, and takes no reference. A debugger and <code>O_DIRECT</code> cannot use such a mapping.`,
	},
	{
		name: "page-by-page", title: "Workaround 2: one page at a time", chapter: "remedies", strategy: "remap_pfn",
		story: `The program maps each page by an <code>mmap()</code> of its own, privately, at consecutive
addresses.`,
		choices: [
			["It works, with one VMA for all 16 pages.", d => d.after && d.after.view.mappings.length === 1],
			["It works, with 16 VMAs.", d => d.after && d.after.view.mappings.length === 16],
			["The first mmap() fails.", d => !result(d).startsWith("16 times")],
		],
		why: `One call of <code>remap_pfn_range()</code> maps the whole VMA when the VMA is one page. The
kernel does not merge such VMAs: each page costs a VMA and a system call. The offset in
<code>/proc/PID/maps</code> is no offset any more: <code>remap_pfn_range()</code> stored the frame there.`,
	},
	{
		name: "readonly", title: "Workaround 3: never writable", chapter: "remedies", strategy: "remap_pfn_readonly",
		story: `The driver clears <code>VM_MAYWRITE</code>, so that nothing can ever be copied. The program
maps privately, reads all pages, and then asks for write access with <code>mprotect()</code>.`,
		choices: [
			["Reading works, and so does mprotect().", d => result(d) === "0"],
			["Reading works, and mprotect() fails.", d => result(d) === "EACCES"],
			["mmap() fails.", d => d.actions.length === 1],
		],
		why: `<code>is_cow_mapping()</code> asks for <code>VM_MAYWRITE</code> without <code>VM_SHARED</code>.
Without <code>VM_MAYWRITE</code> the mapping may be made by many calls, and can never become writable:
<code>EACCES</code>.`,
	},
	{
		name: "handler", title: "The answer: a fault handler", chapter: "fault", strategy: "fault",
		story: `This driver's <code>mmap()</code> maps nothing. It sets <code>vma-&gt;vm_ops</code> to a table
with a fault handler. The program maps privately, and touches nothing yet.`,
		choices: [
			["16 page table entries.", d => entries(d.after) === 16],
			["A VMA, and no entry at all.", d => d.after && d.after.view.mappings.length === 1 && !entries(d.after)],
		],
		why: `A VMA says which addresses are valid, and which functions serve them. No entry of the page table is
set. (The table itself exists already: the C library is in the same 4 MiB.)`,
	},
	{
		name: "read", title: "Read page 3", chapter: "fault", strategy: "fault",
		story: `The program reads page 3 of that private mapping.`,
		choices: [
			["One entry appears, for the driver's own frame.", d => entries(d.after) === 1 && copies(d.after) === 0],
			["One entry appears, for a private copy.", d => copies(d.after) === 1],
			["All 16 entries appear.", d => entries(d.after) === 16],
		],
		why: `The page fault runs <code>do_read_fault()</code>, which calls the driver's handler. The handler
looks the page up with <code>vmf-&gt;pgoff</code>, takes a reference, and returns it in
<code>vmf-&gt;page</code>; the kernel makes the entry, without write access. The frame now has two
references: the driver's, and the mapping's.`,
	},
	{
		name: "write", title: "Write to pages 5 and 9", chapter: "cow", strategy: "fault",
		story: `The program has read pages 0 to 7. Now it writes to page 5, which it has read, and to page 9,
which it has not.`,
		choices: [
			["The driver's handler runs twice.", d => faults(d) === 2],
			["The driver's handler runs once, for page 9.", d => faults(d) === 1],
			["The driver's handler does not run.", d => faults(d) === 0],
		],
		why: `The entry of page 5 lacks write access. <code>wp_page_copy()</code> copies the frame without
asking the driver, and drops the mapping's reference to the driver's frame. Page 9 has no entry:
<code>do_cow_fault()</code>, which the compiler has made a part of <code>do_fault()</code>, calls the handler and
copies at once. The driver's frames are unchanged.`,
	},
	{
		name: "shared-write", title: "A shared write, for comparison", chapter: "cow", strategy: "fault",
		story: `A <code>MAP_SHARED</code> mapping has read pages 0 to 7, and writes to page 5.`,
		choices: [
			["Page 5 becomes a copy.", d => copies(d.after) === 1],
			["The write goes to the driver's frame.", d => copies(d.after) === 0 && d.end === "alive"],
		],
		why: `A shared mapping has one frame for everyone: the driver's. Every process that maps page 5 reads
<code>[11111111]</code> now.`,
	},
	{
		name: "fork", title: "fork()", chapter: "cow", strategy: "fault",
		story: `A private mapping has read pages 0 to 7 and written to page 5. The process forks, and the child
writes to page 3.`,
		choices: [
			["The child starts with no page table entries.", d => entries(d.child) <= 1],
			["The child starts with the parent's entries, and gets a copy of page 3.", d => copies(d.child) === 2],
			["The parent sees the child's write.", d => copies(d.after) === 2],
		],
		why: `A VMA that has a private copy has an <code>anon_vma</code>, so <code>copy_page_range()</code> copies
its entries, the driver's pages too: their reference counts rise. The copy of page 5 is shared by both, now
without write access. The child's write to page 3 makes a copy of its own.`,
	},
	{
		name: "dontneed", title: "MADV_DONTNEED", chapter: "cow", strategy: "fault",
		story: `A private mapping has read pages 0 to 7 and written [11111111] to page 5. The program drops all
pages with <code>madvise(MADV_DONTNEED)</code>, and reads page 5 again.`,
		choices: [
			["It reads [11111111].", d => result(d) === "[11111111]"],
			["It reads [aabbccdd].", d => result(d) === stamp],
			["The kernel kills the program.", d => d.end !== "alive"],
		],
		why: `All entries are gone, and with the last reference the copy's frame. The read is a new page fault,
and the handler maps the driver's page again. An eager driver has nothing that could: try this step with
<code>insert_pages</code>.`,
	},
	{
		name: "unmap", title: "Unmap the first page", chapter: "fault", strategy: "fault",
		story: `A private mapping has read pages 0 to 7. The program unmaps page 0, and reads page 8.`,
		choices: [
			["It reads page 8 of the driver.", d => deviceAt(d.after, 8)],
			["It reads page 7: the VMA begins one page later.", d => !deviceAt(d.after, 8)],
		],
		why: `The VMA now begins at page 1, and its <code>vm_pgoff</code> is 1. A handler that counts from
<code>vma-&gt;vm_start</code> serves the wrong page: choose it beside the button, and run the step again.
<code>vmf-&gt;pgoff</code> is right.`,
	},
	{
		name: "mremap", title: "Grow it with mremap()", chapter: "lifetimes", strategy: "fault",
		story: `A private mapping has read pages 0 to 7 and written to page 5. The program asks for 20 pages,
four more than the driver has.`,
		choices: [
			["mremap() fails.", d => !result(d).startsWith("0x")],
			["It succeeds, and the entries keep their frames.", d => result(d).startsWith("0x") && entries(d.after) === 8],
			["It succeeds, and all pages must be read again.", d => result(d).startsWith("0x") && entries(d.after) === 0],
		],
		why: `No function of the driver runs. The kernel extends or moves the VMA, and its entries with it:
the copy stays a copy. The driver's <code>mmap()</code> checked 16 pages, and was not asked about 20: only the
handler's own bound protects pages 16 to 19.`,
	},
	{
		name: "past-end", title: "Past the end", chapter: "fault", strategy: "fault",
		story: `The mapping has grown to 20 pages. The program reads page 15, the last one that the driver has,
and then page 16.`,
		choices: [
			["Page 16 reads as another page of the driver.", d => result(d) === stamp],
			["Page 16 reads as zero.", d => result(d) === "[00000000]"],
			["The kernel kills the program.", d => d.end !== "alive"],
		],
		why: `The handler compares <code>vmf-&gt;pgoff</code> with the number of pages, and returns
<code>VM_FAULT_SIGBUS</code>: a file that is shorter than its mapping does the same. Without that bound,
<code>vmalloc_to_page()</code> could find a page of someone else. A handler that answers
<code>VM_FAULT_NOPAGE</code> there makes the access fault again and again: choose it beside the button; an alarm
ends the program after 3 seconds.`,
	},
];

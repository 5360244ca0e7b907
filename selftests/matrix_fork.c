// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: what a child inherits.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

static void fork_reads(struct target *t)
{
	bytes *at = map_some(t);
	pid_t child;

	check_pages(t, at, 0, t->some / 2);
	child = fork_helper();
	if (!child)
		_exit(right_pages(t, at, 0, t->some) ? 0 : 255);
	answer_helper(child, "right");
}

static void fork_writes_shared(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, t->here, 1);
	pid_t child = fork_helper();

	if (!child) {
		put_word(at + t->stamp_at + WORD_AT, WRITTEN);
		_exit(0);
	}
	if (wait_helper(child))
		answer("child died");
	answer(word_at(at + t->stamp_at + WORD_AT) == WRITTEN ? "seen" : "not seen");
}

static void fork_private(struct target *t)
{
	bytes *at = map(t, RW, MAP_PRIVATE, t->here, 1);
	pid_t child;

	put_word(at + t->stamp_at + WORD_AT, WRITTEN);
	child = fork_helper();
	if (!child) {
		bool inherited = word_at(at + t->stamp_at + WORD_AT) == WRITTEN;

		put_word(at + t->stamp_at + WORD_AT, REWRITTEN);
		_exit(inherited ? 0 : 255);
	}
	if (wait_helper(child))
		answer("not inherited");
	answer(word_at(at + t->stamp_at + WORD_AT) == WRITTEN ? "apart" : "child's");
}

/* fork() marks what it copies as not used; where no hardware marks it again, a fault does. */
static bool faults_after_fork(void)
{
	bytes *at = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (at == MAP_FAILED)
		answer_errno();
	at[0] = 1;
	child = fork_helper();
	if (!child)
		_exit(faults_to_touch(at, 1, page_size()) ? 1 : 0);
	return wait_helper(child);
}

/* What fork() copies of a page table is what it costs. */
static void fork_page_table(struct target *t)
{
	bytes *at = map_all(t);
	pid_t child;
	int status;

	if (faults_after_fork())
		answer_lacking("hardware that marks pages as used");
	touch_pages(t, at, t->npages);
	child = fork_helper();
	if (!child)
		_exit(faults_to_touch(at, t->npages, t->page) ? 1 : 0);
	status = wait_helper(child);
	answer(status ? "not copied" : "copied");
}

static void dontfork(struct target *t)
{
	bytes *at = map_some(t);
	pid_t child;

	if (madvise((void *)at, t->some * t->page, MADV_DONTFORK))
		answer_errno();
	child = fork_helper();
	if (!child)
		_exit(right_pages(t, at, 0, t->some) ? 0 : 255);
	answer_helper(child, "inherited");
}

static void dofork(struct target *t)
{
	bytes *at = map_some(t);

	if (madvise((void *)at, t->some * t->page, MADV_DONTFORK) ||
	    madvise((void *)at, t->some * t->page, MADV_DOFORK))
		answer_errno();
	answer("undone");
}

const struct probe fork_probes[] = {
	{
		.section	= "Children",
		.name	= "fork_reads",
		.asks	= "A child reads what the parent has mapped and half touched.",
		.ask	= fork_reads,
	},
	{
		.name	= "fork_writes_shared",
		.asks	= "A child writes to a shared page: does the parent see it?",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= fork_writes_shared,
	},
	{
		.name	= "fork_private",
		.asks	= "A child inherits a private page that was written, writes to it: does\n"
			"the parent keep its own (apart)?",
		.why	= "On x86, before memory types were kept beside the mapping (6.1 and\n"
			"6.12, not 7.3), fork() fails if the first page of a private\n"
			"remap_pfn_range() mapping has been copied: it cannot tell the memory\n"
			"type any more (get_pat_info() in arch/x86/mm/pat/memtype.c).\n"
			"remap_pfn_readonly refuses what is writable.",
		.does	= WRITES,
		.ask	= fork_private,
	},
	{
		.name	= "fork_page_table",
		.asks	= "Does fork() copy the page table entries, which costs time?",
		.why	= "What cannot be faulted in again has to be copied: VM_PFNMAP and\n"
			"VM_MIXEDMAP. The rest is left to the child's faults.",
		.ask	= fork_page_table,
	},
	{
		.name	= "dontfork",
		.asks	= "A child reads what MADV_DONTFORK kept from it.",
		.ask	= dontfork,
	},
	{
		.name	= "dofork",
		.asks	= "Undo MADV_DONTFORK with MADV_DOFORK.",
		.why	= "MADV_DOFORK refuses VM_IO; newer kernels (7.3) refuse VM_MIXEDMAP and\n"
			"VM_DONTEXPAND, too.",
		.does	= LOOKS,
		.ask	= dofork,
	},
	{ }
};

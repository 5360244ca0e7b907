// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes for set-ups only: how large the memory is and which flags its mapping
 * has, and whether the driver frees it when it may.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <signal.h>

static void size(struct target *t)
{
	answer("%zu KiB", t->length / 1024);
}

/* All flags but those that every mapping of a file has. */
static void vm_flags(struct target *t)
{
	static const char usual[] = "rd wr sh mr mw me ms sd ex";
	char flags[128], shown[OUTCOME_SIZE] = "", *flag, *rest = flags;

	if (!proc_text("smaps", map_some(t), "VmFlags:", flags, sizeof(flags)))
		answer_lacking("VmFlags in smaps");
	while ((flag = strsep(&rest, " ")))
		if (*flag && !strstr(usual, flag) && strlen(shown) + 4 < sizeof(shown)) {
			strcat(shown, *shown ? " " : "");
			strcat(shown, flag);
		}
	answer("%s", *shown ? shown : "none");
}

const struct probe property_probes[] = {
	{
		.section = "What it is",
		.name	 = "size",
		.asks	 = "How large is it?",
		.does	 = LOOKS,
		.ask	 = size,
	},
	{
		.name	 = "vm_flags",
		.asks	 = "Which flags in smaps does a mapping have that one of a file has not?\n"
			   "io: VM_IO, pf: VM_PFNMAP, mm: VM_MIXEDMAP, de: VM_DONTEXPAND,\n"
			   "dd: VM_DONTDUMP, dc: VM_DONTCOPY, lo: VM_LOCKED, ht: VM_HUGETLB.",
		.does	 = LOOKS,
		.ask	 = vm_flags,
	},
	{ }
};

/* Does the driver refuse to free what is mapped? Only then there is a count to get wrong. */
static void need_refusal(struct target *t)
{
	if (!t->release)
		answer_lacking("a way to free it");
	if (!t->release(t))
		answer("not counted");
}

static _Noreturn void answer_end(struct target *t, bool lost)
{
	if (lost)
		answer("lost");
	answer(t->release(t) ? "kept" : "right");
}

static void release_mapped(struct target *t)
{
	bytes *at = map_all(t);

	touch_pages(t, at, t->walk);
	if (!t->release)
		answer_lacking("a way to free it");
	if (t->release(t))
		answer_errno();
	touch_pages(t, at, t->walk);
	answer("freed, readable");
}

static void release_unmapped(struct target *t)
{
	bytes *at = map_all(t);

	if (!t->release)
		answer_lacking("a way to free it");
	touch_pages(t, at, t->walk);
	munmap((void *)at, t->npages * t->page);
	answer_end(t, false);
}

static void release_after_split(struct target *t)
{
	bytes *at;
	bool lost;

	need_pages(t, 3);
	at = map_all(t);
	touch_pages(t, at, t->walk);
	need_refusal(t);
	munmap((void *)(at + t->page), t->page);
	lost = !t->release(t);
	munmap((void *)at, t->npages * t->page);
	answer_end(t, lost);
}

static void release_after_move(struct target *t)
{
	const size_t whole = t->npages * t->page;
	bytes *at = map_all(t);
	bool lost;

	touch_pages(t, at, t->walk);
	need_refusal(t);
	at = mremap((void *)at, whole, whole, MREMAP_MAYMOVE | MREMAP_FIXED,
		    take_range(t, t->npages));
	if (at == MAP_FAILED)
		answer_errno();
	lost = !t->release(t);
	munmap((void *)at, whole);
	answer_end(t, lost);
}

/* A child keeps the mapping that the parent drops. */
static void release_after_fork(struct target *t)
{
	bytes *at = map_all(t);
	int ends[2];
	pid_t child;
	bool lost;
	char word;

	if (pipe(ends))
		answer_refused();
	touch_pages(t, at, t->walk);
	need_refusal(t);
	child = fork_helper();
	if (!child) {
		char flags[128];

		/* Is it inherited at all? */
		word = proc_text("smaps", at, "VmFlags:", flags, sizeof(flags)) ? 'y' : 'n';
		if (write(ends[1], &word, 1) == 1)
			pause();
		_exit(1);
	}
	if (read(ends[0], &word, 1) != 1)
		answer_refused();
	munmap((void *)at, t->npages * t->page);
	lost = word == 'y' && !t->release(t);
	kill(child, SIGKILL);
	wait_helper(child);
	answer_end(t, lost);
}

static void release_after_refusal(struct target *t)
{
	const size_t pages = 4 * t->npages + 1;
	bytes *at;

	if (!t->release)
		answer_lacking("a way to free it");
	at = try_map(t, RO, MAP_SHARED, 0, pages);
	if (at != MAP_FAILED)
		munmap((void *)at, pages * t->page);
	answer_end(t, false);
}

const struct probe release_probes[] = {
	{
		.section = "The driver's own way to free it",
		.name	 = "release_mapped",
		.asks	 = "Free it by the driver's call while it is mapped: refused, or freed?",
		.does	 = RELEASES,
		.ask	 = release_mapped,
	},
	{
		.name	 = "release_unmapped",
		.asks	 = "Unmap all of it, free it: does that succeed, or is a reference kept?",
		.does	 = RELEASES,
		.ask	 = release_unmapped,
	},
	{
		.name	 = "release_after_split",
		.asks	 = "Unmap a page in the middle: refused until the rest is unmapped, too?",
		.does	 = RELEASES,
		.ask	 = release_after_split,
	},
	{
		.name	 = "release_after_move",
		.asks	 = "Move the mapping by mremap(): refused until it is unmapped?",
		.does	 = RELEASES,
		.ask	 = release_after_move,
	},
	{
		.name	 = "release_after_fork",
		.asks	 = "Unmap it while a child still has it: refused until the child is gone?",
		.does	 = RELEASES,
		.ask	 = release_after_fork,
	},
	{
		.name	 = "release_after_refusal",
		.asks	 = "Free it after an mmap() that is too long: does a refused one leave a\n"
			   "reference?",
		.does	 = RELEASES,
		.ask	 = release_after_refusal,
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: what the memory management does with it, and counts.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif

static void dontneed(struct target *t)
{
	bytes *at = map_some(t);

	check_pages(t, at, 0, t->some);
	if (madvise((void *)at, t->some * t->page, MADV_DONTNEED))
		answer_errno();
	answer_stamp_of(t, at, t->some);
}

static void dontneed_private(struct target *t)
{
	bytes *at = map(t, RW, MAP_PRIVATE, t->here, 1);

	put_word(at + t->stamp_at + WORD_AT, WRITTEN);
	if (madvise((void *)at, t->page, MADV_DONTNEED))
		answer_errno();
	answer(word_at(at + t->stamp_at + WORD_AT) == WRITTEN ? "copy kept" : "the device's");
}

/* Of a part, so that a large page would have to be split. */
static void pageout(struct target *t)
{
	bytes *at;

	need_pages(t, 4);
	at = map_all(t);
	check_pages(t, at, 0, t->npages);
	if (madvise((void *)(at + t->page), 3 * t->page, MADV_PAGEOUT))
		answer_errno();
	answer_stamp_of(t, at, t->npages);
}

static void populate_read(struct target *t)
{
	bytes *at = map_all(t);

	if (madvise((void *)at, t->npages * t->page, MADV_POPULATE_READ))
		answer_errno();
	answer_present(t, at, t->npages);
}

static void lock(struct target *t)
{
	bytes *at = map_some(t);
	long kb;

	if (mlock((void *)at, t->some * t->page))
		answer_errno();
	kb = proc_kb("status", NULL, "VmLck:");
	answer(kb == (long)(t->some * t->page / 1024) ? "counted" : kb ? "miscounted" :
								      "not counted");
}

static void lock_populates(struct target *t)
{
	bytes *at = map_some(t);

	if (mlock((void *)at, t->some * t->page))
		answer_errno();
	answer_present(t, at, t->some);
}

static _Noreturn void answer_in_core(const struct target *t, bytes *at)
{
	const size_t pages = t->some * t->page / page_size();
	unsigned char resident[pages];
	size_t number = 0, i;

	if (mincore((void *)at, t->some * t->page, resident))
		answer_errno();
	for (i = 0; i < pages; i++)
		number += resident[i] & 1;
	answer(number == pages ? "all" : number ? "some" : "none");
}

static void mincore_untouched(struct target *t)
{
	answer_in_core(t, map_some(t));
}

static void mincore_touched(struct target *t)
{
	bytes *at = map_some(t);

	check_pages(t, at, 0, t->some);
	answer_in_core(t, at);
}

static void sync_range(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, 0, t->some);

	put_word(at + t->stamp_at + WORD_AT, WRITTEN);
	if (msync((void *)at, t->some * t->page, MS_SYNC))
		answer_errno();
	answer("done");
}

static void rss(struct target *t)
{
	bytes *at = map_all(t);
	long kb;

	touch_pages(t, at, t->npages);
	kb = proc_kb("smaps", at, "Rss:");
	answer(kb == (long)(t->npages * t->page / 1024) ? "counted" : kb ? "miscounted" :
									   "not counted");
}

/* Half of a page that is mapped twice belongs to each mapping. */
static void pss(struct target *t)
{
	bytes *at = map_all(t), *other = map_all(t);
	long kb, size = t->npages * t->page / 1024;

	touch_pages(t, at, t->npages);
	touch_pages(t, other, t->npages);
	kb = proc_kb("smaps", at, "Pss:");
	answer(kb == size / 2 ? "half" : kb == size ? "all" : kb ? "miscounted" : "none");
}

const struct probe memory_probes[] = {
	{
		.section	= "Memory management",
		.name	= "dontneed",
		.asks	= "Read after MADV_DONTNEED; the first word.",
		.why	= "MADV_DONTNEED refuses VM_PFNMAP. Pages inserted by mmap() are gone\n"
			"for good: there is no fault handler to bring them back.",
		.ask	= dontneed,
	},
	{
		.name	= "dontneed_private",
		.asks	= "Write to a private page, read after MADV_DONTNEED.",
		.why	= "As for dontneed; remap_pfn_readonly refuses what is writable.",
		.does	= WRITES,
		.ask	= dontneed_private,
	},
	{
		.name	= "pageout",
		.asks	= "Page a part out with MADV_PAGEOUT, read again; the first word.",
		.why	= "MADV_PAGEOUT refuses VM_PFNMAP.",
		.ask	= pageout,
	},
	{
		.name	= "populate_read",
		.asks	= "Have it faulted in by MADV_POPULATE_READ: is all of it there without\n"
			"a fault?",
		.why	= "There is nothing to fault in with VM_PFNMAP, which is refused even if\n"
			"everything is there.",
		.ask	= populate_read,
	},
	{
		.name	= "lock",
		.asks	= "Does mlock() count in VmLck?",
		.why	= "mlock() succeeds on areas with VM_IO, VM_DONTEXPAND, VM_PFNMAP or\n"
			"VM_MIXEDMAP, and does not lock or count them.",
		.ask	= lock,
	},
	{
		.name	= "lock_populates",
		.asks	= "After mlock(), is all of it there without a fault?",
		.ask	= lock_populates,
	},
	{
		.name	= "mincore_untouched",
		.asks	= "What mincore() says before anything is touched.",
		.why	= "Eager strategies have mapped everything. mincore() of kernels up to\n"
			"6.12 does not see what is in a VM_PFNMAP area.",
		.unlike	= "mincore() asks the page cache for what is not mapped yet; the buffer\n"
			"is in none.",
		.does	= LOOKS,
		.ask	= mincore_untouched,
	},
	{
		.name	= "mincore_touched",
		.asks	= "What mincore() says after everything is touched.",
		.why	= "mincore() of kernels up to 6.12 does not see what is in a VM_PFNMAP\n"
			"area.",
		.ask	= mincore_touched,
	},
	{
		.name	= "sync_range",
		.asks	= "msync() a writable mapping.",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= sync_range,
	},
	{
		.name	= "rss",
		.asks	= "Does Rss in smaps count the pages?",
		.why	= "What is in a VM_PFNMAP area are frames and no pages: nobody counts\n"
			"them.",
		.ask	= rss,
	},
	{
		.name	= "pss",
		.asks	= "Which part of the pages does Pss in smaps count for one of two\n"
			"mappings?",
		.why	= "What is in a VM_PFNMAP area are frames and no pages: nobody counts\n"
			"them.",
		.ask	= pss,
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: unmapping a part, moving, growing, splitting and merging.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

/* How many areas of /proc/self/maps lie in a range. */
static _Noreturn void answer_areas(const bytes *at, size_t size)
{
	const uintptr_t from = (uintptr_t)at, to = from + size;
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];
	int number = 0;

	if (!file)
		answer_lacking("/proc/self/maps");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			number += start < to && from < end;
	fclose(file);
	answer(number == 1 ? "1 area" : "%d areas", number);
}

static void munmap_first(struct target *t)
{
	bytes *at;

	need_pages(t, 2);
	at = map_some(t);
	if (munmap((void *)at, t->page))
		answer_errno();
	answer_right_pages(t, at + t->page, 1, t->some - 1);
}

static void munmap_middle(struct target *t)
{
	const size_t here = t->here, after = t->here + 1;
	bytes *at;

	need_pages(t, 3);
	at = map_some(t);
	if (munmap((void *)(at + here * t->page), t->page))
		answer_errno();
	check_pages(t, at, 0, here);
	answer_right_pages(t, at + after * t->page, after, t->some - after);
}

static void mremap_move(struct target *t)
{
	const size_t size = t->some * t->page;
	bytes *at = map_some(t);
	void *to = take_range(t, t->some);

	/* Some pages are there already, some are not. */
	check_pages(t, at, 0, t->some / 2);
	at = mremap((void *)at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(t, at, 0, t->some);
}

static void mremap_shrink(struct target *t)
{
	bytes *at;

	need_pages(t, 2);
	at = map_some(t);
	at = mremap((void *)at, t->some * t->page, t->some / 2 * t->page, 0);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(t, at, 0, t->some / 2);
}

static _Noreturn void grow(struct target *t, bool room, int flags)
{
	const size_t half = 2 * t->some <= t->npages ? t->some : t->npages / 2;
	bytes *at;

	need_pages(t, 2);
	at = map_before(t, half, room);
	at = mremap((void *)at, half * t->page, 2 * half * t->page, flags);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(t, at, 0, 2 * half);
}

static void mremap_grow(struct target *t)
{
	grow(t, false, MREMAP_MAYMOVE);
}

static void mremap_grow_in_place(struct target *t)
{
	grow(t, true, 0);
}

static void mremap_grow_past(struct target *t)
{
	const size_t size = t->npages * t->page;
	bytes *at = map_before(t, t->npages, false);

	at = mremap((void *)at, size, size + t->page, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		answer_errno();
	touch_pages(t, at + size, 1);
	answer("reads");
}

static void mremap_dontunmap(struct target *t)
{
	const size_t size = t->some * t->page;
	bytes *old = map_some(t), *new;

	check_pages(t, old, 0, t->some);
	new = mremap((void *)old, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (new == MAP_FAILED)
		answer_errno();
	check_pages(t, new, 0, t->some);
	check_pages(t, old, 0, t->some);
	answer("both");
}

/* Two mappings of neighbouring parts, next to each other, are one area. */
static void merge(struct target *t)
{
	const size_t half = t->some / 2 * t->page;
	void *at = take_range(t, t->some);

	need_pages(t, 2);
	if (mmap(at, half, RO, MAP_SHARED | MAP_FIXED, t->fd, t->offset) == MAP_FAILED ||
	    mmap(at + half, half, RO, MAP_SHARED | MAP_FIXED, t->fd, t->offset + (off_t)half) ==
		    MAP_FAILED)
		answer_refused();
	check_pages(t, at, 0, t->some / 2 * 2);
	answer_areas(at, 2 * half);
}

/* An area that mprotect() has split is whole again when protected alike. */
static void merge_again(struct target *t)
{
	bytes *at, *middle;

	need_pages(t, 3);
	at = map_some(t);
	middle = at + t->here * t->page;
	if (protect(t, middle, 1, PROT_NONE) || protect(t, middle, 1, RO))
		answer_errno();
	check_pages(t, at, 0, t->some);
	answer_areas(at, t->some * t->page);
}

const struct probe change_probes[] = {
	{
		.section	= "Changing the mapping",
		.name	= "munmap_first",
		.asks	= "Unmap the first page; are those that are left the right ones?",
		.ask	= munmap_first,
	},
	{
		.name	= "munmap_middle",
		.asks	= "Unmap a page in the middle; are those that are left the right ones?",
		.ask	= munmap_middle,
	},
	{
		.name	= "mremap_move",
		.asks	= "Move the mapping, half of it touched; are the pages the right ones?",
		.ask	= mremap_move,
	},
	{
		.name	= "mremap_shrink",
		.asks	= "Shrink the mapping; are the pages the right ones?",
		.ask	= mremap_shrink,
	},
	{
		.name	= "mremap_grow",
		.asks	= "Grow the mapping inside the buffer, with no room behind it; are the\n"
			"pages the right ones?",
		.why	= "VM_PFNMAP and VM_DONTEXPAND, set by remap_pfn_range() and\n"
			"remap_vmalloc_range(), forbid growth. Pages inserted by mmap() may\n"
			"grow, but nothing brings the new ones.",
		.ask	= mremap_grow,
	},
	{
		.name	= "mremap_grow_in_place",
		.asks	= "The same with room behind it, so that it need not move.",
		.why	= "As for mremap_grow; besides, kernels that grow an area by merging it\n"
			"with its extension (6.1 does, 5.10 does not) say ENOMEM to\n"
			"VM_MIXEDMAP, which fault_around and the inserted pages set.",
		.ask	= mremap_grow_in_place,
	},
	{
		.name	= "mremap_grow_past",
		.asks	= "Grow the mapping past the end of the buffer, read there.",
		.why	= "What forbids growth inside the buffer forbids it here.",
		.does	= GOES_PAST,
		.ask	= mremap_grow_past,
	},
	{
		.name	= "mremap_dontunmap",
		.asks	= "Move the pages and leave the mapping, MREMAP_DONTUNMAP; do both\n"
			"places show the right pages?",
		.why	= "VM_PFNMAP and VM_DONTEXPAND forbid it. Pages inserted by mmap() are\n"
			"moved, and nothing brings them back to the old place.",
		.ask	= mremap_dontunmap,
	},
	{
		.name	= "merge",
		.asks	= "Map two neighbouring parts next to each other: how many areas are\n"
			"they in /proc/self/maps?",
		.why	= "Areas with any of VM_IO, VM_DONTEXPAND, VM_PFNMAP and VM_MIXEDMAP are\n"
			"never merged.",
		.unlike	= "Kernels from 6.16 to 7.0 compare the flags of two areas before they\n"
			"call f_op->mmap(), which then clears VM_MAYEXEC.",
		.does	= NEEDS_OFFSET,
		.ask	= merge,
	},
	{
		.name	= "merge_again",
		.asks	= "Take the access from a page in the middle and give it back: how many\n"
			"areas are left?",
		.why	= "Areas with any of VM_IO, VM_DONTEXPAND, VM_PFNMAP and VM_MIXEDMAP are\n"
			"never merged.",
		.ask	= merge_again,
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: mapping it: whole, in part, shared, private, at an offset, past the end.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <limits.h>

static void shared_read(struct target *t)
{
	answer_stamp_of(t, asked_map(t, RO, MAP_SHARED, 0, t->npages), t->npages);
}

static void shared_write(struct target *t)
{
	answer_write(t, asked_map(t, RW, MAP_SHARED, 0, t->npages) + t->here * t->page, t->here);
}

static void private_read(struct target *t)
{
	answer_stamp_of(t, asked_map(t, RO, MAP_PRIVATE, 0, t->npages), t->npages);
}

static void private_write(struct target *t)
{
	answer_write(t, asked_map(t, RW, MAP_PRIVATE, 0, t->npages) + t->here * t->page, t->here);
}

static void private_one_page(struct target *t)
{
	answer_stamp_of(t, asked_map(t, RO, MAP_PRIVATE, 0, 1), 1);
}

static void private_one_page_write(struct target *t)
{
	answer_write(t, asked_map(t, RW, MAP_PRIVATE, t->here, 1), t->here);
}

static void private_page_by_page(struct target *t)
{
	const size_t pages = t->npages < 2 * SOME ? t->npages : 2 * SOME;
	void *range = take_range(t, pages);
	size_t i;

	for (i = 0; i < pages; i++)
		if (mmap(range + i * t->page, t->page, RO, MAP_PRIVATE | MAP_FIXED, t->fd,
			 t->offset + (off_t)(i * t->page)) == MAP_FAILED)
			answer_errno();
	answer_right_pages(t, range, 0, pages);
}

static void at_offset(struct target *t)
{
	const size_t first = t->npages > 5 ? 5 : t->npages - 1;

	need_pages(t, 2);
	answer_right_pages(t, asked_map(t, RO, MAP_SHARED, first, t->npages - first), first,
			   t->npages - first);
}

static void longer_than_buffer(struct target *t)
{
	bytes *at = asked_map(t, RO, MAP_SHARED, 0, t->npages + 1);

	touch_pages(t, at + t->npages * t->page, 1);
	answer("reads");
}

static void offset_at_end(struct target *t)
{
	touch_pages(t, asked_map(t, RO, MAP_SHARED, t->npages, 1), 1);
	answer("reads");
}

/* From the last page that an offset can name to behind it. */
static void offset_wraps(struct target *t)
{
	const off_t last = (sizeof(long) == 8 ? LLONG_MAX : 0xfffffffffffLL) & -(off_t)t->page;
	void *at = mmap(NULL, 2 * t->page, RO, MAP_SHARED, t->fd, last);

	if (at == MAP_FAILED)
		answer_errno();
	touch_pages(t, at, 2);
	answer("reads");
}

static void populate(struct target *t)
{
	answer_present(t, asked_map(t, RO, MAP_SHARED | MAP_POPULATE, 0, t->npages), t->npages);
}

static void populate_private_write(struct target *t)
{
	bytes *at = asked_map(t, RW, MAP_PRIVATE | MAP_POPULATE, 0, t->npages);

	at += t->stamp_at;
	set_device_word(t, t->here, WORD_AT, WRITTEN);
	answer(word_at(at + t->here * t->page + WORD_AT) == WRITTEN ? "not copied" : "copied");
}

static void close_first(struct target *t)
{
	bytes *at = map_all(t);

	close_target(t);
	touch_pages(t, at, t->walk);
	answer_stamp_of(t, at, t->stamped ? t->npages : 0);
}

static void faults_to_read(struct target *t)
{
	long faults = faults_to_touch(map_all(t), t->npages, t->page);

	answer(faults == (long)t->npages ? "one a page" : faults ? "fewer" : "none");
}

const struct probe map_probes[] = {
	{
		.section	= "Mapping it",
		.name	= "shared_read",
		.asks	= "Map all shared and read-only, read every page; the first word.",
		.ask	= shared_read,
	},
	{
		.name	= "shared_write",
		.asks	= "Map all shared and writable, write; does a second mapping show it\n"
			"(shared)?",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= shared_write,
	},
	{
		.name	= "private_read",
		.asks	= "Map all private and read-only, as the question's program does; the\n"
			"first word.",
		.why	= "remap_pfn_range() wants all of a mapping that may be copied on write\n"
			"in one call, else EINVAL. The asker's driver does not look, so\n"
			"nothing is mapped and the access is SIGBUS.",
		.ask	= private_read,
	},
	{
		.name	= "private_write",
		.asks	= "Map all private and writable, write; is it kept from the device\n"
			"(private)?",
		.why	= "remap_pfn_range() wants all of a mapping that may be copied on write\n"
			"in one call, else EINVAL. The asker's driver does not look, so\n"
			"nothing is mapped and the access is SIGBUS; and remap_pfn_readonly\n"
			"refuses what is writable.",
		.does	= WRITES,
		.ask	= private_write,
	},
	{
		.name	= "private_one_page",
		.asks	= "Map one page private and read-only; the first word.",
		.ask	= private_one_page,
	},
	{
		.name	= "private_one_page_write",
		.asks	= "Map one page private and writable, write; is it kept from the device?",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= private_one_page_write,
	},
	{
		.name	= "private_page_by_page",
		.asks	= "Map sixteen pages private, each on its own (remedy 2); are they the\n"
			"right ones?",
		.does	= NEEDS_OFFSET,
		.ask	= private_page_by_page,
	},
	{
		.name	= "at_offset",
		.asks	= "Map from the sixth page on; are the pages the right ones?",
		.does	= NEEDS_OFFSET,
		.ask	= at_offset,
	},
	{
		.name	= "longer_than_buffer",
		.asks	= "Map one page more than there is, read that.",
		.unlike	= "A file may grow, so mmap() allows it and the access dies; the buffer\n"
			"never grows, and mmap() says so at once.",
		.does	= GOES_PAST,
		.ask	= longer_than_buffer,
	},
	{
		.name	= "offset_at_end",
		.asks	= "Map the page behind the last one, read it.",
		.unlike	= "A file may grow, so mmap() allows it and the access dies; the buffer\n"
			"never grows, and mmap() says so at once.",
		.does	= GOES_PAST | NEEDS_OFFSET,
		.ask	= offset_at_end,
	},
	{
		.name	= "offset_wraps",
		.asks	= "Map from the last page that an offset can name to behind it.",
		.unlike	= "A file system has a largest file and says EOVERFLOW beyond it; a\n"
			"device is asked itself, and says what it says to every offset behind\n"
			"the end.",
		.does	= GOES_PAST,
		.ask	= offset_wraps,
	},
	{
		.name	= "populate",
		.asks	= "Map with MAP_POPULATE; is all of it there without a fault?",
		.ask	= populate,
	},
	{
		.name	= "populate_private_write",
		.asks	= "Map private and writable with MAP_POPULATE: is it a copy from the\n"
			"start?",
		.why	= "remap_pfn_range() wants all of a mapping that may be copied on write\n"
			"in one call, else EINVAL. The asker's driver does not look, so\n"
			"nothing is mapped and the access is SIGBUS; and remap_pfn_readonly\n"
			"refuses what is writable.",
		.does	= WRITES,
		.ask	= populate_private_write,
	},
	{
		.name	= "close_first",
		.asks	= "Read after the descriptor is closed.",
		.ask	= close_first,
	},
	{
		.name	= "faults_to_read",
		.asks	= "How many page faults it takes to read every page once.",
		.why	= "An eager strategy has paid in mmap(). The fault handler is called\n"
			"once for each small page, or for each folio; fault_around for each\n"
			"window of pages.",
		.unlike	= "The page cache maps the neighbours of a page along with it\n"
			"(vm_ops->map_pages); the handler maps what was touched.",
		.ask	= faults_to_read,
	},
	{ }
};

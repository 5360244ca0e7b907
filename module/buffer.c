// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that is mapped: allocate it zeroed, stamp it, look a page up,
 * free it. Knows nothing of processes, files or VMAs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "compat.h"

/**
 * maps_buffer_page - the page at an offset
 * @buf:   the buffer
 * @pgoff: the offset, in pages; the caller has checked that it is inside
 *
 * Return: the page, without a new reference.
 */
struct page *maps_buffer_page(const struct maps_buffer *buf, pgoff_t pgoff)
{
	return vmalloc_to_page(buf->mem + (pgoff << PAGE_SHIFT));
}

/**
 * maps_buffer_pages - list the pages of a range
 * @buf:    the buffer
 * @pgoff:  first page of the range, which the caller has checked
 * @npages: number of pages in it
 *
 * Context: process context, may sleep.
 * Return: an array for the caller to kvfree(), without references to the pages
 * in it; or NULL without memory.
 */
struct page **maps_buffer_pages(const struct maps_buffer *buf, pgoff_t pgoff,
				unsigned long npages)
{
	struct page **pages;
	unsigned long i;

	pages = kvmalloc_array(npages, sizeof(*pages), GFP_KERNEL);
	for (i = 0; pages && i < npages; i++)
		pages[i] = maps_buffer_page(buf, pgoff + i);
	return pages;
}

/**
 * maps_buffer_holds - is a range of pages inside the buffer?
 * @buf:    the buffer
 * @pgoff:  first page of the range
 * @npages: number of pages in it
 *
 * Written so that no sum can overflow, whatever the offset.
 *
 * Return: true if every page of the range exists.
 */
bool maps_buffer_holds(const struct maps_buffer *buf, pgoff_t pgoff,
		       unsigned long npages)
{
	return pgoff < buf->npages && npages <= buf->npages - pgoff;
}

/**
 * maps_buffer_stamp - begin every page with the same four bytes
 * @buf:   the buffer
 * @stamp: the word, stored least significant byte first on every architecture
 */
void maps_buffer_stamp(struct maps_buffer *buf, u32 stamp)
{
	unsigned long i;

	for (i = 0; i < buf->npages; i++)
		*(__le32 *)(buf->mem + (i << PAGE_SHIFT)) = cpu_to_le32(stamp);
}

/* The largest piece that can stand at @pgoff: a PMD-sized folio or a page. */
static struct page *maps_alloc_piece(pgoff_t pgoff, unsigned long left)
{
	const gfp_t gfp = GFP_USER | __GFP_HIGHMEM | __GFP_ZERO;
	const unsigned int order = maps_pmd_order();
	struct page *page = NULL;

	if (order && IS_ALIGNED(pgoff, 1UL << order) && left >> order)
		page = alloc_pages(gfp | __GFP_COMP | __GFP_NORETRY |
				   __GFP_NOWARN, order);

	return page ?: alloc_page(gfp);
}

/* Drop the buffer's reference to each of the pieces that begin @pages. */
static void maps_put_pieces(struct page **pages, unsigned long npages)
{
	unsigned long i, nr;

	for (i = 0; i < npages; i += nr) {
		nr = compound_nr(pages[i]);
		put_page(pages[i]);
	}
}

static int maps_buffer_alloc_pieces(struct maps_buffer *buf)
{
	struct page **pages, *page;
	unsigned long i = 0, j;
	int err = -ENOMEM;

	pages = kvcalloc(buf->npages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;

	while (i < buf->npages) {
		page = maps_alloc_piece(i, buf->npages - i);
		if (!page)
			goto out_put_pieces;
		buf->nfolios += PageCompound(page);
		for (j = 0; j < compound_nr(page); j++)
			pages[i + j] = page + j;
		i += j;
		cond_resched();
	}

	buf->mem = vmap(pages, buf->npages, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!buf->mem)
		goto out_put_pieces;

	buf->vmapped = true;
	kvfree(pages);
	return 0;

out_put_pieces:
	maps_put_pieces(pages, i);
	kvfree(pages);
	return err;
}

/**
 * maps_buffer_alloc - get zeroed memory for a buffer
 * @buf:    the buffer to set up
 * @npages: its size in pages, at least 1
 * @huge:   use PMD-sized folios for as much of it as they fill; where none can
 *          be had, single pages serve
 *
 * With a folio behind it, the core maps PMD-sized parts with one fault
 * (do_set_pmd() in mm/memory.c), and the fault handler need not know.
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENOMEM with nothing allocated.
 */
int maps_buffer_alloc(struct maps_buffer *buf, unsigned long npages, bool huge)
{
	const unsigned int order = maps_pmd_order();

	*buf = (struct maps_buffer){ .npages = npages };

	if (huge && order && npages >> order)
		return maps_buffer_alloc_pieces(buf);

	/* Zeroes, aligns for aliasing caches, allows remap_vmalloc_range(). */
	buf->mem = vmalloc_user(npages << PAGE_SHIFT);
	return buf->mem ? 0 : -ENOMEM;
}

static unsigned long maps_buffer_held(const struct maps_buffer *buf)
{
	unsigned long i, nr, held = 0;
	struct page *page;

	for (i = 0; i < buf->npages; i += nr) {
		page = maps_buffer_page(buf, i);
		nr = compound_nr(page);
		held += page_count(page) != 1;
	}
	return held;
}

/* By now nobody but the buffer may hold a page: say so if somebody does. */
static void maps_buffer_check_counts(const struct maps_buffer *buf)
{
	unsigned long held = maps_buffer_held(buf);

	if (held) {
		maps_drain_all(maps_buffer_page(buf, 0));
		held = maps_buffer_held(buf);
	}

	WARN(held, "%s: %lu pieces of the buffer are still in use\n",
	     KBUILD_MODNAME, held);
}

/**
 * maps_buffer_free - give the memory back
 * @buf: the buffer; no mapping of it may exist any more
 *
 * Warns if a page has a reference that is not the buffer's own.
 *
 * Context: process context, may sleep.
 */
void maps_buffer_free(struct maps_buffer *buf)
{
	struct page *page, *next;
	LIST_HEAD(pieces);
	unsigned long i;

	maps_buffer_check_counts(buf);

	if (!buf->vmapped) {
		vfree(buf->mem);
		return;
	}

	/* vfree() would free a folio page by page; and the list costs nothing. */
	for (i = 0; i < buf->npages; i += compound_nr(page)) {
		page = maps_buffer_page(buf, i);
		list_add(&page->lru, &pieces);
	}
	vunmap(buf->mem);
	list_for_each_entry_safe(page, next, &pieces, lru)
		put_page(page);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that is mapped: allocate it zeroed, check a range of it, free it.
 * Knows nothing of processes, files or VMAs.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buffer.h"

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

/* The largest piece that fits at @pgoff: a folio of @order, or a page. */
static struct page *maps_alloc_piece(pgoff_t pgoff, unsigned long left, unsigned int order)
{
	const gfp_t gfp = GFP_USER | __GFP_HIGHMEM | __GFP_ZERO;
	struct page *page = NULL;

	if (IS_ALIGNED(pgoff, 1UL << order) && left >> order)
		page = alloc_pages(gfp | __GFP_COMP | __GFP_NORETRY | __GFP_NOWARN, order);

	return page ?: alloc_page(gfp);
}

/* Drop the buffer's reference to each of the first @npages pages. */
static void maps_put_pieces(struct page **pages, unsigned long npages)
{
	unsigned long i, nr;

	for (i = 0; i < npages; i += nr) {
		nr = compound_nr(pages[i]);
		put_page(pages[i]);
	}
}

static int maps_buffer_alloc_pieces(struct maps_buffer *buf, unsigned int order)
{
	struct page *page;
	unsigned long i = 0, j;

	while (i < buf->npages && !fatal_signal_pending(current)) {
		page = maps_alloc_piece(i, buf->npages - i, order);
		if (!page)
			break;
		buf->nfolios += PageCompound(page);
		for (j = 0; j < compound_nr(page); j++)
			buf->pages[i + j] = page + j;
		i += j;
		cond_resched();
	}

	if (i == buf->npages)
		buf->mem = vmap(buf->pages, i, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!buf->mem) {
		maps_put_pieces(buf->pages, i);
		return -ENOMEM;
	}
	buf->vmapped = true;
	return 0;
}

/* vmalloc_user() zeroes, aligns to SHMLBA, and sets VM_USERMAP. */
static int maps_buffer_vmalloc(struct maps_buffer *buf)
{
	unsigned long i;

	buf->mem = vmalloc_user(buf->npages << PAGE_SHIFT);
	if (!buf->mem)
		return -ENOMEM;

	for (i = 0; i < buf->npages && !fatal_signal_pending(current); i++) {
		buf->pages[i] = vmalloc_to_page(buf->mem + (i << PAGE_SHIFT));
		cond_resched();
	}
	if (i == buf->npages)
		return 0;
	vfree(buf->mem);
	return -EINTR;
}

/**
 * maps_buffer_alloc - get zeroed memory for a buffer
 * @buf:    the buffer to set up
 * @npages: its size in pages, at least 1
 * @order:  build it of folios of this order as far as they fit and can be had,
 *          and of single pages elsewhere; 0 for single pages only
 *
 * If folios fill a PMD (HPAGE_PMD_ORDER), the core maps each of them with one
 * fault (do_set_pmd() in mm/memory.c) and maps_fault() needs no other code.
 *
 * @order is ignored if the data cache can hold a page at two addresses at once
 * (SHMLBA larger than a page): vmap() does not give kernel and user addresses
 * the same cache colour, and vmalloc_user() does.
 *
 * Context: process context, may sleep. A fatal signal ends it early.
 * Return: 0, or -ENOMEM or -EINTR with nothing allocated.
 */
int maps_buffer_alloc(struct maps_buffer *buf, unsigned long npages,
		      unsigned int order)
{
	int err;

	*buf = (struct maps_buffer){ .npages = npages };
	buf->pages = kvmalloc_array(npages, sizeof(*buf->pages), GFP_KERNEL);
	if (!buf->pages)
		return -ENOMEM;

	if (order && npages >> order && SHMLBA <= PAGE_SIZE)
		err = maps_buffer_alloc_pieces(buf, order);
	else
		err = maps_buffer_vmalloc(buf);
	if (err) {
		kvfree(buf->pages);
		return fatal_signal_pending(current) ? -EINTR : err;
	}
	return 0;
}

/**
 * maps_buffer_free - drop the buffer's reference to its pages
 * @buf: the buffer; no VMA may point to it any more
 *
 * A page that is still in use, for instance in a pipe, is freed by its last
 * user.
 *
 * Context: process context, may sleep.
 */
void maps_buffer_free(struct maps_buffer *buf)
{
	if (buf->vmapped) {
		/* vfree() would free no page of a vmap() area. */
		vunmap(buf->mem);
		maps_put_pieces(buf->pages, buf->npages);
	} else {
		vfree(buf->mem);
	}
	kvfree(buf->pages);
}

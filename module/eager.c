// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fault handler replaces: every way to map the buffer at once, in
 * mmap(), and at the end the table of all strategies.
 *
 * Each function is what a driver would have. The range is inside the buffer:
 * maps_mmap() has seen to that.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "maps.h"

static int maps_remap_page(const struct maps_buffer *buf,
			   struct vm_area_struct *vma, unsigned long i)
{
	struct page *page = maps_buffer_page(buf, vma->vm_pgoff + i);

	return remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT),
			       page_to_pfn(page), PAGE_SIZE,
			       vma->vm_page_prot);
}

/* The question: nobody looks at what remap_pfn_range() says. */
static int maps_remap_pfn_unchecked(const struct maps_buffer *buf,
				    struct vm_area_struct *vma)
{
	const unsigned long npages = vma_pages(vma);
	unsigned long i;

	for (i = 0; i < npages; i++)
		maps_remap_page(buf, vma, i);
	return 0;
}

/* The same with the answer passed on: a private mapping wants one call. */
static int maps_remap_pfn(const struct maps_buffer *buf,
			  struct vm_area_struct *vma)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < vma_pages(vma) && !err; i++)
		err = maps_remap_page(buf, vma, i);
	return err;
}

/*
 * A mapping that can never be written to is never copied, and what is never
 * copied may be remapped in many calls. One that is writable now is refused:
 * the kernel would copy what it writes and never free the copy, or warn and
 * kill the process (sanitize_fault_flags() in mm/memory.c).
 */
static int maps_remap_pfn_readonly(const struct maps_buffer *buf,
				   struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;

	vm_flags_clear(vma, VM_MAYWRITE);
	return maps_remap_pfn(buf, vma);
}

static int maps_remap_vmalloc(const struct maps_buffer *buf,
			      struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, buf->mem, vma->vm_pgoff);
}

static int maps_insert_page(const struct maps_buffer *buf,
			    struct vm_area_struct *vma)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < vma_pages(vma) && !err; i++)
		err = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT),
				     maps_buffer_page(buf, vma->vm_pgoff + i));
	return err;
}

static int maps_insert_pages(const struct maps_buffer *buf,
			     struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);
	struct page **pages;
	int err;

	pages = maps_buffer_pages(buf, vma->vm_pgoff, npages);
	if (!pages)
		return -ENOMEM;

	err = vm_insert_pages(vma, vma->vm_start, pages, &npages);
	kvfree(pages);
	return err;
}

/* The first row is /dev/maps0. A new strategy is a function and a row. */
const struct maps_strategy maps_strategies[] = {
	{ "fault",		  NULL,			    maps_fault },
	{ "fault_around",	  maps_around_mmap,	    maps_fault_around },
	{ "remap_pfn_unchecked",  maps_remap_pfn_unchecked, NULL },
	{ "remap_pfn",		  maps_remap_pfn,	    NULL },
	{ "remap_pfn_readonly",	  maps_remap_pfn_readonly,  NULL },
	{ "remap_vmalloc",	  maps_remap_vmalloc,	    NULL },
	{ "insert_page",	  maps_insert_page,	    NULL },
	{ "insert_pages",	  maps_insert_pages,	    NULL },
};

const unsigned int maps_nr_strategies = ARRAY_SIZE(maps_strategies);

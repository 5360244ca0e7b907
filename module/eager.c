// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fault handler replaces: every way to map the buffer at once, in
 * mmap(). Each function is what a driver would have. The range is inside the
 * buffer: maps_mmap() and maps_mmap_prepare() check it.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "maps.h"

static int maps_remap_page(struct vm_area_struct *vma, unsigned long i)
{
	const struct maps_buffer *buf = vma->vm_private_data;
	struct page *page = buf->pages[vma->vm_pgoff + i];

	return remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT),
			       page_to_pfn(page), PAGE_SIZE, vma->vm_page_prot);
}

/* The question: the result of remap_pfn_range() is ignored. */
int maps_remap_pfn_unchecked(struct vm_area_struct *vma)
{
	const unsigned long npages = vma_pages(vma);
	unsigned long i;

	for (i = 0; i < npages; i++)
		maps_remap_page(vma, i);
	return 0;
}

/* The result is checked: -EINVAL for a private mapping of more than one page. */
int maps_remap_pfn(struct vm_area_struct *vma)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < vma_pages(vma) && !err; i++)
		err = maps_remap_page(vma, i);
	return err;
}

/*
 * A mapping that can never be written is never copied, and one that is never
 * copied may be remapped by many calls. One that is writable now is refused: a
 * write would copy the page into one that fits no raw mapping. 6.1 frees such a
 * copy like any other page; newer kernels warn and kill the process
 * (sanitize_fault_flags() in mm/memory.c).
 */
int maps_never_write(struct vm_area_desc *desc)
{
	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EACCES;

	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	return 0;
}

int maps_remap_vmalloc(struct vm_area_struct *vma)
{
	const struct maps_buffer *buf = vma->vm_private_data;

	return remap_vmalloc_range(vma, buf->mem, vma->vm_pgoff);
}

int maps_insert_page(struct vm_area_struct *vma)
{
	const struct maps_buffer *buf = vma->vm_private_data;
	unsigned long i;
	int err = 0;

	for (i = 0; i < vma_pages(vma) && !err; i++)
		err = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT),
				     buf->pages[vma->vm_pgoff + i]);
	return err;
}

/* The core reads the array later, so it must be one that stays. */
int maps_insert_pages(struct vm_area_desc *desc)
{
	const struct maps_buffer *buf = desc->private_data;

	mmap_action_map_kernel_pages_full(desc, buf->pages + desc->pgoff);
	return 0;
}

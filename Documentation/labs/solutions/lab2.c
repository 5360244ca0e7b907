// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 2: all pages, at once.
 */
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);
	unsigned long i;

	if (vma->vm_pgoff >= LAB_PAGES || npages > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	for (i = 0; i < npages; i++) {
		void *page = lab_mem + ((vma->vm_pgoff + i) << PAGE_SHIFT);

		remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT),
				vmalloc_to_pfn(page), PAGE_SIZE,
				vma->vm_page_prot);
	}
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 1: one page.
 */
#define LAB_PAGES 1
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long pfn;

	if (vma->vm_pgoff != 0 || vma_pages(vma) != 1)
		return -EINVAL;

	pfn = vmalloc_to_pfn(lab_mem);

	return remap_pfn_range(vma, vma->vm_start, pfn, PAGE_SIZE,
			       vma->vm_page_prot);
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

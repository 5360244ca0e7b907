// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3: the result of remap_pfn_range().
 *
 * This is lab 2's driver. There is a second node now, /dev/lab-readonly, with
 * an mmap function of its own. The program's part is ways.c, beside this file.
 */
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);
	unsigned long i;

	if (vma->vm_pgoff >= LAB_PAGES || npages > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	/*
	 * TODO 1: stop at the first page for which remap_pfn_range() returns
	 * an error, and return that error.
	 */
	for (i = 0; i < npages; i++) {
		void *page = lab_mem + ((vma->vm_pgoff + i) << PAGE_SHIFT);

		remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT),
				vmalloc_to_pfn(page), PAGE_SIZE,
				vma->vm_page_prot);
	}
	return 0;
}

static int lab_mmap_readonly(struct file *filp, struct vm_area_struct *vma)
{
	/*
	 * TODO 2: what can never be written to is never copied. Clear the
	 * permission to become writable (vm_flags_clear()), and return -EACCES
	 * if the VMA is writable already.
	 */
	return lab_mmap(filp, vma);
}

static const struct lab lab = {
	.mmap		= lab_mmap,
	.mmap_readonly	= lab_mmap_readonly,
};

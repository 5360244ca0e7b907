// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3: the result of remap_pfn_range().
 */
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);
	unsigned long i;
	int err = 0;

	if (vma->vm_pgoff >= LAB_PAGES || npages > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	for (i = 0; i < npages && !err; i++) {
		void *page = lab_mem + ((vma->vm_pgoff + i) << PAGE_SHIFT);

		err = remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT),
				      vmalloc_to_pfn(page), PAGE_SIZE,
				      vma->vm_page_prot);
	}
	return err;
}

static int lab_mmap_readonly(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;

	vm_flags_clear(vma, VM_MAYWRITE);
	return lab_mmap(filp, vma);
}

static const struct lab lab = {
	.mmap		= lab_mmap,
	.mmap_readonly	= lab_mmap_readonly,
};

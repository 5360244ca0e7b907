// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: copy-on-write, predicted and seen.
 */
#include "lab.h"

static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	struct page *page;

	page = vmalloc_to_page(lab_mem + (vmf->pgoff << PAGE_SHIFT));
	get_page(page);
	vmf->page = page;

	return 0;
}

static const struct vm_operations_struct lab_vm_ops = {
	.fault	= lab_fault,
};

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff >= LAB_PAGES ||
	    vma_pages(vma) > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static unsigned long lab_frame(unsigned long pgoff)
{
	return vmalloc_to_pfn(lab_mem + (pgoff << PAGE_SHIFT));
}

static const struct lab lab = {
	.mmap	= lab_mmap,
	.frame	= lab_frame,
};

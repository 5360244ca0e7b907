// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: copy-on-write, predicted and seen.
 *
 * The driver is lab 4's. It also returns the frame numbers of its pages, so that
 * the grader can tell the device's pages from copies. Your predictions go into
 * predictions.c, beside this file.
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
	/* TODO 1: return the number of the frame that page pgoff is in. */
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
	.frame	= lab_frame,
};

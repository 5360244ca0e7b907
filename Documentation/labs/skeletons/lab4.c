// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 4: the fault handler.
 *
 * mmap() maps nothing any more. It only says who is to be asked when a page is
 * touched.
 */
#include "lab.h"

/*
 * Called when a process touches a page of the mapping that is not in its page
 * table. vmf->pgoff is the number of that page in the device.
 */
static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	/* TODO 1: the struct page of page vmf->pgoff of the buffer. */

	/* TODO 2: the mapping will hold that page: it is one holder more. */

	/*
	 * TODO 3: hand the page to the kernel in vmf->page, and return 0: "here
	 * it is". The kernel does the rest.
	 */
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct lab_vm_ops = {
	.fault	= lab_fault,
};

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff >= LAB_PAGES ||
	    vma_pages(vma) > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	/* TODO 4: point the VMA at lab_vm_ops. */
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

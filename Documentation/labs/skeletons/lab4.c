// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 4: the fault handler.
 *
 * mmap() no longer maps anything. It sets the operations of the VMA, so that the
 * kernel calls lab_fault() when a page is touched.
 */
#include "lab.h"

/*
 * Called when a process touches a page of the mapping that has no page table
 * entry. vmf->pgoff is the number of that page in the device.
 */
static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	/* TODO 1: find the struct page of page vmf->pgoff of the buffer. */

	/* TODO 2: take a reference to it, for the mapping. */

	/*
	 * TODO 3: set vmf->page, and return 0. The kernel writes the page table
	 * entry.
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

	/* TODO 4: set vma->vm_ops. */
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 6: the bound.
 *
 * A driver that works, for everybody who means well. It asks no questions; the
 * programs that it meets in this lab do not mean well.
 */
#include "lab.h"

static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	struct page *page;

	/*
	 * TODO 2: a mapping can grow after mmap() (mremap()), and nobody asks
	 * the driver. What does a file answer to an access past its end?
	 */

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
	/*
	 * TODO 1: vma_pages(vma) pages from page vma->vm_pgoff on. Refuse with
	 * -EINVAL what is not all inside the buffer.
	 */

	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

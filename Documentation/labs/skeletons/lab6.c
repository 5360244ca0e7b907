// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 6: the bound.
 *
 * This driver works for programs that stay inside the buffer, and checks nothing.
 * The programs of this lab do not stay inside.
 */
#include "lab.h"

static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	struct page *page;

	/*
	 * TODO 2: a mapping can grow after mmap() (mremap()), and the kernel does
	 * not call the driver. Check the bound here. What does a file return for
	 * an access past its end?
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
	 * TODO 1: the process asks for vma_pages(vma) pages from page
	 * vma->vm_pgoff on. Return -EINVAL if they are not all inside the
	 * buffer.
	 */

	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

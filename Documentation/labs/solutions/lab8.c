// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 8: the device is unplugged.
 */
#include "lab.h"

static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	struct page *page;

	if (READ_ONCE(lab_gone) || vmf->pgoff >= LAB_PAGES)
		return VM_FAULT_SIGBUS;

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
	if (READ_ONCE(lab_gone))
		return -ENODEV;

	if (vma->vm_pgoff >= LAB_PAGES ||
	    vma_pages(vma) > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static void lab_unplug(void)
{
	WRITE_ONCE(lab_gone, true);
	if (lab_mapping)
		unmap_mapping_range(lab_mapping, 0, 0, 1);
}

static const struct lab lab = {
	.mmap	= lab_mmap,
	.unplug	= lab_unplug,
};

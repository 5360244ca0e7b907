// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 8: the device is unplugged.
 *
 * Lab 6's driver, for a device that can be unplugged while processes have it
 * mapped. The kernel calls lab_unplug() then.
 */
#include "lab.h"

static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	struct page *page;

	/* TODO 1: return VM_FAULT_SIGBUS if the device is gone (lab_gone). */

	if (vmf->pgoff >= LAB_PAGES)
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
	/* TODO 2: return -ENODEV if the device is gone. */

	if (vma->vm_pgoff >= LAB_PAGES ||
	    vma_pages(vma) > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static void lab_unplug(void)
{
	/* TODO 3: set lab_gone, so that no page is mapped from now on. */

	/*
	 * TODO 4: unmap the pages that are mapped, in all processes:
	 * unmap_mapping_range() of lab_mapping.
	 */
}

static const struct lab lab = {
	.mmap	= lab_mmap,
	.unplug	= lab_unplug,
};

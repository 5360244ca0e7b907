// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 7: fewer faults.
 */
#define LAB_PAGES 64
#include "lab.h"

#define LAB_WINDOW 16

static vm_fault_t lab_fault(struct vm_fault *vmf)
{
	struct page *page;

	if (vmf->pgoff >= LAB_PAGES)
		return VM_FAULT_SIGBUS;

	page = vmalloc_to_page(lab_mem + (vmf->pgoff << PAGE_SHIFT));
	get_page(page);
	vmf->page = page;

	return 0;
}

/* A page that is mapped already (-EBUSY) stays as it is. */
static vm_fault_t lab_fault_around(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr, start, end;
	pgoff_t pgoff;
	int err;

	if (vmf->pgoff >= LAB_PAGES)
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_WRITE && !(vma->vm_flags & VM_SHARED))
		return lab_fault(vmf);

	start = ALIGN_DOWN(vmf->address, LAB_WINDOW * PAGE_SIZE);
	end = min(start + LAB_WINDOW * PAGE_SIZE, vma->vm_end);
	start = max(start, vma->vm_start);

	pgoff = vmf->pgoff - ((vmf->address - start) >> PAGE_SHIFT);
	for (addr = start; addr < end && pgoff < LAB_PAGES; addr += PAGE_SIZE) {
		void *page = lab_mem + (pgoff++ << PAGE_SHIFT);

		err = vm_insert_page(vma, addr, vmalloc_to_page(page));
		if (err && err != -EBUSY)
			return vmf_error(err);
	}
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct lab_vm_ops = {
	.fault	= lab_fault_around,
};

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff >= LAB_PAGES ||
	    vma_pages(vma) > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 7: fewer faults.
 *
 * Lab 6's driver, over a buffer of LAB_PAGES pages. A program that reads them all
 * takes a fault for each. Make it one fault for LAB_WINDOW pages.
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

/*
 * TODO 1: check the bound, as lab_fault() does. A private write copies one page:
 * call lab_fault() for it. (vmf->flags, FAULT_FLAG_WRITE; vma->vm_flags,
 * VM_SHARED.)
 *
 * TODO 2: compute the window: LAB_WINDOW pages, aligned, around vmf->address; not
 * below vma->vm_start, not beyond vma->vm_end, not past the end of the buffer.
 *
 * TODO 3: map each page of it with vm_insert_page(), which takes a reference.
 * -EBUSY means that the page is mapped already: that is no error.
 *
 * TODO 4: return VM_FAULT_NOPAGE, which means that the page is mapped.
 */
static vm_fault_t lab_fault_around(struct vm_fault *vmf)
{
	return lab_fault(vmf);
}

static const struct vm_operations_struct lab_vm_ops = {
	.fault	= lab_fault_around,
};

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff >= LAB_PAGES ||
	    vma_pages(vma) > LAB_PAGES - vma->vm_pgoff)
		return -EINVAL;

	/* TODO 5: set VM_MIXEDMAP, which vm_insert_page() requires. */
	vma->vm_ops = &lab_vm_ops;
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

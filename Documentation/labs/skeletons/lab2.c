// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 2: all pages, at once.
 *
 * The buffer has LAB_PAGES pages now. They are neighbours in the kernel's
 * addresses, and scattered in memory.
 */
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);
	unsigned long i;

	/*
	 * TODO 1: npages pages from page vma->vm_pgoff on: refuse with -EINVAL
	 * what is not all inside the buffer.
	 */

	for (i = 0; i < npages; i++) {
		/*
		 * TODO 2: map page number i of the mapping. Which page of the
		 * buffer is that? At which address does the process want it?
		 */

		/*
		 * TODO 3: remap_pfn_range() returns something. Do not look at
		 * it, in this lab: you are to meet what comes of that.
		 */
	}
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

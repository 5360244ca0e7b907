// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 2: all pages, at once.
 *
 * The buffer has LAB_PAGES pages now, at consecutive kernel addresses and in
 * scattered frames.
 */
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);
	unsigned long i;

	/*
	 * TODO 1: the process asks for npages pages from page vma->vm_pgoff on.
	 * Return -EINVAL if they are not all inside the buffer.
	 */

	for (i = 0; i < npages; i++) {
		/*
		 * TODO 2: map page i of the mapping. Which page of the buffer
		 * is it? Which address does it have in the process?
		 */

		/*
		 * TODO 3: ignore the result of remap_pfn_range(), in this lab
		 * only, to see what follows from it.
		 */
	}
	return 0;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

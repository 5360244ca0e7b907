// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 1: one page.
 *
 * The buffer is a single page, at the kernel address lab_mem. Map it into the
 * process that calls mmap() on /dev/lab.
 */
#define LAB_PAGES 1
#include "lab.h"

static int lab_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long pfn;

	/*
	 * TODO 1: the process asks for vma_pages(vma) pages, from page
	 * vma->vm_pgoff of the device on. The device has one page. Return
	 * -EINVAL for all else.
	 */

	/*
	 * TODO 2: a page table holds frame numbers, not addresses. Find the
	 * number of the frame that the page at lab_mem is in.
	 */
	pfn = 0;

	/*
	 * TODO 3: call remap_pfn_range() to write the frame into the page table
	 * of the process, at the address where the VMA starts, and return what
	 * it returns. The access rights are vma->vm_page_prot.
	 */
	pr_info("frame %lx is not mapped yet\n", pfn);
	return -EOPNOTSUPP;
}

static const struct lab lab = {
	.mmap	= lab_mmap,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fault handler that maps small pages at the price of an eager strategy: a
 * fault also maps the pages around the one that was touched.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "maps.h"
#include "trace.h"

/* Written while the module loads only. */
unsigned long maps_around_pages;

/* vm_insert_pages() sets the flag itself, but must not under a fault. */
int maps_around_prepare(struct vm_area_desc *desc)
{
	vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT);
	return 0;
}

/* How many of the first @npages pages come before one that is broken. */
static unsigned long maps_healthy(struct page **pages, unsigned long npages)
{
	unsigned long i = 0;

	while (i < npages && !PageHWPoison(pages[i]))
		i++;
	return i;
}

/*
 * Map @npages of the buffer, from @pgoff on, at @addr. A page that is mapped
 * already, by another thread or as a private copy, is left as it is; one that
 * the kernel knows to be broken is left out, which vm_insert_pages() does not do.
 */
static vm_fault_t maps_around_insert(struct vm_area_struct *vma,
				     unsigned long addr, pgoff_t pgoff,
				     unsigned long npages)
{
	const struct maps_buffer *buf = vma->vm_private_data;
	struct page **pages = buf->pages + pgoff;
	unsigned long i, left, run, mapped = 0;
	int err;

	for (i = 0; i < npages; i += run - left + 1) {
		run = maps_healthy(pages + i, npages - i);
		left = run;
		err = run ? vm_insert_pages(vma, addr + (i << PAGE_SHIFT),
					    pages + i, &left) : 0;
		mapped += run - left;
		if (err && err != -EBUSY)
			return vmf_error(err);
	}
	trace_maps_around(addr, pgoff, npages, mapped);
	return VM_FAULT_NOPAGE;
}

/**
 * maps_fault_around - map the page that was touched and its neighbours
 * @vmf: what was touched, as for maps_fault(); its VMA has VM_MIXEDMAP
 *
 * The window is aligned, and ends where the VMA, the buffer or the page table
 * does. maps_fault() serves a private write, which copies one page, and a page
 * that is broken, for which the core makes a SIGBUS (__do_fault()).
 *
 * It must serve no other fault: splitting a PMD of a VM_MIXEDMAP VMA drops no
 * reference, nor does unmapping one before 7.1; and the core maps a PMD when it
 * is handed a page of a folio. vm_insert_pages() maps page table entries only.
 *
 * Context: as maps_fault().
 * Return: VM_FAULT_NOPAGE when the page is mapped, VM_FAULT_OOM without memory
 *         for a page table, else as maps_fault().
 */
vm_fault_t maps_fault_around(struct vm_fault *vmf)
{
	const unsigned long window = maps_around_pages << PAGE_SHIFT;
	struct vm_area_struct *vma = vmf->vma;
	const struct maps_buffer *buf = vma->vm_private_data;
	unsigned long start, end;
	pgoff_t pgoff;

	if (vmf->pgoff >= buf->npages)
		return VM_FAULT_SIGBUS;
	if ((vmf->flags & FAULT_FLAG_WRITE && !(vma->vm_flags & VM_SHARED)) ||
	    PageHWPoison(buf->pages[vmf->pgoff]))
		return maps_fault(vmf);

	/* No larger than a page table and aligned: so inside of one. */
	start = ALIGN_DOWN(vmf->address, window);
	end = min(start + window, vma->vm_end);
	start = max(start, vma->vm_start);

	pgoff = vmf->pgoff - ((vmf->address - start) >> PAGE_SHIFT);
	return maps_around_insert(vma, start, pgoff,
				  min((end - start) >> PAGE_SHIFT,
				      buf->npages - pgoff));
}

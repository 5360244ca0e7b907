// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault handler for small pages at an eager price: a fault maps the pages
 * around the one that was touched, too.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "compat.h"
#include "maps.h"
#include "trace.h"

/* Pages on the stack at a time; a window is mapped in as many as it takes. */
#define MAPS_BATCH 32

/* Written while the module loads only. */
unsigned long maps_around_pages;

/* Let the handler call vm_insert_pages(), which sets no flag under a fault. */
int maps_around_mmap(const struct maps_buffer *buf, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_MIXEDMAP);
	return 0;
}

/*
 * Map @npages of the buffer, from @pgoff on, at @addr. A page that is mapped
 * already, by another thread or as a private copy, is left as it is.
 */
static vm_fault_t maps_around_insert(struct vm_area_struct *vma,
				     unsigned long addr, pgoff_t pgoff,
				     unsigned long npages)
{
	const struct maps_buffer *buf = vma->vm_private_data;
	struct page *pages[MAPS_BATCH];
	unsigned long n, i, left, done, mapped = 0;
	int err;

	for (done = 0; done < npages; done += n) {
		n = min_t(unsigned long, npages - done, MAPS_BATCH);
		for (i = 0; i < n; i++)
			pages[i] = maps_buffer_page(buf, pgoff + done + i);

		for (i = 0; i < n; i = n - left + 1) {
			left = n - i;
			err = vm_insert_pages(vma,
					      addr + ((done + i) << PAGE_SHIFT),
					      pages + i, &left);
			mapped += n - i - left;
			if (err == -ENOMEM)
				return VM_FAULT_OOM;
			if (err != -EBUSY)
				break;
		}
	}
	trace_maps_around(addr, pgoff, npages, mapped);
	return VM_FAULT_NOPAGE;
}

/**
 * maps_fault_around - map the page that was touched and its neighbours
 * @vmf: what was touched, as for maps_fault(); its VMA has VM_MIXEDMAP
 *
 * The window is aligned, and ends where the VMA, the buffer or the page table
 * does. A private write is left to maps_fault(): it wants a copy of one page.
 *
 * All else must not be: up to Linux 6.18 unmapping a PMD from a VM_MIXEDMAP
 * VMA forgets the reference, and the core maps a PMD when it is handed a page
 * of a folio. vm_insert_pages() maps PTEs, whatever is behind them.
 *
 * Context: as maps_fault().
 * Return: VM_FAULT_NOPAGE when the page is mapped, else as maps_fault().
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
	if (vmf->flags & FAULT_FLAG_WRITE && !(vma->vm_flags & VM_SHARED))
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

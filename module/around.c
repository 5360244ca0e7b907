// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault handler for small pages at an eager price: a fault maps the pages
 * around the one that was touched, too.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat.h"
#include "maps.h"
#include "trace.h"

/* Written while the module loads only. */
unsigned long maps_around_pages;

/*
 * The buffer's pages in a row, as vm_insert_pages() wants them: to look each up
 * in the kernel's page table would be a tenth of what a page costs. Made by the
 * first mmap(), so that those who never come here do not pay for it; not
 * changed from then on, which is what the handler relies on.
 */
static struct page **maps_around_table;
static DEFINE_MUTEX(maps_around_lock);

static int maps_around_prepare(const struct maps_buffer *buf)
{
	int err = 0;

	mutex_lock(&maps_around_lock);
	if (!maps_around_table) {
		maps_around_table = maps_buffer_pages(buf, 0, buf->npages);
		err = maps_around_table ? 0 : -ENOMEM;
	}
	mutex_unlock(&maps_around_lock);
	return err;
}

/**
 * maps_around_exit - free what the mappings needed
 *
 * Context: module unload; no mapping exists any more.
 */
void maps_around_exit(void)
{
	kvfree(maps_around_table);
}

/* Let the handler call vm_insert_pages(), which sets no flag under a fault. */
int maps_around_mmap(const struct maps_buffer *buf, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_MIXEDMAP);
	return maps_around_prepare(buf);
}

/*
 * Map @npages of the buffer, from @pgoff on, at @addr. A page that is mapped
 * already, by another thread or as a private copy, is left as it is.
 */
static vm_fault_t maps_around_insert(struct vm_area_struct *vma,
				     unsigned long addr, pgoff_t pgoff,
				     unsigned long npages)
{
	unsigned long i, left, mapped = 0;
	int err;

	for (i = 0; i < npages; i = npages - left + 1) {
		left = npages - i;
		err = vm_insert_pages(vma, addr + (i << PAGE_SHIFT),
				      maps_around_table + pgoff + i, &left);
		mapped += npages - i - left;
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
 * does. A private write is left to maps_fault(): it wants a copy of one page.
 *
 * All else must not be: up to Linux 6.18 unmapping a PMD from a VM_MIXEDMAP
 * VMA forgets the reference, and the core maps a PMD when it is handed a page
 * of a folio. vm_insert_pages() maps PTEs, whatever is behind them.
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lesson: a driver's memory in a process, one fault at a time.
 *
 * mmap() only points the VMA at two things, and sets no flag:
 *
 *	vma->vm_private_data = buf;
 *	vma->vm_ops = &ops;		with .fault = maps_fault
 *
 * A process that touches a page which is not mapped yet comes here, and the
 * kernel does with our page what it does with a file's: it maps it, or, if a
 * private mapping is written to, maps a copy of it.
 * Documentation/fault.rst walks through it line by line.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "buffer.h"

/**
 * maps_fault - give the kernel the page of the buffer that was touched
 * @vmf: what was touched; its VMA's vm_private_data is the &struct maps_buffer
 *
 * The index is @vmf->pgoff, which stays right when the VMA is split, moved or
 * grown; the distance from vm_start does not. The bound is the only thing
 * between the process and the kernel memory behind the buffer: mremap() can
 * make a mapping longer than mmap() allowed.
 *
 * Context: a page fault or get_user_pages(), under mmap_lock or, from Linux
 *          6.7 on, the VMA's own lock; may run on many CPUs at once.
 * Return: 0 with a reference for the caller in @vmf->page, or VM_FAULT_SIGBUS
 * for an access past the end, as in a file. (Not VM_FAULT_NOPAGE: "it is mapped
 * already, try again", for ever.)
 */
vm_fault_t maps_fault(struct vm_fault *vmf)
{
	const struct maps_buffer *buf = vmf->vma->vm_private_data;
	struct page *page;

	if (vmf->pgoff >= buf->npages)
		return VM_FAULT_SIGBUS;

	page = vmalloc_to_page(buf->mem + (vmf->pgoff << PAGE_SHIFT));
	get_page(page);
	vmf->page = page;

	return 0;
}

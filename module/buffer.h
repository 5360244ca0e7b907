/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buffer: kernel memory that has one range of kernel addresses and
 * scattered pages behind it, and the fault handler that maps it. To use it in
 * another driver, copy this header, buffer.c and fault.c.
 */
#ifndef MAPS_BUFFER_H
#define MAPS_BUFFER_H

#include <linux/mm_types.h>
#include <linux/types.h>

/**
 * struct maps_buffer - memory that is mapped into user space page by page
 * @mem:     kernel address of the first byte, page aligned
 * @npages:  size in pages, never zero
 * @pages:   the pages in the order of their offsets, @npages of them
 * @nfolios: how many of the folios in it are large; the others are single pages
 * @vmapped: the pages were joined by vmap(); else vmalloc_user() owns them
 *
 * Nothing here changes between maps_buffer_alloc() and maps_buffer_free(), so
 * readers need no lock.
 *
 * The buffer has one reference to each page (or large folio). Each page table
 * entry of a process has another, and so has each pin, pipe or socket buffer:
 * the core takes and drops those. A page whose count is not zero outlives
 * maps_buffer_free(). The struct itself must outlive every VMA, since
 * maps_fault() reads it. In a driver that needs no code if the module frees the
 * buffer in its exit function: a VMA holds a reference to its file, and the
 * file to the module (fops.owner). A buffer per open file is freed in
 * ->release(), which runs after the last VMA of that file is gone.
 */
struct maps_buffer {
	void		*mem;
	unsigned long	npages;
	struct page	**pages;
	unsigned long	nfolios;
	bool		vmapped;
};

int maps_buffer_alloc(struct maps_buffer *buf, unsigned long npages,
		      unsigned int order);
void maps_buffer_free(struct maps_buffer *buf);
bool maps_buffer_holds(const struct maps_buffer *buf, pgoff_t pgoff,
		       unsigned long npages);

vm_fault_t maps_fault(struct vm_fault *vmf);

#endif /* MAPS_BUFFER_H */

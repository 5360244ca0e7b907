/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buffer: kernel memory that is one range of kernel addresses and
 * scattered pages behind it. This header and compat.h are all that buffer.c
 * and fault.c need; the four files can be lifted into another driver.
 */
#ifndef MAPS_BUFFER_H
#define MAPS_BUFFER_H

#include <linux/mm_types.h>
#include <linux/types.h>

/**
 * struct maps_buffer - memory that is mapped into user space page by page
 * @mem:     kernel address of the first byte, page aligned
 * @npages:  size in pages, never zero
 * @nfolios: how many PMD-sized folios are in it; the rest are single pages
 * @vmapped: the pages are ours, joined by vmap(); else vmalloc_user() has them
 *
 * Nothing here changes between maps_buffer_alloc() and maps_buffer_free(), so
 * readers need no lock. Each page holds one reference of the buffer's own, and
 * one more for every user mapping of it (those are the core's to drop).
 *
 * The owner must outlive every mapping. In a driver that comes for nothing: a
 * VMA holds its file, the file holds the module (fops.owner), and the module
 * frees the buffer in its exit function only.
 */
struct maps_buffer {
	void		*mem;
	unsigned long	npages;
	unsigned long	nfolios;
	bool		vmapped;
};

int maps_buffer_alloc(struct maps_buffer *buf, unsigned long npages, bool huge);
void maps_buffer_free(struct maps_buffer *buf);
void maps_buffer_stamp(struct maps_buffer *buf, u32 stamp);
struct page *maps_buffer_page(const struct maps_buffer *buf, pgoff_t pgoff);
struct page **maps_buffer_pages(const struct maps_buffer *buf, pgoff_t pgoff,
				unsigned long npages);
bool maps_buffer_holds(const struct maps_buffer *buf, pgoff_t pgoff,
		       unsigned long npages);

vm_fault_t maps_fault(struct vm_fault *vmf);

#endif /* MAPS_BUFFER_H */

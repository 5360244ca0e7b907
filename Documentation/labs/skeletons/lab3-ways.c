// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3, a program's side: two ways to live with EINVAL.
 *
 * Both return the address of npages pages of /dev/lab (open as fd), one after
 * the other, or MAP_FAILED.
 */
#include <sys/mman.h>

#include "ways.h"

/* TODO 3: the copy on a write is what the kernel refuses. Do without it. */
void *way_shared(int fd, size_t npages, size_t page_size)
{
	return mmap(NULL, npages * page_size, PROT_READ, MAP_PRIVATE, fd, 0);
}

/*
 * TODO 4: private and writable after all: a mapping of one page is accepted.
 * First get yourself a range of addresses that is large enough (anonymous
 * memory, PROT_NONE), then put one page after the other there (MAP_FIXED).
 */
void *way_page_by_page(int fd, size_t npages, size_t page_size)
{
	return mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE, fd, 0);
}

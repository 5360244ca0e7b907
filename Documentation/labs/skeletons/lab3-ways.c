// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3, the program's part: two workarounds for EINVAL.
 *
 * Both map npages pages of /dev/lab (open as fd) at consecutive addresses, and
 * return the first address, or MAP_FAILED.
 */
#include <sys/mman.h>

#include "ways.h"

/* TODO 3: the kernel refuses a mapping that is copied on a write. Map another kind. */
void *way_shared(int fd, size_t npages, size_t page_size)
{
	return mmap(NULL, npages * page_size, PROT_READ, MAP_PRIVATE, fd, 0);
}

/*
 * TODO 4: map private and writable. The kernel accepts a mapping of one page.
 * Reserve a range of addresses that is large enough (anonymous memory,
 * PROT_NONE), then map one page after the other there (MAP_FIXED).
 */
void *way_page_by_page(int fd, size_t npages, size_t page_size)
{
	return mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE, fd, 0);
}

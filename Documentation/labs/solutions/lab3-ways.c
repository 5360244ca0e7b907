// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3, the program's part: two workarounds for EINVAL.
 */
#include <sys/mman.h>

#include "ways.h"

void *way_shared(int fd, size_t npages, size_t page_size)
{
	return mmap(NULL, npages * page_size, PROT_READ, MAP_SHARED, fd, 0);
}

void *way_page_by_page(int fd, size_t npages, size_t page_size)
{
	char *map;
	size_t i;

	map = mmap(NULL, npages * page_size, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return MAP_FAILED;

	for (i = 0; i < npages; i++)
		if (mmap(map + i * page_size, page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED, fd,
			 i * page_size) == MAP_FAILED)
			return MAP_FAILED;
	return map;
}

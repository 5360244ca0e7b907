// SPDX-License-Identifier: GPL-2.0-only
/*
 * page_by_page DEVICE NPAGES: makes a private mapping of each page, at adjacent
 * addresses, instead of one mapping of all pages.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t page_size = sysconf(_SC_PAGESIZE), npages, i, good = 0;
	char *map;
	int fd;

	if (argc != 3)
		errx(2, "usage: page_by_page DEVICE NPAGES");

	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);

	/* Reserve addresses for all of them. */
	npages = strtoul(argv[2], NULL, 0);
	map = mmap(NULL, npages * page_size, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		err(1, "mmap of addresses");

	for (i = 0; i < npages; i++)
		if (mmap(map + i * page_size, page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED, fd,
			 i * page_size) == MAP_FAILED)
			err(1, "mmap of page %zu", i);

	for (i = 0; i < npages; i++)
		good += *(uint32_t *)(map + i * page_size) == 0xaabbccdd;
	printf("%zu of %zu pages read [aabbccdd]\n", good, npages);
	return good != npages;
}

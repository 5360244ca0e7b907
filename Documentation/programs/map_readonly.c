// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_readonly DEVICE NPAGES: maps privately for reading, counts the pages that
 * begin with the stamp, and requests write access afterwards.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t page_size = sysconf(_SC_PAGESIZE), npages, i, good = 0;
	char *map;
	int fd;

	if (argc != 3)
		errx(2, "usage: map_readonly DEVICE NPAGES");

	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);

	npages = strtoul(argv[2], NULL, 0);
	map = mmap(NULL, npages * page_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");

	for (i = 0; i < npages; i++)
		good += *(uint32_t *)(map + i * page_size) == 0xaabbccdd;
	printf("%zu of %zu pages read [aabbccdd]\n", good, npages);

	if (mprotect(map, page_size, PROT_READ | PROT_WRITE))
		printf("mprotect() to writable: %s\n", strerror(errno));
	else
		printf("mprotect() to writable: allowed\n");
	return good != npages;
}

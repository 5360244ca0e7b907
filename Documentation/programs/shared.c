// SPDX-License-Identifier: GPL-2.0-only
/*
 * shared DEVICE PAGE WORD: writes a word into a page through a shared mapping,
 * and reads it back from the device with pread().
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long page_size = sysconf(_SC_PAGESIZE);
	unsigned int word, *map;
	off_t offset;
	int fd;

	if (argc != 4)
		errx(2, "usage: shared DEVICE PAGE WORD");

	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);

	offset = atol(argv[2]) * page_size;
	map = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   offset);
	if (map == MAP_FAILED)
		err(1, "mmap");

	printf("mapped:  %08x\n", map[0]);
	map[0] = strtoul(argv[3], NULL, 16);

	if (pread(fd, &word, sizeof(word), offset) != sizeof(word))
		err(1, "pread");
	printf("pread(): %08x\n", word);
	return 0;
}

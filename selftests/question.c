// SPDX-License-Identifier: GPL-2.0-only
/*
 * The question's program: maps the device privately and read-only, and prints
 * the first word of every page.
 *
 *	question [DEVICE [PAGES]]
 *
 * It prints words, not chars. Printing one char with "%x" is the slip to know:
 * where char is signed, the byte 0xdd is promoted to the int 0xffffffdd, and the
 * page seems to hold ffffffdd.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Words lie in the buffer with their low byte first, whatever the machine. */
static uint32_t first_word(const unsigned char *page)
{
	return page[0] | page[1] << 8 | page[2] << 16 | (uint32_t)page[3] << 24;
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : "/dev/maps0";
	long pages = argc > 2 ? strtol(argv[2], NULL, 10) : 16;
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *map;
	int fd;

	if (argc > 3 || pages < 1) {
		fprintf(stderr, "usage: %s [DEVICE [PAGES]]\n", argv[0]);
		return 2;
	}

	fd = open(device, O_RDONLY);
	if (fd < 0) {
		perror(device);
		return 1;
	}

	map = mmap(NULL, pages * page, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		perror("mmap of the device, private and read-only");
		return 1;
	}

	for (long i = 0; i < pages; i++)
		printf("[%08x]\n", first_word(map + i * page));

	if (fflush(stdout)) {
		perror("writing the words");
		return 1;
	}
	return 0;
}

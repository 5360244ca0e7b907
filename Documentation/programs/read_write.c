// SPDX-License-Identifier: GPL-2.0-only
/*
 * read_write DEVICE PAGE: uses no mapping. Prints the size from lseek(), writes
 * a word into the page with pwrite(), and reads it and the stamp with pread().
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned int words[2], new = 0x12345678;
	off_t size, offset;
	int fd;

	if (argc != 3)
		errx(2, "usage: read_write DEVICE PAGE");

	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);

	size = lseek(fd, 0, SEEK_END);
	offset = atol(argv[2]) * sysconf(_SC_PAGESIZE);
	printf("%lld bytes\n", (long long)size);

	if (pwrite(fd, &new, sizeof(new), offset + sizeof(new)) != sizeof(new))
		err(1, "pwrite");
	if (pread(fd, words, sizeof(words), offset) != sizeof(words))
		err(1, "pread");
	printf("%08x %08x\n", words[0], words[1]);
	return 0;
}

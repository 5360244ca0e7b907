// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold DEVICE: maps the device, closes it, reads, and waits until it is killed.
 * The mapping holds the file, although nobody has it open.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned int *map;
	int fd;

	if (argc != 2)
		errx(2, "usage: hold DEVICE");

	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);
	map = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	close(fd);

	printf("closed, and still [%08x]\n", map[0]);
	fflush(stdout);
	pause();
	return 0;
}

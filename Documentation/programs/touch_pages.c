// SPDX-License-Identifier: GPL-2.0-only
/*
 * touch_pages DEVICE shared|private r|w STEP: maps the whole device, touches
 * every STEP-th page, and prints the number of page faults.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

int main(int argc, char **argv)
{
	size_t page_size = sysconf(_SC_PAGESIZE), size, step, i;
	volatile char *map;
	long before;
	int fd;

	if (argc != 5)
		errx(2, "usage: touch_pages DEVICE shared|private r|w STEP");

	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	size = lseek(fd, 0, SEEK_END);
	step = strtoul(argv[4], NULL, 0) * page_size;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   argv[2][0] == 's' ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");

	faults();
	before = faults();
	for (i = 0; i < size; i += step) {
		if (argv[3][0] == 'w')
			map[i + 8] = 'x';
		else
			(void)map[i];
	}
	printf("%zu pages touched, %ld faults\n", (size + step - 1) / step,
	       faults() - before);
	return 0;
}

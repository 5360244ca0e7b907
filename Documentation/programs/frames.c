// SPDX-License-Identifier: GPL-2.0-only
/*
 * frames DEVICE NPAGES WHAT...: maps the device privately, does WHAT to pages
 * of it (rN reads page N, wN writes to it, dN drops it with MADV_DONTNEED; f
 * forks, and the child continues), and prints for each page the driver's page
 * frame and this process's. Needs root, because frame numbers are secret.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t page_size;

/* Documentation/admin-guide/mm/pagemap.rst: 64 bits a page. */
static unsigned long frame_of(const char *address)
{
	static int pagemap = -1;
	unsigned long long entry;

	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)address / page_size * sizeof(entry)) !=
	    sizeof(entry))
		err(1, "/proc/self/pagemap");

	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

static void continue_in_child(void)
{
	int status;

	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		return;
	}
	if (wait(&status) < 0)
		err(1, "wait");
	exit(WEXITSTATUS(status));
}

static void act(char *map, const char *what)
{
	volatile char *page = map + strtoul(what + 1, NULL, 0) * page_size;

	switch (what[0]) {
	case 'r':
		(void)page[0];
		return;
	case 'w':
		page[8] = 'x';
		return;
	case 'd':
		if (madvise((char *)page, page_size, MADV_DONTNEED))
			err(1, "madvise");
		return;
	case 'f':
		continue_in_child();
		return;
	default:
		errx(2, "%s: must begin with r, w, d or f", what);
	}
}

int main(int argc, char **argv)
{
	unsigned long npages, i, mine, driver;
	FILE *frames;
	char *map;
	int fd;

	if (argc < 3)
		errx(2, "usage: frames DEVICE NPAGES rN|wN|dN|f...");

	page_size = sysconf(_SC_PAGESIZE);
	npages = strtoul(argv[2], NULL, 0);
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);
	frames = fopen("/sys/kernel/debug/maps/frames", "r");
	if (!frames)
		err(1, "/sys/kernel/debug/maps/frames");

	map = mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	for (i = 3; i < (unsigned long)argc; i++)
		act(map, argv[i]);

	for (i = 0; i < npages; i++) {
		if (fscanf(frames, "%*u %lu %*u", &driver) != 1)
			errx(1, "the driver has no page %lu", i);
		mine = frame_of(map + i * page_size);
		printf("page %2lu: driver's frame %6lx, ours ", i, driver);
		if (!mine)
			printf("none yet\n");
		else
			printf("%6lx, %s\n", mine,
			       mine == driver ? "the same" : "a copy");
	}
	return 0;
}

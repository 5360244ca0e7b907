// SPDX-License-Identifier: GPL-2.0-only
/*
 * toucher [-d DEVICE] [-n PAGES] [-s] [-t MS] [-l] STEP...: maps the device and
 * touches its pages, one step at a time, for maps-view to look at.
 *
 * Mapped private; with -s shared. A step is r5 (read page 5), w0-3 (write the
 * first four), d2 (MADV_DONTNEED), g4 (grow by four pages). Each page takes MS
 * milliseconds. With -l it begins anew for ever; else it prints its process
 * number after the last step and stays in the background until it is killed.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static size_t page_size;
static size_t npages = 16;
static char *map;
static long pace;

static void touch(char kind, size_t page)
{
	struct timespec pause = { pace / 1000, pace % 1000 * 1000000 };
	volatile char *at = map + page * page_size;

	switch (kind) {
	case 'r':
		*at;
		break;
	case 'w':
		at[8]++;
		break;
	case 'd':
		if (madvise(map + page * page_size, page_size, MADV_DONTNEED))
			err(1, "madvise");
		break;
	}
	nanosleep(&pause, NULL);
}

static void step(const char *text)
{
	size_t first, last;
	int n = sscanf(text + 1, "%zu-%zu", &first, &last);

	if (n < 1)
		errx(2, "%s: a letter and a page, as in r5 or w0-3", text);
	if (*text == 'g') {
		map = mremap(map, npages * page_size, (npages + first) * page_size, MREMAP_MAYMOVE);
		if (map == MAP_FAILED)
			err(1, "mremap");
		npages += first;
		return;
	}
	if (n == 1)
		last = first;
	if (last >= npages)
		errx(2, "%s: only %zu pages are mapped", text, npages);
	for (; first <= last; first++)
		touch(*text, first);
}

static int done[2];

/* The parent waits until the child has done its steps, or has failed. */
static void go_to_background(void)
{
	char byte;
	pid_t child;

	if (pipe(done))
		err(1, "pipe");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		close(done[0]);
		return;
	}
	close(done[1]);
	_exit(read(done[0], &byte, 1) != 1);
}

int main(int argc, char **argv)
{
	const char *device = "/dev/maps0";
	int type = MAP_PRIVATE, option, fd, i;
	bool loop = false;

	while ((option = getopt(argc, argv, "d:n:st:l")) != -1) {
		switch (option) {
		case 'd':
			device = optarg;
			break;
		case 'n':
			npages = strtoul(optarg, NULL, 10);
			break;
		case 's':
			type = MAP_SHARED;
			break;
		case 't':
			pace = strtol(optarg, NULL, 10);
			break;
		case 'l':
			loop = true;
			break;
		default:
			errx(2, "toucher [-d DEVICE] [-n PAGES] [-s] [-t MS] [-l] STEP...");
		}
	}

	if (!loop)
		go_to_background();

	page_size = sysconf(_SC_PAGESIZE);
	fd = open(device, O_RDWR);
	if (fd < 0)
		err(1, "%s", device);
	map = mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE, type, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap of %zu pages of %s", npages, device);

	do {
		for (i = optind; i < argc; i++)
			step(argv[i]);
	} while (loop);

	/* Whoever reads the number sees the output end when all is done. */
	printf("%d\n", (int)getpid());
	fclose(stdout);
	if (write(done[1], "", 1) == 1)
		pause();
	return 1;
}

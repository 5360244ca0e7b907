// SPDX-License-Identifier: GPL-2.0-only
/*
 * map DEVICE: what a program can do with sixteen pages of /dev/minimal, or of
 * any node that is like it. Each step says what it expects.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NPAGES 16

static size_t page_size;
static int fd, tests, failed;
static sigjmp_buf bus_error;

static void expect(bool good, const char *what)
{
	tests++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static volatile unsigned char *map_pages(int type, int first, int npages)
{
	void *map = mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE, type, fd,
			 first * page_size);

	return map == MAP_FAILED ? NULL : map;
}

static void on_bus_error(int sig)
{
	siglongjmp(bus_error, sig);
}

/* Does reading this byte end in SIGBUS? An access that never ends does not. */
static bool is_bus_error(volatile unsigned char *at)
{
	signal(SIGBUS, on_bus_error);
	alarm(5);
	if (sigsetjmp(bus_error, 1))
		return true;
	(void)*at;
	alarm(0);
	return false;
}

static bool all_stamped(volatile unsigned char *map)
{
	static const unsigned char stamp[4] = { 0xdd, 0xcc, 0xbb, 0xaa };
	size_t i, at;

	for (i = 0; i < NPAGES; i++)
		for (at = 0; at < page_size; at++)
			if (map[i * page_size + at] != (at < 4 ? stamp[at] : 0))
				return false;
	return true;
}

/* A child writes, and the parent looks. */
static bool child_writes(volatile unsigned char *at)
{
	pid_t child = fork();
	int status;

	if (!child) {
		*at = 0x77;
		_exit(*at != 0x77);
	}
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

int main(int argc, char **argv)
{
	volatile unsigned char *shared, *private, *again;
	void *grown;

	setvbuf(stdout, NULL, _IOLBF, 0);
	page_size = sysconf(_SC_PAGESIZE);
	fd = open(argc > 1 ? argv[1] : "/dev/minimal", O_RDWR);
	shared = fd < 0 ? NULL : map_pages(MAP_SHARED, 0, NPAGES);
	private = fd < 0 ? NULL : map_pages(MAP_PRIVATE, 0, NPAGES);
	if (!shared || !private) {
		printf("Bail out! %s: %s\n", argc > 1 ? argv[1] : "/dev/minimal", strerror(errno));
		return 1;
	}

	expect(all_stamped(private), "every page begins with its stamp, the rest is zero");

	private[5 * page_size + 8] = 1;
	expect(private[5 * page_size + 8] == 1 && shared[5 * page_size + 8] == 0,
	       "a private write stays private");

	shared[6 * page_size + 8] = 2;
	again = map_pages(MAP_SHARED, 6, 1);
	expect(again && again[8] == 2, "a shared write is seen in another mapping");
	expect(private[6 * page_size + 8] == 2, "and in a private one that has no copy yet");

	madvise((void *)private, NPAGES * page_size, MADV_DONTNEED);
	expect(private[5 * page_size + 8] == 0, "a page that was dropped is asked for again");

	expect(child_writes(shared + 7 * page_size + 8) && shared[7 * page_size + 8] == 0x77,
	       "a child's shared write is seen by its parent");
	expect(child_writes(private + 8 * page_size + 8) && private[8 * page_size + 8] == 0,
	       "a child's private write is not");

	expect(!map_pages(MAP_SHARED, 0, NPAGES + 1) && errno == EINVAL,
	       "a mapping past the end is refused");
	grown = mremap((void *)again, page_size, 20 * page_size, MREMAP_MAYMOVE);
	again = grown;
	expect(grown != MAP_FAILED && is_bus_error(again + 10 * page_size),
	       "one that grew past it ends in SIGBUS there");

	printf("1..%d\n", tests);
	return !!failed;
}

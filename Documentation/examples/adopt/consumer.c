// SPDX-License-Identifier: GPL-2.0-only
/*
 * consumer: maps /dev/sensor and reads its samples as they land, without a
 * system call for any of them. Each step says what it expects.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor.h"

#define NPAGES	8
#define SECONDS	20	/* more than any machine needs for SAMPLES */
#define SAMPLES	4096	/* four pages of them, so that the pages in between fault */

static int tests, failed;

static void expect(bool good, const char *what)
{
	tests++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

/* Reads SAMPLES samples, each when it is there; false if one is wrong. */
static bool consume(const struct sensor *sensor)
{
	__u32 taken, next = __atomic_load_n(&sensor->taken, __ATOMIC_ACQUIRE);
	__u32 last = next + SAMPLES;

	alarm(SECONDS);
	while (next != last) {
		taken = __atomic_load_n(&sensor->taken, __ATOMIC_ACQUIRE);
		for (; next != taken && next != last; next++)
			if (sensor->ring[next % sensor->slots] != next * next)
				return false;
	}
	alarm(0);
	return true;
}

static bool refused(int fd, int prot, int type, int err)
{
	errno = 0;
	return mmap(NULL, 1, prot, type, fd, 0) == MAP_FAILED && errno == err;
}

int main(void)
{
	size_t size = NPAGES * sysconf(_SC_PAGESIZE);
	int fd = open("/dev/sensor", O_RDWR);
	void *map;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (fd < 0) {
		printf("Bail out! /dev/sensor: %s\n", strerror(errno));
		return 1;
	}

	expect(refused(fd, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM),
	       "nobody but the sensor writes samples");
	expect(refused(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE, EPERM), "nobody executes them");

	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	expect(map != MAP_FAILED, "all of the buffer can be mapped");
	if (map == MAP_FAILED)
		return 1;
	expect(mprotect(map, size, PROT_READ | PROT_WRITE) && errno == EACCES,
	       "and does not become writable later");
	expect(consume(map), "samples arrive whole and in order");

	printf("1..%d\n", tests);
	return !!failed;
}

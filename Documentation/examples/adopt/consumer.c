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

#define SECONDS	20	/* more than any machine needs for SAMPLES */
#define SAMPLES	(2 * SENSOR_SLOTS)	/* each page faults, each slot is used twice */

static int tests, failed;

static void expect(bool good, const char *what)
{
	tests++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static __u32 taken(const struct sensor *sensor)
{
	return __atomic_load_n(&sensor->taken, __ATOMIC_ACQUIRE);
}

/* Will the sensor write slot n % SENSOR_SLOTS again with its next batch? */
static bool overrun(const struct sensor *sensor, __u32 n)
{
	return taken(sensor) - n > SENSOR_SLOTS - SENSOR_BATCH;
}

/*
 * Reads SAMPLES samples, each when it is there, and skips those that the sensor
 * has overwritten; false if one is wrong.
 */
static bool consume(const struct sensor *sensor)
{
	__u32 n, sample, done = 0, next = taken(sensor);

	alarm(SECONDS);
	while (done < SAMPLES) {
		for (n = taken(sensor); next != n && done < SAMPLES; next++) {
			sample = __atomic_load_n(&sensor->ring[next % SENSOR_SLOTS],
						 __ATOMIC_ACQUIRE);
			if (overrun(sensor, next))
				break;
			if (sample != next * next)
				return false;
			done++;
		}
		if (overrun(sensor, next))
			next = taken(sensor);
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
	size_t size = sizeof(struct sensor);
	int fd = open("/dev/sensor", O_RDWR);
	void *map;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (fd < 0) {
		printf("Bail out! /dev/sensor: %s\n", strerror(errno));
		return 1;
	}

	expect(refused(fd, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM),
	       "a writable mapping is refused");
	expect(refused(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE, EPERM),
	       "an executable mapping is refused");

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

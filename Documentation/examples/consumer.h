/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of the patterns share: a line for each expectation, a
 * mapping, and the question whether an access ends in SIGBUS.
 */
#ifndef CONSUMER_H
#define CONSUMER_H

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MOST_FAILURES	10000
#define PATIENCE	5	/* seconds, more than any machine needs for one access */

static size_t page_size;
static int tests, failed;

static inline void expect(bool good, const char *what)
{
	tests++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

/* The end of main(): its exit status. */
static inline int end_of_tests(void)
{
	printf("1..%d\n", tests);
	return !!failed;
}

static inline void give_up(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void begin_tests(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	page_size = sysconf(_SC_PAGESIZE);
}

static inline bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* NULL if mmap() fails. */
static inline volatile __u8 *map_pages(int fd, int type, size_t first, size_t npages)
{
	void *map = mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE, type, fd,
			 first * page_size);

	return map == MAP_FAILED ? NULL : map;
}

static inline void unmap_pages(volatile void *map, size_t npages)
{
	munmap((void *)map, npages * page_size);
}

static inline __u32 word_of(volatile void *map, size_t page)
{
	return *(volatile __u32 *)((volatile __u8 *)map + page * page_size);
}

static inline void set_word(volatile void *map, size_t page, __u32 word)
{
	*(volatile __u32 *)((volatile __u8 *)map + page * page_size) = word;
}

static __thread sigjmp_buf bus_error;

static inline void on_bus_error(int sig)
{
	siglongjmp(bus_error, sig);
}

/*
 * Does reading this byte end in SIGBUS? An access that never ends is ended by
 * SIGALRM, and so is the program.
 */
static inline bool is_bus_error(volatile __u8 *at)
{
	signal(SIGBUS, on_bus_error);
	alarm(PATIENCE);
	if (sigsetjmp(bus_error, 1)) {
		alarm(0);
		return true;
	}
	(void)*at;
	alarm(0);
	return false;
}

static inline size_t count_bus_errors(volatile __u8 *map, size_t npages)
{
	size_t i, n = 0;

	for (i = 0; i < npages; i++)
		n += is_bus_error(map + i * page_size);
	return n;
}

/* Did the child exit with 0? */
static inline bool exits_well(pid_t child)
{
	int status;

	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

/* What racing processes and their parent share. */
struct race {
	volatile int ready;
	volatile int removed;	/* set after the removal returned */
	volatile long met;	/* accesses that were SIGBUS before that */
};

/*
 * Writes to pages until the removal has returned. From then on there must be
 * none: neither one that is touched again, nor one that is still mapped.
 */
static inline bool race_against_removal(struct race *race, volatile __u8 *map, size_t npages)
{
	volatile size_t page = 0;

	if (!map)
		return false;
	signal(SIGBUS, on_bus_error);
	alarm(12 * PATIENCE);
	__atomic_add_fetch(&race->ready, 1, __ATOMIC_SEQ_CST);
	while (!race->removed) {
		if (sigsetjmp(bus_error, 1)) {
			__atomic_add_fetch(&race->met, 1, __ATOMIC_SEQ_CST);
			continue;
		}
		page = (page + 1) % npages;
		if (!page)
			madvise((void *)map, npages * page_size, MADV_DONTNEED);
		set_word(map, page, 1);
	}
	return count_bus_errors(map, npages) == npages;
}

#define RACERS	6	/* they wait for each other's page locks, too */
#define ROUNDS	100

/*
 * Removes @npages pages while some processes write to them, and restores them;
 * again and again. map_them() maps them in each of the processes.
 */
static inline void race_removal(volatile __u8 *(*map_them)(void), size_t npages,
				bool (*removal)(void), bool (*restore)(void), const char *what)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t racers[RACERS];
	int round, i, bad = 0;
	long met = 0;

	for (round = 0; round < ROUNDS; round++) {
		*race = (struct race){};
		for (i = 0; i < RACERS; i++) {
			racers[i] = fork();
			if (!racers[i])
				_exit(!race_against_removal(race, map_them(), npages));
		}
		while (race->ready < RACERS)
			usleep(100);
		usleep(rand() % 1000);
		bad += !removal();
		race->removed = 1;
		for (i = 0; i < RACERS; i++)
			bad += !exits_well(racers[i]);
		met += race->met;
		bad += !restore();
	}
	munmap(race, sizeof(*race));
	printf("# %d removals, %ld accesses failed before one had returned\n", ROUNDS, met);
	expect(!bad, what);
	expect(met, "and in some of the races an access met the removal");
}

/*
 * Runs step() with its first allocation failing, then with its second, and so
 * on until none is left. A step ends the same way with or without a failure: it
 * returns whether what it saw was in order.
 */
static inline void fail_each(bool (*step)(void), const char *what)
{
	int fail_nth = open(FAIL_NTH, O_RDWR);
	int nth, left = 0;
	char text[16] = "";
	bool good = true;

	if (fail_nth < 0) {
		printf("# %s: nothing can be made to fail here (CONFIG_FAULT_INJECTION)\n", what);
		return;
	}
	write_text("/sys/kernel/debug/failslab/ignore-gfp-wait", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_text("/sys/kernel/debug/failslab/verbose", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	write_text("/sys/kernel/debug/fail_usercopy/verbose", "0");
	for (nth = 1; good && !left && nth < MOST_FAILURES; nth++) {
		snprintf(text, sizeof(text), "%d", nth);
		if (pwrite(fail_nth, text, strlen(text), 0) < 0)
			give_up(FAIL_NTH);
		good = step();
		memset(text, 0, sizeof(text));
		if (pread(fail_nth, text, sizeof(text) - 1, 0) > 0)
			left = atoi(text);
		if (left && pwrite(fail_nth, "0", 1, 0) < 0)
			give_up(FAIL_NTH);
	}
	close(fail_nth);
	printf("# %s: %d failures\n", what, nth - 2);
	expect(good && left && nth > 2, what);
}

#endif

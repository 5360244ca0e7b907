/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that touch the same pages for the first time, at once. */
#ifndef RACERS_H
#define RACERS_H

#include "maps_util.h"

#include <pthread.h>
#include <time.h>

#define RACERS		4
#define RACE_SECONDS	60	/* at most, until two threads have met: a host may be busy */

#define NO_RACE	"one processor: no two threads fault at once"

struct racer {
	const struct maps *maps;
	unsigned char *map;
	size_t pgoff, pages;
	pthread_barrier_t *start;
	size_t wrong;
};

static inline void *read_marks(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->start);
	racer->wrong = count_wrong_pages(racer->maps, racer->map, racer->pgoff, racer->pages);
	return NULL;
}

/* How many pages were wrong, to all of so many threads that read them anew. */
static inline size_t read_anew(const struct maps *maps, unsigned char *map, size_t pgoff,
			       size_t pages, unsigned int threads)
{
	struct racer racer[RACERS];
	pthread_t thread[RACERS];
	pthread_barrier_t start;
	size_t wrong = 0;
	unsigned int i;

	madvise(map, pages * maps->page, MADV_DONTNEED);
	pthread_barrier_init(&start, NULL, threads);
	for (i = 0; i < threads; i++) {
		racer[i] = (struct racer){ maps, map, pgoff, pages, &start, 0 };
		if (pthread_create(&thread[i], NULL, read_marks, &racer[i]))
			return SIZE_MAX;
	}
	for (i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		wrong += racer[i].wrong;
	}
	pthread_barrier_destroy(&start);
	return wrong;
}

/*
 * Has threads read the pages at once, until two of them were in the fault handler
 * for the same page, or it has been tried for long enough. Sets *@wrong to the pages
 * that did not show their marks. Returns whether two threads met: more faults
 * than one thread takes. Faults of the device are @counted, those of a file not.
 */
static inline bool race_to_first_read(const struct maps *maps, unsigned char *map, size_t pgoff,
				      size_t pages, bool counted, size_t *wrong)
{
	static const char faults[] = "maps0/faults";
	long long before = number_in(MAPS_DEBUGFS, faults), alone, together;
	const bool can_meet = counted && sysconf(_SC_NPROCESSORS_ONLN) > 1;
	const time_t end = time(NULL) + (can_meet ? RACE_SECONDS : 1);

	*wrong = read_anew(maps, map, pgoff, pages, 1);
	alone = number_in(MAPS_DEBUGFS, faults) - before;
	while (!*wrong && time(NULL) < end) {
		before = number_in(MAPS_DEBUGFS, faults);
		*wrong = read_anew(maps, map, pgoff, pages, RACERS);
		together = number_in(MAPS_DEBUGFS, faults) - before;
		if (together > alone)
			return true;
	}
	return false;
}

#endif /* RACERS_H */

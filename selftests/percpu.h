/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is allocated for each processor (alloc_percpu()) and not freed:
 * kmemleak does not report it, the kernel's tracepoints do.
 */
#ifndef PERCPU_H
#define PERCPU_H

#define TRACE_INSTANCE	"/sys/kernel/tracing/instances/maps_percpu/"
#define PERCPU_EVENTS	TRACE_INSTANCE "events/percpu/"

#include "trace_instance.h"

#define NO_PERCPU_EVENTS PERCPU_EVENTS " is missing (mount tracefs; CONFIG_TRACING)"

/* It is freed after an RCU grace period: so many looks for it. */
#define PERCPU_LOOKS	5000

struct percpu {
	FILE *events;
	long held;
};

/* False where the kernel has no such tracepoints, or none that can be read. */
static inline bool percpu_begin(struct percpu *percpu)
{
	int fd = open(TRACE_INSTANCE "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	*percpu = (struct percpu){ 0 };
	if (fd >= 0)
		percpu->events = fdopen(fd, "r");
	return percpu->events && put(PERCPU_EVENTS "percpu_alloc_percpu/enable", "1") &&
	       put(PERCPU_EVENTS "percpu_free_percpu/enable", "1");
}

/* How much is held that was not before. To be asked before there is too much to read. */
static inline long percpu_held(struct percpu *percpu)
{
	char line[512];

	while (fgets(line, sizeof(line), percpu->events)) {
		percpu->held += !!strstr(line, " percpu_alloc_percpu: ");
		percpu->held -= !!strstr(line, " percpu_free_percpu: ");
	}
	clearerr(percpu->events);
	return percpu->held;
}

/* How much still is, after time to free it. */
static inline long percpu_end(struct percpu *percpu)
{
	int i;

	for (i = 0; i < PERCPU_LOOKS && percpu_held(percpu) > 0; i++)
		usleep(1000);
	fclose(percpu->events);
	put(PERCPU_EVENTS "enable", "0");
	return percpu->held;
}

#endif /* PERCPU_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is allocated for each processor (alloc_percpu()) and not given back:
 * kmemleak does not tell, the kernel's tracepoints do.
 */
#ifndef PERCPU_H
#define PERCPU_H

#define TRACE_INSTANCE	"/sys/kernel/tracing/instances/maps_percpu/"
#define PERCPU_EVENTS	TRACE_INSTANCE "events/percpu/"

#include "trace_instance.h"

/* What was given back is so after an RCU grace period: so many looks for it. */
#define PERCPU_LOOKS	5000

struct percpu {
	FILE *events;		/* NULL where the kernel does not tell */
	long held;
};

static inline void percpu_begin(struct percpu *percpu)
{
	int fd;

	*percpu = (struct percpu){ 0 };
	if (!put(PERCPU_EVENTS "percpu_alloc_percpu/enable", "1") ||
	    !put(PERCPU_EVENTS "percpu_free_percpu/enable", "1"))
		return;
	fd = open(TRACE_INSTANCE "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		percpu->events = fdopen(fd, "r");
}

/* How much is held that was not before. To be asked before there is too much to read. */
static inline long percpu_held(struct percpu *percpu)
{
	char line[512];

	while (percpu->events && fgets(line, sizeof(line), percpu->events)) {
		percpu->held += !!strstr(line, " percpu_alloc_percpu: ");
		percpu->held -= !!strstr(line, " percpu_free_percpu: ");
	}
	if (percpu->events)
		clearerr(percpu->events);
	return percpu->held;
}

/*
 * How much still is, when there was time to give it back. Less than nothing, where
 * something from before was given back late: a few, among what many loads took.
 */
static inline long percpu_end(struct percpu *percpu)
{
	int i;

	for (i = 0; i < PERCPU_LOOKS && percpu_held(percpu) > 0; i++)
		usleep(1000);
	if (percpu->events)
		fclose(percpu->events);
	percpu->events = NULL;
	put(PERCPU_EVENTS "enable", "0");
	return percpu->held;
}

#endif /* PERCPU_H */

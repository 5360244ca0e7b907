/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References to the buffer's pages that are not the buffer's own: the file
 * "held" in debugfs. It is 0 when nothing is mapped, pinned or in a pipe. A
 * reference that was not dropped shows there.
 */
#ifndef HELD_H
#define HELD_H

#include <stdio.h>
#include <unistd.h>

#define HELD	"/sys/kernel/debug/maps/held"
#define NO_HELD	HELD " is missing (mount debugfs)"

/* How often to look for references that go away by themselves. */
#define HELD_LOOKS	5000

/* The number, or -1 when it cannot be read. */
static inline long held(void)
{
	FILE *file = fopen(HELD, "r");
	long number = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/*
 * From 5.18 on mlock() and munlock() put a page into a batch of the processor's,
 * with a reference (2fbb0c10d1e8). The kernel drains the batches of all
 * processors before it compacts memory (compact_nodes() in mm/compaction.c).
 */
static inline void drain_batches(void)
{
	FILE *file = fopen("/proc/sys/vm/compact_memory", "w");

	if (!file)
		return;
	fputs("1", file);
	fclose(file);
}

/*
 * The number when it has come down to @floor, or does not come down any more: a
 * batch, or a process that is about to end, has some references for a moment.
 */
static inline long held_down_to(long floor)
{
	long now = held();
	int i;

	for (i = 0; i < HELD_LOOKS && now > floor; i++) {
		if (i % 100 == 0)
			drain_batches();
		usleep(1000);
		now = held();
	}
	return now;
}

/* The references that stay when nothing uses the buffer: 0 if all is well, -1 without debugfs. */
static inline long held_for_good(void)
{
	return held_down_to(0);
}

#endif /* HELD_H */

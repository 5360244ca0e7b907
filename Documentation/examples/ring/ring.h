/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ring: a ring that the kernel fills and one program empties.
 *
 *	page 0		the program's: struct ring_consumer, may be written
 *	page 1		the kernel's: struct ring_producer, for reading only
 *	page 2 ...	the slots, for reading only
 *
 * Both counters only go up, and wrap at 2^32. Slot n is n % RING_SLOTS. A slot is
 * the kernel's from tail + RING_SLOTS on, and the program's from head on down to
 * tail. RING_SLOTS is a power of two, so that this holds when a counter wraps.
 */
#include <linux/types.h>

#define RING_SLOTS	1024
#define RING_FIRST	((__u32)-4 * RING_SLOTS)	/* wraps soon: a test of it */
#define RING_BATCH	256

struct ring_consumer {
	__u32 tail;
};

struct ring_producer {
	__u32 head;
	__u32 dropped;	/* samples for which there was no slot */
};

/* Samples are numbered, so that a gap shows how many were dropped. */
struct ring_sample {
	__u32 number;
	__u32 value;
};

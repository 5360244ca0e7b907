/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints of the device, as they happen, through a trace instance of
 * our own, so that nobody else's tracing is touched.
 */
#ifndef VIEW_EVENTS_H
#define VIEW_EVENTS_H

#include <stdbool.h>

#define NR_EVENTS	64	/* so many are kept */
#define EVENT_LENGTH	200

struct events {
	int	fd;		/* to poll; -1 when there is none */
	char	last[NR_EVENTS][EVENT_LENGTH];	/* the newest first */
	char	partial[1024];
	int	used;
};

/* False with errno set when the tracepoints cannot be listened to. */
bool open_events(struct events *events);
/* Takes in what has happened; true if anything has. */
bool read_events(struct events *events);
void close_events(struct events *events);

#endif

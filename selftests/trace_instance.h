/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace instance for a program, TRACE_INSTANCE, once: it takes older kernels
 * two seconds to list all events in a new one.
 *
 * It does not record who runs: that would patch the scheduler each time an event is
 * switched on or off, and an emulated processor may trip over code that another
 * one is patching ("int3"). An instance has this option, which is shown at the top
 * only, from the moment that it is made.
 */
#ifndef TRACE_INSTANCE_H
#define TRACE_INSTANCE_H

#include "maps_devices.h"

#include <sys/stat.h>

#define TRACEFS		"/sys/kernel/tracing/"

static pid_t trace_owner;

static void __attribute__((constructor)) make_instance(void)
{
	const bool records = number_in(TRACEFS "options/", "record-cmd") == 1;

	if (access(TRACEFS "instances", F_OK))
		return;
	rmdir(TRACE_INSTANCE);
	if (records)
		put(TRACEFS "options/record-cmd", "0");
	mkdir(TRACE_INSTANCE, 0700);
	if (records)
		put(TRACEFS "options/record-cmd", "1");
	trace_owner = getpid();
}

static void __attribute__((destructor)) remove_instance(void)
{
	if (getpid() == trace_owner)
		rmdir(TRACE_INSTANCE);
}

#endif /* TRACE_INSTANCE_H */

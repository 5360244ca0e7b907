/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Set-ups: what a program does until a driver's memory can be mapped. One file a
 * family, one function an interface, one row of a table a subject. A set-up
 * that fails (errno says why) is a subject that this kernel or machine lacks.
 */
#ifndef MAPS_PROBE_SETUP_H
#define MAPS_PROBE_SETUP_H

#include "probe.h"

#include <sys/ioctl.h>

#define SETUP_PAGES	16

/* Of those that make memory as large as they are asked to. */
static inline size_t setup_size(void)
{
	return SETUP_PAGES * page_size();
}

static inline size_t whole_pages(size_t size)
{
	return (size + page_size() - 1) & -page_size();
}

/* 0 if a descriptor was had, else -1: what set-ups return. */
static inline int had(int fd)
{
	return fd < 0 ? -1 : 0;
}

static inline int open_path(const char *path, int access)
{
	return open(path, access | O_CLOEXEC | O_NONBLOCK);
}

/* A number in a file, or 0. */
unsigned long number_in(const char *path);

/* A node that needs no set-up, of the length and offset that its row gives. */
int open_plain(const struct subject *subject, struct target *t, int access);
/* A regular file, as long as it is. */
int open_whole(const struct subject *subject, struct target *t, int access);

/* Each ends with a row without a name. */
extern const struct subject memory_setups[], bus_setups[], video_setups[], sound_setups[],
	graphics_setups[], dmabuf_setups[], net_setups[], tracing_setups[], bpf_setups[],
	storage_setups[], test_setups[];

#endif /* MAPS_PROBE_SETUP_H */

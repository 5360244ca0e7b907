/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process has mapped of the device, as /proc, sysfs and debugfs tell it.
 */
#ifndef VIEW_PROCESS_H
#define VIEW_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A frame number that is not known; no memory begins there. */
#define NO_FRAME UINT64_MAX

enum state {
	UNTOUCHED,	/* nothing is mapped yet */
	DEVICE,		/* the device's page */
	HUGE,		/* the device's page, as part of a large mapping */
	COPY,		/* a private copy */
	SWAPPED,	/* a private copy, swapped out */
	GONE,		/* past the end of the device: an access is SIGBUS */
	UNKNOWN,	/* the kernel does not tell */
	NR_STATES,
};

extern const char *const state_names[NR_STATES];

struct page {
	enum state	state;
	uint64_t	frame;	/* what the process has there */
};

struct mapping {
	unsigned long	start;
	unsigned long	end;
	uint64_t	pgoff;
	char		perm[5];
	char		node[64];
	char		strategy[32];
	char		flags[96];	/* VmFlags of smaps: proc(5) */
	bool		pfnmap;		/* remapped: the kernel has no pages there */
	size_t		pmd_mapped;	/* bytes mapped by huge entries */
	struct page	*pages;
	size_t		npages;
};

#define MAX_NOTES 4

struct view {
	pid_t		pid;
	char		comm[32];
	size_t		page_size;
	size_t		pmd_size;	/* 0 where there are no huge pages */
	uint64_t	*frames;	/* the device's own; NULL if not known */
	unsigned char	*orders;
	size_t		npages;		/* of the device */
	struct mapping	*mappings;
	size_t		nmappings;
	char		notes[MAX_NOTES][128];	/* what cannot be shown, and why */
	size_t		nnotes;
};

/* The device's frame behind page @i of @mapping, or NO_FRAME. */
uint64_t device_frame(const struct view *view, const struct mapping *mapping, size_t i);

/*
 * Reads all of it anew; @view is all zero or was read before. False if the
 * process is not there or may not be looked at: errno says which.
 */
bool read_view(struct view *view, pid_t pid);
void free_view(struct view *view);

/* Is there a device at all? */
bool module_loaded(void);

/* The first process that has the device mapped, or 0. */
pid_t find_process(void);

#endif

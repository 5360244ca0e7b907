/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What probes are made of. A probe runs in a process of its own and ends by
 * answering, or by dying of what it did. Most of them map shared and read-only,
 * since nearly everything can be mapped so: then the row tells of the property
 * asked for and of nothing else.
 */
#ifndef MAPS_MATRIX_PROBE_H
#define MAPS_MATRIX_PROBE_H

#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RO		PROT_READ
#define RW		(PROT_READ | PROT_WRITE)

#define WRITABLE_REFUSED \
	"remap_pfn_readonly refuses what is writable: writable without VM_MAYWRITE is a state\n" \
	"that the kernel does not know."

#define PFNMAP_REFUSED \
	"get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\nsets"

/* Of the machine; that of a target can be larger. */
size_t page_size(void);

/* Words lie in the buffer with their low byte first, whatever the machine. */
uint32_t word_at(const bytes *at);
void put_word(bytes *at, uint32_t word);

bool may_write(const struct target *t);

/* Goes on only if there are so many pages. */
void need_pages(const struct target *t, size_t pages);

/* mmap() alone: MAP_FAILED and errno when it is refused. */
bytes *try_map(const struct target *t, int prot, int flags, size_t first, size_t pages);
/* A mapping that a probe begins with. */
bytes *map(const struct target *t, int prot, int flags, size_t first, size_t pages);
/* A mapping that is itself what is asked for. */
bytes *asked_map(const struct target *t, int prot, int flags, size_t first, size_t pages);
bytes *map_some(const struct target *t);
bytes *map_all(const struct target *t);
/* The first @pages, where as much room is behind them again, free or taken. */
bytes *map_before(const struct target *t, size_t pages, bool room);
/* An address range that is taken and can be mapped over. */
void *take_range(const struct target *t, size_t pages);

/* Drops the descriptors and the second mapping: only the probe's own mapping is left. */
void close_target(struct target *t);

/* Reads a word of each page. */
void touch_pages(const struct target *t, const bytes *at, size_t pages);

/* A word of the memory, past the mapping that is asked about. */
uint32_t device_word(struct target *t, size_t pgoff, size_t at);
void set_device_word(struct target *t, size_t pgoff, size_t at, uint32_t word);

/* Is each page that is mapped at @at the memory's, from its page @first on? */
bool right_pages(struct target *t, const bytes *at, size_t first, size_t pages);
void check_pages(struct target *t, const bytes *at, size_t first, size_t pages);

_Noreturn void answer_word(uint32_t word);
/* The first word of a page; of pages without stamps, whether they are the right ones. */
_Noreturn void answer_stamp(struct target *t, uint32_t word);
_Noreturn void answer_stamp_of(struct target *t, const bytes *at, size_t pages);
_Noreturn void answer_right_pages(struct target *t, const bytes *at, size_t first, size_t pages);
/* Write through a mapping of page @pgoff; the reference tells where to. */
_Noreturn void answer_write(struct target *t, bytes *at, size_t pgoff);

/* Another process, which dies with this one and must not answer for it. */
pid_t fork_helper(void);
/* How a helper ended: its exit status, or the negative signal. */
int wait_helper(pid_t child);
/* Helpers tell by their exit status whether they saw what they should, or which errno. */
_Noreturn void answer_helper(pid_t child, const char *good);

/* The text behind @key in a file of /proc/self; for smaps, in the area of @at only. */
bool proc_text(const char *name, const bytes *at, const char *key, char *text, size_t size);
/* A number of kB there, or -1. */
long proc_kb(const char *name, const bytes *at, const char *key);
/* A whole small file, from (@save) and to. */
bool proc_file(const char *path, char *text, size_t size, bool save);

/* How many faults it takes to touch each page of a range. */
long faults_to_touch(const bytes *at, size_t pages, size_t size);
_Noreturn void answer_present(const struct target *t, const bytes *at, size_t pages);

/* mprotect() of pages. */
int protect(const struct target *t, bytes *at, size_t pages, int prot);

#endif /* MAPS_MATRIX_PROBE_H */

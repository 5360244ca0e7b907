/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the graders share. A lab is a table of criteria; each has a probe, which
 * runs in a child of its own, under an alarm, so that an answer which kills or
 * hangs a process is a finding like any other.
 */
#ifndef GRADE_H
#define GRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LAB_STAMP 0xaabbccddu
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct criterion - one thing that a lab must do
 * @what:  the thing, as a sentence
 * @look:  where to look when it does not
 * @probe: returns when it does, else calls saw()
 */
struct criterion {
	const char	*what;
	const char	*look;
	void		(*probe)(void);
};

extern const char * const lab_title;
extern const struct criterion criteria[];
extern const unsigned int nr_criteria;

/* For the report of a probe that dies: what it is about to do. */
void step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the probe: this was seen in place of what was asked for. */
void saw(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/*
 * The same, where nothing was answered yet: the criterion's look would give the
 * answer away, so that it is printed up to its colon only.
 */
void no_answer(const char *seen) __attribute__((noreturn));

/* "s", unless it is one. */
const char *plural(size_t n);

size_t page_size(void);

/* Open a node, map it, read a word of it: what cannot be done ends the probe. */
int open_node(const char *path, int flags);
char *map(int fd, size_t npages, int prot, int flags, size_t pgoff);
uint32_t word(const char *map, size_t page, size_t index);

/* The signal that an access of one byte dies of, 0 if it does not. */
int dies(volatile char *byte);
const char *signal_name(int signal);

/* Page @i of @map must be page @pgoff of the device. */
void expect_page(const char *map, size_t i, size_t pgoff);
void expect_pages(const char *map, size_t npages, size_t pgoff);

/* mmap() must be refused with @error. */
void expect_refused(const char *path, size_t npages, int prot, int flags,
		    size_t pgoff, int error);

/* The number of holders of page @pgoff, of the frame of @address here. */
long page_count(size_t pgoff);
uint64_t frame_of(const void *address);
long minor_faults(void);

#endif /* GRADE_H */

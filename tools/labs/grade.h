/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the graders share. A lab is a table of criteria; each has a probe, which
 * runs in a child of its own, so that an answer which kills or hangs a process
 * is a finding like any other. What the learner wrote for user space runs in
 * programs without rights (struct program), and is judged by what the kernel
 * knows of them.
 */
#ifndef GRADE_H
#define GRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LAB_STAMP	0xaabbccddu
#define LAB_SECRET	0x5ec7e700u
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct criterion - one thing that a lab must do
 * @what:  the thing, as a sentence
 * @look:  what to do when it does not
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

/* What the probe is about to do, for the report if it does not come back. */
void step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the probe: this was seen in place of what was asked for. */
void saw(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* The same, with an instruction that replaces the criterion's own. */
void saw_because(const char *look, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/*
 * The same, where nothing was answered yet: the criterion's look would give the
 * answer away, so that it is printed up to its colon only.
 */
void no_answer(const char *seen) __attribute__((noreturn));

/* The probe passes, in another way than the solution's. */
void note(const char *text);

/* "s", unless it is one. */
const char *plural(size_t n);

size_t page_size(void);

/* Open a node, map it, read a word of it: what cannot be done ends the probe. */
int open_node(const char *path, int flags);
char *map(int fd, size_t npages, int prot, int flags, uint64_t pgoff);
uint32_t word(const char *map, size_t page, size_t index);

/* A byte of the device, by read(). */
char device_byte(size_t offset);

/* The signal that an access of one byte dies of, 0 if it does not. */
int dies(volatile char *byte);
const char *signal_name(int signal);

/* Page @i of @map must show page @pgoff of the device. */
void expect_page(const char *map, size_t i, size_t pgoff);
void expect_pages(const char *map, size_t npages, size_t pgoff);

/* The same, and be in its frame. */
void expect_device_pages(const char *map, size_t npages, size_t pgoff);

/* mmap() must be refused with EINVAL. */
void expect_refused(const char *path, size_t npages, int flags, uint64_t pgoff);

/* Offsets that an int, or 32 bits, cannot hold must be refused. */
void expect_far_refused(const char *path, size_t npages);

/* What the device knows of its pages: references, frames (or the lab's word). */
long page_count(size_t pgoff);
unsigned long device_frame(size_t pgoff, bool by_lab);
void fail_remap(int calls);
int failures_left(void);
void set_present(bool present);

/* What the kernel knows of a process; 0 is no frame. */
unsigned long frame_of(const void *address);
bool has_vm_flag(const void *address, const char *flag);
long minor_faults(void);

/**
 * struct area - a line of /proc/PID/maps
 */
struct area {
	unsigned long	start, end, offset;
	char		perms[8];
	char		path[64];
};

#define MAX_AREAS 128
size_t read_areas(pid_t pid, struct area areas[MAX_AREAS]);
const struct area *find_area(const struct area *areas, size_t n,
			     unsigned long address);

/**
 * struct program - a program of the learner's, as nobody
 * @pid:  the process
 * @to:   a byte there lets it go on
 * @from: lines of its answers
 * @file: the learner's file, for messages
 */
struct program {
	pid_t		pid;
	int		to, from;
	const char	*file;
};

/* @fd is its file descriptor 3. */
void start_program(struct program *program, const char *name, const char *file,
		   const char *argument, int fd);
void resume_program(const struct program *program);

/* A line of its answer. A program that ends before, or hangs, ends the probe. */
void read_answer(struct program *program, const char *doing, char *line,
		 size_t size);
void end_program(const struct program *program);

#endif /* GRADE_H */

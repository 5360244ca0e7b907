/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps-bench: what a mapped page costs. A subject is a way to get at memory, a
 * work is what is done with it; both are rows of tables, and a row of the
 * result is one subject, one work and one size.
 */
#ifndef MAPS_BENCH_H
#define MAPS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NAME_MAX_LEN	32

/* How a subject comes to its pages; tells whom to compare with whom. */
enum kind {
	KIND_FAULT,	/* ours, by faults */
	KIND_EAGER,	/* ours, all at once in mmap() */
	KIND_MEMORY,	/* memory of the kernel's own */
	KIND_COPY,	/* no mapping: read() */
	NR_KINDS,
};

extern const char * const kind_names[NR_KINDS];

/*
 * @open:      a file of @len bytes with all its pages there, or -1 with errno;
 *             NULL for memory without a file
 * @path:      what open() opens, where there is a path
 * @map_flags: in addition to MAP_SHARED or MAP_PRIVATE
 * @advice:    for madvise() after mmap(), or -1
 * @max_pages: no larger size is measured, since it takes memory of its own
 */
struct subject {
	char		name[NAME_MAX_LEN];
	char		buffer[8];
	enum kind	kind;
	int		(*open)(const struct subject *subject, size_t len);
	char		path[64];
	unsigned int	file_flags;
	int		map_flags;
	int		advice;
	size_t		max_pages;
};

/* One measurement on its way. */
struct run {
	const struct subject	*subject;
	const struct work	*work;
	int			fd;
	size_t			pages;
	size_t			page;	/* bytes */
	void			*room;	/* where to map, or NULL */
	unsigned char		*map;
	unsigned char		*copy;	/* where read() puts a page */
	uint32_t		*order;	/* a permutation of the pages */
};

/* A step does something to the run; false, with errno, if it cannot. */
typedef bool (*step)(struct run *run);

/*
 * @before, @timed, @after: steps; only the middle ones count
 * @sizes: which sizes are measured, a mask of SIZE_*
 */
struct work {
	const char	*name;
	const char	*what;
	int		type;	/* MAP_SHARED or MAP_PRIVATE */
	int		prot;
	step		before[4];
	step		timed[4];
	step		after[4];
	unsigned int	sizes;
};

/* What was measured. Costs are of one round, in the clock's unit. */
struct row {
	char		subject[NAME_MAX_LEN];
	char		buffer[8];
	char		kind[8];
	char		work[NAME_MAX_LEN];
	size_t		pages;
	unsigned int	runs;
	double		cost;	/* median */
	double		least;
	double		most;
	double		faults;	/* median */
	long		page_tables;	/* kB */
	long		rss;		/* kB */
	char		note[32];	/* why there is no cost */
};

struct rows {
	struct row	*row;
	size_t		count;
};

/* subjects.c */
size_t find_subjects(struct subject **subjects);

/* works.c */
extern const size_t sizes[];
extern const size_t nr_sizes;
extern const struct work works[];
extern const size_t nr_works;

/* rows.c */
struct row *add_row(struct rows *rows);
bool read_csv(struct rows *rows, FILE *file);
void write_csv(const struct rows *rows, FILE *file);
void write_json(const struct rows *rows, const char *unit, FILE *file);
void write_table(const struct rows *rows, const char *unit, FILE *file);

#endif

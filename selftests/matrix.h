/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The matrix: probes, each a question to the mmap() of somebody's memory. They
 * are in matrix_*.c, one file a section, and are asked here of every way to map
 * the buffer: `matrix` prints the outcomes, `strategies_test` compares them with
 * those that are known to be right. maps-probe asks them of other drivers.
 */
#ifndef MAPS_MATRIX_H
#define MAPS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OUTCOME_SIZE		24
#define MAX_SUBJECTS		96
#define MAX_PROBES		128

/* What a page begins with while a probe is asked: all pages alike, then each its own. */
#define STAMP			0xaabbccddU
#define MARK(pgoff)		(0x4d000000U + (uint32_t)(pgoff))
#define MARK_AT			4UL
#define WORD_AT			8UL
#define STAMPS_SIZE		12UL

/* A mapping that need not be of all pages has so many, if there are. */
#define SOME			8UL

/* No more pages than this are stamped and looked at. */
#define WALK_PAGES		2048UL

/* No page holds these by accident. */
#define WRITTEN			0x57524954U
#define REWRITTEN		0x52455752U

typedef volatile unsigned char bytes;

struct subject;

/**
 * struct target - one mapping of a subject's: what mmap() is called with
 * @subject:   that opened it
 * @fd:        descriptor to map
 * @reference: descriptor of the same memory, to stamp it and to look at it past the
 *             mapping that is asked about: @fd itself, unless that is not writable
 * @control:   descriptor by which @release frees what was made, or -1
 * @offset:    of mmap(), where the memory begins
 * @length:    in bytes
 * @page:      granularity: what can be mapped and unmapped alone
 * @stamp_at:  where in a page stamps do no harm
 * @handle:    the set-up's own
 * @release:   frees the memory as the driver's interface does, and leaves @fd open: 0,
 *             or -1 and errno
 * @npages:    from here on not for the set-up: how many pages there are,
 * @walk:      how many of them are stamped,
 * @some:      how many a mapping has that need not be of all, where the driver grants that,
 * @here:      and which of those is written to
 * @stamped:   whether the pages have stamps
 * @peer:      second mapping of all of it, once somebody wanted it
 */
struct target {
	const struct subject	*subject;
	int			fd;
	int			reference;
	int			control;
	off_t			offset;
	size_t			length;
	size_t			page;
	size_t			stamp_at;
	unsigned int		handle;
	int			(*release)(struct target *t);

	size_t			npages;
	size_t			walk;
	size_t			some;
	size_t			here;
	bool			stamped;
	bytes			*peer;
};

/* What there is to know of a subject before it is asked. */
enum trait {
	READ_ONLY	= 1,	/* it cannot or must not be written to */
	NO_STAMPS	= 2,	/* its pages are the kernel's: no stamp survives, or does no harm */
	ANY_ACCESS	= 4,	/* its descriptor is never a read-only one */
	INCOMPARABLE	= 8,	/* a second mapping shows others: its own memory, or a clock */
	COOKIE		= 16,	/* an offset names a buffer, and not a place in it */
	ENDLESS		= 32,	/* has no end of its own: what lies behind is its memory, too */
	EMPTY		= 64,	/* a mapping has no pages until another call gives it some */
	IS_FILE		= 128,	/* an ordinary file, which a good device behaves like */
};

/**
 * struct subject - what a probe is asked of
 * @name:   of the strategy, the set-up, or the node
 * @node:   path to open, or what @open makes of it
 * @length: in bytes, if @open does not find out itself
 * @offset: the same
 * @traits: bits of enum trait
 * @open:   fills in a target: 0, or -1 and errno. @access is O_RDWR, O_RDONLY or O_WRONLY
 * @how:    how the driver maps it, in a few words
 */
struct subject {
	char		name[64];
	char		node[80];
	size_t		length;
	off_t		offset;
	unsigned int	traits;
	int		(*open)(const struct subject *subject, struct target *t, int access);
	const char	*how;
};

/* What a probe does to a subject, beyond reading inside of it. */
enum deed {
	LOOKS		= 1,	/* touches no page */
	WRITES		= 2,	/* writes to the memory */
	GOES_PAST	= 4,	/* touches what is behind the end */
	NEEDS_OFFSET	= 8,	/* maps from a page inside on */
	CHANGES_MACHINE	= 16,	/* for a moment: the name of core files, a loop device */
	OURS		= 32,	/* knows how our module, or a mount, is taken away */
	READS_ONLY_FD	= 64,	/* of a read-only descriptor */
	WRITES_ONLY_FD	= 128,	/* of a write-only descriptor */
	RELEASES	= 256,	/* frees the memory by the driver's own interface */
};

/**
 * struct probe - one question: a row of the matrix
 * @section: heading, for the first probe below it; else NULL
 * @name:    of the row
 * @asks:    what is done, and what the words in the row mean
 * @why:     one sentence for a row in which strategies differ
 * @unlike:  why the fault handler does not do what a file does, where it does not
 * @does:    bits of enum deed
 * @ask:     does it, in a process of its own, and ends in one of the calls below
 */
struct probe {
	const char	*section;
	const char	*name;
	const char	*asks;
	const char	*why;
	const char	*unlike;
	unsigned int	does;
	void		(*ask)(struct target *t);
};

/* The sections' tables, each ended by a probe without a name. */
extern const struct probe map_probes[], protect_probes[], change_probes[], fork_probes[],
	memory_probes[], access_probes[], lifetime_probes[];

/* All of them, in the order of the page. */
extern const struct probe *probes[MAX_PROBES];
extern size_t nr_probes;

void add_probes(const struct probe *section);

/* Ways for a probe to end. */
_Noreturn void answer(const char *format, ...) __attribute__((__format__(printf, 1, 2)));
/* With the name of errno. */
_Noreturn void answer_errno(void);
/* With errno's name in brackets: the probe cannot even begin here. */
_Noreturn void answer_refused(void);
/* Without an outcome, since this kernel, machine or subject lacks something. */
_Noreturn void answer_lacking(const char *what);

const char *errno_name(int err);

/**
 * struct outcome - what became of a probe
 * @word:    a value, an errno, a signal, or a finding
 * @lacking: what was missing, if it could not be asked; else empty
 */
struct outcome {
	char	word[OUTCOME_SIZE];
	char	lacking[48];
};

/* Opens and stamps a target in this process: 0, or -1 and errno. */
int open_target(const struct subject *subject, struct target *t, int access);

void ask_probe(const struct probe *probe, const struct subject *subject,
	       struct outcome *outcome);

/* The matrix' own subjects, the file first; or why they cannot be had. */
const char *matrix_open(const struct subject **subjects, size_t *nr_subjects);
/* Leaves the buffer as it was. */
void matrix_close(void);

#endif /* MAPS_MATRIX_H */

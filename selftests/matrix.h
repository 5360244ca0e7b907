/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The matrix: one table of probes (matrix_probes.c), each asked of every way
 * to map the buffer (matrix_ask.c). `matrix` prints the outcomes and
 * `strategies_test` holds them against those that are known to be right.
 */
#ifndef MAPS_MATRIX_H
#define MAPS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer must have so many pages; no probe writes to one behind them. */
#define MATRIX_MIN_PAGES	16

#define OUTCOME_SIZE		24

/* What a page of the buffer begins with while a probe is asked. */
#define STAMP			0xaabbccddU
#define MARK(pgoff)		(0x4d000000U + (uint32_t)(pgoff))
#define MARK_AT			4UL
#define WORD_AT			8UL

/* What probes may write in a page, from its beginning: a sector of a disk at most. */
#define EDGE			512UL

/**
 * struct subject - what a probe is asked of
 * @name:   of the strategy, or "file" for the reference
 * @node:   path to open
 * @npages: size in pages
 * @is_file: an ordinary file, which is what a good device behaves like
 */
struct subject {
	char	name[32];
	char	node[64];
	size_t	npages;
	bool	is_file;
};

/**
 * struct probe - one question: a row of the matrix
 * @section: heading, for the first probe below it; else NULL
 * @name:    of the row
 * @asks:    what is done, and what the words in the row mean
 * @why:     one sentence for a row in which strategies differ
 * @unlike:  why the fault handler does not do what a file does, where it does not
 * @ask:     does it, in a process of its own, and ends in one of the calls below
 */
struct probe {
	const char	*section;
	const char	*name;
	const char	*asks;
	const char	*why;
	const char	*unlike;
	void		(*ask)(const struct subject *subject);
};

extern const struct probe probes[];
extern const size_t nr_probes;

/* Ways for a probe to end. */
_Noreturn void answer(const char *format, ...) __attribute__((__format__(printf, 1, 2)));
/* With the name of errno. */
_Noreturn void answer_errno(void);
/* With errno's name in brackets: the probe cannot even begin here. */
_Noreturn void answer_refused(void);
/* Without an outcome, since this kernel or machine lacks something. */
_Noreturn void answer_lacking(const char *what);

/**
 * struct outcome - what became of a probe
 * @word:    a value, an errno, a signal, or a finding
 * @lacking: what was missing, if it could not be asked; else empty
 */
struct outcome {
	char	word[OUTCOME_SIZE];
	char	lacking[48];
};

/* Sets up all subjects, the file first; or says why that cannot be. */
const char *matrix_open(const struct subject **subjects, size_t *nr_subjects);
/* Leaves the buffer as it was. */
void matrix_close(void);

void matrix_ask(const struct probe *probe, const struct subject *subject,
		struct outcome *outcome);

#endif /* MAPS_MATRIX_H */

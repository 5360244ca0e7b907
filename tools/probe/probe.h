/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps-probe asks the probes of selftests/matrix_*.c of anybody's mapping: of a
 * node, of a descriptor that it inherited, or of what a set-up makes. Then it
 * judges the outcomes by rules and prints them.
 */
#ifndef MAPS_PROBE_H
#define MAPS_PROBE_H

#include "../../selftests/matrix_probe.h"

#define REPORT_SIZE	80

/* Promises of mmap() that no driver may break; all else is a property. */
enum rule_number {
	RULE_PAGE,
	RULE_PAST,
	RULE_PRIVATE,
	RULE_READONLY,
	RULE_FIRST,
	RULE_REFERENCE,
	RULE_LOG,
	NR_RULES,
	NO_RULE = NR_RULES
};

/**
 * struct rule - a promise
 * @name:    one word
 * @promise: what holds for a mapping by a driver without mistakes
 * @cause:   which code of a driver usually breaks it
 * @mend:    what to write in its place
 * @chapter: of the book that explains it
 */
struct rule {
	const char	*name;
	const char	*promise;
	const char	*cause;
	const char	*mend;
	const char	*chapter;
};

extern const struct rule rules[NR_RULES];

/**
 * struct finding - what one probe found
 * @outcome: its answer
 * @why_not: why it was not asked, or NULL
 * @report:  what the kernel's log said meanwhile, or empty
 * @rule:    that is broken, or NO_RULE
 */
struct finding {
	struct outcome		outcome;
	const char		*why_not;
	char			report[REPORT_SIZE];
	enum rule_number	rule;
};

/* Everything about one subject; findings in the order of probes[]. */
struct result {
	const struct subject	*subject;
	struct finding		findings[MAX_PROBES];
	size_t			asked;
	size_t			broken;
	/* Why nothing could be asked, or empty. */
	char			skipped[64];
};

/* Which rule, if any, the outcome of a probe breaks. */
enum rule_number judge(const struct subject *subject, const struct probe *probe,
		       const struct finding *finding);
/* Could the rule have been broken by what was asked? */
bool rule_was_asked(const struct result *result, enum rule_number rule);
/* The word as people read it: the stamp is the right content. */
const char *shown_word(const struct finding *finding);

/* A text of several lines, each indented. */
void print_text(const char *title, const char *text, int indent);
/* What a rule promises, what usually breaks it, and what mends that. */
void print_rule(const struct rule *rule);

/* The kernel's log: watched from the first call on. Empty if it is silent or cannot be read. */
bool watch_log(void);
void read_log(char *report, size_t size);

extern const struct probe property_probes[], release_probes[];

/* Names of set-ups, in the order of --list. */
extern const struct subject *setups[];
extern size_t nr_setups;

enum form { TABLE, TAP, JSON };

void show_begin(enum form form);
void show_result(enum form form, const struct result *result, bool explain);
void show_end(enum form form);

#endif /* MAPS_PROBE_H */

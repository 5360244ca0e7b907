// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results, as a table for people, as KTAP with a test for each rule, and as JSON
 * with a line for each probe.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <sys/utsname.h>

static size_t shown;

/* Results in KTAP. */
static size_t tests;

/* The names of the probes that break a rule, with what they found. */
static void list_breaches(const struct result *r, enum rule_number rule, const char *format)
{
	size_t i;

	for (i = 0; i < nr_probes; i++) {
		const struct finding *f = &r->findings[i];

		if (!f->why_not && f->rule == rule)
			printf(format, probes[i]->name,
			       rule == RULE_LOG ? f->report : shown_word(f));
	}
}

static bool is_broken(const struct result *r, enum rule_number rule)
{
	size_t i;

	for (i = 0; i < nr_probes; i++)
		if (!r->findings[i].why_not && r->findings[i].rule == rule)
			return true;
	return false;
}

/* Why probes were not asked: each reason once, with their number. */
static void show_reasons(const struct result *r)
{
	size_t i, j, number;

	for (i = 0; i < nr_probes; i++) {
		const char *why = r->findings[i].why_not;

		for (j = 0; why && j < i; j++)
			if (r->findings[j].why_not && !strcmp(r->findings[j].why_not, why))
				why = NULL;
		if (!why)
			continue;
		for (number = 0, j = i; j < nr_probes; j++)
			number += r->findings[j].why_not && !strcmp(r->findings[j].why_not, why);
		printf("  %zu not asked: needs %s\n", number, why);
	}
}

static void show_broken_rule(const struct result *r, enum rule_number number)
{
	printf("\n  BROKEN: %s\n", rules[number].name);
	list_breaches(r, number, "    seen in %s: %s\n");
	print_rule(&rules[number]);
}

static void show_table(const struct result *r, bool explain)
{
	const char *section = NULL;
	enum rule_number rule;
	size_t i, broken = 0;

	printf("%s\n", r->subject->name);
	if (*r->skipped) {
		printf("  not asked: %s\n\n", r->skipped);
		return;
	}
	for (i = 0; i < nr_probes; i++) {
		if (probes[i]->section)
			section = probes[i]->section;
		if (r->findings[i].why_not)
			continue;
		if (section)
			printf("\n  %s\n", section);
		section = NULL;
		printf("    %-26s %-24s%s\n", probes[i]->name, shown_word(&r->findings[i]),
		       r->findings[i].rule == NO_RULE ? "" : rules[r->findings[i].rule].name);
		if (explain)
			print_text("", probes[i]->asks, 8);
	}
	printf("\n");
	show_reasons(r);
	for (rule = 0; rule < NR_RULES; rule++)
		if (is_broken(r, rule)) {
			show_broken_rule(r, rule);
			broken++;
		}
	printf("\n%s: %zu probes asked, %zu of %d rules broken\n\n", r->subject->name, r->asked,
	       broken, NR_RULES);
}

static void show_tap(const struct result *r)
{
	enum rule_number rule;

	if (*r->skipped) {
		printf("ok %zu %s # SKIP %s\n", ++tests, r->subject->name, r->skipped);
		return;
	}
	for (rule = 0; rule < NR_RULES; rule++) {
		bool broken = is_broken(r, rule);

		list_breaches(r, rule, "# %s: %s\n");
		printf("%sok %zu %s: %s", broken ? "not " : "", ++tests, r->subject->name,
		       rules[rule].name);
		printf("%s\n", rule_was_asked(r, rule) || broken ? "" : " # SKIP not asked");
	}
}

/* A string between quotes. */
static void show_string(const char *string)
{
	putchar('"');
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			putchar('\\');
		putchar((unsigned char)*string < ' ' ? ' ' : *string);
	}
	putchar('"');
}

static void show_member(const char *before, const char *name, const char *value)
{
	printf("%s\"%s\": ", before, name);
	show_string(value);
}

static void show_json(const struct result *r)
{
	const char *comma = "";
	size_t i;

	show_member(shown ? ",\n{" : "{", "subject", r->subject->name);
	show_member(", ", "how", r->subject->how ?: "");
	show_member(", ", "skipped", r->skipped);
	printf(", \"probes\": {");
	for (i = 0; !*r->skipped && i < nr_probes; i++) {
		const struct finding *f = &r->findings[i];

		printf("%s\n  \"%s\": ", comma, probes[i]->name);
		show_member("{", "found", shown_word(f));
		show_member(", ", "rule",
			    f->why_not || f->rule == NO_RULE ? "" : rules[f->rule].name);
		show_member(", ", "report", f->report);
		putchar('}');
		comma = ",";
	}
	printf("\n}}");
}

void show_begin(enum form form)
{
	struct utsname uts;

	uname(&uts);
	if (form == TAP)
		printf("KTAP version 1\n");
	else if (form == JSON)
		printf("{\"kernel\": \"%s\", \"machine\": \"%s\", \"subjects\": [\n", uts.release,
		       uts.machine);
}

void show_result(enum form form, const struct result *result, bool explain)
{
	if (form == TABLE)
		show_table(result, explain);
	else if (form == TAP)
		show_tap(result);
	else
		show_json(result);
	shown++;
	fflush(stdout);
}

void show_end(enum form form)
{
	if (form == TAP)
		printf("1..%zu\n", tests);
	else if (form == JSON)
		printf("\n]}\n");
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way to map the buffer does what matrix_expected.h says: one result a
 * probe, and a line for each strategy that does something else.
 */
#include "matrix.h"
#include "matrix_expected.h"

#include "kselftest.h"
#include "maps_module.h"

/* Older ones have it in another header, or not at all. */
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

static const char *expected_word(const struct expected *row, int column)
{
	return row->others[column] ?: row->word;
}

/* The column of a strategy, or -1 when it is not known. */
static int column_of(const struct subject *subject)
{
	int i;

	for (i = 0; i < NR_EXPECTED; i++)
		if (!strcmp(expected_names[i], subject->name))
			return i;
	return -1;
}

/* Is @word what is expected: one of the words between the bars? */
static bool allowed(const char *words, const char *word)
{
	const size_t len = strlen(word);

	while (strncmp(words, word, len) || (words[len] && words[len] != '|')) {
		words = strchr(words, '|');
		if (!words++)
			return false;
	}
	return true;
}

/*
 * The row of a probe: of several, that which knows what this kernel does with
 * a file; or the first, which then tells what was expected.
 */
static const struct expected *row_of(const struct probe *probe, const char *with_file)
{
	const struct expected *first = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		if (strcmp(expected[i].probe, probe->name))
			continue;
		if (allowed(expected_word(&expected[i], ON_FILE), with_file))
			return &expected[i];
		first = first ?: &expected[i];
	}
	return first;
}

/* What was found, as words between tabs: tools/matrix/changes compares kernels by them. */
static void show_columns(const struct subject *subjects, size_t nr)
{
	size_t i;

	ksft_print_msg("matrix\tprobe");
	for (i = 0; i < nr; i++)
		printf("\t%s", subjects[i].name);
	printf("\n");
}

static void show_words(const struct probe *probe, const struct outcome *found, size_t nr)
{
	size_t i;

	ksft_print_msg("matrix\t%s", probe->name);
	for (i = 0; i < nr; i++)
		printf("\t%s", found[i].word);
	printf("\n");
}

static void test_probe(const struct probe *probe, const struct subject *subjects, size_t nr)
{
	struct outcome found[MAX_SUBJECTS];
	const struct expected *row;
	const char *lacking = NULL;
	bool good = true;
	size_t i;

	for (i = 0; i < nr; i++) {
		ask_probe(probe, &subjects[i], &found[i]);
		if (*found[0].lacking) {
			ksft_test_result_skip("%s: needs %s\n", probe->name, found[0].lacking);
			return;
		}
		if (*found[i].lacking)
			lacking = found[i].lacking;
	}

	show_words(probe, found, nr);
	row = row_of(probe, found[0].word);
	if (!row)
		ksft_print_msg("%s: has no row in matrix_expected.h\n", probe->name);
	for (i = 0; row && i < nr; i++) {
		int column = column_of(&subjects[i]);

		if (column < 0 || *found[i].lacking ||
		    allowed(expected_word(row, column), found[i].word))
			continue;
		ksft_print_msg("%s: %s: expected %s, found %s\n", probe->name, subjects[i].name,
			       expected_word(row, column), found[i].word);
		good = false;
	}
	if (row && good && lacking)
		ksft_test_result_skip("%s: not everyone was asked: needs %s\n", probe->name,
				      lacking);
	else
		ksft_test_result(row && good, "%s\n", probe->name);
}

/* Every strategy that is expected is there; and one that is new is not judged, which is said. */
static void test_strategies(const struct subject *subjects, size_t nr)
{
	size_t known = 0, i;

	for (i = 0; i < nr; i++)
		if (column_of(&subjects[i]) < 0)
			ksft_print_msg("%s has no column in matrix_expected.h\n", subjects[i].name);
		else
			known++;

	if (known == NR_EXPECTED && nr > known)
		ksft_test_result_skip("strategies: matrix_expected.h does not know all\n");
	else
		ksft_test_result(known == NR_EXPECTED, "strategies\n");
}

int main(void)
{
	const struct subject *subjects;
	const char *why_not;
	size_t nr, i;

	ksft_print_header();
	why_not = matrix_open(&subjects, &nr);
	if (why_not)
		ksft_exit_skip("%s\n", why_not);

	ksft_set_plan(nr_probes + 1);
	test_strategies(subjects, nr);
	show_columns(subjects, nr);
	for (i = 0; i < nr_probes; i++)
		test_probe(probes[i], subjects, nr);
	matrix_close();
	ksft_exit(!ksft_get_fail_cnt() && !ksft_get_error_cnt());
}

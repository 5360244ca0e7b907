// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks every probe of every way to map the buffer, and shows what came out: a
 * table on stdout, and on request JSON and a page of documentation. Outcomes can
 * be saved, and shown later or beside those over another buffer.
 */
#define _GNU_SOURCE
#include "matrix.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What one run found; the order of the columns and rows is that of the asking. */
struct matrix {
	struct utsname	uts;
	size_t		npages;
	size_t		nr_subjects;
	char		names[MAX_SUBJECTS][64];
	struct outcome	cells[MAX_PROBES][MAX_SUBJECTS];
};

static struct matrix asked, large;

static const char usage[] =
	"usage: matrix [--save FILE] [--load FILE] [--large FILE] [--json FILE] [--rst FILE]\n"
	"              [--expected FILE]\n"
	"  --save      write what was found, as it is, to FILE\n"
	"  --load      show what --save wrote, instead of asking\n"
	"  --large     in the page, tell what differs in FILE, saved over a large buffer\n"
	"  --json, --rst, --expected\n"
	"              write JSON, a page of documentation, the table of strategies_test\n";

static FILE *open_or_die(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

static void close_or_die(FILE *file, const char *path)
{
	if (ferror(file) || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* Heads of columns are wrapped at the underscores of the strategies' names. */
static void show_heads(const struct matrix *m)
{
	const char *rest[MAX_SUBJECTS];
	bool more = true;
	size_t i;

	for (i = 0; i < m->nr_subjects; i++)
		rest[i] = m->names[i];
	while (more) {
		more = false;
		printf("%-26s", "");
		for (i = 0; i < m->nr_subjects; i++) {
			size_t len = strcspn(rest[i], "_");

			len += rest[i][len] == '_';
			printf(" %-12.*s", (int)len, rest[i]);
			rest[i] += len;
			more |= *rest[i];
		}
		printf("\n");
	}
}

static bool same(const struct matrix *m, size_t row, size_t i, size_t j)
{
	return !strcmp(m->cells[row][i].word, m->cells[row][j].word);
}

/* In how many rows a strategy does what the file does. */
static size_t rows_as_file(const struct matrix *m, size_t i)
{
	size_t number = 0, row;

	for (row = 0; row < nr_probes; row++)
		number += same(m, row, 0, i);
	return number;
}

static void show_sum(const struct matrix *m)
{
	size_t i;

	printf("\n%-26s", "as a file does");
	for (i = 0; i < m->nr_subjects; i++)
		printf(" %-12zu", rows_as_file(m, i));
	printf("\n");
}

static void show_row(const struct matrix *m, size_t row)
{
	size_t i;

	if (probes[row]->section)
		printf("\n%s\n", probes[row]->section);
	printf("%-26s", probes[row]->name);
	for (i = 0; i < m->nr_subjects; i++)
		printf(" %-12s", m->cells[row][i].word);
	printf("\n");
	fflush(stdout);
}

static void ask_all(struct matrix *m)
{
	const struct subject *subjects;
	const char *why_not;
	size_t row, i;

	why_not = matrix_open(&subjects, &m->nr_subjects);
	if (why_not) {
		fprintf(stderr, "matrix: %s\n", why_not);
		exit(1);
	}
	uname(&m->uts);
	m->npages = subjects[0].length / sysconf(_SC_PAGESIZE);
	for (i = 0; i < m->nr_subjects; i++)
		strcpy(m->names[i], subjects[i].name);

	show_heads(m);
	for (row = 0; row < nr_probes; row++) {
		for (i = 0; i < m->nr_subjects; i++)
			ask_probe(probes[row], &subjects[i], &m->cells[row][i]);
		show_row(m, row);
	}
	show_sum(m);
	matrix_close();
}

static void save(const struct matrix *m, const char *path)
{
	FILE *file = open_or_die(path, "w");

	fwrite(m, sizeof(*m), 1, file);
	close_or_die(file, path);
}

static void load(struct matrix *m, const char *path)
{
	FILE *file = open_or_die(path, "r");

	if (fread(m, sizeof(*m), 1, file) != 1) {
		fprintf(stderr, "matrix: %s is not what --save writes\n", path);
		exit(1);
	}
	fclose(file);
}

static void write_json(const struct matrix *m, const char *path)
{
	FILE *file = open_or_die(path, "w");
	size_t row, i;

	fprintf(file, "{\n  \"kernel\": \"%s\",\n  \"machine\": \"%s\",\n  \"npages\": %zu,\n",
		m->uts.release, m->uts.machine, m->npages);
	fprintf(file, "  \"probes\": {\n");
	for (row = 0; row < nr_probes; row++) {
		fprintf(file, "    \"%s\": {", probes[row]->name);
		for (i = 0; i < m->nr_subjects; i++)
			fprintf(file, "%s\"%s\": \"%s\"", i ? ", " : "", m->names[i],
				m->cells[row][i].word);
		fprintf(file, row + 1 < nr_probes ? "},\n" : "}\n");
	}
	fprintf(file, "  }\n}\n");
	close_or_die(file, path);
}

/* The word that most columns have in a row. */
static size_t most_common(const struct matrix *m, size_t row)
{
	size_t best = 0, most = 0, number, i, j;

	for (i = 0; i < m->nr_subjects; i++) {
		for (number = 0, j = 0; j < m->nr_subjects; j++)
			number += same(m, row, i, j);
		if (number > most) {
			most = number;
			best = i;
		}
	}
	return best;
}

/* Rows as matrix_expected.h has them: most columns' word, and those that differ. */
static void write_expected(const struct matrix *m, const char *path)
{
	FILE *file = open_or_die(path, "w");
	size_t row, i, j, all;

	for (row = 0; row < nr_probes; row++) {
		all = most_common(m, row);
		fprintf(file, "\t{ \"%s\", \"%s\", {", probes[row]->name,
			m->cells[row][all].word);
		for (i = 0; i < m->nr_subjects; i++) {
			if (same(m, row, all, i))
				continue;
			fprintf(file, " [ON_");
			for (j = 0; m->names[i][j]; j++)
				fputc(toupper(m->names[i][j]), file);
			fprintf(file, "] = \"%s\",", m->cells[row][i].word);
		}
		fprintf(file, " } },\n");
	}
	close_or_die(file, path);
}

/* Do strategies differ in a row? The first column is the file. */
static bool row_differs(const struct matrix *m, size_t row)
{
	size_t i;

	for (i = 2; i < m->nr_subjects; i++)
		if (!same(m, row, 1, i))
			return true;
	return false;
}

/* Does every column of a row have the same outcome? */
static bool row_agrees(const struct matrix *m, size_t row)
{
	return !row_differs(m, row) && same(m, row, 0, 1);
}

static size_t rows_apart(const struct matrix *m, size_t i, size_t j)
{
	size_t number = 0, row;

	for (row = 0; row < nr_probes; row++)
		number += !same(m, row, i, j);
	return number;
}

/*
 * Neighbours that differ in less than one row of twenty share a column of the page.
 * The file and the fault handler, with which all are compared, have one each.
 */
static size_t column_end(const struct matrix *m, size_t first)
{
	size_t end = first + 1;

	while (first > 1 && end < m->nr_subjects && rows_apart(m, first, end) * 20 < nr_probes)
		end++;
	return end;
}

/* A cell of the page: what is not as with the fault handler, for each of its strategies. */
static void rst_cell(FILE *file, const struct matrix *m, size_t row, size_t first, size_t end)
{
	const char *word;
	size_t i;

	for (i = first + 1; i < end && same(m, row, first, i); i++)
		;
	if (i == end)
		end = first + 1;
	fprintf(file, " | ");
	for (i = first; i < end; i++) {
		word = m->cells[row][i].word;
		if (i != 1 && same(m, row, 1, i))
			word = "=";
		fprintf(file, "%s%s%s", i > first ? ", " : "",
			strchr("-=", *word) ? "\\" : "", word);
	}
}

/* The rows of a section in which not all columns agree. */
static void rst_table(FILE *file, const struct matrix *m, size_t first, size_t end)
{
	size_t row, i, j;

	fprintf(file, ".. csv-table::\n   :class: matrix\n   :delim: |\n   :header-rows: 1\n\n"
		"   probe | %s | %s", m->names[1], m->names[0]);
	for (i = 2; i < m->nr_subjects; i = column_end(m, i))
		for (j = i; j < column_end(m, i); j++)
			fprintf(file, "%s%s", j > i ? ", " : " | ", m->names[j]);
	fputc('\n', file);
	for (row = first; row < end; row++) {
		if (row_agrees(m, row))
			continue;
		fprintf(file, "   `%s`_", probes[row]->name);
		rst_cell(file, m, row, 1, 2);
		rst_cell(file, m, row, 0, 1);
		for (i = 2; i < m->nr_subjects; i = column_end(m, i))
			rst_cell(file, m, row, i, column_end(m, i));
		fputc('\n', file);
	}
	fputc('\n', file);
}

/* A text of the probes' table, each of its lines indented. */
static void rst_text(FILE *file, const char *indent, const char *title, const char *text)
{
	size_t len;

	fprintf(file, "%s%s", indent, title);
	for (; (len = strcspn(text, "\n")), text[len]; text += len + 1)
		fprintf(file, "%.*s\n%s", (int)len, text, indent);
	fprintf(file, "%s\n", text);
}

static void rst_differing_rows(FILE *file, const struct matrix *m, size_t first, size_t end)
{
	size_t row;

	for (row = first; row < end; row++) {
		if (row_agrees(m, row))
			continue;
		fprintf(file, "_`%s`\n", probes[row]->name);
		rst_text(file, "   ", "", probes[row]->asks);
		if (row_differs(m, row))
			rst_text(file, "   ", "*Why they differ:* ", probes[row]->why ?: "?");
		if (!same(m, row, 0, 1))
			rst_text(file, "   ", "*Unlike a file:* ", probes[row]->unlike ?: "?");
		fputc('\n', file);
	}
}

/* The rows in which all columns agree are folded away. */
static void rst_agreeing_rows(FILE *file, const struct matrix *m, size_t first, size_t end,
			      size_t number)
{
	size_t row;

	fprintf(file, ".. admonition:: All columns agree: %zu probe%s\n   :class: fold\n\n", number,
		number > 1 ? "s" : "");
	for (row = first; row < end; row++) {
		if (!row_agrees(m, row))
			continue;
		fprintf(file, "   _`%s` : %s\n", probes[row]->name, m->cells[row][0].word);
		rst_text(file, "      ", "", probes[row]->asks);
		fputc('\n', file);
	}
}

static void rst_section(FILE *file, const struct matrix *m, size_t first, size_t end)
{
	size_t agreeing = 0, row;

	for (row = first; row < end; row++)
		agreeing += row_agrees(m, row);
	if (agreeing < end - first)
		rst_table(file, m, first, end);
	rst_differing_rows(file, m, first, end);
	if (agreeing)
		rst_agreeing_rows(file, m, first, end, agreeing);
}

static void rst_heading(FILE *file, const char *text)
{
	size_t i, len = fprintf(file, "%s\n", text) - 1;

	for (i = 0; i < len; i++)
		fputc('=', file);
	fprintf(file, "\n\n");
}

/* How much of a file each strategy is, in one table. */
static void rst_sum(FILE *file, const struct matrix *m)
{
	size_t i;

	fprintf(file, "In how many of the %zu rows below a strategy does what the file does:\n\n",
		nr_probes);
	fprintf(file, ".. csv-table::\n   :header: strategy, rows as with a file\n\n");
	for (i = 1; i < m->nr_subjects; i++)
		fprintf(file, "   %s, %zu\n", m->names[i], rows_as_file(m, i));
	fputc('\n', file);
}

static bool same_in_large(const struct matrix *m, size_t row, size_t i)
{
	return !strcmp(m->cells[row][i].word, large.cells[row][i].word);
}

/* The columns of a row that are otherwise over a large buffer: how many there are. */
static size_t rst_large_row(FILE *file, const struct matrix *m, size_t row)
{
	size_t number = 0, i;

	for (i = 0; i < m->nr_subjects; i++) {
		if (same_in_large(m, row, i))
			continue;
		if (!number++)
			fprintf(file, "`%s`_\n", probes[row]->name);
		fprintf(file, "   %s: *%s* instead of *%s*.\n", m->names[i],
			large.cells[row][i].word, m->cells[row][i].word);
	}
	if (number && same(m, row, 0, 1) && !same(&large, row, 0, 1))
		rst_text(file, "   ", "*Unlike a file:* ", probes[row]->unlike ?: "?");
	if (number)
		fputc('\n', file);
	return number;
}

static void rst_large(FILE *file, const struct matrix *m)
{
	size_t number = 0, row;

	rst_heading(file, "Over huge pages");
	fprintf(file,
		"The same questions over a buffer of %zu pages, which the module builds of PMD-sized\n"
		"folios where it can, have the same answers, but for those that follow here.\n\n",
		large.npages);
	for (row = 0; row < nr_probes; row++)
		number += rst_large_row(file, m, row);
	if (!number)
		fprintf(file, "None.\n\n");
}

static void write_rst(const struct matrix *m, const char *path, bool with_large)
{
	FILE *file = open_or_die(path, "w");
	size_t first, end;

	fprintf(file,
		".. %s: GPL-2.0-only\n"
		".. Written by ``make matrix``: change selftests/matrix_*.c instead.\n"
		"\n"
		"==========\n"
		"The matrix\n"
		"==========\n"
		"\n"
		"Every way to map the buffer, asked the same questions. ``make matrix`` boots a kernel,\n"
		"asks, and writes this page; the outcomes below are those of Linux\n"
		"%s on %s with a buffer of %zu pages.\n"
		"``strategies_test`` compares every kernel with them (``make check``).\n"
		"\n"
		"A column is a strategy, a node of its own over the same buffer. ``file`` is an ordinary\n"
		"file (on ramfs, mounted noexec): what a program has a right to expect.\n"
		"The column ``fault`` has the outcome of the fault handler. The other columns have an\n"
		"outcome where it differs from the fault handler's, and ``=`` where it is the same.\n"
		"Strategies that differ in less than one row of twenty share a column; where they differ,\n"
		"it has the outcome of each, in the order of its head. Probes with the same outcome in\n"
		"all columns are folded away below each table.\n"
		"\n"
		"An outcome is\n"
		"\n"
		"* a value: ``aabbccdd`` is the word that every page begins with;\n"
		"* an errno, from the call that the row is about; in brackets, from the mmap() that the\n"
		"  probe would have begun with, so that it could not be asked;\n"
		"* a signal that the process died of; ``hangs``, if an alarm had to end it;\n"
		"* a word that answers the row's question; ``-`` where the machine lacks what it takes.\n"
		"\n", "SPDX-License-Identifier", m->uts.release, m->uts.machine, m->npages);

	rst_sum(file, m);
	for (first = 0; first < nr_probes; first = end) {
		for (end = first + 1; end < nr_probes && !probes[end]->section; end++)
			;
		rst_heading(file, probes[first]->section);
		rst_section(file, m, first, end);
	}
	if (with_large)
		rst_large(file, m);
	rst_heading(file, "What changed between kernels");
	fprintf(file, ".. include:: matrix.inc\n");
	close_or_die(file, path);
}

/* Every cell has an outcome, and every difference a reason. */
static bool complete(const struct matrix *m)
{
	bool good = true;
	size_t row, i;

	for (row = 0; row < nr_probes; row++) {
		for (i = 0; i < m->nr_subjects; i++)
			if (!strcmp(m->cells[row][i].word, "?")) {
				fprintf(stderr, "matrix: %s of %s has no outcome\n",
					probes[row]->name, m->names[i]);
				good = false;
			}
		if (row_differs(m, row) && !probes[row]->why) {
			fprintf(stderr, "matrix: %s: strategies differ, and no .why says why\n",
				probes[row]->name);
			good = false;
		}
		if (!same(m, row, 0, 1) && !probes[row]->unlike) {
			fprintf(stderr, "matrix: %s: %s is unlike a file, no .unlike says why\n",
				probes[row]->name, m->names[1]);
			good = false;
		}
	}
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "save", required_argument, NULL, 's' },
		{ "load", required_argument, NULL, 'l' },
		{ "large", required_argument, NULL, 'L' },
		{ "json", required_argument, NULL, 'j' },
		{ "rst", required_argument, NULL, 'r' },
		{ "expected", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *files[128] = { };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h' || option == '?') {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
		files[option] = optarg;
	}

	if (files['l'])
		load(&asked, files['l']);
	else
		ask_all(&asked);
	if (files['L'])
		load(&large, files['L']);

	if (files['s'])
		save(&asked, files['s']);
	if (files['j'])
		write_json(&asked, files['j']);
	if (files['r'])
		write_rst(&asked, files['r'], files['L']);
	if (files['e'])
		write_expected(&asked, files['e']);
	return !complete(&asked);
}

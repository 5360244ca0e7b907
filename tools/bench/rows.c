// SPDX-License-Identifier: GPL-2.0-only
/*
 * The result: in rows, as CSV, as JSON, and as a table for people, with each
 * cost beside that of the best eager strategy and of memfd.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS \
	"subject,buffer,kind,work,pages,runs,cost,least,most,faults,page_tables_kb,rss_kb,note"

/* NULL without memory. */
struct row *add_row(struct rows *rows)
{
	struct row *row = realloc(rows->row,
				  (rows->count + 1) * sizeof(*rows->row));

	if (!row)
		return NULL;
	rows->row = row;
	row += rows->count++;
	memset(row, 0, sizeof(*row));
	return row;
}

void write_csv(const struct rows *rows, FILE *file)
{
	size_t i;

	fprintf(file, "%s\n", COLUMNS);
	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		fprintf(file, "%s,%s,%s,%s,%zu,%u,%.0f,%.0f,%.0f,%.0f,%ld,%ld,%s\n",
			row->subject, row->buffer, row->kind, row->work,
			row->pages, row->runs, row->cost, row->least,
			row->most, row->faults, row->page_tables, row->rss,
			row->note);
	}
}

/* Reads what write_csv() wrote; several files may be one after another. */
bool read_csv(struct rows *rows, FILE *file)
{
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		struct row *row;

		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, COLUMNS))
			continue;
		row = add_row(rows);
		if (!row || sscanf(line,
				   "%31[^,],%7[^,],%7[^,],%31[^,],%zu,%u,%lf,%lf,%lf,%lf,%ld,%ld,%31[^,]",
				   row->subject, row->buffer, row->kind,
				   row->work, &row->pages, &row->runs,
				   &row->cost, &row->least, &row->most,
				   &row->faults, &row->page_tables, &row->rss,
				   row->note) < 12)
			return false;
	}
	return true;
}

void write_json(const struct rows *rows, const char *unit, FILE *file)
{
	size_t i;

	fprintf(file, "{\"unit\": \"%s\", \"rows\": [", unit);
	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		fprintf(file,
			"%s\n{\"subject\": \"%s\", \"buffer\": \"%s\", \"kind\": \"%s\", \"work\": \"%s\", \"pages\": %zu, \"runs\": %u, \"cost\": %.0f, \"least\": %.0f, \"most\": %.0f, \"faults\": %.0f, \"page_tables_kb\": %ld, \"rss_kb\": %ld, \"note\": \"%s\"}",
			i ? "," : "", row->subject, row->buffer, row->kind,
			row->work, row->pages, row->runs, row->cost,
			row->least, row->most, row->faults, row->page_tables,
			row->rss, row->note);
	}
	fprintf(file, "\n]}\n");
}

static bool is_measured(const struct row *row)
{
	return row->runs;
}

/* The same work and size, cheapest of a kind or of a name; NULL for none. */
static const struct row *rival(const struct rows *rows, const struct row *to,
			       const char *kind, const char *subject)
{
	const struct row *best = NULL;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (!is_measured(row) || row->pages != to->pages ||
		    strcmp(row->work, to->work) ||
		    (kind && strcmp(row->kind, kind)) ||
		    (subject && strcmp(row->subject, subject)))
			continue;
		if (!best || row->cost < best->cost)
			best = row;
	}
	return best;
}

static void print_ratio(const struct row *row, const struct row *to, FILE *file)
{
	if (to && to->cost > 0)
		fprintf(file, " %9.3f", row->cost / to->cost);
	else
		fprintf(file, " %9s", "-");
}

static void print_row(const struct rows *rows, const struct row *row,
		      FILE *file)
{
	fprintf(file, "%-20s %-6s", row->subject, row->buffer);
	if (!is_measured(row)) {
		fprintf(file, " %12s\n", row->note);
		return;
	}
	fprintf(file, " %12.0f %5.1f%% %10.1f %8.0f %8ld %8ld", row->cost,
		row->cost > 0 ? 100 * (row->most - row->least) / row->cost : 0,
		row->cost / row->pages, row->faults, row->page_tables,
		row->rss);
	print_ratio(row, rival(rows, row, "eager", NULL), file);
	print_ratio(row, rival(rows, row, NULL, "memfd"), file);
	fprintf(file, "\n");
}

static bool same_table(const struct row *a, const struct row *b)
{
	return a->pages == b->pages && !strcmp(a->work, b->work);
}

static bool is_first_of_table(const struct rows *rows, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (same_table(&rows->row[j], &rows->row[i]))
			return false;
	return true;
}

static const char *what_of(const char *name)
{
	size_t i;

	for (i = 0; i < nr_works; i++)
		if (!strcmp(works[i].name, name))
			return works[i].what;
	return name;
}

/* One table for each work and size, in the order of their first rows. */
void write_table(const struct rows *rows, const char *unit, FILE *file)
{
	size_t i, j;

	for (i = 0; i < rows->count; i++) {
		if (!is_first_of_table(rows, i))
			continue;
		fprintf(file, "\n%s, %zu pages: %s (cost in %s)\n",
			rows->row[i].work, rows->row[i].pages,
			what_of(rows->row[i].work), unit);
		fprintf(file, "%-20s %-6s %12s %6s %10s %8s %8s %8s %9s %9s\n",
			"subject", "buffer", "cost", "spread", "per page",
			"faults", "VmPTE kB", "Rss kB", "of eager", "of memfd");
		for (j = i; j < rows->count; j++)
			if (same_table(&rows->row[i], &rows->row[j]))
				print_row(rows, &rows->row[j], file);
	}
}

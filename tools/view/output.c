// SPDX-License-Identifier: GPL-2.0-only
/* The picture as text and as SVG, the data as JSON. */
#include "picture.h"

/* A character of the SVG, in its units; and what is left free around all. */
#define ADVANCE	8.4
#define LEADING	18
#define MARGIN	12

void write_text(const struct picture *picture, FILE *file)
{
	size_t i;

	for (i = 0; i < picture->nlines; i++)
		fprintf(file, "%s\n", picture->lines[i].text);
}

static const char *const classes[NR_STYLES] = {
	[PLAIN]			= "plain",
	[STRONG]		= "strong",
	[FAINT]			= "faint",
	[STATES + UNTOUCHED]	= "untouched",
	[STATES + DEVICE]	= "device",
	[STATES + HUGE]		= "huge",
	[STATES + COPY]		= "copy",
	[STATES + SWAPPED]	= "swapped",
	[STATES + GONE]		= "gone",
	[STATES + UNKNOWN]	= "untouched",
};

/* Light, and dark where the reader's screen is. */
static const char sheet[] =
	"<style>\n"
	"text { font: 14px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #1f2328; white-space: pre; }\n"
	".page { fill: #ffffff; } .strong { font-weight: bold; } text.faint, text.untouched { fill: #656d76; }\n"
	"rect.untouched { fill: #eaeef2; } rect.device { fill: #b6e3ff; } rect.huge { fill: #aceebb; }\n"
	"rect.copy { fill: #ffd8b5; } rect.swapped { fill: #ecd8ff; } rect.gone { fill: #ffcecb; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"text { fill: #e6edf3; } text.faint, text.untouched { fill: #8d96a0; } .page { fill: #0d1117; }\n"
	"rect.untouched { fill: #21262d; } rect.device { fill: #0c4a7a; } rect.huge { fill: #1a5e2c; }\n"
	"rect.copy { fill: #8a4600; } rect.swapped { fill: #553098; } rect.gone { fill: #8e1519; }\n"
	"}\n"
	"</style>\n";

static void write_escaped(const char *text, size_t length, FILE *file)
{
	for (; length; length--, text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		default:
			fputc(*text, file);
		}
	}
}

/* One stretch of a line that has one style. */
static void write_stretch(const struct line *line, size_t at, size_t end, size_t row, FILE *file)
{
	enum style style = line->style[at];
	double x = MARGIN + at * ADVANCE;
	double width = (end - at) * ADVANCE;
	size_t y = MARGIN + row * LEADING;

	if (style >= STATES)
		fprintf(file, "<rect class='%s' x='%.1f' y='%zu' width='%.1f' height='%d'/>\n",
			classes[style], x, y, width, LEADING - 1);
	fprintf(file, "<text class='%s' x='%.1f' y='%zu' textLength='%.1f'>",
		classes[style], x, y + 14, width);
	write_escaped(line->text + at, end - at, file);
	fputs("</text>\n", file);
}

void write_svg(const struct picture *picture, FILE *file)
{
	double width = 2 * MARGIN + picture->width * ADVANCE;
	size_t height = 2 * MARGIN + picture->nlines * LEADING;
	size_t row, at, end;

	fprintf(file, "<svg xmlns='http://www.w3.org/2000/svg' role='img' xml:space='preserve'\n"
		" viewBox='0 0 %.0f %zu' width='%.0f' height='%zu'>\n",
		width, height, width, height);
	fputs("<title>The pages of a mapping, and their frames</title>\n", file);
	fputs(sheet, file);
	fprintf(file, "<rect class='page' width='%.0f' height='%zu'/>\n", width, height);
	for (row = 0; row < picture->nlines; row++) {
		const struct line *line = &picture->lines[row];

		for (at = 0; at < line->length; at = end) {
			for (end = at; end < line->length && line->style[end] == line->style[at];)
				end++;
			write_stretch(line, at, end, row, file);
		}
	}
	fputs("</svg>\n", file);
}

void write_string(const char *text, FILE *file)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			fprintf(file, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

static void write_frame(const char *key, uint64_t frame, FILE *file)
{
	if (frame == NO_FRAME)
		fprintf(file, ", \"%s\": null", key);
	else
		fprintf(file, ", \"%s\": \"0x%llx\"", key, (unsigned long long)frame);
}

static void write_pages(const struct view *view, const struct mapping *mapping, FILE *file)
{
	size_t i;

	for (i = 0; i < mapping->npages; i++) {
		const struct page *page = &mapping->pages[i];

		fprintf(file, "%s    {\"page\": %zu, \"address\": \"0x%lx\", \"state\": \"%s\"",
			i ? ",\n" : "", i, mapping->start + i * view->page_size,
			state_names[page->state]);
		write_frame("frame", page->frame, file);
		write_frame("device_frame", device_frame(view, mapping, i), file);
		fputc('}', file);
	}
}

static void write_mapping(const struct view *view, const struct mapping *mapping, FILE *file)
{
	fprintf(file, "  {\"start\": \"0x%lx\", \"end\": \"0x%lx\", \"perm\": \"%s\"",
		mapping->start, mapping->end, mapping->perm);
	fprintf(file, ", \"pgoff\": %llu,\n   \"node\": ", (unsigned long long)mapping->pgoff);
	write_string(mapping->node, file);
	fputs(", \"strategy\": ", file);
	write_string(mapping->strategy, file);
	fputs(", \"flags\": ", file);
	write_string(mapping->flags, file);
	fprintf(file, ", \"pmd_mapped\": %zu, \"pages\": [\n", mapping->pmd_mapped);
	write_pages(view, mapping, file);
	fputs("\n  ]}", file);
}

void write_json(const struct view *view, FILE *file)
{
	size_t i;

	fprintf(file, "{\"pid\": %d, \"comm\": ", (int)view->pid);
	write_string(view->comm, file);
	fprintf(file, ", \"page_size\": %zu, \"npages\": %zu,\n \"mappings\": [\n",
		view->page_size, view->npages);
	for (i = 0; i < view->nmappings; i++) {
		fputs(i ? ",\n" : "", file);
		write_mapping(view, &view->mappings[i], file);
	}
	fputs("\n ],\n \"notes\": [", file);
	for (i = 0; i < view->nnotes; i++) {
		fputs(i ? ", " : "", file);
		write_string(view->notes[i], file);
	}
	fputs("]}\n", file);
}

// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

#define LABEL		9	/* width of the column that names the rows */
#define NUMBER		8	/* width of the number before a row of letters */
#define SMALL		64	/* pages of a mapping that is always drawn with its frames */
#define FRAME_LINES	5	/* lines of a row of frames, the blank one included */
#define OTHER_LINES	8	/* what is above and below them */

/* A state in a cell, and where a page has one letter. */
static const struct {
	const char	*word;
	char		letter;
} cells[NR_STATES] = {
	[UNTOUCHED]	= { ".",	'.' },
	[DEVICE]	= { "device",	'd' },
	[HUGE]		= { "huge",	'H' },
	[COPY]		= { "COPY",	'C' },
	[SWAPPED]	= { "swap",	's' },
	[GONE]		= { "gone",	'x' },
	[UNKNOWN]	= { "?",	'?' },
};

static struct line *new_line(struct picture *picture)
{
	struct line *line;

	picture->lines = reallocarray(picture->lines, picture->nlines + 1, sizeof(*line));
	if (!picture->lines) {
		fputs("maps-view: out of memory\n", stderr);
		exit(1);
	}
	line = &picture->lines[picture->nlines++];
	memset(line, 0, sizeof(*line));
	return line;
}

/* Adds text to the last line; what is beyond the width is cut off. */
__attribute__((format(printf, 3, 4)))
static void put(struct picture *picture, enum style style, const char *format, ...)
{
	struct line *line = &picture->lines[picture->nlines - 1];
	char text[MAX_WIDTH + 1];
	size_t length, i;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	length = strlen(text);
	if (length > picture->width - line->length)
		length = picture->width - line->length;
	for (i = 0; i < length; i++) {
		line->text[line->length] = text[i];
		line->style[line->length++] = style;
	}
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

struct counts {
	size_t states[NR_STATES];
	size_t frames;		/* known ones, of the process */
	size_t runs;		/* of contiguous ones */
	size_t device_frames;
	size_t device_runs;
};

static bool follows(uint64_t before, uint64_t frame)
{
	return before != NO_FRAME && frame == before + 1;
}

static void count(const struct view *view, const struct mapping *mapping, struct counts *counts)
{
	uint64_t before = NO_FRAME, device_before = NO_FRAME;
	size_t i;

	memset(counts, 0, sizeof(*counts));
	for (i = 0; i < mapping->npages; i++) {
		uint64_t frame = mapping->pages[i].frame;
		uint64_t device = device_frame(view, mapping, i);

		counts->states[mapping->pages[i].state]++;
		counts->frames += frame != NO_FRAME;
		counts->runs += frame != NO_FRAME && !follows(before, frame);
		counts->device_frames += device != NO_FRAME;
		counts->device_runs += device != NO_FRAME && !follows(device_before, device);
		before = frame;
		device_before = device;
	}
}

static void draw_head(struct picture *picture, const struct view *view)
{
	new_line(picture);
	put(picture, STRONG, "maps-view: %s, process %d", view->comm, (int)view->pid);
	put(picture, PLAIN, "; the device has %zu page%s of %zu KiB", view->npages,
	    plural(view->npages), view->page_size / 1024);
}

static void draw_mapping_head(struct picture *picture, const struct view *view,
			      const struct mapping *mapping)
{
	struct counts counts;
	const char *sep = "";
	int state;

	count(view, mapping, &counts);
	new_line(picture);
	new_line(picture);
	put(picture, STRONG, "%lx-%lx", mapping->start, mapping->end);
	put(picture, PLAIN, " %s %s (%s) from page %llu on", mapping->perm, mapping->node,
	    mapping->strategy, (unsigned long long)mapping->pgoff);

	new_line(picture);
	put(picture, PLAIN, "%zu page%s: ", mapping->npages, plural(mapping->npages));
	for (state = 0; state < NR_STATES; state++) {
		if (!counts.states[state])
			continue;
		put(picture, PLAIN, "%s%zu %s", sep, counts.states[state], state_names[state]);
		sep = ", ";
	}
	if (!counts.frames && !counts.device_frames)
		return;

	new_line(picture);
	if (counts.frames)
		put(picture, PLAIN, "%zu frame%s in %zu run%s", counts.frames,
		    plural(counts.frames), counts.runs, plural(counts.runs));
	if (counts.device_frames)
		put(picture, PLAIN, "%sthe device's %zu in %zu", counts.frames ? "; " : "",
		    counts.device_frames, counts.device_runs);
}

static void select_cell(struct picture *picture, size_t width)
{
	struct line *line = &picture->lines[picture->nlines - 1];

	line->selected_at = line->length;
	line->selected = width;
	picture->selected_line = picture->nlines - 1;
}

/* One letter a page, in groups of eight. */
static void draw_letters(struct picture *picture, const struct mapping *mapping, size_t selected)
{
	size_t i;

	picture->per_row = (picture->width - NUMBER) / 9 * 8;

	for (i = 0; i < mapping->npages; i++) {
		enum state state = mapping->pages[i].state;

		if (i % picture->per_row == 0) {
			new_line(picture);
			put(picture, FAINT, "%*zu ", NUMBER - 1, i);
		}
		if (i % 8 == 0)
			put(picture, PLAIN, " ");
		if (i == selected)
			select_cell(picture, 1);
		put(picture, STATES + state, "%c", cells[state].letter);
	}
}

/* A frame number; what stands before it tells whether it follows its neighbour's. */
static void draw_frame(struct picture *picture, enum style style, int width, uint64_t before,
		       uint64_t frame)
{
	char number[24] = "";
	int fill;

	if (frame != NO_FRAME)
		snprintf(number, sizeof(number), "%llx", (unsigned long long)frame);
	for (fill = width - (int)strlen(number); fill > 0; fill--)
		put(picture, style, follows(before, frame) ? "-" : " ");
	put(picture, style, "%s", number);
}

static int frame_width(const struct view *view, const struct mapping *mapping)
{
	uint64_t most = 0;
	char number[24];
	size_t i;

	for (i = 0; i < mapping->npages; i++) {
		uint64_t device = device_frame(view, mapping, i);

		if (mapping->pages[i].frame != NO_FRAME && mapping->pages[i].frame > most)
			most = mapping->pages[i].frame;
		if (device != NO_FRAME && device > most)
			most = device;
	}
	snprintf(number, sizeof(number), "%llx", (unsigned long long)most);
	return strlen(number) > 6 ? strlen(number) + 2 : 8;
}

/* A multiple of four, where there is room for so many. */
static size_t frames_per_row(const struct picture *picture, int width)
{
	size_t cells = (picture->width - LABEL) / width;

	return cells < 4 ? (cells ?: 1) : cells / 4 * 4;
}

/* Are the frames of @mapping to be seen without scrolling? */
static bool fits(const struct picture *picture, const struct view *view,
		 const struct mapping *mapping, size_t height)
{
	size_t cells = frames_per_row(picture, frame_width(view, mapping));
	size_t rows = (mapping->npages + cells - 1) / cells;

	return rows * FRAME_LINES + OTHER_LINES <= height;
}

/* Rows of: the page's number, its state, its frame, the device's frame. */
static void draw_frames(struct picture *picture, const struct view *view,
			const struct mapping *mapping, size_t selected)
{
	int width = frame_width(view, mapping);
	size_t first, i, end;

	picture->per_row = frames_per_row(picture, width);

	for (first = 0; first < mapping->npages; first = end) {
		uint64_t before;

		end = first + picture->per_row;
		if (end > mapping->npages)
			end = mapping->npages;

		new_line(picture);
		if (first)
			new_line(picture);
		put(picture, FAINT, "%-*s", LABEL, "page");
		for (i = first; i < end; i++)
			put(picture, FAINT, "%*zu", width, i);

		new_line(picture);
		put(picture, FAINT, "%-*s", LABEL, "state");
		for (i = first; i < end; i++) {
			enum state state = mapping->pages[i].state;

			put(picture, PLAIN, " ");
			if (i == selected)
				select_cell(picture, width - 1);
			put(picture, STATES + state, "%*s", width - 1, cells[state].word);
		}

		new_line(picture);
		put(picture, FAINT, "%-*s", LABEL, "process");
		before = first ? mapping->pages[first - 1].frame : NO_FRAME;
		for (i = first; i < end; i++) {
			enum state state = mapping->pages[i].state;

			draw_frame(picture, state == COPY ? STRONG : PLAIN, width, before,
				   mapping->pages[i].frame);
			before = mapping->pages[i].frame;
		}

		new_line(picture);
		put(picture, FAINT, "%-*s", LABEL, "device");
		before = first ? device_frame(view, mapping, first - 1) : NO_FRAME;
		for (i = first; i < end; i++) {
			draw_frame(picture, PLAIN, width, before, device_frame(view, mapping, i));
			before = device_frame(view, mapping, i);
		}
	}
}

static void put_frame(struct picture *picture, const char *what, uint64_t frame)
{
	if (frame != NO_FRAME)
		put(picture, PLAIN, ", %s %llx", what, (unsigned long long)frame);
}

static void draw_selected(struct picture *picture, const struct view *view,
			  const struct mapping *mapping, size_t i)
{
	const struct page *page = &mapping->pages[i];

	new_line(picture);
	put(picture, STRONG, "page %zu", i);
	put(picture, PLAIN, " at %lx: %s", mapping->start + i * view->page_size,
	    state_names[page->state]);
	put_frame(picture, "frame", page->frame);
	put_frame(picture, "the device's frame", device_frame(view, mapping, i));
}

static void draw_legend(struct picture *picture)
{
	static const char *const meanings[NR_STATES] = {
		[UNTOUCHED]	= "not touched",
		[DEVICE]	= "the device's page",
		[HUGE]		= "by a huge entry",
		[COPY]		= "private copy",
		[SWAPPED]	= "swapped out",
		[GONE]		= "past the end",
		[UNKNOWN]	= "not told",
	};
	size_t used = SIZE_MAX;
	int state;

	new_line(picture);
	for (state = 0; state < NR_STATES; state++) {
		size_t length = strlen(meanings[state]) + 4;

		if (used > picture->width - length) {
			new_line(picture);
			used = 0;
		}
		used += length;
		put(picture, STATES + state, "%c", cells[state].letter);
		put(picture, FAINT, " %s  ", meanings[state]);
	}
	new_line(picture);
	put(picture, FAINT, "Frames joined by -- are contiguous.");
}

/* What is longer than a line is broken between words. */
static void draw_note(struct picture *picture, const char *note)
{
	const char *head = "Note: ";
	size_t room = picture->width - strlen(head);

	for (; *note; head = "      ") {
		size_t length = strlen(note);

		if (length > room)
			for (length = room; length > 1 && note[length] != ' ';)
				length--;
		new_line(picture);
		put(picture, STRONG, "%s", head);
		put(picture, PLAIN, "%.*s", (int)length, note);
		note += length;
		note += strspn(note, " ");
	}
}

void draw_picture(struct picture *picture, const struct view *view, enum detail detail,
		  size_t width, size_t height, size_t selected)
{
	size_t m, i;

	free_picture(picture);
	picture->width = width < MIN_WIDTH ? MIN_WIDTH : width > MAX_WIDTH ? MAX_WIDTH : width;

	draw_head(picture, view);
	if (!view->nmappings) {
		new_line(picture);
		put(picture, PLAIN, "It has nothing of the device mapped.");
	}
	for (m = 0; m < view->nmappings; m++) {
		const struct mapping *mapping = &view->mappings[m];
		bool small = mapping->npages <= SMALL || fits(picture, view, mapping, height);

		draw_mapping_head(picture, view, mapping);
		if (detail == WITH_FRAMES || (detail == BY_SIZE && small))
			draw_frames(picture, view, mapping, selected);
		else
			draw_letters(picture, mapping, selected);
		if (selected < mapping->npages)
			draw_selected(picture, view, mapping, selected);
		selected = selected == NOTHING || selected < mapping->npages ?
			NOTHING : selected - mapping->npages;
	}
	draw_legend(picture);
	for (i = 0; i < view->nnotes; i++)
		draw_note(picture, view->notes[i]);
}

void free_picture(struct picture *picture)
{
	free(picture->lines);
	memset(picture, 0, sizeof(*picture));
}

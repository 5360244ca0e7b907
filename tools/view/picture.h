/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The picture of a view, as lines of characters that have a style each. The
 * terminal, the SVG file and plain text all paint this one.
 */
#ifndef VIEW_PICTURE_H
#define VIEW_PICTURE_H

#include <stdio.h>

#include "process.h"

enum style {
	PLAIN,
	STRONG,
	FAINT,
	STATES,			/* a state's own style is STATES + its number */
	NR_STYLES = STATES + NR_STATES,
};

#define MIN_WIDTH 40
#define MAX_WIDTH 200

struct line {
	char		text[MAX_WIDTH + 1];
	unsigned char	style[MAX_WIDTH];
	size_t		length;
	size_t		selected;	/* width of the selected cell, 0 for none */
	size_t		selected_at;
};

struct picture {
	struct line	*lines;
	size_t		nlines;
	size_t		width;
	size_t		per_row;	/* cells beside each other */
	size_t		selected_line;
};

/* No page is selected. */
#define NOTHING SIZE_MAX

enum detail {
	BY_SIZE,	/* frames for a mapping that is small or fits, letters for a large one */
	WITH_FRAMES,
	LETTERS,
};

/*
 * Draws @view anew; @height is that of the screen, 0 where there is none;
 * @selected counts the pages of all mappings.
 */
void draw_picture(struct picture *picture, const struct view *view, enum detail detail,
		  size_t width, size_t height, size_t selected);
void free_picture(struct picture *picture);

void write_text(const struct picture *picture, FILE *file);
void write_svg(const struct picture *picture, FILE *file);
void write_json(const struct view *view, FILE *file);
/* A string of JSON. */
void write_string(const char *text, FILE *file);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * maps-view: shows what a process has mapped of /dev/maps*: which page, which
 * frame, the device's or a copy.
 */
#include <curses.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "picture.h"
#include "screen.h"

/* Its macros are everyday words: after all other headers. */
#include <term.h>

static const char usage[] =
	"usage: maps-view [-p PID] [--watch] [--frames|--letters] [--text|--svg|--json]\n"
	"\n"
	"Shows the pages that a process has mapped of the device: untouched, the\n"
	"device's, copied; their frames, and the device's own beside them.\n"
	"\n"
	"  -p, --pid PID   this process (the first that has the device mapped)\n"
	"  -w, --watch     draw anew as faults arrive\n"
	"  -f, --frames    every page with its frames, however many there are\n"
	"  -l, --letters   a letter a page, however few there are\n"
	"  -t, --text      the picture as text, also when this is no terminal\n"
	"  -s, --svg       the picture as an SVG file\n"
	"  -j, --json      the data\n"
	"  -h, --help      this\n";

enum format { ON_SCREEN, TEXT, SVG, JSON };

static const struct option options[] = {
	{ "pid",	required_argument,	NULL, 'p' },
	{ "watch",	no_argument,		NULL, 'w' },
	{ "frames",	no_argument,		NULL, 'f' },
	{ "letters",	no_argument,		NULL, 'l' },
	{ "text",	no_argument,		NULL, 't' },
	{ "svg",	no_argument,		NULL, 's' },
	{ "json",	no_argument,		NULL, 'j' },
	{ "help",	no_argument,		NULL, 'h' },
	{ NULL,		0,			NULL, 0 },
};

struct request {
	pid_t		pid;
	bool		watch;
	enum detail	detail;
	enum format	format;
};

static void parse(int argc, char **argv, struct request *request)
{
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "p:wfltsjh", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			request->pid = strtol(optarg, &end, 10);
			if (*end || request->pid <= 0) {
				fprintf(stderr, "maps-view: %s is no process's number\n", optarg);
				exit(2);
			}
			break;
		case 'w':
			request->watch = true;
			break;
		case 'f':
			request->detail = WITH_FRAMES;
			break;
		case 'l':
			request->detail = LETTERS;
			break;
		case 't':
			request->format = TEXT;
			break;
		case 's':
			request->format = SVG;
			break;
		case 'j':
			request->format = JSON;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* Can the cursor be moved? On a "dumb" terminal it cannot. */
static bool can_draw(void)
{
	int err;

	return isatty(STDOUT_FILENO) && setupterm(NULL, STDOUT_FILENO, &err) == OK &&
	       cursor_address;
}

static int print(const struct request *request, const struct view *view)
{
	struct picture picture = { 0 };

	draw_picture(&picture, view, request->detail, 80, 0, NOTHING);
	switch (request->format) {
	case SVG:
		write_svg(&picture, stdout);
		break;
	case JSON:
		write_json(view, stdout);
		break;
	default:
		write_text(&picture, stdout);
	}
	free_picture(&picture);
	if (fflush(stdout)) {
		perror("maps-view: standard output");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct request request = { .format = can_draw() ? ON_SCREEN : TEXT };
	struct view view = { 0 };
	int status;

	parse(argc, argv, &request);
	if (request.watch && request.format != ON_SCREEN) {
		fputs("maps-view: --watch wants a terminal that it can draw on (see TERM)\n",
		      stderr);
		return 2;
	}
	if (!module_loaded()) {
		fputs("maps-view: the module is not loaded: insmod module/maps.ko\n", stderr);
		return 1;
	}
	if (!request.pid)
		request.pid = find_process();
	if (!request.pid) {
		fputs("maps-view: no process that we may look at has mapped the device\n", stderr);
		return 1;
	}
	if (!read_view(&view, request.pid)) {
		fprintf(stderr, "maps-view: process %d: %s\n", (int)request.pid, strerror(errno));
		return 1;
	}
	if (request.format == ON_SCREEN)
		status = run_screen(request.pid, request.detail, request.watch);
	else
		status = print(&request, &view);
	free_view(&view);
	return status;
}

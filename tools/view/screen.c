// SPDX-License-Identifier: GPL-2.0-only
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "screen.h"

/*
 * How long to wait before looking anew by ourselves, in milliseconds: a write
 * to a page that was read before is copied without asking the device.
 */
#define PERIOD 250

/* Lines that the events have when the picture needs all others. */
#define MIN_EVENTS 3

static const char *const help[] = {
	"arrows          the next page, or the one above or below",
	"Home, End       the first page, the last page",
	"f               change between frames and letters",
	"r               look at the process again",
	"?               this help",
	"q               leave",
	"",
	"The page that is underlined is described below its mapping.",
	"The letters are explained below the picture.",
	NULL,
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int attributes[NR_STYLES];

/* A state is told by its letter or word; colour comes on top. */
static void init_styles(void)
{
	static const short backgrounds[NR_STATES] = {
		[DEVICE]	= COLOR_CYAN,
		[HUGE]		= COLOR_GREEN,
		[COPY]		= COLOR_YELLOW,
		[SWAPPED]	= COLOR_MAGENTA,
		[GONE]		= COLOR_RED,
	};
	const char *no_color = getenv("NO_COLOR");
	int state;

	attributes[STRONG] = A_BOLD;
	attributes[FAINT] = A_DIM;
	attributes[STATES + COPY] = A_REVERSE;
	if (!has_colors() || (no_color && *no_color))
		return;
	start_color();
	use_default_colors();
	for (state = 0; state < NR_STATES; state++) {
		if (!backgrounds[state])
			continue;
		init_pair(state + 1, COLOR_BLACK, backgrounds[state]);
		attributes[STATES + state] = COLOR_PAIR(state + 1);
	}
}

struct screen {
	struct view	view;
	struct picture	picture;
	struct events	events;
	enum detail	detail;
	size_t		selected;
	size_t		pages;		/* of all mappings */
	size_t		top;		/* the first line that is seen */
	bool		watch;
	bool		alive;
	bool		helping;
};

static void paint_line(const struct line *line, int row)
{
	size_t i;

	for (i = 0; i < line->length; i++) {
		int attribute = attributes[line->style[i]];

		if (line->selected && i >= line->selected_at &&
		    i < line->selected_at + line->selected)
			attribute |= A_UNDERLINE | A_BOLD;
		mvaddch(row, i, (unsigned char)line->text[i] | attribute);
	}
}

static void paint_help(void)
{
	int i;

	mvprintw(0, 0, "%.*s", COLS - 1, "maps-view: keys");
	for (i = 0; help[i] && i + 2 < LINES - 1; i++)
		mvprintw(i + 2, 0, "%.*s", COLS - 1, help[i]);
	mvprintw(LINES - 1, 0, "%.*s", COLS - 1, "Any key shows the picture again.");
}

static void paint_bottom(const struct screen *screen, size_t events)
{
	int row = LINES - 1;
	size_t i;

	mvprintw(row, 0, "%.*s", COLS - 1, screen->alive ?
		 "q leave  arrows move  f frames or letters  r look again  ? help" :
		 "q leave  The process has ended; this is what it had.");
	for (i = 0; i < events; i++)
		mvprintw(--row, 0, "%.*s", COLS - 1, screen->events.last[i]);
}

/* The events have the lines that the picture leaves. */
static size_t room_for_events(const struct screen *screen)
{
	size_t lines = LINES - 1, free;

	if (!screen->watch)
		return 0;
	free = lines > screen->picture.nlines ? lines - screen->picture.nlines : 0;
	return free < MIN_EVENTS ? MIN_EVENTS : free > NR_EVENTS ? NR_EVENTS : free;
}

static void paint(struct screen *screen)
{
	const struct picture *picture = &screen->picture;
	size_t events = room_for_events(screen);
	size_t room = LINES - 1 - events;
	size_t i;

	/* The selected page's rows stay in sight. */
	if (picture->selected_line < screen->top + 1)
		screen->top = picture->selected_line ? picture->selected_line - 1 : 0;
	if (picture->selected_line + 3 > screen->top + room)
		screen->top = picture->selected_line + 3 - room;
	if (screen->top + room > picture->nlines)
		screen->top = picture->nlines > room ? picture->nlines - room : 0;

	erase();
	if (screen->helping) {
		paint_help();
		refresh();
		return;
	}
	for (i = 0; i < room && screen->top + i < picture->nlines; i++)
		paint_line(&picture->lines[screen->top + i], i);
	paint_bottom(screen, events);
	refresh();
}

/* The last thing seen stays when the process is gone. */
static void look(struct screen *screen)
{
	struct view view = { 0 };
	size_t m;

	if (!read_view(&view, screen->view.pid)) {
		screen->alive = false;
		free_view(&view);
		return;
	}
	free_view(&screen->view);
	screen->view = view;
	for (screen->pages = m = 0; m < view.nmappings; m++)
		screen->pages += view.mappings[m].npages;
	if (screen->selected >= screen->pages)
		screen->selected = screen->pages ? screen->pages - 1 : 0;
}

static void draw(struct screen *screen)
{
	draw_picture(&screen->picture, &screen->view, screen->detail, COLS, LINES,
		     screen->pages ? screen->selected : NOTHING);
	paint(screen);
}

static void move_by(struct screen *screen, long pages)
{
	long to = (long)screen->selected + pages;

	if (to >= 0 && to < (long)screen->pages)
		screen->selected = to;
}

/* False to leave. */
static bool handle_key(struct screen *screen, int key)
{
	if (screen->helping) {
		screen->helping = key == KEY_RESIZE;
		return true;
	}
	switch (key) {
	case 'q':
		return false;
	case '?':
		screen->helping = true;
		break;
	case KEY_LEFT:
		move_by(screen, -1);
		break;
	case KEY_RIGHT:
		move_by(screen, 1);
		break;
	case KEY_UP:
		move_by(screen, -(long)screen->picture.per_row);
		break;
	case KEY_DOWN:
		move_by(screen, screen->picture.per_row);
		break;
	case KEY_HOME:
		screen->selected = 0;
		break;
	case KEY_END:
		screen->selected = screen->pages ? screen->pages - 1 : 0;
		break;
	case 'f':
		screen->detail = screen->detail == LETTERS ? WITH_FRAMES : LETTERS;
		break;
	case 'r':
		look(screen);
		break;
	}
	return true;
}

/* Until something happens: a key, an event, or with watch the period. */
static void wait_for_news(struct screen *screen)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = screen->events.fd, .events = POLLIN },
	};

	if (poll(fds, 2, screen->watch ? PERIOD : -1) < 0 && errno != EINTR)
		stopped = 1;
	if (fds[0].revents & (POLLHUP | POLLERR))
		stopped = 1;
}

static void interact(struct screen *screen)
{
	bool stay = true;
	int key;

	while (stay && !stopped) {
		if (screen->watch && screen->alive) {
			read_events(&screen->events);
			look(screen);
		}
		draw(screen);
		wait_for_news(screen);
		while (stay && (key = getch()) != ERR)
			stay = handle_key(screen, key);
	}
}

int run_screen(pid_t pid, enum detail detail, bool watch)
{
	struct screen screen = { .detail = detail, .watch = watch, .alive = true };
	struct sigaction action = { .sa_handler = stop };
	int err = 0;

	screen.events.fd = -1;
	screen.view.pid = pid;
	if (watch && !open_events(&screen.events))
		err = errno;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	if (!newterm(NULL, stdout, stdin)) {
		fprintf(stderr, "maps-view: the terminal is not known: set TERM, or use --text\n");
		close_events(&screen.events);
		return 1;
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	init_styles();
	if (err)
		snprintf(screen.events.last[0], sizeof(screen.events.last[0]),
			 "No events, looking %d times a second: %s", 1000 / PERIOD, strerror(err));

	look(&screen);
	interact(&screen);

	endwin();
	close_events(&screen.events);
	free_picture(&screen.picture);
	free_view(&screen.view);
	return 0;
}

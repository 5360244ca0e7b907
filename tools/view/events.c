// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events.h"

#define TRACEFS "/sys/kernel/tracing"

static char instance[64];

static bool write_file(const char *name, const char *text)
{
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

bool open_events(struct events *events)
{
	char path[128];
	int err;

	memset(events, 0, sizeof(*events));
	events->fd = -1;
	snprintf(instance, sizeof(instance), TRACEFS "/instances/maps-view-%d", (int)getpid());
	if (mkdir(instance, 0700))
		return false;

	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	if (write_file("events/maps/enable", "1"))
		events->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (events->fd >= 0)
		return true;

	err = errno;
	rmdir(instance);
	errno = err;
	return false;
}

/* Takes the word that begins with @key out of @text. */
static void drop_word(char *text, const char *key)
{
	char *at = strstr(text, key);
	size_t length;

	if (!at)
		return;
	length = strcspn(at, " ");
	length += at[length] == ' ';
	memmove(at, at + length, strlen(at + length) + 1);
}

/*
 * Of "   task-PID  [CPU] flags time: event: what" keeps the task, the event,
 * and what the picture does not show anyway.
 */
static void take_line(struct events *events, char *line)
{
	char *task = line + strspn(line, " ");
	char *cpu = strstr(task, " [");
	char *event = strstr(task, ": maps_");

	if (!cpu || !event)
		return;
	while (cpu > task && *cpu == ' ')
		*cpu-- = '\0';
	drop_word(event, "strategy=");
	drop_word(event, "address=");

	memmove(events->last[1], events->last[0], sizeof(events->last) - sizeof(events->last[0]));
	snprintf(events->last[0], sizeof(events->last[0]), "%.40s %.150s", task, event + 2);
}

bool read_events(struct events *events)
{
	bool any = false;
	ssize_t got;
	char *end;

	while (events->fd >= 0) {
		got = read(events->fd, events->partial + events->used,
			   sizeof(events->partial) - 1 - events->used);
		if (got <= 0)
			break;
		any = true;
		events->used += got;
		events->partial[events->used] = '\0';
		while ((end = strchr(events->partial, '\n'))) {
			*end++ = '\0';
			take_line(events, events->partial);
			events->used -= end - events->partial;
			memmove(events->partial, end, events->used + 1);
		}
		/* No line of ours is as long: whatever this is, drop it. */
		if (events->used == sizeof(events->partial) - 1)
			events->used = 0;
	}
	return any;
}

void close_events(struct events *events)
{
	if (events->fd < 0)
		return;
	write_file("events/maps/enable", "0");
	close(events->fd);
	events->fd = -1;
	rmdir(instance);
}

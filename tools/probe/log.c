// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's log says while a probe is asked: the first line that is a
 * warning, a BUG, or a report by one of the kernel's checkers.
 */
#define _GNU_SOURCE
#include "probe.h"

static int log_fd = -1;

bool watch_log(void)
{
	static bool tried;

	if (!tried) {
		tried = true;
		log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (log_fd >= 0)
			lseek(log_fd, 0, SEEK_END);
	}
	return log_fd >= 0;
}

static bool is_report(const char *line)
{
	static const char * const words[] = {
		"WARNING: ", "BUG: ", "BUG at ", "KASAN: ", "KCSAN: ", "UBSAN: ", "Oops",
		"refcount_t: ", "Bad page ", "corruption", "general protection fault",
		"INFO: possible ", "INFO: task ", "page_table_check", "suspected memory leak",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* "WARNING in ring_buffer_map": what it is, and in which function. */
static void shorten(char *line, char *report, size_t size)
{
	char *offset = strstr(line, "+0x"), *function = offset;

	line[strcspn(line, "\n")] = 0;
	while (function > line && function[-1] != ' ')
		function--;
	if (offset)
		snprintf(report, size, "%.*s in %.*s", (int)strcspn(line, ":"), line,
			 (int)(offset - function), function);
	else
		snprintf(report, size, "%s", line);
}

void read_log(char *report, size_t size)
{
	char record[2048], *line;
	ssize_t len;

	*report = 0;
	if (!watch_log())
		return;
	/* EPIPE: records were overwritten before they were read. */
	for (;;) {
		len = read(log_fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			break;
		record[len] = 0;
		line = strchr(record, ';');
		if (line && !*report && is_report(line + 1))
			shorten(line + 1, report, size);
	}
}

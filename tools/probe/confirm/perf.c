// SPDX-License-Identifier: GPL-2.0-only
/*
 * perf: is a writable mapping of a ring granted, and a write to its second page SIGBUS?
 * A child does not inherit the mapping: asked by a handler.
 */
#include "confirm.h"

#include <linux/perf_event.h>
#include <signal.h>

static void caught(int sig)
{
	static const char said[] = "a write to a mapping made with PROT_WRITE ends in signal 7\n";

	(void)sig;
	_exit(write(STDOUT_FILENO, said, sizeof(said) - 1) != sizeof(said) - 1);
}

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	signal(SIGBUS, caught);
	map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 3 * PAGE, 0)[WORDS] = 1;
	return 1;
}

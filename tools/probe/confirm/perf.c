// SPDX-License-Identifier: GPL-2.0-only
/* perf: is a writable mapping of a ring granted, and a write to its second page SIGBUS? */
#include "confirm.h"

#include <linux/perf_event.h>
#include <signal.h>

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), sig;

	sig = signal_of(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 3 * PAGE, 0) + WORDS, 1);
	printf("a write to a mapping made with PROT_WRITE ends in signal %d\n", sig);
	return sig != SIGBUS;
}

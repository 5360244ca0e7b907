// SPDX-License-Identifier: GPL-2.0-only
/* uio: after munmap() of the first page of a map, is its second page SIGBUS? */
#include "confirm.h"

#include <signal.h>

int main(void)
{
	volatile uint32_t *at = map(open("/dev/uio0", O_RDWR), PROT_READ, MAP_SHARED, 4 * PAGE, 0);
	int before = signal_of(at + WORDS, 0), after;

	munmap((void *)at, PAGE);
	after = signal_of(at + WORDS, 0);
	printf("the second page ends in signal %d, without munmap() in %d\n", after, before);
	return before || after != SIGBUS;
}

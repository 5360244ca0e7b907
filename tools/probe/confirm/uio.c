// SPDX-License-Identifier: GPL-2.0-only
/* uio: after munmap() of the first page of a map, is its second page SIGBUS? */
#include "confirm.h"

#include <signal.h>

int main(void)
{
	FILE *file = fopen("/sys/class/uio/uio0/maps/map0/size", "r");
	volatile uint32_t *at;
	int before, after;
	size_t size;

	if (!file || fscanf(file, "%zi", &size) != 1)
		stop("uio0");
	at = map(open("/dev/uio0", O_RDWR), PROT_READ, MAP_SHARED, size, 0);
	before = signal_of(at + WORDS, 0);
	munmap((void *)at, PAGE);
	after = signal_of(at + WORDS, 0);
	printf("the second page ends in signal %d, before munmap() in %d\n", after, before);
	return before || after != SIGBUS;
}

// SPDX-License-Identifier: GPL-2.0-only
/* zero: is a shared mapping of /dev/zero from an offset on granted, and a read of it SIGBUS? */
#include "confirm.h"

#include <signal.h>

int main(void)
{
	int sig = signal_of(map(open("/dev/zero", O_RDWR), PROT_READ, MAP_SHARED, PAGE, PAGE), 0);

	printf("a read ends in signal %d\n", sig);
	return sig != SIGBUS;
}

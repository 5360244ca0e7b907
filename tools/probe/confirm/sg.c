// SPDX-License-Identifier: GPL-2.0-only
/*
 * sg tail: after munmap() of the first page, is the last one SIGBUS?
 * sg resize: after munmap() of all, is SG_SET_RESERVED_SIZE still EBUSY?
 */
#include "confirm.h"

#include <errno.h>
#include <scsi/sg.h>
#include <signal.h>

int main(int argc, char **argv)
{
	int fd = open("/dev/sg0", O_RDWR), size = 65536, sig, err;
	volatile uint32_t *at;

	if (argc < 2 || ioctl(fd, SG_SET_RESERVED_SIZE, &size))
		stop("sg0");
	at = map(fd, PROT_READ, MAP_SHARED, size, 0);
	munmap((void *)at, PAGE);
	if (!strcmp(argv[1], "tail")) {
		sig = signal_of(at + 15 * WORDS, 0);
		printf("the last page ends in signal %d\n", sig);
		return sig != SIGBUS;
	}
	munmap((void *)at, size);
	size *= 2;
	err = ioctl(fd, SG_SET_RESERVED_SIZE, &size) ? errno : 0;
	printf("after munmap() of all, resizing fails with errno %d\n", err);
	return err != EBUSY;
}

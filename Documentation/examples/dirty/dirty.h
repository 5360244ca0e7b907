/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What read() of /dev/dirty returns: a page that a program wrote to since it was
 * last read, its number first. 0 bytes if there is none. poll() waits for one.
 */
#include <linux/types.h>

#define DIRTY_NPAGES 16

struct dirty_header {
	__u64 page;	/* its bytes follow */
};

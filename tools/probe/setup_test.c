// SPDX-License-Identifier: GPL-2.0-only
/* Set-up: a driver that the test of maps-probe brings (mistake/), with a count that is wrong. */
#define _GNU_SOURCE
#include "setup.h"

#define MISTAKE_FREE	_IO('m', 0)

static int free_it(struct target *t)
{
	return ioctl(t->fd, MISTAKE_FREE);
}

static int open_uncounted(const struct subject *subject, struct target *t, int access)
{
	t->length = setup_size();
	t->release = free_it;
	t->fd = open_path(subject->node, access);
	/* A count that an earlier probe left below 0 begins anew. */
	if (t->fd >= 0)
		free_it(t);
	return had(t->fd);
}

const struct subject test_setups[] = {
	{ .name = "mistake-uncounted", .open = open_uncounted, .node = "/dev/mistake-uncounted",
	  .how = "the test's driver: .close counts, .open is missing" },
	{ }
};

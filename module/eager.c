// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of strategies: every way to map the buffer that this module has.
 */
#include <linux/kernel.h>

#include "maps.h"

/* The first row is /dev/maps0. A new strategy is a function and a row. */
const struct maps_strategy maps_strategies[] = {
	{ .name = "fault",	.fault = maps_fault },
};

const unsigned int maps_nr_strategies = ARRAY_SIZE(maps_strategies);

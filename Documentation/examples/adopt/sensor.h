/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in /dev/sensor. Sample n is in slot n % SENSOR_SLOTS until sample
 * n + SENSOR_SLOTS is taken. SENSOR_SLOTS is a power of two, so that this holds
 * when the number of samples wraps.
 */
#include <linux/types.h>

#define SENSOR_SLOTS 4096
#define SENSOR_BATCH 64

struct sensor {
	__u32 taken;
	__u32 ring[SENSOR_SLOTS];
};

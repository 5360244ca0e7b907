/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in /dev/sensor: sample n, of those taken, is in slot n % slots. */
#include <linux/types.h>

struct sensor {
	__u32 taken;
	__u32 slots;
	__u32 ring[];
};

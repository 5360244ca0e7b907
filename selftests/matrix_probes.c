// SPDX-License-Identifier: GPL-2.0-only
/*
 * All probes, in the order of the page: the sections' tables, one after the other.
 */
#include "matrix.h"

const struct probe *probes[MAX_PROBES];
size_t nr_probes;

void add_probes(const struct probe *section)
{
	for (; section->name && nr_probes < MAX_PROBES; section++)
		probes[nr_probes++] = section;
}

static void __attribute__((constructor)) add_all_probes(void)
{
	add_probes(map_probes);
	add_probes(protect_probes);
	add_probes(change_probes);
	add_probes(fork_probes);
	add_probes(memory_probes);
	add_probes(access_probes);
	add_probes(lifetime_probes);
}

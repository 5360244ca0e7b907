/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the kernel merges neighbouring mappings of a driver, and whether it asks
 * the driver first. What a kernel does is told by the functions that it has for
 * file_operations.mmap_prepare (they are listed in /proc/kallsyms):
 *
 *			f_op->mmap sees the range	flags that mmap clears
 *	to 6.15		after a merge is tried		a merge is tried again
 *	6.16 to 7.0	after a merge is tried		no merge
 *	from 7.1 on	before (mmap_prepare)		a merge is tried then
 */
#ifndef MERGING_H
#define MERGING_H

#include "maps_util.h"

/* How many VMAs lie in [at, at + len). */
static inline size_t vmas(const void *at, size_t len)
{
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];
	size_t count = 0;

	while (file && fgets(line, sizeof(line), file))
		count += sscanf(line, "%lx-%lx", &start, &end) == 2 && start >= (unsigned long)at &&
			 end <= (unsigned long)at + len;
	if (file)
		fclose(file);
	return count;
}

static inline bool kernel_has(const char *function)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], name[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %255s", name) == 1 && !strcmp(name, function);
	if (file)
		fclose(file);
	return found;
}

/* Does the driver see the range before it is merged with a neighbour? */
static inline bool asked_before_merge(void)
{
	return kernel_has("compat_set_desc_from_vma");
}

/* Is a mapping merged although f_op->mmap, or mmap_prepare, clears a flag? */
static inline bool merges_cleared_flag(void)
{
	return asked_before_merge() ||
	       !(kernel_has("compat_vma_mmap_prepare") || kernel_has("compat_vma_mmap"));
}

#endif /* MERGING_H */

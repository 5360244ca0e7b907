/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice for madvise() that C libraries older than the kernel do not name. */
#ifndef FUZZ_ABI_H
#define FUZZ_ABI_H

#include <sys/mman.h>

#ifndef MADV_COLD
#define MADV_COLD		20
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

struct advice {
	const char	*name;
	int		value;
};

extern const struct advice advices[];
extern const unsigned int nr_advices;

#endif /* FUZZ_ABI_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making allocations fail, one at a time, and loading the module for it: what
 * failnth_test and failload_test share.
 *
 * The failures come from the kernel (CONFIG_FAULT_INJECTION), by
 * /proc/thread-self/fail-nth: Documentation/fault-injection/fault-injection.rst.
 */
#ifndef FAILNTH_H
#define FAILNTH_H

#include "maps_devices.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MAX_FAILURES	100000

/* What spares an allocation by default: here none is spared. */
static const char * const spared[] = {
	"/sys/kernel/debug/failslab/ignore-gfp-wait",
	"/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait",
	"/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem",
	"/sys/kernel/debug/fail_page_alloc/min-order",
};

/* A stack trace for each failure; where there are such files. */
static const char * const verbose[] = {
	"/sys/kernel/debug/failslab/verbose",
	"/sys/kernel/debug/fail_page_alloc/verbose",
	"/sys/kernel/debug/fail_usercopy/verbose",
};

/* Prepares for failures; what is missing for that, or NULL. */
static inline const char *prepare_failures(void)
{
	size_t i;

	if (access(FAIL_NTH, W_OK))
		return "nothing can be made to fail (CONFIG_FAULT_INJECTION)";
	for (i = 0; i < ARRAY_SIZE(spared); i++)
		if (!put(spared[i], "0"))
			return "no allocation can (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC)";
	for (i = 0; i < ARRAY_SIZE(verbose); i++)
		put(verbose[i], "0");
	return module_path() ? NULL : MODULE_MISSING;
}

/* Without all that there is nothing to test: a skip, with its reason. */
static void __attribute__((constructor)) need_failures(void)
{
	const char *missing = prepare_failures();

	if (!missing)
		return;
	ksft_print_header();
	ksft_exit_skip("%s\n", missing);
}

/* For arm() and disarm(): of the thread that opens it. */
static inline int open_failures(void)
{
	return open(FAIL_NTH, O_RDWR | O_CLOEXEC);
}

/* From here on, this thread's @nth allocation fails. */
static inline void arm(int fail_nth, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, len, 0) != len)
		ksft_exit_fail_msg("%s: %s\n", FAIL_NTH, strerror(errno));
}

/* How many allocations there are until the one that fails; 0 if it has. */
static inline int left_of(int fail_nth)
{
	char left[16] = "";

	return pread(fail_nth, left, sizeof(left) - 1, 0) > 0 ? atoi(left) : -1;
}

/*
 * No more failures; whether the one that was armed has come. If it comes now,
 * in one of these two calls, it has not, and is over.
 */
static inline bool disarm(int fail_nth)
{
	if (!left_of(fail_nth))
		return true;
	pwrite(fail_nth, "0", 1, 0);
	return false;
}

#endif

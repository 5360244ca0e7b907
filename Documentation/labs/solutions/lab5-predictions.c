// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: what will happen? The answers, with the reasons in the book.
 */
#include "predictions.h"

const enum answer predictions[NR_QUESTIONS] = {
	/*
	 * The page has just been mapped, MAP_PRIVATE, readable and writable.
	 * Nobody has touched it. NOTHING, DEVICE or COPY?
	 */
	[AFTER_MMAP] = NOTHING,

	/* Now a word of it is read. What stands behind it? */
	[AFTER_READ] = DEVICE,

	/*
	 * Somebody else writes to the device, with write(). Which value does
	 * the private mapping read: OLD or NEW?
	 */
	[READ_AFTER_DEVICE_WRITE] = NEW,

	/* Now the private mapping writes to the page. What stands behind it? */
	[AFTER_WRITE] = COPY,

	/* Which value does the device have, after that write? */
	[DEVICE_AFTER_WRITE] = OLD,

	/*
	 * Somebody writes to the device again. Which value does the private
	 * mapping read: its own, the OLD one, or the NEW one?
	 */
	[READ_AFTER_ANOTHER_DEVICE_WRITE] = OLD,

	/*
	 * The page next to it was read, and never written. What stands behind
	 * the neighbour now?
	 */
	[NEIGHBOUR] = DEVICE,

	/* The process forks. What stands behind the page in the child? */
	[AFTER_FORK] = COPY,

	/*
	 * madvise(MADV_DONTNEED) drops the page, then it is read again. What
	 * stands behind it?
	 */
	[AFTER_DONTNEED] = DEVICE,

	/*
	 * In a fresh private mapping a page is read, then written: how many
	 * page faults, NONE, ONE or TWO?
	 */
	[FAULTS_READ_THEN_WRITE] = TWO,

	/* And if it is written at once? */
	[FAULTS_WRITE_FIRST] = ONE,
};

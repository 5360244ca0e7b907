// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: what will happen? Answer before you run it. The words to choose from
 * are in predictions.h; each question begins where the one before it ended.
 */
#include "predictions.h"

const enum answer predictions[NR_QUESTIONS] = {
	/*
	 * TODO 2: The page has just been mapped, MAP_PRIVATE, readable and
	 * writable. Nobody has touched it. NOTHING, DEVICE or COPY?
	 */
	[AFTER_MMAP] = I_DO_NOT_KNOW,

	/* TODO 3: Now a word of it is read. What stands behind it? */
	[AFTER_READ] = I_DO_NOT_KNOW,

	/*
	 * TODO 4: Somebody else writes to the device, with write(). Which
	 * value does the private mapping read: OLD or NEW?
	 */
	[READ_AFTER_DEVICE_WRITE] = I_DO_NOT_KNOW,

	/*
	 * TODO 5: Now the private mapping writes to the page. What stands
	 * behind it?
	 */
	[AFTER_WRITE] = I_DO_NOT_KNOW,

	/* TODO 6: Which value does the device have, after that write? */
	[DEVICE_AFTER_WRITE] = I_DO_NOT_KNOW,

	/*
	 * TODO 7: Somebody writes to the device again. Which value does the
	 * private mapping read: its own, the OLD one, or the NEW one?
	 */
	[READ_AFTER_ANOTHER_DEVICE_WRITE] = I_DO_NOT_KNOW,

	/*
	 * TODO 8: The page next to it was read, and never written. What
	 * stands behind the neighbour now?
	 */
	[NEIGHBOUR] = I_DO_NOT_KNOW,

	/*
	 * TODO 9: The process forks. What stands behind the page in the
	 * child?
	 */
	[AFTER_FORK] = I_DO_NOT_KNOW,

	/*
	 * TODO 10: madvise(MADV_DONTNEED) drops the page, then it is read
	 * again. What stands behind it?
	 */
	[AFTER_DONTNEED] = I_DO_NOT_KNOW,

	/*
	 * TODO 11: In a fresh private mapping a page is read, then written:
	 * how many page faults, NONE, ONE or TWO?
	 */
	[FAULTS_READ_THEN_WRITE] = I_DO_NOT_KNOW,

	/* TODO 12: And if it is written at once? */
	[FAULTS_WRITE_FIRST] = I_DO_NOT_KNOW,
};

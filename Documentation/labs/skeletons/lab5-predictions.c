// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: what will happen? Answer before you run it. The words to choose from
 * are in predictions.h; each question begins where the one before it ended.
 */
#include "predictions.h"

const enum answer predictions[NR_QUESTIONS] = {
	/*
	 * TODO 2: The page has just been mapped, MAP_PRIVATE, readable and
	 * writable. It was not touched. What is mapped: NOTHING, DEVICE or COPY?
	 */
	[AFTER_MMAP] = I_DO_NOT_KNOW,

	/* TODO 3: Now a word of it is read. NOTHING, DEVICE or COPY? */
	[AFTER_READ] = I_DO_NOT_KNOW,

	/*
	 * TODO 4: Another process writes to the device, with write(). Which
	 * value does the private mapping read: OLD or NEW?
	 */
	[READ_AFTER_DEVICE_WRITE] = I_DO_NOT_KNOW,

	/*
	 * TODO 5: Now the process writes to the page, through the private
	 * mapping. NOTHING, DEVICE or COPY?
	 */
	[AFTER_WRITE] = I_DO_NOT_KNOW,

	/* TODO 6: Which value does the device have after that write: OLD or NEW? */
	[DEVICE_AFTER_WRITE] = I_DO_NOT_KNOW,

	/*
	 * TODO 7: Another process writes to the device again. Which value does
	 * the private mapping read: the one that it wrote (OLD), or the one
	 * that the other process wrote (NEW)?
	 */
	[READ_AFTER_ANOTHER_DEVICE_WRITE] = I_DO_NOT_KNOW,

	/*
	 * TODO 8: The page next to it was read, and never written. What is
	 * mapped there now: NOTHING, DEVICE or COPY?
	 */
	[NEIGHBOUR] = I_DO_NOT_KNOW,

	/*
	 * TODO 9: The process forks, and the child reads the page. NOTHING,
	 * DEVICE or COPY?
	 */
	[AFTER_FORK] = I_DO_NOT_KNOW,

	/*
	 * TODO 10: madvise(MADV_DONTNEED) drops the page, then it is read
	 * again. NOTHING, DEVICE or COPY?
	 */
	[AFTER_DONTNEED] = I_DO_NOT_KNOW,

	/*
	 * TODO 11: In a fresh private mapping a page is read, then written:
	 * how many page faults, NONE, ONE or TWO?
	 */
	[FAULTS_READ_THEN_WRITE] = I_DO_NOT_KNOW,

	/* TODO 12: How many, if it is written at once? */
	[FAULTS_WRITE_FIRST] = I_DO_NOT_KNOW,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: what will happen? The answers; the reasons are in the book.
 */
#include "predictions.h"

const enum answer predictions[NR_QUESTIONS] = {
	/*
	 * The page has just been mapped, MAP_PRIVATE, readable and
	 * writable. It was not touched. What is mapped: NOTHING, DEVICE or COPY?
	 */
	[AFTER_MMAP] = NOTHING,

	/* Now a word of it is read. NOTHING, DEVICE or COPY? */
	[AFTER_READ] = DEVICE,

	/*
	 * Another process writes to the device, with write(). Which
	 * value does the private mapping read: OLD or NEW?
	 */
	[READ_AFTER_DEVICE_WRITE] = NEW,

	/*
	 * Now the process writes to the page, through the private
	 * mapping. NOTHING, DEVICE or COPY?
	 */
	[AFTER_WRITE] = COPY,

	/* Which value does the device have after that write: OLD or NEW? */
	[DEVICE_AFTER_WRITE] = OLD,

	/*
	 * Another process writes to the device again. Which value does
	 * the private mapping read: the one that it wrote (OLD), or the one
	 * that the other process wrote (NEW)?
	 */
	[READ_AFTER_ANOTHER_DEVICE_WRITE] = OLD,

	/*
	 * The page next to it was read, and never written. What is
	 * mapped there now: NOTHING, DEVICE or COPY?
	 */
	[NEIGHBOUR] = DEVICE,

	/*
	 * The process forks, and the child reads the page. NOTHING,
	 * DEVICE or COPY?
	 */
	[AFTER_FORK] = COPY,

	/*
	 * madvise(MADV_DONTNEED) drops the page, then it is read
	 * again. NOTHING, DEVICE or COPY?
	 */
	[AFTER_DONTNEED] = DEVICE,

	/*
	 * In a fresh private mapping a page is read, then written:
	 * how many page faults, NONE, ONE or TWO?
	 */
	[FAULTS_READ_THEN_WRITE] = TWO,

	/* How many, if it is written at once? */
	[FAULTS_WRITE_FIRST] = ONE,
};

/* SPDX-License-Identifier: GPL-2.0-only */
/* Lab 5: the questions, and the words that answer them. */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

enum answer {
	I_DO_NOT_KNOW,
	/* What is mapped? */
	NOTHING,	/* no frame */
	DEVICE,		/* the device's own frame */
	COPY,		/* the frame of a copy */
	/* Which value is read? */
	OLD,		/* the one from before the last write */
	NEW,		/* the one that the last write wrote */
	/* How many page faults does it take? */
	NONE,
	ONE,
	TWO,
};

/* In the order in which it happens, with page 0 of the device. */
enum question {
	AFTER_MMAP,
	AFTER_READ,
	READ_AFTER_DEVICE_WRITE,
	AFTER_WRITE,
	DEVICE_AFTER_WRITE,
	READ_AFTER_ANOTHER_DEVICE_WRITE,
	NEIGHBOUR,
	AFTER_FORK,
	AFTER_DONTNEED,
	FAULTS_READ_THEN_WRITE,
	FAULTS_WRITE_FIRST,
	NR_QUESTIONS
};

extern const enum answer predictions[NR_QUESTIONS];

#endif /* PREDICTIONS_H */

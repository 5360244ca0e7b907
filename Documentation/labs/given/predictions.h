/* SPDX-License-Identifier: GPL-2.0-only */
/* Lab 5: what can be predicted. */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

enum answer {
	I_DO_NOT_KNOW,
	/* What stands behind a page of a mapping? */
	NOTHING,	/* no frame at all */
	DEVICE,		/* the device's own frame */
	COPY,		/* another frame, with a copy */
	/* Which value is read? */
	OLD,		/* the one from before the write */
	NEW,		/* the one that was just written */
	/* How many page faults does it take? */
	NONE,
	ONE,
	TWO,
};

/* In the order in which it happens. The page meant is page 0 of the device. */
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

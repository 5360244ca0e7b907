/* SPDX-License-Identifier: GPL-2.0-only */
/* The file descriptors of a learner's program: see grade.c. */
#ifndef PROGRAM_H
#define PROGRAM_H

#define PROGRAM_DEVICE	3
#define PROGRAM_ANSWERS	4
#define PROGRAM_RESUME	5

#endif /* PROGRAM_H */

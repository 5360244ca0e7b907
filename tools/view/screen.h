/* SPDX-License-Identifier: GPL-2.0-only */
/* The picture in the terminal, to move about in and to watch. */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include <stdbool.h>

#include "picture.h"

/*
 * Shows @pid until the user leaves; with @watch, draws anew as faults arrive.
 * Returns the exit status.
 */
int run_screen(pid_t pid, enum detail detail, bool watch);

#endif

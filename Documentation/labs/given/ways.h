/* SPDX-License-Identifier: GPL-2.0-only */
/* Lab 3: what the grader calls in ways.c. */
#ifndef WAYS_H
#define WAYS_H

#include <stddef.h>

void *way_shared(int fd, size_t npages, size_t page_size);
void *way_page_by_page(int fd, size_t npages, size_t page_size);

#endif /* WAYS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the linker's --wrap calls the functions that redirect.c stands in for. */
#ifndef REDIRECT_H
#define REDIRECT_H

#include <stdio.h>
#include <sys/types.h>

int __real_mkstemp(char *path);
FILE *__real_tmpfile(void);
int __real_memfd_create(const char *name, unsigned int flags);
int __real_ftruncate(int fd, off_t size);
int __real_open(const char *path, int flags, ...);

#endif /* REDIRECT_H */

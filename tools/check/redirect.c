// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into a test of somebody else by --wrap: a file that the test makes for
 * itself is the device that SUBJECT= of the environment names, or without one what
 * the test asked for. The device has its size: setting it again succeeds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redirect.h"

static int open_subject(void)
{
	return __real_open(getenv("SUBJECT"), O_RDWR | O_CLOEXEC);
}

int __wrap_mkstemp(char *path)
{
	return getenv("SUBJECT") ? open_subject() : __real_mkstemp(path);
}

FILE *__wrap_tmpfile(void)
{
	return getenv("SUBJECT") ? fdopen(open_subject(), "r+") : __real_tmpfile();
}

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	return getenv("SUBJECT") ? open_subject() : __real_memfd_create(name, flags);
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, unsigned int);
	va_end(args);
	if (flags & O_CREAT && getenv("SUBJECT"))
		return open_subject();
	return __real_open(path, flags, mode);
}

int __wrap_ftruncate(int fd, off_t size)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISCHR(st.st_mode))
		return 0;
	return __real_ftruncate(fd, size);
}

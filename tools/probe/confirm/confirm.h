/* SPDX-License-Identifier: GPL-2.0-only */
/* For programs that show without maps-probe what it found: 0 if so, 1 if not, 2 if not here. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL

static inline _Noreturn void stop(const char *what)
{
	perror(what);
	exit(2);
}

static inline volatile uint32_t *map(int fd, int prot, int flags, size_t size, off_t offset)
{
	void *at = mmap(NULL, size, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		stop("mmap");
	return at;
}

/* The signal that a child dies of when it touches a word: reads it, or writes it. */
static inline int signal_of(volatile uint32_t *word, int write)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (write)
			*word = 1;
		else
			(void)*word;
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#define WORDS	(PAGE / sizeof(uint32_t))

/* Each page begins with its number. */
static inline void mark(volatile uint32_t *at, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		at[i * WORDS] = 0x1000 + i;
}

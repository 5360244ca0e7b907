// SPDX-License-Identifier: GPL-2.0-only
/*
 * peek DEVICE PAGE: maps one page. Another process, which has no mapping of its
 * own, reads it with process_vm_readv(), as a debugger does. For this the kernel
 * takes a reference to the page (get_user_pages()).
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Read a word of the parent. */
static int look_at(pid_t pid, void *address)
{
	unsigned int word = 0;
	struct iovec here = { &word, sizeof(word) };
	struct iovec there = { address, sizeof(word) };

	if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0) {
		printf("process_vm_readv(): %s\n", strerror(errno));
		return 1;
	}
	printf("from another process: [%08x]\n", word);
	return 0;
}

int main(int argc, char **argv)
{
	long page_size = sysconf(_SC_PAGESIZE);
	int fd, status;
	void *map;
	pid_t pid;

	if (argc != 3)
		errx(2, "usage: peek DEVICE PAGE");

	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);
	map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd,
		   atol(argv[2]) * page_size);
	if (map == MAP_FAILED)
		err(1, "mmap");

	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		status = look_at(getppid(), map);
		fflush(stdout);
		_exit(status);
	}
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return WEXITSTATUS(status);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold DEVICE COMMAND [ARG]...: maps the device, closes it, and runs a command
 * while it has only the mapping.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned int *map;
	int fd, status;
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: hold DEVICE COMMAND [ARG]...");

	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);
	map = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	close(fd);

	printf("closed, and still [%08x]\n", map[0]);
	fflush(stdout);

	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execvp(argv[2], argv + 2);
		err(1, "%s", argv[2]);
	}
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return WEXITSTATUS(status);
}

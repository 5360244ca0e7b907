// SPDX-License-Identifier: GPL-2.0-only
/*
 * program WAY: calls way_shared() or way_page_by_page() of the learner's ways.c,
 * answers with the address and errno, and waits while the grader looks at what
 * the kernel has mapped there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program.h"
#include "ways.h"

#define PAGES 16

static void wait_for_grader(void)
{
	char byte;

	if (read(PROGRAM_RESUME, &byte, 1) != 1)
		_exit(1);
}

int main(int argc, char **argv)
{
	const size_t page_size = sysconf(_SC_PAGESIZE);
	void *page;

	(void)argc;
	/*
	 * mmap() takes addresses from the top: what follows the next mapping is
	 * this one, and who maps over it is seen.
	 */
	mmap(NULL, 4 * PAGES * page_size, PROT_READ,
	     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	dprintf(PROGRAM_ANSWERS, "ready\n");
	wait_for_grader();

	errno = 0;
	if (!strcmp(argv[1], "way_shared"))
		page = way_shared(PROGRAM_DEVICE, PAGES, page_size);
	else
		page = way_page_by_page(PROGRAM_DEVICE, PAGES, page_size);
	dprintf(PROGRAM_ANSWERS, "%lx %d\n", (unsigned long)page, errno);
	wait_for_grader();
	return 0;
}

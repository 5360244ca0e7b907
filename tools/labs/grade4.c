// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 4: the fault handler. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grade.h"

#define PAGES 16

const char * const lab_title = "Lab 4: the fault handler";

static char *map_lab(size_t npages, int flags, size_t pgoff)
{
	return map(open_node("/dev/lab", O_RDWR), npages,
		   PROT_READ | PROT_WRITE, flags, pgoff);
}

static void counted(void)
{
	char *page = map_lab(1, MAP_SHARED, 2);
	long before = page_count(2), during, after;

	expect_page(page, 0, 2);
	during = page_count(2);
	if (during != before + 1)
		saw("page 2 is held %ld times before it is mapped, and %ld times while it is",
		    before, during);

	munmap(page, page_size());
	after = page_count(2);
	if (after != before)
		saw("page 2 is held %ld times before, and %ld times after it was mapped",
		    before, after);
}

static void shared(void)
{
	expect_pages(map_lab(PAGES, MAP_SHARED, 0), PAGES, 0);
}

static void private(void)
{
	expect_pages(map_lab(PAGES, MAP_PRIVATE, 0), PAGES, 0);
}

static void at_offset(void)
{
	expect_pages(map_lab(5, MAP_SHARED, 3), 5, 3);
}

static void split(void)
{
	char *page = map_lab(PAGES, MAP_SHARED, 0);

	step("munmap() of the first four pages");
	if (munmap(page, 4 * page_size()))
		saw("munmap() of the first four pages says %s",
		    strerrorname_np(errno));
	expect_pages(page + 4 * page_size(), PAGES - 4, 4);
}

static void stays_private(void)
{
	char *page = map_lab(PAGES, MAP_PRIVATE, 0);
	char byte;

	step("writing to a private mapping");
	page[100] = 'x';
	pread(open_node("/dev/lab", O_RDONLY), &byte, 1, 100);
	if (byte == 'x')
		saw("a write to a private mapping has reached the device");
	expect_pages(page, PAGES, 0);
}

static void dropped(void)
{
	char *page = map_lab(PAGES, MAP_SHARED, 0);

	expect_pages(page, PAGES, 0);
	step("madvise(MADV_DONTNEED)");
	madvise(page, PAGES * page_size(), MADV_DONTNEED);
	expect_pages(page, PAGES, 0);
}

static void forked(void)
{
	char *page = map_lab(PAGES, MAP_SHARED, 0);
	int status;
	pid_t pid;

	step("fork()");
	pid = fork();
	if (!pid) {
		expect_pages(page, PAGES, 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		saw("a child cannot read what its parent has mapped");
}

#define HANDLER "TODO 1 to 4: mmap() sets vm_ops, the handler sets vmf->page and returns 0"

const struct criterion criteria[] = {
	{ "a page is held once more while it is mapped",
	  "TODO 2: the kernel lets go of the page when it is unmapped; get_page() is what it lets go of. If the page is a wrong one, or cannot be read: the other TODOs first",
	  counted },
	{ "a shared mapping shows all 16 pages", HANDLER, shared },
	{ "a private mapping shows all 16 pages", HANDLER, private },
	{ "a mapping of 5 pages from page 3 on shows pages 3 to 7",
	  "TODO 1: vmf->pgoff counts from the device's first page; the distance from vm_start does not",
	  at_offset },
	{ "each page is still itself after the first four were unmapped",
	  "TODO 1: vm_start has moved. vmf->pgoff says the same as before",
	  split },
	{ "what is written to a private mapping stays there", HANDLER,
	  stays_private },
	{ "pages that were dropped come back", HANDLER, dropped },
	{ "a child of fork() sees the pages, too", HANDLER, forked },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

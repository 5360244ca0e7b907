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

#define SET_PAGE "set vmf->page and return 0. After vmf_insert_mixed() or vmf_insert_pfn() the kernel knows no struct page, so that O_DIRECT and debuggers cannot use the mapping"

static void counted(void)
{
	char *page = map_lab(1, MAP_SHARED, 0);
	long before = page_count(0), during, after;

	expect_device_pages(page, 1, 0);
	during = page_count(0);
	if (during == before &&
	    (has_vm_flag(page, " mm") || has_vm_flag(page, " pf")))
		saw_because(SET_PAGE,
			    "the handler maps the frame itself, without a reference to the page");
	if (during != before + 1)
		saw("page 0 has %ld reference%s before it is mapped, and %ld while it is",
		    before, plural(before), during);

	step("calling munmap()");
	munmap(page, page_size());
	after = page_count(0);
	if (after != before)
		saw("page 0 has %ld reference%s before it is mapped, and %ld after it was unmapped",
		    before, plural(before), after);
}

static void shared(void)
{
	expect_device_pages(map_lab(PAGES, MAP_SHARED, 0), PAGES, 0);
}

static void private(void)
{
	expect_device_pages(map_lab(PAGES, MAP_PRIVATE, 0), PAGES, 0);
}

static void at_offset(void)
{
	expect_device_pages(map_lab(5, MAP_SHARED, 3), 5, 3);
}

static void split(void)
{
	char *page = map_lab(PAGES, MAP_SHARED, 0);

	step("calling munmap() for the first four pages");
	if (munmap(page, 4 * page_size()))
		saw("munmap() of the first four pages returned %s",
		    strerrorname_np(errno));
	expect_pages(page + 4 * page_size(), PAGES - 4, 4);
}

static void stays_private(void)
{
	char *page = map_lab(PAGES, MAP_PRIVATE, 0);

	step("writing to a private mapping");
	page[100] = 'x';
	if (device_byte(100) == 'x')
		saw("a write to a private mapping has reached the device");
	expect_pages(page, PAGES, 0);
}

static void dropped(void)
{
	char *page = map_lab(PAGES, MAP_SHARED, 0);

	expect_pages(page, PAGES, 0);
	step("calling madvise(MADV_DONTNEED)");
	madvise(page, PAGES * page_size(), MADV_DONTNEED);
	expect_pages(page, PAGES, 0);
}

static void forked(void)
{
	char *page = map_lab(PAGES, MAP_SHARED, 0);
	int status;
	pid_t pid;

	step("calling fork()");
	pid = fork();
	if (!pid) {
		expect_pages(page, PAGES, 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		saw("a child cannot read what its parent has mapped");
}

static void outside(void)
{
	expect_refused("/dev/lab", PAGES + 1, MAP_SHARED, 0);
	expect_refused("/dev/lab", 1, MAP_SHARED, PAGES);
}

#define HANDLER "TODO 1 to 4: set vma->vm_ops in mmap(); in the handler, set vmf->page and return 0"

const struct criterion criteria[] = {
	{ "a mapped page has one more reference",
	  "TODO 2: call get_page() once. The kernel drops that reference when the page is unmapped. If a page is wrong or cannot be read, do the other TODOs first",
	  counted },
	{ "a shared mapping shows all 16 pages", HANDLER, shared },
	{ "a private mapping shows all 16 pages", HANDLER, private },
	{ "a mapping of 5 pages from page 3 on shows pages 3 to 7",
	  "TODO 1: use vmf->pgoff, which counts from the device's first page, not the distance from vm_start",
	  at_offset },
	{ "each page is still itself after the first four were unmapped",
	  "TODO 1: use vmf->pgoff. munmap() has moved vm_start; vmf->pgoff is the same as before",
	  split },
	{ "a write to a private mapping does not reach the device", HANDLER,
	  stays_private },
	{ "pages that were dropped (MADV_DONTNEED) come back", HANDLER, dropped },
	{ "a child of fork() sees the pages, too", HANDLER, forked },
	{ "what is not all inside the buffer is refused",
	  "leave the bound in lab_mmap() as it was", outside },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 2: all pages at once, and the bus error. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"

#define PAGES 16

const char * const lab_title = "Lab 2: all pages, at once";

static void whole(void)
{
	expect_pages(map(open_node("/dev/lab", O_RDWR), PAGES,
			 PROT_READ | PROT_WRITE, MAP_SHARED, 0), PAGES, 0);
}

static void at_offset(void)
{
	expect_pages(map(open_node("/dev/lab", O_RDONLY), 5, PROT_READ,
			 MAP_SHARED, 3), 5, 3);
}

static void last(void)
{
	expect_pages(map(open_node("/dev/lab", O_RDONLY), 1, PROT_READ,
			 MAP_SHARED, PAGES - 1), 1, PAGES - 1);
}

static void outside(void)
{
	expect_refused("/dev/lab", PAGES + 1, PROT_READ, MAP_SHARED, 0, EINVAL);
	expect_refused("/dev/lab", 1, PROT_READ, MAP_SHARED, PAGES, EINVAL);
	expect_refused("/dev/lab", 10, PROT_READ, MAP_SHARED, 10, EINVAL);
}

static void bus_error(void)
{
	int fd = open_node("/dev/lab", O_RDONLY);
	char *page;
	int signal;

	page = mmap(NULL, PAGES * page_size(), PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		saw("mmap() says %s already: you do look at the result. That is lab 3",
		    strerrorname_np(errno));

	signal = dies(page);
	if (!signal)
		saw("the access succeeds: remap_pfn_range() was not called once a page");
	if (signal != SIGBUS)
		saw("the access dies of %s", signal_name(signal));
}

const struct criterion criteria[] = {
	{ "a shared mapping shows all 16 pages, in order",
	  "TODO 2. Frame: vmalloc_to_pfn() of the address of that page; no two are neighbours. Address: vma->vm_start plus i pages",
	  whole },
	{ "a mapping of 5 pages from page 3 on shows pages 3 to 7",
	  "TODO 2: page i of the mapping is page vma->vm_pgoff + i of the buffer",
	  at_offset },
	{ "the last page can be mapped alone",
	  "TODO 1: offset 15, one page, is inside. TODO 2: and it is page 15 of the buffer",
	  last },
	{ "what is not all inside the buffer is refused",
	  "TODO 1: vm_pgoff < LAB_PAGES, and vma_pages(vma) <= LAB_PAGES - vm_pgoff. Length alone is not enough",
	  outside },
	{ "a private mapping dies of a bus error at the first touch",
	  "TODO 3: let every error pass, this once. It is what the question did: mmap() said yes, and nothing is mapped",
	  bus_error },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

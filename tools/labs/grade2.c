// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 2: all pages at once, and the bus error. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "grade.h"

#define PAGES 16

const char * const lab_title = "Lab 2: all pages, at once";

static void whole(void)
{
	expect_device_pages(map(open_node("/dev/lab", O_RDWR), PAGES,
				PROT_READ | PROT_WRITE, MAP_SHARED, 0), PAGES, 0);
}

static void at_offset(void)
{
	expect_device_pages(map(open_node("/dev/lab", O_RDONLY), 5, PROT_READ,
				MAP_SHARED, 3), 5, 3);
}

static void last_page(void)
{
	expect_device_pages(map(open_node("/dev/lab", O_RDONLY), 1, PROT_READ,
				MAP_SHARED, PAGES - 1), 1, PAGES - 1);
}

static void outside(void)
{
	expect_refused("/dev/lab", PAGES + 1, MAP_SHARED, 0);
	expect_refused("/dev/lab", 1, MAP_SHARED, PAGES);
	expect_refused("/dev/lab", 10, MAP_SHARED, 10);
}

static void far_outside(void)
{
	expect_far_refused("/dev/lab", PAGES);
}

static void bus_error(void)
{
	int fd = open_node("/dev/lab", O_RDONLY);
	char *page;
	int signal;

	step("calling mmap() with MAP_PRIVATE");
	page = mmap(NULL, PAGES * page_size(), PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		saw("mmap() returned %s: your driver checks the result. That is lab 3",
		    strerrorname_np(errno));

	step("reading page 0 of a private mapping");
	signal = dies(page);
	if (!signal)
		saw("the access succeeds: remap_pfn_range() was not called once for each page");
	if (signal != SIGBUS)
		saw("the access leads to %s", signal_name(signal));
}

const struct criterion criteria[] = {
	{ "a shared mapping shows all 16 pages, in order",
	  "TODO 2: for page i, pass the address vma->vm_start + (i << PAGE_SHIFT), the frame vmalloc_to_pfn() of that page's kernel address, and vma->vm_page_prot",
	  whole },
	{ "a mapping of 5 pages from page 3 on shows pages 3 to 7",
	  "TODO 2: map page vma->vm_pgoff + i of the buffer as page i of the mapping",
	  at_offset },
	{ "the last page can be mapped alone",
	  "TODO 1: allow one page at offset 15. TODO 2: map page 15 of the buffer there",
	  last_page },
	{ "what is not all inside the buffer is refused",
	  "TODO 1: refuse if vm_pgoff >= LAB_PAGES, and if vma_pages(vma) > LAB_PAGES - vm_pgoff. The length alone is not enough",
	  outside },
	{ "mappings from enormous offsets are refused",
	  "TODO 1: vma->vm_pgoff is an unsigned long. Do not store it in an int, and do not cast it",
	  far_outside },
	{ "a private mapping dies of a bus error at the first touch",
	  "TODO 3: ignore the result of remap_pfn_range() in this lab. That is the bug of the question: mmap() succeeds, and nothing is mapped",
	  bus_error },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

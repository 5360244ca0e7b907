// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 1: one page, mapped by mmap() itself. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"

const char * const lab_title = "Lab 1: one page";

static char *map_one(int flags)
{
	return map(open_node("/dev/lab", O_RDWR), 1, PROT_READ | PROT_WRITE,
		   flags, 0);
}

static void shared(void)
{
	char *page = map_one(MAP_SHARED);

	expect_page(page, 0, 0);
}

static void shared_write(void)
{
	char *page = map_one(MAP_SHARED);
	char byte;

	step("writing to the mapping");
	page[100] = 'x';
	pread(open_node("/dev/lab", O_RDONLY), &byte, 1, 100);
	page[100] = 0;
	if (byte != 'x')
		saw("a byte was written to the mapping, and read() of the device does not show it");
}

static void private_write(void)
{
	char *page = map_one(MAP_PRIVATE);
	char byte;

	step("writing to a private mapping");
	page[200] = 'x';
	pread(open_node("/dev/lab", O_RDONLY), &byte, 1, 200);
	if (byte == 'x')
		saw("a write to a private mapping has reached the device");
}

static void two_pages(void)
{
	expect_refused("/dev/lab", 2, PROT_READ, MAP_SHARED, 0, EINVAL);
}

static void second_page(void)
{
	expect_refused("/dev/lab", 1, PROT_READ, MAP_SHARED, 1, EINVAL);
}

const struct criterion criteria[] = {
	{ "a mapping shows the buffer's page",
	  "TODO 2 and 3. remap_pfn_range() wants the number of the frame (vmalloc_to_pfn()), and its result is mmap()'s",
	  shared },
	{ "what is written to a shared mapping is in the device",
	  "TODO 2: the frame must be the one that lab_mem stands in",
	  shared_write },
	{ "what is written to a private mapping stays there",
	  "TODO 3: the access rights are the VMA's own, vma->vm_page_prot, without write permission where a write must copy",
	  private_write },
	{ "a mapping of two pages is refused",
	  "TODO 1: vma_pages(vma). What is mapped beyond the buffer is somebody else's memory",
	  two_pages },
	{ "a mapping from page 1 on is refused",
	  "TODO 1: vma->vm_pgoff is where the mapping begins in the device",
	  second_page },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

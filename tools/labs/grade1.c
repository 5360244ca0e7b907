// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 1: one page, mapped by mmap() itself. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
	expect_device_pages(map_one(MAP_SHARED), 1, 0);
}

static void shared_write(void)
{
	char *page = map_one(MAP_SHARED);
	bool arrived;

	step("writing to the mapping");
	page[100] = 'x';
	arrived = device_byte(100) == 'x';
	page[100] = 0;
	if (!arrived)
		saw("a byte was written to the mapping, and read() of the device does not show it");
}

static void private_write(void)
{
	char *page = map_one(MAP_PRIVATE);

	step("writing to a private mapping");
	page[200] = 'x';
	if (device_byte(200) == 'x')
		saw("a write to a private mapping has reached the device");
}

static void two_pages(void)
{
	expect_refused("/dev/lab", 2, MAP_SHARED, 0);
}

static void second_page(void)
{
	expect_refused("/dev/lab", 1, MAP_SHARED, 1);
}

static void far_page(void)
{
	expect_far_refused("/dev/lab", 1);
}

static void result(void)
{
	int fd = open_node("/dev/lab", O_RDONLY);
	void *page;

	fail_remap(1);
	step("calling mmap(), while remap_pfn_range() returns ENOMEM");
	page = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);
	if (failures_left()) {
		fail_remap(0);
		if (page == MAP_FAILED)
			saw("mmap() returned %s", strerrorname_np(errno));
		note("your mmap() does not call remap_pfn_range(); its errors were not tried");
		return;
	}
	if (page != MAP_FAILED)
		saw("remap_pfn_range() was made to return ENOMEM, and mmap() succeeded");
	if (errno != ENOMEM)
		saw("remap_pfn_range() was made to return ENOMEM, and mmap() returned %s",
		    strerrorname_np(errno));
}

const struct criterion criteria[] = {
	{ "a mapping shows the buffer's page",
	  "TODO 2 and 3: get the frame number from vmalloc_to_pfn(), pass it to remap_pfn_range(), and return what remap_pfn_range() returns",
	  shared },
	{ "a write to a shared mapping reaches the device",
	  "TODO 2: map the frame that holds the page at lab_mem",
	  shared_write },
	{ "a write to a private mapping does not reach the device",
	  "TODO 3: pass vma->vm_page_prot. The kernel leaves out the write permission there if a write must copy",
	  private_write },
	{ "a mapping of two pages is refused",
	  "TODO 1: compare vma_pages(vma) with 1. The pages behind the buffer belong to somebody else",
	  two_pages },
	{ "a mapping from page 1 on is refused",
	  "TODO 1: compare vma->vm_pgoff, the first page of the mapping in the device, with 0",
	  second_page },
	{ "mappings from enormous offsets are refused",
	  "TODO 1: vma->vm_pgoff is an unsigned long. Do not store it in an int, and do not cast it",
	  far_page },
	{ "an error of remap_pfn_range() is mmap()'s",
	  "TODO 3: return what remap_pfn_range() returns",
	  result },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

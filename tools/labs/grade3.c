// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 3: EINVAL, and three ways to live with it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"
#include "ways.h"

#define PAGES 16

const char * const lab_title = "Lab 3: what the kernel was saying";

static void einval(void)
{
	expect_refused("/dev/lab", PAGES, PROT_READ, MAP_PRIVATE, 0, EINVAL);
}

static void shared(void)
{
	expect_pages(map(open_node("/dev/lab", O_RDONLY), PAGES, PROT_READ,
			 MAP_SHARED, 0), PAGES, 0);
}

static void by_way_shared(void)
{
	char *page;

	step("way_shared()");
	page = way_shared(open_node("/dev/lab", O_RDONLY), PAGES, page_size());
	if (page == MAP_FAILED)
		saw("way_shared() says %s", strerrorname_np(errno));
	expect_pages(page, PAGES, 0);
}

static void by_way_page_by_page(void)
{
	char *page;
	char byte;
	size_t i;

	page = way_page_by_page(open_node("/dev/lab", O_RDONLY), PAGES,
				page_size());
	if (page == MAP_FAILED)
		saw("way_page_by_page() says %s", strerrorname_np(errno));
	expect_pages(page, PAGES, 0);

	for (i = 0; i < PAGES; i++) {
		step("writing to page %zu", i);
		page[i * page_size() + 100] = 'x';
		pread(open_node("/dev/lab", O_RDONLY), &byte, 1,
		      i * page_size() + 100);
		if (byte == 'x')
			saw("a write to page %zu has reached the device", i);
	}
}

static void third_way(void)
{
	expect_pages(map(open_node("/dev/lab-readonly", O_RDONLY), PAGES,
			 PROT_READ, MAP_PRIVATE, 0), PAGES, 0);
}

static void never_writable(void)
{
	char *page = map(open_node("/dev/lab-readonly", O_RDONLY), 1, PROT_READ,
			 MAP_PRIVATE, 0);

	if (!mprotect(page, page_size(), PROT_READ | PROT_WRITE))
		saw("mprotect() makes it writable");
	if (errno != EACCES)
		saw("mprotect() to writable says %s, and should say EACCES",
		    strerrorname_np(errno));
}

static void writable_refused(void)
{
	int fd = open_node("/dev/lab-readonly", O_RDONLY);
	char *page;
	char byte;

	page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		    0);
	if (page == MAP_FAILED && errno == EACCES)
		return;
	if (page == MAP_FAILED)
		saw("mmap(), private and writable, says %s, and should say EACCES",
		    strerrorname_np(errno));

	step("writing to the mapping");
	page[300] = 'x';
	pread(fd, &byte, 1, 300);
	saw("mmap(), private and writable, is allowed, and a write to it %s",
	    byte == 'x' ? "reaches the device" : "is copied");
}

const struct criterion criteria[] = {
	{ "/dev/lab: a private mapping of 16 pages says EINVAL",
	  "TODO 1: what remap_pfn_range() returned is mmap()'s answer",
	  einval },
	{ "/dev/lab: a shared mapping still shows all pages",
	  "TODO 1: only an error ends the loop",
	  shared },
	{ "first way: way_shared() maps all pages",
	  "TODO 3: MAP_SHARED. Nothing is copied in a shared mapping",
	  by_way_shared },
	{ "second way: way_page_by_page() maps all pages, writable and private",
	  "TODO 4: each page at its own address and its own offset in the device, with MAP_PRIVATE | MAP_FIXED",
	  by_way_page_by_page },
	{ "third way: /dev/lab-readonly maps all pages privately",
	  "TODO 2: VM_MAYWRITE, the permission to become writable, is what makes a private mapping one that may be copied",
	  third_way },
	{ "third way: such a mapping never becomes writable",
	  "TODO 2: clear VM_MAYWRITE, not VM_WRITE alone",
	  never_writable },
	{ "third way: one that is writable from the start is refused",
	  "TODO 2: VM_WRITE is set in vma->vm_flags: -EACCES. Writable without VM_MAYWRITE is a state that the kernel warns of",
	  writable_refused },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grader of lab 3: EINVAL, and three workarounds. What ways.c maps is judged by
 * /proc/PID/maps of the program that it runs in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "grade.h"
#include "ways.h"

#define PAGES 16

const char * const lab_title = "Lab 3: the result of remap_pfn_range()";

static void einval(void)
{
	expect_refused("/dev/lab", PAGES, MAP_PRIVATE, 0);
}

static void shared(void)
{
	expect_device_pages(map(open_node("/dev/lab", O_RDONLY), PAGES,
				PROT_READ, MAP_SHARED, 0), PAGES, 0);
}

static void first_error(void)
{
	int fd = open_node("/dev/lab", O_RDONLY);
	void *page;

	fail_remap(1);
	step("calling mmap(), while remap_pfn_range() returns ENOMEM once");
	page = mmap(NULL, PAGES * page_size(), PROT_READ, MAP_SHARED, fd, 0);
	fail_remap(0);
	if (page != MAP_FAILED)
		saw("remap_pfn_range() was made to return ENOMEM once, and mmap() succeeded");
	if (errno != ENOMEM)
		saw("remap_pfn_range() was made to return ENOMEM, and mmap() returned %s",
		    strerrorname_np(errno));
}

/*
 * Which page of the device is at @address: in a private mapping of remap_pfn_range()
 * /proc/PID/maps has the frame where others have the offset.
 */
static unsigned long page_at(const struct area *area, unsigned long address)
{
	unsigned long pgoff = (area->offset + address - area->start) / page_size();
	size_t i;

	for (i = 0; i < PAGES && area->perms[3] == 'p'; i++)
		if (device_frame(i, false) == pgoff)
			return i;
	return pgoff;
}

/* Page @i of what @way returned, in a program that has @areas. */
static void check_page(const char *way, const struct area *areas, size_t n,
		       unsigned long address, size_t i)
{
	unsigned long at = address + i * page_size(), pgoff;
	const struct area *area = find_area(areas, n, at);
	bool private = !strcmp(way, "way_page_by_page");

	if (!area)
		saw("nothing is mapped at page %zu of what %s() returned", i,
		    way);
	if (strcmp(area->path, "/dev/lab"))
		saw("page %zu of what %s() returned is %s, not the device", i, way,
		    area->path[0] ? area->path : "anonymous memory");

	pgoff = page_at(area, at);
	if (pgoff != i)
		saw("page %zu of what %s() returned is page %lu of the device", i, way,
		    pgoff);
	if (strcmp(area->perms, private ? "rw-p" : "r--s") &&
	    (private || strcmp(area->perms, "rw-s")))
		saw("page %zu of what %s() returned is %s in /proc/PID/maps, not %s",
		    i, way, area->perms, private ? "rw-p" : "r--s");
}

#define RESERVE "TODO 4: reserve the whole range first, with PROT_NONE and MAP_ANONYMOUS. MAP_FIXED replaces what is mapped there"

/* Is there anything of the program's own where the device is mapped now? */
static void check_own_memory(const char *way, const struct area *before,
			     size_t nr_before, const struct area *after,
			     size_t nr_after)
{
	size_t i, j;

	for (i = 0; i < nr_after; i++)
		for (j = 0; j < nr_before; j++)
			if (!strcmp(after[i].path, "/dev/lab") &&
			    after[i].start < before[j].end &&
			    before[j].start < after[i].end)
				saw_because(RESERVE,
					    "%s() maps the device over memory that it did not reserve: %s",
					    way, before[j].path[0] ? before[j].path :
								     "an anonymous mapping");
}

static void check_way(const char *way)
{
	struct area before[MAX_AREAS], after[MAX_AREAS];
	size_t nr_before, nr_after, i;
	struct program program;
	unsigned long address;
	char line[64], doing[64];
	int error;

	snprintf(doing, sizeof(doing), "%s()", way);
	start_program(&program, "./ways", "ways.c", way,
		      open_node("/dev/lab", O_RDONLY));
	read_answer(&program, "its start, before way_ functions are called", line,
		    sizeof(line));
	nr_before = read_areas(program.pid, before);

	resume_program(&program);
	read_answer(&program, doing, line, sizeof(line));
	if (sscanf(line, "%lx %d", &address, &error) != 2)
		saw("%s has no answer but: %s", doing, line);
	if (address == (unsigned long)MAP_FAILED)
		saw("%s returned MAP_FAILED, errno %s", doing,
		    strerrorname_np(error));

	nr_after = read_areas(program.pid, after);
	check_own_memory(way, before, nr_before, after, nr_after);
	for (i = 0; i < PAGES; i++)
		check_page(way, after, nr_after, address, i);
	end_program(&program);
}

static void by_way_shared(void)
{
	check_way("way_shared");
}

static void by_way_page_by_page(void)
{
	check_way("way_page_by_page");
}

static void stays_private(void)
{
	size_t i;

	for (i = 0; i < PAGES; i++) {
		char *page = map(open_node("/dev/lab", O_RDONLY), 1,
				 PROT_READ | PROT_WRITE, MAP_PRIVATE, i);

		expect_page(page, 0, i);
		step("writing to a private mapping of page %zu", i);
		page[100] = 'x';
		if (device_byte(i * page_size() + 100) == 'x')
			saw("a write to a private mapping of page %zu has reached the device",
			    i);
	}
}

static void third_way(void)
{
	expect_device_pages(map(open_node("/dev/lab-readonly", O_RDONLY), PAGES,
				PROT_READ, MAP_PRIVATE, 0), PAGES, 0);
}

static void never_writable(void)
{
	char *page = map(open_node("/dev/lab-readonly", O_RDONLY), 1, PROT_READ,
			 MAP_PRIVATE, 0);

	step("calling mprotect()");
	if (!mprotect(page, page_size(), PROT_READ | PROT_WRITE))
		saw("mprotect() makes it writable");
	if (errno != EACCES)
		saw("mprotect() to writable returned %s, and should return EACCES",
		    strerrorname_np(errno));
}

static void writable_refused(void)
{
	int fd = open_node("/dev/lab-readonly", O_RDONLY);
	char *page;

	step("calling mmap() with MAP_PRIVATE and PROT_WRITE");
	page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		    0);
	if (page == MAP_FAILED && errno == EACCES)
		return;
	if (page == MAP_FAILED)
		saw("mmap(), private and writable, returned %s, and should return EACCES",
		    strerrorname_np(errno));

	step("writing to the mapping");
	page[300] = 'x';
	saw("mmap(), private and writable, succeeded, and a write to it %s",
	    device_byte(300) == 'x' ? "reaches the device" : "is copied");
}

const struct criterion criteria[] = {
	{ "/dev/lab: a private mapping of 16 pages returns EINVAL",
	  "TODO 1: return what remap_pfn_range() returned",
	  einval },
	{ "/dev/lab: a shared mapping still shows all pages",
	  "TODO 1: end the loop only if there was an error",
	  shared },
	{ "/dev/lab: an error at the first page is mmap()'s",
	  "TODO 1: end the loop at the first error, before the next call replaces it",
	  first_error },
	{ "/dev/lab: a write to a private mapping of one page stays there",
	  "leave the bound and vma->vm_page_prot in lab_mmap() as they were",
	  stays_private },
	{ "first way: way_shared() maps all pages",
	  "TODO 3: pass MAP_SHARED. A write to a shared mapping copies nothing",
	  by_way_shared },
	{ "second way: way_page_by_page() maps all pages, writable and private",
	  "TODO 4: map each page at its own address and its own offset in the device, with PROT_READ | PROT_WRITE and MAP_PRIVATE | MAP_FIXED",
	  by_way_page_by_page },
	{ "third way: /dev/lab-readonly maps all pages privately",
	  "TODO 2: clear VM_MAYWRITE, the permission to become writable, before lab_mmap() is called. Without it the kernel does not expect a copy",
	  third_way },
	{ "third way: such a mapping never becomes writable",
	  "TODO 2: clear VM_MAYWRITE, not VM_WRITE alone",
	  never_writable },
	{ "third way: one that is writable from the start is refused",
	  "TODO 2: return -EACCES if VM_WRITE is set in vma->vm_flags. The kernel does not support writable without VM_MAYWRITE",
	  writable_refused },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 7: fewer faults, and everything else as before. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"

#define PAGES	64
#define WINDOW	16

const char * const lab_title = "Lab 7: fewer faults";

/*
 * At an address that is aligned to the window and free around it, so that the
 * number of faults is known.
 */
static char *map_at(size_t index, size_t npages, int flags, size_t pgoff)
{
	size_t window = WINDOW * page_size();
	char *place, *page;

	place = mmap(NULL, 4 * PAGES * page_size(), PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED)
		saw("no addresses: %s", strerror(errno));
	munmap(place, 4 * PAGES * page_size());
	place = (char *)(((uintptr_t)place + window) & -window);

	step("mmap() of %zu pages from page %zu on", npages, pgoff);
	page = mmap(place + index * page_size(), npages * page_size(),
		    PROT_READ | PROT_WRITE, flags | MAP_FIXED,
		    open_node("/dev/lab", O_RDWR), pgoff * page_size());
	if (page == MAP_FAILED)
		saw("mmap() of %zu pages from page %zu on says %s", npages,
		    pgoff, strerrorname_np(errno));
	return page;
}

static void values(void)
{
	expect_pages(map_at(0, PAGES, MAP_SHARED, 0), PAGES, 0);
	expect_pages(map_at(0, PAGES, MAP_PRIVATE, 0), PAGES, 0);
}

static void backwards(void)
{
	char *page = map_at(0, PAGES, MAP_SHARED, 0);
	size_t i;

	for (i = PAGES; i--;)
		expect_page(page, i, i);
}

static void odd_places(void)
{
	expect_pages(map_at(5, 5, MAP_SHARED, 13), 5, 13);
	expect_pages(map_at(14, 20, MAP_SHARED, 40), 20, 40);
}

static long faults(char *page, size_t npages)
{
	volatile char *byte = page;
	long before;
	size_t i;

	minor_faults();
	before = minor_faults();
	for (i = 0; i < npages; i++)
		(void)byte[i * page_size()];
	return minor_faults() - before;
}

static void few_faults(void)
{
	long seen;

	step("reading %d pages", PAGES);
	seen = faults(map_at(0, PAGES, MAP_SHARED, 0), PAGES);
	if (seen != PAGES / WINDOW)
		saw("reading %d pages took %ld faults, and should take %d",
		    PAGES, seen, PAGES / WINDOW);
}

static void private_write(void)
{
	char *page = map_at(0, PAGES, MAP_PRIVATE, 0);
	long before = page_count(1);
	char byte;

	step("writing to a private mapping");
	page[100] = 'x';
	pread(open_node("/dev/lab", O_RDONLY), &byte, 1, 100);
	if (byte == 'x')
		saw("a write to a private mapping has reached the device");
	if (page_count(1) != before)
		saw("a private write to page 0 has mapped page 1, too");
}

static void copied_before(void)
{
	char *page = map_at(0, WINDOW, MAP_PRIVATE, 0);
	int signal;

	step("writing to page 5 of a private mapping");
	page[5 * page_size() + 100] = 'x';

	step("reading page 4, after page 5 was copied");
	signal = dies(page + 4 * page_size());
	if (signal)
		saw("page 5 has its private copy, and reading page 4 leads to %s",
		    signal_name(signal));
	if (page[5 * page_size() + 100] != 'x')
		saw("the private copy of page 5 is lost");
	expect_pages(page, WINDOW, 0);
}

static void counts(void)
{
	char *page = map_at(0, PAGES, MAP_SHARED, 0);
	long before[PAGES];
	size_t i;

	for (i = 0; i < PAGES; i++)
		before[i] = page_count(i);

	expect_pages(page, PAGES, 0);
	for (i = 0; i < PAGES; i++)
		if (page_count(i) != before[i] + 1)
			saw("page %zu has %ld holders more while it is mapped once",
			    i, page_count(i) - before[i]);

	munmap(page, PAGES * page_size());
	for (i = 0; i < PAGES; i++)
		if (page_count(i) != before[i])
			saw("page %zu has %ld holders more after it was unmapped",
			    i, page_count(i) - before[i]);
}

static void beyond(void)
{
	char *page = map_at(0, WINDOW, MAP_SHARED, PAGES - WINDOW);
	int signal;

	/*
	 * Something behind it, so that it has to move: Linux 6.1 to 6.3 cannot
	 * grow a VM_MIXEDMAP mapping where it stands (vma_merge() says no).
	 */
	mmap(page + WINDOW * page_size(), page_size(), PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	step("mremap() to twice the size");
	page = mremap(page, WINDOW * page_size(), 2 * WINDOW * page_size(),
		      MREMAP_MAYMOVE);
	if (page == MAP_FAILED)
		saw("mremap() says %s", strerrorname_np(errno));

	step("touching the page behind the last");
	signal = dies(page + WINDOW * page_size());
	if (signal != SIGBUS)
		saw("touching the page behind the last leads to %s",
		    signal ? signal_name(signal) : "somebody else's memory");
}

const struct criterion criteria[] = {
	{ "every page is itself, read forwards",
	  "TODO 2: the window begins at another page than vmf->pgoff: that many pages before it as its address is before vmf->address",
	  values },
	{ "every page is itself, read backwards",
	  "TODO 2: the window begins before vmf->address",
	  backwards },
	{ "a mapping that begins and ends in the middle of a window",
	  "TODO 2: max(start, vma->vm_start), min(end, vma->vm_end); vm_insert_page() refuses addresses outside the VMA (-EFAULT)",
	  odd_places },
	{ "64 pages are read with 4 faults",
	  "TODO 2 and 3: each fault maps its whole window",
	  few_faults },
	{ "a private write copies its page, and maps no other",
	  "TODO 1: a write fault in a VMA without VM_SHARED goes to lab_fault()",
	  private_write },
	{ "a page that was copied before stays what it is",
	  "TODO 3: vm_insert_page() says -EBUSY there: go on with the next page. If another page is seen: TODO 2",
	  copied_before },
	{ "every page is held once more while it is mapped, and let go of after",
	  "TODO 3: vm_insert_page() takes the reference by itself",
	  counts },
	{ "behind the last page there is a bus error",
	  "TODO 1: the bound comes first", beyond },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

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

	step("calling mmap() for %zu pages from page %zu on", npages, pgoff);
	page = mmap(place + index * page_size(), npages * page_size(),
		    PROT_READ | PROT_WRITE, flags | MAP_FIXED,
		    open_node("/dev/lab", O_RDWR), pgoff * page_size());
	if (page == MAP_FAILED)
		saw("mmap() of %zu pages from page %zu on returned %s", npages,
		    pgoff, strerrorname_np(errno));
	return page;
}

static void values(void)
{
	expect_device_pages(map_at(0, PAGES, MAP_SHARED, 0), PAGES, 0);
	expect_device_pages(map_at(0, PAGES, MAP_PRIVATE, 0), PAGES, 0);
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

/* One read maps the window that the page is in, and nothing else. */
static void one_window(void)
{
	char *page = map_at(0, PAGES, MAP_SHARED, 0);
	size_t i, first = PAGES, last = 0, mapped = 0;

	step("reading page %d", WINDOW + 4);
	(void)*(volatile char *)(page + (WINDOW + 4) * page_size());
	for (i = 0; i < PAGES; i++) {
		if (!frame_of(page + i * page_size()))
			continue;
		first = i < first ? i : first;
		last = i;
		mapped++;
	}
	if (first != WINDOW || last != 2 * WINDOW - 1 || mapped != WINDOW)
		saw("a read of page %d maps %zu page%s, %zu to %zu; its window is pages %d to %d",
		    WINDOW + 4, mapped, plural(mapped), first, last, WINDOW,
		    2 * WINDOW - 1);
}

static void few_faults(void)
{
	volatile char *byte = map_at(0, PAGES, MAP_SHARED, 0);
	long before, seen;
	size_t i;

	step("reading %d pages", PAGES);
	minor_faults();
	before = minor_faults();
	for (i = 0; i < PAGES; i++)
		(void)byte[i * page_size()];
	seen = minor_faults() - before;
	if (seen != PAGES / WINDOW)
		saw("a read of %d pages takes %ld fault%s, and should take %d",
		    PAGES, seen, plural(seen), PAGES / WINDOW);
}

static void private_write(void)
{
	char *page = map_at(0, PAGES, MAP_PRIVATE, 0);
	long before = page_count(1);

	step("writing to a private mapping");
	page[100] = 'x';
	if (device_byte(100) == 'x')
		saw("a write to a private mapping has reached the device");
	if (page_count(1) != before)
		saw("a private write to page 0 maps page 1, too");
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
			saw("page %zu has %ld references more while it is mapped once",
			    i, page_count(i) - before[i]);

	munmap(page, PAGES * page_size());
	for (i = 0; i < PAGES; i++)
		if (page_count(i) != before[i])
			saw("page %zu has %ld references more after it was unmapped",
			    i, page_count(i) - before[i]);
}

static void beyond(void)
{
	char *page = map_at(0, WINDOW, MAP_SHARED, PAGES - WINDOW);
	int signal;

	/*
	 * Something behind it, so that it has to move: Linux 6.1 to 6.3 cannot
	 * grow a VM_MIXEDMAP mapping where it stands (vma_merge() refuses).
	 */
	mmap(page + WINDOW * page_size(), page_size(), PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	step("calling mremap() to twice the size");
	page = mremap(page, WINDOW * page_size(), 2 * WINDOW * page_size(),
		      MREMAP_MAYMOVE);
	if (page == MAP_FAILED)
		saw("mremap() returned %s", strerrorname_np(errno));

	step("touching the page behind the last");
	signal = dies(page + WINDOW * page_size());
	if (signal && signal != SIGBUS)
		saw("touching the page behind the last leads to %s",
		    signal_name(signal));
	if (!signal)
		saw("the page behind the last can be read: it begins with %08x",
		    word(page, WINDOW, 0));
}

const struct criterion criteria[] = {
	{ "every page is itself, read forwards",
	  "TODO 2: start at the window's first page of the buffer: vmf->pgoff less the pages between start and vmf->address",
	  values },
	{ "every page is itself, read backwards",
	  "TODO 2: start the window before vmf->address, at a multiple of its size",
	  backwards },
	{ "a mapping that begins and ends in the middle of a window",
	  "TODO 2: clamp the window: max(start, vma->vm_start), min(end, vma->vm_end). vm_insert_page() returns -EFAULT outside the VMA",
	  odd_places },
	{ "one read maps the window of 16 pages that it is in",
	  "TODO 2 and 3: map the pages from ALIGN_DOWN(vmf->address, LAB_WINDOW * PAGE_SIZE) on, LAB_WINDOW of them",
	  one_window },
	{ "64 pages are read with 4 faults",
	  "TODO 3: map every page of the window in one fault",
	  few_faults },
	{ "a private write copies its page, and maps no other",
	  "TODO 1: if FAULT_FLAG_WRITE is set and VM_SHARED is not, return lab_fault(vmf)",
	  private_write },
	{ "a page that was copied before stays what it is",
	  "TODO 3: if vm_insert_page() returns -EBUSY, go on with the next page. If another page is seen, do TODO 2",
	  copied_before },
	{ "every mapped page has one more reference, until it is unmapped",
	  "TODO 3: do not call get_page(): vm_insert_page() takes the reference",
	  counts },
	{ "the page behind the last is a bus error",
	  "TODO 1: check the bound first: return VM_FAULT_SIGBUS", beyond },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

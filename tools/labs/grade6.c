// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 6: hostile programs. What brings the kernel down is last. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "grade.h"

#define PAGES 16

const char * const lab_title = "Lab 6: the bound";

static char *map_lab(size_t npages, size_t pgoff)
{
	return map(open_node("/dev/lab", O_RDWR), npages,
		   PROT_READ | PROT_WRITE, MAP_SHARED, pgoff);
}

/*
 * NULL if it cannot grow, and must not: with VM_DONTEXPAND mremap() returns
 * EFAULT, and the kernel never merges the mapping with a neighbour.
 */
static char *extend(char *page, size_t from, size_t to)
{
	char *grown;

	step("calling mremap() from %zu page%s to %zu", from, plural(from), to);
	grown = mremap(page, from * page_size(), to * page_size(),
		       MREMAP_MAYMOVE);
	if (grown == MAP_FAILED && errno == EFAULT && has_vm_flag(page, " de")) {
		note("your mapping has VM_DONTEXPAND: as safe, but it never gets longer");
		return NULL;
	}
	if (grown == MAP_FAILED)
		saw("mremap() from %zu page%s to %zu returned %s", from,
		    plural(from), to, strerrorname_np(errno));
	return grown;
}

static void honest(void)
{
	expect_device_pages(map_lab(PAGES, 0), PAGES, 0);
	expect_device_pages(map_lab(1, PAGES - 1), 1, PAGES - 1);
}

static void refused(size_t npages, size_t pgoff)
{
	expect_refused("/dev/lab", npages, MAP_SHARED, pgoff);
}

static void too_long(void)
{
	refused(PAGES + 1, 0);
}

static void too_far(void)
{
	refused(1, PAGES);
}

static void sum_too_large(void)
{
	refused(10, 10);
}

static void far_out(void)
{
	expect_far_refused("/dev/lab", PAGES);
}

static void grow_inside(void)
{
	char *page = extend(map_lab(4, 2), 4, 10);

	if (page)
		expect_pages(page, 10, 2);
}

static void split(void)
{
	char *page = map_lab(PAGES, 0);

	step("calling munmap() for the first eight pages");
	munmap(page, 8 * page_size());
	expect_pages(page + 8 * page_size(), 8, 8);
}

/* Page @i of the device, which it does not have, is at @page. */
static void expect_bus_error(char *page, size_t i)
{
	int signal;

	step("touching page %zu of the device, which has %d", i, PAGES);
	signal = dies(page);
	if (signal == SIGBUS)
		return;
	if (signal)
		saw("touching page %zu leads to %s", i, signal_name(signal));
	if (word(page, 0, 0) == LAB_SECRET)
		saw("page %zu can be read, and the device has %d: it is somebody else's memory",
		    i, PAGES);
	if (word(page, 0, 0) == LAB_STAMP)
		saw("page %zu can be read, and the device has %d: it is page %u again",
		    i, PAGES, word(page, 0, 1));
	saw("page %zu can be read, and the device has %d", i, PAGES);
}

static void just_beyond(void)
{
	char *page = extend(map_lab(1, PAGES - 1), 1, 2);

	if (!page)
		return;
	expect_page(page, 0, PAGES - 1);
	expect_bus_error(page + page_size(), PAGES);
}

static void by_another_call(void)
{
	char *page = extend(map_lab(PAGES, 0), PAGES, 2 * PAGES);
	char bytes[8];
	struct iovec to = { bytes, sizeof(bytes) };
	struct iovec from = { page, sizeof(bytes) };

	if (!page)
		return;
	from.iov_base = page + (PAGES + 4) * page_size();
	step("calling process_vm_readv() for page %d", PAGES + 4);
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) >= 0)
		saw("process_vm_readv() reads page %d, and the device has %d",
		    PAGES + 4, PAGES);
}

static void far_beyond(void)
{
	char *page = extend(map_lab(PAGES, 0), PAGES, 4 * PAGES);

	if (page)
		expect_bus_error(page + 3 * PAGES * page_size(), 3 * PAGES);
}

#define MMAP "TODO 1: refuse if vm_pgoff >= LAB_PAGES, and if vma_pages(vma) > LAB_PAGES - vm_pgoff: no sum, so no overflow, and no int"
#define FAULT "TODO 2: if vmf->pgoff >= LAB_PAGES, return VM_FAULT_SIGBUS. VM_FAULT_NOPAGE means that the page is mapped already, and the process tries again forever"

const struct criterion criteria[] = {
	{ "all pages can be mapped, and the last page alone",
	  "allow pages 0 to 15: the bound is too tight", honest },
	{ "a mapping one page too long is refused", MMAP, too_long },
	{ "a mapping behind the last page is refused", MMAP, too_far },
	{ "ten pages from page 10 on are refused", MMAP, sum_too_large },
	{ "mappings from enormous offsets are refused", MMAP, far_out },
	{ "a mapping may grow inside the buffer",
	  "TODO 2: compare with the size of the buffer, not with what mmap() was asked for",
	  grow_inside },
	{ "what is left of a mapping is still what it was",
	  "TODO 2: use vmf->pgoff, not the distance from vm_start", split },
	{ "a mapping that has grown: the first page beyond the end is a bus error",
	  FAULT, just_beyond },
	{ "process_vm_readv() beyond the end fails", FAULT, by_another_call },
	{ "far beyond the end is a bus error", FAULT, far_beyond },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

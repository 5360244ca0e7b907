// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 6: programs that mean no good. What kills kernels is last. */
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

static char *grow(char *page, size_t from, size_t to)
{
	char *grown;

	step("mremap() from %zu pages to %zu", from, to);
	grown = mremap(page, from * page_size(), to * page_size(),
		       MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		saw("mremap() from %zu pages to %zu says %s", from, to,
		    strerrorname_np(errno));
	return grown;
}

static void honest(void)
{
	expect_pages(map_lab(PAGES, 0), PAGES, 0);
	expect_pages(map_lab(1, PAGES - 1), 1, PAGES - 1);
}

static void refused(size_t npages, size_t pgoff)
{
	expect_refused("/dev/lab", npages, PROT_READ, MAP_SHARED, pgoff, EINVAL);
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
	refused(1, 1UL << 40);
	refused(PAGES, (1UL << 51) - PAGES);
}

static void grow_inside(void)
{
	expect_pages(grow(map_lab(4, 2), 4, 10), 10, 2);
}

static void split(void)
{
	char *page = map_lab(PAGES, 0);

	munmap(page, 8 * page_size());
	expect_pages(page + 8 * page_size(), 8, 8);
}

static void expect_bus_error(char *page, size_t i)
{
	int signal;

	step("touching page %zu of the device, which has %d", i, PAGES);
	signal = dies(page);
	if (!signal)
		saw("page %zu can be read, and the device has %d", i, PAGES);
	if (signal != SIGBUS)
		saw("touching page %zu leads to %s", i, signal_name(signal));
}

static void far_beyond(void)
{
	char *page = grow(map_lab(PAGES, 0), PAGES, 4 * PAGES);

	expect_bus_error(page + 3 * PAGES * page_size(), 3 * PAGES);
}

static void just_beyond(void)
{
	char *page = grow(map_lab(1, PAGES - 1), 1, 2);

	expect_page(page, 0, PAGES - 1);
	expect_bus_error(page + page_size(), PAGES);
}

static void by_another_door(void)
{
	char *page = grow(map_lab(PAGES, 0), PAGES, 2 * PAGES);
	struct iovec from = { page + PAGES * page_size(), 8 };
	char bytes[8];
	struct iovec to = { bytes, sizeof(bytes) };

	step("process_vm_readv() of page %d", PAGES);
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) >= 0)
		saw("process_vm_readv() reads page %d, and the device has %d",
		    PAGES, PAGES);
}

#define MMAP "TODO 1: vm_pgoff < LAB_PAGES, and then vma_pages(vma) <= LAB_PAGES - vm_pgoff: no sum that could be too large"
#define FAULT "TODO 2: if vmf->pgoff >= LAB_PAGES, the answer is VM_FAULT_SIGBUS; VM_FAULT_NOPAGE would mean: mapped already, try again"

const struct criterion criteria[] = {
	{ "who means well is served: all pages, and the last alone",
	  "the bound is too tight: pages 0 to 15 are inside", honest },
	{ "a mapping one page too long is refused", MMAP, too_long },
	{ "a mapping behind the last page is refused", MMAP, too_far },
	{ "ten pages from page 10 on are refused", MMAP, sum_too_large },
	{ "enormous offsets are refused", MMAP, far_out },
	{ "a mapping may grow inside the buffer",
	  "TODO 2: the bound is the buffer's, not what mmap() was asked for",
	  grow_inside },
	{ "what is left of a mapping is still what it was",
	  "TODO 2: vmf->pgoff, not the distance from vm_start", split },
	{ "a mapping that has grown: far beyond the end is a bus error", FAULT,
	  far_beyond },
	{ "the first page beyond the end is a bus error", FAULT, just_beyond },
	{ "another process's door: process_vm_readv() beyond the end fails",
	  FAULT, by_another_door },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

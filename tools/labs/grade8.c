// SPDX-License-Identifier: GPL-2.0-only
/* Grader of lab 8: the device is unplugged while it is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grade.h"

#define PAGES 16

const char * const lab_title = "Lab 8: the device is unplugged";

static char *map_lab(int flags)
{
	return map(open_node("/dev/lab", O_RDWR), PAGES, PROT_READ | PROT_WRITE,
		   flags, 0);
}

static void unplug(void)
{
	step("unplugging the device");
	set_present(false);
}

static void expect_gone(char *page, size_t i, const char *what)
{
	int signal;

	step("touching page %zu, %s, after the device is unplugged", i, what);
	signal = dies(page + i * page_size());
	if (!signal)
		saw("page %zu, %s, can be read after the device is unplugged", i,
		    what);
	if (signal != SIGBUS)
		saw("touching page %zu, %s, leads to %s", i, what,
		    signal_name(signal));
}

static void before(void)
{
	expect_device_pages(map_lab(MAP_SHARED), PAGES, 0);
	expect_device_pages(map_lab(MAP_PRIVATE), PAGES, 0);
}

static void resident(void)
{
	char *page = map_lab(MAP_SHARED);

	expect_pages(page, PAGES, 0);
	unplug();
	expect_gone(page, 0, "which was mapped");
	expect_gone(page, PAGES - 1, "which was mapped");
}

static void never_touched(void)
{
	char *page = map_lab(MAP_SHARED);

	unplug();
	expect_gone(page, 3, "which was never touched");
}

static void private(void)
{
	char *page = map_lab(MAP_PRIVATE);

	expect_pages(page, PAGES, 0);
	unplug();
	expect_gone(page, 7, "which was mapped privately");
}

static void in_a_child(void)
{
	char *page = map_lab(MAP_SHARED);
	int to_child[2], status;
	char byte;
	pid_t pid;

	step("calling fork()");
	if (pipe(to_child))
		saw("no pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		expect_pages(page, PAGES, 0);
		if (read(to_child[0], &byte, 1) != 1)
			_exit(1);
		expect_gone(page, 5, "which a child has mapped");
		_exit(0);
	}
	while (page_count(5) < 2)
		usleep(1000);
	unplug();
	if (write(to_child[1], "", 1) != 1)
		saw("the child is gone");
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status))
		saw("the child died of %s", signal_name(WTERMSIG(status)));
	_exit(WEXITSTATUS(status));
}

static void no_reference(void)
{
	char *page = map_lab(MAP_SHARED);
	long count;
	size_t i;

	expect_pages(page, PAGES, 0);
	unplug();
	for (i = 0; i < PAGES; i++) {
		count = page_count(i);
		if (count != 1)
			saw("page %zu has %ld references after the device is unplugged",
			    i, count);
	}
}

static void no_mmap(void)
{
	int fd = open_node("/dev/lab", O_RDONLY);

	unplug();
	step("calling mmap() after the device is unplugged");
	if (mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED)
		saw("mmap() succeeded; it should return ENODEV");
	if (errno != ENODEV)
		saw("mmap() returned %s; it should return ENODEV",
		    strerrorname_np(errno));
}

static void plugged_in_again(void)
{
	char *page = map_lab(MAP_SHARED);

	expect_pages(page, PAGES, 0);
	unplug();
	set_present(true);
	expect_device_pages(map_lab(MAP_SHARED), PAGES, 0);
	expect_device_pages(page, PAGES, 0);
}

#define UNMAP "TODO 4: call unmap_mapping_range(lab_mapping, 0, 0, 1): from byte 0, a length of 0 for all of it, in every process. TODO 1: return VM_FAULT_SIGBUS, or the next fault maps the page again"

const struct criterion criteria[] = {
	{ "all pages can be mapped before", "leave lab 6's bound as it was",
	  before },
	{ "a page that was mapped is a bus error", UNMAP, resident },
	{ "a page that was never touched is a bus error",
	  "TODO 1: return VM_FAULT_SIGBUS if lab_gone is set. TODO 3: set it",
	  never_touched },
	{ "a page of a private mapping is a bus error", UNMAP, private },
	{ "a page that a child has mapped is a bus error", UNMAP, in_a_child },
	{ "no mapping has a reference to a page any more", UNMAP, no_reference },
	{ "mmap() returns ENODEV",
	  "TODO 2: return -ENODEV if lab_gone is set", no_mmap },
	{ "after it is plugged in again, all pages are back",
	  "TODO 1 and 2: check lab_gone at each call. The kernel clears it when the device is plugged in",
	  plugged_in_again },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

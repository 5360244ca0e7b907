// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grader of lab 5: does what happens agree with what was predicted? Each
 * question is played from the start, up to the moment that it asks about.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grade.h"
#include "predictions.h"

const char * const lab_title = "Lab 5: copy-on-write, predicted and seen";

static const char * const words[] = {
	[I_DO_NOT_KNOW] = "I_DO_NOT_KNOW", [NOTHING] = "NOTHING",
	[DEVICE] = "DEVICE", [COPY] = "COPY", [OLD] = "OLD", [NEW] = "NEW",
	[NONE] = "NONE", [ONE] = "ONE", [TWO] = "TWO",
};

/* A word of page 0 that is nobody's: index 2. */
#define AT 2

/* The driver's own frame of page @pgoff: the truth, or what the lab says. */
static unsigned long device_frame(size_t pgoff, int by_lab)
{
	FILE *file = fopen("/sys/class/misc/lab/frames", "r");
	unsigned long frame[2] = { 0 };
	size_t i;

	if (!file)
		saw("the frames cannot be read");
	for (i = 0; i <= pgoff; i++)
		if (fscanf(file, "%lu %lu", &frame[0], &frame[1]) != 2)
			saw("there is no frame of page %zu", i);
	fclose(file);
	return frame[by_lab];
}

static void frames(void)
{
	size_t i;

	for (i = 0; i < 16; i++)
		if (device_frame(i, 1) != device_frame(i, 0))
			saw("page %zu stands in frame %lu, and lab_frame() says %lu",
			    i, device_frame(i, 0), device_frame(i, 1));
}

static char *start(void)
{
	return map(open_node("/dev/lab", O_RDWR), 2, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE, 0);
}

static void device_write(uint32_t value)
{
	pwrite(open_node("/dev/lab", O_RDWR), &value, sizeof(value), AT * 4);
}

static uint32_t device_read(void)
{
	uint32_t value = 0;

	pread(open_node("/dev/lab", O_RDONLY), &value, sizeof(value), AT * 4);
	return value;
}

static volatile uint32_t *at(char *page)
{
	return (volatile uint32_t *)page + AT;
}

static void compare(enum question question, enum answer truth,
		    const char *why)
{
	enum answer guess = predictions[question];

	if (guess == truth)
		return;
	if (guess == I_DO_NOT_KNOW)
		no_answer("no prediction yet");
	saw("you said %s, and it is %s: %s", words[guess], words[truth], why);
}

static void compare_behind(enum question question, const char *page,
			   size_t pgoff)
{
	unsigned long frame = frame_of(page), device = device_frame(pgoff, 0);
	char why[128];

	snprintf(why, sizeof(why),
		 "the mapping has frame %lu, and the device's page is in frame %lu",
		 frame, device);
	compare(question, !frame ? NOTHING : frame == device ? DEVICE : COPY,
		frame ? why : "the page table has no frame there");
}

static void compare_value(enum question question, uint32_t value, uint32_t old)
{
	char why[128];

	snprintf(why, sizeof(why), "%u was read, the old value is %u", value,
		 old);
	compare(question, value == old ? OLD : NEW, why);
}

static void after_mmap(void)
{
	compare_behind(AFTER_MMAP, start(), 0);
}

static void after_read(void)
{
	char *page = start();

	(void)*at(page);
	compare_behind(AFTER_READ, page, 0);
}

static void read_after_device_write(void)
{
	char *page = start();

	device_write(1);
	(void)*at(page);
	device_write(2);
	compare_value(READ_AFTER_DEVICE_WRITE, *at(page), 1);
}

static void after_write(void)
{
	char *page = start();

	*at(page) = 3;
	compare_behind(AFTER_WRITE, page, 0);
}

static void device_after_write(void)
{
	char *page = start();

	device_write(2);
	*at(page) = 3;
	compare_value(DEVICE_AFTER_WRITE, device_read(), 2);
}

static void read_after_another(void)
{
	char *page = start();

	*at(page) = 3;
	device_write(4);
	compare_value(READ_AFTER_ANOTHER_DEVICE_WRITE, *at(page), 3);
}

static void neighbour(void)
{
	char *page = start();

	(void)*at(page + page_size());
	*at(page) = 3;
	compare_behind(NEIGHBOUR, page + page_size(), 1);
}

static void after_fork(void)
{
	char *page = start();
	int status;
	pid_t pid;

	*at(page) = 3;
	pid = fork();
	if (!pid) {
		(void)*at(page);
		compare_behind(AFTER_FORK, page, 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void after_dontneed(void)
{
	char *page = start();

	*at(page) = 3;
	madvise(page, page_size(), MADV_DONTNEED);
	(void)*at(page);
	compare_behind(AFTER_DONTNEED, page, 0);
}

static void compare_faults(enum question question, long faults)
{
	char why[64];

	snprintf(why, sizeof(why), "the kernel has counted %ld", faults);
	compare(question, faults == 0 ? NONE : faults == 1 ? ONE : TWO, why);
}

static void faults_read_then_write(void)
{
	char *page = start();
	long before;

	minor_faults();
	before = minor_faults();
	(void)*at(page);
	*at(page) = 3;
	compare_faults(FAULTS_READ_THEN_WRITE, minor_faults() - before);
}

static void faults_write_first(void)
{
	char *page = start();
	long before;

	minor_faults();
	before = minor_faults();
	*at(page) = 3;
	compare_faults(FAULTS_WRITE_FIRST, minor_faults() - before);
}

const struct criterion criteria[] = {
	{ "lab_frame() knows every page's frame",
	  "TODO 1: vmalloc_to_pfn() of the address of page pgoff. The kernel's address is no guide to the frame",
	  frames },
	{ "after mmap()",
	  "TODO 2: mmap() with a fault handler promises, and maps nothing",
	  after_mmap },
	{ "after a read",
	  "TODO 3: a reader needs no copy (do_read_fault() in mm/memory.c)",
	  after_read },
	{ "a read after somebody else's write to the device",
	  "TODO 4: as long as nothing was copied, there is one page only",
	  read_after_device_write },
	{ "after a private write",
	  "TODO 5: this is the moment of the copy (do_cow_fault() in mm/memory.c)",
	  after_write },
	{ "the device after a private write",
	  "TODO 6: private means that the device does not see it",
	  device_after_write },
	{ "a read after the copy, and another write to the device",
	  "TODO 7: a copy is not kept up to date",
	  read_after_another },
	{ "the neighbour of the page that was copied",
	  "TODO 8: copied is what was written to, page by page",
	  neighbour },
	{ "the page in a child",
	  "TODO 9: fork() gives the child what the parent has",
	  after_fork },
	{ "after MADV_DONTNEED and a read",
	  "TODO 10: the copy is thrown away, and the next fault begins at the device",
	  after_dontneed },
	{ "faults: a read, then a write",
	  "TODO 11: one to map the device's page, and one to copy it (do_wp_page())",
	  faults_read_then_write },
	{ "faults: a write at once",
	  "TODO 12: do_cow_fault() fetches and copies in one go",
	  faults_write_first },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

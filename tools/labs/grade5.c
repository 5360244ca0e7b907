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

/* The words that answer a question; the first of them tells the kind. */
static const enum answer kinds[][3] = {
	{ NOTHING, DEVICE, COPY }, { OLD, NEW }, { NONE, ONE, TWO },
};

static void frames(void)
{
	unsigned long frame, said;
	size_t i;

	for (i = 0; i < 16; i++) {
		frame = device_frame(i, false);
		said = device_frame(i, true);
		if (said != frame && said / page_size() == frame)
			saw("page %zu is in frame %lx, and lab_frame() returned %lx, an address",
			    i, frame, said);
		if (said != frame)
			saw("page %zu is in frame %lx, and lab_frame() returned %lx",
			    i, frame, said);
	}
}

static char *start(void)
{
	return map(open_node("/dev/lab", O_RDWR), 2, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE, 0);
}

static void device_write(uint32_t value)
{
	int fd = open_node("/dev/lab", O_RDWR);

	if (pwrite(fd, &value, sizeof(value), AT * 4) != sizeof(value))
		saw("write() to /dev/lab fails");
	close(fd);
}

static uint32_t device_read(void)
{
	int fd = open_node("/dev/lab", O_RDONLY);
	uint32_t value;

	if (pread(fd, &value, sizeof(value), AT * 4) != sizeof(value))
		saw("read() of /dev/lab fails");
	close(fd);
	return value;
}

static volatile uint32_t *at(char *page)
{
	return (volatile uint32_t *)page + AT;
}

/* What predictions.c says, asked of the program that it is in. */
static int prediction(enum question question)
{
	struct program program;
	char line[32], *end;
	int answer = 0;
	unsigned int i;

	start_program(&program, "./predictions", "predictions.c", "",
		      open_node("/dev/null", O_RDONLY));
	for (i = 0; i <= question; i++) {
		read_answer(&program, "its start, before predictions[] is read",
			    line, sizeof(line));
		answer = strtol(line, &end, 10);
		if (end == line)
			saw("predictions.c has no number, but: %s", line);
	}
	end_program(&program);
	return answer;
}

static void check_kind(int answer, enum answer truth)
{
	const enum answer *kind = kinds[0];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (j = 0; j < 3; j++)
			if (kinds[i][j] == truth)
				kind = kinds[i];
	for (j = 0; j < 3; j++)
		if (kind[j] && (int)kind[j] == answer)
			return;

	if (answer < 0 || answer >= (int)ARRAY_SIZE(words))
		saw("predictions.c has %d there, which is no word of predictions.h",
		    answer);
	saw("predictions.c has %s there. To this question, answer %s, %s%s%s",
	    words[answer], words[kind[0]], words[kind[1]],
	    kind[2] ? ", " : "", kind[2] ? words[kind[2]] : "");
}

static void compare(enum question question, enum answer truth,
		    const char *why)
{
	int answer = prediction(question);

	if (answer == (int)truth)
		return;
	if (answer == I_DO_NOT_KNOW)
		no_answer("no prediction yet");
	check_kind(answer, truth);
	saw("you predicted %s, and it is %s: %s", words[answer], words[truth],
	    why);
}

static void compare_behind(enum question question, const char *page,
			   size_t pgoff)
{
	unsigned long frame = frame_of(page), device = device_frame(pgoff, false);
	char why[128];

	snprintf(why, sizeof(why),
		 "the page is in frame %lx, and the device's page is in frame %lx",
		 frame, device);
	compare(question, !frame ? NOTHING : frame == device ? DEVICE : COPY,
		frame ? why : "the page table has no frame there");
}

static void compare_value(enum question question, uint32_t value, uint32_t old)
{
	char why[128];

	snprintf(why, sizeof(why), "%u was read, and the old value is %u", value,
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
	if (!WIFEXITED(status))
		saw("the child died of %s", signal_name(WTERMSIG(status)));
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
	{ "lab_frame() returns every page's frame number",
	  "TODO 1: return vmalloc_to_pfn() of the kernel address of page pgoff. Nothing can be computed from that address",
	  frames },
	{ "after mmap()",
	  "TODO 2: a driver with a fault handler maps nothing in mmap()",
	  after_mmap },
	{ "after a read",
	  "TODO 3: a read copies nothing (do_read_fault() in mm/memory.c)",
	  after_read },
	{ "a read after another process's write to the device",
	  "TODO 4: as long as nothing was copied, both use one page",
	  read_after_device_write },
	{ "after a private write",
	  "TODO 5: the kernel copies the page at the first write (do_cow_fault() in mm/memory.c)",
	  after_write },
	{ "the device after a private write",
	  "TODO 6: the write goes to the copy",
	  device_after_write },
	{ "a read after the copy, and another write to the device",
	  "TODO 7: the write changes the device's page, and the process reads its copy",
	  read_after_another },
	{ "the neighbour of the page that was copied",
	  "TODO 8: the kernel copies only the page that is written to",
	  neighbour },
	{ "the page in a child",
	  "TODO 9: parent and child share the copy after fork()",
	  after_fork },
	{ "after MADV_DONTNEED and a read",
	  "TODO 10: the kernel frees the copy, and the next fault maps the device's page",
	  after_dontneed },
	{ "faults: a read, then a write",
	  "TODO 11: the first fault maps the device's page, the second copies it (do_wp_page() in mm/memory.c)",
	  faults_read_then_write },
	{ "faults: a write at once",
	  "TODO 12: one fault both gets the device's page and copies it (do_cow_fault() in mm/memory.c)",
	  faults_write_first },
};

const unsigned int nr_criteria = ARRAY_SIZE(criteria);

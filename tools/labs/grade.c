// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the criteria of one lab (grade1.c to grade7.c) in the booted machine,
 * and says of each: passed, or what was seen instead and where to look.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grade.h"

#define PROBE_SECONDS	5
#define ACCESS_SECONDS	2

/* A probe's words to the grader; shared with the child that runs it. */
static struct report {
	char step[256];
	char seen[512];
	bool unanswered;
} *report;

void step(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->step, sizeof(report->step), format, args);
	va_end(args);
}

void saw(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->seen, sizeof(report->seen), format, args);
	va_end(args);
	_exit(1);
}

void no_answer(const char *seen)
{
	report->unanswered = true;
	saw("%s", seen);
}

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

int open_node(const char *path, int flags)
{
	int fd;

	step("opening %s", path);
	fd = open(path, flags);
	if (fd < 0)
		saw("%s cannot be opened: %s", path, strerror(errno));
	return fd;
}

const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static const char *flag_name(int flags)
{
	return flags & MAP_SHARED ? "MAP_SHARED" : "MAP_PRIVATE";
}

char *map(int fd, size_t npages, int prot, int flags, size_t pgoff)
{
	char *address;

	step("mmap() of %zu page%s from page %zu on, %s", npages, plural(npages),
	     pgoff, flag_name(flags));
	address = mmap(NULL, npages * page_size(), prot, flags, fd,
		       pgoff * page_size());
	if (address == MAP_FAILED)
		saw("mmap() of %zu page%s from page %zu on, %s, says %s (%s)",
		    npages, plural(npages), pgoff, flag_name(flags),
		    strerrorname_np(errno), strerror(errno));
	return address;
}

uint32_t word(const char *map, size_t page, size_t index)
{
	const volatile unsigned char *byte;

	byte = (const unsigned char *)map + page * page_size() + index * 4;
	step("reading page %zu of the mapping", page);
	return byte[0] | byte[1] << 8 | byte[2] << 16 | (uint32_t)byte[3] << 24;
}

const char *signal_name(int signal)
{
	switch (signal) {
	case SIGBUS: return "SIGBUS, a bus error";
	case SIGSEGV: return "SIGSEGV, a segmentation fault";
	case SIGALRM: return "nothing: it never ends, the same fault is taken again and again";
	default: return strsignal(signal);
	}
}

static sigjmp_buf escape;

static void on_signal(int signal)
{
	siglongjmp(escape, signal);
}

int dies(volatile char *byte)
{
	static const int signals[] = { SIGBUS, SIGSEGV, SIGALRM };
	struct sigaction action = { .sa_handler = on_signal }, old[3];
	unsigned int left;
	size_t i;
	int signal;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	left = alarm(ACCESS_SECONDS);

	signal = sigsetjmp(escape, 1);
	if (!signal)
		(void)*byte;

	alarm(left);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	return signal;
}

void expect_page(const char *map, size_t i, size_t pgoff)
{
	uint32_t stamp = word(map, i, 0), number = word(map, i, 1);

	if (stamp != LAB_STAMP)
		saw("page %zu of the mapping begins with %08x, not %08x: not the buffer's page %zu",
		    i, stamp, LAB_STAMP, pgoff);
	if (number != pgoff)
		saw("page %zu of the mapping is page %u of the buffer, and should be page %zu",
		    i, number, pgoff);
}

void expect_pages(const char *map, size_t npages, size_t pgoff)
{
	size_t i;

	for (i = 0; i < npages; i++)
		expect_page(map, i, pgoff + i);
}

void expect_refused(const char *path, size_t npages, int prot, int flags,
		    size_t pgoff, int error)
{
	int fd = open_node(path, prot & PROT_WRITE ? O_RDWR : O_RDONLY);
	void *address;

	step("mmap() of %zu page%s from page %zu on", npages, plural(npages),
	     pgoff);
	address = mmap(NULL, npages * page_size(), prot, flags, fd,
		       pgoff * page_size());
	if (address != MAP_FAILED)
		saw("mmap() of %zu page%s from page %zu on, %s, was allowed; it should say %s",
		    npages, plural(npages), pgoff, flag_name(flags),
		    strerrorname_np(error));
	if (errno != error)
		saw("mmap() of %zu page%s from page %zu on, %s, says %s; it should say %s",
		    npages, plural(npages), pgoff, flag_name(flags),
		    strerrorname_np(errno), strerrorname_np(error));
}

long page_count(size_t pgoff)
{
	FILE *file = fopen("/sys/class/misc/lab/counts", "r");
	long count = -1;
	size_t i;

	if (!file)
		saw("the counts of the pages cannot be read: %s", strerror(errno));
	for (i = 0; i <= pgoff; i++)
		if (fscanf(file, "%ld", &count) != 1)
			saw("there is no count of page %zu", i);
	fclose(file);
	return count;
}

/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 0 to 54 the frame. */
uint64_t frame_of(const void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (uintptr_t)address / page_size() * sizeof(entry)) !=
		      sizeof(entry))
		saw("/proc/self/pagemap cannot be read: %s", strerror(errno));
	close(fd);
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* What became of the child, in words; NULL if it found nothing amiss. */
static const char *verdict(int status)
{
	static char text[1024];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	if (WIFEXITED(status))
		return report->seen;
	if (WTERMSIG(status) == SIGALRM)
		snprintf(text, sizeof(text),
			 "no end: still %s after %d seconds. The same fault is taken again and again",
			 report->step, PROBE_SECONDS);
	else
		snprintf(text, sizeof(text), "the program died of %s, while %s",
			 signal_name(WTERMSIG(status)), report->step);
	return text;
}

#define INDENT	16
#define WIDTH	80

/* The first @length bytes of @text, in lines that are broken between words. */
static void print_look(const char *text, int length)
{
	printf("%*s", INDENT, "look: ");
	while (length > WIDTH - INDENT) {
		int end = WIDTH - INDENT;

		while (end > 1 && text[end] != ' ')
			end--;
		printf("%.*s\n%*s", end, text, INDENT, "");
		text += end + 1;
		length -= end + 1;
	}
	printf("%.*s\n", length, text);
}

static bool judge(const struct criterion *criterion)
{
	const char *look = criterion->look, *seen;
	int status, length;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	printf("  trying  %s\n", criterion->what);
	fflush(stdout);

	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(125);
	}
	if (!pid) {
		alarm(PROBE_SECONDS);
		criterion->probe();
		_exit(0);
	}
	waitpid(pid, &status, 0);

	seen = verdict(status);
	printf("  %s  %s\n", seen ? "FAILED" : "passed", criterion->what);
	length = report->unanswered ? strcspn(look, ":") : strlen(look);
	if (seen) {
		printf("%*s%s.\n", INDENT, "seen: ", seen);
		print_look(look, length);
	}
	fflush(stdout);
	return !seen;
}

int main(void)
{
	unsigned int i, passed = 0;

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED) {
		perror("mmap");
		return 125;
	}

	printf("%s\n\n", lab_title);
	for (i = 0; i < nr_criteria; i++)
		passed += judge(&criteria[i]);
	printf("\n%u of %u passed\n", passed, nr_criteria);
	return passed != nr_criteria;
}

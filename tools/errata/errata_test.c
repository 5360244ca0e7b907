// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the symptom of each mistake in Documentation/errata.rst: on the device
 * that makes it, and by the same steps not on /dev/maps0. The last one is a
 * claim, which neither bears out.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif

#define PAGES			16

/* An access that is still going on after so many seconds will never end. */
#define SECONDS			2

/* /proc/PID/pagemap: the page is in memory, and in which frame; or it is swapped out. */
#define PAGEMAP_PRESENT		0x8000000000000000ULL
#define PAGEMAP_SWAPPED		0x4000000000000000ULL
#define PAGEMAP_FRAME		0x007fffffffffffffULL

typedef volatile unsigned char bytes;

static size_t page;
static sigjmp_buf escape;

static void caught(int sig)
{
	siglongjmp(escape, sig);
}

/* The signal that reading a byte ends in, or 0; SIGALRM if it does not end. */
static int signal_of_reading(const bytes *at)
{
	struct sigaction action = { .sa_handler = caught };
	int sig;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	alarm(SECONDS);
	sig = sigsetjmp(escape, 1);
	if (!sig)
		(void)*at;
	alarm(0);
	return sig;
}

static int signal_of_writing(bytes *at, unsigned char byte)
{
	struct sigaction action = { .sa_handler = caught };
	int sig;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sig = sigsetjmp(escape, 1);
	if (!sig)
		*at = byte;
	return sig;
}

static bytes *map(int fd, int prot, int flags, size_t first, size_t pages)
{
	return mmap(NULL, pages * page, prot, flags, fd, (off_t)(first * page));
}

static unsigned char device_byte(int fd, off_t at)
{
	unsigned char byte = 0;

	return pread(fd, &byte, 1, at) == 1 ? byte : 0;
}

/* A mapping grown past the end: the access never ends. */
static bool hangs_past_the_end(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_SHARED, 0, PAGES);

	if (at == MAP_FAILED)
		return false;
	at = mremap((void *)at, PAGES * page, (PAGES + 1) * page, MREMAP_MAYMOVE);
	return at != MAP_FAILED && signal_of_reading(at + PAGES * page) == SIGALRM;
}

/* The first page is unmapped: the second then shows the first one's bytes. */
static bool shows_another_page(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_SHARED, 0, PAGES);
	unsigned char marks[] = { 'A', 'B' };

	if (at == MAP_FAILED || pwrite(fd, &marks[0], 1, 8) != 1 ||
	    pwrite(fd, &marks[1], 1, page + 8) != 1 || munmap((void *)at, page))
		return false;
	return at[page + 8] == 'A';
}

/* A mapping as long as the buffer, but behind it: it shows what lies there. */
static bool shows_what_lies_behind(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_SHARED, PAGES, PAGES);

	return at != MAP_FAILED && !signal_of_reading(at) && !memcmp((void *)at, "SECRET", 6);
}

/* A private page is written to: the device has it. */
static bool private_writes_through(int fd)
{
	bytes *at = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 1, 1);

	if (at == MAP_FAILED)
		return false;
	at[16] = 'P';
	return device_byte(fd, page + 16) == 'P';
}

/* A read-only mapping is written to: nothing stops that. */
static bool readonly_is_writable(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_SHARED, 2, 1);

	return at != MAP_FAILED && !signal_of_writing(at + 16, 'R') &&
	       device_byte(fd, 2 * page + 16) == 'R';
}

/* A buffer that nobody has written to holds what somebody wrote who had the memory before. */
static bool shows_what_was_there(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_SHARED, 0, PAGES);

	return at != MAP_FAILED && memmem((void *)at, PAGES * page, "SSSSSSSS", 8);
}

/* mmap() succeeds, and the first access dies. */
static bool dies_when_touched(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_PRIVATE, 0, PAGES);

	return at != MAP_FAILED && signal_of_reading(at) == SIGBUS;
}

static uint64_t page_entry(const bytes *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)at / page * sizeof(entry)) < 0)
		perror("/proc/self/pagemap");
	close(fd);
	return entry;
}

/* Anonymous memory goes to the swap space when asked to: only then the rest means anything. */
static bool swapping_works(void)
{
	bytes *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	*at = 'S';
	return !madvise((void *)at, page, MADV_PAGEOUT) && page_entry(at) & PAGEMAP_SWAPPED;
}

/* The kernel is asked to swap pages out that nobody marked as reserved: do they go? */
static bool is_swapped_out(int fd)
{
	bytes *at = map(fd, PROT_READ, MAP_SHARED, 3, 1);
	uint64_t before, after;

	if (at == MAP_FAILED || !swapping_works())
		return true;
	(void)*at;
	before = page_entry(at);
	madvise((void *)at, page, MADV_PAGEOUT);
	if (page_entry(at) & PAGEMAP_SWAPPED)
		return true;
	(void)*at;
	after = page_entry(at);
	return !(after & PAGEMAP_PRESENT) || (after & PAGEMAP_FRAME) != (before & PAGEMAP_FRAME);
}

static const struct symptom {
	const char	*mistake;
	const char	*words;
	bool		(*seen)(int fd);
	bool		expected;
} symptoms[] = {
	{ "nopage",	    "an access past the end never ends",   hangs_past_the_end,	   true },
	{ "from_start",	    "after munmap, another page's bytes",  shows_another_page,	   true },
	{ "length_only",    "memory behind the buffer is read",	   shows_what_lies_behind, true },
	{ "page_shared",    "a private write reaches the device",  private_writes_through, true },
	{ "page_shared",    "a read-only mapping is written to",   readonly_is_writable,   true },
	{ "not_zeroed",	    "the last owner's bytes are read",	   shows_what_was_there,   true },
	{ "ignored_result", "mmap succeeds, the access is SIGBUS", dies_when_touched,	   true },
	{ "not_reserved",   "a page is swapped out",		   is_swapped_out,	   false },
};

#define NR_SYMPTOMS (sizeof(symptoms) / sizeof(*symptoms))

static unsigned int passed, failed;

static void look(const char *node, const struct symptom *symptom, bool expected)
{
	int fd = open(node, O_RDWR);
	bool good = fd >= 0 && symptom->seen(fd) == expected;

	if (good)
		passed++;
	else
		failed++;
	printf("%sok %u %s: %s%s\n", good ? "" : "not ", passed + failed, node,
	       expected ? "" : "not so: ", symptom->words);
	close(fd);
}

int main(void)
{
	char node[64];
	size_t i;

	page = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", 2 * NR_SYMPTOMS);
	for (i = 0; i < NR_SYMPTOMS; i++) {
		snprintf(node, sizeof(node), "/dev/errata-%s", symptoms[i].mistake);
		look(node, &symptoms[i], symptoms[i].expected);
		look("/dev/maps0", &symptoms[i], false);
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed != 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story that `make demo` tells, inside of a booted kernel with maps.ko
 * loaded: the question's program on each way to map the buffer, then what the
 * fault handler makes possible. Each step says what it does and what happened;
 * one that did not go as the story says makes the exit status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES		16
#define STAMP		0xaabbccddU
#define WRITTEN		0x11111111U
#define DEVICE(name)	"/dev/maps" name
#define FRAMES		"/sys/kernel/debug/maps/frames"
#define FAULTS		"/sys/kernel/debug/maps/maps0/faults"

/* /proc/PID/pagemap: a page is there; its frame, for the privileged. */
#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_FRAME	((1ULL << 55) - 1)

#define __printf(format, first) __attribute__((__format__(printf, format, first)))

typedef volatile unsigned char bytes;

static size_t page;
static bool astray;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void __printf(1, 2) did(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("\n- ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

/* What happened, and whether it is what the story says. */
static void __printf(2, 3) saw(bool as_told, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("  => ");
	vprintf(format, args);
	printf("%s\n", as_told ? "" : "   <-- NOT EXPECTED");
	va_end(args);
	astray |= !as_told;
}

/* Words lie in the buffer with their low byte first, whatever the machine. */
static uint32_t word_at(const bytes *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_word(bytes *at, uint32_t word)
{
	at[0] = word;
	at[1] = word >> 8;
	at[2] = word >> 16;
	at[3] = word >> 24;
}

static bytes *map(const char *device, int prot, int flags, size_t first, size_t pages)
{
	bool writes = prot & PROT_WRITE && flags & MAP_SHARED;
	int fd = open(device, writes ? O_RDWR : O_RDONLY);
	void *at;
	int err;

	if (fd < 0)
		die(device);
	at = mmap(NULL, pages * page, prot, flags, fd, first * page);
	err = errno;
	close(fd);
	errno = err;
	return at;
}

/* How many of the pages that are mapped at @at begin with the stamp. */
static size_t stamped(const bytes *at, size_t pages)
{
	size_t i, good = 0;

	for (i = 0; i < pages; i++)
		good += word_at(at + i * page) == STAMP;
	return good;
}

static unsigned long faults(void)
{
	unsigned long number;
	FILE *file = fopen(FAULTS, "r");

	if (!file || fscanf(file, "%lu", &number) != 1)
		die(FAULTS);
	fclose(file);
	return number;
}

/* The frames of the buffer's pages, as the driver tells. */
static void device_frames(unsigned long frames[PAGES])
{
	FILE *file = fopen(FRAMES, "r");
	int i;

	if (!file)
		die(FRAMES);
	for (i = 0; i < PAGES; i++)
		if (fscanf(file, "%*u %lu %*u", &frames[i]) != 1)
			die(FRAMES);
	fclose(file);
}

/* The frame that this process sees at an address, as the kernel tells. */
static unsigned long frame_at(const bytes *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (uintptr_t)at / page * sizeof(entry)) !=
		      sizeof(entry))
		die("/proc/self/pagemap");
	close(fd);
	return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_FRAME : 0;
}

/* The question's program on a device: its wait status. */
static int ask_question(const char *device)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		execl("./question", "question", device, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		die("running ./question");
	return status;
}

static void show_buffer(void)
{
	unsigned long frames[PAGES];
	struct utsname uts;
	int i, runs = 1;

	uname(&uts);
	printf("Linux %s (%s), maps.ko loaded.\n\n", uts.release, uts.machine);

	device_frames(frames);
	for (i = 1; i < PAGES; i++)
		runs += frames[i] != frames[i - 1] + 1;
	printf("The driver's buffer: %d pages, contiguous for the kernel, in these page frames:\n",
	       PAGES);
	for (i = 0; i < PAGES; i++)
		printf("%8lx%s", frames[i], i % 8 < 7 ? "" : "\n");
	printf("Ascending rows of frames: %d%s.\n", runs,
	       runs > 1 ? ", so one remap_pfn_range() cannot map it" : "");
}

static void show_question(void)
{
	int status;
	bytes *at;

	did("The question: the driver calls remap_pfn_range() page by page, and ignores errors.");
	status = ask_question(DEVICE("-remap_pfn_unchecked"));
	if (WIFSIGNALED(status))
		saw(WTERMSIG(status) == SIGBUS,
		    "a private mmap() succeeds, and the first access is SIG%s",
		    sigabbrev_np(WTERMSIG(status)));
	else
		saw(false, "the program ends with status %d", WEXITSTATUS(status));

	did("The same driver returns the error of remap_pfn_range().");
	at = map(DEVICE("-remap_pfn"), PROT_READ, MAP_PRIVATE, 0, PAGES);
	if (at == MAP_FAILED)
		saw(errno == EINVAL,
		    "mmap() fails: %s (a copy-on-write mapping must be made by one call)",
		    strerrorname_np(errno));
	else
		saw(false, "mmap() succeeds");
}

static void show_remedies(void)
{
	size_t good = 0, i;
	bytes *at;

	did("Workaround 1: the program maps with MAP_SHARED.");
	at = map(DEVICE("-remap_pfn"), PROT_READ, MAP_SHARED, 0, PAGES);
	good = at == MAP_FAILED ? 0 : stamped(at, PAGES);
	saw(good == PAGES, "%zu of %d pages read [%08x]", good, PAGES, STAMP);

	did("Workaround 2: the program makes %d private mappings of one page each.", PAGES);
	for (good = 0, i = 0; i < PAGES; i++) {
		at = map(DEVICE("-remap_pfn"), PROT_READ, MAP_PRIVATE, i, 1);
		good += at == MAP_FAILED ? 0 : stamped(at, 1);
	}
	saw(good == PAGES, "%zu of %d pages read [%08x]", good, PAGES, STAMP);

	did("Workaround 3: the driver clears VM_MAYWRITE, so no page is ever copied.");
	at = map(DEVICE("-remap_pfn_readonly"), PROT_READ, MAP_PRIVATE, 0, PAGES);
	good = at == MAP_FAILED ? 0 : stamped(at, PAGES);
	saw(good == PAGES, "%zu of %d pages read [%08x]", good, PAGES, STAMP);
	if (good != PAGES)
		return;

	did("The program then requests write access with mprotect().");
	if (mprotect((void *)at, PAGES * page, PROT_READ | PROT_WRITE))
		saw(errno == EACCES, "mprotect() fails: %s", strerrorname_np(errno));
	else
		saw(false, "mprotect() succeeds");
}

static void show_fault(void)
{
	unsigned long before = faults();
	int status;

	did("The answer: mmap() maps nothing, and a fault handler maps each page that is touched.");
	status = ask_question(DEVICE("0"));
	saw(!status && faults() - before == PAGES,
	    "a private mapping works: %d pages touched, %lu faults", PAGES, faults() - before);
}

static void show_writes(void)
{
	unsigned long frames[PAGES];
	bytes *private, *shared;
	uint32_t seen;

	device_frames(frames);
	private = map(DEVICE("0"), PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, PAGES);
	shared = map(DEVICE("0"), PROT_READ | PROT_WRITE, MAP_SHARED, 0, PAGES);
	if (private == MAP_FAILED || shared == MAP_FAILED)
		die("mapping " DEVICE("0"));

	did("A private mapping reads page 3.");
	seen = word_at(private + 3 * page);
	saw(seen == STAMP && frame_at(private + 3 * page) == frames[3],
	    "[%08x] in frame %lx; the driver's page is in frame %lx", seen,
	    frame_at(private + 3 * page), frames[3]);

	did("It writes %08x to page 3.", WRITTEN);
	put_word(private + 3 * page, WRITTEN);
	seen = word_at(shared + 3 * page);
	saw(word_at(private + 3 * page) == WRITTEN && seen == STAMP &&
	    frame_at(private + 3 * page) != frames[3],
	    "[%08x] in frame %lx, a copy; the driver's page: [%08x] in frame %lx",
	    word_at(private + 3 * page), frame_at(private + 3 * page), seen,
	    frame_at(shared + 3 * page));

	did("A shared mapping writes %08x to page 5.", WRITTEN);
	put_word(shared + 5 * page, WRITTEN);
	seen = word_at(private + 5 * page);
	saw(seen == WRITTEN && frame_at(shared + 5 * page) == frames[5] &&
	    frame_at(private + 5 * page) == frames[5],
	    "both mappings read [%08x] in frame %lx, the driver's; no copy", seen,
	    frame_at(shared + 5 * page));

	put_word(shared + 5 * page, STAMP);
	munmap((void *)private, PAGES * page);
	munmap((void *)shared, PAGES * page);
}

int main(void)
{
	page = sysconf(_SC_PAGESIZE);

	show_buffer();
	show_question();
	show_remedies();
	show_fault();
	show_writes();

	printf("\n%s\n", astray ? "Not all results are as expected: see the marked lines." :
				 "All results are as expected.");
	return astray;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the collection "maps" share: the facts that the device
 * tells of itself, words in the device's byte order, marks that tell its pages
 * apart, and a probe that asks whether an access dies.
 *
 * Nothing here assumes a page size, a byte order, a word size or a number of
 * pages.
 */
#ifndef MAPS_UTIL_H
#define MAPS_UTIL_H

#include "kselftest_harness.h"
#include "maps_module.h"
#include "words.h"

#include <setjmp.h>
#include <signal.h>

#define MAPS_NODE	"/dev/maps0"
#define MAPS_SYSFS	"/sys/class/misc/maps0/"
#define MAPS_DEBUGFS	"/sys/kernel/debug/maps/"
#define NO_DEBUGFS MAPS_DEBUGFS " is missing (mount debugfs)"
#define MAPS_PARAMETERS	"/sys/module/maps/parameters/"

/*
 * A mapping that tests walk page by page has at most so many pages: two of the
 * largest x86 page tables.
 */
#define WALK_MAX	1024UL

/*
 * Where tests write in a page: its first and last EDGE bytes, which every
 * fixture saves and restores.
 */
#define EDGE	16UL
#define STAMP_AT	0UL
#define MARK_AT	4UL
#define WORD_AT	8UL

/* No test writes these words by accident. */
#define MARK(pgoff) (0x4d000000U + (unsigned int)(pgoff))
#define WRITTEN	0x57524954U
#define REWRITTEN	0x52455752U

/* An access that is still going on after so many seconds will never end. */
#define PROBE_SECONDS	3

struct maps {
	int fd;
	char path[32];		/* to open it again */
	size_t page;
	size_t npages;
	size_t size;
};

/*
 * Pages [first, first + pages) of the buffer, each with a mark of its own.
 */
struct walk {
	size_t first;
	size_t pages;
	unsigned char *edges;
};

/* The number in the file @dir@name, or -1 when it cannot be read. */
static inline long long number_in(const char *dir, const char *name)
{
	char path[128];
	long long number;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%lli", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/* A field of /proc/meminfo, in kB, or -1. */
static inline long long memory_kb(const char *field)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128], name[64];
	long long kb, found = -1;

	while (file && found < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63[^:]: %lld", name, &kb) == 2 && !strcmp(name, field))
			found = kb;
	if (file)
		fclose(file);
	return found;
}

static inline unsigned int stamp(void)
{
	long long given = number_in(MAPS_PARAMETERS, "stamp");

	return given < 0 ? 0xaabbccddU : (unsigned int)given;
}

/*
 * Opens the device and learns what it is; maps->fd is -1 with errno set when
 * that fails.
 */
static inline void open_maps(struct maps *maps, int flags)
{
	maps->page = sysconf(_SC_PAGESIZE);
	maps->npages = number_in(MAPS_SYSFS, "npages");
	maps->size = maps->npages * maps->page;
	strcpy(maps->path, MAPS_NODE);
	maps->fd = open(MAPS_NODE, flags | O_CLOEXEC);
}

/* What a test maps: the device, or a file that it must behave as. */
enum subject { DEVICE, ORDINARY_FILE };

/* The device; or an ordinary file of the same size with the same stamps. */
static inline void open_device_or_file(struct maps *maps, enum subject subject)
{
	const unsigned int word = stamp();
	unsigned char bytes[4];
	size_t i;

	open_maps(maps, O_RDWR);
	if (subject == DEVICE || maps->fd < 0)
		return;
	close(maps->fd);
	maps->fd = memfd_create("file", MFD_CLOEXEC);
	snprintf(maps->path, sizeof(maps->path), "/proc/self/fd/%d", maps->fd);
	put_word(bytes, word);
	for (i = 0; i < maps->npages; i++)
		if (pwrite(maps->fd, bytes, 4, (off_t)i * maps->page) != 4)
			maps->fd = -1;
	if (ftruncate(maps->fd, maps->size))
		maps->fd = -1;
}

static inline unsigned char *map_pages(const struct maps *maps, int fd,
				       int prot, int flags, size_t first,
				       size_t pages)
{
	return mmap(NULL, pages * maps->page, prot, flags, fd,
		    (off_t)first * maps->page);
}

/* The word that tests write, in page i of the mapping at @map. */
static inline unsigned int word_in(const struct maps *maps,
				   const unsigned char *map, size_t i)
{
	return word_at(map + i * maps->page + WORD_AT);
}

static inline void write_in(const struct maps *maps, unsigned char *map,
			    size_t i, unsigned int word)
{
	put_word(map + i * maps->page + WORD_AT, word);
}

/* A word of the device's own, by read() and write(). */
static inline unsigned int device_word(const struct maps *maps, size_t pgoff,
				       size_t at)
{
	unsigned char word[4] = { 0 };

	if (pread(maps->fd, word, sizeof(word),
		  (off_t)pgoff * maps->page + at) != sizeof(word))
		return 0;
	return word_at(word);
}

static inline bool set_device_word(const struct maps *maps, size_t pgoff,
				   size_t at, unsigned int word)
{
	unsigned char buf[4];

	put_word(buf, word);
	return pwrite(maps->fd, buf, sizeof(buf),
		      (off_t)pgoff * maps->page + at) == sizeof(buf);
}

/* Saves both edges of each page of the walk and writes each page's mark. */
static inline bool start_walk(struct walk *walk, const struct maps *maps,
			      size_t first, size_t pages)
{
	off_t start;
	size_t i;

	walk->first = first;
	walk->pages = pages;
	walk->edges = malloc(pages * 2 * EDGE);
	if (!walk->edges)
		return false;
	for (i = 0; i < pages; i++) {
		unsigned char *edge = walk->edges + i * 2 * EDGE;

		start = (off_t)(first + i) * maps->page;
		if (pread(maps->fd, edge, EDGE, start) != EDGE ||
		    pread(maps->fd, edge + EDGE, EDGE,
			  start + maps->page - EDGE) != EDGE ||
		    !set_device_word(maps, first + i, MARK_AT, MARK(first + i)))
			return false;
	}
	return true;
}

/* Puts the bytes back that start_walk() found. */
static inline bool end_walk(struct walk *walk, const struct maps *maps)
{
	off_t start;
	size_t i;

	for (i = 0; i < walk->pages; i++) {
		unsigned char *edge = walk->edges + i * 2 * EDGE;

		start = (off_t)(walk->first + i) * maps->page;
		if (pwrite(maps->fd, edge, EDGE, start) != EDGE ||
		    pwrite(maps->fd, edge + EDGE, EDGE,
			   start + maps->page - EDGE) != EDGE)
			return false;
	}
	free(walk->edges);
	return true;
}

/*
 * How many of @pages pages mapped at @at do not show the marks of the buffer's
 * pages from @pgoff on.
 */
static inline size_t count_wrong_pages(const struct maps *maps, const unsigned char *at,
				       size_t pgoff, size_t pages)
{
	size_t i, wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += word_at(at + i * maps->page + MARK_AT) !=
			 MARK(pgoff + i);
	return wrong;
}

static sigjmp_buf probe_env;

static inline void probe_handler(int sig)
{
	siglongjmp(probe_env, sig);
}

enum access { LOAD, STORE };

/*
 * The signal that loading the byte at @at, or storing 0 there, ends in: 0 for
 * none, SIGALRM for an access that never ends.
 */
static inline int signal_of(unsigned char *at, enum access access)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGALRM };
	struct sigaction action = { .sa_handler = probe_handler };
	struct sigaction saved[ARRAY_SIZE(signals)];
	size_t i;
	int sig;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, &saved[i]);
	alarm(PROBE_SECONDS);
	sig = sigsetjmp(probe_env, 1);
	if (!sig) {
		if (access == STORE)
			store(at, 0);
		else
			load(at);
	}
	alarm(0);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &saved[i], NULL);
	return sig;
}

/*
 * How a child ended: its exit status, or 128 and the signal that killed it, as
 * a shell says it.
 */
static inline int end_of(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Without the device there is nothing to test, and in two pages no middle: a
 * skip, to kselftest, with its reason.
 */
static void __attribute__((constructor)) need_device(void)
{
	bool there = !access(MAPS_NODE, R_OK | W_OK);

	if (there && number_in(MAPS_SYSFS, "npages") >= 3)
		return;
	ksft_print_header();
	if (!there)
		ksft_exit_skip("%s: %s (install maps.ko or set MAPS_KO=, and run as root)\n",
			       MAPS_NODE, strerror(errno));
	ksft_exit_skip("too few pages (load maps.ko with npages=3 or more)\n");
}

#endif

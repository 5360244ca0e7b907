// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probes: one function a question, and at the end the table of them all.
 *
 * A probe runs in a process of its own and ends by answering, or by dying of
 * what it did. Most of them map shared and read-only, since every strategy can
 * do that: then the row tells of the property asked for and of nothing else.
 * Each page begins with STAMP, and then with a MARK that tells it from others.
 */
#define _GNU_SOURCE
#include "matrix.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/loop.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

#define RO		PROT_READ
#define RW		(PROT_READ | PROT_WRITE)

/* No page holds these by accident. */
#define WRITTEN		0x57524954U
#define REWRITTEN	0x52455752U

/* Nobody waits longer than so many seconds for somebody else. */
#define PATIENCE	5

/* Pages in a mapping that need not be of all of the buffer. */
#define SOME		8

typedef volatile unsigned char bytes;

/* Of core files, which are as wide as the program. */
typedef ElfW(Ehdr) core_header;
typedef ElfW(Phdr) core_part;

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
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

static int open_node(const struct subject *s, int flags)
{
	int fd = open(s->node, flags | O_CLOEXEC);

	if (fd < 0)
		answer_refused();
	return fd;
}

/* mmap() alone: MAP_FAILED and errno when it is refused. The descriptor is closed at once. */
static bytes *try_map(const struct subject *s, int open_flags, int prot, int flags, off_t first,
		      size_t pages)
{
	int fd = open_node(s, open_flags);
	void *at = mmap(NULL, pages * page_size(), prot, flags, fd, first * (off_t)page_size());
	int err = errno;

	close(fd);
	errno = err;
	return at;
}

/* A mapping that a probe begins with. */
static bytes *map(const struct subject *s, int prot, int flags, off_t first, size_t pages)
{
	bytes *at = try_map(s, O_RDWR, prot, flags, first, pages);

	if (at == MAP_FAILED)
		answer_refused();
	return at;
}

/* A mapping that is itself what is asked for. */
static bytes *asked_map(const struct subject *s, int prot, int flags, off_t first, size_t pages)
{
	bytes *at = try_map(s, O_RDWR, prot, flags, first, pages);

	if (at == MAP_FAILED)
		answer_errno();
	return at;
}

/*
 * The first @pages of the buffer, at an address with that much room behind it
 * again, which is free or taken.
 */
static bytes *map_before(const struct subject *s, size_t pages, bool room)
{
	const size_t size = pages * page_size();
	void *at = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_node(s, O_RDWR);

	if (at == MAP_FAILED || mmap(at, size, RO, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    (room && munmap(at + size, size)))
		answer_refused();
	close(fd);
	return at;
}

static bytes *map_some(const struct subject *s)
{
	return map(s, RO, MAP_SHARED, 0, SOME);
}

static bytes *map_all(const struct subject *s)
{
	return map(s, RO, MAP_SHARED, 0, s->npages);
}

/* The word by read() and write(), past all mappings. */
static uint32_t device_word(const struct subject *s, size_t pgoff, size_t at)
{
	int fd = open_node(s, O_RDONLY);
	unsigned char word[4] = { 0 };

	if (pread(fd, word, sizeof(word), (off_t)(pgoff * page_size() + at)) != sizeof(word))
		answer("unreadable");
	close(fd);
	return word_at(word);
}

static void set_device_word(const struct subject *s, size_t pgoff, size_t at, uint32_t word)
{
	int fd = open_node(s, O_RDWR);
	unsigned char raw[4];

	put_word(raw, word);
	if (pwrite(fd, raw, sizeof(raw), (off_t)(pgoff * page_size() + at)) != sizeof(raw))
		answer("unwritable");
	close(fd);
}

/* Is each page that is mapped at @at the buffer's, from its page @first on? */
static bool right_pages(const bytes *at, size_t first, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		if (word_at(at + i * page_size() + MARK_AT) != MARK(first + i))
			return false;
	return true;
}

static void check_pages(const bytes *at, size_t first, size_t pages)
{
	if (!right_pages(at, first, pages))
		answer("wrong page");
}

static _Noreturn void answer_word(uint32_t word)
{
	answer("%08x", word);
}

static _Noreturn void answer_stamp_of(const bytes *at, size_t pages)
{
	check_pages(at, 0, pages);
	answer_word(word_at(at));
}

static _Noreturn void answer_right_pages(const bytes *at, size_t first, size_t pages)
{
	check_pages(at, first, pages);
	answer("right");
}

/* Write through a mapping of page @pgoff; the device's read() says where to. */
static _Noreturn void answer_write(const struct subject *s, bytes *at, size_t pgoff)
{
	put_word(at + WORD_AT, WRITTEN);
	if (word_at(at + WORD_AT) != WRITTEN)
		answer("lost");
	answer(device_word(s, pgoff, WORD_AT) == WRITTEN ? "shared" : "private");
}

/* Another process, which dies with this one and must not answer for it. */
static pid_t fork_helper(void)
{
	pid_t child = fork();

	if (child < 0)
		answer_errno();
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

/* How a helper ended: its exit status, or the negative signal. */
static int wait_helper(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		answer_refused();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Helpers say by their exit status whether they saw what they should, or which errno. */
static _Noreturn void answer_helper(pid_t child, const char *good)
{
	int status = wait_helper(child);

	if (!status)
		answer("%s", good);
	if (status == -SIGSEGV || status == -SIGBUS)
		answer(status == -SIGBUS ? "SIGBUS" : "SIGSEGV");
	if (status < 0 || status == 255)
		answer("wrong");
	errno = status;
	answer_errno();
}

/* A number of kB in a file of /proc/self, behind @key; for smaps, in the area of @at only. */
static long proc_kb(const char *name, const bytes *at, const char *key)
{
	bool inside = !at;
	char line[512];
	long kb = -1;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/self/%s", name);
	file = fopen(line, "r");
	if (!file)
		answer_lacking(name);
	while (kb < 0 && fgets(line, sizeof(line), file)) {
		unsigned long start, end;

		if (at && sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (uintptr_t)at && (uintptr_t)at < end;
		else if (inside && !strncmp(line, key, strlen(key)))
			kb = strtol(line + strlen(key), NULL, 10);
	}
	fclose(file);
	return kb;
}

/* How many areas of /proc/self/maps lie in a range. */
static int areas(const bytes *at, size_t pages)
{
	const uintptr_t from = (uintptr_t)at, to = from + pages * page_size();
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];
	int number = 0;

	if (!file)
		answer_lacking("/proc/self/maps");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			number += start < to && from < end;
	fclose(file);
	return number;
}

static _Noreturn void answer_areas(const bytes *at, size_t pages)
{
	int number = areas(at, pages);

	answer(number == 1 ? "1 area" : "%d areas", number);
}

/*
 * How many faults it takes to touch each page of a range: none if all are in
 * the page table. (/proc/self/pagemap cannot tell: it skips VM_PFNMAP areas.)
 */
static long count_faults(const bytes *at, size_t pages, size_t size)
{
	struct rusage before, after;
	size_t i;

	getrusage(RUSAGE_SELF, &after);
	getrusage(RUSAGE_SELF, &before);
	getrusage(RUSAGE_SELF, &before);
	for (i = 0; i < pages; i++)
		(void)at[i * size];
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

static long faults_to_touch(const bytes *at, size_t pages)
{
	static const bytes rehearsal;

	/* The faults of the counting itself are over after the first time. */
	count_faults(&rehearsal, 1, page_size());
	return count_faults(at, pages, page_size());
}

static _Noreturn void answer_present(const bytes *at, size_t pages)
{
	answer(faults_to_touch(at, pages) ? "not all" : "all");
}

/* Mapping it. */

static void shared_read(const struct subject *s)
{
	answer_stamp_of(asked_map(s, RO, MAP_SHARED, 0, s->npages), s->npages);
}

static void shared_write(const struct subject *s)
{
	answer_write(s, asked_map(s, RW, MAP_SHARED, 0, s->npages) + 3 * page_size(), 3);
}

static void private_read(const struct subject *s)
{
	answer_stamp_of(asked_map(s, RO, MAP_PRIVATE, 0, s->npages), s->npages);
}

static void private_write(const struct subject *s)
{
	answer_write(s, asked_map(s, RW, MAP_PRIVATE, 0, s->npages) + 3 * page_size(), 3);
}

static void private_one_page(const struct subject *s)
{
	answer_stamp_of(asked_map(s, RO, MAP_PRIVATE, 0, 1), 1);
}

static void private_one_page_write(const struct subject *s)
{
	answer_write(s, asked_map(s, RW, MAP_PRIVATE, 3, 1), 3);
}

static void private_page_by_page(const struct subject *s)
{
	size_t i;

	for (i = 0; i < MATRIX_MIN_PAGES; i++)
		check_pages(asked_map(s, RO, MAP_PRIVATE, i, 1), i, 1);
	answer("right");
}

static void at_offset(const struct subject *s)
{
	answer_right_pages(asked_map(s, RO, MAP_SHARED, 5, s->npages - 5), 5, s->npages - 5);
}

static void longer_than_buffer(const struct subject *s)
{
	bytes *at = asked_map(s, RO, MAP_SHARED, 0, s->npages + 1);

	answer_word(word_at(at + s->npages * page_size()));
}

static void offset_at_end(const struct subject *s)
{
	answer_word(word_at(asked_map(s, RO, MAP_SHARED, s->npages, 1)));
}

/* From the last page that an offset can name to behind it. */
static void offset_wraps(const struct subject *s)
{
	const off_t last = (sizeof(long) == 8 ? LLONG_MAX : 0xfffffffffffLL) & -(off_t)page_size();

	answer_word(word_at(asked_map(s, RO, MAP_SHARED, last / (off_t)page_size(), 2)));
}

static void populate(const struct subject *s)
{
	answer_present(asked_map(s, RO, MAP_SHARED | MAP_POPULATE, 0, s->npages), s->npages);
}

static void populate_private_write(const struct subject *s)
{
	bytes *at = asked_map(s, RW, MAP_PRIVATE | MAP_POPULATE, 0, s->npages);

	set_device_word(s, 3, WORD_AT, WRITTEN);
	answer(word_at(at + 3 * page_size() + WORD_AT) == WRITTEN ? "not copied" : "copied");
}

static void close_first(const struct subject *s)
{
	/* map() has closed it already. */
	answer_stamp_of(map_all(s), s->npages);
}

static void faults_to_read(const struct subject *s)
{
	long faults = faults_to_touch(map_all(s), s->npages);

	answer(faults == (long)s->npages ? "one a page" : faults ? "fewer" : "none");
}

/* What may be done with it. */

static void private_sees_device(const struct subject *s)
{
	bytes *at = asked_map(s, RW, MAP_PRIVATE, 3, 1);
	bool before, after;

	check_pages(at, 3, 1);
	set_device_word(s, 3, WORD_AT, WRITTEN);
	before = word_at(at + WORD_AT) == WRITTEN;
	put_word(at, ~STAMP);
	set_device_word(s, 3, WORD_AT, REWRITTEN);
	after = word_at(at + WORD_AT) == REWRITTEN;

	answer(before && after ? "always" : before ? "until copied" : "never");
}

/*
 * mprotect(). MIPS forgets of a frame that it is not to be counted as a page
 * (pte_modify() in its asm/pgtable.h drops _PAGE_SPECIAL in 6.1; not in 7.3), and
 * gives back what was never taken when the area is unmapped: "Bad page map".
 */
static int protect(const struct subject *s, bytes *at, size_t pages, int prot)
{
#ifdef __mips__
	if (!strncmp(s->name, "remap_pfn", strlen("remap_pfn")))
		answer_lacking("mprotect() of frames, which MIPS breaks");
#else
	(void)s;
#endif
	return mprotect((void *)at, pages * page_size(), prot);
}

static void readonly_write(const struct subject *s)
{
	bytes *at = map_some(s);

	check_pages(at, 0, SOME);
	answer_write(s, at + 3 * page_size(), 3);
}

static void mprotect_up(const struct subject *s)
{
	bytes *at = map_some(s);

	check_pages(at, 0, SOME);
	if (protect(s, at, SOME, RW))
		answer_errno();
	answer_write(s, at + 3 * page_size(), 3);
}

static void mprotect_up_private(const struct subject *s)
{
	bytes *at = map(s, RO, MAP_PRIVATE, 3, 1);

	check_pages(at, 3, 1);
	if (protect(s, at, 1, RW))
		answer_errno();
	answer_write(s, at, 3);
}

static void mprotect_down(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 3, 1);

	put_word(at + WORD_AT, REWRITTEN);
	if (protect(s, at, 1, RO))
		answer_errno();
	answer_write(s, at, 3);
}

static void mprotect_none_and_back(const struct subject *s)
{
	bytes *at = map_some(s);

	check_pages(at, 0, SOME);
	if (protect(s, at, SOME, PROT_NONE) || protect(s, at, SOME, RO))
		answer_errno();
	answer_stamp_of(at, SOME);
}

static void readonly_fd_shared_write(const struct subject *s)
{
	bytes *at = try_map(s, O_RDONLY, RW, MAP_SHARED, 0, SOME);

	if (at == MAP_FAILED)
		answer_errno();
	answer_write(s, at, 0);
}

static void readonly_fd_mprotect(const struct subject *s)
{
	bytes *at = try_map(s, O_RDONLY, RO, MAP_SHARED, 3, 1);

	if (at == MAP_FAILED)
		answer_refused();
	if (mprotect((void *)at, page_size(), RW))
		answer_errno();
	answer_write(s, at, 3);
}

static void readonly_fd_private_write(const struct subject *s)
{
	bytes *at = try_map(s, O_RDONLY, RW, MAP_PRIVATE, 3, 1);

	if (at == MAP_FAILED)
		answer_errno();
	answer_write(s, at, 3);
}

static void writeonly_fd(const struct subject *s)
{
	bytes *at = try_map(s, O_WRONLY, PROT_WRITE, MAP_SHARED, 3, 1);

	if (at == MAP_FAILED)
		answer_errno();
	answer_write(s, at, 3);
}

static void prot_exec(const struct subject *s)
{
	asked_map(s, RO | PROT_EXEC, MAP_SHARED, 0, SOME);
	answer("executable");
}

static void mprotect_exec(const struct subject *s)
{
	if (mprotect((void *)map_some(s), SOME * page_size(), RO | PROT_EXEC))
		answer_errno();
	answer("executable");
}

static void read_implies_exec(const struct subject *s)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		answer_lacking("personality(READ_IMPLIES_EXEC)");
	answer_stamp_of(asked_map(s, RO, MAP_SHARED, 0, SOME), SOME);
}

/* Changing it. */

static void munmap_first(const struct subject *s)
{
	bytes *at = map_some(s);

	if (munmap((void *)at, page_size()))
		answer_errno();
	answer_right_pages(at + page_size(), 1, SOME - 1);
}

static void munmap_middle(const struct subject *s)
{
	bytes *at = map_some(s);

	if (munmap((void *)(at + 3 * page_size()), page_size()))
		answer_errno();
	check_pages(at, 0, 3);
	answer_right_pages(at + 4 * page_size(), 4, SOME - 4);
}

static void mremap_move(const struct subject *s)
{
	const size_t size = SOME * page_size();
	bytes *at = map_some(s);
	void *to = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Some pages are there already, some are not. */
	check_pages(at, 0, SOME / 2);
	at = mremap((void *)at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(at, 0, SOME);
}

static void mremap_shrink(const struct subject *s)
{
	bytes *at = map_some(s);

	at = mremap((void *)at, SOME * page_size(), SOME / 2 * page_size(), 0);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(at, 0, SOME / 2);
}

static void mremap_grow(const struct subject *s)
{
	bytes *at = map_before(s, SOME, false);

	at = mremap((void *)at, SOME * page_size(), 2 * SOME * page_size(), MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(at, 0, 2 * SOME);
}

static void mremap_grow_in_place(const struct subject *s)
{
	bytes *at = map_before(s, SOME, true);

	at = mremap((void *)at, SOME * page_size(), 2 * SOME * page_size(), 0);
	if (at == MAP_FAILED)
		answer_errno();
	answer_right_pages(at, 0, 2 * SOME);
}

static void mremap_grow_past(const struct subject *s)
{
	const size_t size = s->npages * page_size();
	bytes *at = map_before(s, s->npages, false);

	at = mremap((void *)at, size, size + page_size(), MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		answer_errno();
	answer_word(word_at(at + size));
}

static void mremap_dontunmap(const struct subject *s)
{
	const size_t size = SOME * page_size();
	bytes *old = map_some(s), *new;

	check_pages(old, 0, SOME);
	new = mremap((void *)old, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (new == MAP_FAILED)
		answer_errno();
	check_pages(new, 0, SOME);
	check_pages(old, 0, SOME);
	answer("both");
}

/* Two mappings of neighbouring parts, next to each other, are one area. */
static void merge(const struct subject *s)
{
	const size_t half = SOME / 2 * page_size();
	bytes *at = mmap(NULL, 2 * half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_node(s, O_RDWR);

	if (mmap((void *)at, half, RO, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap((void *)(at + half), half, RO, MAP_SHARED | MAP_FIXED, fd, half) == MAP_FAILED)
		answer_refused();
	check_pages(at, 0, SOME);
	answer_areas(at, SOME);
}

/* An area that mprotect() has split is whole again when protected alike. */
static void merge_again(const struct subject *s)
{
	bytes *at = map_some(s), *middle = at + 3 * page_size();

	if (protect(s, middle, 1, PROT_NONE) || protect(s, middle, 1, RO))
		answer_errno();
	check_pages(at, 0, SOME);
	answer_areas(at, SOME);
}

/* Children. */

static void fork_reads(const struct subject *s)
{
	bytes *at = map_some(s);
	pid_t child;

	check_pages(at, 0, SOME / 2);
	child = fork_helper();
	if (!child)
		_exit(right_pages(at, 0, SOME) ? 0 : 255);
	answer_helper(child, "right");
}

static void fork_writes_shared(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 3, 1);
	pid_t child = fork_helper();

	if (!child) {
		put_word(at + WORD_AT, WRITTEN);
		_exit(0);
	}
	if (wait_helper(child))
		answer("child died");
	answer(word_at(at + WORD_AT) == WRITTEN ? "seen" : "not seen");
}

static void fork_private(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_PRIVATE, 3, 1);
	pid_t child;

	put_word(at + WORD_AT, WRITTEN);
	child = fork_helper();
	if (!child) {
		bool inherited = word_at(at + WORD_AT) == WRITTEN;

		put_word(at + WORD_AT, REWRITTEN);
		_exit(inherited ? 0 : 255);
	}
	if (wait_helper(child))
		answer("not inherited");
	answer(word_at(at + WORD_AT) == WRITTEN ? "apart" : "child's");
}

/* fork() marks what it copies as not used; where no hardware marks it again, a fault does. */
static bool faults_after_fork(void)
{
	bytes *at = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (at == MAP_FAILED)
		answer_errno();
	at[0] = 1;
	child = fork_helper();
	if (!child)
		_exit(faults_to_touch(at, 1) ? 1 : 0);
	return wait_helper(child);
}

/* What fork() copies of a page table is what it costs. */
static void fork_page_table(const struct subject *s)
{
	bytes *at = map_all(s);
	pid_t child;
	int status;

	if (faults_after_fork())
		answer_lacking("hardware that marks pages as used");
	check_pages(at, 0, s->npages);
	child = fork_helper();
	if (!child)
		_exit(faults_to_touch(at, s->npages) ? 1 : 0);
	status = wait_helper(child);
	answer(status ? "not copied" : "copied");
}

static void dontfork(const struct subject *s)
{
	bytes *at = map_some(s);
	pid_t child;

	if (madvise((void *)at, SOME * page_size(), MADV_DONTFORK))
		answer_errno();
	child = fork_helper();
	if (!child)
		_exit(right_pages(at, 0, SOME) ? 0 : 255);
	answer_helper(child, "inherited");
}

static void dofork(const struct subject *s)
{
	bytes *at = map_some(s);

	if (madvise((void *)at, SOME * page_size(), MADV_DONTFORK) ||
	    madvise((void *)at, SOME * page_size(), MADV_DOFORK))
		answer_errno();
	answer("undone");
}

/* Memory management. */

static void dontneed(const struct subject *s)
{
	bytes *at = map_some(s);

	check_pages(at, 0, SOME);
	if (madvise((void *)at, SOME * page_size(), MADV_DONTNEED))
		answer_errno();
	answer_stamp_of(at, SOME);
}

static void dontneed_private(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_PRIVATE, 3, 1);

	put_word(at + WORD_AT, WRITTEN);
	if (madvise((void *)at, page_size(), MADV_DONTNEED))
		answer_errno();
	answer(word_at(at + WORD_AT) == WRITTEN ? "copy kept" : "the device's");
}

/* Of a part, so that a large page would have to be split. */
static void pageout(const struct subject *s)
{
	bytes *at = map_all(s);

	check_pages(at, 0, s->npages);
	if (madvise((void *)(at + page_size()), 3 * page_size(), MADV_PAGEOUT))
		answer_errno();
	answer_stamp_of(at, s->npages);
}

static void populate_read(const struct subject *s)
{
	bytes *at = map_all(s);

	if (madvise((void *)at, s->npages * page_size(), MADV_POPULATE_READ))
		answer_errno();
	answer_present(at, s->npages);
}

static void lock(const struct subject *s)
{
	bytes *at = map_some(s);
	long kb;

	if (mlock((void *)at, SOME * page_size()))
		answer_errno();
	kb = proc_kb("status", NULL, "VmLck:");
	answer(kb == (long)(SOME * page_size() / 1024) ? "counted" : kb ? "miscounted" :
								      "not counted");
}

static void lock_populates(const struct subject *s)
{
	bytes *at = map_some(s);

	if (mlock((void *)at, SOME * page_size()))
		answer_errno();
	answer_present(at, SOME);
}

static _Noreturn void answer_in_core(bytes *at)
{
	unsigned char resident[SOME];
	size_t number = 0, i;

	if (mincore((void *)at, SOME * page_size(), resident))
		answer_errno();
	for (i = 0; i < SOME; i++)
		number += resident[i] & 1;
	answer(number == SOME ? "all" : number ? "some" : "none");
}

static void mincore_untouched(const struct subject *s)
{
	answer_in_core(map_some(s));
}

static void mincore_touched(const struct subject *s)
{
	bytes *at = map_some(s);

	check_pages(at, 0, SOME);
	answer_in_core(at);
}

static void sync_range(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 0, SOME);

	put_word(at + WORD_AT, WRITTEN);
	if (msync((void *)at, SOME * page_size(), MS_SYNC))
		answer_errno();
	answer("done");
}

static void rss(const struct subject *s)
{
	bytes *at = map_all(s);
	long kb;

	check_pages(at, 0, s->npages);
	kb = proc_kb("smaps", at, "Rss:");
	answer(kb == (long)(s->npages * page_size() / 1024) ? "counted" : kb ? "miscounted" :
									   "not counted");
}

/* Half of a page that is mapped twice belongs to each mapping. */
static void pss(const struct subject *s)
{
	bytes *at = map_all(s), *other = map_all(s);
	long kb, size = s->npages * page_size() / 1024;

	check_pages(at, 0, s->npages);
	check_pages(other, 0, s->npages);
	kb = proc_kb("smaps", at, "Pss:");
	answer(kb == size / 2 ? "half" : kb == size ? "all" : kb ? "miscounted" : "none");
}

/* The kernel's access to it, for this process and for others. */

static void write_from(const struct subject *s)
{
	bytes *at = map_some(s);
	unsigned char word[4];
	int ends[2];

	if (pipe(ends))
		answer_refused();
	if (write(ends[1], (void *)at, sizeof(word)) != sizeof(word))
		answer_errno();
	if (read(ends[0], word, sizeof(word)) != sizeof(word))
		answer_errno();
	answer_word(word_at(word));
}

static void vm_readv(const struct subject *s)
{
	bytes *at = map_some(s);
	pid_t parent = getpid(), child = fork_helper();

	if (!child) {
		unsigned char word[4];
		struct iovec local = { word, sizeof(word) }, remote = { (void *)at, sizeof(word) };

		if (process_vm_readv(parent, &local, 1, &remote, 1, 0) != sizeof(word))
			_exit(errno);
		_exit(word_at(word) == STAMP ? 0 : 255);
	}
	answer_helper(child, "aabbccdd");
}

static void vm_writev(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 3, 1);
	pid_t parent = getpid(), child = fork_helper();

	if (!child) {
		unsigned char word[4];
		struct iovec local = { word, sizeof(word) },
			     remote = { (void *)(at + WORD_AT), sizeof(word) };

		put_word(word, WRITTEN);
		if (process_vm_writev(parent, &local, 1, &remote, 1, 0) != sizeof(word))
			_exit(errno);
		_exit(device_word(s, 3, WORD_AT) == WRITTEN ? 0 : 255);
	}
	answer_helper(child, "shared");
}

/* A child that stops, to be looked at by a debugger. */
static pid_t fork_tracee(void)
{
	pid_t child = fork_helper();

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(errno);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		answer_refused();
	return child;
}

static void ptrace_peek(const struct subject *s)
{
	bytes *at = map_some(s);
	pid_t child = fork_tracee();
	long data;

	errno = 0;
	data = ptrace(PTRACE_PEEKDATA, child, (void *)at, NULL);
	if (errno)
		answer_errno();
	answer_word(word_at((bytes *)&data));
}

/* What a breakpoint does: written to, although the process may only read. */
static void ptrace_poke(const struct subject *s)
{
	bytes *at = map(s, RO, MAP_PRIVATE, 3, 1);
	pid_t child = fork_tracee();
	long data = -1;

	if (ptrace(PTRACE_POKEDATA, child, (void *)(at + WORD_AT), (void *)data))
		answer_errno();
	answer(device_word(s, 3, WORD_AT) ? "shared" : "private");
}

static void proc_mem(const struct subject *s)
{
	bytes *at = map_some(s);
	pid_t parent = getpid(), child = fork_helper();

	if (!child) {
		unsigned char word[4];
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/mem", (int)parent);
		fd = open(path, O_RDONLY);
		if (fd < 0 || pread(fd, word, sizeof(word), (off_t)(uintptr_t)at) != sizeof(word))
			_exit(errno);
		_exit(word_at(word) == STAMP ? 0 : 255);
	}
	answer_helper(child, "aabbccdd");
}

/*
 * A disk of our own: a loop device over a file that the memory holds. Nothing
 * else accepts O_DIRECT everywhere and goes to the pages of the process.
 */
static int open_disk(void)
{
	const size_t size = 16 * page_size();
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int file = syscall(SYS_memfd_create, "disk", 0);
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	char path[32];
	int number, disk;

	if (control < 0)
		answer_lacking("/dev/loop-control (the loop driver)");
	if (file < 0 || ftruncate(file, (off_t)size))
		answer_refused();
	do {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		snprintf(path, sizeof(path), "/dev/loop%d", number);
		disk = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (number < 0 || disk < 0)
			answer_lacking("a free loop device");
	} while (ioctl(disk, LOOP_SET_FD, file) && errno == EBUSY && !close(disk));
	if (ioctl(disk, LOOP_SET_STATUS64, &info))
		answer_refused();
	return disk;
}

static void direct_read(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 3, 1);
	int disk = open_disk();

	/* The disk is blank, and the page is not. */
	if (pread(disk, (void *)at, page_size(), 0) != (ssize_t)page_size())
		answer_errno();
	answer(device_word(s, 3, MARK_AT) ? "lost" : "shared");
}

static void direct_write(const struct subject *s)
{
	bytes *at = map_some(s);
	int disk = open_disk();
	unsigned char *copy = aligned_alloc(page_size(), page_size());

	if (pwrite(disk, (void *)at, page_size(), 0) != (ssize_t)page_size())
		answer_errno();
	if (!copy || pread(disk, copy, page_size(), 0) != (ssize_t)page_size())
		answer_errno();
	answer_word(word_at(copy));
}

static void splice_pages(const struct subject *s)
{
	bytes *at = map_some(s);
	struct iovec pages = { (void *)at, page_size() };
	unsigned char word[4];
	int ends[2];

	if (pipe(ends))
		answer_refused();
	if (vmsplice(ends[1], &pages, 1, 0) != (ssize_t)page_size())
		answer_errno();
	if (read(ends[0], word, sizeof(word)) != sizeof(word))
		answer_errno();
	answer_word(word_at(word));
}

static void io_uring_buffer(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 0, SOME);
	struct iovec buffer = { (void *)at, SOME * page_size() };
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &params);

	if (ring < 0)
		answer_lacking("io_uring");
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1))
		answer_errno();
	answer("registered");
}

static long futex(bytes *at, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, at, op, value, timeout, NULL, 0);
}

/* One process sleeps on a word of the buffer, another wakes it through its own mapping. */
static void shared_futex(const struct subject *s)
{
	const struct timespec patience = { .tv_sec = PATIENCE };
	bytes *at = map(s, RW, MAP_SHARED, 3, 1), *other;
	pid_t child = fork_helper();
	int status;
	long woken;

	if (!child) {
		other = try_map(s, O_RDWR, RW, MAP_SHARED, 3, 1);
		if (other == MAP_FAILED)
			_exit(255);
		_exit(futex(other + WORD_AT, FUTEX_WAIT, 0, &patience) ? errno : 0);
	}
	do {
		woken = futex(at + WORD_AT, FUTEX_WAKE, 1, NULL);
		if (woken < 0)
			answer_errno();
		sched_yield();
	} while (!woken && !waitpid(child, &status, WNOHANG));
	answer(woken ? "woken" : "not woken");
}

static void userfaultfd_register(const struct subject *s)
{
	bytes *at = map(s, RW, MAP_SHARED, 0, SOME);
	struct uffdio_register range = {
		.range = { (uintptr_t)at, SOME * page_size() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		answer_lacking("userfaultfd");
	if (ioctl(fd, UFFDIO_REGISTER, &range))
		answer_errno();
	answer("registered");
}

/* The word at an address in a core file. */
static _Noreturn void answer_core(const char *path, uintptr_t at)
{
	FILE *core = fopen(path, "r");
	unsigned char word[4];
	core_header header;
	core_part part;
	int i;

	if (!core || fread(&header, sizeof(header), 1, core) != 1)
		answer_lacking("core dumps to a file");
	unlink(path);
	for (i = 0; i < header.e_phnum; i++) {
		if (fseeko(core, header.e_phoff + i * header.e_phentsize, SEEK_SET) ||
		    fread(&part, sizeof(part), 1, core) != 1)
			answer("unreadable");
		if (part.p_type != PT_LOAD || at < part.p_vaddr ||
		    at >= part.p_vaddr + part.p_memsz)
			continue;
		if (at >= part.p_vaddr + part.p_filesz)
			answer("left out");
		if (fseeko(core, part.p_offset + (at - part.p_vaddr), SEEK_SET) ||
		    fread(word, sizeof(word), 1, core) != 1)
			answer("unreadable");
		answer_word(word_at(word));
	}
	answer("left out");
}

/* A word in a file of /proc, from and to. */
static bool proc_file(const char *path, char *text, size_t size, bool save)
{
	int fd = open(path, (save ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	ssize_t got = -1;

	if (fd >= 0)
		got = save ? read(fd, text, size - 1) : write(fd, text, strlen(text));
	if (save && got >= 0)
		text[got] = 0;
	close(fd);
	return got > 0;
}

/* The name of core files is the machine's: it is put back before the answer. */
static void core_dump(const struct subject *s)
{
	static const char names[] = "/proc/sys/kernel/core_pattern";
	char saved[256], core[] = "/tmp/maps-matrix-core", every_kind[] = "0xff";
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	bytes *at = map_some(s);
	pid_t child;

	check_pages(at, 0, SOME);
	if (!proc_file(names, saved, sizeof(saved), true) ||
	    !proc_file(names, core, sizeof(core), false))
		answer_lacking(names);
	child = fork();
	if (!child) {
		setrlimit(RLIMIT_CORE, &unlimited);
		proc_file("/proc/self/coredump_filter", every_kind, sizeof(every_kind), false);
		abort();
	}
	waitpid(child, NULL, 0);
	proc_file(names, saved, sizeof(saved), false);
	answer_core(core, (uintptr_t)at);
}

static void dodump(const struct subject *s)
{
	bytes *at = map_some(s);

	if (madvise((void *)at, SOME * page_size(), MADV_DONTDUMP) ||
	    madvise((void *)at, SOME * page_size(), MADV_DODUMP))
		answer_errno();
	answer("undone");
}

/* Who keeps whom. */

static int umount_of(const struct subject *s, int flags)
{
	char folder[sizeof(s->node)];

	strcpy(folder, s->node);
	*strrchr(folder, '/') = 0;
	return umount2(folder, flags);
}

/* Take away what gives the memory: the module, or the mount that the file is on. */
static int take_away(const struct subject *s)
{
	if (!s->is_file)
		return syscall(SYS_delete_module, "maps", O_NONBLOCK);
	return umount_of(s, 0);
}

static void unload_while_mapped(const struct subject *s)
{
	bytes *at = map_some(s);

	check_pages(at, 0, SOME);
	if (!take_away(s))
		answer("gone");
	/* EAGAIN is what delete_module() calls it, and EBUSY umount(). */
	if (errno == EAGAIN || errno == EBUSY)
		answer("busy");
	answer_errno();
}

/* Does anything refer to the module, or to the mount? To be asked in vain marks a mount only. */
static bool in_use(const struct subject *s)
{
	char text[32];

	if (s->is_file)
		return umount_of(s, MNT_EXPIRE) && errno == EBUSY;
	if (!proc_file("/sys/module/maps/refcnt", text, sizeof(text), true))
		answer_lacking("/sys/module/maps/refcnt");
	return atoi(text);
}

static void killed_holder(const struct subject *s)
{
	char ready;
	int ends[2];
	pid_t child;

	if (pipe(ends))
		answer_refused();
	child = fork_helper();
	if (!child) {
		bytes *at = try_map(s, O_RDWR, RO, MAP_SHARED, 0, SOME);

		if (at == MAP_FAILED || write(ends[1], "m", at[0] ? 1 : 0) != 1)
			_exit(1);
		pause();
	}
	if (read(ends[0], &ready, 1) != 1 || !in_use(s))
		answer("not held");
	kill(child, SIGKILL);
	wait_helper(child);
	/* A file is closed a moment after its process is gone; the alarm ends a leak. */
	while (in_use(s))
		sched_yield();
	answer("released");
}

#define WRITABLE_REFUSED \
	"remap_pfn_readonly refuses what is writable: writable without VM_MAYWRITE is a state\n" \
	"that the kernel does not know."

const struct probe probes[] = {
	{
		.section	= "Mapping it",
		.name	= "shared_read",
		.asks	= "Map all shared and read-only, read every page; the first word.",
		.ask	= shared_read,
	},
	{
		.name	= "shared_write",
		.asks	= "Map all shared and writable, write; does the device's read() show it\n"
			"(shared)?",
		.why	= WRITABLE_REFUSED,
		.ask	= shared_write,
	},
	{
		.name	= "private_read",
		.asks	= "Map all private and read-only, as the question's program does; the\n"
			"first word.",
		.why	= "remap_pfn_range() wants all of a mapping that may be copied on write\n"
			"in one call, else EINVAL. The asker's driver does not look, so\n"
			"nothing is mapped and the access is SIGBUS.",
		.ask	= private_read,
	},
	{
		.name	= "private_write",
		.asks	= "Map all private and writable, write; is it kept from the device\n"
			"(private)?",
		.why	= "remap_pfn_range() wants all of a mapping that may be copied on write\n"
			"in one call, else EINVAL. The asker's driver does not look, so\n"
			"nothing is mapped and the access is SIGBUS; and remap_pfn_readonly\n"
			"refuses what is writable.",
		.ask	= private_write,
	},
	{
		.name	= "private_one_page",
		.asks	= "Map one page private and read-only; the first word.",
		.ask	= private_one_page,
	},
	{
		.name	= "private_one_page_write",
		.asks	= "Map one page private and writable, write; is it kept from the device?",
		.why	= WRITABLE_REFUSED,
		.ask	= private_one_page_write,
	},
	{
		.name	= "private_page_by_page",
		.asks	= "Map sixteen pages private, each on its own (remedy 2); are they the\n"
			"right ones?",
		.ask	= private_page_by_page,
	},
	{
		.name	= "at_offset",
		.asks	= "Map from the sixth page on; are the pages the right ones?",
		.ask	= at_offset,
	},
	{
		.name	= "longer_than_buffer",
		.asks	= "Map one page more than there is, read that.",
		.unlike	= "A file may grow, so mmap() allows it and the access dies; the buffer\n"
			"never grows, and mmap() says so at once.",
		.ask	= longer_than_buffer,
	},
	{
		.name	= "offset_at_end",
		.asks	= "Map the page behind the last one, read it.",
		.unlike	= "A file may grow, so mmap() allows it and the access dies; the buffer\n"
			"never grows, and mmap() says so at once.",
		.ask	= offset_at_end,
	},
	{
		.name	= "offset_wraps",
		.asks	= "Map from the last page that an offset can name to behind it.",
		.unlike	= "A file system has a largest file and says EOVERFLOW beyond it; a\n"
			"device is asked itself, and says what it says to every offset behind\n"
			"the end.",
		.ask	= offset_wraps,
	},
	{
		.name	= "populate",
		.asks	= "Map with MAP_POPULATE; is all of it there without a fault?",
		.ask	= populate,
	},
	{
		.name	= "populate_private_write",
		.asks	= "Map private and writable with MAP_POPULATE: is it a copy from the\n"
			"start?",
		.why	= "remap_pfn_range() wants all of a mapping that may be copied on write\n"
			"in one call, else EINVAL. The asker's driver does not look, so\n"
			"nothing is mapped and the access is SIGBUS; and remap_pfn_readonly\n"
			"refuses what is writable.",
		.ask	= populate_private_write,
	},
	{
		.name	= "close_first",
		.asks	= "Read after the descriptor is closed.",
		.ask	= close_first,
	},
	{
		.name	= "faults_to_read",
		.asks	= "How many page faults it takes to read every page once.",
		.why	= "An eager strategy has paid in mmap(). The fault handler is called\n"
			"once for each small page, or for each folio; fault_around for each\n"
			"window of pages.",
		.unlike	= "The page cache maps the neighbours of a page along with it\n"
			"(vm_ops->map_pages); the handler maps what was touched.",
		.ask	= faults_to_read,
	},
	{
		.section	= "Reading, writing, protection",
		.name	= "private_sees_device",
		.asks	= "Does a private page show what the device is written to: before its\n"
			"own first write (until copied), after it, too (always)?",
		.why	= WRITABLE_REFUSED,
		.ask	= private_sees_device,
	},
	{
		.name	= "readonly_write",
		.asks	= "Write to a read-only mapping.",
		.ask	= readonly_write,
	},
	{
		.name	= "mprotect_up",
		.asks	= "Make a shared read-only mapping writable, write; does the device show\n"
			"it?",
		.why	= "remap_pfn_readonly has taken VM_MAYWRITE from the mapping for good.",
		.ask	= mprotect_up,
	},
	{
		.name	= "mprotect_up_private",
		.asks	= "Make one private read-only page writable, write; is it kept from the\n"
			"device?",
		.why	= "remap_pfn_readonly has taken VM_MAYWRITE from the mapping for good.",
		.ask	= mprotect_up_private,
	},
	{
		.name	= "mprotect_down",
		.asks	= "Write to a page, make it read-only, write again.",
		.why	= WRITABLE_REFUSED,
		.ask	= mprotect_down,
	},
	{
		.name	= "mprotect_none_and_back",
		.asks	= "Take all access away and give reading back; the first word.",
		.ask	= mprotect_none_and_back,
	},
	{
		.name	= "readonly_fd_shared_write",
		.asks	= "Map a read-only descriptor shared and writable.",
		.ask	= readonly_fd_shared_write,
	},
	{
		.name	= "readonly_fd_mprotect",
		.asks	= "Map a read-only descriptor shared, make that writable.",
		.ask	= readonly_fd_mprotect,
	},
	{
		.name	= "readonly_fd_private_write",
		.asks	= "Map a page of a read-only descriptor private and writable, write; is\n"
			"it kept from the device?",
		.why	= WRITABLE_REFUSED,
		.ask	= readonly_fd_private_write,
	},
	{
		.name	= "writeonly_fd",
		.asks	= "Map a write-only descriptor.",
		.ask	= writeonly_fd,
	},
	{
		.name	= "prot_exec",
		.asks	= "Map executable. (The file is on a mount that forbids it, too.)",
		.ask	= prot_exec,
	},
	{
		.name	= "mprotect_exec",
		.asks	= "Make a mapping executable.",
		.ask	= mprotect_exec,
	},
	{
		.name	= "read_implies_exec",
		.asks	= "Map readable under personality(READ_IMPLIES_EXEC), as programs with\n"
			"an executable stack run.",
		.ask	= read_implies_exec,
	},
	{
		.section	= "Changing the mapping",
		.name	= "munmap_first",
		.asks	= "Unmap the first page; are those that are left the right ones?",
		.ask	= munmap_first,
	},
	{
		.name	= "munmap_middle",
		.asks	= "Unmap a page in the middle; are those that are left the right ones?",
		.ask	= munmap_middle,
	},
	{
		.name	= "mremap_move",
		.asks	= "Move the mapping, half of it touched; are the pages the right ones?",
		.ask	= mremap_move,
	},
	{
		.name	= "mremap_shrink",
		.asks	= "Shrink the mapping; are the pages the right ones?",
		.ask	= mremap_shrink,
	},
	{
		.name	= "mremap_grow",
		.asks	= "Grow the mapping inside the buffer, with no room behind it; are the\n"
			"pages the right ones?",
		.why	= "VM_PFNMAP and VM_DONTEXPAND, set by remap_pfn_range() and\n"
			"remap_vmalloc_range(), forbid growth. Pages inserted by mmap() may\n"
			"grow, but nothing brings the new ones.",
		.ask	= mremap_grow,
	},
	{
		.name	= "mremap_grow_in_place",
		.asks	= "The same with room behind it, so that it need not move.",
		.why	= "As for mremap_grow; besides, kernels that grow an area by merging it\n"
			"with its extension (6.1 does, 5.10 does not) say ENOMEM to\n"
			"VM_MIXEDMAP, which fault_around and the inserted pages set.",
		.ask	= mremap_grow_in_place,
	},
	{
		.name	= "mremap_grow_past",
		.asks	= "Grow the mapping past the end of the buffer, read there.",
		.why	= "What forbids growth inside the buffer forbids it here.",
		.ask	= mremap_grow_past,
	},
	{
		.name	= "mremap_dontunmap",
		.asks	= "Move the pages and leave the mapping, MREMAP_DONTUNMAP; do both\n"
			"places show the right pages?",
		.why	= "VM_PFNMAP and VM_DONTEXPAND forbid it. Pages inserted by mmap() are\n"
			"moved, and nothing brings them back to the old place.",
		.ask	= mremap_dontunmap,
	},
	{
		.name	= "merge",
		.asks	= "Map two neighbouring parts next to each other: how many areas are\n"
			"they in /proc/self/maps?",
		.why	= "Areas with any of VM_IO, VM_DONTEXPAND, VM_PFNMAP and VM_MIXEDMAP are\n"
			"never merged.",
		.unlike	= "Newer kernels compare the flags of two areas before they call\n"
			"f_op->mmap(), which then clears VM_MAYEXEC.",
		.ask	= merge,
	},
	{
		.name	= "merge_again",
		.asks	= "Take the access from a page in the middle and give it back: how many\n"
			"areas are left?",
		.why	= "Areas with any of VM_IO, VM_DONTEXPAND, VM_PFNMAP and VM_MIXEDMAP are\n"
			"never merged.",
		.ask	= merge_again,
	},
	{
		.section	= "Children",
		.name	= "fork_reads",
		.asks	= "A child reads what the parent has mapped and half touched.",
		.ask	= fork_reads,
	},
	{
		.name	= "fork_writes_shared",
		.asks	= "A child writes to a shared page: does the parent see it?",
		.why	= WRITABLE_REFUSED,
		.ask	= fork_writes_shared,
	},
	{
		.name	= "fork_private",
		.asks	= "A child inherits a private page that was written, writes to it: does\n"
			"the parent keep its own (apart)?",
		.why	= "On x86, before memory types were kept beside the mapping (6.1 and\n"
			"6.12, not 7.3), fork() fails if the first page of a private\n"
			"remap_pfn_range() mapping has been copied: it cannot tell the memory\n"
			"type any more (get_pat_info() in arch/x86/mm/pat/memtype.c).\n"
			"remap_pfn_readonly refuses what is writable.",
		.ask	= fork_private,
	},
	{
		.name	= "fork_page_table",
		.asks	= "Does fork() copy the page table entries, which costs time?",
		.why	= "What cannot be faulted in again has to be copied: VM_PFNMAP and\n"
			"VM_MIXEDMAP. The rest is left to the child's faults.",
		.ask	= fork_page_table,
	},
	{
		.name	= "dontfork",
		.asks	= "A child reads what MADV_DONTFORK kept from it.",
		.ask	= dontfork,
	},
	{
		.name	= "dofork",
		.asks	= "Undo MADV_DONTFORK with MADV_DOFORK.",
		.why	= "MADV_DOFORK refuses VM_IO; newer kernels (7.3) refuse VM_MIXEDMAP and\n"
			"VM_DONTEXPAND, too.",
		.ask	= dofork,
	},
	{
		.section	= "Memory management",
		.name	= "dontneed",
		.asks	= "Read after MADV_DONTNEED; the first word.",
		.why	= "MADV_DONTNEED refuses VM_PFNMAP. Pages inserted by mmap() are gone\n"
			"for good: there is no fault handler to bring them back.",
		.ask	= dontneed,
	},
	{
		.name	= "dontneed_private",
		.asks	= "Write to a private page, read after MADV_DONTNEED.",
		.why	= "As for dontneed; remap_pfn_readonly refuses what is writable.",
		.ask	= dontneed_private,
	},
	{
		.name	= "pageout",
		.asks	= "Page a part out with MADV_PAGEOUT, read again; the first word.",
		.why	= "MADV_PAGEOUT refuses VM_PFNMAP.",
		.ask	= pageout,
	},
	{
		.name	= "populate_read",
		.asks	= "Have it faulted in by MADV_POPULATE_READ: is all of it there without\n"
			"a fault?",
		.why	= "There is nothing to fault in with VM_PFNMAP, which is refused even if\n"
			"everything is there.",
		.ask	= populate_read,
	},
	{
		.name	= "lock",
		.asks	= "Does mlock() count in VmLck?",
		.why	= "mlock() succeeds on areas with VM_IO, VM_DONTEXPAND, VM_PFNMAP or\n"
			"VM_MIXEDMAP, and does not lock or count them.",
		.ask	= lock,
	},
	{
		.name	= "lock_populates",
		.asks	= "After mlock(), is all of it there without a fault?",
		.ask	= lock_populates,
	},
	{
		.name	= "mincore_untouched",
		.asks	= "What mincore() says before anything is touched.",
		.why	= "Eager strategies have mapped everything. mincore() of kernels up to\n"
			"6.12 does not see what is in a VM_PFNMAP area.",
		.unlike	= "mincore() asks the page cache for what is not mapped yet; the buffer\n"
			"is in none.",
		.ask	= mincore_untouched,
	},
	{
		.name	= "mincore_touched",
		.asks	= "What mincore() says after everything is touched.",
		.why	= "mincore() of kernels up to 6.12 does not see what is in a VM_PFNMAP\n"
			"area.",
		.ask	= mincore_touched,
	},
	{
		.name	= "sync_range",
		.asks	= "msync() a writable mapping.",
		.why	= WRITABLE_REFUSED,
		.ask	= sync_range,
	},
	{
		.name	= "rss",
		.asks	= "Does Rss in smaps count the pages?",
		.why	= "What is in a VM_PFNMAP area are frames and no pages: nobody counts\n"
			"them.",
		.ask	= rss,
	},
	{
		.name	= "pss",
		.asks	= "Which part of the pages does Pss in smaps count for one of two\n"
			"mappings?",
		.why	= "What is in a VM_PFNMAP area are frames and no pages: nobody counts\n"
			"them.",
		.ask	= pss,
	},
	{
		.section	= "Access by the kernel and by other processes",
		.name	= "write_from",
		.asks	= "write() from the mapping to a pipe; the first word.",
		.ask	= write_from,
	},
	{
		.name	= "vm_readv",
		.asks	= "Another process reads it by process_vm_readv(); the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.ask	= vm_readv,
	},
	{
		.name	= "vm_writev",
		.asks	= "Another process writes to it by process_vm_writev(); does the device\n"
			"show it?",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.ask	= vm_writev,
	},
	{
		.name	= "ptrace_peek",
		.asks	= "A debugger reads it by PTRACE_PEEKDATA; the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; a driver could only offer vm_ops->access.",
		.ask	= ptrace_peek,
	},
	{
		.name	= "ptrace_poke",
		.asks	= "A debugger writes to a private read-only page, as for a breakpoint;\n"
			"is it kept from the device?",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.ask	= ptrace_poke,
	},
	{
		.name	= "proc_mem",
		.asks	= "Another process reads it by /proc/PID/mem; the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; a driver could only offer vm_ops->access.",
		.ask	= proc_mem,
	},
	{
		.name	= "direct_read",
		.asks	= "Read from a disk into it with O_DIRECT; does the device show it?",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.ask	= direct_read,
	},
	{
		.name	= "direct_write",
		.asks	= "Write from it to a disk with O_DIRECT; the first word that the disk\n"
			"has.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.ask	= direct_write,
	},
	{
		.name	= "splice_pages",
		.asks	= "vmsplice() it to a pipe; the first word.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets.",
		.ask	= splice_pages,
	},
	{
		.name	= "io_uring_buffer",
		.asks	= "Register it as a buffer of an io_uring, which pins the pages.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.unlike	= "A page pinned for long could be written to without its file system's\n"
			"notice; the buffer has none that would have to know.",
		.ask	= io_uring_buffer,
	},
	{
		.name	= "shared_futex",
		.asks	= "One process waits on a word of it, another wakes it through its own\n"
			"mapping.",
		.why	= "get_user_pages() refuses VM_IO and VM_PFNMAP, which remap_pfn_range()\n"
			"sets; and remap_pfn_readonly refuses what is writable.",
		.unlike	= "A shared futex is named by page->mapping and page->index. Where the\n"
			"core cannot map a part of a folio that has them (before Linux 6.2),\n"
			"the module leaves those pages without.",
		.ask	= shared_futex,
	},
	{
		.name	= "userfaultfd_register",
		.asks	= "Register it with userfaultfd, for missing pages. (Anonymous memory,\n"
			"shmem and hugetlbfs can.)",
		.why	= WRITABLE_REFUSED,
		.ask	= userfaultfd_register,
	},
	{
		.name	= "core_dump",
		.asks	= "What a core dump of every kind of memory holds of it; the first word.",
		.why	= "remap_pfn_range() sets VM_IO and VM_DONTDUMP, remap_vmalloc_range()\n"
			"sets VM_DONTDUMP.",
		.ask	= core_dump,
	},
	{
		.name	= "dodump",
		.asks	= "Undo MADV_DONTDUMP with MADV_DODUMP.",
		.why	= "MADV_DODUMP refuses VM_IO, VM_DONTEXPAND, VM_PFNMAP and VM_MIXEDMAP.",
		.ask	= dodump,
	},
	{
		.section	= "Lifetime",
		.name	= "unload_while_mapped",
		.asks	= "Unload the module (unmount the file system) while only a mapping is\n"
			"left.",
		.ask	= unload_while_mapped,
	},
	{
		.name	= "killed_holder",
		.asks	= "Kill the process that has the mapping, by SIGKILL: is the module (the\n"
			"mount) released?",
		.ask	= killed_holder,
	},
};

const size_t nr_probes = sizeof(probes) / sizeof(*probes);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What probes are made of: mappings of a target, its pages looked at and
 * compared with those of a second mapping, helpers in other processes, and
 * what /proc tells.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* A page that changes by itself is compared so many times before it is a wrong one. */
#define COMPARISONS	4

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

uint32_t word_at(const bytes *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

void put_word(bytes *at, uint32_t word)
{
	at[0] = word;
	at[1] = word >> 8;
	at[2] = word >> 16;
	at[3] = word >> 24;
}

bool may_write(const struct target *t)
{
	return !(t->subject->traits & (READ_ONLY | NO_STAMPS));
}

void need_pages(const struct target *t, size_t pages)
{
	if (t->npages < pages)
		answer_lacking("more pages");
}

bytes *try_map(const struct target *t, int prot, int flags, size_t first, size_t pages)
{
	const off_t offset = t->offset + (off_t)(first * t->page);

	return mmap(NULL, pages * t->page, prot, flags, t->fd, offset);
}

bytes *map(const struct target *t, int prot, int flags, size_t first, size_t pages)
{
	bytes *at = try_map(t, prot, flags, first, pages);

	if (at == MAP_FAILED)
		answer_refused();
	return at;
}

bytes *asked_map(const struct target *t, int prot, int flags, size_t first, size_t pages)
{
	bytes *at = try_map(t, prot, flags, first, pages);

	if (at == MAP_FAILED)
		answer_errno();
	return at;
}

/* Aligned as a target with large pages wants it. */
void *take_range(const struct target *t, size_t pages)
{
	uintptr_t at = (uintptr_t)mmap(NULL, (pages + 1) * t->page, PROT_NONE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if ((void *)at == MAP_FAILED)
		answer_refused();
	return (void *)((at + t->page - 1) & -t->page);
}

bytes *map_before(const struct target *t, size_t pages, bool room)
{
	const size_t size = pages * t->page;
	void *at = take_range(t, 2 * pages);

	if (mmap(at, size, RO, MAP_SHARED | MAP_FIXED, t->fd, t->offset) == MAP_FAILED ||
	    (room && munmap(at + size, size)))
		answer_refused();
	return at;
}

bytes *map_some(const struct target *t)
{
	return map(t, RO, MAP_SHARED, 0, t->some);
}

bytes *map_all(const struct target *t)
{
	return map(t, RO, MAP_SHARED, 0, t->npages);
}

void close_target(struct target *t)
{
	if (t->peer)
		munmap((void *)t->peer, t->npages * t->page);
	t->peer = NULL;
	if (t->reference != t->fd)
		close(t->reference);
	if (t->control >= 0)
		close(t->control);
	close(t->fd);
}

/* The second mapping, or NULL where there can be none. */
static bytes *reference(struct target *t)
{
	const size_t size = t->npages * t->page;

	if (t->peer || t->subject->traits & INCOMPARABLE)
		return t->peer;
	t->peer = mmap(NULL, size, may_write(t) ? RW : RO, MAP_SHARED, t->reference, t->offset);
	if (t->peer == MAP_FAILED)
		t->peer = mmap(NULL, size, RO, MAP_SHARED, t->reference, t->offset);
	if (t->peer == MAP_FAILED)
		t->peer = NULL;
	return t->peer;
}

void touch_pages(const struct target *t, const bytes *at, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		(void)*(const volatile unsigned int *)(at + i * t->page);
}

static bytes *device_place(struct target *t, size_t pgoff, size_t at)
{
	bytes *peer = reference(t);

	if (!peer)
		answer_lacking("a second mapping");
	return peer + pgoff * t->page + t->stamp_at + at;
}

uint32_t device_word(struct target *t, size_t pgoff, size_t at)
{
	return word_at(device_place(t, pgoff, at));
}

void set_device_word(struct target *t, size_t pgoff, size_t at, uint32_t word)
{
	put_word(device_place(t, pgoff, at), word);
}

/* Registers want whole words. */
static bool same_page(const struct target *t, const bytes *a, const bytes *b)
{
	const volatile unsigned int *x = (const volatile unsigned int *)a;
	const volatile unsigned int *y = (const volatile unsigned int *)b;
	size_t i;

	for (i = 0; i < t->page / sizeof(*x); i++)
		if (x[i] != y[i])
			return false;
	return true;
}

static bool right_page(struct target *t, const bytes *at, size_t pgoff)
{
	bytes *peer;
	int tries;

	if (t->stamped)
		return word_at(at + t->stamp_at + MARK_AT) == MARK(pgoff);
	/* Whether it can be read at all comes first. */
	touch_pages(t, at, 1);
	peer = reference(t);
	if (!peer)
		return true;
	for (tries = 0; tries < COMPARISONS; tries++)
		if (same_page(t, at, peer + pgoff * t->page))
			return true;
	return false;
}

bool right_pages(struct target *t, const bytes *at, size_t first, size_t pages)
{
	size_t i;

	for (i = 0; i < pages && first + i < t->walk; i++)
		if (!right_page(t, at + i * t->page, first + i))
			return false;
	return true;
}

void check_pages(struct target *t, const bytes *at, size_t first, size_t pages)
{
	if (!right_pages(t, at, first, pages))
		answer("wrong page");
}

void answer_word(uint32_t word)
{
	answer("%08x", word);
}

void answer_stamp(struct target *t, uint32_t word)
{
	if (t->stamped)
		answer_word(word);
	answer(t->peer ? "same" : "reads");
}

void answer_stamp_of(struct target *t, const bytes *at, size_t pages)
{
	check_pages(t, at, 0, pages);
	answer_stamp(t, word_at(at + t->stamp_at));
}

void answer_right_pages(struct target *t, const bytes *at, size_t first, size_t pages)
{
	check_pages(t, at, first, pages);
	answer(t->stamped ? "right" : t->peer ? "same" : "reads");
}

void answer_write(struct target *t, bytes *at, size_t pgoff)
{
	bytes *word = at + t->stamp_at + WORD_AT;

	if (!may_write(t))
		answer("writable");
	put_word(word, WRITTEN);
	if (word_at(word) != WRITTEN)
		answer("lost");
	if (!reference(t))
		answer("written");
	answer(device_word(t, pgoff, WORD_AT) == WRITTEN ? "shared" : "private");
}

pid_t fork_helper(void)
{
	pid_t child = fork();

	if (child < 0)
		answer_errno();
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

int wait_helper(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		answer_refused();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void answer_helper(pid_t child, const char *good)
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

bool proc_text(const char *name, const bytes *at, const char *key, char *text, size_t size)
{
	bool inside = !at, found = false;
	char line[512];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/self/%s", name);
	file = fopen(line, "r");
	if (!file)
		answer_lacking(name);
	while (!found && fgets(line, sizeof(line), file)) {
		unsigned long start, end;

		if (at && sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (uintptr_t)at && (uintptr_t)at < end;
		else if (inside && !strncmp(line, key, strlen(key)))
			found = true;
	}
	fclose(file);
	if (found)
		snprintf(text, size, "%.*s", (int)strcspn(line + strlen(key), "\n"),
			 line + strlen(key));
	return found;
}

long proc_kb(const char *name, const bytes *at, const char *key)
{
	char text[64];

	return proc_text(name, at, key, text, sizeof(text)) ? strtol(text, NULL, 10) : -1;
}

bool proc_file(const char *path, char *text, size_t size, bool save)
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

/*
 * None if all are in the page table. (/proc/self/pagemap cannot tell: it skips
 * VM_PFNMAP areas.)
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

long faults_to_touch(const bytes *at, size_t pages, size_t size)
{
	static const bytes rehearsal;

	/* The faults of the counting itself are over after the first time. */
	count_faults(&rehearsal, 1, size);
	return count_faults(at, pages, size);
}

void answer_present(const struct target *t, const bytes *at, size_t pages)
{
	answer(faults_to_touch(at, pages, t->page) ? "not all" : "all");
}

/*
 * MIPS forgets of a frame that it is not to be counted as a page (pte_modify() in
 * its asm/pgtable.h drops _PAGE_SPECIAL in 6.1; not in 7.3), and gives back what
 * was never taken when the area is unmapped: "Bad page map".
 */
int protect(const struct target *t, bytes *at, size_t pages, int prot)
{
#ifdef __mips__
	char flags[128];

	if (proc_text("smaps", at, "VmFlags:", flags, sizeof(flags)) && strstr(flags, " pf"))
		answer_lacking("mprotect() of frames, which MIPS breaks");
#endif
	return mprotect((void *)at, pages * t->page, prot);
}

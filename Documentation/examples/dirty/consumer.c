// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirty [RACES]: each write makes one page dirty, once, and no write is lost while
 * pages are read.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>

#include "../consumer.h"
#include "dirty.h"

#define DEVICE	"/dev/dirty"
#define NPAGES	DIRTY_NPAGES
#define WRITERS	2
#define RACES	5000

static int fd;

static struct {
	struct dirty_header header;
	__u8 bytes[1 << 16];
} record;

static __u32 word_of_record(size_t i)
{
	return ((__u32 *)record.bytes)[i];
}

/* Is there a dirty page? */
static bool collect(void)
{
	return read(fd, &record, sizeof(record.header) + page_size) > 0;
}

/* The pages that are dirty, a bit each; makes them clean. */
static unsigned int collect_all(void)
{
	unsigned int pages = 0;

	while (collect()) {
		if (pages & 1U << record.header.page)
			return ~0U;
		pages |= 1U << record.header.page;
	}
	return pages;
}

static bool is_ready(void)
{
	struct pollfd poller = { fd, POLLIN, 0 };

	return poll(&poller, 1, 0) == 1;
}

static bool reads_of(volatile __u8 *map)
{
	size_t i;
	__u32 sum = 0;

	for (i = 0; i < NPAGES; i++)
		sum |= word_of(map, i);
	return !sum;
}

static void count_dirty_pages(void)
{
	volatile __u8 *shared = map_pages(fd, MAP_SHARED, 0, NPAGES);
	volatile __u8 *again = map_pages(fd, MAP_SHARED, 0, NPAGES);
	volatile __u8 *private = map_pages(fd, MAP_PRIVATE, 0, NPAGES);
	void *bad = mmap(NULL, sizeof(record), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (!shared || !again || !private || bad == MAP_FAILED)
		give_up(DEVICE);
	expect(reads_of(shared) && !collect_all() && !is_ready(), "reading makes no page dirty");
	set_word(shared, 3, 33);
	set_word(shared, 3, 34);
	set_word(shared, 5, 55);
	expect(is_ready() && collect_all() == (1 << 3 | 1 << 5) && !is_ready(),
	       "two writes to a page make it dirty once");
	expect(!collect_all(), "a page that was read is clean");

	set_word(shared, 3, 35);
	expect(collect() && record.header.page == 3 && word_of_record(0) == 35 && !collect(),
	       "a write to a clean page is noticed again, and is in what is read");
	set_word(shared, 7, 1);
	set_word(again, 7, 2);
	expect(collect_all() == 1 << 7, "two mappings of a page have one state");
	set_word(again, 7, 3);
	expect(collect_all() == 1 << 7 && word_of(shared, 7) == 3, "whichever is written to");

	set_word(private, 8, 8);
	expect(!collect_all() && !word_of(shared, 8), "a private write makes no page dirty");
	set_word(shared, 8, 9);
	expect(collect_all() == 1 << 8 && word_of(private, 8) == 8, "and its copy stays");

	child = fork();
	if (!child) {
		set_word(shared, 9, 9);
		_exit(0);
	}
	expect(exits_well(child) && collect_all() == 1 << 9, "a child's write is noticed");

	set_word(shared, 10, 10);
	expect(read(fd, &record, page_size) < 0 && errno == EINVAL && is_ready(),
	       "a read() that is too short fails, and the page stays dirty");
	expect(read(fd, bad, sizeof(record)) < 0 && errno == EFAULT &&
	       collect_all() == 1 << 10, "and so does one to a bad address");
}

struct writes {
	volatile __u32 sent[WRITERS];
};

/* Writes a word, waits until it was sent, and writes the next. */
static bool write_and_wait(struct writes *writes, int writer, __u32 races)
{
	volatile __u32 *words = (volatile __u32 *)map_pages(fd, MAP_SHARED, 0, 1);
	__u32 i;

	if (!words)
		return false;
	alarm(races / 50 + PATIENCE);
	for (i = 1; i <= races; i++) {
		words[writer] = i;
		while (writes->sent[writer] != i)
			sched_yield();
	}
	return true;
}

/*
 * Two processes write to the same page, and each waits for its own word: the next
 * write of one comes while the page is collected for the other. A write that is
 * lost is waited for until the alarm.
 */
static void race_writes(__u32 races)
{
	struct writes *writes = mmap(NULL, sizeof(*writes), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writers[WRITERS];
	unsigned long sent = 0, pages = 0;
	int i, status, left = WRITERS, bad = 0;
	pid_t pid;

	for (i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (!writers[i])
			_exit(!write_and_wait(writes, i, races));
	}
	while (left) {
		if (collect()) {
			pages++;
			for (i = 0; i < WRITERS; i++) {
				sent += writes->sent[i] != word_of_record(i);
				writes->sent[i] = word_of_record(i);
			}
		}
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			left--;
			bad += !!status;
		}
	}
	printf("# %lu writes in %lu collected pages\n", sent, pages);
	expect(!bad && sent == (unsigned long)races * WRITERS, "no write is lost in a race");
	munmap(writes, sizeof(*writes));
}

static bool write_once(void)
{
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES);
	bool good = true;

	if (!map)
		return errno == ENOMEM;
	set_word(map, 2, word_of(map, 2) + 1);
	while (!collect())
		good &= errno == EFAULT;
	good &= record.header.page == 2 && word_of_record(0) == word_of(map, 2);
	unmap_pages(map, NPAGES);
	return good;
}

int main(int argc, char **argv)
{
	begin_tests();
	fd = open(DEVICE, O_RDWR);
	if (fd < 0)
		give_up(DEVICE);
	count_dirty_pages();
	race_writes(argc > 1 ? atoi(argv[1]) : RACES);
	collect_all();
	fail_each(write_once, "map, write and collect, with each allocation failing");
	return end_of_tests();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MAP_SHARED: whatever way one looks at the buffer, through any mapping, any
 * descriptor, any process, read() or write(), one sees the same bytes.
 */
#include "racers.h"

#include <linux/futex.h>
#include <sys/syscall.h>

FIXTURE(shared)
{
	struct maps maps;
	struct walk walk;
	unsigned char *map;	/* the walk's pages, shared and writable */
	size_t last;	/* index of the walk's last page */
	size_t len;
};

FIXTURE_VARIANT(shared)
{
	bool to_the_end;	/* from the second page on, not from the first */
	enum subject subject;
};

FIXTURE_VARIANT_ADD(shared, from_the_start)
{
	.to_the_end = false,
};

FIXTURE_VARIANT_ADD(shared, to_the_end)
{
	.to_the_end = true,
};

FIXTURE_VARIANT_ADD(shared, file)
{
	.subject = ORDINARY_FILE,
};

FIXTURE_SETUP(shared)
{
	struct maps *maps = &self->maps;
	size_t pages, first;

	open_device_or_file(maps, variant->subject);
	ASSERT_LE(0, maps->fd);
	pages = maps->npages - variant->to_the_end;
	if (pages > WALK_MAX)
		pages = WALK_MAX;
	first = variant->to_the_end ? maps->npages - pages : 0;
	ASSERT_TRUE(start_walk(&self->walk, maps, first, pages));
	self->last = pages - 1;
	self->len = pages * maps->page;
	self->map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
			      MAP_SHARED, first, pages);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(shared)
{
	EXPECT_EQ(0, munmap(self->map, self->len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

TEST_F(shared, every_page_shows_its_own)
{
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(shared, two_mappings_see_each_other)
{
	struct maps *maps = &self->maps;
	unsigned char *other = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
					 MAP_SHARED, self->walk.first,
					 self->walk.pages);

	ASSERT_NE(MAP_FAILED, other);

	/* Write the first page through one, the last page through the other. */
	write_in(maps, self->map, 0, WRITTEN);
	write_in(maps, other, self->last, REWRITTEN);

	EXPECT_EQ(WRITTEN, word_in(maps, other, 0));
	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(0, munmap(other, self->len));
}

TEST_F(shared, read_sees_what_a_mapping_wrote)
{
	struct maps *maps = &self->maps;

	write_in(maps, self->map, 0, WRITTEN);
	write_in(maps, self->map, self->last, REWRITTEN);

	EXPECT_EQ(WRITTEN, device_word(maps, self->walk.first, WORD_AT));
	EXPECT_EQ(REWRITTEN,
		  device_word(maps, self->walk.first + self->last, WORD_AT));
}

TEST_F(shared, mapping_sees_what_write_wrote)
{
	struct maps *maps = &self->maps;
	size_t last = self->walk.first + self->last;

	/*
	 * Touch the last page first, so that one page is mapped before write()
	 * and one after.
	 */
	EXPECT_EQ(MARK(last),
		  word_at(self->map + self->last * maps->page + MARK_AT));
	ASSERT_TRUE(set_device_word(maps, self->walk.first, WORD_AT, WRITTEN));
	ASSERT_TRUE(set_device_word(maps, last, WORD_AT, REWRITTEN));

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, self->last));
}

TEST_F(shared, last_byte_of_a_page_is_shared_and_stays_in_it)
{
	struct maps *maps = &self->maps;
	size_t last_word = maps->page - 4;

	store(self->map + maps->page - 1, 0x5a);

	EXPECT_EQ(0x5a, device_word(maps, self->walk.first, last_word) >> 24);
	EXPECT_EQ(stamp(), device_word(maps, self->walk.first + 1, STAMP_AT));
}

TEST_F(shared, two_descriptors_open_one_buffer)
{
	struct maps *maps = &self->maps;
	int again = open(maps->path, O_RDWR | O_CLOEXEC);
	unsigned char *other;

	ASSERT_LE(0, again);
	other = map_pages(maps, again, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->walk.first, self->walk.pages);
	ASSERT_NE(MAP_FAILED, other);

	write_in(maps, other, self->last, WRITTEN);

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(0, munmap(other, self->len));
	EXPECT_EQ(0, close(again));
}

TEST_F(shared, parent_sees_what_its_child_writes)
{
	struct maps *maps = &self->maps;
	pid_t child;

	/* The first page is mapped when the child is born, the last is not. */
	write_in(maps, self->map, 0, REWRITTEN);
	child = fork();
	if (!child) {
		bool inherited = word_in(maps, self->map, 0) == REWRITTEN;

		write_in(maps, self->map, 0, WRITTEN);
		write_in(maps, self->map, self->last, WRITTEN);
		_exit(!inherited);
	}
	ASSERT_EQ(0, end_of(child));

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
}

TEST_F(shared, child_sees_what_its_parent_writes)
{
	struct maps *maps = &self->maps;
	int go[2];
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	write_in(maps, self->map, 0, REWRITTEN);
	child = fork();
	if (!child) {
		bool woken;
		char byte;

		/* Or this child would wait for a parent that has died. */
		close(go[1]);
		woken = read(go[0], &byte, 1) == 1;
		_exit(!(woken && word_in(maps, self->map, 0) == WRITTEN &&
			word_in(maps, self->map, self->last) == WRITTEN));
	}

	/* Write when the child is there already, then let it look. */
	write_in(maps, self->map, 0, WRITTEN);
	write_in(maps, self->map, self->last, WRITTEN);
	EXPECT_EQ(1, write(go[1], "", 1));

	EXPECT_EQ(0, end_of(child));
	close(go[0]);
	close(go[1]);
}

TEST_F(shared, child_unmaps_and_parent_keeps)
{
	struct maps *maps = &self->maps;
	pid_t child;

	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
	child = fork();
	if (!child)
		_exit(munmap(self->map, self->len) ? 1 : 0);
	ASSERT_EQ(0, end_of(child));

	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(shared, mapping_outlives_its_descriptor)
{
	struct maps *maps = &self->maps;
	int fd = open(maps->path, O_RDWR | O_CLOEXEC);
	unsigned char *map;

	ASSERT_LE(0, fd);
	map = map_pages(maps, fd, PROT_READ | PROT_WRITE, MAP_SHARED,
			self->walk.first, self->walk.pages);
	ASSERT_NE(MAP_FAILED, map);

	/*
	 * Close it before the first touch: every page is looked up through a
	 * closed descriptor.
	 */
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, count_wrong_pages(maps, map, self->walk.first, self->walk.pages));
	write_in(maps, map, self->last, WRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(0, munmap(map, self->len));
}

TEST_F(shared, bytes_outlive_the_last_mapping)
{
	struct maps *maps = &self->maps;

	write_in(maps, self->map, 0, WRITTEN);
	write_in(maps, self->map, self->last, WRITTEN);
	ASSERT_EQ(0, munmap(self->map, self->len));

	/* Map them anew. */
	self->map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED,
			      self->walk.first, self->walk.pages);
	ASSERT_NE(MAP_FAILED, self->map);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
}

/*
 * A page that is unmapped once more often than it was taken is free, and the
 * next to allocate it gets it: use up more memory than the kernel keeps at
 * hand, and see whether the buffer changes.
 */
TEST_F(shared, unmapped_pages_are_still_the_buffers)
{
	struct maps *maps = &self->maps;
	size_t round, len = 32UL << 20;
	unsigned char *memory;

	for (round = 0; round < 3; round++) {
		EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
					       self->walk.pages));
		ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));
	}

	memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	memset(memory, 0x5a, len);

	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
	EXPECT_EQ(0, munmap(memory, len));
}

TEST_F(shared, dontneed_loses_nothing)
{
	struct maps *maps = &self->maps;

	write_in(maps, self->map, self->last, WRITTEN);
	ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(shared, moved_mapping_keeps_its_pages)
{
	struct maps *maps = &self->maps;
	void *room = mmap(NULL, self->len, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *moved;

	ASSERT_NE(MAP_FAILED, room);

	/* The first page is mapped before the move, all others after it. */
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first, 1));
	moved = mremap(self->map, self->len, self->len,
		       MREMAP_MAYMOVE | MREMAP_FIXED, room);
	ASSERT_EQ(room, moved);
	self->map = moved;

	EXPECT_EQ(0, count_wrong_pages(maps, moved, self->walk.first,
				       self->walk.pages));
	write_in(maps, moved, self->last, WRITTEN);
	EXPECT_EQ(WRITTEN,
		  device_word(maps, self->walk.first + self->last, WORD_AT));
}

/*
 * mremap() of nothing duplicates a shared mapping: two windows on the same
 * pages.
 */
TEST_F(shared, duplicated_mapping_shows_the_same_pages)
{
	struct maps *maps = &self->maps;
	unsigned char *twin = mremap(self->map, 0, self->len, MREMAP_MAYMOVE);

	ASSERT_NE(MAP_FAILED, twin);
	EXPECT_EQ(0, count_wrong_pages(maps, twin, self->walk.first, self->walk.pages));
	write_in(maps, twin, 0, WRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(0, munmap(twin, self->len));
}

/*
 *	|------------- rw -------------|
 *	|-- rw --|--- ro ---|--- rw ---|
 */
TEST_F(shared, mprotect_split_keeps_pages_and_guards_the_middle)
{
	struct maps *maps = &self->maps;
	size_t middle = self->walk.pages / 2;
	unsigned char *page = self->map + middle * maps->page;

	ASSERT_EQ(0, mprotect(page, maps->page, PROT_READ));

	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
	EXPECT_EQ(SIGSEGV, signal_of(page, STORE));

	/* Writable again, it writes through as before. */
	ASSERT_EQ(0, mprotect(page, maps->page, PROT_READ | PROT_WRITE));
	put_word(page + WORD_AT, WRITTEN);
	EXPECT_EQ(WRITTEN,
		  device_word(maps, self->walk.first + middle, WORD_AT));
}

TEST_F(shared, read_only_mapping_reads_and_is_not_written)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED,
				       self->walk.first, self->walk.pages);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(SIGSEGV, signal_of(map, STORE));
	EXPECT_EQ(0, count_wrong_pages(maps, map, self->walk.first, self->walk.pages));
	EXPECT_EQ(SIGSEGV, signal_of(map, STORE));

	/* It sees what others write. */
	write_in(maps, self->map, self->last, WRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, map, self->last));
	EXPECT_EQ(0, munmap(map, self->len));
}

TEST_F(shared, read_only_descriptor_maps_readable)
{
	struct maps *maps = &self->maps;
	int fd = open(maps->path, O_RDONLY | O_CLOEXEC);
	unsigned char *map;

	ASSERT_LE(0, fd);
	map = map_pages(maps, fd, PROT_READ, MAP_SHARED, self->walk.first,
			self->walk.pages);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, count_wrong_pages(maps, map, self->walk.first, self->walk.pages));
	write_in(maps, self->map, 0, WRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, map, 0));
	EXPECT_EQ(SIGSEGV, signal_of(map, STORE));
	EXPECT_EQ(0, munmap(map, self->len));
	EXPECT_EQ(0, close(fd));
}

/*
 * The kernel itself reads and writes through a mapping: its faults are served
 * like ours.
 */
TEST_F(shared, system_calls_read_and_write_through_a_mapping)
{
	struct maps *maps = &self->maps;
	unsigned char *last = self->map + self->last * maps->page;
	unsigned char word[4];
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(4, write(ends[1], self->map + MARK_AT, 4));
	ASSERT_EQ(4, read(ends[0], word, 4));
	EXPECT_EQ(MARK(self->walk.first), word_at(word));

	put_word(word, WRITTEN);
	ASSERT_EQ(4, write(ends[1], word, 4));
	ASSERT_EQ(4, read(ends[0], last + WORD_AT, 4));
	EXPECT_EQ(WRITTEN,
		  device_word(maps, self->walk.first + self->last, WORD_AT));
	close(ends[0]);
	close(ends[1]);
}

/*
 * The device reads from itself: the source of write() is a page that is mapped
 * while it is being copied.
 */
TEST_F(shared, device_is_written_from_its_own_mapping)
{
	struct maps *maps = &self->maps;
	off_t last = (off_t)(self->walk.first + self->last) * maps->page;

	ASSERT_EQ(4, pwrite(maps->fd, self->map + MARK_AT, 4, last + WORD_AT));
	EXPECT_EQ(MARK(self->walk.first),
		  device_word(maps, self->walk.first + self->last, WORD_AT));
}

static long futex(unsigned char *word, int op, __u32 value, const struct timespec *patience)
{
	return syscall(SYS_futex, word, op, value, patience, NULL, 0);
}

/* It is named by the page of the buffer, not by the process or its address. */
TEST_F(shared, futex_wakes_another_process)
{
	const struct timespec patience = { .tv_sec = 20 };
	const struct maps *maps = &self->maps;
	const long long huge = number_in("/sys/kernel/mm/transparent_hugepage/", "hpage_pmd_size");
	unsigned char *word = self->map + WORD_AT;
	pid_t child, ended = 0;
	__u32 value;
	long woken;

	if (futex(word, FUTEX_WAKE, 1, NULL) < 0 && errno == EFAULT && huge > 0 &&
	    (long long)(maps->npages * maps->page) >= huge)
		SKIP(return, "no shared futex in a folio before Linux 6.2");

	memcpy(&value, word, sizeof(value));
	child = fork();
	if (!child) {
		unsigned char *other = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
						 MAP_SHARED, self->walk.first, 1);

		_exit(other == MAP_FAILED ||
		      futex(other + WORD_AT, FUTEX_WAIT, value, &patience));
	}
	do {
		woken = futex(word, FUTEX_WAKE, 1, NULL);
		sched_yield();
		if (!woken)
			ended = waitpid(child, NULL, WNOHANG);
	} while (!woken && !ended);
	EXPECT_EQ(1, woken);
	EXPECT_EQ(0, ended ? -1 : end_of(child));
}

TEST_F_TIMEOUT(shared, threads_fault_the_same_pages_at_once, 120)
{
	/* Faults of the device are counted. */
	const bool counted = variant->subject == DEVICE;
	size_t wrong;
	bool met;

	if (counted && access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	met = race_to_first_read(&self->maps, self->map, self->walk.first, self->walk.pages,
				 counted, &wrong);
	EXPECT_EQ(0, wrong);
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		SKIP(return, NO_RACE);
	EXPECT_EQ(counted, met);
}

TEST_HARNESS_MAIN

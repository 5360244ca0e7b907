// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault_around strategy: a fault maps the window of pages around the one
 * that was touched, and nothing that is not to be seen there. The device counts
 * its faults, so the number of them is expected to be exact.
 */
#include "maps_util.h"

#include <pthread.h>

#define AROUND_NODE	"/dev/maps-fault_around"
#define AROUND_FAULTS	"maps-fault_around/faults"

/* So many windows are looked at, and so many pages at most. */
#define WINDOWS		4
#define AROUND_MAX	4096UL

/*
 *	|.......|.......|.......|.......|.......|	windows, by address
 *	    [========= the mapping =========]
 */
static bool debugfs_folder(void)
{
	return !access(MAPS_DEBUGFS, F_OK);
}

NEED(debugfs_folder, NO_DEBUGFS);

FIXTURE(around)
{
	struct maps maps;
	struct walk walk;
	size_t window;		/* pages */
	size_t pages;		/* of the mapping: less than the buffer's */
	size_t len;
	long windows;		/* that the mapping has a part of */
	unsigned char *room;	/* aligned to a window, two windows larger */
	unsigned char *reserved;
	size_t reserved_len;
	unsigned char *map;	/* readable and writable, nothing touched yet */
};

typedef FIXTURE_DATA(around) around_fixture;

FIXTURE_VARIANT(around)
{
	int type;
	size_t first;	/* pages by which the mapping misses a window's start */
};

FIXTURE_VARIANT_ADD(around, shared)
{
	.type = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(around, shared_off_by_one)
{
	.type = MAP_SHARED,
	.first = 1,
};

FIXTURE_VARIANT_ADD(around, private)
{
	.type = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(around, private_off_by_one)
{
	.type = MAP_PRIVATE,
	.first = 1,
};

static size_t windows_of(size_t first, size_t pages, size_t window)
{
	return (first + pages - 1) / window - first / window + 1;
}

/* The number of faults until now, or -1. */
static long long count_faults(void)
{
	return number_in(MAPS_DEBUGFS, AROUND_FAULTS);
}

/*
 * How many of @pages pages at @at the process has entries for. Nobody can ask
 * the device, for it does not know; the pagemap does.
 */
static size_t present(const struct maps *maps, const unsigned char *at,
		      size_t pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i, sum = 0;

	for (i = 0; fd >= 0 && i < pages; i++) {
		unsigned long long entry = 0;

		if (pread(fd, &entry, sizeof(entry),
			  ((unsigned long)at / maps->page + i) *
			  (off_t)sizeof(entry)) == sizeof(entry))
			sum += entry >> 63;
	}
	close(fd);
	return sum;
}

typedef FIXTURE_DATA(around) fixture;

static bool make_room(fixture *self)
{
	const size_t window = self->window * self->maps.page;
	unsigned long address;

	self->reserved_len = self->len + 3 * window;
	self->reserved = mmap(NULL, self->reserved_len, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (self->reserved == MAP_FAILED)
		return false;
	address = (unsigned long)self->reserved + window - 1;
	self->room = (void *)(address - address % window);
	return true;
}

FIXTURE_SETUP(around)
{
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	close(maps->fd);
	maps->fd = open(AROUND_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, maps->fd);

	self->window = number_in(MAPS_PARAMETERS, "fault_around");
	self->pages = WINDOWS * self->window;
	if (self->pages > maps->npages)
		self->pages = maps->npages;
	self->len = self->pages * maps->page;
	self->windows = windows_of(variant->first % self->window, self->pages,
				   self->window);
	ASSERT_TRUE(make_room(self));
	ASSERT_TRUE(start_walk(&self->walk, maps, 0, self->pages));
	self->map = mmap(self->room +
			 variant->first % self->window * maps->page,
			 self->len, PROT_READ | PROT_WRITE,
			 variant->type | MAP_FIXED, maps->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(around)
{
	if (!self->walk.pages)
		return;
	EXPECT_EQ(0, munmap(self->reserved, self->reserved_len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

#define EXPECT_RIGHT_PAGES() \
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 0, self->pages))

/* Any order in which all pages are touched takes one fault a window. */
TEST_F(around, forward)
{
	const long long before = count_faults();

	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(before + self->windows, count_faults());
	EXPECT_EQ(self->pages, present(&self->maps, self->map, self->pages));

	/* And none when they are touched again. */
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(before + self->windows, count_faults());
}

TEST_F(around, backward)
{
	const long long before = count_faults();
	size_t i;

	for (i = self->pages; i--;)
		EXPECT_EQ(0, count_wrong_pages(&self->maps,
					       self->map + i * self->maps.page, i, 1));
	EXPECT_EQ(before + self->windows, count_faults());
}

TEST_F(around, random)
{
	const long long before = count_faults();
	unsigned int seed = 1;
	size_t i, at;

	for (i = 0; i < 16 * self->pages; i++) {
		at = rand_r(&seed) % self->pages;
		EXPECT_EQ(0, count_wrong_pages(&self->maps,
					       self->map + at * self->maps.page, at,
					       1));
	}
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(before + self->windows, count_faults());
}

TEST_F(around, write)
{
	const bool copies = variant->type == MAP_PRIVATE;
	const long long before = count_faults();
	const long faults = copies ? (long)self->pages : self->windows;
	size_t i;

	for (i = 0; i < self->pages; i++)
		write_in(&self->maps, self->map, i, MARK(i));
	EXPECT_EQ(before + faults, count_faults());

	for (i = 0; i < self->pages; i++)
		EXPECT_EQ(copies ? 0 : MARK(i),
			  device_word(&self->maps, i, WORD_AT));
	EXPECT_RIGHT_PAGES();
}

/* The first touch of a mapping brings one window, cut where the mapping is. */
TEST_F(around, one_touch_maps_one_window)
{
	const size_t first = variant->first % self->window;
	size_t expected = self->window - first;

	if (expected > self->pages)
		expected = self->pages;
	load(self->map);
	EXPECT_EQ(expected, present(&self->maps, self->map, self->pages));
	EXPECT_EQ(expected, present(&self->maps, self->map, expected));
}

TEST_F(around, last_touch_maps_one_window)
{
	const size_t end = variant->first % self->window + self->pages;
	size_t expected = (end - 1) % self->window + 1;

	if (expected > self->pages)
		expected = self->pages;
	load(self->map + self->len - 1);
	EXPECT_EQ(expected, present(&self->maps, self->map, self->pages));
	EXPECT_EQ(expected,
		  present(&self->maps,
			  self->map + (self->pages - expected) *
			  self->maps.page, expected));
}

/* The window ends with a VMA: of one page, nothing but the page is mapped. */
TEST_F(around, window_ends_at_vma)
{
	const size_t page = self->maps.page;
	const size_t middle = self->pages / 2;
	unsigned char *at = self->map + middle * page;

	ASSERT_EQ(0, munmap(at - page, page));
	ASSERT_EQ(0, mprotect(at + page, page, PROT_NONE));

	load(at);
	EXPECT_EQ(1, present(&self->maps, self->map, middle - 1) +
		     present(&self->maps, at, self->pages - middle));
	EXPECT_EQ(SIGSEGV, signal_of(at - page, LOAD));
	EXPECT_EQ(SIGSEGV, signal_of(at + page, LOAD));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 0, middle - 1));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, at, middle, 1));
}

/* The window ends with the buffer, too, where a mapping was made longer. */
TEST_F(around, window_ends_at_buffer)
{
	struct maps *maps = &self->maps;
	const size_t pages = 2;
	unsigned char *map = self->map;
	unsigned char *end = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				       variant->type, maps->npages - pages,
				       pages);

	/* Some kernels let such a mapping grow only while it moves. */
	ASSERT_NE(MAP_FAILED, end);
	ASSERT_EQ(map, mremap(end, pages * maps->page,
			      (pages + 1) * maps->page,
			      MREMAP_MAYMOVE | MREMAP_FIXED, map));

	EXPECT_EQ(SIGBUS, signal_of(map + pages * maps->page, LOAD));
	EXPECT_EQ(SIGBUS, signal_of(map + pages * maps->page, STORE));
	EXPECT_EQ(0, signal_of(map, LOAD));
	EXPECT_EQ(0, signal_of(map + (pages - 1) * maps->page, LOAD));
	EXPECT_EQ(SIGBUS, signal_of(map + pages * maps->page, LOAD));
}

/* A private copy that lies in a window stays a copy when the window comes. */
TEST_F(around, copies_are_kept)
{
	const bool copies = variant->type == MAP_PRIVATE;
	struct maps *maps = &self->maps;
	size_t i;

	for (i = 0; i < self->pages; i += 3)
		write_in(maps, self->map, i, WRITTEN);
	EXPECT_RIGHT_PAGES();
	for (i = 0; i < self->pages; i++) {
		const bool written = i % 3 == 0;

		ASSERT_TRUE(set_device_word(maps, i, WORD_AT, REWRITTEN));
		EXPECT_EQ(copies && written ? WRITTEN : REWRITTEN,
			  word_in(maps, self->map, i));
	}
	EXPECT_EQ(self->pages, present(maps, self->map, self->pages));
}

/* A page that a window brought is copied like any other, and alone. */
TEST_F(around, write_after_read)
{
	const bool copies = variant->type == MAP_PRIVATE;
	const size_t middle = self->pages / 2;
	struct maps *maps = &self->maps;
	long long before;

	EXPECT_RIGHT_PAGES();
	before = count_faults();
	write_in(maps, self->map, middle, WRITTEN);
	EXPECT_EQ(before, count_faults());

	EXPECT_EQ(copies ? 0 : WRITTEN, device_word(maps, middle, WORD_AT));
	EXPECT_EQ(0, word_in(maps, self->map, middle - 1));
	ASSERT_TRUE(set_device_word(maps, middle - 1, WORD_AT, REWRITTEN));
	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, middle - 1));
	EXPECT_RIGHT_PAGES();
}

/* What is mapped along with a read is not for writing where the VMA is not. */
TEST_F(around, read_only_window)
{
	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_READ));
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(SIGSEGV, signal_of(self->map, STORE));
	EXPECT_EQ(SIGSEGV, signal_of(self->map + self->len - 1, STORE));
}

TEST_F(around, dontneed)
{
	long long before;

	EXPECT_RIGHT_PAGES();
	ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));
	EXPECT_EQ(0, present(&self->maps, self->map, self->pages));
	before = count_faults();
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(before + self->windows, count_faults());
}

/* A hole of one page costs one fault, and what is around it stays as it is. */
TEST_F(around, dontneed_one_page)
{
	const size_t middle = self->pages / 2;
	long long before;

	EXPECT_RIGHT_PAGES();
	ASSERT_EQ(0, madvise(self->map + middle * self->maps.page,
			     self->maps.page, MADV_DONTNEED));
	before = count_faults();
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(before + 1, count_faults());
}

/* Fork copies the entries of such a mapping: the child has no faults. */
TEST_F(around, fork_child_touches)
{
	const bool copies = variant->type == MAP_PRIVATE;
	struct maps *maps = &self->maps;
	long long before;
	pid_t child;

	EXPECT_RIGHT_PAGES();
	write_in(maps, self->map, 1, WRITTEN);
	before = count_faults();
	child = fork();
	if (!child) {
		if (count_wrong_pages(maps, self->map, 0, self->pages) ||
		    word_in(maps, self->map, 1) != WRITTEN)
			_exit(1);
		write_in(maps, self->map, 1, REWRITTEN);
		write_in(maps, self->map, 2, REWRITTEN);
		_exit(0);
	}
	ASSERT_EQ(0, end_of(child));
	EXPECT_EQ(before, count_faults());
	EXPECT_EQ(copies ? WRITTEN : REWRITTEN, word_in(maps, self->map, 1));
	EXPECT_EQ(copies ? 0 : REWRITTEN, word_in(maps, self->map, 2));
}

TEST_F(around, fork_before_the_first_touch)
{
	struct maps *maps = &self->maps;
	pid_t child = fork();

	if (!child)
		_exit(count_wrong_pages(maps, self->map, 0, self->pages) ? 1 : 0);
	EXPECT_EQ(0, end_of(child));
	EXPECT_RIGHT_PAGES();
}

TEST_F(around, populate)
{
	const bool copies = variant->type == MAP_PRIVATE;
	const long faults = copies ? (long)self->pages : self->windows;
	const long long before = count_faults();

	ASSERT_EQ(self->map, mmap(self->map, self->len, PROT_READ | PROT_WRITE,
				  variant->type | MAP_FIXED | MAP_POPULATE,
				  self->maps.fd, 0));
	EXPECT_EQ(before + faults, count_faults());
	EXPECT_EQ(self->pages, present(&self->maps, self->map, self->pages));
	EXPECT_RIGHT_PAGES();
}

/* Moved to where windows lie otherwise, with half of it mapped already. */
TEST_F(around, mremap_moves_it)
{
	const size_t len = self->len + 2 * self->window * self->maps.page;
	unsigned char *room = mmap(NULL, len, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *to = room + self->maps.page;

	ASSERT_NE(MAP_FAILED, room);
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 0, self->pages / 2));
	ASSERT_EQ(to, mremap(self->map, self->len, self->len,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, to, 0, self->pages));
	EXPECT_EQ(0, munmap(room, len));
}

/*
 * All of the buffer, which may be of folios: they are mapped by pages here,
 * since a mapping of this kind forgets a reference to a folio mapped whole.
 */
TEST_F(around, whole_buffer_by_pages)
{
	struct maps *maps = &self->maps;
	const size_t pages = maps->npages < AROUND_MAX ? maps->npages :
							 AROUND_MAX;
	const size_t len = pages * maps->page;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				       variant->type, 0, pages);
	char line[512], *field = NULL;
	unsigned long start;
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool mine = false;
	size_t i;

	ASSERT_NE(NULL, smaps);
	ASSERT_NE(MAP_FAILED, map);
	for (i = pages; i--;)
		EXPECT_EQ(stamp(), word_at(map + i * maps->page));
	write_in(maps, map, pages / 2, WRITTEN);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%*x ", &start) == 1)
			mine = start == (unsigned long)map;
		field = strstr(line, "FilePmdMapped:");
		if (mine && field)
			EXPECT_EQ(0, atol(field + strlen("FilePmdMapped:")));
	}
	fclose(smaps);
	write_in(maps, map, pages / 2, 0);
	EXPECT_EQ(0, munmap(map, len));
}

/*
 * Readers and writers of the same windows, for the first time, at once; each
 * writes to pages of its own, at most so many.
 */
#define ROUNDS	8
#define RACERS	4
#define WRITES	32

struct racer {
	fixture *around;
	pthread_barrier_t *start;
	size_t number;
	size_t wrong;
};

static void *race(void *arg)
{
	struct racer *racer = arg;
	fixture *around = racer->around;
	const unsigned int word = MARK(racer->number);
	const size_t step = RACERS * (1 + around->pages / (RACERS * WRITES));
	size_t i;

	pthread_barrier_wait(racer->start);
	for (i = racer->number; i < around->pages; i += step) {
		write_in(&around->maps, around->map, i, word);
		racer->wrong += count_wrong_pages(&around->maps, around->map, 0,
						  around->pages < 8 ?
						  around->pages : 8);
		racer->wrong += word_in(&around->maps, around->map, i) != word;
	}
	return NULL;
}

TEST_F(around, threads_at_once)
{
	struct racer racer[RACERS];
	pthread_t thread[RACERS];
	pthread_barrier_t start;
	int round, i;

	ASSERT_EQ(0, pthread_barrier_init(&start, NULL, RACERS));
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));
		for (i = 0; i < RACERS; i++) {
			racer[i] = (struct racer){ self, &start, i, 0 };
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, race,
						    &racer[i]));
		}
		for (i = 0; i < RACERS; i++) {
			ASSERT_EQ(0, pthread_join(thread[i], NULL));
			EXPECT_EQ(0, racer[i].wrong);
		}
		EXPECT_RIGHT_PAGES();
	}
	pthread_barrier_destroy(&start);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MAP_PRIVATE: a reader sees the device's own page until it writes, and from
 * then on a copy of its own.
 */
#include "maps_util.h"

#include <limits.h>

FIXTURE(private)
{
	struct maps maps;
	struct walk walk;
	/* The walk's pages, private and writable, of a read-only descriptor. */
	unsigned char *map;
	size_t last;	/* index of the walk's last page */
	size_t len;
};

FIXTURE_VARIANT(private)
{
	bool read_first;	/* every page is mapped before a test starts */
	bool to_the_end;	/* from the second page on, not from the first */
	enum subject subject;
};

FIXTURE_VARIANT_ADD(private, untouched)
{
	.read_first = false,
	.to_the_end = false,
};

FIXTURE_VARIANT_ADD(private, read_before)
{
	.read_first = true,
	.to_the_end = false,
};

FIXTURE_VARIANT_ADD(private, untouched_to_the_end)
{
	.read_first = false,
	.to_the_end = true,
};

FIXTURE_VARIANT_ADD(private, read_before_to_the_end)
{
	.read_first = true,
	.to_the_end = true,
};

FIXTURE_VARIANT_ADD(private, untouched_file)
{
	.subject = ORDINARY_FILE,
};

FIXTURE_VARIANT_ADD(private, file_read_before)
{
	.read_first = true,
	.subject = ORDINARY_FILE,
};

FIXTURE_SETUP(private)
{
	struct maps *maps = &self->maps;
	size_t pages, first;
	int fd;

	open_device_or_file(maps, variant->subject);
	ASSERT_LE(0, maps->fd);
	pages = maps->npages - variant->to_the_end;
	if (pages > WALK_MAX)
		pages = WALK_MAX;
	first = variant->to_the_end ? maps->npages - pages : 0;
	ASSERT_TRUE(start_walk(&self->walk, maps, first, pages));
	self->last = pages - 1;
	self->len = pages * maps->page;

	fd = open(maps->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	self->map = map_pages(maps, fd, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			      first, pages);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, close(fd));
	if (variant->read_first)
		ASSERT_EQ(0, count_wrong_pages(maps, self->map, first, pages));
}

FIXTURE_TEARDOWN(private)
{
	EXPECT_EQ(0, munmap(self->map, self->len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

/* The word that tests write, in page i of the walk, as the device has it. */
static unsigned int device_has(const struct maps *maps, const struct walk *walk,
			       size_t i)
{
	return device_word(maps, walk->first + i, WORD_AT);
}

TEST_F(private, every_page_shows_its_own)
{
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(private, write_stays_private)
{
	struct maps *maps = &self->maps;
	unsigned int first = device_has(maps, &self->walk, 0);
	unsigned int last = device_has(maps, &self->walk, self->last);

	write_in(maps, self->map, 0, WRITTEN);
	write_in(maps, self->map, self->last, REWRITTEN);

	/* I see it, the device does not. */
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(first, device_has(maps, &self->walk, 0));
	EXPECT_EQ(last, device_has(maps, &self->walk, self->last));
}

TEST_F(private, copy_holds_the_rest_of_the_page)
{
	struct maps *maps = &self->maps;
	unsigned char *expected = malloc(maps->page);
	off_t last = (off_t)(self->walk.first + self->last) * maps->page;

	ASSERT_NE(NULL, expected);
	ASSERT_EQ((ssize_t)maps->page,
		  pread(maps->fd, expected, maps->page, last));
	put_word(expected + WORD_AT, WRITTEN);

	write_in(maps, self->map, self->last, WRITTEN);

	EXPECT_EQ(0, memcmp(expected, self->map + self->last * maps->page,
			    maps->page));
	free(expected);
}

TEST_F(private, writing_one_page_copies_no_other)
{
	struct maps *maps = &self->maps;
	size_t middle = self->walk.pages / 2;
	size_t i, changed = 0;

	write_in(maps, self->map, middle, WRITTEN);

	/* The others are still the device's: they change with it. */
	for (i = 0; i < self->walk.pages; i++)
		ASSERT_TRUE(set_device_word(maps, self->walk.first + i, WORD_AT,
					    REWRITTEN));
	for (i = 0; i < self->walk.pages; i++)
		changed += word_in(maps, self->map, i) == REWRITTEN;
	EXPECT_EQ(self->walk.pages - 1, changed);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, middle));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(private, every_page_has_a_copy_of_its_own)
{
	struct maps *maps = &self->maps;
	size_t i, wrong = 0;

	for (i = 0; i < self->walk.pages; i++)
		write_in(maps, self->map, i, WRITTEN + i);

	for (i = 0; i < self->walk.pages; i++)
		wrong += word_in(maps, self->map, i) != WRITTEN + i;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(private, device_write_is_seen_before_the_copy_and_not_after)
{
	struct maps *maps = &self->maps;

	/* Before: the mapping shows the device's page. */
	ASSERT_TRUE(set_device_word(maps, self->walk.first, WORD_AT, WRITTEN));
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));

	/* Another word of the page is written, so the page is copied. */
	put_word(self->map + maps->page - 4, REWRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));

	/* After: the device goes its own way. */
	ASSERT_TRUE(set_device_word(maps, self->walk.first, WORD_AT,
				    REWRITTEN));
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
}

TEST_F(private, shared_mapping_writes_are_seen_before_the_copy_and_not_after)
{
	struct maps *maps = &self->maps;
	unsigned char *shared;

	shared = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_SHARED,
			   self->walk.first, self->walk.pages);
	ASSERT_NE(MAP_FAILED, shared);
	write_in(maps, shared, self->last, WRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));

	/* Another word of the page is written, so the page is copied. */
	put_word(self->map + self->len - 4, REWRITTEN);
	write_in(maps, shared, self->last, REWRITTEN);

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
	EXPECT_NE(REWRITTEN, word_at(shared + self->len - 4));
	EXPECT_EQ(0, munmap(shared, self->len));
}

TEST_F(private, two_private_mappings_are_apart)
{
	struct maps *maps = &self->maps;
	unsigned int before = device_has(maps, &self->walk, 0);
	unsigned char *other = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE, self->walk.first,
					 self->walk.pages);

	ASSERT_NE(MAP_FAILED, other);
	write_in(maps, self->map, 0, WRITTEN);
	EXPECT_EQ(before, word_in(maps, other, 0));
	write_in(maps, other, 0, REWRITTEN);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(0, munmap(other, self->len));
}

TEST_F(private, dontneed_returns_to_the_devices_view)
{
	struct maps *maps = &self->maps;

	write_in(maps, self->map, self->last, WRITTEN);
	ASSERT_TRUE(set_device_word(maps, self->walk.first + self->last,
				    WORD_AT, REWRITTEN));
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));

	ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));

	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
}

TEST_F(private, child_inherits_the_copy_and_keeps_its_own)
{
	struct maps *maps = &self->maps;
	unsigned int before = device_has(maps, &self->walk, self->last);
	pid_t child;

	/* The first page is my copy, the last is still the device's. */
	write_in(maps, self->map, 0, WRITTEN);
	child = fork();
	if (!child) {
		bool inherited = word_in(maps, self->map, 0) == WRITTEN;
		bool devices = word_in(maps, self->map, self->last) == before;

		write_in(maps, self->map, 0, REWRITTEN);
		write_in(maps, self->map, self->last, REWRITTEN);
		_exit(!(inherited && devices &&
			word_in(maps, self->map, 0) == REWRITTEN &&
			word_in(maps, self->map, self->last) == REWRITTEN));
	}
	ASSERT_EQ(0, end_of(child));

	/* Neither the parent nor the device has seen what the child wrote. */
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	EXPECT_EQ(before, word_in(maps, self->map, self->last));
	EXPECT_EQ(before, device_has(maps, &self->walk, self->last));
}

TEST_F(private, parents_writes_after_fork_stay_with_the_parent)
{
	struct maps *maps = &self->maps;
	unsigned int before = device_has(maps, &self->walk, self->last);
	int go[2];
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	write_in(maps, self->map, 0, WRITTEN);
	child = fork();
	if (!child) {
		bool woken;
		char byte;

		/* Or this child would wait for a parent that has died. */
		close(go[1]);
		woken = read(go[0], &byte, 1) == 1;
		_exit(!(woken && word_in(maps, self->map, 0) == WRITTEN &&
			word_in(maps, self->map, self->last) == before));
	}

	/* One page that was copied before the fork, one that is copied now. */
	write_in(maps, self->map, 0, REWRITTEN);
	write_in(maps, self->map, self->last, REWRITTEN);
	EXPECT_EQ(1, write(go[1], "", 1));

	EXPECT_EQ(0, end_of(child));
	close(go[0]);
	close(go[1]);
}

TEST_F(private, mprotect_takes_writing_away_and_gives_it_back)
{
	struct maps *maps = &self->maps;
	unsigned int before = device_has(maps, &self->walk, self->last);

	/* The first page is a copy already, the last is not. */
	write_in(maps, self->map, 0, WRITTEN);
	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_READ));
	EXPECT_EQ(SIGSEGV, signal_of(self->map, STORE));
	EXPECT_EQ(SIGSEGV,
		  signal_of(self->map + self->last * maps->page, STORE));

	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_READ | PROT_WRITE));
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
	write_in(maps, self->map, self->last, REWRITTEN);
	EXPECT_EQ(before, device_has(maps, &self->walk, self->last));
}

TEST_F(private, moved_mapping_keeps_its_copies)
{
	struct maps *maps = &self->maps;
	void *room = mmap(NULL, self->len, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, room);
	write_in(maps, self->map, self->last, WRITTEN);
	ASSERT_EQ(room, mremap(self->map, self->len, self->len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, room));
	self->map = room;

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first,
				       self->walk.pages));
}

/* read() into a private mapping is a write by the kernel: it copies, too. */
TEST_F(private, system_calls_write_into_a_copy)
{
	struct maps *maps = &self->maps;
	unsigned int before = device_has(maps, &self->walk, self->last);
	unsigned char *last = self->map + self->last * maps->page;
	unsigned char word[4];
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	put_word(word, WRITTEN);
	ASSERT_EQ(4, write(ends[1], word, 4));
	ASSERT_EQ(4, read(ends[0], last + WORD_AT, 4));

	EXPECT_EQ(WRITTEN, word_in(maps, self->map, self->last));
	EXPECT_EQ(before, device_has(maps, &self->walk, self->last));
	close(ends[0]);
	close(ends[1]);
}

TEST_F(private, permissions_in_proc_maps)
{
	char line[256], perms[8];
	unsigned long start;
	bool found = false;
	FILE *file = fopen("/proc/self/maps", "r");

	ASSERT_NE(NULL, file);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%lx-%*x %7s", &start, perms) == 2 &&
			start == (unsigned long)self->map;
	fclose(file);
	ASSERT_TRUE(found);
	EXPECT_STREQ("rw-p", perms);
}

FIXTURE(populated)
{
	struct maps maps;
	struct walk walk;
	unsigned char *map;	/* the walk's pages, private, populated */
	size_t len;
};

FIXTURE_VARIANT(populated)
{
	int prot;
	bool copied;	/* populating has copied every page */
};

/* A read-only mapping is populated by reading, a writable one by writing. */
FIXTURE_VARIANT_ADD(populated, read_only)
{
	.prot = PROT_READ,
	.copied = false,
};

FIXTURE_VARIANT_ADD(populated, writable)
{
	.prot = PROT_READ | PROT_WRITE,
	.copied = true,
};

FIXTURE_SETUP(populated)
{
	struct maps *maps = &self->maps;
	size_t pages;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	pages = maps->npages < WALK_MAX ? maps->npages : WALK_MAX;
	ASSERT_TRUE(start_walk(&self->walk, maps, 0, pages));
	self->len = pages * maps->page;
	self->map = map_pages(maps, maps->fd, variant->prot,
			      MAP_PRIVATE | MAP_POPULATE, 0, pages);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(populated)
{
	EXPECT_EQ(0, munmap(self->map, self->len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

TEST_F(populated, every_page_shows_its_own)
{
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 0, self->walk.pages));
}

TEST_F(populated, every_page_is_present)
{
	size_t i, absent = 0;
	unsigned char *present = malloc(self->walk.pages);

	ASSERT_NE(NULL, present);
	ASSERT_EQ(0, mincore(self->map, self->len, present));
	for (i = 0; i < self->walk.pages; i++)
		absent += !(present[i] & 1);
	EXPECT_EQ(0, absent);
	free(present);
}

TEST_F(populated, writable_pages_are_copies_and_others_the_devices)
{
	struct maps *maps = &self->maps;
	size_t expected = variant->copied ? 0 : self->walk.pages;
	size_t i, changed = 0;

	for (i = 0; i < self->walk.pages; i++)
		ASSERT_TRUE(set_device_word(maps, i, WORD_AT, WRITTEN));
	for (i = 0; i < self->walk.pages; i++)
		changed += word_in(maps, self->map, i) == WRITTEN;
	EXPECT_EQ(expected, changed);
}

FIXTURE(question)
{
	struct maps maps;
	size_t pages;	/* the question's own number, if there are so many */
};

FIXTURE_SETUP(question)
{
	open_maps(&self->maps, O_RDONLY);
	ASSERT_LE(0, self->maps.fd);
	self->pages = self->maps.npages < 16 ? self->maps.npages : 16;
}

FIXTURE_TEARDOWN(question)
{
	EXPECT_EQ(0, close(self->maps.fd));
}

TEST_F(question, every_page_begins_with_the_stamp)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_PRIVATE,
				       0, self->pages);
	size_t i;

	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < self->pages; i++)
		EXPECT_EQ(stamp(), word_at(map + i * maps->page));
	EXPECT_EQ(0, munmap(map, self->pages * maps->page));
}

TEST_F(question, may_become_writable_and_stays_private)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_PRIVATE,
				       0, self->pages);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(SIGSEGV, signal_of(map + maps->page - 1, STORE));
	ASSERT_EQ(0, mprotect(map, self->pages * maps->page,
			      PROT_READ | PROT_WRITE));
	put_word(map, WRITTEN);
	EXPECT_EQ(WRITTEN, word_at(map));
	EXPECT_EQ(stamp(), device_word(maps, 0, STAMP_AT));
	EXPECT_EQ(0, munmap(map, self->pages * maps->page));
}

/* The program itself, which stands beside this one. */
TEST_F(question, program_prints_the_stamp_of_every_page)
{
	char path[PATH_MAX], pages[24], expected[16], line[64];
	ssize_t len = readlink("/proc/self/exe", path,
			       sizeof(path) - sizeof("question"));
	size_t lines = 0;
	int out[2];
	pid_t child;
	FILE *file;

	ASSERT_LT(0, len);
	path[len] = '\0';
	strcpy(strrchr(path, '/') + 1, "question");
	snprintf(pages, sizeof(pages), "%zu", self->pages);
	snprintf(expected, sizeof(expected), "[%08x]\n", stamp());

	ASSERT_EQ(0, pipe(out));
	child = fork();
	if (!child) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execl(path, "question", MAPS_NODE, pages, NULL);
		_exit(127);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		EXPECT_STREQ(expected, line);
		lines++;
	}
	fclose(file);
	EXPECT_EQ(self->pages, lines);
	EXPECT_EQ(0, end_of(child));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many small mappings instead of one: whatever its address, its size and its
 * order, a mapping's page is the one that its offset names.
 */
#include "maps_util.h"

FIXTURE(per_page)
{
	struct maps maps;
	struct walk walk;
	unsigned char *room;	/* addresses to put the walk's pages at */
	size_t pages;
	size_t len;
};

FIXTURE_VARIANT(per_page)
{
	int type;
	enum subject subject;
};

FIXTURE_VARIANT_ADD(per_page, shared)
{
	.type = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(per_page, private)
{
	.type = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(per_page, shared_file)
{
	.type = MAP_SHARED,
	.subject = ORDINARY_FILE,
};

FIXTURE_VARIANT_ADD(per_page, private_file)
{
	.type = MAP_PRIVATE,
	.subject = ORDINARY_FILE,
};

FIXTURE_SETUP(per_page)
{
	struct maps *maps = &self->maps;

	open_device_or_file(maps, variant->subject);
	ASSERT_LE(0, maps->fd);
	self->pages = maps->npages < WALK_MAX ? maps->npages : WALK_MAX;
	self->len = self->pages * maps->page;

	/*
	 * The buffer's end rather than its start, where the two differ: offsets
	 * are never zero by chance.
	 */
	ASSERT_TRUE(start_walk(&self->walk, maps, maps->npages - self->pages,
			       self->pages));
	self->room = mmap(NULL, self->len, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
}

FIXTURE_TEARDOWN(per_page)
{
	EXPECT_EQ(0, munmap(self->room, self->len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

/*
 * Maps @pages pages of the walk from its page @i on, readable and writable,
 * over what is at @at; says if it did.
 */
static bool put_at(const struct maps *maps, const struct walk *walk,
		   unsigned char *at, int type, size_t i, size_t pages)
{
	void *map = mmap(at, pages * maps->page, PROT_READ | PROT_WRITE,
			 type | MAP_FIXED, maps->fd,
			 (off_t)(walk->first + i) * maps->page);

	return map == at;
}

TEST_F(per_page, each_page_alone)
{
	struct maps *maps = &self->maps;
	size_t i, wrong = 0;

	for (i = 0; i < self->pages; i++) {
		ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type,
				   i, 1));
		wrong += count_wrong_pages(maps, self->room, self->walk.first + i, 1);
	}
	EXPECT_EQ(0, wrong);
}

TEST_F(per_page, each_page_is_written_alone)
{
	struct maps *maps = &self->maps;
	bool through = variant->type == MAP_SHARED;
	size_t i, wrong = 0;

	for (i = 0; i < self->pages; i++) {
		unsigned int before =
			device_word(maps, self->walk.first + i, WORD_AT);

		ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type,
				   i, 1));
		put_word(self->room + WORD_AT, WRITTEN + i);
		wrong += device_word(maps, self->walk.first + i, WORD_AT) !=
			 (through ? WRITTEN + i : before);
	}
	EXPECT_EQ(0, wrong);

	/* All written, each page still is itself. */
	ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type, 0,
			   self->pages));
	EXPECT_EQ(0,
		  count_wrong_pages(maps, self->room, self->walk.first, self->pages));
}

/*
 *	room	|  0  |  1  |  2  | ...  one mapping a page, side by side
 *	device	| n-1 | n-2 | n-3 | ...
 */
TEST_F(per_page, pages_in_reverse)
{
	struct maps *maps = &self->maps;
	size_t i, wrong = 0;

	for (i = 0; i < self->pages; i++)
		ASSERT_TRUE(put_at(maps, &self->walk,
				   self->room + i * maps->page, variant->type,
				   self->pages - 1 - i, 1));
	for (i = 0; i < self->pages; i++)
		wrong += count_wrong_pages(maps, self->room + i * maps->page,
					   self->walk.first + self->pages - 1 - i, 1);
	EXPECT_EQ(0, wrong);
}

/*
 * Side by side and in order, they may become one mapping or stay many: the
 * pages are the same.
 */
TEST_F(per_page, pages_in_order_side_by_side)
{
	struct maps *maps = &self->maps;
	size_t i;

	for (i = 0; i < self->pages; i++)
		ASSERT_TRUE(put_at(maps, &self->walk,
				   self->room + i * maps->page, variant->type,
				   i, 1));
	EXPECT_EQ(0,
		  count_wrong_pages(maps, self->room, self->walk.first, self->pages));
	ASSERT_EQ(0, munmap(self->room, maps->page));
	EXPECT_EQ(0, count_wrong_pages(maps, self->room + maps->page,
				       self->walk.first + 1, self->pages - 1));
	EXPECT_EQ(SIGSEGV, signal_of(self->room, LOAD));
}

TEST_F(per_page, touched_from_the_last_to_the_first)
{
	struct maps *maps = &self->maps;
	size_t i, wrong = 0;

	ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type, 0,
			   self->pages));
	for (i = self->pages; i-- > 0;)
		wrong += count_wrong_pages(maps, self->room + i * maps->page,
					   self->walk.first + i, 1);
	EXPECT_EQ(0, wrong);
}

TEST_F(per_page, same_page_twice)
{
	struct maps *maps = &self->maps;
	size_t i = self->pages - 1;
	unsigned int before = device_word(maps, self->walk.first + i, WORD_AT);
	unsigned int expected = variant->type == MAP_SHARED ? WRITTEN : before;
	unsigned char *twin = self->room + maps->page;

	ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type, i, 1));
	ASSERT_TRUE(put_at(maps, &self->walk, twin, variant->type, i, 1));
	EXPECT_EQ(0, count_wrong_pages(maps, self->room, self->walk.first + i, 1));
	EXPECT_EQ(0, count_wrong_pages(maps, twin, self->walk.first + i, 1));

	/* The twin sees what is written if and only if the page is shared. */
	put_word(self->room + WORD_AT, WRITTEN);
	EXPECT_EQ(expected, word_at(twin + WORD_AT));
}

TEST_F(per_page, window_moved_over_the_buffer)
{
	struct maps *maps = &self->maps;
	size_t width = 3;
	size_t i, wrong = 0;

	for (i = 0; i + width <= self->pages; i++) {
		ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type,
				   i, width));
		wrong += count_wrong_pages(maps, self->room, self->walk.first + i,
					   width);
	}
	EXPECT_EQ(0, wrong);
}

TEST_F(per_page, tail_from_every_page_on)
{
	struct maps *maps = &self->maps;
	size_t i, wrong = 0;

	for (i = 0; i < self->pages; i++) {
		size_t pages = self->pages - i;

		ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type,
				   i, pages));
		wrong += count_wrong_pages(maps, self->room, self->walk.first + i, 1);
		wrong += count_wrong_pages(maps, self->room + (pages - 1) * maps->page,
					   self->walk.first + self->pages - 1, 1);
	}
	EXPECT_EQ(0, wrong);
}

/*
 *	|------ all pages ------|
 *	|-- ... --| 0 |-- ... --|	the first page put over the middle one
 */
TEST_F(per_page, page_put_over_another)
{
	struct maps *maps = &self->maps;
	size_t middle = self->pages / 2;
	unsigned char *over = self->room + middle * maps->page;

	ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type, 0,
			   self->pages));
	EXPECT_EQ(0,
		  count_wrong_pages(maps, self->room, self->walk.first, self->pages));
	ASSERT_TRUE(put_at(maps, &self->walk, over, variant->type, 0, 1));

	EXPECT_EQ(0, count_wrong_pages(maps, self->room, self->walk.first, middle));
	EXPECT_EQ(0, count_wrong_pages(maps, over, self->walk.first, 1));
	EXPECT_EQ(0, count_wrong_pages(maps, over + maps->page,
				       self->walk.first + middle + 1,
				       self->pages - middle - 1));
}

/*
 * Even pages shared and odd ones private, in one stretch of addresses: each
 * keeps its own kind.
 */
TEST_F(per_page, kinds_alternate)
{
	struct maps *maps = &self->maps;
	int other = variant->type == MAP_SHARED ? MAP_PRIVATE : MAP_SHARED;
	size_t i, wrong = 0;

	for (i = 0; i < self->pages; i++)
		ASSERT_TRUE(put_at(maps, &self->walk,
				   self->room + i * maps->page,
				   i % 2 ? other : variant->type, i, 1));
	for (i = 0; i < self->pages; i++)
		put_word(self->room + i * maps->page + WORD_AT, WRITTEN + i);

	for (i = 0; i < self->pages; i++) {
		bool shared = (i % 2 ? other : variant->type) == MAP_SHARED;

		wrong += shared != (device_word(maps, self->walk.first + i,
						WORD_AT) == WRITTEN + i);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0,
		  count_wrong_pages(maps, self->room, self->walk.first, self->pages));
}

TEST_F(per_page, single_page_moved_by_mremap)
{
	struct maps *maps = &self->maps;
	size_t i = self->pages - 1;
	void *target = self->room + maps->page;

	/* Move it before it was ever touched, and once more after. */
	ASSERT_TRUE(put_at(maps, &self->walk, self->room, variant->type, i, 1));
	ASSERT_EQ(target, mremap(self->room, maps->page, maps->page,
				 MREMAP_MAYMOVE | MREMAP_FIXED, target));
	EXPECT_EQ(0, count_wrong_pages(maps, target, self->walk.first + i, 1));
	ASSERT_EQ(self->room,
		  mremap(target, maps->page, maps->page,
			 MREMAP_MAYMOVE | MREMAP_FIXED, self->room));
	EXPECT_EQ(0, count_wrong_pages(maps, self->room, self->walk.first + i, 1));
	EXPECT_EQ(SIGSEGV, signal_of(target, LOAD));
}

TEST_F(per_page, grown_page_by_page_shows_the_next_page)
{
	struct maps *maps = &self->maps;
	size_t pages, wrong = 0;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				       variant->type, self->walk.first, 1);

	ASSERT_NE(MAP_FAILED, map);
	for (pages = 2; pages <= self->pages; pages++) {
		map = mremap(map, (pages - 1) * maps->page, pages * maps->page,
			     MREMAP_MAYMOVE);
		ASSERT_NE(MAP_FAILED, map);
		wrong += count_wrong_pages(maps, map + (pages - 1) * maps->page,
					   self->walk.first + pages - 1, 1);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, count_wrong_pages(maps, map, self->walk.first, self->pages));
	EXPECT_EQ(0, munmap(map, self->len));
}

TEST_HARNESS_MAIN

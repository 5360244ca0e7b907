// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a buffer holds before the first write: a stamp at the start of each
 * page, zeroes, and not one byte that belonged to somebody else.
 *
 * Runs first, right after the module is loaded. It proves most where the kernel
 * does not clear the memory that it hands out and fills what is freed with a
 * pattern: boot with "init_on_alloc=0 page_poison=1".
 */
#include "maps_util.h"

FIXTURE(fresh)
{
	struct maps maps;
	unsigned char *expected;	/* one page as it must be */
};

FIXTURE_SETUP(fresh)
{
	open_maps(&self->maps, O_RDONLY);
	ASSERT_LE(0, self->maps.fd);
	self->expected = calloc(1, self->maps.page);
	ASSERT_NE(NULL, self->expected);
	put_word(self->expected + STAMP_AT, stamp());
}

FIXTURE_TEARDOWN(fresh)
{
	free(self->expected);
	EXPECT_EQ(0, close(self->maps.fd));
}

TEST_F(fresh, stamp_is_at_the_start_of_every_page)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0,
				       maps->npages);
	size_t i, unstamped = 0;

	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < maps->npages; i++)
		unstamped += word_at(map + i * maps->page) != stamp();
	EXPECT_EQ(0, unstamped);
	EXPECT_EQ(0, munmap(map, maps->size));
}

TEST_F(fresh, stamp_lies_low_byte_first)
{
	struct maps *maps = &self->maps;
	unsigned char first[4];

	ASSERT_EQ(4, pread(maps->fd, first, 4, 0));
	EXPECT_EQ(stamp() & 0xff, first[0]);
	EXPECT_EQ(stamp() >> 24, first[3]);
}

TEST_F(fresh, mapping_shows_zeroes_after_the_stamp)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0,
				       maps->npages);
	size_t i, dirty = 0;

	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < maps->npages; i++)
		dirty += !!memcmp(map + i * maps->page, self->expected,
				  maps->page);
	EXPECT_EQ(0, dirty);
	EXPECT_EQ(0, munmap(map, maps->size));
}

TEST_F(fresh, private_mapping_shows_zeroes_after_the_stamp)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_PRIVATE,
				       0, maps->npages);
	size_t i, dirty = 0;

	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < maps->npages; i++)
		dirty += !!memcmp(map + i * maps->page, self->expected,
				  maps->page);
	EXPECT_EQ(0, dirty);
	EXPECT_EQ(0, munmap(map, maps->size));
}

TEST_F(fresh, read_shows_zeroes_after_the_stamp)
{
	struct maps *maps = &self->maps;
	unsigned char *page = malloc(maps->page);
	size_t i, dirty = 0;

	ASSERT_NE(NULL, page);
	for (i = 0; i < maps->npages; i++) {
		ASSERT_EQ((ssize_t)maps->page,
			  read(maps->fd, page, maps->page));
		dirty += !!memcmp(page, self->expected, maps->page);
	}
	EXPECT_EQ(0, dirty);
	free(page);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer of more than 4 GiB: sizes and offsets that do not fit into 32 bits.
 * Load maps.ko with npages= to match; tools/fuzz/slow does.
 */
#include "maps_util.h"

#define FOUR_GIB	(4LL << 30)

static bool large_buffer(void)
{
	return sizeof(size_t) > sizeof(int) &&
	       number_in(MAPS_SYSFS, "npages") * sysconf(_SC_PAGESIZE) > FOUR_GIB;
}

NEED(large_buffer, "the buffer has no more than 4 GiB (load maps.ko with more npages)");

FIXTURE(big)
{
	struct maps maps;
	unsigned char *map;
};

FIXTURE_SETUP(big)
{
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	self->map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0, maps->npages);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(big)
{
	EXPECT_EQ(0, munmap(self->map, self->maps.size));
	close(self->maps.fd);
}

TEST_F(big, size_is_told_in_full)
{
	const struct maps *maps = &self->maps;

	EXPECT_EQ((long long)maps->size, number_in(MAPS_SYSFS, "size"));
	EXPECT_EQ((off_t)maps->size, lseek(maps->fd, 0, SEEK_END));
}

TEST_F_TIMEOUT(big, every_page_is_stamped, 250)
{
	const struct maps *maps = &self->maps;
	const unsigned int expected = stamp();
	size_t i, wrong = 0;

	for (i = 0; i < maps->npages; i++)
		wrong += word_at(self->map + i * maps->page) != expected;
	EXPECT_EQ(0U, wrong);
}

/* The page at 4 GiB is not the one at 0, by mapping, by offset and by read(). */
TEST_F(big, offsets_do_not_wrap)
{
	const struct maps *maps = &self->maps;
	const size_t pgoff = FOUR_GIB / maps->page;
	unsigned char *window;

	put_word(self->map + WORD_AT, WRITTEN);
	put_word(self->map + FOUR_GIB + WORD_AT, REWRITTEN);
	EXPECT_EQ(WRITTEN, word_at(self->map + WORD_AT));
	EXPECT_EQ(WRITTEN, device_word(maps, 0, WORD_AT));
	EXPECT_EQ(REWRITTEN, device_word(maps, pgoff, WORD_AT));

	window = map_pages(maps, maps->fd, PROT_READ, MAP_PRIVATE, pgoff, 1);
	ASSERT_NE(MAP_FAILED, window);
	EXPECT_EQ(REWRITTEN, word_at(window + WORD_AT));
	munmap(window, maps->page);
}

/* The last page is there, and one more is not. */
TEST_F(big, ends_where_it_ends)
{
	const struct maps *maps = &self->maps;
	unsigned char *window;

	window = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, maps->npages - 1, 1);
	ASSERT_NE(MAP_FAILED, window);
	EXPECT_EQ(stamp(), word_at(window));
	munmap(window, maps->page);
	EXPECT_EQ(MAP_FAILED, map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, maps->npages, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN

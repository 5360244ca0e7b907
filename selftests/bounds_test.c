// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the buffer ends: what mmap() accepts is computed from the buffer's
 * size, and an access past the end is SIGBUS at once, however the mapping came
 * to reach there.
 */
#include "maps_util.h"

#include <limits.h>

/*
 * A number of bytes: limits (2^63, where an off_t ends), whole buffers, halves
 * of one, pages, and bytes.
 */
struct measure {
	int limits;
	int buffers;
	int halves;
	int pages;
	int bytes;
};

static unsigned long long in_bytes(const struct maps *maps,
				   struct measure measure)
{
	return measure.limits * (1ULL << 63) +
	       measure.buffers * (unsigned long long)maps->size +
	       measure.halves * (unsigned long long)(maps->npages / 2) *
		       maps->page +
	       measure.pages * (long long)maps->page + measure.bytes;
}

/*
 * mmap() with any offset. A C library may refuse a large one itself, where the
 * system call counts in pages of 4096 bytes and an unsigned long holds them
 * all.
 */
static void *mmap_at(size_t len, int prot, int flags, int fd,
		     unsigned long long offset)
{
#ifdef SYS_mmap2
	if (offset % 4096 == 0)
		return (void *)syscall(SYS_mmap2, NULL, len, prot, flags, fd,
				       (unsigned long)(offset / 4096));
#endif
	return mmap(NULL, len, prot, flags, fd, offset);
}

/*
 * What mmap() must answer: the core's own rules in the core's order, then the
 * buffer's.
 */
static int errno_expected(const struct maps *maps, unsigned long long offset,
			  unsigned long long len)
{
	unsigned long long pgoff = offset / maps->page;
	unsigned long long pages = len / maps->page + !!(len % maps->page);

	bool window = offset % maps->page == 0 && len;
	bool overflows = pgoff > (ULONG_MAX - pages * maps->page) / maps->page;
	bool inside = pgoff < maps->npages && pages <= maps->npages - pgoff;

	if (window && inside)
		return 0;
	return window && overflows ? EOVERFLOW : EINVAL;
}

FIXTURE(window)
{
	struct maps maps;
	unsigned long long offset;
	size_t len;
	int expected;
};

FIXTURE_VARIANT(window)
{
	struct measure offset;
	struct measure len;
};

/* Windows that fit. */
FIXTURE_VARIANT_ADD(window, whole)
{
	.len = { .buffers = 1 },
};

FIXTURE_VARIANT_ADD(window, whole_but_a_byte)
{
	.len = { .buffers = 1, .bytes = -1 },
};

FIXTURE_VARIANT_ADD(window, whole_but_a_page)
{
	.len = { .buffers = 1, .pages = -1 },
};

FIXTURE_VARIANT_ADD(window, first_byte)
{
	.len = { .bytes = 1 },
};

FIXTURE_VARIANT_ADD(window, all_but_the_first_page)
{
	.offset = { .pages = 1 },
	.len = { .buffers = 1, .pages = -1 },
};

FIXTURE_VARIANT_ADD(window, middle_page)
{
	.offset = { .halves = 1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, last_page)
{
	.offset = { .buffers = 1, .pages = -1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, byte_of_the_last_page)
{
	.offset = { .buffers = 1, .pages = -1 },
	.len = { .bytes = 1 },
};

/* Windows that are too long. */
FIXTURE_VARIANT_ADD(window, whole_and_a_byte)
{
	.len = { .buffers = 1, .bytes = 1 },
};

FIXTURE_VARIANT_ADD(window, whole_and_a_page)
{
	.len = { .buffers = 1, .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, twice_the_buffer)
{
	.len = { .buffers = 2 },
};

FIXTURE_VARIANT_ADD(window, whole_length_one_page_on)
{
	.offset = { .pages = 1 },
	.len = { .buffers = 1 },
};

FIXTURE_VARIANT_ADD(window, last_page_and_a_byte)
{
	.offset = { .buffers = 1, .pages = -1 },
	.len = { .pages = 1, .bytes = 1 },
};

FIXTURE_VARIANT_ADD(window, last_two_pages_and_one)
{
	.offset = { .buffers = 1, .pages = -2 },
	.len = { .pages = 3 },
};

/* Windows that begin outside. */
FIXTURE_VARIANT_ADD(window, at_the_end)
{
	.offset = { .buffers = 1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, page_past_the_end)
{
	.offset = { .buffers = 1, .pages = 1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, far_past_the_end)
{
	.offset = { .buffers = 7 },
	.len = { .buffers = 1 },
};

/*
 * The sum of offset and length is what overflows. Some architectures extend the
 * sign of an offset when they count it in pages: such pages are further out.
 */
FIXTURE_VARIANT_ADD(window, last_page_of_all_offsets)
{
	.offset = { .pages = -1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, sum_wraps_into_the_buffer)
{
	.offset = { .pages = -1 },
	.len = { .pages = 2 },
};

FIXTURE_VARIANT_ADD(window, sum_wraps_to_the_end)
{
	.offset = { .buffers = -1 },
	.len = { .buffers = 1 },
};

FIXTURE_VARIANT_ADD(window, last_page_of_off_t)
{
	.offset = { .limits = 1, .pages = -1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(window, sum_leaves_off_t)
{
	.offset = { .limits = 1, .pages = -1 },
	.len = { .pages = 2 },
};

/* Windows that are none. */
FIXTURE_VARIANT_ADD(window, empty)
{
	.len = { .bytes = 0 },
};

FIXTURE_VARIANT_ADD(window, empty_at_the_end)
{
	.offset = { .buffers = 1 },
	.len = { .bytes = 0 },
};

FIXTURE_VARIANT_ADD(window, offset_inside_a_page)
{
	.offset = { .bytes = 1 },
	.len = { .pages = 1 },
};

FIXTURE_SETUP(window)
{
	open_maps(&self->maps, O_RDWR);
	ASSERT_LE(0, self->maps.fd);
	self->offset = in_bytes(&self->maps, variant->offset);
	self->len = in_bytes(&self->maps, variant->len);
	self->expected = errno_expected(&self->maps, self->offset, self->len);
}

FIXTURE_TEARDOWN(window)
{
	EXPECT_EQ(0, close(self->maps.fd));
}

/* The errno of mapping the window, 0 for success. */
static int mmap_errno(const struct maps *maps, unsigned long long offset,
		      size_t len, int prot, int flags)
{
	void *map = mmap_at(len, prot, flags, maps->fd, offset);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, len);
	return 0;
}

TEST_F(window, mapped_shared)
{
	EXPECT_EQ(self->expected,
		  mmap_errno(&self->maps, self->offset, self->len,
			     PROT_READ | PROT_WRITE, MAP_SHARED));
	EXPECT_EQ(self->expected, mmap_errno(&self->maps, self->offset,
					     self->len, PROT_READ, MAP_SHARED));
}

TEST_F(window, mapped_private)
{
	EXPECT_EQ(self->expected,
		  mmap_errno(&self->maps, self->offset, self->len,
			     PROT_READ | PROT_WRITE, MAP_PRIVATE));
	EXPECT_EQ(self->expected,
		  mmap_errno(&self->maps, self->offset, self->len, PROT_READ,
			     MAP_PRIVATE));
}

FIXTURE(edge)
{
	struct maps maps;
	struct walk walk;	/* the last pages of the buffer */
	unsigned char *map;	/* the walk; when grown, more than it */
	size_t pages;
	size_t len;
};

FIXTURE_VARIANT(edge)
{
	int type;
	enum subject subject;
};

FIXTURE_VARIANT_ADD(edge, shared)
{
	.type = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(edge, private)
{
	.type = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(edge, shared_file)
{
	.type = MAP_SHARED,
	.subject = ORDINARY_FILE,
};

FIXTURE_VARIANT_ADD(edge, private_file)
{
	.type = MAP_PRIVATE,
	.subject = ORDINARY_FILE,
};

FIXTURE_SETUP(edge)
{
	struct maps *maps = &self->maps;

	open_device_or_file(maps, variant->subject);
	ASSERT_LE(0, maps->fd);
	self->pages = maps->npages - 1 < WALK_MAX ? maps->npages - 1 : WALK_MAX;
	self->len = self->pages * maps->page;
	ASSERT_TRUE(start_walk(&self->walk, maps, maps->npages - self->pages,
			       self->pages));
	self->map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
			      variant->type, self->walk.first, self->pages);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(edge)
{
	EXPECT_EQ(0, munmap(self->map, self->len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

/*
 *	device	| ... last |
 *	mapping	| ... last |  past  |  past  |
 */
static bool grow_by_two(const struct maps *maps, unsigned char **map,
			size_t *len)
{
	void *grown = mremap(*map, *len, *len + 2 * maps->page,
			     MREMAP_MAYMOVE);

	if (grown == MAP_FAILED)
		return false;
	*map = grown;
	*len += 2 * maps->page;
	return true;
}

TEST_F(edge, last_byte_is_readable_and_writable)
{
	unsigned char *last = self->map + self->len - 1;

	EXPECT_EQ(0, signal_of(last, LOAD));
	EXPECT_EQ(0, signal_of(last, STORE));
}

TEST_F(edge, load_past_the_end_is_sigbus)
{
	struct maps *maps = &self->maps;
	unsigned char *end;

	ASSERT_TRUE(grow_by_two(maps, &self->map, &self->len));
	end = self->map + self->pages * maps->page;

	EXPECT_EQ(SIGBUS, signal_of(end, LOAD));
	EXPECT_EQ(SIGBUS, signal_of(end + 2 * maps->page - 1, LOAD));
	EXPECT_EQ(0, signal_of(end - 1, LOAD));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first, self->pages));
}

TEST_F(edge, store_past_the_end_is_sigbus)
{
	struct maps *maps = &self->maps;
	unsigned char *end;

	ASSERT_TRUE(grow_by_two(maps, &self->map, &self->len));
	end = self->map + self->pages * maps->page;

	EXPECT_EQ(SIGBUS, signal_of(end, STORE));
	EXPECT_EQ(SIGBUS, signal_of(end + maps->page, STORE));
	EXPECT_EQ(0, signal_of(end - 1, STORE));
}

/*
 * The last page alone, grown: no page is behind it, although the mapping
 * is shorter than the buffer.
 */
TEST_F(edge, last_page_grown_alone_ends_where_the_buffer_ends)
{
	struct maps *maps = &self->maps;
	size_t len = maps->page;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ, variant->type,
				       maps->npages - 1, 1);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(grow_by_two(maps, &map, &len));
	EXPECT_EQ(0, count_wrong_pages(maps, map, maps->npages - 1, 1));
	EXPECT_EQ(SIGBUS, signal_of(map + maps->page, LOAD));
	EXPECT_EQ(SIGBUS, signal_of(map + 2 * maps->page, LOAD));
	EXPECT_EQ(0, munmap(map, len));
}

/*
 *	mapping	| ... last |  past  |  past  |
 *			   |  past  |		only this is left
 */
TEST_F(edge, what_lies_past_the_end_stays_sigbus_when_all_else_is_unmapped)
{
	struct maps *maps = &self->maps;

	ASSERT_TRUE(grow_by_two(maps, &self->map, &self->len));
	ASSERT_EQ(0, munmap(self->map, self->pages * maps->page));
	ASSERT_EQ(0, munmap(self->map + (self->pages + 1) * maps->page,
			    maps->page));
	self->map += self->pages * maps->page;
	self->len = maps->page;

	EXPECT_EQ(SIGBUS, signal_of(self->map, LOAD));
	EXPECT_EQ(SIGBUS, signal_of(self->map, STORE));
}

TEST_F(edge, grown_and_moved_ends_where_the_buffer_ends)
{
	struct maps *maps = &self->maps;
	size_t len = self->len + 2 * maps->page;
	void *room =
		mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_EQ(room, mremap(self->map, self->len, len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, room));
	self->map = room;
	self->len = len;

	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first, self->pages));
	EXPECT_EQ(SIGBUS,
		  signal_of(self->map + self->pages * maps->page, LOAD));
}

/*
 * A system call that is given such an address answers EFAULT, and the process
 * lives.
 */
TEST_F(edge, system_call_past_the_end_is_efault)
{
	struct maps *maps = &self->maps;
	void *end;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_TRUE(grow_by_two(maps, &self->map, &self->len));
	end = self->map + self->pages * maps->page;

	/* A fault that never ends is one that no signal ends in the kernel. */
	ASSERT_EQ(SIGBUS, signal_of(end, LOAD));
	EXPECT_EQ(-1, write(ends[1], end, 1));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(1, write(ends[1], "", 1));
	EXPECT_EQ(-1, read(ends[0], end, 1));
	EXPECT_EQ(EFAULT, errno);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(edge, child_dies_of_sigbus_past_the_end)
{
	struct maps *maps = &self->maps;
	pid_t child;

	ASSERT_TRUE(grow_by_two(maps, &self->map, &self->len));
	child = fork();
	if (!child) {
		alarm(PROBE_SECONDS);
		_exit(load(self->map + self->pages * maps->page));
	}
	EXPECT_EQ(128 + SIGBUS, end_of(child));
}

TEST_F(edge, populating_past_the_end_neither_hangs_nor_kills)
{
	struct maps *maps = &self->maps;

	/* A locked mapping is populated when it grows. */
	alarm(PROBE_SECONDS);
	ASSERT_EQ(0, mlock(self->map, self->len));
	ASSERT_TRUE(grow_by_two(maps, &self->map, &self->len));
	EXPECT_EQ(SIGBUS,
		  signal_of(self->map + self->pages * maps->page, LOAD));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first, self->pages));
}

TEST_F(edge, shrunk_mapping_keeps_its_start)
{
	struct maps *maps = &self->maps;

	ASSERT_EQ(self->map, mremap(self->map, self->len, maps->page, 0));
	self->len = maps->page;
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->walk.first, 1));
	EXPECT_EQ(SIGSEGV, signal_of(self->map + maps->page, LOAD));
}

/*
 * Holes in a mapping of all pages but the first:
 *
 *	| 1 | 2 | ... | n-1 |	whole
 *	    | 2 | ... | n-1 |	first_page
 *	| 1 |   | ... | n-1 |	middle_page
 *	| 1 | 2 | ... |		last_page
 *	              | n-1 |	all_but_the_last_page
 */
FIXTURE(hole)
{
	struct maps maps;
	struct walk walk;
	size_t at;	/* in pages, from the start of the mapping */
	size_t pages;
};

FIXTURE_VARIANT(hole)
{
	struct measure at;	/* "buffers" being the mapping */
	struct measure len;
};

FIXTURE_VARIANT_ADD(hole, first_page)
{
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(hole, middle_page)
{
	.at = { .halves = 1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(hole, last_page)
{
	.at = { .buffers = 1, .pages = -1 },
	.len = { .pages = 1 },
};

FIXTURE_VARIANT_ADD(hole, all_but_the_last_page)
{
	.len = { .buffers = 1, .pages = -1 },
};

FIXTURE_SETUP(hole)
{
	struct maps *maps = &self->maps;
	struct maps mapping;
	size_t pages;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	pages = maps->npages - 1 < WALK_MAX ? maps->npages - 1 : WALK_MAX;
	ASSERT_TRUE(start_walk(&self->walk, maps, maps->npages - pages, pages));
	mapping = (struct maps){ .page = maps->page,
				 .npages = pages,
				 .size = pages * maps->page };
	self->at = in_bytes(&mapping, variant->at) / maps->page;
	self->pages = in_bytes(&mapping, variant->len) / maps->page;
}

FIXTURE_TEARDOWN(hole)
{
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

/*
 * Maps the walk, unmaps the hole; returns how many pages beside it are wrong,
 * or -1.
 */
static long dig(const struct maps *maps, const struct walk *walk, int type,
		bool touch, size_t at, size_t pages)
{
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				       type, walk->first, walk->pages);
	size_t behind = at + pages;
	long wrong = 0;

	if (map == MAP_FAILED)
		return -1;
	if (touch)
		wrong += count_wrong_pages(maps, map, walk->first, walk->pages);
	if (munmap(map + at * maps->page, pages * maps->page) ||
	    signal_of(map + at * maps->page, LOAD) != SIGSEGV)
		return -1;
	wrong += count_wrong_pages(maps, map, walk->first, at);
	wrong += count_wrong_pages(maps, map + behind * maps->page,
				   walk->first + behind, walk->pages - behind);
	return munmap(map, walk->pages * maps->page) ? -1 : wrong;
}

TEST_F(hole, shared_pages_beside_it_are_themselves)
{
	EXPECT_EQ(0, dig(&self->maps, &self->walk, MAP_SHARED, false, self->at,
			 self->pages));
}

TEST_F(hole, private_pages_beside_it_are_themselves)
{
	EXPECT_EQ(0, dig(&self->maps, &self->walk, MAP_PRIVATE, false, self->at,
			 self->pages));
}

TEST_F(hole, touched_shared_pages_beside_it_are_themselves)
{
	EXPECT_EQ(0, dig(&self->maps, &self->walk, MAP_SHARED, true, self->at,
			 self->pages));
}

TEST_F(hole, touched_private_pages_beside_it_are_themselves)
{
	EXPECT_EQ(0, dig(&self->maps, &self->walk, MAP_PRIVATE, true, self->at,
			 self->pages));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a mapping costs: the handler is called once for each page that is
 * touched for the first time, and never for any other reason. The device counts
 * the calls; every number here is a difference of two readings.
 */
#include "maps_util.h"

#define THP_SYSFS	"/sys/kernel/mm/transparent_hugepage/"

/*
 * How many calls an action may take. The two are the same, and the number
 * exact, when every page is a folio.
 */
struct range {
	size_t least;
	size_t most;
};

/* The mapping that is touched: the buffer's first pages. */
struct span {
	unsigned char *map;
	size_t pages;
	size_t len;
	size_t folios;	/* that hold these pages */
	size_t small;	/* pages that are a folio of their own */
	size_t huge;	/* bytes of it in whole folios of pmd_size() */
};

FIXTURE(faults)
{
	struct maps maps;
	struct span span;	/* readable and writable, nothing mapped yet */
	bool counted;	/* debugfs is there */
};

FIXTURE_VARIANT(faults)
{
	int type;
	enum access access;
	bool copies;	/* the access leaves a copy in the mapping */
};

FIXTURE_VARIANT_ADD(faults, shared_read)
{
	.type = MAP_SHARED,
	.access = LOAD,
	.copies = false,
};

FIXTURE_VARIANT_ADD(faults, shared_write)
{
	.type = MAP_SHARED,
	.access = STORE,
	.copies = false,
};

FIXTURE_VARIANT_ADD(faults, private_read)
{
	.type = MAP_PRIVATE,
	.access = LOAD,
	.copies = false,
};

FIXTURE_VARIANT_ADD(faults, private_write)
{
	.type = MAP_PRIVATE,
	.access = STORE,
	.copies = true,
};

static long long count_faults(void)
{
	return number_in(MAPS_DEBUGFS, "maps0/faults");
}

/* Bytes that a page middle directory entry maps, where the kernel does that. */
static size_t pmd_size(void)
{
	long long size = number_in(THP_SYSFS, "hpage_pmd_size");

	return size < 0 ? 0 : size;
}

/* Bytes of the mapping at @at that such entries map now, or -1. */
static long long pmd_mapped(const unsigned char *at)
{
	unsigned long start, end, want = (unsigned long)at;
	FILE *file = fopen("/proc/self/smaps", "r");
	long long kib = -1;
	bool found = false;
	char line[256];

	if (!file)
		return -1;
	while (kib < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			found = start == want;
		else if (found)
			sscanf(line, "FilePmdMapped: %lld", &kib);
	}
	fclose(file);
	return kib < 0 ? -1 : kib * 1024;
}

/* Counts the span's folios, from the device's list of frames. */
static bool count_folios(struct span *span, size_t page)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	unsigned long pgoff, pfn;
	unsigned int order;
	size_t i, pmd = pmd_size();

	span->folios = 0;
	span->small = 0;
	span->huge = 0;
	if (!file)
		return false;
	for (i = 0; i < span->pages; i++) {
		if (fscanf(file, "%lu %lu %u", &pgoff, &pfn, &order) != 3)
			break;
		span->folios += pfn % (1UL << order) == 0 || i == 0;
		span->small += order == 0;
		span->huge += page << order == pmd ? page : 0;
	}
	fclose(file);
	if (pmd)
		span->huge -= span->huge % pmd;
	return i == span->pages;
}

FIXTURE_SETUP(faults)
{
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	self->span.pages = maps->npages < WALK_MAX ? maps->npages : WALK_MAX;
	self->span.len = self->span.pages * maps->page;
	self->span.map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				   variant->type, 0, self->span.pages);
	ASSERT_NE(MAP_FAILED, self->span.map);
	self->counted = count_faults() >= 0 && count_folios(&self->span, maps->page);
}

FIXTURE_TEARDOWN(faults)
{
	EXPECT_EQ(0, munmap(self->span.map, self->span.len));
	EXPECT_EQ(0, close(self->maps.fd));
}

/*
 * Calls to touch every page for the first time: one a page. A folio of many
 * pages may be mapped as a whole by one call, or page by page, as address and
 * kernel allow; but a page that is copied is always copied alone.
 */
static struct range to_touch_all(const struct span *span, bool copies)
{
	return (struct range){ copies ? span->pages : span->folios,
			       span->pages };
}

/*
 * Calls to write to, or to inherit, every page of a mapping that has them all:
 * none, unless a folio is split.
 */
static struct range to_change_all(const struct span *span)
{
	return (struct range){ 0, span->pages - span->small };
}

/*
 * Accesses one byte of each page, which does not change what the byte is;
 * returns the calls that this took.
 */
static size_t touch(const struct maps *maps, const struct span *span,
		    enum access access)
{
	long long before = count_faults();
	size_t i;

	for (i = 0; i < span->pages; i++) {
		unsigned char *byte = span->map + i * maps->page;

		/*
		 * What to store comes from read(): a load through the mapping
		 * would be the first touch.
		 */
		if (access == STORE)
			store(byte, device_word(maps, i, 0));
		else
			load(byte);
	}
	return count_faults() - before;
}

#define EXPECT_IN(expected, seen)			\
	do {						\
		struct range __range = (expected);	\
		size_t __calls = (seen);		\
							\
		EXPECT_LE(__range.least, __calls);	\
		EXPECT_GE(__range.most, __calls);	\
	} while (0)

TEST_F(faults, one_for_each_page_touched)
{
	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	EXPECT_IN(to_touch_all(&self->span, variant->copies),
		  touch(&self->maps, &self->span, variant->access));
}

/*
 * A folio that is as large as a page middle directory entry maps is mapped by
 * one, for the price of one fault. Not so the copies: they are small pages. Nor
 * where the address does not fit: folio_test asks that it does, on 64 bits.
 */
TEST_F(faults, one_for_each_folio_mapped_whole)
{
	bool fits = pmd_size() && (uintptr_t)self->span.map % pmd_size() == 0;
	long long huge = variant->copies || !fits ? 0 : self->span.huge;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	touch(&self->maps, &self->span, variant->access);
	EXPECT_EQ(huge, pmd_mapped(self->span.map));
}

TEST_F(faults, none_for_mmap_itself)
{
	unsigned char *map;
	long long before;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	before = count_faults();
	map = map_pages(&self->maps, self->maps.fd, PROT_READ | PROT_WRITE,
			variant->type, 0, self->span.pages);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, munmap(map, self->span.len));
	EXPECT_EQ(before, count_faults());
}

TEST_F(faults, one_for_the_only_page_touched)
{
	unsigned char *byte =
		self->span.map + (self->span.pages - 1) * self->maps.page;
	long long before;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	before = count_faults();
	EXPECT_EQ(0, signal_of(byte, LOAD));
	EXPECT_EQ(before + 1, count_faults());
}

TEST_F(faults, none_for_the_second_touch)
{
	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	touch(&self->maps, &self->span, variant->access);
	EXPECT_EQ(0, touch(&self->maps, &self->span, variant->access));
	EXPECT_EQ(0, touch(&self->maps, &self->span, LOAD));
}

/*
 * The page is there: to copy it, or to make it writable, the kernel need not
 * ask for it again.
 */
TEST_F(faults, none_for_a_write_after_a_read)
{
	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	touch(&self->maps, &self->span, LOAD);
	EXPECT_IN(to_change_all(&self->span),
		  touch(&self->maps, &self->span, STORE));
}

TEST_F(faults, one_for_each_page_again_after_dontneed)
{
	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	touch(&self->maps, &self->span, variant->access);
	ASSERT_EQ(0, madvise(self->span.map, self->span.len, MADV_DONTNEED));
	EXPECT_IN(to_touch_all(&self->span, variant->copies),
		  touch(&self->maps, &self->span, variant->access));
}

TEST_F(faults, populate_takes_them_all_at_mmap)
{
	bool copies = variant->type == MAP_PRIVATE;
	long long before;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	ASSERT_EQ(0, munmap(self->span.map, self->span.len));
	before = count_faults();
	self->span.map =
		map_pages(&self->maps, self->maps.fd, PROT_READ | PROT_WRITE,
			  variant->type | MAP_POPULATE, 0, self->span.pages);
	ASSERT_NE(MAP_FAILED, self->span.map);

	EXPECT_IN(to_touch_all(&self->span, copies),
		  (size_t)(count_faults() - before));
	EXPECT_EQ(0, touch(&self->maps, &self->span, variant->access));
}

TEST_F(faults, unmap_move_and_protect_take_none)
{
	void *room = mmap(NULL, self->span.len, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long long before;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	ASSERT_NE(MAP_FAILED, room);
	touch(&self->maps, &self->span, variant->access);
	before = count_faults();
	ASSERT_EQ(0, mprotect(self->span.map, self->span.len, PROT_READ));
	ASSERT_EQ(0, mprotect(self->span.map, self->span.len,
			      PROT_READ | PROT_WRITE));
	ASSERT_EQ(room, mremap(self->span.map, self->span.len, self->span.len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, room));
	self->span.map = room;
	EXPECT_EQ(before, count_faults());

	/* Moved, the pages are there still. */
	EXPECT_IN(to_change_all(&self->span),
		  touch(&self->maps, &self->span, LOAD));
}

/*
 * Fork copies no entries of a mapping that holds the device's own pages only,
 * since a fault can bring them back: the child pays again. A mapping with
 * copies in it is copied whole.
 */
TEST_F(faults, child_pays_for_its_own_touches)
{
	struct range expected;
	long long before;
	pid_t child;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	touch(&self->maps, &self->span, variant->access);
	expected = variant->copies ? to_change_all(&self->span) :
				     to_touch_all(&self->span, false);
	before = count_faults();
	child = fork();
	if (!child) {
		touch(&self->maps, &self->span, LOAD);
		_exit(0);
	}
	ASSERT_EQ(0, end_of(child));
	EXPECT_IN(expected, (size_t)(count_faults() - before));

	/* The parent has what it had. */
	EXPECT_EQ(0, touch(&self->maps, &self->span, LOAD));
}

TEST_F(faults, one_for_an_access_past_the_end)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				       variant->type, maps->npages - 1, 1);
	long long before;

	if (!self->counted)
		SKIP(return, NO_DEBUGFS);
	ASSERT_NE(MAP_FAILED, map);
	map = mremap(map, maps->page, 2 * maps->page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, map);
	before = count_faults();
	EXPECT_EQ(SIGBUS, signal_of(map + maps->page, variant->access));
	EXPECT_EQ(before + 1, count_faults());
	EXPECT_EQ(0, munmap(map, 2 * maps->page));
}

TEST_HARNESS_MAIN

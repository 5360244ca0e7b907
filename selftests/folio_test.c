// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer of folios: the kernel maps PMD-sized parts of it whole, and takes
 * them apart when it must. Every test looks at two folios that lie side by
 * side, and asks for what only a folio can get wrong.
 */
/* Two folios of 2 MiB, and some pages. */
#define NEEDED_PARAMETERS	"npages=1500"

#include "racers.h"
#include "held.h"

#include <dirent.h>
#include <linux/loop.h>
#include <linux/mempolicy.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define THP_ENABLED "/sys/kernel/mm/transparent_hugepage/enabled"

/* Two folios side by side in the buffer, and room to map them. */
struct folios {
	size_t first;		/* the offset of the first page of the first */
	size_t nr;		/* pages in one */
	size_t len;		/* bytes in one */
	unsigned long pfn;	/* frame of the first page of the first */
	unsigned char *room;	/* reserved, aligned to a folio, four long */
	unsigned char *reserved;
};

#define NO_FOLIOS \
	"no two folios side by side (load maps.ko with huge=auto and npages= twice a huge page or more)"
#define NO_HUGE \
	"this kernel on this machine maps nothing whole (no " HUGE_SIZE ")"
#define NEVER_FOLIOS \
	"the module builds no folios here, see maps_pmd_order() in compat.h"
#define HUGE_SIZE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

/* The first two of the device's list of frames. */
static bool find_folios(struct folios *folios)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	unsigned long pgoff, pfn;
	unsigned int order;
	size_t run = 0;

	if (!file)
		return false;
	while (fscanf(file, "%lu %lu %u", &pgoff, &pfn, &order) == 3) {
		run = order ? run + 1 : 0;
		if (run == 1)
			folios->pfn = pfn;
		if (!run || run < 2UL << order)
			continue;
		folios->nr = 1UL << order;
		folios->first = pgoff + 1 - run;
		break;
	}
	fclose(file);
	return folios->nr;
}

/* Was the module loaded with huge=auto? */
static bool asked_for(void)
{
	FILE *file = fopen("/sys/module/maps/parameters/huge", "r");
	char word[16] = "";

	if (!file)
		return false;
	if (!fgets(word, sizeof(word), file))
		word[0] = 0;
	fclose(file);
	return !strncmp(word, "auto", strlen("auto"));
}

/*
 * Without folios there is nothing to test. Said for the whole program: older
 * harnesses run the body of a test although its set-up has skipped it.
 */
static void __attribute__((constructor)) need_folios(void)
{
	const long long npages = number_in(MAPS_SYSFS, "npages");
	const long long huge = number_in(HUGE_SIZE, "");
	struct folios folios = { 0 };

	if (find_folios(&folios))
		return;
	ksft_print_header();
	if (huge < 0)
		ksft_exit_skip(NO_HUGE "\n");
	if (npages * sysconf(_SC_PAGESIZE) < 2 * huge || !asked_for())
		ksft_exit_skip(NO_FOLIOS "\n");
#ifdef __arm__
	ksft_exit_skip(NEVER_FOLIOS "\n");
#else
	ksft_exit_fail_msg("huge=auto has built no folios in %lld pages: no memory in one piece?\n",
			   npages);
#endif
}

/* A reservation, so that an address can be chosen, aligned or not. */
static bool make_room(struct folios *folios, size_t page)
{
	unsigned long address;

	folios->len = folios->nr * page;
	folios->reserved = mmap(NULL, 5 * folios->len, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				-1, 0);
	if (folios->reserved == MAP_FAILED)
		return false;
	address = (unsigned long)folios->reserved + folios->len - 1;
	folios->room = (void *)(address - address % folios->len);
	return true;
}

/* Sums up a field, in bytes, of all the VMAs in a range, from smaps. */
static size_t in_smaps(const unsigned char *at, size_t len, const char *field)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long start, end, kb;
	char line[512], name[64];
	size_t sum = 0;
	bool in = false;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in = start >= (unsigned long)at &&
			     end <= (unsigned long)at + len;
		else if (in && sscanf(line, "%63[^:]: %lu kB", name, &kb) == 2 &&
			 !strcmp(name, field))
			sum += kb << 10;
	}
	fclose(file);
	return sum;
}

#define mapped_whole(at, len) in_smaps(at, len, "FilePmdMapped")
#define copied(at, len) in_smaps(at, len, "Anonymous")

/* How many times a frame is mapped in all processes, or -1. */
static long long mapped_times(unsigned long pfn)
{
	unsigned long long times;
	int fd = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = pread(fd, &times, sizeof(times), (off_t)pfn * sizeof(times));
	close(fd);
	return got == sizeof(times) ? (long long)times : -1;
}

static unsigned char *map_at(const struct maps *maps, unsigned char *at,
			     int type, size_t pgoff, size_t pages)
{
	return mmap(at, pages * maps->page, PROT_READ | PROT_WRITE,
		    type | MAP_FIXED, maps->fd, (off_t)pgoff * maps->page);
}

/*
 * Mappings of a part of the two folios: the address and the offset decide which
 * of the folios can be mapped whole.
 */

/* So many halves of a folio, and so many pages. */
struct measure {
	int halves;
	int pages;
};

static size_t in_pages(const struct folios *folios, struct measure measure)
{
	return measure.halves * (long)folios->nr / 2 + measure.pages;
}

FIXTURE(window)
{
	struct maps maps;
	struct folios folios;
	struct walk walk;
	size_t begin, pages;	/* the window, from the first folio's start */
	size_t whole;		/* folios that can be mapped whole */
	unsigned char *at;
};

FIXTURE_VARIANT(window)
{
	struct measure begin;
	struct measure end;
	int shift;	/* pages that the address is off */
};

/*	[====][====]	*/
FIXTURE_VARIANT_ADD(window, both)
{
	.end = { .halves = 4 },
};

/*	 [===][====]	*/
FIXTURE_VARIANT_ADD(window, begins_inside)
{
	.begin = { .pages = 1 },
	.end = { .halves = 4 },
};

/*	[====][===]	*/
FIXTURE_VARIANT_ADD(window, ends_inside)
{
	.end = { .halves = 4, .pages = -1 },
};

/*	 [===][===]	*/
FIXTURE_VARIANT_ADD(window, begins_and_ends_inside)
{
	.begin = { .halves = 1 },
	.end = { .halves = 3 },
};

/*	 [==]		*/
FIXTURE_VARIANT_ADD(window, inside_one)
{
	.begin = { .pages = 1 },
	.end = { .halves = 2, .pages = -1 },
};

/*	   []		*/
FIXTURE_VARIANT_ADD(window, one_page)
{
	.begin = { .halves = 1 },
	.end = { .halves = 1, .pages = 1 },
};

/*	     []		*/
FIXTURE_VARIANT_ADD(window, one_page_of_each)
{
	.begin = { .halves = 2, .pages = -1 },
	.end = { .halves = 2, .pages = 1 },
};

/*	[====]		*/
FIXTURE_VARIANT_ADD(window, one_folio)
{
	.end = { .halves = 2 },
};

/* Both, at an address where neither can be whole. */
FIXTURE_VARIANT_ADD(window, address_off_by_one_page)
{
	.end = { .halves = 4 },
	.shift = 1,
};

FIXTURE_VARIANT_ADD(window, address_off_by_less_than_a_folio)
{
	.begin = { .pages = 1 },
	.end = { .halves = 4 },
	.shift = -1,
};

/* How many of the two folios lie in the window, whole. */
static size_t folios_inside(size_t begin, size_t end, size_t nr)
{
	return end / nr - (begin + nr - 1) / nr;
}

FIXTURE_SETUP(window)
{
	struct folios *folios = &self->folios;
	struct maps *maps = &self->maps;
	size_t end;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	ASSERT_TRUE(find_folios(folios));
	ASSERT_TRUE(make_room(folios, maps->page));
	self->begin = in_pages(folios, variant->begin);
	end = in_pages(folios, variant->end);
	self->pages = end - self->begin;
	if (!variant->shift && end / folios->nr > self->begin / folios->nr)
		self->whole = folios_inside(self->begin, end, folios->nr);
	self->at = folios->room +
		   (self->begin + variant->shift) * (long)maps->page;
	ASSERT_TRUE(start_walk(&self->walk, maps, folios->first,
			       2 * folios->nr));
}

FIXTURE_TEARDOWN(window)
{
	EXPECT_EQ(0, munmap(self->folios.reserved, 5 * self->folios.len));
	EXPECT_EQ(0, mapped_times(self->folios.pfn));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

/* A folio is inside the buffer as a whole. */
TEST(beyond_the_last_folio_are_single_pages)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	size_t npages = number_in(MAPS_SYSFS, "npages");
	unsigned long pgoff, pfn;
	unsigned int order;
	size_t lines = 0;

	ASSERT_NE(NULL, file);
	while (fscanf(file, "%lu %lu %u", &pgoff, &pfn, &order) == 3) {
		lines++;
		if (npages - pgoff < 1UL << order && pgoff % (1UL << order) == 0)
			ASSERT_EQ(0, order) TH_LOG("page %lu", pgoff);
	}
	fclose(file);
	EXPECT_EQ(npages, lines);
}

TEST_F(window, shared_read)
{
	const size_t pgoff = self->folios.first + self->begin;
	const size_t len = self->pages * self->maps.page;

	ASSERT_EQ(self->at, map_at(&self->maps, self->at, MAP_SHARED, pgoff,
				   self->pages));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->at, pgoff, self->pages));
	EXPECT_EQ(len, in_smaps(self->at, len, "Rss"));
	EXPECT_EQ(self->whole * self->folios.len, mapped_whole(self->at, len));
}

TEST_F(window, shared_write)
{
	const size_t pgoff = self->folios.first + self->begin;
	const size_t len = self->pages * self->maps.page;
	size_t i;

	ASSERT_EQ(self->at, map_at(&self->maps, self->at, MAP_SHARED, pgoff,
				   self->pages));
	for (i = 0; i < self->pages; i++)
		write_in(&self->maps, self->at, i, MARK(i));
	EXPECT_EQ(self->whole * self->folios.len, mapped_whole(self->at, len));
	EXPECT_EQ(0, copied(self->at, len));

	EXPECT_EQ(MARK(0), device_word(&self->maps, pgoff, WORD_AT));
	EXPECT_EQ(MARK(self->pages - 1),
		  device_word(&self->maps, pgoff + self->pages - 1, WORD_AT));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->at, pgoff, self->pages));
}

TEST_F(window, private_read)
{
	const size_t pgoff = self->folios.first + self->begin;
	const size_t len = self->pages * self->maps.page;

	ASSERT_EQ(self->at, map_at(&self->maps, self->at, MAP_PRIVATE, pgoff,
				   self->pages));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->at, pgoff, self->pages));
	EXPECT_EQ(self->whole * self->folios.len, mapped_whole(self->at, len));
	EXPECT_EQ(0, copied(self->at, len));
}

/* Write the page in the middle, before anything else is touched. */
TEST_F(window, private_write_first)
{
	const size_t pgoff = self->folios.first + self->begin;
	const size_t len = self->pages * self->maps.page;
	const size_t middle = self->pages / 2;

	ASSERT_EQ(self->at, map_at(&self->maps, self->at, MAP_PRIVATE, pgoff,
				   self->pages));
	write_in(&self->maps, self->at, middle, WRITTEN);
	EXPECT_EQ(self->maps.page, copied(self->at, len));

	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->at, pgoff, self->pages));
	EXPECT_EQ(WRITTEN, word_in(&self->maps, self->at, middle));
	EXPECT_EQ(0, device_word(&self->maps, pgoff + middle, WORD_AT));
	EXPECT_EQ(self->maps.page, copied(self->at, len));
}

/* The same when all of it is mapped already. */
TEST_F(window, private_write_after_read)
{
	const size_t pgoff = self->folios.first + self->begin;
	const size_t len = self->pages * self->maps.page;
	const size_t middle = self->pages / 2;

	ASSERT_EQ(self->at, map_at(&self->maps, self->at, MAP_PRIVATE, pgoff,
				   self->pages));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->at, pgoff, self->pages));
	write_in(&self->maps, self->at, middle, WRITTEN);

	EXPECT_EQ(self->maps.page, copied(self->at, len));
	EXPECT_EQ(WRITTEN, word_in(&self->maps, self->at, middle));
	EXPECT_EQ(0, device_word(&self->maps, pgoff + middle, WORD_AT));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->at, pgoff, self->pages));
}

/* Both folios, mapped whole, and then something is done to a part of them. */

FIXTURE(folio)
{
	struct maps maps;
	struct folios folios;
	struct walk walk;
	unsigned char *map;	/* both, mapped and read */
	size_t len;
	size_t middle;		/* the page in the middle of the first */
	unsigned char *at;	/* and its address */
};

FIXTURE_VARIANT(folio)
{
	int type;
};

FIXTURE_VARIANT_ADD(folio, shared)
{
	.type = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(folio, private)
{
	.type = MAP_PRIVATE,
};

FIXTURE_SETUP(folio)
{
	struct folios *folios = &self->folios;
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	ASSERT_TRUE(find_folios(folios));
	ASSERT_TRUE(make_room(folios, maps->page));
	ASSERT_TRUE(start_walk(&self->walk, maps, folios->first,
			       2 * folios->nr));
	self->len = 2 * folios->len;
	self->middle = folios->nr / 2;
	self->map = map_at(maps, folios->room, variant->type, folios->first,
			   2 * folios->nr);
	ASSERT_EQ(folios->room, self->map);
	self->at = self->map + self->middle * maps->page;

	/* Touch one page of each. */
	load(self->map);
	load(self->map + self->len - 1);
	ASSERT_EQ(self->len, mapped_whole(self->map, self->len));
}

FIXTURE_TEARDOWN(folio)
{
	EXPECT_EQ(0, munmap(self->folios.reserved, 5 * self->folios.len));
	EXPECT_EQ(0, mapped_times(self->folios.pfn));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

#define EXPECT_RIGHT_PAGES()						\
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map,			\
				       self->folios.first, 2 * self->folios.nr))

TEST_F(folio, one_fault_maps_one)
{
	long long before = number_in(MAPS_DEBUGFS, "maps0/faults");

	if (before < 0)
		SKIP(return, NO_DEBUGFS);
	ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(before + 2, number_in(MAPS_DEBUGFS, "maps0/faults"));
}

/* Left to itself, the kernel chooses an address where folios can be whole. */
TEST_F(folio, kernel_aligns_the_address)
{
	unsigned char *map;

	if (sizeof(long) < 8)
		SKIP(return, "no room to align in a 32-bit address space");
	map = map_pages(&self->maps, self->maps.fd, PROT_READ, variant->type,
			self->folios.first, 2 * self->folios.nr);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, count_wrong_pages(&self->maps, map, self->folios.first,
				       2 * self->folios.nr));
	EXPECT_EQ(self->len, mapped_whole(map, self->len));
	EXPECT_EQ(0, munmap(map, self->len));
}

/*
 *	|-------------- rw --------------|
 *	|-- rw --|- r -|------ rw -------|
 */
TEST_F(folio, mprotect_part)
{
	const size_t page = self->maps.page;

	ASSERT_EQ(0, mprotect(self->at, page, PROT_READ));

	EXPECT_EQ(SIGSEGV, signal_of(self->at, STORE));
	EXPECT_RIGHT_PAGES();
	write_in(&self->maps, self->map, self->middle - 1, WRITTEN);
	write_in(&self->maps, self->map, self->middle + 1, WRITTEN);
	EXPECT_RIGHT_PAGES();

	/* The other folio stays whole. */
	EXPECT_EQ(self->folios.len, mapped_whole(self->map, self->len));
}

TEST_F(folio, mprotect_whole_and_back)
{
	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_NONE));
	EXPECT_EQ(SIGSEGV, signal_of(self->at, LOAD));
	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_READ | PROT_WRITE));
	EXPECT_RIGHT_PAGES();
	write_in(&self->maps, self->map, self->middle, WRITTEN);
	EXPECT_EQ(WRITTEN, word_in(&self->maps, self->map, self->middle));
}

/*
 *	|-------------- rw --------------|
 *	|-- rw --|     |------ rw -------|
 */
TEST_F(folio, munmap_part)
{
	struct maps *maps = &self->maps;
	const size_t first = self->folios.first;

	ASSERT_EQ(0, munmap(self->at, maps->page));

	EXPECT_EQ(SIGSEGV, signal_of(self->at, LOAD));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, first, self->middle));
	EXPECT_EQ(0, count_wrong_pages(maps, self->at + maps->page,
				       first + self->middle + 1,
				       2 * self->folios.nr - self->middle - 1));

	/* Put the page back. */
	ASSERT_EQ(self->at, map_at(maps, self->at, variant->type,
				   first + self->middle, 1));
	EXPECT_RIGHT_PAGES();
}

TEST_F(folio, munmap_one_of_two)
{
	ASSERT_EQ(0, munmap(self->map, self->folios.len));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map + self->folios.len,
				       self->folios.first + self->folios.nr,
				       self->folios.nr));
	EXPECT_EQ(self->folios.len,
		  mapped_whole(self->map + self->folios.len, self->folios.len));
	EXPECT_EQ(0, mapped_times(self->folios.pfn));
}

/* 32-bit ARM takes a PMD without access for one that is absent: see compat.h. */
TEST_F(folio, munmap_one_without_access)
{
	unsigned char *second = self->map + self->folios.len;

	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_NONE));
	ASSERT_EQ(0, munmap(self->map, self->folios.len));
	EXPECT_EQ(0, mapped_times(self->folios.pfn));
	ASSERT_EQ(0, mprotect(second, self->folios.len, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, second, self->folios.first + self->folios.nr,
				       self->folios.nr));
}

TEST_F(folio, mremap_moves_a_page_out)
{
	struct maps *maps = &self->maps;
	unsigned char *to = self->map + self->len;

	ASSERT_EQ(to, mremap(self->at, maps->page, maps->page,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));

	EXPECT_EQ(0, count_wrong_pages(maps, to, self->folios.first + self->middle, 1));
	EXPECT_EQ(0, count_wrong_pages(maps, self->map, self->folios.first,
				       self->middle));
	EXPECT_EQ(SIGSEGV, signal_of(self->at, LOAD));
}

TEST_F(folio, mremap_moves_one_aligned)
{
	const size_t len = self->folios.len;
	unsigned char *to = self->map + self->len;

	ASSERT_EQ(to, mremap(self->map, len, len,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, to, self->folios.first,
				       self->folios.nr));
	EXPECT_EQ(len, mapped_whole(to, len));
}

TEST_F(folio, mremap_moves_one_out_of_alignment)
{
	const size_t len = self->folios.len;
	unsigned char *to = self->map + self->len + self->maps.page;

	ASSERT_EQ(to, mremap(self->map, len, len,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, to, self->folios.first,
				       self->folios.nr));
	EXPECT_EQ(0, mapped_whole(to, len));
}

TEST_F(folio, mremap_cuts_and_grows_inside)
{
	const size_t cut = self->len - self->folios.len / 2;

	ASSERT_EQ(self->map, mremap(self->map, self->len, cut, 0));
	EXPECT_EQ(SIGSEGV, signal_of(self->map + cut, LOAD));
	ASSERT_EQ(self->map, mremap(self->map, cut, self->len, 0));
	EXPECT_RIGHT_PAGES();
}

/*
 * What the buffer's owner writes is seen through a mapping, but for the one
 * page that is a copy by then.
 */
TEST_F(folio, one_written_page_is_copied_alone)
{
	const bool copies = variant->type == MAP_PRIVATE;
	struct maps *maps = &self->maps;
	const size_t pgoff = self->folios.first + self->middle;

	write_in(maps, self->map, self->middle, WRITTEN);
	EXPECT_EQ(copies ? maps->page : 0, copied(self->map, self->len));
	EXPECT_EQ(copies ? 0 : WRITTEN, device_word(maps, pgoff, WORD_AT));

	ASSERT_TRUE(set_device_word(maps, pgoff - 1, WORD_AT, REWRITTEN));
	ASSERT_TRUE(set_device_word(maps, pgoff, WORD_AT, REWRITTEN));
	ASSERT_TRUE(set_device_word(maps, pgoff + 1, WORD_AT, REWRITTEN));
	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, self->middle - 1));
	EXPECT_EQ(copies ? WRITTEN : REWRITTEN,
		  word_in(maps, self->map, self->middle));
	EXPECT_EQ(REWRITTEN, word_in(maps, self->map, self->middle + 1));
	EXPECT_RIGHT_PAGES();
}

TEST_F(folio, every_page_written)
{
	const bool copies = variant->type == MAP_PRIVATE;
	size_t i;

	for (i = 0; i < 2 * self->folios.nr; i++)
		write_in(&self->maps, self->map, i, MARK(i));
	EXPECT_EQ(copies ? self->len : 0, copied(self->map, self->len));
	EXPECT_EQ(copies ? 0 : self->len, mapped_whole(self->map, self->len));
	for (i = 0; i < 2 * self->folios.nr; i++)
		ASSERT_EQ(MARK(i), word_in(&self->maps, self->map, i));
	EXPECT_EQ(copies ? 0 : MARK(self->middle),
		  device_word(&self->maps, self->folios.first + self->middle,
			      WORD_AT));
	EXPECT_RIGHT_PAGES();
}

TEST_F(folio, dontneed_part)
{
	const bool copies = variant->type == MAP_PRIVATE;

	write_in(&self->maps, self->map, self->middle, WRITTEN);
	ASSERT_EQ(0, madvise(self->at, self->maps.page, MADV_DONTNEED));

	/* A copy is lost, and the device's page is back. */
	EXPECT_EQ(copies ? 0 : WRITTEN,
		  word_in(&self->maps, self->map, self->middle));
	EXPECT_RIGHT_PAGES();
}

TEST_F(folio, dontneed_all)
{
	ASSERT_EQ(0, madvise(self->map, self->len, MADV_DONTNEED));
	EXPECT_EQ(0, mapped_times(self->folios.pfn));
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(self->len, mapped_whole(self->map, self->len));
}

/* Advice that would split a folio of a file, or reclaim it: ours is not theirs. */
TEST_F(folio, advice_changes_nothing)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT, MADV_RANDOM,
				      MADV_WILLNEED, MADV_HUGEPAGE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise(self->at, self->maps.page, advice[i]);
		madvise(self->map, self->len, advice[i]);
		EXPECT_RIGHT_PAGES();
	}
}

/*
 * Attempts to reclaim, to move and to split a folio. The driver's folio has a
 * ->mapping like a file's, so the kernel tries; but it is on no LRU list and not
 * in the page cache, so each attempt fails. Afterwards both folios lie in the same
 * frames and have the same bytes.
 */

/* Pages that do not lie in the frame that they were loaded in. */
static size_t moved(const struct maps *maps, const unsigned char *map, unsigned long pfn,
		    size_t pages)
{
	unsigned long long *entry = malloc(pages * sizeof(*entry));
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const size_t len = pages * sizeof(*entry);
	off_t at = (uintptr_t)map / maps->page * sizeof(*entry);
	size_t i, wrong = 0;

	if (pread(fd, entry, len, at) != (ssize_t)len)
		wrong = pages;
	for (i = 0; i < pages && wrong < pages; i++)
		wrong += (entry[i] & ((1ULL << 55) - 1)) != pfn + i;
	close(fd);
	free(entry);
	return wrong;
}

/* The second folio follows the first one in the buffer, but need not in memory. */
static unsigned long frame_of_second(const struct folios *folios)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	unsigned long pgoff, pfn;
	unsigned int order;

	while (file && fscanf(file, "%lu %lu %u", &pgoff, &pfn, &order) == 3)
		if (pgoff == folios->first + folios->nr)
			break;
	if (file)
		fclose(file);
	return pfn;
}

#define EXPECT_UNTOUCHED()							\
	do {									\
		EXPECT_RIGHT_PAGES();						\
		EXPECT_EQ(0, moved(&self->maps, self->map, self->folios.pfn,	\
				   self->folios.nr));				\
		EXPECT_EQ(0, moved(&self->maps, self->map + self->folios.len,	\
				   frame_of_second(&self->folios),		\
				   self->folios.nr));				\
	} while (0)

/* Advice on a part of a folio makes the kernel split it first, if it can. */
static void advise(const unsigned char *map, const unsigned char *at, size_t page, size_t len)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise((void *)at, page, advice[i]);
		madvise((void *)map, len, advice[i]);
	}
}

/*
 * A split expects one reference of the page cache for each page of the folio
 * (folio_expected_ref_count()). Pages in pipes have as many, so that this attempt
 * gets further than all others: it unmaps the folio before it fails.
 */
TEST_F(folio, advice_while_pages_are_in_pipes)
{
	const size_t in_pipe = self->folios.nr - 1;
	struct maps *maps = &self->maps;
	struct iovec iov = { self->map, in_pipe * maps->page };
	unsigned char *page = malloc(maps->page);
	int ends[2];
	size_t i;

	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, pipe(ends));
	if (fcntl(ends[1], F_SETPIPE_SZ, self->folios.len) < 0)
		SKIP(return, "no pipe of %zu pages", self->folios.nr);
	ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK));

	advise(self->map, self->at, maps->page, self->len);
	EXPECT_UNTOUCHED();
	for (i = 0; i < in_pipe; i++) {
		ASSERT_EQ((ssize_t)maps->page, read(ends[0], page, maps->page));
		EXPECT_EQ(0, count_wrong_pages(maps, page, self->folios.first + i, 1));
	}
	advise(self->map, self->at, maps->page, self->len);
	EXPECT_UNTOUCHED();
	close(ends[0]);
	close(ends[1]);
	free(page);
}

TEST_F(folio, lazy_free_is_refused)
{
	EXPECT_EQ(-1, madvise(self->map, self->len, MADV_FREE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_UNTOUCHED();
}

static bool tell(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return done;
}

TEST_F(folio, compaction)
{
	if (access("/proc/sys/vm/compact_memory", F_OK))
		SKIP(return, "this kernel does not compact memory (CONFIG_COMPACTION)");
	ASSERT_TRUE(tell("/proc/sys/vm/compact_memory", "1"));
	EXPECT_UNTOUCHED();
}

TEST_F(folio, dropped_caches)
{
	ASSERT_TRUE(tell("/proc/sys/vm/drop_caches", "3"));
	EXPECT_UNTOUCHED();
}

/* move_pages() moves a page of an LRU list only, and ours is on its node already. */
TEST_F(folio, move_pages)
{
	void *pages[] = { self->map, self->at, self->map + self->folios.len };
	int nodes[ARRAY_SIZE(pages)] = { 0 }, status[ARRAY_SIZE(pages)];

	if (access("/proc/self/numa_maps", F_OK))
		SKIP(return, "no move_pages() (CONFIG_NUMA)");
	EXPECT_LE(0, syscall(SYS_move_pages, 0, ARRAY_SIZE(pages), pages, nodes, status,
			     MPOL_MF_MOVE_ALL));
	EXPECT_UNTOUCHED();
}

/* Soft offline copies a page elsewhere and takes it out of use: not the driver's. */
TEST_F(folio, soft_offline_is_refused)
{
	if (madvise(self->map, 0, MADV_SOFT_OFFLINE))
		SKIP(return, "no MADV_SOFT_OFFLINE (CONFIG_MEMORY_FAILURE)");
	EXPECT_EQ(-1, madvise(self->at, self->maps.page, MADV_SOFT_OFFLINE));
	EXPECT_UNTOUCHED();
}

TEST_F(folio, mlock_part_and_whole)
{
	ASSERT_EQ(0, mlock(self->at, self->maps.page));
	EXPECT_RIGHT_PAGES();
	ASSERT_EQ(0, mlock(self->map, self->len));
	EXPECT_RIGHT_PAGES();
	ASSERT_EQ(0, munlock(self->at, self->maps.page));
	EXPECT_RIGHT_PAGES();
}

TEST_F(folio, fork_child_sees_and_writes)
{
	const bool copies = variant->type == MAP_PRIVATE;
	struct maps *maps = &self->maps;
	pid_t child;

	/* One page is a copy before the fork, another after it. */
	write_in(maps, self->map, self->middle, WRITTEN);
	child = fork();
	if (!child) {
		if (count_wrong_pages(maps, self->map, self->folios.first,
				      2 * self->folios.nr) ||
		    word_in(maps, self->map, self->middle) != WRITTEN)
			_exit(1);
		write_in(maps, self->map, self->middle, REWRITTEN);
		write_in(maps, self->map, self->middle + 1, REWRITTEN);
		_exit(word_in(maps, self->map, self->middle) != REWRITTEN);
	}
	ASSERT_EQ(0, end_of(child));

	EXPECT_EQ(copies ? WRITTEN : REWRITTEN,
		  word_in(maps, self->map, self->middle));
	EXPECT_EQ(copies ? 0 : REWRITTEN,
		  word_in(maps, self->map, self->middle + 1));
	EXPECT_RIGHT_PAGES();
}

TEST_F(folio, parent_writes_after_fork)
{
	const bool copies = variant->type == MAP_PRIVATE;
	struct maps *maps = &self->maps;
	int go[2];
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		char byte;
		bool woken = read(go[0], &byte, 1) == 1;

		_exit(!woken || word_in(maps, self->map, self->middle) !=
			       (copies ? 0 : WRITTEN));
	}
	write_in(maps, self->map, self->middle, WRITTEN);
	EXPECT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, end_of(child));
	EXPECT_RIGHT_PAGES();
	close(go[0]);
	close(go[1]);
}

TEST_F(folio, moved_by_another_process)
{
	struct maps *maps = &self->maps;
	unsigned char *from = self->map + self->folios.len - maps->page;
	const size_t pgoff = self->folios.first + self->folios.nr - 1;
	unsigned char *copy = malloc(2 * maps->page);
	struct iovec local = { copy, 2 * maps->page };
	struct iovec remote = { from, 2 * maps->page };

	/* Two pages, one of each folio. */
	ASSERT_NE(NULL, copy);
	ASSERT_EQ((ssize_t)(2 * maps->page),
		  process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(0, count_wrong_pages(maps, copy, pgoff, 2));

	put_word(copy + maps->page + WORD_AT, WRITTEN);
	ASSERT_EQ((ssize_t)(2 * maps->page),
		  process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(WRITTEN, word_at(from + maps->page + WORD_AT));
	EXPECT_EQ(variant->type == MAP_PRIVATE ? 0 : WRITTEN,
		  device_word(maps, pgoff + 1, WORD_AT));
	EXPECT_RIGHT_PAGES();
	free(copy);
}

/* A debugger writes where the process may not: a private page is copied. */
TEST_F(folio, forced_write)
{
	const bool copies = variant->type == MAP_PRIVATE;
	unsigned char word[4];
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t wrote;

	ASSERT_LE(0, mem);
	ASSERT_EQ(0, mprotect(self->map, self->len, PROT_READ));
	put_word(word, WRITTEN);
	wrote = pwrite(mem, word, sizeof(word),
		       (off_t)(unsigned long)(self->at + WORD_AT));
	/* A kernel can be set to refuse it (proc_mem.force_override=). */
	if (copies && wrote == sizeof(word)) {
		EXPECT_EQ(WRITTEN,
			  word_in(&self->maps, self->map, self->middle));
		EXPECT_EQ(self->maps.page, copied(self->map, self->len));
	}
	EXPECT_EQ(0, device_word(&self->maps,
				 self->folios.first + self->middle, WORD_AT));
	EXPECT_RIGHT_PAGES();
	close(mem);
}

/* A loop device over a file in memory, to read from and write to directly. */
static int open_loop(size_t len)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("disk", MFD_CLOEXEC);
	int number, loop = -1;
	char path[32];

	if (control >= 0 && memory >= 0 && !ftruncate(memory, len)) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		snprintf(path, sizeof(path), "/dev/loop%d", number);
		loop = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (loop >= 0 && ioctl(loop, LOOP_SET_FD, memory)) {
			close(loop);
			loop = -1;
		}
	}
	close(control);
	close(memory);
	return loop;
}

/*
 * A disk reads into the pages, and writes from them, with no copy between:
 * from the middle of one folio to the middle of the other.
 */
TEST_F(folio, direct_io)
{
	const size_t len = self->folios.len;
	struct maps *maps = &self->maps;
	const size_t pgoff = self->folios.first + self->middle;
	int loop = open_loop(len);

	if (loop < 0)
		SKIP(return, "no loop device to read from directly");
	EXPECT_EQ((ssize_t)len, pwrite(loop, self->at, len, 0));

	/* Change the pages, and have the disk bring back what they were. */
	write_in(maps, self->map, self->middle, WRITTEN);
	write_in(maps, self->map, self->middle + self->folios.nr - 1, WRITTEN);
	EXPECT_EQ((ssize_t)len, pread(loop, self->at, len, 0));
	EXPECT_EQ(0, word_in(maps, self->map, self->middle));
	EXPECT_EQ(0, word_in(maps, self->map,
			     self->middle + self->folios.nr - 1));
	EXPECT_EQ(0, device_word(maps, pgoff, WORD_AT));
	EXPECT_RIGHT_PAGES();
	EXPECT_EQ(0, ioctl(loop, LOOP_CLR_FD));
	close(loop);
}

/* Writes a word of @file, keeping the one that was chosen ("a [b] c"). */
static bool choose(const char *path, const char *word, char *old, size_t size)
{
	FILE *file = fopen(path, "r+");
	char line[128], *open, *close;
	bool done;

	if (!file)
		return false;
	done = fgets(line, sizeof(line), file);
	open = done ? strchr(line, '[') : NULL;
	close = open ? strchr(open, ']') : NULL;
	if (close && old)
		snprintf(old, size, "%.*s", (int)(close - open - 1), open + 1);
	rewind(file);
	done = close && fputs(word, file) >= 0;
	return !fclose(file) && done;
}

/*
 * The kernel decides whether it maps a folio whole, for the device as for a file:
 * a file of huge pages in tmpfs shows what it decides.
 */

#define NO_HUGE_FILE	"no file of huge pages (tmpfs, mounted with huge=always)"

/* Two huge pages of a file, mapped whole, behind the device's; or NULL. */
static unsigned char *map_huge_file(const struct folios *folios, int type)
{
	unsigned char *at = folios->room + 2 * folios->len;
	char dir[] = "/tmp/hugeXXXXXX", path[64];
	int fd;

	if (!mkdtemp(dir) || mount("tmpfs", dir, "tmpfs", 0, "huge=always"))
		return NULL;
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	if (fd < 0 || ftruncate(fd, 2 * folios->len))
		return NULL;
	mmap(at, 2 * folios->len, PROT_READ | PROT_WRITE, type | MAP_FIXED, fd, 0);
	close(fd);
	load(at);
	load(at + folios->len);
	return in_smaps(at, 2 * folios->len, "ShmemPmdMapped") == 2 * folios->len ? at : NULL;
}

/* How much of two huge pages is mapped whole when they are touched anew. */
static size_t whole_again(unsigned char *at, const struct folios *folios, const char *field)
{
	madvise(at, 2 * folios->len, MADV_DONTNEED);
	load(at);
	load(at + folios->len);
	return in_smaps(at, 2 * folios->len, field);
}

#define EXPECT_WHOLE_AS_THE_FILE(file)						\
	do {									\
		EXPECT_EQ(whole_again(file, &self->folios, "ShmemPmdMapped"),	\
			  whole_again(self->map, &self->folios, "FilePmdMapped")); \
		EXPECT_RIGHT_PAGES();						\
	} while (0)

TEST_F(folio, thp_never)
{
	unsigned char *file = map_huge_file(&self->folios, variant->type);
	char old[16];

	if (!file || !choose(THP_ENABLED, "never", old, sizeof(old)))
		SKIP(return, NO_HUGE_FILE);
	EXPECT_WHOLE_AS_THE_FILE(file);
	EXPECT_TRUE(choose(THP_ENABLED, old, NULL, 0));
}

TEST_F(folio, thp_disabled_for_the_process)
{
	unsigned char *file = map_huge_file(&self->folios, variant->type);

	if (!file)
		SKIP(return, NO_HUGE_FILE);
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	EXPECT_WHOLE_AS_THE_FILE(file);
}

TEST_F(folio, nohugepage_advice)
{
	unsigned char *file = map_huge_file(&self->folios, variant->type);

	if (!file)
		SKIP(return, NO_HUGE_FILE);
	ASSERT_EQ(0, madvise(file, self->len, MADV_NOHUGEPAGE));
	ASSERT_EQ(0, madvise(self->map, self->len, MADV_NOHUGEPAGE));
	EXPECT_WHOLE_AS_THE_FILE(file);
}

/* In the kernel, two threads map the same PMD. */
TEST_F_TIMEOUT(folio, threads_touch_at_once, 120)
{
	size_t wrong;
	bool met;

	if (access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	met = race_to_first_read(&self->maps, self->map, self->folios.first,
				 2 * self->folios.nr, true, &wrong);
	EXPECT_EQ(0, wrong);
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		SKIP(return, NO_RACE);
	EXPECT_TRUE(met);
}

#define PROCESSES	4
#define ROUNDS		8

/* A process of many that map, look, write to a page of its own, and unmap. */
static int one_of_many(const struct maps *maps, const struct folios *folios,
		       int type, size_t mine)
{
	unsigned char *map;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		map = map_at(maps, folios->room + 2 * folios->len, type,
			     folios->first, 2 * folios->nr);
		if (map == MAP_FAILED ||
		    count_wrong_pages(maps, map, folios->first, 2 * folios->nr))
			return 1;
		write_in(maps, map, mine, MARK(round));
		if (word_in(maps, map, mine) != MARK(round))
			return 2;
		if (munmap(map, folios->len / 2) ||
		    munmap(map + folios->len / 2,
			   2 * folios->len - folios->len / 2))
			return 3;
	}
	return 0;
}

TEST_F(folio, processes_at_once)
{
	pid_t child[PROCESSES];
	int i;

	for (i = 0; i < PROCESSES; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(one_of_many(&self->maps, &self->folios,
					  variant->type, self->middle + i));
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, end_of(child[i]));
	EXPECT_RIGHT_PAGES();
}

/*
 * Every strategy that can map the buffer shared, over folios, twice: no mapping
 * and no reference is left behind.
 */
TEST_F(folio, all_strategies)
{
	struct maps node = self->maps;
	struct dirent *entry;
	unsigned char *map;
	DIR *dir = opendir("/sys/class/misc");
	size_t seen = 0;

	ASSERT_NE(NULL, dir);
	ASSERT_EQ(0, munmap(self->map, self->len));
	while ((entry = readdir(dir))) {
		char path[300];
		int round;

		if (strncmp(entry->d_name, "maps", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		node.fd = open(path, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, node.fd);
		for (round = 0; round < 2; round++) {
			map = map_pages(&node, node.fd, PROT_READ, MAP_SHARED,
					self->folios.first,
					2 * self->folios.nr);
			ASSERT_NE(MAP_FAILED, map);
			EXPECT_EQ(0, count_wrong_pages(&node, map, self->folios.first,
						       2 * self->folios.nr));
			EXPECT_EQ(0, munmap(map, self->len));
		}
		EXPECT_EQ(0, mapped_times(self->folios.pfn));
		EXPECT_EQ(0, held_for_good());
		seen++;
		close(node.fd);
	}
	closedir(dir);
	EXPECT_LT(1, seen);
}

TEST_HARNESS_MAIN

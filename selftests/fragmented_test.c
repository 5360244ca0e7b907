// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer for which memory has no folios left: what can be had in folios is,
 * the rest is single pages, and the bytes are the same. The test takes
 * most of memory for a moment, and loads the module meanwhile.
 */
#include "maps_util.h"

#include <sys/klog.h>
#include <sys/resource.h>

#define HUGE_SIZE "/sys/kernel/mm/transparent_hugepage/"

/* Leave so much of memory alone, besides what the kernel keeps for itself. */
#define SPARE_KB	(40L << 10)

/* Two folios of more would not fit into what is spared. */
#define MAX_HUGE	(4LL << 20)

/* Asked for: more than is spared, up to 80 MiB in 1 GiB; i386 has 128 MiB of addresses. */
#define BUFFER_KB	(96L << 10)

#define PIPES		4096

/* Bytes for each of the two between two looks at how much is left. */
#define AT_ONCE		(2UL << 20)

/* Pages of the kernel that nothing can move: what a pipe holds. */
struct pages {
	int ends[PIPES][2];
	size_t pipes;
};

FIXTURE(fragmented)
{
	const char *path;
	char parameters[1024];
	size_t folio;		/* pages */
	struct pages keep, holes;
};

/*
 * Said for the whole program: older harnesses run the body of a test although
 * its set-up has skipped it.
 */
static void __attribute__((constructor)) need_small_folios(void)
{
	long long huge = number_in(HUGE_SIZE, "hpage_pmd_size");

	if (huge > 0 && huge <= MAX_HUGE && module_path())
		return;
	ksft_print_header();
	if (huge <= 0)
		ksft_exit_skip("no huge pages here (" HUGE_SIZE ")\n");
	if (huge > MAX_HUGE)
		ksft_exit_skip("huge pages of %lld MiB: too large to use up memory with\n",
			       huge >> 20);
	ksft_exit_skip(MODULE_MISSING "\n");
}

FIXTURE_SETUP(fragmented)
{
	const struct rlimit files = { 3 * PIPES * 2, 3 * PIPES * 2 };

	self->path = module_path();
	self->folio = number_in(HUGE_SIZE, "hpage_pmd_size") /
		      sysconf(_SC_PAGESIZE);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, module_unload());
}

static void drop(struct pages *pages)
{
	while (pages->pipes--) {
		close(pages->ends[pages->pipes][0]);
		close(pages->ends[pages->pipes][1]);
	}
	pages->pipes = 0;
}

FIXTURE_TEARDOWN(fragmented)
{
	drop(&self->keep);
	drop(&self->holes);
	if (!access(MAPS_NODE, F_OK))
		EXPECT_EQ(0, module_unload());
	EXPECT_EQ(0, module_load(self->path, self->parameters));
}

static long meminfo_kb(const char *field)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			kb = atol(line + strlen(field) + 1);
	if (file)
		fclose(file);
	return kb;
}

/* What the kernel keeps for itself: more while memory becomes fragmented. */
static long reserve_kb(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	long pages = 0, min;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " min %ld", &min) == 1)
			pages += min;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) >> 10);
}

/* What can be had: nor what waits for contiguous areas. */
static long free_kb(void)
{
	return meminfo_kb("MemFree:") - meminfo_kb("CmaFree:") - reserve_kb();
}

/* One more page into the last pipe, or into a new one. */
static bool add_page(struct pages *pages, const char *page, size_t size)
{
	int *ends;

	if (pages->pipes &&
	    write(pages->ends[pages->pipes - 1][1], page, size) == (ssize_t)size)
		return true;
	if (pages->pipes == PIPES)
		return false;
	ends = pages->ends[pages->pipes];
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
		return false;
	pages->pipes++;
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	return write(ends[1], page, size) == (ssize_t)size;
}

/*
 * Takes memory page by page, for one and the other in turn, and gives back what
 * the other has: half of memory is free then, and no two pages in a row.
 *
 *	|k|h|k|h|k|h|k|h|k|h|		|k| |k| |k| |k| |k| |
 */
static bool fragment(struct pages *keep, struct pages *holes)
{
	const size_t size = sysconf(_SC_PAGESIZE);
	char *page = calloc(1, size);
	size_t i;

	for (i = 0; page && free_kb() > SPARE_KB; i++) {
		size_t j;

		/* Not to ask after every page. */
		for (j = 0; j < AT_ONCE / size; j++)
			if (!add_page(keep, page, size) ||
			    !add_page(holes, page, size))
				return false;
	}
	drop(holes);
	free(page);
	return i;
}

/* The module refuses a buffer that is larger than what is left. */
static size_t buffer_kb(void)
{
	const long most = meminfo_kb("MemAvailable:") / 4 * 3;

	return most < BUFFER_KB ? most : BUFFER_KB;
}

/* How many of the buffer's pages are in folios. */
static size_t pages_in_folios(void)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	unsigned long pgoff, pfn;
	unsigned int order;
	size_t count = 0;

	while (file &&
	       fscanf(file, "%lu %lu %u", &pgoff, &pfn, &order) == 3)
		count += order > 0;
	if (file)
		fclose(file);
	return count;
}

/* The last line that the module has logged about a buffer says @text. */
static bool logged(const char *text)
{
	static char log[1 << 20];
	char *at = log, *last = NULL;
	int len = klogctl(3, log, sizeof(log) - 1);

	log[len < 0 ? 0 : len] = 0;
	while ((at = strstr(at, "maps: "))) {
		if (strstr(at, " folios of ") &&
		    strstr(at, " folios of ") < strchrnul(at, '\n'))
			last = at;
		at++;
	}
	return last && !strncmp(last, text, strlen(text));
}

TEST_F_TIMEOUT(fragmented, some_folios_and_single_pages, 200)
{
	const size_t size = sysconf(_SC_PAGESIZE);
	char parameters[64], text[128];
	size_t i, pages, in_folios;
	struct maps maps;
	unsigned char *map;

	ASSERT_TRUE(fragment(&self->keep, &self->holes));
	pages = buffer_kb() / (size >> 10);
	snprintf(parameters, sizeof(parameters), "npages=%zu huge=auto", pages);
	ASSERT_EQ(0, module_load(self->path, parameters));
	drop(&self->keep);

	snprintf(text, sizeof(text), "maps: %zu pages: 0 folios of 1 pages, %zu single pages\n",
		 pages, pages);
	if (logged(text))
		SKIP(return, "the module builds no folios here, see maps_pmd_order() in compat.h");
	in_folios = pages_in_folios();
	if (in_folios == pages)
		SKIP(return, "memory would not be fragmented");
	EXPECT_EQ(0, in_folios % self->folio);
	snprintf(text, sizeof(text),
		 "maps: %zu pages: %zu folios of %zu pages, %zu single pages\n",
		 pages, in_folios / self->folio, self->folio,
		 pages - in_folios);
	EXPECT_TRUE(logged(text));

	open_maps(&maps, O_RDWR);
	ASSERT_LE(0, maps.fd);
	map = map_pages(&maps, maps.fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0,
			pages);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < pages; i++)
		ASSERT_EQ(0xaabbccddU, word_at(map + i * size));
	for (i = 0; i < pages; i += 16)
		write_in(&maps, map, i, MARK(i));
	for (i = 0; i < pages; i++)
		ASSERT_EQ(i % 16 ? 0 : MARK(i), word_in(&maps, map, i));
	EXPECT_EQ(0, device_word(&maps, 0, WORD_AT));
	EXPECT_EQ(0, munmap(map, pages * size));
	EXPECT_EQ(0, close(maps.fd));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints: one event for what happened, with its facts; a disabled one costs nothing.
 *
 * Settings of others do not reach a trace instance of our own. Its record is read as text, as
 * a person would.
 */
#define INSTANCE	"/sys/kernel/tracing/instances/maps_trace_test/"
#define TRACE_INSTANCE	INSTANCE

#include "trace_instance.h"
#include "merging.h"

#include <ctype.h>
#include <limits.h>
#include <sys/mman.h>

#define NODE_AROUND	"/dev/maps-fault_around"
#define NODE_EAGER	"/dev/maps-insert_page"
#define PAGES		3UL

struct frame {
	unsigned long pfn;
	unsigned long order;
};

/* One line of the trace: the event that was asked for, and its words. */
struct event {
	char line[512];
};

static bool set_enabled(const char *event, const char *on)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "events/maps/%s/enable", event);
	return put(path, on);
}

/* How many events called @name there are since the trace was cleared; the last of them in @last. */
static size_t events(const char *name, struct event *last)
{
	FILE *file = fopen(INSTANCE "trace", "r");
	char want[32];
	struct event event;
	size_t count = 0;

	if (!file)
		return SIZE_MAX;
	snprintf(want, sizeof(want), " %s: ", name);
	while (fgets(event.line, sizeof(event.line), file)) {
		if (event.line[0] == '#' || !strstr(event.line, want))
			continue;
		*last = event;
		count++;
	}
	fclose(file);
	return count;
}

/* The text after " @key=", up to a blank. */
static bool event_has(const struct event *event, const char *key, const char *value)
{
	char want[64];
	const char *at;

	snprintf(want, sizeof(want), " %s=%s", key, value);
	at = strstr(event->line, want);
	return at && isspace(at[strlen(want)]);
}

static unsigned long number(const struct event *event, const char *key)
{
	char want[32];
	const char *at;

	snprintf(want, sizeof(want), " %s=", key);
	at = strstr(event->line, want);
	return at ? strtoul(at + strlen(want), NULL, 0) : ULONG_MAX;
}

static bool read_frame(size_t pgoff, struct frame *frame)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	unsigned long i;
	bool found = false;

	while (file && !found && fscanf(file, "%lu %lu %lu", &i, &frame->pfn, &frame->order) == 3)
		found = i == pgoff;
	if (file)
		fclose(file);
	return found;
}

static bool events_folder(void)
{
	return !access(TRACEFS "events/maps", F_OK);
}

NEED(events_folder, TRACEFS "events/maps is missing (mount tracefs; CONFIG_TRACING)");

FIXTURE(trace)
{
	struct maps maps;
	unsigned char *map;
	size_t len;
};

FIXTURE_VARIANT(trace)
{
	int type;
	const char *perm;
};

FIXTURE_VARIANT_ADD(trace, shared)
{
	.type = MAP_SHARED,
	.perm = "rw-s",
};

FIXTURE_VARIANT_ADD(trace, private)
{
	.type = MAP_PRIVATE,
	.perm = "rw-p",
};

FIXTURE_SETUP(trace)
{
	ASSERT_EQ(0, access(INSTANCE, F_OK));
	ASSERT_TRUE(put(INSTANCE "trace", "\n"));
	ASSERT_TRUE(put(INSTANCE "events/maps/enable", "1"));

	open_maps(&self->maps, O_RDWR);
	ASSERT_LE(0, self->maps.fd);
	self->len = PAGES * self->maps.page;
	self->map = map_pages(&self->maps, self->maps.fd, PROT_READ | PROT_WRITE, variant->type, 0,
			      PAGES);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, munmap(self->map, self->len));
	EXPECT_EQ(0, close(self->maps.fd));
	EXPECT_TRUE(put(INSTANCE "events/maps/enable", "0"));
}

TEST_F(trace, mmap)
{
	struct event event;

	ASSERT_EQ(1, events("maps_mmap", &event));
	EXPECT_TRUE(event_has(&event, "strategy", "fault"));
	EXPECT_EQ((unsigned long)self->map, number(&event, "address"));
	EXPECT_EQ(0, number(&event, "pgoff"));
	EXPECT_EQ(PAGES, number(&event, "pages"));
	EXPECT_TRUE(event_has(&event, "perm", variant->perm));
	EXPECT_TRUE(event_has(&event, "result", "0"));
}

TEST_F(trace, refused_mmap)
{
	struct event event;

	ASSERT_EQ(MAP_FAILED, mmap(NULL, self->maps.page, PROT_READ, variant->type, self->maps.fd,
				   self->maps.size));
	ASSERT_EQ(2, events("maps_mmap", &event));
	EXPECT_EQ(self->maps.npages, number(&event, "pgoff"));
	EXPECT_TRUE(event_has(&event, "result", "-22"));
}

TEST_F(trace, first_read_of_each_page)
{
	struct frame frame;
	struct event event;
	size_t i;

	for (i = 0; i < PAGES; i++) {
		unsigned char *at = self->map + i * self->maps.page;

		/* Touch it twice: the second time it is mapped. */
		load(at);
		load(at);

		ASSERT_EQ(i + 1, events("maps_fault", &event));
		EXPECT_TRUE(event_has(&event, "strategy", "fault"));
		EXPECT_EQ((unsigned long)at, number(&event, "address"));
		EXPECT_EQ(i, number(&event, "pgoff"));
		EXPECT_EQ(NULL, strstr(event.line, "WRITE"));
		EXPECT_NE(NULL, strstr(event.line, "USER"));
		EXPECT_TRUE(event_has(&event, "result", ""));

		if (access(MAPS_DEBUGFS, F_OK))
			continue;
		ASSERT_TRUE(read_frame(i, &frame));
		EXPECT_EQ(frame.pfn, number(&event, "pfn"));
		EXPECT_EQ(1UL << frame.order, number(&event, "pages"));
	}
}

TEST_F(trace, write)
{
	struct event event;
	unsigned char byte;

	/* Read the byte without the mapping, to write what is there. */
	ASSERT_EQ(1, pread(self->maps.fd, &byte, 1, self->maps.page));
	store(self->map + self->maps.page, byte);

	ASSERT_EQ(1, events("maps_fault", &event));
	EXPECT_EQ(1, number(&event, "pgoff"));
	EXPECT_NE(NULL, strstr(event.line, "WRITE"));
}

TEST_F(trace, page_past_the_end)
{
	struct event event;
	unsigned char *last;

	/* Map the last page, and let mremap() make it two. */
	last = map_pages(&self->maps, self->maps.fd, PROT_READ, variant->type,
			 self->maps.npages - 1, 1);
	ASSERT_NE(MAP_FAILED, (void *)last);
	last = mremap(last, self->maps.page, 2 * self->maps.page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, (void *)last);

	EXPECT_EQ(SIGBUS, signal_of(last + self->maps.page, LOAD));

	ASSERT_LE(1, events("maps_fault", &event));
	EXPECT_EQ(self->maps.npages, number(&event, "pgoff"));
	EXPECT_EQ(0, number(&event, "pfn"));
	EXPECT_EQ(0, number(&event, "pages"));
	EXPECT_TRUE(event_has(&event, "result", "SIGBUS"));
	EXPECT_EQ(0, munmap(last, 2 * self->maps.page));
}

/*
 *	before	| 0 | 1 | 2 |
 *	after	| 0 |   | 2 |	one event, of one page
 *	teardown		two more
 */
TEST_F(trace, munmap_part)
{
	unsigned char *middle = self->map + self->maps.page;
	struct event event;

	ASSERT_EQ(0, munmap(middle, self->maps.page));

	ASSERT_EQ(1, events("maps_unmap", &event));
	EXPECT_EQ((unsigned long)middle, number(&event, "address"));
	EXPECT_EQ(1, number(&event, "pgoff"));
	EXPECT_EQ(1, number(&event, "pages"));

	ASSERT_EQ(0, munmap(self->map, self->len));
	EXPECT_EQ(3, events("maps_unmap", &event));
}

/* A strategy without faults has other operations. */
TEST_F(trace, munmap_of_an_eager_mapping)
{
	int fd = open(NODE_EAGER, O_RDWR | O_CLOEXEC);
	struct event event;
	unsigned char *map;

	ASSERT_LE(0, fd);
	map = map_pages(&self->maps, fd, PROT_READ, variant->type, 0, PAGES);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, munmap(map, self->len));

	ASSERT_EQ(1, events("maps_unmap", &event));
	EXPECT_TRUE(event_has(&event, "strategy", "insert_page"));
	EXPECT_EQ(PAGES, number(&event, "pages"));
	EXPECT_EQ(0, close(fd));
}

TEST_F(trace, munmap_of_a_mapping_made_before_the_event_was_enabled)
{
	struct event event;
	unsigned char *older;

	/* Map while it is disabled, unmap while it is enabled. */
	ASSERT_TRUE(set_enabled("maps_unmap", "0"));
	older = map_pages(&self->maps, self->maps.fd, PROT_READ, variant->type, 0, 1);
	ASSERT_NE(MAP_FAILED, (void *)older);
	ASSERT_TRUE(set_enabled("maps_unmap", "1"));
	ASSERT_EQ(0, munmap(older, self->maps.page));

	EXPECT_EQ(0, events("maps_unmap", &event));
}

/* A VMA that has ->close does not merge. The module sets one only while the event is enabled. */
TEST_F(trace, mapping_merges_while_the_event_is_disabled)
{
	unsigned char *map;

	ASSERT_TRUE(set_enabled("maps_unmap", "0"));
	map = map_pages(&self->maps, self->maps.fd, PROT_READ, variant->type, 0, PAGES);
	ASSERT_NE(MAP_FAILED, (void *)map);

	/* Split the middle off, and let it come back. */
	ASSERT_EQ(0, mprotect(map + self->maps.page, self->maps.page, PROT_NONE));
	EXPECT_EQ(3, vmas(map, self->len));
	ASSERT_EQ(0, mprotect(map + self->maps.page, self->maps.page, PROT_READ));
	EXPECT_EQ(1, vmas(map, self->len));
	EXPECT_EQ(0, munmap(map, self->len));
}

/*
 *	| 0 |
 *	    | 1 |
 *	|  one  |	merged, from 7.1 on: one unmap of two pages
 *
 * Before, a VMA that has ->close is not merged: two of one page each.
 */
TEST_F(trace, two_traced_neighbours)
{
	const size_t expected = asked_before_merge() ? 1 : 2;
	const size_t page = self->maps.page;
	struct event event;
	unsigned char *at;

	at = mmap(NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)at);
	ASSERT_EQ(at, mmap(at, page, PROT_READ, variant->type | MAP_FIXED, self->maps.fd, 0));
	ASSERT_EQ(at + page, mmap(at + page, page, PROT_READ, variant->type | MAP_FIXED,
				  self->maps.fd, page));
	EXPECT_EQ(expected, vmas(at, 2 * page));

	ASSERT_EQ(0, munmap(at, 2 * page));
	ASSERT_EQ(expected, events("maps_unmap", &event));
	EXPECT_EQ(2 / expected, number(&event, "pages"));
	EXPECT_EQ(2 - 2 / expected, number(&event, "pgoff"));
}

/* The event of a window counts the pages that were mapped, not one that was there before. */
TEST_F(trace, window_of_fault_around)
{
	int fd = open(NODE_AROUND, O_RDWR | O_CLOEXEC);
	struct event event;
	unsigned char *map, byte;
	unsigned long first;

	ASSERT_LE(0, fd);
	map = map_pages(&self->maps, fd, PROT_READ | PROT_WRITE, variant->type, 0, PAGES);
	ASSERT_NE(MAP_FAILED, (void *)map);

	/* Write the first page, which may be copied, then drop what else is mapped, and read. */
	ASSERT_EQ(1, pread(fd, &byte, 1, 0));
	store(map, byte);
	ASSERT_EQ(0, madvise(map + self->maps.page, self->len - self->maps.page, MADV_DONTNEED));
	ASSERT_TRUE(put(INSTANCE "trace", "\n"));
	load(map + self->maps.page);

	ASSERT_EQ(1, events("maps_fault", &event));
	EXPECT_TRUE(event_has(&event, "strategy", "fault_around"));
	EXPECT_EQ(0, number(&event, "pages"));
	EXPECT_TRUE(event_has(&event, "result", "NOPAGE"));

	ASSERT_EQ(1, events("maps_around", &event));
	first = (number(&event, "address") - (unsigned long)map) / self->maps.page;
	EXPECT_EQ(first, number(&event, "pgoff"));
	EXPECT_EQ(number(&event, "window") - !first, number(&event, "pages"));
	EXPECT_EQ(0, munmap(map, self->len));
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN

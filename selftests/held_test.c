// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of the buffer can outlive its mapping, its file and the module: a pipe
 * that vmsplice() filled holds a reference to it. The test asserts that the
 * module can be unloaded meanwhile, that the pipe then has the right bytes, and
 * that the file "held" counts such references.
 */
#include "maps_devices.h"
#include "held.h"

#include <sys/uio.h>

static bool held_file(void)
{
	return !access(HELD, F_OK);
}

NEED(module_path, MODULE_MISSING);
NEED(held_file, NO_HELD);

FIXTURE(held)
{
	struct maps maps;
	struct walk walk;
	const char *path;
	char parameters[1024];
	long long taint;
	unsigned char *map;	/* the second page */
	int pipe[2];
};

FIXTURE_VARIANT(held)
{
	const char *node;
};

FIXTURE_VARIANT_ADD(held, fault) { "/dev/maps0" };
FIXTURE_VARIANT_ADD(held, fault_around) { "/dev/maps-fault_around" };
FIXTURE_VARIANT_ADD(held, remap_vmalloc) { "/dev/maps-remap_vmalloc" };
FIXTURE_VARIANT_ADD(held, insert_page) { "/dev/maps-insert_page" };
FIXTURE_VARIANT_ADD(held, insert_pages) { "/dev/maps-insert_pages" };

FIXTURE_SETUP(held)
{
	struct maps *maps = &self->maps;

	self->path = module_path();
	module_parameters(self->parameters, sizeof(self->parameters));
	self->taint = tainted();

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	close(maps->fd);
	maps->fd = open(variant->node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, maps->fd);
	ASSERT_TRUE(start_walk(&self->walk, maps, 1, 1));
	ASSERT_EQ(0, pipe(self->pipe));
	ASSERT_EQ(0, held_for_good());
	self->map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_SHARED, 1, 1);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(held)
{
	close(self->pipe[0]);
	close(self->pipe[1]);
	if (access(MAPS_NODE, F_OK)) {
		EXPECT_EQ(0, module_load(self->path, self->parameters));
		free(self->walk.edges);
	} else {
		EXPECT_TRUE(end_walk(&self->walk, &self->maps));
		EXPECT_EQ(0, close(self->maps.fd));
	}
	EXPECT_EQ(0, held_for_good());
	EXPECT_EQ(self->taint, tainted());
}

static ssize_t into_pipe(const struct maps *maps, int pipe, unsigned char *at)
{
	struct iovec iov = { at, maps->page };

	return vmsplice(pipe, &iov, 1, 0);
}

TEST_F(held, mapped_page_is_counted)
{
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 1, 1));
	EXPECT_EQ(1, held());
	EXPECT_EQ(0, munmap(self->map, self->maps.page));
	EXPECT_EQ(0, held_for_good());
}

TEST_F(held, page_in_a_pipe_is_counted)
{
	struct maps *maps = &self->maps;
	unsigned char *bytes = malloc(maps->page);

	ASSERT_NE(NULL, bytes);
	ASSERT_EQ((ssize_t)maps->page, into_pipe(maps, self->pipe[1], self->map));
	EXPECT_EQ(2, held());
	EXPECT_EQ(0, munmap(self->map, maps->page));
	EXPECT_EQ(1, held());

	/* The pipe has the page, not a copy: it reads what is written now. */
	ASSERT_TRUE(set_device_word(maps, 1, WORD_AT, WRITTEN));
	ASSERT_EQ((ssize_t)maps->page, read(self->pipe[0], bytes, maps->page));
	EXPECT_EQ(0, count_wrong_pages(maps, bytes, 1, 1));
	EXPECT_EQ(WRITTEN, word_at(bytes + WORD_AT));
	EXPECT_EQ(0, held_for_good());
	free(bytes);
}

TEST_F(held, page_in_a_pipe_outlives_the_module)
{
	struct maps *maps = &self->maps;
	unsigned char *bytes = malloc(maps->page);

	ASSERT_NE(NULL, bytes);
	ASSERT_TRUE(set_device_word(maps, 1, WORD_AT, WRITTEN));
	ASSERT_EQ((ssize_t)maps->page, into_pipe(maps, self->pipe[1], self->map));
	ASSERT_EQ(0, munmap(self->map, maps->page));
	ASSERT_EQ(0, close(maps->fd));
	ASSERT_EQ(0, module_unload());

	/* Use memory: a page that was freed would be somebody else's by now. */
	ASSERT_EQ(0, module_load(self->path, self->parameters));
	EXPECT_EQ(0, held());
	ASSERT_EQ(0, module_unload());

	ASSERT_EQ((ssize_t)maps->page, read(self->pipe[0], bytes, maps->page));
	EXPECT_EQ(0, count_wrong_pages(maps, bytes, 1, 1));
	EXPECT_EQ(WRITTEN, word_at(bytes + WORD_AT));
	free(bytes);
}

/* What remap_pfn_range() maps has no reference, and none can be had. */
TEST(mapped_frame_has_no_reference)
{
	struct maps maps;
	unsigned char *map;
	int ends[2];

	if (access(HELD, F_OK))
		SKIP(return, NO_HELD);
	open_maps(&maps, O_RDWR);
	close(maps.fd);
	maps.fd = open("/dev/maps-remap_pfn", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, maps.fd);
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, held_for_good());
	map = map_pages(&maps, maps.fd, PROT_READ, MAP_SHARED, 1, 1);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(stamp(), word_at(map));
	EXPECT_EQ(0, held());
	EXPECT_EQ(-1, into_pipe(&maps, ends[1], map));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, held());
	EXPECT_EQ(0, munmap(map, maps.page));
}

TEST_HARNESS_MAIN

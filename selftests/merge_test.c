// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbouring mappings of the device: which become one VMA, and that a range
 * outside the buffer is not accepted by way of a merge.
 *
 * On a file system that is mounted noexec the kernel itself clears VM_MAYEXEC,
 * so a new range has the flags of its neighbour before the driver is asked.
 */
#include "merging.h"

#include <sys/mount.h>
#include <sys/stat.h>

#define PAST	2UL	/* pages outside the buffer */

FIXTURE(merge)
{
	struct maps maps;
	unsigned char *room;	/* for the buffer and what is past it */
	size_t len;
	size_t half;
};

FIXTURE_VARIANT(merge)
{
	const char *node;
	bool noexec;
	bool special;	/* VM_SPECIAL: such mappings are never merged */
	bool private;
};

FIXTURE_VARIANT_ADD(merge, fault) { "/dev/maps0" };
FIXTURE_VARIANT_ADD(merge, fault_private) { "/dev/maps0", .private = true };
FIXTURE_VARIANT_ADD(merge, fault_noexec) { "/dev/maps0", .noexec = true };
FIXTURE_VARIANT_ADD(merge, fault_private_noexec)
{
	"/dev/maps0", .noexec = true, .private = true
};

FIXTURE_VARIANT_ADD(merge, fault_around_noexec)
{
	"/dev/maps-fault_around", .noexec = true, .special = true
};

FIXTURE_VARIANT_ADD(merge, remap_pfn_noexec)
{
	"/dev/maps-remap_pfn", .noexec = true, .special = true
};

FIXTURE_VARIANT_ADD(merge, insert_pages_noexec)
{
	"/dev/maps-insert_pages", .noexec = true, .special = true
};

/* Opens a twin of the node on a file system of its own, mounted noexec. */
static int open_noexec(const char *node)
{
	char dir[] = "/tmp/mergeXXXXXX", path[64];
	struct stat st;
	int fd = -1;

	if (stat(node, &st) || !mkdtemp(dir))
		return -1;
	if (!mount("merge_test", dir, "tmpfs", MS_NOEXEC, NULL)) {
		snprintf(path, sizeof(path), "%s/node", dir);
		if (!mknod(path, S_IFCHR | 0600, st.st_rdev))
			fd = open(path, O_RDWR | O_CLOEXEC);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return fd;
}

FIXTURE_SETUP(merge)
{
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	close(maps->fd);
	maps->fd = variant->noexec ? open_noexec(variant->node) :
				     open(variant->node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, maps->fd);
	self->half = maps->npages / 2;
	self->len = maps->size + PAST * maps->page;
	self->room = mmap(NULL, self->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
}

FIXTURE_TEARDOWN(merge)
{
	EXPECT_EQ(0, munmap(self->room, self->len));
	EXPECT_EQ(0, close(self->maps.fd));
}

/* Maps pages of the buffer where they belong in the room; 0 or the errno. */
static int map_in(const struct maps *maps, unsigned char *room, bool private, size_t pgoff,
		  size_t pages)
{
	const int flags = (private ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED;
	void *map = mmap(room + pgoff * maps->page, pages * maps->page, PROT_READ, flags,
			 maps->fd, (off_t)pgoff * maps->page);

	return map == MAP_FAILED ? errno : 0;
}

/*
 *	| first half |
 *	             | second half |
 *	|            one           |	merged
 */
TEST_F(merge, two_neighbours)
{
	const bool merged = !variant->special && (variant->noexec || merges_cleared_flag());
	struct maps *maps = &self->maps;

	ASSERT_EQ(0, map_in(maps, self->room, variant->private, 0, 1));
	ASSERT_EQ(0, map_in(maps, self->room, variant->private, 1, 1));
	EXPECT_EQ(merged ? 1 : 2, vmas(self->room, 2 * maps->page));
	EXPECT_EQ(stamp(), word_at(self->room));
	EXPECT_EQ(stamp(), word_at(self->room + maps->page));
}

/* The same in the other order: the new range is before the old one. */
TEST_F(merge, neighbour_in_front)
{
	const bool merged = !variant->special && (variant->noexec || merges_cleared_flag());
	struct maps *maps = &self->maps;

	ASSERT_EQ(0, map_in(maps, self->room, variant->private, 1, 1));
	ASSERT_EQ(0, map_in(maps, self->room, variant->private, 0, 1));
	EXPECT_EQ(merged ? 1 : 2, vmas(self->room, 2 * maps->page));
}

TEST_F(merge, other_page_is_no_neighbour)
{
	struct maps *maps = &self->maps;
	unsigned char *at = self->room + maps->page;

	/* Map page 0, and behind it page 2, which does not follow it. */
	ASSERT_EQ(0, map_in(maps, self->room, variant->private, 0, 1));
	ASSERT_EQ(at, mmap(at, maps->page, PROT_READ,
			   (variant->private ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED, maps->fd,
			   2 * maps->page));
	EXPECT_EQ(2, vmas(self->room, 2 * maps->page));
}

/*
 *	device	|       buffer      |
 *	mapping	| all of the buffer |
 *	                            | past |	EINVAL
 *
 * A kernel that merges before it asks the driver accepts the range: the access
 * is SIGBUS, as in what mremap() has grown.
 */
TEST_F(merge, range_past_the_end)
{
	const bool unseen = variant->noexec && !variant->special && !asked_before_merge();
	struct maps *maps = &self->maps;
	unsigned char *end = self->room + maps->size;

	ASSERT_EQ(0, map_in(maps, self->room, variant->private, 0, maps->npages));
	EXPECT_EQ(unseen ? 0 : EINVAL,
		  map_in(maps, self->room, variant->private, maps->npages, PAST));
	EXPECT_EQ(unseen ? SIGBUS : SIGSEGV, signal_of(end, LOAD));
	EXPECT_EQ(unseen ? SIGBUS : SIGSEGV, signal_of(end + PAST * maps->page - 1, LOAD));
	EXPECT_EQ(stamp(), word_at(end - maps->page));
}

TEST_HARNESS_MAIN

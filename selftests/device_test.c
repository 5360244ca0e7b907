// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device around the mapping: read(), write() and llseek() on the same
 * bytes, and what it shows of itself.
 */
#include "maps_util.h"

#include <limits.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#define PAGEMAP "/proc/self/pagemap"
#define NO_PAGEMAP PAGEMAP " is missing (CONFIG_PROC_PAGE_MONITOR)"

FIXTURE(device)
{
	struct maps maps;
	unsigned char *saved;	/* the first three pages */
	size_t three;		/* their size */
};

FIXTURE_SETUP(device)
{
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	self->three = 3 * maps->page;
	self->saved = malloc(self->three);
	ASSERT_NE(NULL, self->saved);
	ASSERT_EQ((ssize_t)self->three,
		  pread(maps->fd, self->saved, self->three, 0));
}

FIXTURE_TEARDOWN(device)
{
	EXPECT_EQ((ssize_t)self->three,
		  pwrite(self->maps.fd, self->saved, self->three, 0));
	free(self->saved);
	EXPECT_EQ(0, close(self->maps.fd));
}

/* read(), write() and llseek(). */

TEST_F(device, read_moves_the_position)
{
	struct maps *maps = &self->maps;
	unsigned char byte[3];

	ASSERT_EQ(3, read(maps->fd, byte, 3));
	EXPECT_EQ(0, memcmp(self->saved, byte, 3));
	EXPECT_EQ(3, lseek(maps->fd, 0, SEEK_CUR));
	ASSERT_EQ(3, read(maps->fd, byte, 3));
	EXPECT_EQ(0, memcmp(self->saved + 3, byte, 3));
}

TEST_F(device, write_moves_the_position)
{
	struct maps *maps = &self->maps;
	unsigned char byte[2];

	ASSERT_EQ((off_t)maps->page - 1,
		  lseek(maps->fd, maps->page - 1, SEEK_SET));
	ASSERT_EQ(2, write(maps->fd, "xy", 2));
	EXPECT_EQ((off_t)maps->page + 1, lseek(maps->fd, 0, SEEK_CUR));
	ASSERT_EQ(2, pread(maps->fd, byte, 2, maps->page - 1));
	EXPECT_EQ('x', byte[0]);
	EXPECT_EQ('y', byte[1]);
}

/*
 * Offsets and lengths that are no multiples of anything, over two page
 * boundaries.
 */
TEST_F(device, odd_offsets_and_lengths_reach_the_right_bytes)
{
	struct maps *maps = &self->maps;
	size_t from = maps->page - 95, len = maps->page + maps->page / 2 + 7;
	unsigned char *pattern = malloc(len), *back = malloc(self->three);
	unsigned char *map =
		map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0, 3);
	size_t i;

	ASSERT_NE(NULL, pattern);
	ASSERT_NE(NULL, back);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < len; i++)
		pattern[i] = i % 251 + 1;

	ASSERT_EQ((ssize_t)len, pwrite(maps->fd, pattern, len, from));

	/*
	 * Through the mapping and through read(): the pattern, and around it
	 * what was there before.
	 */
	EXPECT_EQ(0, memcmp(self->saved, map, from));
	EXPECT_EQ(0, memcmp(pattern, map + from, len));
	EXPECT_EQ(0, memcmp(self->saved + from + len, map + from + len,
			    self->three - from - len));
	ASSERT_EQ((ssize_t)len, pread(maps->fd, back, len, from));
	EXPECT_EQ(0, memcmp(pattern, back, len));

	EXPECT_EQ(0, munmap(map, self->three));
	free(back);
	free(pattern);
}

TEST_F(device, read_over_the_end_is_short)
{
	struct maps *maps = &self->maps;
	unsigned char tail[16];

	EXPECT_EQ(5,
		  pread(maps->fd, tail, sizeof(tail), (off_t)maps->size - 5));
	EXPECT_EQ(1,
		  pread(maps->fd, tail, sizeof(tail), (off_t)maps->size - 1));
}

TEST_F(device, read_at_and_past_the_end_is_the_end)
{
	struct maps *maps = &self->maps;
	unsigned char byte;

	EXPECT_EQ(0, pread(maps->fd, &byte, 1, maps->size));
	EXPECT_EQ(0, pread(maps->fd, &byte, 1, (off_t)maps->size + maps->page));
	EXPECT_EQ(0, pread(maps->fd, &byte, 1, LLONG_MAX - 1));
}

TEST_F(device, write_over_the_end_is_short)
{
	struct maps *maps = &self->maps;
	unsigned char before[4], zeroes[16] = { 0 };

	ASSERT_EQ(4, pread(maps->fd, before, 4, (off_t)maps->size - 4));
	EXPECT_EQ(4, pwrite(maps->fd, zeroes, sizeof(zeroes),
			    (off_t)maps->size - 4));
	EXPECT_EQ(0, device_word(maps, maps->npages - 1, maps->page - 4));
	EXPECT_EQ(4, pwrite(maps->fd, before, 4, (off_t)maps->size - 4));
}

TEST_F(device, write_at_and_past_the_end_has_no_space)
{
	struct maps *maps = &self->maps;

	EXPECT_EQ(-1, pwrite(maps->fd, "x", 1, maps->size));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, pwrite(maps->fd, "x", 1, (off_t)maps->size + maps->page));
	EXPECT_EQ(ENOSPC, errno);
}

TEST_F(device, bad_addresses_are_efault_and_change_nothing)
{
	struct maps *maps = &self->maps;
	void *nothing = mmap(NULL, maps->page, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *now = malloc(self->three);

	ASSERT_NE(MAP_FAILED, nothing);
	ASSERT_NE(NULL, now);
	EXPECT_EQ(-1, pread(maps->fd, nothing, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pwrite(maps->fd, nothing, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ((ssize_t)self->three, pread(maps->fd, now, self->three, 0));
	EXPECT_EQ(0, memcmp(self->saved, now, self->three));
	free(now);
	EXPECT_EQ(0, munmap(nothing, maps->page));
}

/*
 *	| mapped |  PROT_NONE	a transfer of 16 bytes begins 8 before the end of the
 *	       |<-->|		first page: 8 are transferred, and the position moves by 8
 */
TEST_F(device, transfer_into_a_hole_is_short)
{
	struct maps *maps = &self->maps;
	unsigned char *map = mmap(NULL, 2 * maps->page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *end = map + maps->page;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, mprotect(end, maps->page, PROT_NONE));
	ASSERT_EQ(0, lseek(maps->fd, 0, SEEK_SET));

	ASSERT_EQ(8, read(maps->fd, end - 8, 16));
	EXPECT_EQ(0, memcmp(self->saved, end - 8, 8));
	EXPECT_EQ(8, lseek(maps->fd, 0, SEEK_CUR));

	memset(end - 8, 0x5a, 8);
	ASSERT_EQ(8, write(maps->fd, end - 8, 16));
	EXPECT_EQ(16, lseek(maps->fd, 0, SEEK_CUR));
	EXPECT_EQ(0x5a5a5a5aU, device_word(maps, 0, 12));
	EXPECT_EQ(0, device_word(maps, 0, 16));
	EXPECT_EQ(0, munmap(map, 2 * maps->page));
}

TEST_F(device, seek_end_is_the_size)
{
	struct maps *maps = &self->maps;

	EXPECT_EQ((off_t)maps->size, lseek(maps->fd, 0, SEEK_END));
	EXPECT_EQ((off_t)maps->size - 1, lseek(maps->fd, -1, SEEK_END));
	EXPECT_EQ((off_t)maps->size - 3, lseek(maps->fd, -2, SEEK_CUR));
	EXPECT_EQ((off_t)maps->size, lseek(maps->fd, maps->size, SEEK_SET));
}

TEST_F(device, seeking_outside_is_refused_and_moves_nothing)
{
	struct maps *maps = &self->maps;

	ASSERT_EQ(7, lseek(maps->fd, 7, SEEK_SET));
	EXPECT_EQ(-1, lseek(maps->fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(maps->fd, -8, SEEK_CUR));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(maps->fd, (off_t)maps->size + 1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(maps->fd, 1, SEEK_END));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(maps->fd, 0, 99));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(7, lseek(maps->fd, 0, SEEK_CUR));
}

TEST_F(device, two_descriptors_have_two_positions)
{
	int other = open(MAPS_NODE, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, other);
	ASSERT_EQ(9, lseek(self->maps.fd, 9, SEEK_SET));
	EXPECT_EQ(0, lseek(other, 0, SEEK_CUR));
	EXPECT_EQ(0, close(other));
}

/* Appending: the device is full, and cannot grow. */

TEST_F(device, appended_write_has_no_space)
{
	struct maps *maps = &self->maps;
	unsigned char *now = malloc(self->three);
	int fd = open(MAPS_NODE, O_RDWR | O_APPEND | O_CLOEXEC);

	ASSERT_NE(NULL, now);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, "x", 1));
	EXPECT_EQ(ENOSPC, errno);

	/* The position does not count; the mode of the descriptor does. */
	ASSERT_EQ(1, lseek(fd, 1, SEEK_SET));
	EXPECT_EQ(-1, write(fd, "x", 1));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, pwrite(fd, "x", 1, 1));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, write(fd, "", 0));

	ASSERT_EQ((ssize_t)self->three, pread(maps->fd, now, self->three, 0));
	EXPECT_EQ(0, memcmp(self->saved, now, self->three));

	/* Without the mode, it writes where it is told. */
	ASSERT_EQ(0, fcntl(fd, F_SETFL, 0));
	EXPECT_EQ(1, pwrite(fd, self->saved + 1, 1, 1));
	EXPECT_EQ(0, close(fd));
	free(now);
}

TEST_F(device, one_appended_write_has_no_space)
{
	struct maps *maps = &self->maps;
	struct iovec iov = { "x", 1 };
	unsigned char byte;

	EXPECT_EQ(-1, pwritev2(maps->fd, &iov, 1, 0, RWF_APPEND));
	EXPECT_EQ(ENOSPC, errno);
	ASSERT_EQ(1, pread(maps->fd, &byte, 1, 0));
	EXPECT_EQ(self->saved[0], byte);
}

/* What the device shows of itself. The matrix asks what a descriptor may map. */

TEST_F(device, node_is_roots_alone)
{
	struct stat st;

	ASSERT_EQ(0, stat(MAPS_NODE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
}

TEST_F(device, sysfs_shows_the_facts)
{
	struct maps *maps = &self->maps;
	char strategy[16] = "";
	off_t end = lseek(maps->fd, 0, SEEK_END);
	FILE *file;

	EXPECT_EQ(end, number_in(MAPS_SYSFS, "size"));
	EXPECT_EQ(end, number_in(MAPS_SYSFS, "npages") * (off_t)maps->page);

	file = fopen(MAPS_SYSFS "strategy", "r");
	ASSERT_NE(NULL, file);
	EXPECT_NE(NULL, fgets(strategy, sizeof(strategy), file));
	fclose(file);
	EXPECT_STREQ("fault\n", strategy);
}

TEST_F(device, sysfs_modes_are_0444)
{
	static const char *const names[] = { "npages", "size", "strategy" };
	char path[64];
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), MAPS_SYSFS "%s", names[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0444, st.st_mode & 07777);
	}
}

/* Counters and frames, in debugfs. */

static long long count_mappings(void)
{
	return number_in(MAPS_DEBUGFS, "maps0/mappings");
}

/*
 *	| 0 | 1 | 2 |	one
 *	| 0 |   | 2 |	two
 *	    |   | 2 |	one
 */
TEST_F(device, mappings_are_counted_as_they_split_and_go)
{
	struct maps *maps = &self->maps;
	long long before;
	unsigned char *map;

	if (access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	before = count_mappings();
	EXPECT_EQ(0, before);
	map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0, 3);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(before + 1, count_mappings());
	ASSERT_EQ(0, munmap((map + maps->page), maps->page));
	EXPECT_EQ(before + 2, count_mappings());
	ASSERT_EQ(0, munmap(map, maps->page));
	EXPECT_EQ(before + 1, count_mappings());
	ASSERT_EQ(0, munmap((map + 2 * maps->page), maps->page));
	EXPECT_EQ(before, count_mappings());
}

TEST_F(device, mappings_of_a_child_are_counted_while_it_lives)
{
	struct maps *maps = &self->maps;
	long long before;
	unsigned char *map;
	int go[2];
	pid_t child;

	if (access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	before = count_mappings();
	map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0,
			3);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		char byte;

		close(go[1]);
		_exit(read(go[0], &byte, 1) != 0);
	}
	EXPECT_EQ(before + 2, count_mappings());

	/* The child ends when it reads the end of the pipe. */
	close(go[1]);
	EXPECT_EQ(0, end_of(child));
	EXPECT_EQ(before + 1, count_mappings());
	close(go[0]);
	EXPECT_EQ(0, munmap(map, self->three));
	EXPECT_EQ(before, count_mappings());
}

TEST_F(device, refused_mappings_are_not_counted)
{
	long long before;

	if (access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	before = count_mappings();
	EXPECT_EQ(MAP_FAILED, map_pages(&self->maps, self->maps.fd, PROT_READ | PROT_EXEC,
					MAP_SHARED, 0, 1));
	EXPECT_EQ(MAP_FAILED, map_pages(&self->maps, self->maps.fd, PROT_READ,
					MAP_SHARED, self->maps.npages, 1));
	EXPECT_EQ(before, count_mappings());
}

/*
 * The frame that a page of this process lies in, from /proc/self/pagemap: its
 * low 55 bits, if bit 63 is set.
 */
static unsigned long long frame_of(const struct maps *maps,
				   const unsigned char *at)
{
	int fd = open(PAGEMAP, O_RDONLY | O_CLOEXEC);
	unsigned long long entry = 0;
	ssize_t got =
		pread(fd, &entry, sizeof(entry),
		      (off_t)((uintptr_t)at / maps->page * sizeof(entry)));

	close(fd);
	return got == sizeof(entry) && entry >> 63 ?
		       entry & ((1ULL << 55) - 1) :
		       0;
}

TEST_F(device, frames_are_those_that_a_mapping_shows)
{
	struct maps *maps = &self->maps;
	size_t pages = maps->npages < WALK_MAX ? maps->npages : WALK_MAX;
	unsigned char *map =
		map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0, pages);
	size_t listed = 0, elsewhere = 0;
	unsigned long pgoff, pfn;
	unsigned int order;
	FILE *file;

	if (access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	ASSERT_NE(MAP_FAILED, map);
	if (access(PAGEMAP, R_OK))
		SKIP(return, NO_PAGEMAP);
	file = fopen(MAPS_DEBUGFS "frames", "r");
	ASSERT_NE(NULL, file);
	while (fscanf(file, "%lu %lu %u\n", &pgoff, &pfn, &order) == 3) {
		EXPECT_EQ(listed, pgoff);
		listed++;
		if (pgoff >= pages)
			continue;
		EXPECT_EQ(0, signal_of(map + pgoff * maps->page, LOAD));
		elsewhere += frame_of(maps, map + pgoff * maps->page) != pfn;
	}
	EXPECT_TRUE(feof(file));
	fclose(file);
	EXPECT_EQ(maps->npages, listed);
	EXPECT_EQ(0, elsewhere);
	EXPECT_EQ(0, munmap(map, pages * maps->page));
}

TEST_F(device, private_write_moves_to_another_frame)
{
	struct maps *maps = &self->maps;
	unsigned char *map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE, 0, 3);
	unsigned long long devices, copy;

	ASSERT_NE(MAP_FAILED, map);
	if (access(PAGEMAP, R_OK))
		SKIP(return, NO_PAGEMAP);
	EXPECT_EQ(0, signal_of(map, LOAD));
	devices = frame_of(maps, map);
	EXPECT_EQ(0, signal_of(map, STORE));
	copy = frame_of(maps, map);
	EXPECT_NE(0, devices);
	EXPECT_NE(0, copy);
	EXPECT_NE(devices, copy);
	EXPECT_EQ(0, munmap(map, self->three));
}

/*
 * Frame numbers help an attacker. Root without CAP_SYS_ADMIN is not root
 * enough.
 */
TEST_F(device, frames_are_for_sys_admin_only)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct caps[2];
	struct stat st;
	pid_t child;
	int fd;

	if (access(MAPS_DEBUGFS, F_OK))
		SKIP(return, NO_DEBUGFS);
	ASSERT_EQ(0, stat(MAPS_DEBUGFS "frames", &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	child = fork();
	if (!child) {
		if (syscall(SYS_capget, &header, caps))
			_exit(2);
		caps[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &=
			~CAP_TO_MASK(CAP_SYS_ADMIN);
		if (syscall(SYS_capset, &header, caps))
			_exit(3);
		fd = open(MAPS_DEBUGFS "frames", O_RDONLY);
		_exit(!(fd < 0 && errno == EPERM));
	}
	EXPECT_EQ(0, end_of(child));
}

TEST_HARNESS_MAIN

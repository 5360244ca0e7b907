// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device as a file: SEEK_DATA and SEEK_HOLE, sendfile() and splice() in both
 * directions. A file in memory with the same bytes is one of the variants. The
 * two differ only where the file grows.
 */
#include "maps_util.h"

#include <sys/sendfile.h>

#define ODD	77	/* no multiple of anything */

FIXTURE(file)
{
	struct maps maps;
	unsigned char *saved;	/* the first three pages */
	size_t three;		/* their size */
	int fd;			/* the device, or the file */
	int other;		/* an empty file in memory */
	int pipe[2];
};

FIXTURE_VARIANT(file)
{
	bool is_file;
};

FIXTURE_VARIANT_ADD(file, device) { .is_file = false };
FIXTURE_VARIANT_ADD(file, file) { .is_file = true };

/* The device itself, or a file in memory with its bytes; -1 if there is none. */
static int open_subject(const struct maps *maps, bool file)
{
	int fd = file ? memfd_create("file_test", MFD_CLOEXEC) : dup(maps->fd);
	unsigned char *page = malloc(maps->page);
	bool done = fd >= 0 && page;
	size_t i;

	for (i = 0; done && file && i < maps->npages; i++)
		done = pread(maps->fd, page, maps->page, i * maps->page) == (ssize_t)maps->page &&
		       pwrite(fd, page, maps->page, i * maps->page) == (ssize_t)maps->page;
	free(page);
	return done ? fd : -1;
}

FIXTURE_SETUP(file)
{
	struct maps *maps = &self->maps;

	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	self->three = 3 * maps->page;
	self->saved = malloc(self->three);
	ASSERT_NE(NULL, self->saved);
	ASSERT_EQ((ssize_t)self->three, pread(maps->fd, self->saved, self->three, 0));
	self->fd = open_subject(maps, variant->is_file);
	ASSERT_LE(0, self->fd);
	self->other = memfd_create("other", MFD_CLOEXEC);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC | O_NONBLOCK));
}

FIXTURE_TEARDOWN(file)
{
	EXPECT_EQ((ssize_t)self->three, pwrite(self->maps.fd, self->saved, self->three, 0));
	free(self->saved);
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->other);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->maps.fd));
}

/* The bytes of @fd from @at on are those of @expected. */
static bool holds(int fd, off_t at, const unsigned char *expected, size_t len)
{
	unsigned char *seen = malloc(len);
	bool same = pread(fd, seen, len, at) == (ssize_t)len && !memcmp(expected, seen, len);

	free(seen);
	return same;
}

/* A file without holes: all of it is data, and there is a hole at its end. */

TEST_F(file, seek_data_is_where_one_looks)
{
	const off_t size = self->maps.size;

	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_DATA));
	EXPECT_EQ(5, lseek(self->fd, 5, SEEK_DATA));
	EXPECT_EQ(size - 1, lseek(self->fd, size - 1, SEEK_DATA));
	EXPECT_EQ(size - 1, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, seek_hole_is_the_end)
{
	const off_t size = self->maps.size;

	EXPECT_EQ(size, lseek(self->fd, 0, SEEK_HOLE));
	EXPECT_EQ(size, lseek(self->fd, size - 1, SEEK_HOLE));
	EXPECT_EQ(size, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, seek_finds_neither_at_or_past_the_end)
{
	static const int whence[] = { SEEK_DATA, SEEK_HOLE };
	const off_t size = self->maps.size;
	size_t i;

	ASSERT_EQ(7, lseek(self->fd, 7, SEEK_SET));
	for (i = 0; i < ARRAY_SIZE(whence); i++) {
		EXPECT_EQ(-1, lseek(self->fd, size, whence[i]));
		EXPECT_EQ(ENXIO, errno);
		EXPECT_EQ(-1, lseek(self->fd, size + 1, whence[i]));
		EXPECT_EQ(ENXIO, errno);
		EXPECT_EQ(-1, lseek(self->fd, -1, whence[i]));
		EXPECT_EQ(ENXIO, errno);
	}
	EXPECT_EQ(7, lseek(self->fd, 0, SEEK_CUR));
}

/* Out of the device. */

#define NO_SENDFILE "sendfile() reads from no character device (before 6.0, 97ef77c52b78)"

/* Does splice() read from it, and sendfile() not? That is then the kernel's choice. */
static bool never_sent(int fd, int pipe)
{
	int other = memfd_create("other", MFD_CLOEXEC);
	off_t at = 0;
	bool never;

	never = sendfile(other, fd, &at, 1) < 0 && errno == EINVAL &&
		splice(fd, &at, pipe, NULL, 1, 0) == 1;
	close(other);
	return never;
}

TEST_F(file, sendfile_from_an_offset)
{
	const size_t len = self->maps.page + ODD;
	off_t at = ODD;

	if (never_sent(self->fd, self->pipe[1]))
		SKIP(return, NO_SENDFILE);
	ASSERT_EQ(7, lseek(self->fd, 7, SEEK_SET));
	ASSERT_EQ((ssize_t)len, sendfile(self->other, self->fd, &at, len));
	EXPECT_EQ((off_t)(ODD + len), at);
	EXPECT_EQ(7, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_TRUE(holds(self->other, 0, self->saved + ODD, len));
}

TEST_F(file, sendfile_moves_the_position)
{
	if (never_sent(self->fd, self->pipe[1]))
		SKIP(return, NO_SENDFILE);
	ASSERT_EQ(ODD, lseek(self->fd, ODD, SEEK_SET));
	ASSERT_EQ(100, sendfile(self->other, self->fd, NULL, 100));
	EXPECT_EQ(ODD + 100, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_TRUE(holds(self->other, 0, self->saved + ODD, 100));
}

/* All of it, in as many calls as it takes; then there is no more. */
TEST_F(file, sendfile_to_the_end)
{
	const off_t size = self->maps.size;
	off_t at = 0, last = -1;

	if (never_sent(self->fd, self->pipe[1]))
		SKIP(return, NO_SENDFILE);
	while (at > last && at < size) {
		last = at;
		ASSERT_LT(0, sendfile(self->other, self->fd, &at, size - at + ODD));
	}
	EXPECT_EQ(size, at);
	EXPECT_EQ(size, lseek(self->other, 0, SEEK_END));
	EXPECT_TRUE(holds(self->other, 0, self->saved, self->three));
	EXPECT_EQ(0, sendfile(self->other, self->fd, &at, 1));
	at = size + ODD;
	EXPECT_EQ(0, sendfile(self->other, self->fd, &at, 1));
}

TEST_F(file, out_of_it_into_a_pipe)
{
	const size_t len = self->maps.page + ODD;
	unsigned char *seen = malloc(len);
	off_t at = ODD;
	ssize_t n;

	/* The pages of an unaligned range may be one more than a pipe takes at once. */
	ASSERT_NE(NULL, seen);
	n = splice(self->fd, &at, self->pipe[1], NULL, len, 0);
	ASSERT_LT(0, n);
	EXPECT_EQ(ODD + n, at);
	ASSERT_EQ(n, read(self->pipe[0], seen, len));
	EXPECT_EQ(0, memcmp(self->saved + ODD, seen, n));
	free(seen);
}

TEST_F(file, out_of_it_at_the_end)
{
	off_t at = self->maps.size - 3;

	EXPECT_EQ(3, splice(self->fd, &at, self->pipe[1], NULL, ODD, 0));
	EXPECT_EQ(0, splice(self->fd, &at, self->pipe[1], NULL, ODD, 0));
	EXPECT_EQ((off_t)self->maps.size, at);
}

/* A file puts its pages into a pipe, the device a copy of its bytes. */
TEST_F(file, later_write_and_what_a_pipe_has)
{
	const bool shares_pages = variant->is_file;
	unsigned char word[4], before[4];
	off_t at = WORD_AT;

	memcpy(before, self->saved + WORD_AT, 4);
	put_word(word, WRITTEN);
	ASSERT_EQ(4, splice(self->fd, &at, self->pipe[1], NULL, 4, 0));
	ASSERT_EQ(4, pwrite(self->fd, word, 4, WORD_AT));
	ASSERT_EQ(4, read(self->pipe[0], word, 4));
	EXPECT_EQ(shares_pages ? WRITTEN : word_at(before), word_at(word));
}

/* Into the device. */

static void fill(unsigned char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = i % 251 + 1;
}

TEST_F(file, from_a_pipe_into_it)
{
	unsigned char *bytes = malloc(self->three);
	off_t at = ODD;

	ASSERT_NE(NULL, bytes);
	fill(bytes, self->three);
	ASSERT_EQ(100, write(self->pipe[1], bytes, 100));
	ASSERT_EQ(100, splice(self->pipe[0], NULL, self->fd, &at, 100, 0));
	EXPECT_EQ(ODD + 100, at);
	EXPECT_TRUE(holds(self->fd, ODD, bytes, 100));
	EXPECT_TRUE(holds(self->fd, 0, self->saved, ODD));
	EXPECT_TRUE(holds(self->fd, ODD + 100, self->saved + ODD + 100,
			  self->three - ODD - 100));
	free(bytes);
}

TEST_F(file, sendfile_into_it)
{
	const size_t len = self->maps.page + ODD;
	unsigned char *bytes = malloc(len);
	off_t at = 0;

	ASSERT_NE(NULL, bytes);
	fill(bytes, len);
	ASSERT_EQ((ssize_t)len, pwrite(self->other, bytes, len, 0));
	ASSERT_EQ(ODD, lseek(self->fd, ODD, SEEK_SET));
	ASSERT_EQ((ssize_t)len, sendfile(self->fd, self->other, &at, len));
	EXPECT_EQ((off_t)len, at);
	EXPECT_EQ((off_t)(ODD + len), lseek(self->fd, 0, SEEK_CUR));
	EXPECT_TRUE(holds(self->fd, ODD, bytes, len));
	free(bytes);
}

/* A file grows; the device has no space left. */
TEST_F(file, from_a_pipe_over_the_end)
{
	const ssize_t over = variant->is_file ? 8 : 3;
	off_t at = self->maps.size - 3;
	unsigned char tail[3];

	ASSERT_EQ(3, pread(self->maps.fd, tail, 3, at));
	ASSERT_EQ(8, write(self->pipe[1], "abcdefgh", 8));
	EXPECT_EQ(over, splice(self->pipe[0], NULL, self->fd, &at, 8, 0));
	EXPECT_TRUE(holds(self->fd, self->maps.size - 3, (const unsigned char *)"abc", 3));
	EXPECT_EQ(3, pwrite(self->maps.fd, tail, 3, self->maps.size - 3));
}

TEST_F(file, from_a_pipe_at_the_end)
{
	const long expected = variant->is_file ? 2 : -ENOSPC;
	off_t at = self->maps.size;
	long seen;

	ASSERT_EQ(2, write(self->pipe[1], "xy", 2));
	seen = splice(self->pipe[0], NULL, self->fd, &at, 2, 0);
	EXPECT_EQ(expected, seen < 0 ? -errno : seen);
}

/* Not for an appending descriptor: that is EINVAL in the core, for a file, too. */
TEST_F(file, appending_is_refused)
{
	off_t at = 0;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_APPEND));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(-1, splice(self->pipe[0], NULL, self->fd, &at, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
}

TEST_HARNESS_MAIN

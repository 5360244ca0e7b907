// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls on a mapping that no other test and no probe makes: addresses that
 * a program asks for, remap_file_pages(), /proc/PID/map_files, soft-dirty bits,
 * process_madvise(), mseal(), readv() and writev(). An ordinary file is a variant of
 * each.
 */
#define _GNU_SOURCE
#include "maps_util.h"

#include <sys/uio.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif
#ifndef MADV_COLD
#define MADV_COLD		20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open		434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise	440
#endif
#ifndef SYS_mseal
#define SYS_mseal		462
#endif

#define PAGEMAP		"/proc/self/pagemap"
#define SOFT_DIRTY	(1ULL << 55)
#define FRAME		((1ULL << 55) - 1)

FIXTURE(calls)
{
	struct maps maps;
	struct walk walk;
	unsigned char *map;	/* the first pages of the subject */
	size_t pages;
	size_t len;
};

FIXTURE_VARIANT(calls)
{
	int type;
	enum subject subject;
	int remap_errno;	/* of remap_file_pages() */
};

FIXTURE_VARIANT_ADD(calls, shared)
{
	.type = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(calls, private)
{
	.type = MAP_PRIVATE,
	.remap_errno = EINVAL,
};

FIXTURE_VARIANT_ADD(calls, shared_file)
{
	.type = MAP_SHARED,
	.subject = ORDINARY_FILE,
};

FIXTURE_VARIANT_ADD(calls, private_file)
{
	.type = MAP_PRIVATE,
	.subject = ORDINARY_FILE,
	.remap_errno = EINVAL,
};

FIXTURE_SETUP(calls)
{
	struct maps *maps = &self->maps;

	open_device_or_file(maps, variant->subject);
	ASSERT_LE(0, maps->fd);
	self->pages = maps->npages < WALK_MAX ? maps->npages : WALK_MAX;
	self->len = self->pages * maps->page;
	ASSERT_TRUE(start_walk(&self->walk, maps, 0, self->pages));
	self->map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, variant->type, 0,
			      self->pages);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(calls)
{
	EXPECT_EQ(0, munmap(self->map, self->len));
	EXPECT_TRUE(end_walk(&self->walk, &self->maps));
	EXPECT_EQ(0, close(self->maps.fd));
}

#define EXPECT_RIGHT_PAGES(at) EXPECT_EQ(0, count_wrong_pages(&self->maps, at, 0, self->pages))

/* An address in the middle of free ones, a page beside what would fit a folio. */
static unsigned char *free_address(const struct maps *maps, size_t len)
{
	const size_t room = 4 * len + (16UL << 20);
	unsigned char *at = mmap(NULL, room, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	munmap(at, room);
	return at == MAP_FAILED ? NULL : at + room / 2 / maps->page * maps->page + maps->page;
}

TEST_F(calls, mmap_at_a_hint)
{
	unsigned char *hint = free_address(&self->maps, self->len);

	ASSERT_NE(NULL, hint);
	ASSERT_EQ(hint, mmap(hint, self->len, PROT_READ, variant->type, self->maps.fd, 0));
	EXPECT_RIGHT_PAGES(hint);
	EXPECT_EQ(0, munmap(hint, self->len));
}

TEST_F(calls, mmap_fixed_noreplace)
{
	unsigned char *free = free_address(&self->maps, self->len);
	const int flags = variant->type | MAP_FIXED_NOREPLACE;

	EXPECT_EQ(MAP_FAILED, mmap(self->map, self->len, PROT_READ, flags, self->maps.fd, 0));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_RIGHT_PAGES(self->map);

	ASSERT_NE(NULL, free);
	ASSERT_EQ(free, mmap(free, self->len, PROT_READ, flags, self->maps.fd, 0));
	EXPECT_RIGHT_PAGES(free);
	EXPECT_EQ(0, munmap(free, self->len));
}

TEST_F(calls, mmap_below_2_gib)
{
#ifdef MAP_32BIT
	unsigned char *map = mmap(NULL, self->len, PROT_READ, variant->type | MAP_32BIT,
				  self->maps.fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_GE(1UL << 31, (unsigned long)map + self->len);
	EXPECT_RIGHT_PAGES(map);
	EXPECT_EQ(0, munmap(map, self->len));
#else
	SKIP(return, "no MAP_32BIT on this machine");
#endif
}

/*
 *	| 0 | 1 | 2 | ...
 *	| 1 | 1 | 2 | ...
 */
TEST_F(calls, remap_file_pages)
{
	const long err = syscall(SYS_remap_file_pages, self->map, self->maps.page, 0, 1, 0);

	EXPECT_EQ(variant->remap_errno, err ? errno : 0);
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, variant->remap_errno ? 0 : 1, 1));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map + self->maps.page, 1,
				       self->pages - 1));
}

TEST_F(calls, open_by_map_files)
{
	unsigned long start = (unsigned long)self->map;
	unsigned char mark[4];
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", start, start + self->len);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && access("/proc/self/map_files", F_OK))
		SKIP(return, "no /proc/PID/map_files");
	ASSERT_LE(0, fd);
	ASSERT_EQ(4, pread(fd, mark, 4, self->maps.page + MARK_AT));
	EXPECT_EQ(MARK(1), word_at(mark));
	close(fd);
}

static unsigned long long pagemap_entry(const struct maps *maps, const unsigned char *at)
{
	int fd = open(PAGEMAP, O_RDONLY | O_CLOEXEC);
	unsigned long long entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)at / maps->page * sizeof(entry)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}

static bool clear_soft_dirty(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool done = write(fd, "4", 1) == 1;

	close(fd);
	return done;
}

/* Does this kernel know soft-dirty bits? An anonymous page that is written has one. */
static bool soft_dirty_known(const struct maps *maps)
{
	unsigned char *page = mmap(NULL, maps->page, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool known;

	store(page, 1);
	known = pagemap_entry(maps, page) & SOFT_DIRTY;
	munmap(page, maps->page);
	return known;
}

/* A page that is written is marked; one that is read and in another page table is not. */
TEST_F(calls, soft_dirty)
{
	const size_t last = self->pages - 1;
	struct maps *maps = &self->maps;

	if (!soft_dirty_known(maps))
		SKIP(return, "no soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)");
	EXPECT_RIGHT_PAGES(self->map);
	ASSERT_TRUE(clear_soft_dirty());
	write_in(maps, self->map, 0, WRITTEN);
	load(self->map + last * maps->page);
	EXPECT_NE(0, pagemap_entry(maps, self->map) & SOFT_DIRTY);
	EXPECT_EQ(0, pagemap_entry(maps, self->map + last * maps->page) & SOFT_DIRTY);
	EXPECT_EQ(WRITTEN, word_in(maps, self->map, 0));
}

/* Only of the device: a file's pages may be collected into a huge one. */
TEST_F(calls, collapse_leaves_the_frames)
{
	const bool stays = variant->subject == DEVICE;
	struct maps *maps = &self->maps;
	unsigned long long frame;

	EXPECT_RIGHT_PAGES(self->map);
	frame = pagemap_entry(maps, self->map) & FRAME;
	madvise(self->map, self->len, MADV_HUGEPAGE);
	madvise(self->map, self->len, MADV_COLLAPSE);
	EXPECT_RIGHT_PAGES(self->map);
	EXPECT_TRUE(!stays || frame == (pagemap_entry(maps, self->map) & FRAME));
}

/* No system call that exists takes these arguments. */
static bool has_syscall(long number)
{
	return !syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) || errno != ENOSYS;
}

TEST_F(calls, process_madvise)
{
	struct iovec range = { self->map, self->len };
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	if (!has_syscall(SYS_process_madvise))
		SKIP(return, "no process_madvise()");
	EXPECT_RIGHT_PAGES(self->map);
	EXPECT_EQ((long)self->len,
		  syscall(SYS_process_madvise, pidfd, &range, 1, MADV_COLD, 0));
	EXPECT_RIGHT_PAGES(self->map);
	close(pidfd);
}

/* What is sealed stays for the life of the process: a child's. */
TEST_F(calls, mseal)
{
	const struct maps *maps = &self->maps;
	pid_t child;

	if (!has_syscall(SYS_mseal))
		SKIP(return, "no mseal() before Linux 6.10");
	child = fork();
	if (!child) {
		if (syscall(SYS_mseal, self->map, self->len, 0))
			_exit(1);
		if (!munmap(self->map, maps->page) || errno != EPERM)
			_exit(2);
		if (!mprotect(self->map, maps->page, PROT_NONE) || errno != EPERM)
			_exit(3);
		if (mremap(self->map, self->len, maps->page, 0) != MAP_FAILED || errno != EPERM)
			_exit(4);
		_exit(count_wrong_pages(maps, self->map, 0, self->pages) ? 5 : 0);
	}
	EXPECT_EQ(0, end_of(child));
}

/* Pieces of odd lengths, over the end of a page. */
TEST_F(calls, readv_and_writev)
{
	struct maps *maps = &self->maps;
	const off_t at = maps->page - EDGE;
	unsigned char bytes[EDGE + 7], back[EDGE + 7];
	struct iovec out[] = { { bytes, 1 }, { bytes + 1, 0 }, { bytes + 1, 5 },
			       { bytes + 6, EDGE + 1 } };
	struct iovec in[] = { { back, 3 }, { back + 3, EDGE }, { back + 3 + EDGE, 4 } };
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0x30 + i;
	ASSERT_EQ((ssize_t)sizeof(bytes), pwritev(maps->fd, out, ARRAY_SIZE(out), at));
	ASSERT_EQ((ssize_t)sizeof(back), preadv(maps->fd, in, ARRAY_SIZE(in), at));
	EXPECT_EQ(0, memcmp(bytes, back, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, self->map + at, sizeof(bytes)));
}

TEST_HARNESS_MAIN

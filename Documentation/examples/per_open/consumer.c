// SPDX-License-Identifier: GPL-2.0-only
/*
 * per_open: two open files have two buffers, a user has a quota of them, and no
 * user can harm the machine: 64 processes without privileges try.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/resource.h>

#include "../consumer.h"

#define DEVICE	"/dev/per_open"
#define NPAGES	16
#define QUOTA	4	/* buffers */
#define USER	65534
#define OTHER	65533
#define ABUSERS	64
#define TURNS	12

static int open_device(void)
{
	return open(DEVICE, O_RDWR | O_CLOEXEC);
}

/* A child without privileges; its exit status is whether @body was in order. */
static pid_t start_as(uid_t uid, size_t buffers, bool (*body)(void))
{
	const rlim_t bytes = buffers * NPAGES * page_size;
	const struct rlimit limit = { bytes, bytes };
	pid_t child = fork();

	if (child)
		return child;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgroups(0, NULL) ||
	    setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(2);
	_exit(!body());
}

static bool as_user(bool (*body)(void))
{
	return exits_well(start_as(USER, QUOTA, body));
}

static bool all_zero(volatile __u8 *map)
{
	size_t i;

	for (i = 0; i < NPAGES * page_size; i++)
		if (map[i])
			return false;
	return true;
}

static bool two_files_have_two_buffers(void)
{
	volatile __u8 *one = map_pages(open_device(), MAP_SHARED, 0, NPAGES);
	volatile __u8 *two = map_pages(open_device(), MAP_SHARED, 0, NPAGES);

	if (!one || !two)
		return false;
	memset((void *)one, 0x5a, NPAGES * page_size);
	return all_zero(two);
}

static bool used_memory_comes_back_zeroed(void)
{
	int fd, i;
	volatile __u8 *map;

	for (i = 0; i < 20; i++) {
		fd = open_device();
		map = map_pages(fd, MAP_SHARED, 0, NPAGES);
		if (!map || !all_zero(map))
			return false;
		memset((void *)map, 0x5a, NPAGES * page_size);
		close(fd);
		unmap_pages(map, NPAGES);
	}
	return true;
}

static bool private_write_stays_private(void)
{
	int fd = open_device();
	volatile __u8 *shared = map_pages(fd, MAP_SHARED, 0, NPAGES);
	volatile __u8 *private = map_pages(fd, MAP_PRIVATE, 0, NPAGES);

	if (!shared || !private)
		return false;
	set_word(private, 3, 1);
	set_word(shared, 4, 2);
	return !word_of(shared, 3) && word_of(private, 4) == 2;
}

static bool child_shares_the_buffer(void)
{
	volatile __u8 *map = map_pages(open_device(), MAP_SHARED, 0, NPAGES);
	pid_t child = map ? fork() : -1;

	if (!child) {
		set_word(map, 5, 7);
		_exit(0);
	}
	return exits_well(child) && word_of(map, 5) == 7;
}

static bool past_the_end_is_refused(void)
{
	int fd = open_device();
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES);

	if (!map || map_pages(fd, MAP_SHARED, 1, NPAGES) || errno != EINVAL)
		return false;
	map = mremap((void *)map, NPAGES * page_size, 2 * NPAGES * page_size, MREMAP_MAYMOVE);
	return map != MAP_FAILED && count_bus_errors(map, 2 * NPAGES) == NPAGES;
}

/* Opens until the quota ends it; how many it has. */
static int open_all(int *fds)
{
	int n = 0;

	while (n <= QUOTA && (fds[n] = open_device()) >= 0)
		n++;
	return errno == ENOMEM ? n : -1;
}

static bool quota_is_exact(void)
{
	int fds[QUOTA + 1];

	return open_all(fds) == QUOTA;
}

static bool other_user_has_another_quota(void)
{
	int fds[QUOTA + 1];

	return open_all(fds) == QUOTA && open_device() < 0;
}

/* A mapping is charged after close(), and a child's counts as its parent's. */
static bool last_unmap_ends_the_charge(void)
{
	int fds[QUOTA + 1], ready[2], go[2];
	volatile __u8 *map;
	char byte = 0;
	pid_t child;
	bool good;

	if (pipe(ready) || pipe(go) || open_all(fds) != QUOTA)
		return false;
	map = map_pages(fds[0], MAP_SHARED, 0, NPAGES);
	close(fds[0]);
	good = map && open_device() < 0;

	child = fork();
	if (!child) {
		close(go[1]);
		set_word(map, 0, 1);
		_exit(write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) < 0);
	}
	good = good && child > 0 && read(ready[0], &byte, 1) == 1;
	unmap_pages(map, NPAGES);
	good = good && open_device() < 0;
	close(go[1]);
	return exits_well(child) && good && open_device() >= 0;
}

/* Puts page @page of @map into a pipe, by reference. */
static bool splice_page(int pipe_end, volatile __u8 *map, size_t page)
{
	const struct iovec iov = { (void *)(map + page * page_size), page_size };

	return vmsplice(pipe_end, &iov, 1, SPLICE_F_NONBLOCK) == (ssize_t)page_size;
}

static bool page_in_a_pipe_outlives_the_buffer(void)
{
	int fd = open_device(), ends[2], i;
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES), *other;
	__u32 word = 0;

	if (!map || pipe(ends))
		return false;
	set_word(map, 6, 0x12345678);
	if (!splice_page(ends[1], map, 6))
		return false;
	unmap_pages(map, NPAGES);
	close(fd);
	for (i = 0; i < 3; i++) {
		other = map_pages(open_device(), MAP_SHARED, 0, NPAGES);
		if (!other)
			return false;
		memset((void *)other, 0x5a, NPAGES * page_size);
	}
	return read(ends[0], &word, sizeof(word)) == sizeof(word) && word == 0x12345678;
}

/*
 * All that a program can do, at random, and an end in the middle of it. Nothing
 * is closed or unmapped but by accident.
 */
static bool abuse(void)
{
	int round, fd, ends[2];
	volatile __u8 *map;
	size_t page;
	pid_t child;

	srand(getpid());
	for (round = 0; round < TURNS; round++) {
		fd = open_device();
		if (fd < 0 || pipe(ends))
			return false;
		map = map_pages(fd, rand() % 2 ? MAP_SHARED : MAP_PRIVATE, 0, NPAGES);
		if (!map || !all_zero(map))
			return false;
		page = rand() % NPAGES;
		set_word(map, page, round + 1);
		if (!splice_page(ends[1], map, page))
			return false;
		if (rand() % 2)
			close(fd);
		child = fork();
		if (!child) {
			madvise((void *)map, NPAGES * page_size, MADV_DONTNEED);
			set_word(map, rand() % NPAGES, round);
			unmap_pages(map + page_size, rand() % NPAGES + 1);
			splice_page(ends[1], map, 0);
			raise(rand() % 2 ? SIGKILL : SIGTERM);
		}
		if (child > 0 && rand() % 2)
			waitpid(child, NULL, 0);
		map = mremap((void *)map, NPAGES * page_size, rand() % 64 * page_size + 1,
			     MREMAP_MAYMOVE);
		if (map == MAP_FAILED || word_of(map, 0) > TURNS)
			return false;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	return true;
}

static bool many_abusers(void)
{
	pid_t children[ABUSERS];
	bool good = true;
	int i;

	for (i = 0; i < ABUSERS; i++)
		children[i] = start_as(USER, ABUSERS * TURNS, abuse);
	for (i = 0; i < ABUSERS; i++)
		good &= exits_well(children[i]);
	return good;
}

/* Each step that fails says so; the file that it does not get has no mapping. */
static bool use_once(void)
{
	int fd = open_device();
	volatile __u8 *map = fd < 0 ? NULL : map_pages(fd, MAP_SHARED, 0, NPAGES);
	bool good = map || errno == ENOMEM;

	/* SIGBUS or a copy that cannot be had is the kernel's affair, a value is ours. */
	if (map && !is_bus_error(map))
		good = !word_of(map, 0);
	if (map)
		unmap_pages(map, NPAGES);
	if (fd >= 0)
		close(fd);
	return good;
}

int main(void)
{
	pid_t child;

	begin_tests();
	expect(as_user(two_files_have_two_buffers), "two open files have two buffers");
	expect(as_user(used_memory_comes_back_zeroed), "memory that was used comes back zeroed");
	expect(as_user(private_write_stays_private), "a private write stays private");
	expect(as_user(child_shares_the_buffer), "a child shares its parent's buffer");
	expect(as_user(past_the_end_is_refused),
	       "past the end mmap() fails, and an access is SIGBUS");

	expect(as_user(quota_is_exact), "a user opens as many as the quota has, and no more");
	expect(as_user(quota_is_exact), "and has them again after exit");
	expect(as_user(last_unmap_ends_the_charge),
	       "the charge ends with the last mapping of the file");
	child = start_as(OTHER, QUOTA, other_user_has_another_quota);
	expect(exits_well(child), "another user has a quota of its own");

	expect(as_user(page_in_a_pipe_outlives_the_buffer), "a page in a pipe outlives its buffer");
	expect(many_abusers(), "64 processes map, splice, fork and are killed");
	expect(as_user(quota_is_exact), "after which the whole quota is free again");
	fail_each(use_once, "open, mmap and the first access, with each allocation failing");
	return end_of_tests();
}

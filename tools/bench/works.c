// SPDX-License-Identifier: GPL-2.0-only
/*
 * The works: what is done with a mapping, step by step, and at which sizes.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where a page is touched: behind the stamp, where every page has a zero. */
#define TOUCH_AT	8

/* Of so many pages, sparse works touch one. */
#define SPARSE		512

const size_t sizes[] = { 16, 256, 1024, 4096, 65536, 262144 };
const size_t nr_sizes = sizeof(sizes) / sizeof(*sizes);

#define ALL_SIZES	0x3f
#define TINY		0x01
#define COMMON		0x08	/* 4096 pages */
#define LARGEST		0x20

static volatile unsigned char *page_of(const struct run *run, size_t i)
{
	return run->map + i * run->page + TOUCH_AT;
}

/* Without a mapping, to read a page is to have it copied. */
static bool read_copy(struct run *run, size_t i)
{
	return pread(run->fd, run->copy, run->page, (off_t)(i * run->page)) ==
	       (ssize_t)run->page;
}

static bool map(struct run *run)
{
	const struct subject *subject = run->subject;
	const size_t len = run->pages * run->page;
	/* Memory without a file is private: shared, it would be a file's. */
	const int type = run->fd < 0 ? MAP_PRIVATE : run->work->type;

	if (subject->kind == KIND_COPY) {
		errno = ENODEV;
		return run->work->prot == PROT_READ &&
		       run->work->type == MAP_SHARED;
	}
	run->map = mmap(run->room, len, run->work->prot,
			type | subject->map_flags, run->fd, 0);
	if (run->map == MAP_FAILED)
		return false;
	return subject->advice < 0 || !madvise(run->map, len, subject->advice);
}

static bool unmap(struct run *run)
{
	return run->subject->kind == KIND_COPY ||
	       !munmap(run->map, run->pages * run->page);
}

static bool read_every(struct run *run, size_t stride)
{
	size_t i;

	if (run->subject->kind == KIND_COPY) {
		for (i = 0; i < run->pages; i += stride)
			if (!read_copy(run, i))
				return false;
		return true;
	}
	for (i = 0; i < run->pages; i += stride)
		*page_of(run, i);
	return true;
}

static bool read_forward(struct run *run)
{
	return read_every(run, 1);
}

static bool read_sparse(struct run *run)
{
	return read_every(run, SPARSE);
}

static bool read_backward(struct run *run)
{
	size_t i;

	if (run->subject->kind == KIND_COPY) {
		for (i = run->pages; i--;)
			if (!read_copy(run, i))
				return false;
		return true;
	}
	for (i = run->pages; i--;)
		*page_of(run, i);
	return true;
}

static bool read_random(struct run *run)
{
	size_t i;

	if (run->subject->kind == KIND_COPY) {
		for (i = 0; i < run->pages; i++)
			if (!read_copy(run, run->order[i]))
				return false;
		return true;
	}
	for (i = 0; i < run->pages; i++)
		*page_of(run, run->order[i]);
	return true;
}

static bool write_forward(struct run *run)
{
	size_t i;

	for (i = 0; i < run->pages; i++)
		*page_of(run, i) = 0;
	return true;
}

static bool write_first(struct run *run)
{
	*page_of(run, 0) = 0;
	return true;
}

static bool in_child(struct run *run, step work)
{
	pid_t child = fork();
	int status = -1;

	if (!child)
		_exit(work && !work(run));
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

static bool fork_only(struct run *run)
{
	return in_child(run, NULL);
}

static bool fork_and_read(struct run *run)
{
	return in_child(run, read_forward);
}

/* One half each. */
static void *read_half(void *arg)
{
	struct run *run = arg;

	return read_forward(run) ? arg : NULL;
}

static bool two_threads(struct run *run)
{
	struct run half[2] = { *run, *run };
	pthread_t other;
	void *done[2];

	half[0].pages /= 2;
	half[1].pages -= half[0].pages;
	half[1].map += half[0].pages * run->page;
	if (pthread_create(&other, NULL, read_half, &half[1]))
		return false;
	done[0] = read_half(&half[0]);
	return !pthread_join(other, &done[1]) && done[0] && done[1];
}

#define R	PROT_READ
#define RW	(PROT_READ | PROT_WRITE)
#define S	MAP_SHARED
#define P	MAP_PRIVATE

const struct work works[] = {
	{ "mmap", "mmap() alone", S, R,
	  { }, { map }, { unmap }, ALL_SIZES },
	{ "munmap", "munmap() of a mapping that was read", S, R,
	  { map, read_forward }, { unmap }, { }, COMMON },
	{ "first_read", "the first read of each page", S, R,
	  { map }, { read_forward }, { unmap }, COMMON },
	{ "first_write", "the first write to each page", S, RW,
	  { map }, { write_forward }, { unmap }, COMMON },
	{ "second_read", "the second read of each page", S, R,
	  { map, read_forward }, { read_forward }, { unmap }, COMMON },
	{ "read", "mmap, read each page, munmap", S, R,
	  { }, { map, read_forward, unmap }, { }, ALL_SIZES },
	{ "write", "mmap, write to each page, munmap", S, RW,
	  { }, { map, write_forward, unmap }, { }, COMMON },
	{ "read_backward", "as read, from the last page to the first", S, R,
	  { }, { map, read_backward, unmap }, { }, COMMON },
	{ "read_random", "as read, in no order", S, R,
	  { }, { map, read_random, unmap }, { }, COMMON },
	{ "read_sparse", "as read, one page of 512", S, R,
	  { }, { map, read_sparse, unmap }, { }, COMMON },
	{ "private_read", "as read, private", P, R,
	  { }, { map, read_forward, unmap }, { }, COMMON },
	{ "private_write", "as write, private: every page is copied", P, RW,
	  { }, { map, write_forward, unmap }, { }, COMMON },
	{ "private_read_write", "private, each page read, then written to", P,
	  RW, { }, { map, read_forward, write_forward, unmap }, { }, COMMON },
	{ "fork", "fork, _exit and wait, with all pages mapped", S, R,
	  { map, read_forward }, { fork_only }, { unmap }, COMMON | LARGEST },
	{ "fork_read", "the same, and the child reads each page", S, R,
	  { map, read_forward }, { fork_and_read }, { unmap }, COMMON },
	{ "fork_private", "fork, private, with all pages mapped and none copied", P, RW,
	  { map, read_forward }, { fork_only }, { unmap }, COMMON | LARGEST },
	{ "fork_copied", "the same, and the first page is a copy", P, RW,
	  { map, read_forward, write_first }, { fork_only }, { unmap }, COMMON | LARGEST },
	{ "short", "mmap of 16 pages, one read, munmap", S, R,
	  { }, { map, read_sparse, unmap }, { }, TINY },
	{ "two_threads", "two threads read one half each", S, R,
	  { map }, { two_threads }, { unmap }, COMMON },
};

const size_t nr_works = sizeof(works) / sizeof(*works);

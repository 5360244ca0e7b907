// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: the kernel's own memory: tmpfs, hugetlbfs, secret memory, io_uring, binder. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/io_uring.h>
#include <linux/memfd.h>
#include <sys/syscall.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif

#define HUGE_PAGE	(2UL << 20)
#define HUGE_PAGES	4
#define RING_ENTRIES	1024

/* A file without a name, opened again as it is wanted. */
static int open_memfd(struct target *t, unsigned int flags, int access)
{
	int file = syscall(SYS_memfd_create, "probe", flags | MFD_CLOEXEC);
	char path[64];

	if (file < 0 || ftruncate(file, (off_t)t->length))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	t->fd = open_path(path, access);
	close(file);
	return had(t->fd);
}

static int open_shmem(const struct subject *subject, struct target *t, int access)
{
	(void)subject;
	t->length = setup_size();
	return open_memfd(t, 0, access);
}

static int open_hugetlb(const struct subject *subject, struct target *t, int access)
{
	(void)subject;
	t->page = HUGE_PAGE;
	t->length = HUGE_PAGES * HUGE_PAGE;
	return open_memfd(t, MFD_HUGETLB, access);
}

static int open_secret(const struct subject *subject, struct target *t, int access)
{
	(void)subject;
	(void)access;
	t->fd = syscall(SYS_memfd_secret, 0);
	t->length = setup_size();
	return t->fd < 0 || ftruncate(t->fd, (off_t)t->length) ? -1 : 0;
}

static int open_ring(struct target *t, struct io_uring_params *params)
{
	t->fd = syscall(SYS_io_uring_setup, RING_ENTRIES, params);
	return had(t->fd);
}

static int open_sqes(const struct subject *subject, struct target *t, int access)
{
	struct io_uring_params params = { 0 };

	(void)subject;
	(void)access;
	t->offset = IORING_OFF_SQES;
	t->length = RING_ENTRIES * sizeof(struct io_uring_sqe);
	return open_ring(t, &params);
}

static int open_rings(const struct subject *subject, struct target *t, int access)
{
	struct io_uring_params params = { 0 };

	(void)subject;
	(void)access;
	if (open_ring(t, &params))
		return -1;
	t->offset = IORING_OFF_SQ_RING;
	/*
	 * The submission queue's array follows the completion queue. The kernel may have
	 * allocated more, a power of two, and does not tell.
	 */
	t->length = whole_pages(params.sq_off.array + params.sq_entries * sizeof(uint32_t));
	return 0;
}

const struct subject memory_setups[] = {
	{ .name = "memfd", .open = open_shmem, .how = "shmem: the page cache" },
	{ .name = "hugetlb", .open = open_hugetlb, .how = "hugetlbfs: pages of 2 MiB" },
	{ .name = "memfd_secret", .open = open_secret, .traits = ANY_ACCESS,
	  .how = ".fault, pages taken out of the kernel's map" },
	{ .name = "zero", .open = open_plain, .node = "/dev/zero", .length = 0x10000,
	  .traits = INCOMPARABLE | ENDLESS, .how = "shmem, new for each mapping" },
	{ .name = "io_uring-sqes", .open = open_sqes, .traits = ANY_ACCESS | COOKIE,
	  .how = "remap_pfn_range(); vm_insert_pages() from 6.10" },
	{ .name = "io_uring-rings", .open = open_rings,
	  .traits = ANY_ACCESS | COOKIE | NO_STAMPS | ENDLESS,
	  .how = "remap_pfn_range(); vm_insert_pages() from 6.10" },
	{ .name = "binder", .open = open_plain, .node = "/dev/binder", .length = 0x10000,
	  .traits = INCOMPARABLE | EMPTY | READ_ONLY | COOKIE | ENDLESS,
	  .how = "pages inserted when a message comes" },
	{ .name = "btf", .open = open_whole, .node = "/sys/kernel/btf/vmlinux",
	  .traits = READ_ONLY, .how = "remap_pfn_range()" },
	{ }
};

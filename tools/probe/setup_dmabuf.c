// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: buffers that devices share, made from a file (udmabuf) and by a heap. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/dma-heap.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <sys/syscall.h>

static int open_udmabuf(const struct subject *subject, struct target *t, int access)
{
	struct udmabuf_create create = {
		.memfd = syscall(SYS_memfd_create, "probe", MFD_ALLOW_SEALING),
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = setup_size(),
	};

	(void)access;
	t->control = open_path(subject->node, O_RDWR);
	t->length = create.size;
	if (t->control < 0 || ftruncate((int)create.memfd, (off_t)create.size) ||
	    fcntl((int)create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -1;
	return had(t->fd = ioctl(t->control, UDMABUF_CREATE, &create));
}

static int open_heap(const struct subject *subject, struct target *t, int access)
{
	struct dma_heap_allocation_data data = {
		.len = subject->length,
		.fd_flags = access | O_CLOEXEC,
	};

	t->control = open_path(subject->node, O_RDONLY);
	if (t->control < 0 || ioctl(t->control, DMA_HEAP_IOCTL_ALLOC, &data))
		return -1;
	t->fd = (int)data.fd;
	return 0;
}

const struct subject dmabuf_setups[] = {
	{ .name = "udmabuf", .open = open_udmabuf, .node = "/dev/udmabuf", .traits = ANY_ACCESS,
	  .how = ".fault with vmf_insert_pfn() of a memfd's pages" },
	{ .name = "dma-heap", .open = open_heap, .node = "/dev/dma_heap/system",
	  .length = 0x10000, .how = "remap_pfn_range() a piece, in a loop" },
	/* One page more than the largest piece that is tried below 64 KiB. */
	{ .name = "dma-heap-17", .open = open_heap, .node = "/dev/dma_heap/system",
	  .length = 0x11000, .how = "the same, of 17 pages" },
	{ }
};

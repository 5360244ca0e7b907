// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: rings of perf, of the tracer and of blktrace. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/blktrace_api.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

#define PERF_PAGES	16
#define PERF_AT		2048	/* behind the fields of the first page */
#define RAW	"/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw"

static int open_perf(const struct subject *subject, struct target *t, int access)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};

	(void)subject;
	(void)access;
	t->length = (1 + PERF_PAGES) * page_size();
	t->stamp_at = PERF_AT;
	return had(t->fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

/* The first page tells how many others there are: struct trace_buffer_meta. */
static int open_trace_ring(const struct subject *subject, struct target *t, int access)
{
	uint32_t *meta;

	t->fd = open_path(subject->node, access);
	if (t->fd < 0)
		return -1;
	meta = mmap(NULL, page_size(), RO, MAP_SHARED, t->fd, 0);
	if (meta == MAP_FAILED)
		return -1;
	t->length = meta[0] + (size_t)meta[2] * meta[3];
	munmap(meta, page_size());
	return 0;
}

/* blktrace has one user a disk: what a former one left is stopped. */
static int open_relay(const struct subject *subject, struct target *t, int access)
{
	struct blk_user_trace_setup setup = {
		.act_mask = 0xffff,
		.buf_size = 4 * page_size(),
		.buf_nr = 4,
		.end_lba = ~0ULL,
	};
	char path[100];

	t->control = open_path(subject->node, O_RDONLY);
	if (t->control < 0)
		return -1;
	ioctl(t->control, BLKTRACESTOP);
	ioctl(t->control, BLKTRACETEARDOWN);
	if (ioctl(t->control, BLKTRACESETUP, &setup))
		return -1;
	snprintf(path, sizeof(path), "/sys/kernel/debug/block/%.32s/trace0", setup.name);
	t->length = setup_size();
	return had(t->fd = open_path(path, access));
}

const struct subject tracing_setups[] = {
	{ .name = "perf-ring", .open = open_perf, .traits = ANY_ACCESS,
	  .how = ".fault; remap_pfn_range() in newer kernels" },
	{ .name = "trace-ring", .open = open_trace_ring, .node = RAW, .traits = READ_ONLY,
	  .how = "vm_insert_pages()" },
	{ .name = "relay", .open = open_relay, .node = "/dev/loop7", .traits = INCOMPARABLE,
	  .how = ".fault" },
	{ }
};

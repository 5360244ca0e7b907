// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: maps of BPF. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

/* Newer than some headers. */
#define MAP_TYPE_RINGBUF	27
#define MAP_TYPE_ARENA		33
#define FLAG_MMAPABLE		(1U << 10)

#define RING_BYTES	65536

static int create(struct target *t, union bpf_attr *attr)
{
	return had(t->fd = syscall(SYS_bpf, BPF_MAP_CREATE, attr, sizeof(*attr)));
}

static int open_array(const struct subject *subject, struct target *t, int access)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = page_size(),
		.max_entries = SETUP_PAGES,
		.map_flags = FLAG_MMAPABLE | (access == O_RDONLY ? BPF_F_RDONLY : 0),
	};

	(void)subject;
	t->length = setup_size();
	return create(t, &attr);
}

/* The consumer's page, the producer's, and the data twice. */
static int open_ringbuf(const struct subject *subject, struct target *t, int access)
{
	union bpf_attr attr = { .map_type = MAP_TYPE_RINGBUF, .max_entries = RING_BYTES };

	(void)subject;
	(void)access;
	t->offset = (off_t)page_size();
	t->length = page_size() + 2 * RING_BYTES;
	return create(t, &attr);
}

static int open_arena(const struct subject *subject, struct target *t, int access)
{
	union bpf_attr attr = {
		.map_type = MAP_TYPE_ARENA,
		.max_entries = SETUP_PAGES,
		.map_flags = FLAG_MMAPABLE,
	};

	(void)subject;
	(void)access;
	t->length = setup_size();
	return create(t, &attr);
}

const struct subject bpf_setups[] = {
	{ .name = "bpf-array", .open = open_array, .how = "remap_vmalloc_range()" },
	{ .name = "bpf-ringbuf", .open = open_ringbuf, .traits = ANY_ACCESS | READ_ONLY,
	  .how = "remap_vmalloc_range()" },
	{ .name = "bpf-arena", .open = open_arena,
	  .traits = ANY_ACCESS | INCOMPARABLE | COOKIE | ENDLESS,
	  .how = ".fault, always at one address" },
	{ }
};

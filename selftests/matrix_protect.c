// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: who may read, write and execute, and where writes go.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <sys/personality.h>

static void private_sees_device(struct target *t)
{
	bytes *at = asked_map(t, RW, MAP_PRIVATE, t->here, 1);
	bool before, after;

	check_pages(t, at, t->here, 1);
	set_device_word(t, t->here, WORD_AT, WRITTEN);
	before = word_at(at + t->stamp_at + WORD_AT) == WRITTEN;
	put_word(at + t->stamp_at, ~STAMP);
	set_device_word(t, t->here, WORD_AT, REWRITTEN);
	after = word_at(at + t->stamp_at + WORD_AT) == REWRITTEN;

	answer(before && after ? "always" : before ? "until copied" : "never");
}

static void readonly_write(struct target *t)
{
	bytes *at = map_some(t);

	check_pages(t, at, 0, t->some);
	answer_write(t, at + t->here * t->page, t->here);
}

static void mprotect_up(struct target *t)
{
	bytes *at = map_some(t);

	check_pages(t, at, 0, t->some);
	if (protect(t, at, t->some, RW))
		answer_errno();
	answer_write(t, at + t->here * t->page, t->here);
}

static void mprotect_up_private(struct target *t)
{
	bytes *at = map(t, RO, MAP_PRIVATE, t->here, 1);

	check_pages(t, at, t->here, 1);
	if (protect(t, at, 1, RW))
		answer_errno();
	answer_write(t, at, t->here);
}

static void mprotect_down(struct target *t)
{
	bytes *at = map(t, RW, MAP_SHARED, t->here, 1);

	put_word(at + t->stamp_at + WORD_AT, REWRITTEN);
	if (protect(t, at, 1, RO))
		answer_errno();
	answer_write(t, at, t->here);
}

static void mprotect_none_and_back(struct target *t)
{
	bytes *at = map_some(t);

	check_pages(t, at, 0, t->some);
	if (protect(t, at, t->some, PROT_NONE) || protect(t, at, t->some, RO))
		answer_errno();
	answer_stamp_of(t, at, t->some);
}

static void readonly_fd_shared_write(struct target *t)
{
	bytes *at = try_map(t, RW, MAP_SHARED, 0, t->some);

	if (at == MAP_FAILED)
		answer_errno();
	answer_write(t, at, 0);
}

static void readonly_fd_mprotect(struct target *t)
{
	bytes *at = try_map(t, RO, MAP_SHARED, t->here, 1);

	if (at == MAP_FAILED)
		answer_refused();
	if (mprotect((void *)at, t->page, RW))
		answer_errno();
	answer_write(t, at, t->here);
}

static void readonly_fd_private_write(struct target *t)
{
	bytes *at = try_map(t, RW, MAP_PRIVATE, t->here, 1);

	if (at == MAP_FAILED)
		answer_errno();
	answer_write(t, at, t->here);
}

static void writeonly_fd(struct target *t)
{
	bytes *at = try_map(t, PROT_WRITE, MAP_SHARED, t->here, 1);

	if (at == MAP_FAILED)
		answer_errno();
	answer_write(t, at, t->here);
}

static void prot_exec(struct target *t)
{
	asked_map(t, RO | PROT_EXEC, MAP_SHARED, 0, t->some);
	answer("executable");
}

static void mprotect_exec(struct target *t)
{
	if (mprotect((void *)map_some(t), t->some * t->page, RO | PROT_EXEC))
		answer_errno();
	answer("executable");
}

static void read_implies_exec(struct target *t)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		answer_lacking("personality(READ_IMPLIES_EXEC)");
	answer_stamp_of(t, asked_map(t, RO, MAP_SHARED, 0, t->some), t->some);
}

const struct probe protect_probes[] = {
	{
		.section	= "Reading, writing, protection",
		.name	= "private_sees_device",
		.asks	= "Does a private page show what the device is written to: before its\n"
			"own first write (until copied), after it, too (always)?",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= private_sees_device,
	},
	{
		.name	= "readonly_write",
		.asks	= "Write to a read-only mapping.",
		.does	= WRITES,
		.ask	= readonly_write,
	},
	{
		.name	= "mprotect_up",
		.asks	= "Make a shared read-only mapping writable, write; does the device show\n"
			"it?",
		.why	= "remap_pfn_readonly has taken VM_MAYWRITE from the mapping for good.",
		.does	= WRITES,
		.ask	= mprotect_up,
	},
	{
		.name	= "mprotect_up_private",
		.asks	= "Make one private read-only page writable, write; is it kept from the\n"
			"device?",
		.why	= "remap_pfn_readonly has taken VM_MAYWRITE from the mapping for good.",
		.does	= WRITES,
		.ask	= mprotect_up_private,
	},
	{
		.name	= "mprotect_down",
		.asks	= "Write to a page, make it read-only, write again.",
		.why	= WRITABLE_REFUSED,
		.does	= WRITES,
		.ask	= mprotect_down,
	},
	{
		.name	= "mprotect_none_and_back",
		.asks	= "Take all access away and give reading back; the first word.",
		.ask	= mprotect_none_and_back,
	},
	{
		.name	= "readonly_fd_shared_write",
		.asks	= "Map a read-only descriptor shared and writable.",
		.does	= READS_ONLY_FD,
		.ask	= readonly_fd_shared_write,
	},
	{
		.name	= "readonly_fd_mprotect",
		.asks	= "Map a read-only descriptor shared, make that writable.",
		.does	= READS_ONLY_FD,
		.ask	= readonly_fd_mprotect,
	},
	{
		.name	= "readonly_fd_private_write",
		.asks	= "Map a page of a read-only descriptor private and writable, write; is\n"
			"it kept from the device?",
		.why	= WRITABLE_REFUSED,
		.does	= READS_ONLY_FD | WRITES,
		.ask	= readonly_fd_private_write,
	},
	{
		.name	= "writeonly_fd",
		.asks	= "Map a write-only descriptor.",
		.does	= WRITES_ONLY_FD,
		.ask	= writeonly_fd,
	},
	{
		.name	= "prot_exec",
		.asks	= "Map executable. (The file is on a mount that forbids it, too.)",
		.does	= LOOKS,
		.ask	= prot_exec,
	},
	{
		.name	= "mprotect_exec",
		.asks	= "Make a mapping executable.",
		.does	= LOOKS,
		.ask	= mprotect_exec,
	},
	{
		.name	= "read_implies_exec",
		.asks	= "Map readable under personality(READ_IMPLIES_EXEC), as programs with\n"
			"an executable stack run.",
		.ask	= read_implies_exec,
	},
	{ }
};

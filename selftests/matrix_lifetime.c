// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: what a mapping keeps alive.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static int umount_of(const struct subject *s, int flags)
{
	char folder[sizeof(s->node)];

	strcpy(folder, s->node);
	*strrchr(folder, '/') = 0;
	return umount2(folder, flags);
}

/* Take away what gives the memory: the module, or the mount that the file is on. */
static int take_away(const struct subject *s)
{
	if (!(s->traits & IS_FILE))
		return syscall(SYS_delete_module, "maps", O_NONBLOCK);
	return umount_of(s, 0);
}

static void unload_while_mapped(struct target *t)
{
	bytes *at = map_some(t);

	check_pages(t, at, 0, t->some);
	close_target(t);
	if (!take_away(t->subject))
		answer("gone");
	/* EAGAIN is what delete_module() calls it, and EBUSY umount(). */
	if (errno == EAGAIN || errno == EBUSY)
		answer("busy");
	answer_errno();
}

/* Does anything refer to the module, or to the mount? To be asked in vain marks a mount only. */
static bool in_use(const struct subject *s)
{
	char text[32];

	if (s->traits & IS_FILE)
		return umount_of(s, MNT_EXPIRE) && errno == EBUSY;
	if (!proc_file("/sys/module/maps/refcnt", text, sizeof(text), true))
		answer_lacking("/sys/module/maps/refcnt");
	return atoi(text);
}

static void killed_holder(struct target *t)
{
	char ready;
	int ends[2];
	pid_t child;

	if (pipe(ends))
		answer_refused();
	child = fork_helper();
	if (!child) {
		bytes *at = try_map(t, RO, MAP_SHARED, 0, t->some);

		close_target(t);
		if (at == MAP_FAILED || write(ends[1], "m", at[0] ? 1 : 0) != 1)
			_exit(1);
		pause();
	}
	close_target(t);
	if (read(ends[0], &ready, 1) != 1 || !in_use(t->subject))
		answer("not held");
	kill(child, SIGKILL);
	wait_helper(child);
	/* A file is closed a moment after its process is gone; the alarm ends a leak. */
	while (in_use(t->subject))
		sched_yield();
	answer("released");
}

const struct probe lifetime_probes[] = {
	{
		.section	= "Lifetime",
		.name	= "unload_while_mapped",
		.asks	= "Unload the module (unmount the file system) while only a mapping is\n"
			"left.",
		.does	= OURS,
		.ask	= unload_while_mapped,
	},
	{
		.name	= "killed_holder",
		.asks	= "Kill the process that has the mapping, by SIGKILL: is the module (the\n"
			"mount) released?",
		.does	= OURS,
		.ask	= killed_holder,
	},
	{ }
};

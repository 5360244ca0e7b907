// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking one probe of one subject, in a process of its own, which opens and
 * stamps the target first. An alarm ends it if nothing else does.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

/* A probe that is still going on after so many seconds will never end. */
#define PROBE_SECONDS	20

/* Shared with the process that a probe runs in. */
static struct outcome *told;

static sigjmp_buf escape;

void answer(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(told->word, sizeof(told->word), format, args);
	va_end(args);
	_exit(0);
}

/* The errnos that probes meet; static glibc knows their names from 2.32 on only. */
const char *errno_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ EPERM, "EPERM" },	  { ENOENT, "ENOENT" },	    { EIO, "EIO" },
		{ EBADF, "EBADF" },	  { EAGAIN, "EAGAIN" },	    { ENOMEM, "ENOMEM" },
		{ EACCES, "EACCES" },	  { EFAULT, "EFAULT" },	    { EBUSY, "EBUSY" },
		{ ENODEV, "ENODEV" },	  { EINVAL, "EINVAL" },	    { ENOSPC, "ENOSPC" },
		{ ENOTTY, "ENOTTY" },	  { EOVERFLOW, "EOVERFLOW" }, { ENXIO, "ENXIO" },
		{ EOPNOTSUPP, "EOPNOTSUPP" }, { EBADFD, "EBADFD" }, { E2BIG, "E2BIG" },
		{ ETXTBSY, "ETXTBSY" },	  { ESRCH, "ESRCH" },	    { EEXIST, "EEXIST" },
	};
	static char number[16];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].err == err)
			return names[i].name;
	snprintf(number, sizeof(number), "errno %d", err);
	return number;
}

void answer_errno(void)
{
	answer("%s", errno_name(errno));
}

void answer_refused(void)
{
	answer("(%s)", errno_name(errno));
}

void answer_lacking(const char *what)
{
	snprintf(told->lacking, sizeof(told->lacking), "%s", what);
	answer("-");
}

/* A signal's name; only those that can end a probe. */
static const char *signal_name(int sig)
{
	switch (sig) {
	case SIGALRM:
		return "hangs";
	case SIGBUS:
		return "SIGBUS";
	case SIGSEGV:
		return "SIGSEGV";
	case SIGABRT:
		return "SIGABRT";
	case SIGKILL:
		return "SIGKILL";
	default:
		return "a signal";
	}
}

static void caught(int sig)
{
	siglongjmp(escape, sig);
}

static void stamp_page(const struct target *t, bytes *at, size_t pgoff)
{
	at += t->stamp_at;
	put_word(at, STAMP);
	put_word(at + MARK_AT, MARK(pgoff));
	put_word(at + WORD_AT, 0);
}

static bool stamp_pages(const struct target *t, bytes *at)
{
	size_t i;

	for (i = 0; i < t->walk; i++)
		stamp_page(t, at + i * t->page, i);
	for (i = 0; i < t->walk; i++)
		if (word_at(at + i * t->page + t->stamp_at + MARK_AT) != MARK(i))
			return false;
	return true;
}

/* Stamps the pages through the reference: false where that does not work. */
static bool stamp(const struct target *t)
{
	const struct sigaction action = { .sa_handler = caught };
	const size_t size = t->npages * t->page;
	bool good = false;
	bytes *at;

	if (!may_write(t) || t->subject->traits & INCOMPARABLE)
		return false;
	at = mmap(NULL, size, RW, MAP_SHARED, t->reference, t->offset);
	if (at == MAP_FAILED)
		return false;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (!sigsetjmp(escape, 1))
		good = stamp_pages(t, at);
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	munmap((void *)at, size);
	return good;
}

/* Some drivers map all of their memory or nothing. */
static bool only_whole(const struct target *t, size_t pages)
{
	bytes *at;

	if (t->subject->traits & INCOMPARABLE)
		return false;
	at = try_map(t, RO, MAP_SHARED, 0, pages);
	if (at != MAP_FAILED) {
		munmap((void *)at, pages * t->page);
		return false;
	}
	at = try_map(t, RO, MAP_SHARED, 0, t->npages);
	if (at == MAP_FAILED)
		return false;
	munmap((void *)at, t->npages * t->page);
	return true;
}

int open_target(const struct subject *subject, struct target *t, int access)
{
	*t = (struct target){
		.subject = subject,
		.fd = -1,
		.reference = -1,
		.control = -1,
		.offset = subject->offset,
		.length = subject->length,
		.page = page_size(),
	};
	if (subject->open(subject, t, access))
		return -1;
	if (t->reference < 0)
		t->reference = t->fd;
	t->npages = t->length / t->page;
	if (!t->npages) {
		errno = EINVAL;
		return -1;
	}
	t->walk = t->npages < WALK_PAGES ? t->npages : WALK_PAGES;
	t->some = t->npages < SOME ? t->npages : SOME;
	if (only_whole(t, t->some))
		t->some = t->npages;
	t->here = t->some > 4 ? 3 : t->some / 2;
	t->stamped = stamp(t);
	return 0;
}

static int access_for(const struct probe *probe, const struct subject *subject)
{
	if (probe->does & WRITES_ONLY_FD)
		return O_WRONLY;
	return probe->does & READS_ONLY_FD || subject->traits & READ_ONLY ? O_RDONLY : O_RDWR;
}

static _Noreturn void ask(const struct probe *probe, const struct subject *subject)
{
	static const struct rlimit no_core;
	struct target target;

	setpgid(0, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	alarm(PROBE_SECONDS);
	if (open_target(subject, &target, access_for(probe, subject)))
		answer_refused();
	probe->ask(&target);
	_exit(0);
}

void ask_probe(const struct probe *probe, const struct subject *subject, struct outcome *outcome)
{
	pid_t child;
	int status;

	if (!told)
		told = mmap(NULL, sizeof(*told), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		abort();
	*told = (struct outcome){ .word = "?" };
	fflush(NULL);
	child = fork();
	if (!child)
		ask(probe, subject);
	if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status))
		strcpy(told->word, signal_name(WTERMSIG(status)));
	/* Whomever the probe has left behind. */
	if (child > 0)
		kill(-child, SIGKILL);
	*outcome = *told;
}

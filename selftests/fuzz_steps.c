// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of steps. Each has its arguments, which it draws knowing the state
 * but carries out in any, and a function that does it, asks the model, and
 * compares: the errno or value, the signal, the bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_abi.h"

#define ACCESS_MAX	16	/* bytes of one load or store */
#define DEPTH_MAX	2	/* children of children */

const struct advice advices[] = {
	{ "normal", MADV_NORMAL }, { "random", MADV_RANDOM },
	{ "sequential", MADV_SEQUENTIAL }, { "willneed", MADV_WILLNEED },
	{ "dontneed", MADV_DONTNEED }, { "dontneed_locked", MADV_DONTNEED_LOCKED },
	{ "free", MADV_FREE }, { "remove", MADV_REMOVE },
	{ "dontfork", MADV_DONTFORK }, { "dofork", MADV_DOFORK },
	{ "wipeonfork", MADV_WIPEONFORK }, { "keeponfork", MADV_KEEPONFORK },
	{ "dontdump", MADV_DONTDUMP }, { "dodump", MADV_DODUMP },
	{ "mergeable", MADV_MERGEABLE }, { "unmergeable", MADV_UNMERGEABLE },
	{ "hugepage", MADV_HUGEPAGE }, { "nohugepage", MADV_NOHUGEPAGE },
	{ "cold", MADV_COLD }, { "pageout", MADV_PAGEOUT },
	{ "populate_read", MADV_POPULATE_READ }, { "populate_write", MADV_POPULATE_WRITE },
	{ "collapse", MADV_COLLAPSE },
};

const unsigned int nr_advices = ARRAY_SIZE(advices);

/* How the words of the list translate. */
static const int open_modes[] = { O_RDWR, O_RDONLY, O_WRONLY };
static const char *const mode_words[] = { "rdwr", "rdonly", "wronly", NULL };
static const char *const prot_words[] = {
	"none", "r", "w", "rw", "x", "rx", "wx", "rwx", NULL
};

static const char *const map_words[] = {
	"private", "private,populate", "private,locked", "private,noreserve",
	"shared", "shared,populate", "shared,locked", "shared,noreserve", NULL
};

static const char *const remap_words[] = { "move", "stay", "keep", "duplicate", NULL };
static const char *const lock_words[] = { "lock", "onfault", "unlock", NULL };
static const char *const msync_words[] = { "async", "sync", "invalidate", NULL };
static const char *const read_words[] = { "pread", "read", NULL };
static const char *const way_words[] = { "out", "in", NULL };
static const char *const switch_words[] = { "no", "yes", NULL };
static const char *strategy_words[16];
static const char *advice_words[32];

static const struct words vocabulary[] = {
	{ "mode", mode_words }, { "prot", prot_words }, { "flags", map_words },
	{ "how", remap_words }, { "lock", lock_words }, { "sync", msync_words },
	{ "by", read_words }, { "way", way_words }, { "disable", switch_words },
	{ "strategy", strategy_words }, { "advice", advice_words },
};

/* The words that an argument may be, in the order of its values, or NULL. */
const char *const *words_of(const char *arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vocabulary); i++)
		if (!strcmp(vocabulary[i].name, arg))
			return vocabulary[i].words;
	return NULL;
}

/* Drawing. */

__u32 draw_below(struct walk *w, __u32 n)
{
	__u64 x = (w->track->rng += 0x9e3779b97f4a7c15ULL);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (__u32)((x ^ x >> 31) >> 32) % n;
}

/* Around 0, the end, and where one PMD ends and the next begins. */
static int draw_page(struct walk *w, int n)
{
	int page;

	if (!facts.huge)
		return draw_below(w, n);
	page = draw_below(w, n / facts.huge + 1) * facts.huge + draw_below(w, 12) - 4;
	return page < 0 ? 0 : page < n ? page : n - 1;
}

static int draw_slot(struct walk *w)
{
	int slot = 0;
	int tries;

	for (tries = 0; tries < 6; tries++) {
		slot = draw_page(w, facts.slots);
		if (w->slots[slot].mapped)
			break;
	}
	return slot;
}

static int draw_pages(struct walk *w)
{
	if (facts.huge && !draw_below(w, 4))
		return facts.huge + draw_below(w, 3) - 1;
	return draw_below(w, 4) ? 1 + draw_below(w, 4) : 1 + draw_below(w, 16);
}

/* Part of our lane, often at one of its ends. */
static int draw_at(struct walk *w)
{
	switch (draw_below(w, 4)) {
	case 0:
		return 0;
	case 1:
		return w->width - 1 - draw_below(w, 8);
	default:
		return draw_below(w, w->width);
	}
}

static void draw_access(struct walk *w, __s32 *arg)
{
	arg[0] = draw_slot(w);
	arg[1] = draw_at(w);
	arg[2] = 1 + draw_below(w, ACCESS_MAX);
	arg[3] = draw_below(w, 256);
}

static void draw_range(struct walk *w, __s32 *arg)
{
	arg[0] = draw_slot(w);
	arg[1] = draw_pages(w);
}

/* Arguments as a list gives them: made to fit, so that any list can be run. */

struct range {
	int	first;
	int	n;
};

static int fit(int value, int n)
{
	return value < 0 ? 0 : value < n ? value : n - 1;
}

static struct range fit_range(const __s32 *arg)
{
	struct range r = { fit(arg[0], facts.slots), 0 };

	r.n = 1 + fit(arg[1] - 1, facts.slots - r.first);
	return r;
}

struct access {
	int	slot;
	size_t	at;		/* in the page */
	size_t	len;
};

static struct access fit_access(const struct walk *w, const __s32 *arg)
{
	struct access a = { .slot = fit(arg[0], facts.slots) };
	size_t at = fit(arg[1], w->width);

	a.at = w->lane + at;
	a.len = 1 + fit(arg[2] - 1, ACCESS_MAX);
	if (a.len > w->width - at)
		a.len = w->width - at;
	return a;
}

static void fill(unsigned char *bytes, size_t n, int seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		bytes[i] = seed + 7 * i;
}

/* Comparing. */

bool differs(struct walk *w, const char *format, ...)
{
	va_list args;

	if (w->track->failed)
		return false;
	va_start(args, format);
	vsnprintf(w->track->why, sizeof(w->track->why), format, args);
	va_end(args);
	w->track->failed = true;
	return false;
}

static const char *error_name(int err)
{
	return err ? strerror(err) : "success";
}

static bool same_errno(struct walk *w, const char *what, int expected, int seen)
{
	return expected == seen ||
	       differs(w, "%s: expected %s, got %s", what, error_name(expected), error_name(seen));
}

static bool same_value(struct walk *w, const char *what, long expected, long seen)
{
	return expected == seen ||
	       differs(w, "%s: expected %ld, got %ld (%s)", what, expected, seen,
		       seen < 0 ? strerror(-seen) : "no error");
}

static bool same_bytes(struct walk *w, const char *what, const unsigned char *expected,
		       const unsigned char *seen, size_t n)
{
	size_t i;

	if (!memcmp(expected, seen, n))
		return true;
	for (i = 0; expected[i] == seen[i]; i++)
		;
	return differs(w, "%s: byte %zu of %zu: expected %02x, got %02x", what, i, n,
		       expected[i], seen[i]);
}

/* A call's value, or its errno as a negative number. */
static long result(long value)
{
	return value < 0 ? -errno : value;
}

/* Signals: one access at a time may die, and says how. */

static __thread sigjmp_buf probe_env;
static __thread volatile bool probing;
static __thread volatile int probe_signal;
static __thread void *volatile probe_address;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!probing)
		_exit(100 + sig);
	probe_signal = sig;
	probe_address = info->si_addr;
	siglongjmp(probe_env, 1);
}

__attribute__((noinline))
static void copy_bytes(unsigned char *to, const unsigned char *from, size_t n)
{
	volatile unsigned char *t = to;
	const volatile unsigned char *f = from;

	while (n--)
		*t++ = *f++;
}

/* The signal that one of the copies ends in, or 0. */
static int probe(unsigned char *to, const unsigned char *from, size_t n)
{
	probe_signal = 0;
	probing = true;
	if (!sigsetjmp(probe_env, 0))
		copy_bytes(to, from, n);
	probing = false;
	return probe_signal;
}

static const char *signal_name(int sig)
{
	return sig == SIGSEGV ? "SIGSEGV" : sig == SIGBUS ? "SIGBUS" : "no signal";
}

static bool same_signal(struct walk *w, const char *what, int slot, int expected, int seen)
{
	unsigned char *page = slot_address(w, slot);

	if (expected != seen)
		return differs(w, "%s slot %d: expected %s, got %s", what, slot,
			       signal_name(expected), signal_name(seen));
	if (seen && ((unsigned char *)probe_address < page ||
		     (unsigned char *)probe_address >= page + facts.page))
		return differs(w, "%s slot %d: the signal names another page", what, slot);
	return true;
}

/* What /proc/self/maps says of the arena must be what the model says. */

static bool same_vma(struct walk *w, int slot, const char *perms, unsigned long long offset)
{
	const struct slot *s = &w->slots[slot];
	char expected[] = {
		s->prot & PROT_READ ? 'r' : '-', s->prot & PROT_WRITE ? 'w' : '-',
		s->prot & PROT_EXEC ? 'x' : '-', s->mayshare ? 's' : 'p', 0
	};

	if (!s->mapped)
		return differs(w, "maps: slot %d is mapped %s, expected a hole", slot, perms);
	if (strcmp(perms, expected))
		return differs(w, "maps: slot %d is %s, expected %s", slot, perms, expected);
	/* A private mapping of frames has its frame number in vm_pgoff. */
	if (s->can & IS_PFNMAP && !s->shared && s->maywrite)
		return true;
	if (offset != (unsigned long long)s->pgoff * facts.page)
		return differs(w, "maps: slot %d shows page %llu, expected %d", slot,
			       offset / facts.page, s->pgoff);
	return true;
}

static bool read_vma(struct walk *w, const char *line)
{
	unsigned long start, end, base = (unsigned long)w->arena;
	unsigned long long offset;
	char *at, perms[5] = "";
	int i, first, last;

	start = strtoul(line, &at, 16);
	end = strtoul(at + 1, &at, 16);
	if (end <= base || start >= base + facts.slots * facts.page)
		return true;
	memcpy(perms, at + 1, 4);
	offset = strtoull(at + 6, NULL, 16);
	first = (start - base) / facts.page;
	last = (end - base) / facts.page;
	for (i = first; i < last; i++) {
		if (!same_vma(w, i, perms, offset + (i - first) * facts.page))
			return false;
		w->vma_end[i] = last;
	}
	return true;
}

/* One read() of this file stops at a page: a text is collected, then cut. */
static bool read_layout(struct walk *w)
{
	static __thread char text[1 << 16];
	size_t len = 0;
	char *line, *end;
	ssize_t n;
	int fd, i;

	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	memset(w->vma_end, 0, facts.slots * sizeof(*w->vma_end));
	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			return differs(w, "maps: %zu bytes are too many", len);
		*end = 0;
		if (!read_vma(w, line))
			return false;
	}
	for (i = 0; i < facts.slots; i++)
		if (w->slots[i].mapped && !w->vma_end[i])
			return differs(w, "maps: slot %d is a hole, expected a mapping", i);
	return true;
}

static void draw_nothing(struct walk *w, __s32 *arg)
{
	(void)w;
	(void)arg;
}

static bool run_layout(struct walk *w, const __s32 *arg)
{
	(void)arg;
	return read_layout(w);
}

/* Files. */

static void draw_open(struct walk *w, __s32 *arg)
{
	arg[0] = draw_below(w, FDS);
	arg[1] = w->only >= 0 ? w->only : draw_below(w, 2) ? 0 : (int)draw_below(w, nr_strategies);
	arg[2] = draw_below(w, 8);
	arg[2] = arg[2] < 5 ? 0 : arg[2] < 7 ? 1 : 2;
}

static bool run_close(struct walk *w, const __s32 *arg)
{
	int fd = fit(arg[0], FDS);
	int expected = w->fd[fd] < 0 ? EBADF : 0;
	int seen = close(w->fd[fd]) ? errno : 0;

	w->fd[fd] = -1;
	return same_errno(w, "close", expected, seen);
}

static bool run_open(struct walk *w, const __s32 *arg)
{
	int fd = fit(arg[0], FDS);

	if (w->fd[fd] >= 0)
		close(w->fd[fd]);
	w->fd_strategy[fd] = fit(arg[1], nr_strategies);
	w->fd_mode[fd] = open_modes[fit(arg[2], 3)];
	w->fd[fd] = open(strategies[w->fd_strategy[fd]].node, w->fd_mode[fd] | O_CLOEXEC);
	return w->fd[fd] >= 0 || same_errno(w, "open", 0, errno);
}

static void draw_fd(struct walk *w, __s32 *arg)
{
	arg[0] = draw_below(w, FDS);
}

static int draw_pgoff(struct walk *w)
{
	return draw_below(w, 12) ? draw_page(w, facts.npages) :
	       facts.npages - 1 + (int)draw_below(w, 4);
}

/* read() of any range, by pread() or at the file's own position. */
static void draw_read(struct walk *w, __s32 *arg)
{
	draw_fd(w, arg);
	arg[1] = draw_pgoff(w);
	arg[2] = draw_below(w, facts.page);
	arg[3] = draw_below(w, 8) ? 1 + draw_below(w, 64) : draw_below(w, 3 * facts.page);
	arg[4] = draw_below(w, 2);
}

/* Only our lane of what was read is ours to judge. */
static bool same_lanes(struct walk *w, const char *what, const unsigned char *expected,
		       const unsigned char *seen, size_t offset, size_t n)
{
	size_t i, end, next;

	for (i = 0; i < n; i = next) {
		size_t in_page = (offset + i) % facts.page;

		if (in_page < w->lane) {
			next = i + w->lane - in_page;
			continue;
		}
		next = i + facts.page - in_page;
		if (in_page >= w->lane + w->width)
			continue;
		end = i + w->lane + w->width - in_page;
		if (end > n)
			end = n;
		if (!same_bytes(w, what, expected + i, seen + i, end - i))
			return false;
	}
	return true;
}

static bool run_read(struct walk *w, const __s32 *arg)
{
	size_t size = (size_t)facts.npages * facts.page;
	size_t at = (size_t)fit(arg[1], facts.npages + 8) * facts.page + fit(arg[2], facts.page);
	size_t len = fit(arg[3], 4 * facts.page);
	size_t left = at < size ? size - at : 0;
	long expected = len < left ? len : left;
	int fd = fit(arg[0], FDS);
	long seen;

	if (w->fd[fd] < 0 || w->fd_mode[fd] == O_WRONLY)
		expected = -EBADF;
	if (fit(arg[4], 2)) {
		if (w->fd[fd] >= 0 && at <= size &&
		    !same_value(w, "lseek", at, result(lseek(w->fd[fd], at, SEEK_SET))))
			return false;
		if (w->fd[fd] >= 0 && at > size)
			return same_value(w, "lseek", -EINVAL,
					  result(lseek(w->fd[fd], at, SEEK_SET)));
		seen = result(read(w->fd[fd], w->scratch, len));
	} else {
		seen = result(pread(w->fd[fd], w->scratch, len, at));
	}
	if (!same_value(w, "read", expected, seen))
		return false;
	return expected <= 0 || same_lanes(w, "read", w->device + at, w->scratch, at, expected);
}

/* write() into our lane; the last lane reaches over the end of the device. */
static void draw_write(struct walk *w, __s32 *arg)
{
	draw_fd(w, arg);
	arg[1] = draw_pgoff(w);
	arg[2] = draw_at(w);
	arg[3] = draw_below(w, 8) ? 1 + draw_below(w, 32) : draw_below(w, w->width);
	arg[4] = draw_below(w, 256);
}

static bool run_write(struct walk *w, const __s32 *arg)
{
	int page = fit(arg[1], facts.npages + 8);
	size_t in_lane = fit(arg[2], w->width);
	size_t at = (size_t)page * facts.page + w->lane + in_lane;
	size_t len = fit(arg[3], facts.page + 1);
	size_t room = w->width - in_lane;
	int fd = fit(arg[0], FDS);
	long expected, seen;

	expected = len < room ? len : room;
	if (page < facts.npages - 1 || w->lane + w->width < facts.page)
		len = expected;
	if (page >= facts.npages)
		expected = len ? -ENOSPC : 0;
	if (w->fd[fd] < 0 || w->fd_mode[fd] == O_RDONLY)
		expected = -EBADF;

	fill(w->scratch, len, arg[4]);
	seen = result(pwrite(w->fd[fd], w->scratch, len, at));
	if (expected > 0)
		memcpy(w->device + at, w->scratch, expected);
	return same_value(w, "write", expected, seen);
}

/* The whole device by read(): nothing that nobody wrote has changed. */
static bool run_device(struct walk *w, const __s32 *arg)
{
	size_t size = (size_t)facts.npages * facts.page;
	int fd = open(strategies[0].node, O_RDONLY | O_CLOEXEC);
	long seen = result(read(fd, w->scratch, size));

	(void)arg;
	close(fd);
	return same_value(w, "device", size, seen) &&
	       same_lanes(w, "device", w->device, w->scratch, 0, size);
}

/* Mapping. */

static void draw_mmap(struct walk *w, __s32 *arg)
{
	static const int prots[] = { 3, 3, 3, 3, 1, 1, 1, 2, 0, 4, 5, 7 };
	int free_slot, tries;

	arg[0] = draw_below(w, FDS);
	arg[1] = draw_page(w, facts.slots);
	for (tries = 0; tries < 4 && w->slots[arg[1]].mapped; tries++) {
		free_slot = draw_page(w, facts.slots);
		if (!w->slots[free_slot].mapped)
			arg[1] = free_slot;
	}
	arg[2] = draw_pages(w);
	arg[3] = draw_pgoff(w);
	if (facts.huge && draw_below(w, 2))
		arg[3] = arg[1] % facts.npages;
	arg[4] = prots[draw_below(w, ARRAY_SIZE(prots))];
	arg[5] = draw_below(w, 2) * 4 + (draw_below(w, 3) ? 0 : draw_below(w, 4));
}

/* Where a page that can be written cannot be read, the model has no word for it. */
static int fit_prot(__s32 arg)
{
	int prot = fit(arg, 8);

	return facts.write_hides && prot & PROT_WRITE ? prot | PROT_READ : prot;
}

static bool run_mmap(struct walk *w, const __s32 *arg)
{
	static const int extras[] = { 0, MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE };
	struct range r = fit_range(arg + 1);
	int pgoff = fit(arg[3], facts.npages + 8);
	int prot = fit_prot(arg[4]);
	int kind = fit(arg[5], 8);
	bool shared = kind & 4;
	int extra = extras[kind & 3];
	int fd = fit(arg[0], FDS);
	unsigned char *at = slot_address(w, r.first);
	int expected, seen;

	expected = model_mmap(w, fd, r.first, r.n, pgoff, prot, shared, extra == MAP_LOCKED,
			      extra == MAP_POPULATE);
	extra |= MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);
	seen = mmap(at, r.n * facts.page, prot, extra, w->fd[fd],
		    (off_t)pgoff * facts.page) == at ? 0 : errno;
	return same_errno(w, "mmap", expected, seen);
}

static bool run_munmap(struct walk *w, const __s32 *arg)
{
	struct range r = fit_range(arg);
	int seen = munmap(slot_address(w, r.first), r.n * facts.page) ? errno : 0;

	model_unmap(w, r.first, r.n);
	return same_errno(w, "munmap", 0, seen);
}

static void draw_mprotect(struct walk *w, __s32 *arg)
{
	static const int prots[] = { 3, 3, 3, 1, 1, 2, 0, 4, 7 };

	draw_range(w, arg);
	arg[2] = prots[draw_below(w, ARRAY_SIZE(prots))];
}

/*
 * MIPS forgets of a frame that it is not to be counted as a page: pte_modify() in
 * its asm/pgtable.h drops _PAGE_SPECIAL in 6.1 (not in 7.3). "Bad page map" follows.
 */
static bool breaks_frames(const struct walk *w, struct range r)
{
#ifdef __mips__
	int i;

	for (i = r.first; i < r.first + r.n; i++)
		if (w->slots[i].mapped && w->slots[i].can & IS_PFNMAP)
			return true;
#else
	(void)w;
	(void)r;
#endif
	return false;
}

static bool run_mprotect(struct walk *w, const __s32 *arg)
{
	struct range r = fit_range(arg);
	int prot = fit_prot(arg[2]);
	int expected, seen;

	if (breaks_frames(w, r))
		return true;
	expected = model_mprotect(w, r.first, r.n, prot);
	seen = mprotect(slot_address(w, r.first), r.n * facts.page, prot) ? errno : 0;
	return same_errno(w, "mprotect", expected, seen);
}

/* The pages of the mapping at a slot, as far as the model sees them connected. */
static int run_of(const struct walk *w, int slot)
{
	int n = 1;

	while (slot + n < facts.slots && w->slots[slot + n].mapped && n < 16)
		n++;
	return n;
}

static void draw_mremap(struct walk *w, __s32 *arg)
{
	arg[0] = draw_slot(w);
	arg[1] = draw_below(w, 3) ? 1 + (int)draw_below(w, run_of(w, arg[0])) : draw_pages(w);
	arg[2] = draw_page(w, facts.slots);
	arg[3] = draw_below(w, 2) ? arg[1] : draw_pages(w);
	arg[4] = draw_below(w, 8);
	arg[4] = arg[4] < 4 ? REMAP_MOVE : arg[4] < 6 ? REMAP_STAY : arg[4] == 6 ? REMAP_KEEP :
		 REMAP_DUPLICATE;
	if (facts.huge && draw_below(w, 2))
		arg[2] = arg[2] / facts.huge * facts.huge + arg[0] % facts.huge;
}

static bool run_mremap(struct walk *w, const __s32 *arg)
{
	struct range from = fit_range(arg), to = fit_range(arg + 2);
	enum remap how = fit(arg[4], 4);
	int flags = how == REMAP_STAY ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED;
	int expected, seen;
	unsigned char *at;

	if (how == REMAP_STAY) {
		to.first = from.first;
		to.n = 1 + fit(arg[3] - 1, facts.slots - from.first);
	} else if (how == REMAP_KEEP) {
		flags |= MREMAP_DONTUNMAP;
		from.n = from.n < to.n ? from.n : to.n;
		to.n = from.n;
	} else if (how == REMAP_DUPLICATE) {
		from.n = 0;
	}

	/* One page is one VMA's; for more it takes the kernel to say. */
	w->vma_end[from.first] = from.first + 1;
	if ((from.n > 1 || how == REMAP_STAY || how == REMAP_KEEP) && !read_layout(w))
		return false;
	expected = model_mremap(w, from.first, from.n, to.first, to.n, how);
	at = mremap(slot_address(w, from.first), from.n * facts.page, to.n * facts.page, flags,
		    slot_address(w, to.first));
	seen = at == slot_address(w, to.first) ? 0 : errno;
	if (expected < 0)
		return seen == EINVAL || same_errno(w, "mremap", EFAULT, seen);
	return same_errno(w, "mremap", expected, seen);
}

static void draw_madvise(struct walk *w, __s32 *arg)
{
	draw_range(w, arg);
	arg[2] = draw_below(w, 3) ? (int)draw_below(w, nr_advices) : 4;
}

static bool run_madvise(struct walk *w, const __s32 *arg)
{
	struct range r = fit_range(arg);
	int which = fit(arg[2], nr_advices);
	int advice = advices[which].value;
	int expected = facts.advice[which] ? model_madvise(w, r.first, r.n, advice) : EINVAL;
	int seen = madvise(slot_address(w, r.first), r.n * facts.page, advice) ? errno : 0;

	return same_errno(w, advices[which].name, expected, seen);
}

static void draw_mlock(struct walk *w, __s32 *arg)
{
	draw_range(w, arg);
	arg[2] = draw_below(w, 4);
	arg[2] = arg[2] < 2 ? arg[2] : 2;
}

static bool run_mlock(struct walk *w, const __s32 *arg)
{
	struct range r = fit_range(arg);
	unsigned char *at = slot_address(w, r.first);
	size_t len = r.n * facts.page;
	int how = fit(arg[2], 3);
	int expected = model_mlock(w, r.first, r.n, how < 2, how == 1);
	int seen = how == 2 ? munlock(at, len) : mlock2(at, len, how ? MLOCK_ONFAULT : 0);

	return same_errno(w, "mlock", expected, seen ? errno : 0);
}

static void draw_msync(struct walk *w, __s32 *arg)
{
	draw_range(w, arg);
	arg[2] = draw_below(w, 3);
}

static bool run_msync(struct walk *w, const __s32 *arg)
{
	static const int flags[] = { MS_ASYNC, MS_SYNC, MS_SYNC | MS_INVALIDATE };
	struct range r = fit_range(arg);
	int how = flags[fit(arg[2], 3)];
	int seen = msync(slot_address(w, r.first), r.n * facts.page, how) ? errno : 0;

	return same_errno(w, "msync", model_msync(w, r.first, r.n, how), seen);
}

static bool run_mincore(struct walk *w, const __s32 *arg)
{
	struct range r = fit_range(arg);
	int seen = mincore(slot_address(w, r.first), r.n * facts.page, w->scratch) ? errno : 0;

	return same_errno(w, "mincore", model_mincore(w, r.first, r.n), seen);
}

/* Access: by the process itself, and by the kernel for it. */

static bool run_load(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	unsigned char seen[ACCESS_MAX];
	int sig;

	sig = probe(seen, slot_address(w, a.slot) + a.at, a.len);
	return same_signal(w, "load", a.slot, load_signal(w, a.slot), sig) &&
	       (sig || same_bytes(w, "load", slot_bytes(w, a.slot) + a.at, seen, a.len));
}

/* All of our lane. */
static bool run_look(struct walk *w, const __s32 *arg)
{
	int slot = fit(arg[0], facts.slots);
	unsigned char *at = slot_address(w, slot) + w->lane;
	unsigned char byte;
	int sig;

	sig = probe(&byte, at, 1);
	return same_signal(w, "look", slot, load_signal(w, slot), sig) &&
	       (sig || same_bytes(w, "look", slot_bytes(w, slot) + w->lane, at, w->width));
}

static bool run_store(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	unsigned char bytes[ACCESS_MAX];
	int sig, expected = store_signal(w, a.slot);

	fill(bytes, a.len, arg[3]);
	if (!expected) {
		model_store(w, a.slot);
		memcpy(slot_bytes(w, a.slot) + a.at, bytes, a.len);
	}
	sig = probe(slot_address(w, a.slot) + a.at, bytes, a.len);
	return same_signal(w, "store", a.slot, expected, sig);
}

static bool run_vm_read(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	unsigned char bytes[ACCESS_MAX];
	struct iovec local = { bytes, a.len };
	struct iovec remote = { slot_address(w, a.slot) + a.at, a.len };
	bool lives = gup_allowed(w, a.slot, false, false) && !load_signal(w, a.slot);
	long seen = result(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));

	return same_value(w, "process_vm_readv", lives ? (long)a.len : -EFAULT, seen) &&
	       (!lives || same_bytes(w, "process_vm_readv", slot_bytes(w, a.slot) + a.at, bytes,
				     a.len));
}

static bool run_vm_write(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	unsigned char bytes[ACCESS_MAX];
	struct iovec local = { bytes, a.len };
	struct iovec remote = { slot_address(w, a.slot) + a.at, a.len };
	bool lives = gup_allowed(w, a.slot, true, false) && model_store(w, a.slot);

	fill(bytes, a.len, arg[3]);
	if (lives)
		memcpy(slot_bytes(w, a.slot) + a.at, bytes, a.len);
	return same_value(w, "process_vm_writev", lives ? (long)a.len : -EFAULT,
			  result(process_vm_writev(getpid(), &local, 1, &remote, 1, 0)));
}

/* As a debugger reads: protection does not count, but to share does. */
static bool run_mem_read(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	bool lives = gup_allowed(w, a.slot, false, facts.mem_forces);
	unsigned char *at = slot_address(w, a.slot) + a.at;
	unsigned char bytes[ACCESS_MAX];
	struct slot *s = &w->slots[a.slot];

	lives = lives && (s->copied || (!s->dead && s->pgoff < facts.npages));
	return same_value(w, "read of mem", lives ? (long)a.len : -EIO,
			  result(pread(w->mem, bytes, a.len, (uintptr_t)at))) &&
	       (!lives || same_bytes(w, "read of mem", slot_bytes(w, a.slot) + a.at, bytes, a.len));
}

static bool run_mem_write(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	unsigned char *at = slot_address(w, a.slot) + a.at;
	bool lives = gup_allowed(w, a.slot, true, facts.mem_forces) && model_store(w, a.slot);
	unsigned char bytes[ACCESS_MAX];

	fill(bytes, a.len, arg[3]);
	if (lives)
		memcpy(slot_bytes(w, a.slot) + a.at, bytes, a.len);
	return same_value(w, "write of mem", lives ? (long)a.len : -EIO,
			  result(pwrite(w->mem, bytes, a.len, (uintptr_t)at)));
}

/* The device's own read() and write(), from and to a mapping of the device. */
static void draw_loop(struct walk *w, __s32 *arg)
{
	draw_access(w, arg);
	draw_fd(w, arg + 3);
	arg[4] = draw_page(w, facts.npages);
	arg[5] = draw_at(w);
}

struct loop {
	struct access	a;
	int		fd;
	size_t		at;	/* in the device */
	bool		defined;
};

/* Where both are the same bytes, what a copy does is nobody's promise. */
static struct loop fit_loop(const struct walk *w, const __s32 *arg)
{
	struct loop l = { .a = fit_access(w, arg), .fd = fit(arg[3], FDS), .defined = true };
	size_t in_lane = fit(arg[5], w->width);
	int page = fit(arg[4], facts.npages);
	const struct slot *s = &w->slots[l.a.slot];
	size_t apart;

	if (l.a.len > w->width - in_lane)
		l.a.len = w->width - in_lane;
	l.at = (size_t)page * facts.page + w->lane + in_lane;
	if (s->mapped && !s->copied && s->pgoff == page) {
		apart = l.a.at > w->lane + in_lane ? l.a.at - w->lane - in_lane :
						     w->lane + in_lane - l.a.at;
		l.defined = apart >= l.a.len;
	}
	return l;
}

static bool run_read_into(struct walk *w, const __s32 *arg)
{
	struct loop l = fit_loop(w, arg);
	long expected = l.a.len;
	unsigned char *to = slot_address(w, l.a.slot) + l.a.at;

	if (!l.defined)
		return true;
	if (w->fd[l.fd] < 0 || w->fd_mode[l.fd] == O_WRONLY)
		expected = -EBADF;
	else if (store_signal(w, l.a.slot))
		expected = -EFAULT;
	if (expected > 0) {
		model_store(w, l.a.slot);
		memmove(slot_bytes(w, l.a.slot) + l.a.at, w->device + l.at, l.a.len);
	}
	return same_value(w, "read into the mapping", expected,
			  result(pread(w->fd[l.fd], to, l.a.len, l.at)));
}

static bool run_write_from(struct walk *w, const __s32 *arg)
{
	struct loop l = fit_loop(w, arg);
	long expected = l.a.len;
	unsigned char *from = slot_address(w, l.a.slot) + l.a.at;

	if (!l.defined)
		return true;
	if (w->fd[l.fd] < 0 || w->fd_mode[l.fd] == O_RDONLY)
		expected = -EBADF;
	else if (load_signal(w, l.a.slot))
		expected = -EFAULT;
	if (expected > 0)
		memmove(w->device + l.at, slot_bytes(w, l.a.slot) + l.a.at, l.a.len);
	return same_value(w, "write from the mapping", expected,
			  result(pwrite(w->fd[l.fd], from, l.a.len, l.at)));
}

/*
 * Pipes. vmsplice() puts pages of a mapping into one: a page of the device shows
 * there what is written to it later, wherever it is mapped by then.
 */

static bool run_drain(struct walk *w, const __s32 *arg)
{
	unsigned char bytes[ACCESS_MAX];
	int i, n = w->nr_pieces;

	(void)arg;
	w->nr_pieces = 0;
	for (i = 0; i < n; i++) {
		const struct piece *p = &w->pieces[i];

		if (!same_value(w, "read of the pipe", p->len,
				result(read(w->pipe[0], bytes, p->len))) ||
		    !same_bytes(w, "read of the pipe",
				w->device + (size_t)p->pgoff * facts.page + p->at, bytes, p->len))
			return false;
	}
	return true;
}

/* What a pipe shows of a private copy after a write or a fork is not defined. */
static bool read_copy_back(struct walk *w, struct access a)
{
	unsigned char bytes[ACCESS_MAX];

	return same_value(w, "read of the pipe", a.len, result(read(w->pipe[0], bytes, a.len))) &&
	       same_bytes(w, "read of the pipe", slot_bytes(w, a.slot) + a.at, bytes, a.len);
}

/*
 * vmsplice() takes a page that the page table has (get_user_pages_fast()), and
 * checks the flags of the VMA only if there is none.
 */
static bool pinned_by_chance(const struct slot *s)
{
	return (s->prot & PROT_WRITE && !(s->prot & PROT_READ)) ||
	       (s->can & IS_PFNMAP && s->copied);
}

static bool run_vmsplice(struct walk *w, const __s32 *arg)
{
	struct access a = fit_access(w, arg);
	struct iovec iov = { slot_address(w, a.slot) + a.at, a.len };
	bool lives = gup_allowed(w, a.slot, false, false) && !load_signal(w, a.slot);
	const struct slot *s = &w->slots[a.slot];

	if (pinned_by_chance(s))
		return true;
	if ((s->copied || w->nr_pieces == PIECES) && !run_drain(w, arg))
		return false;
	if (!same_value(w, "vmsplice", lives ? (long)a.len : -EFAULT,
			result(vmsplice(w->pipe[1], &iov, 1, 0))))
		return false;
	if (!lives)
		return true;
	if (s->copied)
		return read_copy_back(w, a);
	w->pieces[w->nr_pieces++] = (struct piece){ s->pgoff, a.at, a.len };
	return true;
}

/* A range of the device that splice() and sendfile() move out of it or into it. */
struct move {
	int	fd;
	size_t	at;		/* in the device */
	size_t	len;		/* asked for */
	long	expected;
};

/* Both ways the range is a part of our lane; the last lane reaches over the end. */
static void draw_way(struct walk *w, __s32 *arg)
{
	draw_fd(w, arg);
	arg[1] = draw_pgoff(w);
	arg[2] = draw_at(w);
	arg[3] = draw_below(w, 8) ? 1 + draw_below(w, 32) : 1 + draw_below(w, w->width);
	arg[4] = draw_below(w, 256);
	arg[5] = draw_below(w, 2);
}

static struct move fit_move(const struct walk *w, const __s32 *arg, bool in)
{
	struct move m = { .fd = fit(arg[0], FDS) };
	int page = fit(arg[1], facts.npages + 8);
	size_t in_lane = fit(arg[2], w->width), room = w->width - in_lane;
	int other_mode = in ? O_RDONLY : O_WRONLY;

	m.at = (size_t)page * facts.page + w->lane + in_lane;
	m.len = 1 + fit(arg[3] - 1, facts.page);
	m.expected = m.len < room ? m.len : room;
	if (page < facts.npages - 1 || w->lane + w->width < facts.page)
		m.len = m.expected;
	if (page >= facts.npages)
		m.expected = in ? -ENOSPC : 0;
	if (w->fd[m.fd] < 0 || w->fd_mode[m.fd] == other_mode)
		m.expected = -EBADF;
	return m;
}

static bool splice_out(struct walk *w, const int *ends, const struct move *m)
{
	loff_t at = m->at;
	long seen = result(splice(w->fd[m->fd], &at, ends[1], NULL, m->len, 0));

	if (!same_value(w, "splice out", m->expected, seen) || seen <= 0)
		return !w->track->failed;
	return same_value(w, "read of the pipe", seen, result(read(ends[0], w->scratch, seen))) &&
	       same_bytes(w, "splice out", w->device + m->at, w->scratch, seen);
}

static bool splice_in(struct walk *w, const int *ends, const struct move *m)
{
	loff_t at = m->at;

	if (!same_value(w, "write to the pipe", m->len,
			result(write(ends[1], w->scratch, m->len))))
		return false;
	if (m->expected > 0)
		memcpy(w->device + m->at, w->scratch, m->expected);
	return same_value(w, "splice in", m->expected,
			  result(splice(ends[0], NULL, w->fd[m->fd], &at, m->len, 0)));
}

static bool run_splice(struct walk *w, const __s32 *arg)
{
	bool in = fit(arg[5], 2), same;
	struct move m = fit_move(w, arg, in);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return same_errno(w, "pipe", 0, errno);
	fill(w->scratch, m.len, arg[4]);
	same = in ? splice_in(w, ends, &m) : splice_out(w, ends, &m);
	close(ends[0]);
	close(ends[1]);
	return same;
}

static bool sendfile_out(struct walk *w, int file, const struct move *m)
{
	off_t at = m->at;
	long seen = result(sendfile(file, w->fd[m->fd], &at, m->len));

	if (!same_value(w, "sendfile out", m->expected, seen) || seen <= 0)
		return !w->track->failed;
	return same_value(w, "read of the file", seen, result(pread(file, w->scratch, seen, 0))) &&
	       same_bytes(w, "sendfile out", w->device + m->at, w->scratch, seen);
}

/* Into the device at its position, which can be at the end and not behind it. */
static bool sendfile_in(struct walk *w, int file, const struct move *m)
{
	size_t size = (size_t)facts.npages * facts.page;
	off_t at = 0;

	if (w->fd[m->fd] >= 0 && m->at > size)
		return same_value(w, "lseek", -EINVAL,
				  result(lseek(w->fd[m->fd], m->at, SEEK_SET)));
	if ((w->fd[m->fd] >= 0 &&
	     !same_value(w, "lseek", m->at, result(lseek(w->fd[m->fd], m->at, SEEK_SET)))) ||
	    !same_value(w, "write of the file", m->len, result(write(file, w->scratch, m->len))))
		return false;
	if (m->expected > 0)
		memcpy(w->device + m->at, w->scratch, m->expected);
	return same_value(w, "sendfile in", m->expected,
			  result(sendfile(w->fd[m->fd], file, &at, m->len)));
}

static bool run_sendfile(struct walk *w, const __s32 *arg)
{
	bool in = fit(arg[5], 2), same;
	struct move m = fit_move(w, arg, in);
	int file;

	if (!in && !facts.sends_devices)
		return true;
	file = memfd_create("fuzz", MFD_CLOEXEC);
	fill(w->scratch, m.len, arg[4]);
	same = in ? sendfile_in(w, file, &m) : sendfile_out(w, file, &m);
	close(file);
	return same;
}

/* Processes. */

static bool run_thp(struct walk *w, const __s32 *arg)
{
	return same_errno(w, "prctl", 0,
			  prctl(PR_SET_THP_DISABLE, fit(arg[0], 2), 0, 0, 0) ? errno : 0);
}

static void draw_switch(struct walk *w, __s32 *arg)
{
	arg[0] = draw_below(w, 2);
}

/* The child walks on until it joins or the walk ends; then its parent does. */
static bool run_fork(struct walk *w, const __s32 *arg)
{
	int expected, status;
	pid_t pid;

	(void)arg;
	if (w->depth >= DEPTH_MAX)
		return true;
	expected = model_may_fork(w);
	pid = fork();
	/* Another thread's lost frame fails our fork, too. */
	if (pid < 0 && errno == ENOMEM && w->crowded && facts.fork_loses_frames)
		return true;
	if (pid && (expected || pid < 0))
		return same_errno(w, "fork", expected, pid < 0 ? errno : 0);
	if (!pid) {
		w->depth++;
		w->nr_pieces = 0;
		close(w->pipe[0]);
		close(w->pipe[1]);
		if (pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK))
			_exit(92);
		close(w->mem);
		w->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
		model_fork(w);
		steps_run(w);
		_exit(w->track->failed);
	}
	if (waitpid(pid, &status, 0) != pid)
		return differs(w, "waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return !w->track->failed;
	return differs(w, "the child ended with status %#x", status);
}

static bool run_join(struct walk *w, const __s32 *arg)
{
	(void)arg;
	if (w->depth)
		_exit(0);
	return true;
}

const struct kind kinds[] = {
	{ "open", 12, { "fd", "strategy", "mode" }, draw_open, run_open },
	{ "close", 6, { "fd" }, draw_fd, run_close },
	{ "mmap", 90, { "fd", "slot", "pages", "pgoff", "prot", "flags" }, draw_mmap, run_mmap },
	{ "munmap", 40, { "slot", "pages" }, draw_range, run_munmap },
	{ "mprotect", 60, { "slot", "pages", "prot" }, draw_mprotect, run_mprotect },
	{ "mremap", 40, { "slot", "pages", "to", "size", "how" }, draw_mremap, run_mremap },
	{ "madvise", 70, { "slot", "pages", "advice" }, draw_madvise, run_madvise },
	{ "mlock", 30, { "slot", "pages", "lock" }, draw_mlock, run_mlock },
	{ "msync", 10, { "slot", "pages", "sync" }, draw_msync, run_msync },
	{ "mincore", 10, { "slot", "pages" }, draw_range, run_mincore },
	{ "load", 220, { "slot", "at", "len" }, draw_access, run_load },
	{ "store", 200, { "slot", "at", "len", "value" }, draw_access, run_store },
	{ "look", 30, { "slot" }, draw_access, run_look },
	{ "read", 60, { "fd", "page", "at", "len", "by" }, draw_read, run_read },
	{ "write", 50, { "fd", "page", "at", "len", "value" }, draw_write, run_write },
	{ "vm_read", 20, { "slot", "at", "len" }, draw_access, run_vm_read },
	{ "vm_write", 20, { "slot", "at", "len", "value" }, draw_access, run_vm_write },
	{ "mem_read", 12, { "slot", "at", "len" }, draw_access, run_mem_read },
	{ "mem_write", 12, { "slot", "at", "len", "value" }, draw_access, run_mem_write },
	{ "read_into", 12, { "slot", "at", "len", "fd", "page", "offset" }, draw_loop,
	  run_read_into },
	{ "write_from", 12, { "slot", "at", "len", "fd", "page", "offset" }, draw_loop,
	  run_write_from },
	{ "vmsplice", 20, { "slot", "at", "len" }, draw_access, run_vmsplice },
	{ "drain", 4, { NULL }, draw_nothing, run_drain },
	{ "splice", 20, { "fd", "page", "at", "len", "value", "way" }, draw_way, run_splice },
	{ "sendfile", 12, { "fd", "page", "at", "len", "value", "way" }, draw_way, run_sendfile },
	{ "layout", 4, { NULL }, draw_nothing, run_layout },
	{ "device", 1, { NULL }, draw_nothing, run_device },
	{ "thp", 1, { "disable" }, draw_switch, run_thp },
	{ "fork", 3, { NULL }, draw_nothing, run_fork },
	{ "join", 0, { NULL }, draw_nothing, run_join },
};

const unsigned int nr_kinds = ARRAY_SIZE(kinds);
static unsigned int weights;

/* A child's walk is short. */
static void draw_step(struct walk *w, struct step *step)
{
	unsigned int n;

	memset(step, 0, sizeof(*step));
	if (w->depth && !draw_below(w, 40)) {
		step->kind = nr_kinds - 1;
		return;
	}
	n = draw_below(w, weights);
	while (n >= kinds[step->kind].weight)
		n -= kinds[step->kind++].weight;
	kinds[step->kind].draw(w, step->arg);
}

/* Walks until the list ends, or a difference; a child, until it joins. */
bool steps_run(struct walk *w)
{
	struct track *track = w->track;
	struct step *step;

	while (track->at < track->limit && !track->failed) {
		step = &track->steps[track->at];
		if (!track->replay)
			draw_step(w, step);
		track->at++;
		if (w->trace)
			w->trace(step);
		kinds[step->kind].run(w, step->arg);
	}
	return !track->failed;
}

/* The end of a walk: every byte of every page, mapped or not. */
void steps_finish(struct walk *w)
{
	__s32 arg[STEP_ARGS] = { 0 };

	if (!run_layout(w, arg) || !run_drain(w, arg))
		return;
	for (arg[0] = 0; arg[0] < facts.slots; arg[0]++)
		if (!run_look(w, arg))
			return;
	run_device(w, arg);
}

void steps_init(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS };
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};
	unsigned int i;

	for (i = 0; i < nr_kinds; i++)
		weights += kinds[i].weight;
	for (i = 0; i < nr_strategies; i++)
		strategy_words[i] = strategies[i].name;
	for (i = 0; i < nr_advices; i++)
		advice_words[i] = advices[i].name;
	for (i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &action, NULL);
}

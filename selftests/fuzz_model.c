// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model: what the kernel is expected to do with a mapping of the device,
 * page by page. It knows no addresses and makes no system call, but for
 * facts_learn(), which asks this kernel on which side of a change it stands.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_abi.h"

/*
 * All that the model knows of strategies. VM_IO and VM_PFNMAP come together,
 * from remap_pfn_range(); vm_insert_page() brings VM_MIXEDMAP.
 */
const struct strategy strategies[] = {
	{ "fault",		 "/dev/maps0", CAN_REFAULT | CAN_GROW },
	{ "fault_around",	 "/dev/maps-fault_around", CAN_REFAULT | CAN_GROW | IS_SPECIAL },
	{ "remap_pfn_unchecked", "/dev/maps-remap_pfn_unchecked",
	  IS_SPECIAL | IS_PFNMAP | PRIVATE_DEAD },
	{ "remap_pfn",		 "/dev/maps-remap_pfn", IS_SPECIAL | IS_PFNMAP | PRIVATE_ONE },
	{ "remap_pfn_readonly",	 "/dev/maps-remap_pfn_readonly",
	  IS_SPECIAL | IS_PFNMAP | IS_READONLY },
	{ "remap_vmalloc",	 "/dev/maps-remap_vmalloc", IS_SPECIAL },
	{ "insert_page",	 "/dev/maps-insert_page", IS_SPECIAL | CAN_GROW },
	{ "insert_pages",	 "/dev/maps-insert_pages", IS_SPECIAL | CAN_GROW },
};

const unsigned int nr_strategies = ARRAY_SIZE(strategies);
struct facts facts;

unsigned char *slot_address(const struct walk *w, int slot)
{
	return w->arena + (size_t)slot * facts.page;
}

static unsigned char *copy_of(const struct walk *w, int slot)
{
	return w->copies + (size_t)slot * facts.page;
}

/* Is there a page, or will a fault find one? */
static bool backed(const struct slot *s)
{
	return s->copied || (!s->dead && s->pgoff < facts.npages);
}

/* What a load from the slot sees; only where load_signal() says it lives. */
unsigned char *slot_bytes(const struct walk *w, int slot)
{
	const struct slot *s = &w->slots[slot];

	return s->copied ? copy_of(w, slot) : w->device + (size_t)s->pgoff * facts.page;
}

/* No machine has pages that can be written and not read. */
int load_signal(const struct walk *w, int slot)
{
	const struct slot *s = &w->slots[slot];

	if (!s->mapped || !s->prot)
		return SIGSEGV;
	return backed(s) ? 0 : SIGBUS;
}

int store_signal(const struct walk *w, int slot)
{
	const struct slot *s = &w->slots[slot];

	if (!s->mapped || !(s->prot & PROT_WRITE))
		return SIGSEGV;
	return backed(s) ? 0 : SIGBUS;
}

/* The core breaks copy-on-write: false where there is nothing to copy. */
bool model_store(struct walk *w, int slot)
{
	struct slot *s = &w->slots[slot];

	if (!backed(s))
		return false;
	if (!s->shared && !s->copied) {
		memcpy(copy_of(w, slot), slot_bytes(w, slot), facts.page);
		s->copied = true;
	}
	return true;
}

/* May get_user_pages() have the page, as check_vma_flags() in mm/gup.c says? */
bool gup_allowed(const struct walk *w, int slot, bool write, bool force)
{
	const struct slot *s = &w->slots[slot];

	if (!s->mapped || s->can & IS_PFNMAP)
		return false;
	if (write)
		return s->prot & PROT_WRITE || (force && !s->shared && s->maywrite);
	return s->prot & PROT_READ || force;
}

void model_unmap(struct walk *w, int first, int n)
{
	memset(w->slots + first, 0, n * sizeof(*w->slots));
}

/*
 * x86 looks for the frame of a private mapping where its copy is by now, "out
 * of luck" (get_pat_info() in arch/x86/mm/pat/memtype.c), until 6.15.
 */
static bool fork_lost_frame(const struct slot *s)
{
	return facts.fork_loses_frames && s->can & IS_PFNMAP && s->copied && !s->dontfork;
}

/* The errno of fork(). */
int model_may_fork(const struct walk *w)
{
	int i;

	for (i = 0; i < facts.slots; i++)
		if (fork_lost_frame(&w->slots[i]))
			return ENOMEM;
	return 0;
}

/* What a child does not inherit. */
void model_fork(struct walk *w)
{
	int i;

	for (i = 0; i < facts.slots; i++) {
		if (w->slots[i].dontfork)
			model_unmap(w, i, 1);
		w->slots[i].locked = false;
		w->slots[i].onfault = false;
	}
}

/* One page of __mm_populate(): the errno, 0 when there is no more to do. */
static int populate_one(struct walk *w, int slot)
{
	struct slot *s = &w->slots[slot];

	if (s->can & IS_PFNMAP || (s->onfault && !facts.onfault_wants_access))
		return 0;
	if (s->onfault && s->prot)
		return 0;
	if (!s->prot || !backed(s))
		return EFAULT;
	if (!s->shared && s->prot & PROT_WRITE)
		model_store(w, slot);
	return 0;
}

static int populate(struct walk *w, int first, int n)
{
	int err = 0;
	int i;

	for (i = first; i < first + n && !err; i++)
		err = populate_one(w, i);
	return err;
}

/* Errors that do_mmap() finds before it unmaps what was there. */
static int mmap_refused_early(const struct walk *w, int fd, int prot, bool shared)
{
	if (w->fd[fd] < 0)
		return EBADF;
	if (shared && prot & PROT_WRITE && w->fd_mode[fd] == O_RDONLY)
		return EACCES;
	if (w->fd_mode[fd] == O_WRONLY)
		return EACCES;
	return prot & PROT_EXEC && facts.noexec ? EPERM : 0;
}

/* Errors of the driver, which come when the old mapping is gone. */
static int mmap_refused_late(unsigned int can, int n, int pgoff, int prot, bool cow)
{
	if (pgoff >= facts.npages || n > facts.npages - pgoff)
		return EINVAL;
	if (prot & PROT_EXEC)
		return EPERM;
	if (can & IS_READONLY && prot & PROT_WRITE)
		return EACCES;
	return can & PRIVATE_ONE && cow && n > 1 ? EINVAL : 0;
}

/* What a VMA may be used for, when asked for @prot. */
static int effective_prot(int prot)
{
	return prot & PROT_WRITE && facts.write_gives_read ? prot | PROT_READ : prot;
}

int model_mmap(struct walk *w, int fd, int slot, int n, int pgoff, int prot, bool shared,
	       bool locked, bool populated)
{
	bool writable, cow;
	unsigned int can;
	struct slot s;
	int err, i;

	err = mmap_refused_early(w, fd, prot, shared);
	if (err)
		return err;

	model_unmap(w, slot, n);
	writable = w->fd_mode[fd] == O_RDWR;
	can = strategies[w->fd_strategy[fd]].can;
	cow = !shared && !(can & IS_READONLY);
	err = mmap_refused_late(can, n, pgoff, prot, cow);
	if (err)
		return err;

	s = (struct slot){
		.mapped = true, .shared = shared && writable, .mayshare = shared,
		.maywrite = !(can & IS_READONLY) && (!shared || writable),
		.prot = effective_prot(prot), .strategy = w->fd_strategy[fd], .can = can,
	};
	/* Nothing was remapped, so nothing was marked: a VMA without a page. */
	if (can & PRIVATE_DEAD && cow && n > 1) {
		s.dead = true;
		s.can = CAN_GROW;
	}
	s.locked = locked && !(s.can & IS_SPECIAL);
	for (i = 0; i < n; i++) {
		w->slots[slot + i] = s;
		w->slots[slot + i].pgoff = pgoff + i;
	}
	if (locked || populated)
		populate(w, slot, n);
	return 0;
}

/* A locked private page that becomes writable is copied at once, if it can be. */
int model_mprotect(struct walk *w, int first, int n, int prot)
{
	int i;

	for (i = first; i < first + n; i++) {
		struct slot *s = &w->slots[i];
		bool was_writable = s->prot & PROT_WRITE;

		if (!s->mapped)
			return ENOMEM;
		if (prot & PROT_EXEC || (prot & PROT_WRITE && !s->maywrite))
			return EACCES;
		s->prot = effective_prot(prot);
		if (s->locked && !s->shared && !was_writable && prot & PROT_WRITE)
			populate_one(w, i);
	}
	return 0;
}

int model_mlock(struct walk *w, int first, int n, bool lock, bool onfault)
{
	int i;

	for (i = first; i < first + n; i++) {
		struct slot *s = &w->slots[i];

		if (!s->mapped)
			return ENOMEM;
		if (s->can & IS_SPECIAL)
			continue;
		s->locked = lock;
		s->onfault = lock && onfault;
	}
	return lock && populate(w, first, n) ? ENOMEM : 0;
}

/* MADV_DONTNEED: a copy is forgotten; what cannot be faulted in is dead. */
static void drop(struct slot *s)
{
	s->copied = false;
	if (!(s->can & CAN_REFAULT))
		s->dead = true;
}

static int madvise_populate(struct walk *w, int slot, bool write)
{
	const struct slot *s = &w->slots[slot];

	if (!gup_allowed(w, slot, write, false))
		return EINVAL;
	if (!backed(s))
		return EFAULT;
	if (write)
		model_store(w, slot);
	return 0;
}

static int madvise_one(struct walk *w, int slot, int advice)
{
	struct slot *s = &w->slots[slot];
	bool pfnmap = s->can & IS_PFNMAP;

	switch (advice) {
	case MADV_DONTNEED:
		if (pfnmap || s->locked)
			return EINVAL;
		drop(s);
		return 0;
	case MADV_DONTNEED_LOCKED:
		if (pfnmap)
			return EINVAL;
		drop(s);
		return 0;
	case MADV_FREE:
	case MADV_WIPEONFORK:
	case MADV_COLLAPSE:
		return EINVAL;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return pfnmap || s->locked ? EINVAL : 0;
	case MADV_REMOVE:
		if (s->locked)
			return EINVAL;
		return s->shared && s->maywrite ? ENODEV : EACCES;
	case MADV_DONTFORK:
		s->dontfork = true;
		return 0;
	case MADV_DOFORK:
		if (pfnmap || (facts.dofork_refuses_special && s->can & IS_SPECIAL))
			return EINVAL;
		s->dontfork = false;
		return 0;
	case MADV_DODUMP:
		return s->can & IS_SPECIAL ? EINVAL : 0;
	default:
		return 0;
	}
}

/* Populating may stop at a hole; other advice goes on and says so at the end. */
int model_madvise(struct walk *w, int first, int n, int advice)
{
	bool hole = false;
	int err = 0;
	int i;

	for (i = first; i < first + n && !err; i++) {
		bool populates = advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;

		if (!w->slots[i].mapped) {
			if (populates && facts.populate_stops)
				return ENOMEM;
			hole = true;
		} else if (populates) {
			err = madvise_populate(w, i, advice == MADV_POPULATE_WRITE);
		} else {
			err = madvise_one(w, i, advice);
		}
	}
	return err ? err : hole ? ENOMEM : 0;
}

int model_msync(const struct walk *w, int first, int n, int flags)
{
	bool hole = false;
	int i;

	for (i = first; i < first + n; i++) {
		hole |= !w->slots[i].mapped;
		if (hole && flags == MS_ASYNC)
			return ENOMEM;
		if (flags & MS_INVALIDATE && w->slots[i].locked)
			return EBUSY;
	}
	return hole ? ENOMEM : 0;
}

int model_mincore(const struct walk *w, int first, int n)
{
	int i;

	for (i = first; i < first + n; i++)
		if (!w->slots[i].mapped)
			return ENOMEM;
	return 0;
}

static void copy_slot(struct walk *w, int to, int from)
{
	w->slots[to] = w->slots[from];
	if (w->slots[from].copied)
		memcpy(copy_of(w, to), copy_of(w, from), facts.page);
}

/* The pages that a mapping grows by: the next of the device, not mapped yet. */
static void grow(struct walk *w, int from, int to, int first, int n)
{
	const struct slot base = w->slots[from];
	int i;

	for (i = first; i < n; i++) {
		w->slots[to + i] = base;
		w->slots[to + i].pgoff = base.pgoff + i;
		w->slots[to + i].copied = false;
		w->slots[to + i].dead = !(base.can & CAN_REFAULT);
	}
	if (base.locked)
		populate(w, to + first, n - first);
}

static int mremap_refused(const struct walk *w, int from, int old, int new, enum remap how)
{
	const struct slot *s = &w->slots[from];

	if (!s->mapped)
		return EFAULT;
	if (!old && !s->mayshare)
		return EINVAL;
	if (how == REMAP_KEEP && (!facts.mremap_dontunmap || !(s->can & CAN_GROW)))
		return EINVAL;
	if ((old < new ? old : new) > w->vma_end[from] - from)
		return EFAULT;
	return new > old && !(s->can & CAN_GROW) ? EFAULT : 0;
}

/* MREMAP_DONTUNMAP unlocks what it leaves behind; or all of the VMA, where it does not split it. */
static void unlock_left(struct walk *w, int slot, int n)
{
	const int end = w->vma_end[slot];
	int i;

	for (i = slot; i < slot + n; i++) {
		w->slots[i].locked = false;
		w->slots[i].onfault = false;
	}
	if (!facts.mremap_unlocks_all)
		return;
	for (i = slot; i && w->slots[i - 1].mapped && w->vma_end[i - 1] == end; i--)
		;
	for (; i < facts.slots && w->slots[i].mapped && w->vma_end[i] == end; i++) {
		w->slots[i].locked = false;
		w->slots[i].onfault = false;
	}
}

static int move_one_vma(struct walk *w, int from, int old, int to, int new, enum remap how)
{
	int err, i, kept = old < new ? old : new;
	struct slot left;

	if (facts.mremap_checks_first) {
		err = mremap_refused(w, from, old, new, how);
		if (err)
			return err;
	}
	model_unmap(w, to, new);
	model_unmap(w, from + kept, old - kept);
	err = mremap_refused(w, from, kept, new, how);
	if (err)
		return err;

	left = w->slots[from];
	if (how == REMAP_KEEP)
		unlock_left(w, from, kept);
	for (i = 0; i < kept; i++) {
		copy_slot(w, to + i, from + i);
		w->slots[to + i].locked = left.locked;
		w->slots[to + i].onfault = left.onfault;
	}
	grow(w, from, to, kept, new);
	if (how != REMAP_KEEP) {
		model_unmap(w, from, kept);
		return 0;
	}
	for (i = 0; i < kept; i++)
		drop(&w->slots[from + i]);
	return 0;
}

/* Each VMA of the range moves to its place; holes stay, on both sides. */
static int move_many_vmas(struct walk *w, int from, int n, int to, enum remap how)
{
	int err = 0;
	int i, end;

	for (i = from; i < from + n && !err; i = end) {
		end = i + 1;
		if (!w->slots[i].mapped)
			continue;
		end = w->vma_end[i] < from + n ? w->vma_end[i] : from + n;
		err = move_one_vma(w, i, end - i, to + i - from, end - i, how);
	}
	return err;
}

static int resize_in_place(struct walk *w, int from, int old, int new)
{
	int err, i;

	if (!w->slots[from].mapped && (new > old || !facts.mremap_shrinks_holes))
		return EFAULT;
	if (new <= old) {
		model_unmap(w, from + new, old - new);
		return 0;
	}
	err = mremap_refused(w, from, old, new, REMAP_STAY);
	if (err)
		return err;
	if (w->vma_end[from] != from + old)
		return ENOMEM;
	if (w->slots[from].can & IS_SPECIAL && !facts.mremap_extends_special)
		return ENOMEM;
	for (i = old; i < new; i++)
		if (w->slots[from + i].mapped)
			return ENOMEM;
	grow(w, from, from, old, new);
	return 0;
}

/**
 * model_mremap - predict mremap()
 *
 * Where two mappings with the same flags touch, the kernel may have merged
 * them or not: w->vma_end[] must be fresh from read_layout().
 *
 * Return: the errno, 0 for success, or -1 where two are right: a hole that is
 * asked to move onto itself.
 */
int model_mremap(struct walk *w, int from, int old, int to, int new, enum remap how)
{
	bool many = facts.mremap_moves_many && old == new;

	if (how == REMAP_STAY)
		return resize_in_place(w, from, old, new);
	if (from + old > to && to + new > from)
		return w->slots[from].mapped ? EINVAL : -1;
	if (!w->slots[from].mapped && !facts.mremap_shrinks_holes)
		return EFAULT;
	if (many && w->vma_end[from] < from + old)
		return move_many_vmas(w, from, old, to, how);
	return move_one_vma(w, from, old, to, new, how);
}

static long long number_in(const char *path, long long otherwise)
{
	FILE *file = fopen(path, "r");
	long long number;

	if (!file)
		return otherwise;
	if (fscanf(file, "%lli", &number) != 1)
		number = otherwise;
	fclose(file);
	return number;
}

/* Two pages of the device that differ in protection, so two VMAs; and a target. */
static void learn_mremap(int fd)
{
	const size_t page = facts.page;
	unsigned char *at, *to, *got;

	at = mmap(NULL, 6 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	to = at + 3 * page;
	mmap(at, 2 * page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	mprotect(at + page, page, PROT_NONE);
	got = mremap(at, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	facts.mremap_moves_many = got == to;
	mmap(at, 2 * page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	mprotect(at + page, page, PROT_NONE);
	mmap(to, 3 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mremap(at, 2 * page, 3 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	facts.mremap_checks_first = !msync(to, page, MS_ASYNC);

	mmap(at, page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	got = mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
	facts.mremap_dontunmap = got == to;
	mmap(at, 2 * page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	mlock(at, 2 * page);
	mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
	facts.mremap_unlocks_all = facts.mremap_dontunmap &&
				   !madvise(at + page, page, MADV_DONTNEED);
	munmap(at, page);
	facts.mremap_shrinks_holes = mremap(at, page, page, 0) == at;
	munmap(at, 6 * page);
}

/* A mapping with VM_MIXEDMAP and free space behind it. */
static void learn_special(void)
{
	int fd = open("/dev/maps-insert_page", O_RDONLY | O_CLOEXEC);
	const size_t page = facts.page;
	unsigned char *at;

	at = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(at + page, page);
	mmap(at, page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	facts.dofork_refuses_special = madvise(at, page, MADV_DOFORK) != 0;
	facts.mremap_extends_special = mremap(at, page, 2 * page, 0) == at;
	munmap(at, 3 * page);
	close(fd);
}

static void learn_fork(void)
{
	int fd = open("/dev/maps-remap_pfn", O_RDWR | O_CLOEXEC);
	volatile unsigned char *at;
	pid_t pid;

	at = mmap(NULL, facts.page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	*at = 0;
	pid = fork();
	if (!pid)
		_exit(0);
	facts.fork_loses_frames = pid < 0;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	munmap((void *)at, facts.page);
	close(fd);
}

/* A hole, then a page that cannot be populated: which error comes? */
static void learn_populate(void)
{
	const size_t page = facts.page;
	unsigned char *at;

	at = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(at + page, page);
	madvise(at + page, 2 * page, MADV_POPULATE_READ);
	facts.populate_stops = errno == ENOMEM;
	facts.onfault_wants_access = mlock2(at, page, MLOCK_ONFAULT) != 0;
	munmap(at, 3 * page);
}

static void learn_mem(void)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	void *at = mmap(NULL, facts.page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char byte;
	struct iovec from = { at, 1 }, to = { &byte, 1 };

	facts.mem_forces = pwrite(fd, "", 1, (uintptr_t)at) == 1;
	mprotect(at, facts.page, PROT_WRITE);
	facts.write_gives_read = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
	munmap(at, facts.page);
	close(fd);
}

static void learn_sendfile(int fd)
{
	int file = memfd_create("fuzz", MFD_CLOEXEC);
	off_t at = 0;

	facts.sends_devices = sendfile(file, fd, &at, 1) == 1;
	close(file);
}

/* Only a page's user can see it: the kernel always can. */
static void learn_write_only(void)
{
	const struct itimerval second = { .it_value.tv_sec = 1 };
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		volatile unsigned char *at = mmap(NULL, facts.page, PROT_WRITE,
						  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		/* Of processor time: a busy machine is none that never ends. */
		setitimer(ITIMER_PROF, &second, NULL);
		_exit(*at);
	}
	facts.write_hides = waitpid(pid, &status, 0) != pid || status;
}

/* Asks the device for its size, and the kernel for what versions differ in. */
void facts_learn(void)
{
	int fd = open(strategies[0].node, O_RDONLY | O_CLOEXEC);
	struct statvfs fs;
	unsigned int i;

	facts.page = sysconf(_SC_PAGESIZE);
	facts.npages = number_in("/sys/class/misc/maps0/npages", 0);
	facts.stamp = number_in("/sys/module/maps/parameters/stamp", 0xaabbccdd);
	facts.huge = number_in("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", 0) /
		     facts.page;
	if (facts.npages < facts.huge)
		facts.huge = 0;
	facts.slots = facts.huge ? 2 * facts.npages : 3 * facts.npages;
	if (facts.slots < 48)
		facts.slots = 48;
	facts.noexec = !fstatvfs(fd, &fs) && fs.f_flag & ST_NOEXEC;
	for (i = 0; i < nr_advices; i++)
		facts.advice[i] = !madvise((void *)facts.page, 0, advices[i].value);
	learn_mremap(fd);
	learn_special();
	learn_fork();
	learn_populate();
	learn_mem();
	learn_sendfile(fd);
	learn_write_only();
	close(fd);
}

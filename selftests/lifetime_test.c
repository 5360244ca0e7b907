// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module cannot go while anybody has something of it: an open descriptor,
 * a mapping, a fault, a child, a read() that is not over. And it can go as
 * soon as nobody has. The tests unload and load it, so nothing else may use it.
 */
#define _GNU_SOURCE
#include "maps_util.h"
#include "maps_module.h"

#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#define CYCLES		15	/* a variant; MAPS_CYCLES= for more */
#define RACERS		3
#define BOUT		20	/* opens of a racer at each load */
#define ATTEMPTS	200	/* to unload, while it must not be possible */

FIXTURE(lifetime)
{
	struct maps maps;
	const char *path;
	char parameters[1024];
};

FIXTURE_VARIANT(lifetime)
{
	const char *node;
};

FIXTURE_VARIANT_ADD(lifetime, fault) { "/dev/maps0" };
FIXTURE_VARIANT_ADD(lifetime, fault_around) { "/dev/maps-fault_around" };
FIXTURE_VARIANT_ADD(lifetime, remap_pfn) { "/dev/maps-remap_pfn" };
FIXTURE_VARIANT_ADD(lifetime, insert_pages) { "/dev/maps-insert_pages" };

FIXTURE_SETUP(lifetime)
{
	self->path = module_path();
	if (!self->path)
		SKIP(return, MODULE_MISSING);
	module_parameters(self->parameters, sizeof(self->parameters));
	open_maps(&self->maps, O_RDWR);
	ASSERT_LE(0, self->maps.fd);
	close(self->maps.fd);
	self->maps.fd = open(variant->node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->maps.fd);
}

/* Whatever a test left, the next one finds the module as it was before. */
FIXTURE_TEARDOWN(lifetime)
{
	if (access(MAPS_NODE, F_OK))
		EXPECT_EQ(0, module_load(self->path, self->parameters));
}

TEST_F(lifetime, unload_while_open)
{
	EXPECT_EQ(EAGAIN, module_unload());
	EXPECT_EQ(stamp(), device_word(&self->maps, 0, STAMP_AT));

	close(self->maps.fd);
	EXPECT_EQ(0, module_unload());
}

/* The mapping alone holds the module; what is written to it stays. */
TEST_F(lifetime, unload_while_mapped)
{
	const struct maps *maps = &self->maps;
	unsigned char *map;

	map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0, maps->npages);
	ASSERT_NE(MAP_FAILED, map);
	close(maps->fd);

	put_word(map + WORD_AT, WRITTEN);
	EXPECT_EQ(EAGAIN, module_unload());
	EXPECT_EQ(WRITTEN, word_at(map + WORD_AT));
	EXPECT_EQ(stamp(), word_at(map + maps->size - maps->page));

	/* Not the last page's mapping, then the last. */
	ASSERT_EQ(0, munmap(map, maps->size - maps->page));
	EXPECT_EQ(EAGAIN, module_unload());
	ASSERT_EQ(0, munmap(map + maps->size - maps->page, maps->page));
	EXPECT_EQ(0, module_unload());
}

struct faulting {
	const struct maps *maps;
	unsigned char *map;
	volatile bool stop;
	long wrong;
};

/* Forgets the pages and touches them again, for as long as it is let. */
static void *fault_for_ever(void *arg)
{
	struct faulting *f = arg;
	size_t i;

	while (!f->stop) {
		madvise(f->map, f->maps->size, MADV_DONTNEED);
		for (i = 0; i < f->maps->npages; i++)
			f->wrong += word_at(f->map + i * f->maps->page) != stamp();
	}
	return NULL;
}

TEST_F(lifetime, unload_while_faulting)
{
	struct faulting f = { .maps = &self->maps };
	pthread_t thread;
	int i;

	/* What cannot be faulted in again is only read. */
	f.map = map_pages(f.maps, open(MAPS_NODE, O_RDONLY | O_CLOEXEC), PROT_READ,
			  MAP_SHARED, 0, f.maps->npages);
	ASSERT_NE(MAP_FAILED, f.map);
	ASSERT_EQ(0, pthread_create(&thread, NULL, fault_for_ever, &f));
	for (i = 0; i < ATTEMPTS; i++)
		ASSERT_EQ(EAGAIN, module_unload());
	f.stop = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, f.wrong);
}

/* The parent lets go; the child's inherited mapping holds on until it dies. */
TEST_F(lifetime, unload_while_forked)
{
	const struct maps *maps = &self->maps;
	unsigned char *map;
	int go[2], ready[2];
	pid_t child;
	char byte;

	map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0, 1);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(ready));
	child = fork();
	if (!child) {
		close(go[1]);
		close(maps->fd);
		if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(2);
		_exit(word_at(map) != stamp());
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	munmap(map, maps->page);
	close(maps->fd);

	EXPECT_EQ(EAGAIN, module_unload());
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, end_of(child));
	EXPECT_EQ(0, module_unload());
}

/*
 * A processor keeps pages that were locked in a batch of its own, with a
 * reference to each (mm/mlock.c), until more come. Compaction empties them all.
 */
static void empty_batches(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);

	if (write(fd, "1", 1) != 1)
		perror("/proc/sys/vm/compact_memory");
	close(fd);
}

/* A death by SIGKILL lets go as a munmap() does. */
TEST_F(lifetime, unload_after_sigkill)
{
	const struct maps *maps = &self->maps;
	int ready[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	child = fork();
	if (!child) {
		unsigned char *map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0,
					       maps->npages);

		mlock(map, maps->size);
		if (map == MAP_FAILED || write(ready[1], map, 1) != 1)
			_exit(2);
		pause();
	}
	close(maps->fd);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(EAGAIN, module_unload());
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, end_of(child));
	empty_batches();
	EXPECT_EQ(0, module_unload());
}

/* Whether we may run on this processor, and do so from now on. */
static bool run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Whether the kernel's log, from where it is read on, has a line with @words. */
static bool kernel_said(int kmsg, const char *words)
{
	char record[2048];
	bool found = false;
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = 0;
		found = found || strstr(record, words);
	}
	return found;
}

/*
 * Locked on one processor, unlocked and unmapped on another: the first one's
 * batch, which holds fewer pages than it can, still has a reference to each.
 * The module must not take them for lost.
 */
TEST_F(lifetime, unload_after_locking_elsewhere)
{
	const struct maps *maps = &self->maps;
	size_t pages = 3;
	unsigned char *map;
	int kmsg;

	if (!run_on(1) || !run_on(0))
		SKIP(return, "one processor");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, kmsg);
	lseek(kmsg, 0, SEEK_END);

	/* Lock three pages here, let go of them there. */
	map = mmap(NULL, pages * maps->page, PROT_READ, MAP_SHARED | MAP_LOCKED, maps->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(run_on(1));
	ASSERT_EQ(0, munmap(map, pages * maps->page));
	close(maps->fd);

	EXPECT_EQ(0, module_unload());
	EXPECT_FALSE(kernel_said(kmsg, "still in use"));
	close(kmsg);
}

struct reading {
	int fd;
	unsigned char *to;
	ssize_t got;
};

static void *read_a_word(void *arg)
{
	struct reading *r = arg;

	r->got = read(r->fd, r->to, 4);
	return NULL;
}

/* A page that is not there until we say so, or NULL. */
static unsigned char *page_on_hold(int uffd, size_t page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reg.range.start = (uintptr_t)at;
	reg.range.len = page;
	if (at == MAP_FAILED || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		return NULL;
	return at;
}

/* read() stops half-way at a page on hold, and the descriptor is closed. */
TEST_F(lifetime, unload_in_the_middle_of_read)
{
	struct reading r = { .fd = self->maps.fd };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_zeropage zero = { 0 };
	struct uffd_msg msg;
	pthread_t thread;

	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(errno));
	r.to = page_on_hold(uffd, self->maps.page);
	ASSERT_NE(NULL, r.to);
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_a_word, &r));
	ASSERT_EQ((ssize_t)sizeof(msg), read(uffd, &msg, sizeof(msg)));
	close(self->maps.fd);

	EXPECT_EQ(EAGAIN, module_unload());

	zero.range.start = (uintptr_t)r.to;
	zero.range.len = self->maps.page;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	pthread_join(thread, NULL);
	EXPECT_EQ(4, r.got);
	EXPECT_EQ(stamp(), word_at(r.to));
	EXPECT_EQ(0, module_unload());
}

struct race {
	atomic_int loads;	/* so many times the module was loaded */
	unsigned int stamp;
	size_t page;
};

/*
 * Opens and maps what is there. The node may be missing, or there without its
 * device; but who gets it open has a fresh buffer.
 */
static void open_and_look(const struct race *race, const char *node)
{
	unsigned char *map;
	int fd;

	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT && errno != ENXIO && errno != ENODEV)
			_exit(2);
		return;
	}
	map = mmap(NULL, race->page, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED || word_at(map) != race->stamp)
		_exit(3);
	munmap(map, race->page);
}

/* A bout at each load: for ever, and the module could never be unloaded. */
static void race_for_ever(struct race *race, const char *node)
{
	int seen = 0;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		syscall(SYS_futex, &race->loads, FUTEX_WAIT, seen, NULL);
		seen = atomic_load(&race->loads);
		for (i = 0; i < BOUT; i++)
			open_and_look(race, node);
	}
}

TEST_F_TIMEOUT(lifetime, load_and_unload_racing_open, 1200)
{
	const char *given = getenv("MAPS_CYCLES");
	int cycles = given ? atoi(given) : CYCLES;
	struct race *race = mmap(NULL, self->maps.page, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t racers[RACERS];
	int i, err;

	ASSERT_NE(MAP_FAILED, (void *)race);
	race->stamp = stamp();
	race->page = self->maps.page;
	close(self->maps.fd);
	for (i = 0; i < RACERS; i++) {
		racers[i] = fork();
		ASSERT_LE(0, racers[i]);
		if (!racers[i])
			race_for_ever(race, variant->node);
	}
	for (i = 0; i < cycles; i++) {
		while ((err = module_unload()) == EAGAIN)
			;
		ASSERT_EQ(0, err);
		ASSERT_EQ(0, module_load(self->path, self->parameters));
		atomic_fetch_add(&race->loads, 1);
		syscall(SYS_futex, &race->loads, FUTEX_WAKE, RACERS);
	}
	for (i = 0; i < RACERS; i++) {
		kill(racers[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, end_of(racers[i]));
	}
	munmap(race, self->maps.page);
}

TEST_HARNESS_MAIN

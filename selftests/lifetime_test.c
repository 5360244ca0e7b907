// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module cannot be unloaded while something of it is in use: an open
 * descriptor, a mapping, a mapping of a child, a read() that has not ended. It can
 * be as soon as nothing is. The tests unload and load it, so nothing else may use
 * it meanwhile.
 */
#define _GNU_SOURCE
#include "maps_devices.h"

#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define CYCLES		15	/* a variant, at least; MAPS_CYCLES= for more */
#define MORE_CYCLES	20	/* times as many, until each outcome was seen */
#define RACERS		3
#define BOUT		20	/* opens of the first racer while the module is unloaded */

NEED(module_path, MODULE_MISSING);

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

/* The parent unmaps; the child's inherited mapping keeps the module until it dies. */
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

/* SIGKILL unmaps as munmap() does. */
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
	EXPECT_EQ(0, module_unload());
}

/* Sends two descriptors. */
static bool send_two(int socket, int first, int second)
{
	const int fds[2] = { first, second };
	char control[CMSG_SPACE(sizeof(fds))] = { 0 };
	struct iovec byte = { "", 1 };
	struct msghdr msg = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	return sendmsg(socket, &msg, 0) == 1;
}

/*
 * The descriptor is in a message, with the socket that the message is sent to: only
 * the garbage collector of sockets closes the two. It runs when a socket is closed.
 */
TEST_F(lifetime, unload_after_socket_cycle)
{
	int ends[2], err, i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_TRUE(send_two(ends[0], self->maps.fd, ends[1]));
	close(self->maps.fd);
	EXPECT_EQ(EAGAIN, module_unload());
	close(ends[0]);
	close(ends[1]);
	for (i = 0, err = EAGAIN; i < UNLOAD_TRIES && err == EAGAIN; i++) {
		close(socket(AF_UNIX, SOCK_STREAM, 0));
		usleep(1000);
		err = module_unload();
	}
	EXPECT_EQ(0, err);
}

/* Whether we may run on this processor, and do so from now on. */
static bool run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/*
 * Pages that were locked on one processor, and unlocked and unmapped on another:
 * the first one's batch has a reference to each (mm/mlock.c) when the module goes.
 */
TEST_F(lifetime, unload_after_locking_elsewhere)
{
	const struct maps *maps = &self->maps;
	const long long taint = tainted();
	size_t pages = 3;
	unsigned char *map;

	if (!run_on(1) || !run_on(0))
		SKIP(return, "one processor");

	/* Lock three pages here, unmap them there. */
	map = mmap(NULL, pages * maps->page, PROT_READ, MAP_SHARED | MAP_LOCKED, maps->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(run_on(1));
	ASSERT_EQ(0, munmap(map, pages * maps->page));
	close(maps->fd);

	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(taint, tainted());
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

/* What becomes of an open(), and when. GONE is a node without its device. */
enum outcome { OPENED, MISSING, GONE, OUTCOMES };
enum when { UNLOADING, LOADING, WHENS };

struct race {
	atomic_int phase;	/* one more at each load and unload; odd while it loads */
	atomic_long seen[WHENS][OUTCOMES];
	unsigned int stamp;
	size_t page;
};

/* A node that can be opened shows a fresh buffer. */
static enum outcome open_and_look(const struct race *race, const char *node)
{
	unsigned char *map;
	int fd;

	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT && errno != ENODEV)
			_exit(2);
		return errno == ENOENT ? MISSING : GONE;
	}
	map = mmap(NULL, race->page, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED || word_at(map) != race->stamp)
		_exit(3);
	munmap(map, race->page);
	return OPENED;
}

/*
 * Opens for as long as the module loads; and so many times after each load, or
 * the module could never be unloaded. What began and ended in one phase counts.
 */
static void race_forever(struct race *race, const char *node, int bout)
{
	int phase, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		phase = atomic_load(&race->phase);
		for (i = 0; atomic_load(&race->phase) == phase && (phase % 2 || i < bout); i++) {
			enum outcome outcome = open_and_look(race, node);

			if (atomic_load(&race->phase) == phase)
				atomic_fetch_add(&race->seen[phase % 2][outcome], 1);
		}
		syscall(SYS_futex, &race->phase, FUTEX_WAIT, phase, NULL);
	}
}

static void next_phase(struct race *race)
{
	atomic_fetch_add(&race->phase, 1);
	syscall(SYS_futex, &race->phase, FUTEX_WAKE, RACERS);
}

/* Has each outcome been seen, in either phase? */
static bool raced(struct race *race)
{
	return race->seen[LOADING][OPENED] && race->seen[LOADING][MISSING] &&
	       race->seen[UNLOADING][OPENED] && race->seen[UNLOADING][MISSING];
}

TEST_F_TIMEOUT(lifetime, open_racing_load_and_unload, 1200)
{
	const char *given = getenv("MAPS_CYCLES");
	const int cycles = given ? atoi(given) : CYCLES;
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
			race_forever(race, variant->node, BOUT << i);
	}
	for (i = 0; i < cycles || (i < MORE_CYCLES * cycles && !raced(race)); i++) {
		while ((err = module_unload()) == EAGAIN)
			;
		ASSERT_EQ(0, err);
		next_phase(race);
		ASSERT_EQ(0, module_load(self->path, self->parameters));
		next_phase(race);
	}
	EXPECT_TRUE(raced(race));
	EXPECT_EQ(0, race->seen[LOADING][GONE]);
	TH_LOG("%d loads: while loading %ld opened, %ld missing; while unloading %ld, %ld", i,
	       race->seen[LOADING][OPENED], race->seen[LOADING][MISSING],
	       race->seen[UNLOADING][OPENED], race->seen[UNLOADING][MISSING]);
	for (i = 0; i < RACERS; i++) {
		kill(racers[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, end_of(racers[i]));
	}
	munmap(race, self->maps.page);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A large buffer: a signal ends read(), write() and the load of the module early,
 * and a node can be opened as soon as it exists. The tests unload the module and
 * load it with a buffer of their own.
 */
#include "maps_util.h"
#include "held.h"

#include <sys/param.h>
#include <sys/time.h>
#include <sys/uio.h>

/* The buffer, or a third of the memory that is available if that is less. */
#define BUFFER_BYTES	(240L << 20)

/* read() and write() use the same CHUNK bytes of the program again and again. */
#define CHUNK		(1L << 20)
#define TICK_US		5000
#define PATTERN		0x5a

/* A load that has taken so much of memory is in the middle of its work. */
#define BEGUN_KB	(16L << 10)

/* What others may take meanwhile. */
#define SLACK_KB	(24L << 10)

#define LOAD_SECONDS	300	/* a kernel with KASAN takes a minute for a load */

NEED(module_path, MODULE_MISSING);

FIXTURE(large)
{
	const char *path;
	char found[1024];	/* the parameters that the module came with */
	char params[128];
	size_t page;
	size_t size;
	unsigned int stamp;
	int fd;
};

FIXTURE_VARIANT(large)
{
	const char *huge;
};

FIXTURE_VARIANT_ADD(large, pages) { "never" };
FIXTURE_VARIANT_ADD(large, folios) { "auto" };

FIXTURE_SETUP(large)
{
	size_t npages;

	self->fd = -1;
	self->path = module_path();
	module_parameters(self->found, sizeof(self->found));
	self->stamp = stamp();
	self->page = sysconf(_SC_PAGESIZE);
	npages = MIN(BUFFER_BYTES, memory_kb("MemAvailable") * 1024 / 3) / self->page;
	self->size = npages * self->page;
	snprintf(self->params, sizeof(self->params), "npages=%zu huge=%s stamp=%u", npages,
		 variant->huge, self->stamp);
	ASSERT_GE(0, held_for_good());
	ASSERT_EQ(0, module_unload());
}

FIXTURE_TEARDOWN(large)
{
	if (self->fd >= 0)
		close(self->fd);
	if (!access(MAPS_NODE, F_OK)) {
		EXPECT_GE(0, held_for_good());
		EXPECT_EQ(0, module_unload());
	}
	EXPECT_EQ(0, module_load(self->path, self->found));
}

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

/* A signal every few milliseconds, that ends a system call early. */
static bool start_ticks(void)
{
	struct itimerval every = { { 0, TICK_US }, { 0, TICK_US } };
	struct sigaction action = { .sa_handler = on_tick };

	ticks = 0;
	return !sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &every, NULL);
}

static void stop_ticks(void)
{
	struct itimerval never = { 0 };

	setitimer(ITIMER_REAL, &never, NULL);
}

/* All of the buffer from and to the same chunk. */
static size_t make_iov(struct iovec *iov, unsigned char *chunk, size_t size)
{
	size_t n, done;

	for (n = 0, done = 0; done < size; done += iov[n++].iov_len)
		iov[n] = (struct iovec){ chunk, MIN((size_t)CHUNK, size - done) };
	return n;
}

TEST_F_TIMEOUT(large, read_ends_at_a_signal, LOAD_SECONDS)
{
	struct iovec iov[BUFFER_BYTES / CHUNK + 1];
	unsigned char *chunk = malloc(CHUNK);
	ssize_t n, rest;

	ASSERT_EQ(0, module_load(self->path, self->params));
	self->fd = open(MAPS_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_NE(NULL, chunk);
	memset(chunk, 0, CHUNK);

	ASSERT_TRUE(start_ticks());
	n = readv(self->fd, iov, make_iov(iov, chunk, self->size));
	stop_ticks();
	EXPECT_LT(0, ticks);
	EXPECT_LT(0, n);
	EXPECT_GT((ssize_t)self->size, n);
	EXPECT_EQ(n, lseek(self->fd, 0, SEEK_CUR));

	/* Without a signal, one call reads all that is left. */
	rest = readv(self->fd, iov, make_iov(iov, chunk, self->size));
	EXPECT_EQ((ssize_t)self->size, n + rest);
	free(chunk);
}

TEST_F_TIMEOUT(large, write_ends_at_a_signal, LOAD_SECONDS)
{
	struct iovec iov[BUFFER_BYTES / CHUNK + 1];
	unsigned char *chunk = malloc(CHUNK);
	unsigned char around[2];
	ssize_t n, rest;

	ASSERT_EQ(0, module_load(self->path, self->params));
	self->fd = open(MAPS_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_NE(NULL, chunk);
	memset(chunk, PATTERN, CHUNK);

	ASSERT_TRUE(start_ticks());
	n = writev(self->fd, iov, make_iov(iov, chunk, self->size));
	stop_ticks();
	EXPECT_LT(0, ticks);
	ASSERT_LT(0, n);
	ASSERT_GT((ssize_t)self->size, n);
	EXPECT_EQ(n, lseek(self->fd, 0, SEEK_CUR));

	/* The last byte of the count was written, the next one was not. */
	ASSERT_EQ(2, pread(self->fd, around, 2, n - 1));
	EXPECT_EQ(PATTERN, around[0]);
	EXPECT_NE(PATTERN, around[1]);

	rest = writev(self->fd, iov, make_iov(iov, chunk, self->size));
	EXPECT_EQ((ssize_t)self->size, n + rest);
	free(chunk);
}

/* Loads the module in a child, which is killed as soon as memory is being taken. */
TEST_F_TIMEOUT(large, load_can_be_killed, LOAD_SECONDS)
{
	const long long before = memory_kb("MemFree");
	int status = 0;
	pid_t child, ended;

	child = fork();
	if (!child)
		_exit(module_load(self->path, self->params));
	do {
		ended = waitpid(child, &status, WNOHANG);
	} while (!ended && before - memory_kb("MemFree") < BEGUN_KB);
	ASSERT_EQ(0, ended) TH_LOG("the load ended too early, with status %#x", status);
	ASSERT_EQ(0, kill(child, SIGKILL));

	EXPECT_EQ(128 + SIGKILL, end_of(child));
	EXPECT_NE(0, access("/sys/module/maps", F_OK));
	EXPECT_NE(0, access(MAPS_NODE, F_OK));
	EXPECT_GT(SLACK_KB, before - memory_kb("MemFree"));
}

/* Waits for the node, and exits with the errno of the first open() that finds it. */
static void open_at_once(unsigned int stamp, size_t last)
{
	unsigned char word[4];
	int fd;

	alarm(LOAD_SECONDS / 2);
	do {
		fd = open(MAPS_NODE, O_RDWR | O_CLOEXEC);
	} while (fd < 0 && errno == ENOENT);
	if (fd < 0)
		_exit(errno);
	_exit(pread(fd, word, 4, last) == 4 && word_at(word) == stamp ? 0 : 255);
}

/* It is the first of the nodes, and a child alone waits for it on its processor. */
TEST_F_TIMEOUT(large, node_can_be_opened_as_soon_as_it_exists, LOAD_SECONDS)
{
	pid_t child = fork();

	if (!child)
		open_at_once(self->stamp, self->size - self->page);
	EXPECT_EQ(0, module_load(self->path, self->params));
	EXPECT_EQ(0, end_of(child));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module under load: crowds of processes that fault, fork and are killed;
 * writers against a reader; memory that runs out. The buffer comes through
 * whole, and the module can be unloaded afterwards.
 */
#include "maps_util.h"
#include "held.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <time.h>

#define PROCESSES	64
#define THREADS		4
#define BATCH		16
#define OWN_BYTES	(64UL << 10)	/* a member copies: all have room at once */
#define STORM_SECONDS	5
#define SWEEPS		300
#define ONES		0x11111111U
#define TWOS		0x22222222U
#define OOM_LIMIT	(3L << 30)	/* of memory that we fill up to the brim */

NEED(module_path, MODULE_MISSING);

FIXTURE(load)
{
	struct maps maps;
	const char *path;
	char parameters[1024];
	unsigned char *bytes;		/* what the buffer holds */
};

FIXTURE_SETUP(load)
{
	struct maps *maps = &self->maps;

	self->path = module_path();
	module_parameters(self->parameters, sizeof(self->parameters));
	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	self->bytes = malloc(maps->size);
	ASSERT_NE(NULL, self->bytes);
	ASSERT_EQ((ssize_t)maps->size, pread(maps->fd, self->bytes, maps->size, 0));
}

/* The buffer is as it was, nothing is mapped, and the module can be unloaded. */
FIXTURE_TEARDOWN(load)
{
	struct maps *maps = &self->maps;
	unsigned char *now;

	now = malloc(maps->size);
	EXPECT_EQ((ssize_t)maps->size, pread(maps->fd, now, maps->size, 0));
	EXPECT_EQ(0, memcmp(self->bytes, now, maps->size));
	EXPECT_EQ(0, number_in(MAPS_DEBUGFS "maps0/", "mappings"));
	close(maps->fd);
	EXPECT_EQ(0, held_for_good());
	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(0, module_load(self->path, self->parameters));
	EXPECT_EQ((ssize_t)maps->size, pwrite(open(MAPS_NODE, O_RDWR | O_CLOEXEC), self->bytes,
					      maps->size, 0));
	free(now);
	free(self->bytes);
}

/* What the members of a crowd do until they are killed; it is not their exit. */
struct member {
	const struct maps *maps;
	const unsigned char *bytes;
};

/* The first @own pages are private copies, and written to. */
static bool shows(const struct member *m, const unsigned char *map, size_t own)
{
	size_t i;

	for (i = 0; i < m->maps->npages; i++) {
		const unsigned char *page = map + i * m->maps->page;

		const unsigned char *device = m->bytes + i * m->maps->page;
		const size_t last = m->maps->page - 1;

		if (word_at(page) != word_at(device) ||
		    page[last] != (i < own ? 0x5a : device[last]))
			return false;
	}
	return true;
}

static void one_round(const struct member *m, bool shared)
{
	const struct maps *maps = m->maps;
	const size_t own = shared ? 0 : MIN(maps->npages, 1 + OWN_BYTES / maps->page);
	unsigned char *map;
	size_t i;

	map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE,
			0, maps->npages);
	if (map == MAP_FAILED)
		_exit(2);
	for (i = 0; i < own; i++)
		map[(i + 1) * maps->page - 1] = 0x5a;
	if (!shows(m, map, own))
		_exit(3);
	madvise(map, maps->size, MADV_DONTNEED);
	if (!shows(m, map, 0))
		_exit(4);
	munmap(map, maps->size);
}

static void *crowd_thread(void *arg)
{
	bool shared = false;
	pid_t child;

	for (;;) {
		one_round(arg, shared = !shared);
		child = fork();
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			one_round(arg, shared);
			_exit(0);
		}
		if (child > 0 && end_of(child))
			_exit(5);
	}
	return NULL;
}

static pid_t start_process(const struct member *m)
{
	pthread_t thread;
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 1; i < THREADS; i++)
		pthread_create(&thread, NULL, crowd_thread, (void *)m);
	crowd_thread((void *)m);
	return 0;
}

/*
 * How many of @crowd did not die of SIGKILL: all are killed, then all awaited.
 * Their children, which are ours now, die a moment later.
 */
static int kill_crowd(const pid_t *crowd, int n)
{
	int i, others = 0;

	for (i = 0; i < n; i++)
		kill(crowd[i], SIGKILL);
	for (i = 0; i < n; i++)
		others += end_of(crowd[i]) != 128 + SIGKILL;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return others;
}

/* Killed at any moment, a batch at a time, and others take their places. */
TEST_F_TIMEOUT(load, crowd_dying_by_sigkill, 250)
{
	struct member m = { &self->maps, self->bytes };
	pid_t crowd[PROCESSES];
	time_t end;
	int i, first;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < PROCESSES; i++) {
		crowd[i] = start_process(&m);
		ASSERT_LT(0, crowd[i]);
	}
	end = time(NULL) + STORM_SECONDS;
	for (first = 0; time(NULL) < end; first = (first + BATCH) % PROCESSES) {
		ASSERT_EQ(0, kill_crowd(crowd + first, BATCH));
		for (i = first; i < first + BATCH; i++) {
			crowd[i] = start_process(&m);
			ASSERT_LT(0, crowd[i]);
		}
	}
	EXPECT_EQ(0, kill_crowd(crowd, PROCESSES));
	/* The last of their children closes the device. */
	while (waitpid(-1, NULL, 0) > 0)
		;
}

struct sweep {
	_Atomic unsigned int *words;
	size_t count;
	unsigned int value;
	atomic_bool stop;
	long torn;
};

static void *write_sweeps(void *arg)
{
	struct sweep *s = arg;
	size_t i;

	while (!atomic_load(&s->stop))
		for (i = 0; i < s->count; i++)
			atomic_store_explicit(&s->words[i], s->value, memory_order_relaxed);
	return NULL;
}

static long torn_in(_Atomic unsigned int *words, size_t count)
{
	unsigned int word;
	long torn = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		word = atomic_load_explicit(&words[i], memory_order_relaxed);
		torn += word != ONES && word != TWOS;
	}
	return torn;
}

/* Each through a mapping of its own: two write every word, one reads. */
TEST_F_TIMEOUT(load, no_torn_word, 120)
{
	struct maps *maps = &self->maps;
	struct sweep writers[2] = { { .value = ONES }, { .value = TWOS } };
	_Atomic unsigned int *words;
	pthread_t threads[2];
	long torn = 0;
	size_t i;

	words = (void *)map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 1);
	ASSERT_NE(MAP_FAILED, (void *)words);
	for (i = 0; i < maps->page / sizeof(*words); i++)
		words[i] = ONES;
	for (i = 0; i < 2; i++) {
		writers[i].words = (void *)map_pages(maps, maps->fd, PROT_READ | PROT_WRITE,
						     MAP_SHARED, 0, 1);
		writers[i].count = maps->page / sizeof(*words);
		ASSERT_NE(MAP_FAILED, (void *)writers[i].words);
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, write_sweeps, &writers[i]));
	}
	for (i = 0; i < SWEEPS; i++)
		torn += torn_in(words, maps->page / sizeof(*words));
	for (i = 0; i < 2; i++) {
		atomic_store(&writers[i].stop, true);
		pthread_join(threads[i], NULL);
		munmap((void *)writers[i].words, maps->page);
	}
	EXPECT_EQ(0, torn);
	munmap((void *)words, maps->page);
	ASSERT_EQ((ssize_t)maps->page, pwrite(maps->fd, self->bytes, maps->page, 0));
}

/* Asks to be the first to be killed, copies the buffer, and takes all there is. */
static void exhaust_memory(const struct maps *maps)
{
	const size_t step = 1 << 20;
	unsigned char *map, *more;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	size_t i;

	if (write(fd, "1000", 4) != 4)
		_exit(2);
	map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, maps->npages);
	if (map == MAP_FAILED)
		_exit(3);
	for (i = 0; i < maps->npages; i++)
		map[i * maps->page + EDGE] = 1;
	map = map_pages(maps, maps->fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0, maps->npages);
	for (i = 0; i < maps->npages; i++)
		(void)load(map + i * maps->page);
	for (;;) {
		more = mmap(NULL, step, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
		if (more == MAP_FAILED)
			_exit(4);
	}
}

TEST_F_TIMEOUT(load, mapper_taken_by_the_oom_killer, 600)
{
	long memory = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	pid_t child;

	if (memory > OOM_LIMIT)
		SKIP(return, "%ld MiB of memory are too many to exhaust", memory >> 20);
	child = fork();
	if (!child)
		exhaust_memory(&self->maps);
	EXPECT_EQ(128 + SIGKILL, end_of(child));
}

TEST_HARNESS_MAIN

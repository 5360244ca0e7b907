// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation that can fail, made to fail, one at a time.
 *
 * A scenario is run with its first allocation failing, then with its second,
 * and so on, until it ends before the failure comes. Each time it must end as
 * it does without a failure, or in an error that says so; after each time it
 * must work, and at the end there is no warning and no leak.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "failnth.h"

/* How a scenario ended: 0, an errno, or one of these. */
#define DIED(sig)	(1000 + (sig))
#define WRONG_BYTES	2000

#define STAMP		0xaabbccddU	/* the module's own default */
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

/* Strategies that hide a failure in mmap(), so that the access dies of it. */
static const char * const careless[] = { "maps-remap_pfn_unchecked" };

/* The whole buffer, mapped by one of the targets. */
struct view {
	const struct target *target;
	unsigned char *map;
	size_t len;
	int fd;
};

typedef int (*scenario_fn)(const struct target *target);

FIXTURE(fail_nth)
{
	char found[256];	/* the parameters that the module came with */
	long long tainted;
	struct target targets[MAX_DEVICES];
	size_t nr_targets;
};

FIXTURE_VARIANT(fail_nth)
{
	const char *params;
};

FIXTURE_VARIANT_ADD(fail_nth, pages)
{
	.params = "npages=16 huge=never",
};

/* Room for two folios of 2 MiB and some single pages. */
FIXTURE_VARIANT_ADD(fail_nth, folios)
{
	.params = "npages=1030 huge=auto",
};

static bool is_careless(const struct target *target)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(careless); i++)
		if (!strcmp(target->name, careless[i]))
			return true;
	return false;
}

/*
 * May a scenario end so when an allocation failed in it? Out of memory, and for
 * a fork EAGAIN; EFAULT, since copies from and to user space are made to fail,
 * too, and since vm_insert_pages() says so when it has no page table.
 */
static bool clean_end(const struct target *target, int end)
{
	return end == ENOMEM || end == EAGAIN || end == EFAULT ||
	       (end == DIED(SIGBUS) && is_careless(target));
}

/* Loads the module anew with @params; NULL: leaves it as it is. */
static bool renew(const char *params)
{
	return !params || (!module_unload() && !module_load(module_path(), params));
}

/*
 * Runs @scenario with each of its allocations failing, in a module that is loaded
 * with @params for each, if any; returns how many there were, or -1 when something
 * was not as it must be. A scenario that dies of SIGBUS anyway is left out: a
 * signal that cannot be delivered is SIGSEGV.
 */
static int sweep(scenario_fn scenario, const struct target *target, const char *params)
{
	int fail_nth = open_failures();
	int usual = scenario(target);
	int nth, end, again = usual;
	bool injected = usual != DIED(SIGBUS);

	for (nth = 1; injected && nth < MAX_FAILURES; nth++) {
		if (!renew(params))
			ksft_exit_fail_msg("the module cannot be loaded anew\n");
		arm(fail_nth, nth);
		end = scenario(target);
		injected = disarm(fail_nth);
		again = scenario(target);
		if ((end != usual && !(injected && clean_end(target, end))) ||
		    again != usual) {
			ksft_print_msg("%s: failure %d: ends in %d, then in %d, usually in %d\n",
				       target->name, nth, end, again, usual);
			close(fail_nth);
			return -1;
		}
	}
	close(fail_nth);
	return nth > 1 ? nth - 2 : 0;
}

/* The devices that a scenario is for. */
enum who { EVERY, FAULTING };

static bool is_for(const struct target *target, enum who who)
{
	return who == EVERY || !strcmp(target->name, "maps0") ||
	       !strcmp(target->name, "maps-fault_around");
}

/* Sweeps over the devices; whether all was as it must be. */
static bool sweep_loaded(const struct target *targets, size_t nr_targets, const char *name,
			 scenario_fn scenario, enum who who, const char *params)
{
	bool good = true;
	int failures;
	size_t i;

	for (i = 0; i < nr_targets; i++) {
		if (!is_for(&targets[i], who))
			continue;
		failures = sweep(scenario, &targets[i], params);
		ksft_print_msg("%s, %s: %d failures\n", name,
			       targets[i].name, failures);
		fflush(stdout);
		good = good && failures >= 0;
	}
	return good;
}

static bool sweep_all(const struct target *targets, size_t nr_targets, const char *name,
		      scenario_fn scenario, enum who who)
{
	return sweep_loaded(targets, nr_targets, name, scenario, who, NULL);
}

/* Where an access that dies ends up: the handlers change no signal mask. */
static sigjmp_buf death;

static void die(int sig)
{
	siglongjmp(death, sig);
}

FIXTURE_SETUP(fail_nth)
{
	const struct sigaction on_bus = {
		.sa_handler = die,
		.sa_flags = SA_NODEFER,
	};
	const char *module = module_path();

	ASSERT_NE(NULL, module);
	ASSERT_EQ(0, sigaction(SIGBUS, &on_bus, NULL));
	self->tainted = tainted();
	module_parameters(self->found, sizeof(self->found));
	ASSERT_EQ(0, module_unload());
	ASSERT_EQ(0, module_load(module, variant->params));
	self->nr_targets = find_targets(self->targets);
	ASSERT_LT(0, self->nr_targets);
}

FIXTURE_TEARDOWN(fail_nth)
{
	const char *module = module_path();

	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(0, module_load(module, self->found));
	EXPECT_EQ(self->tainted, tainted());
}

/* The pages that are touched: of both folios and of a single page, if any. */
static unsigned char *nth_page(const struct view *view, unsigned int i)
{
	const size_t npages = view->target->npages;
	const size_t pgoff[] = { 0, npages / 2, npages - 1 };

	return view->map + pgoff[i] * view->target->page;
}

#define NR_TOUCHED 3

static int load_pages(const struct view *view)
{
	int sig = sigsetjmp(death, 0);
	unsigned int i;

	if (sig)
		return DIED(sig);
	for (i = 0; i < NR_TOUCHED; i++)
		if (word_at(nth_page(view, i) + STAMP_AT) != STAMP)
			return WRONG_BYTES;
	return 0;
}

static int store_pages(const struct view *view)
{
	int sig = sigsetjmp(death, 0);
	unsigned int i;

	if (sig)
		return DIED(sig);
	for (i = 0; i < NR_TOUCHED; i++) {
		put_word(nth_page(view, i) + WORD_AT, WRITTEN);
		if (word_at(nth_page(view, i) + STAMP_AT) != STAMP ||
		    word_at(nth_page(view, i) + WORD_AT) != WRITTEN)
			return WRONG_BYTES;
	}
	return 0;
}

/*
 * munmap() needs memory itself: a failure is tried again, so that a scenario
 * leaves nothing behind. The second one is not made to fail.
 */
static int unmap(void *at, size_t len)
{
	int err = munmap(at, len) ? errno : 0;

	if (err)
		munmap(at, len);
	return err;
}

/* Maps the whole buffer, does @use with it, and unmaps it. */
static int with_map(const struct target *target, int prot, int flags,
		    int (*use)(const struct view *))
{
	struct view view = {
		.target = target,
		.len = target->npages * target->page,
		.fd = open(target->node, O_RDWR | O_CLOEXEC),
	};
	int end, err;

	if (view.fd < 0)
		return errno;
	view.map = mmap(NULL, view.len, prot, flags, view.fd, 0);
	if (view.map == MAP_FAILED) {
		end = errno;
	} else {
		end = use(&view);
		err = unmap(view.map, view.len);
		end = end ? end : err;
	}
	close(view.fd);
	return end;
}

static int nothing(const struct view *view)
{
	(void)view;
	return 0;
}

/* Reads the file to its end. */
static int read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[512];
	ssize_t len;
	int end;

	if (fd < 0)
		return errno;
	do
		len = read(fd, text, sizeof(text));
	while (len > 0);
	end = len < 0 ? errno : 0;
	close(fd);
	return end;
}

static int open_close(const struct target *target)
{
	int fd = open(target->node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

TEST_F_TIMEOUT(fail_nth, open_close, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "open_close", open_close, EVERY));
}

static int map_shared(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_SHARED, nothing);
}

TEST_F_TIMEOUT(fail_nth, map_shared, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "map_shared", map_shared, EVERY));
}

static int map_private(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_PRIVATE, nothing);
}

TEST_F_TIMEOUT(fail_nth, map_private, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "map_private", map_private, EVERY));
}

static int read_fault(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED, load_pages);
}

TEST_F_TIMEOUT(fail_nth, read_fault, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "read_fault", read_fault, EVERY));
}

/*
 * The first mapping after a load may take more than those that follow. A load
 * in between leaves slabs more or less full, and to fill one counts as well: what
 * one sweep steps over, another meets.
 */
TEST_F_TIMEOUT(fail_nth, first_read_fault, 3600)
{
	int i;

	for (i = 0; i < 3; i++)
		EXPECT_TRUE(sweep_loaded(self->targets, self->nr_targets, "first_read_fault",
					 read_fault, FAULTING, variant->params));
}

static int write_fault(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_SHARED,
			store_pages);
}

TEST_F_TIMEOUT(fail_nth, write_fault, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "write_fault", write_fault, EVERY));
}

static int private_read_fault(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_PRIVATE, load_pages);
}

TEST_F_TIMEOUT(fail_nth, private_read_fault, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "private_read_fault", private_read_fault, EVERY));
}

static int private_copy(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			store_pages);
}

TEST_F_TIMEOUT(fail_nth, private_copy, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "private_copy", private_copy, FAULTING));
}

static int load_then_store(const struct view *view)
{
	int end = load_pages(view);

	return end ? end : store_pages(view);
}

static int private_read_then_copy(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			load_then_store);
}

TEST_F_TIMEOUT(fail_nth, private_read_then_copy, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "private_read_then_copy", private_read_then_copy, FAULTING));
}

static int populate(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED | MAP_POPULATE,
			load_pages);
}

TEST_F_TIMEOUT(fail_nth, populate, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "populate", populate, EVERY));
}

static int lock(const struct view *view)
{
	int end = mlock(view->map, view->len) ? errno : 0;

	return end ? end : load_pages(view);
}

static int lock_shared(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED, lock);
}

TEST_F_TIMEOUT(fail_nth, lock_shared, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "lock_shared", lock_shared, FAULTING));
}

/* The parent has touched the pages; the child touches them, too. */
static int fork_load(const struct view *view)
{
	int end = store_pages(view);
	pid_t child;

	if (end)
		return end;
	child = fork();
	if (child < 0)
		return errno;
	if (!child) {
		end = load_pages(view);
		_exit(end == WRONG_BYTES ? 1 : end ? 2 : 0);
	}
	end = end_of(child);
	return end == 1 ? WRONG_BYTES : end ? DIED(SIGBUS) : 0;
}

static int fork_shared(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_SHARED, fork_load);
}

TEST_F_TIMEOUT(fail_nth, fork_shared, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "fork_shared", fork_shared, FAULTING));
}

static int fork_private(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			fork_load);
}

TEST_F_TIMEOUT(fail_nth, fork_private, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "fork_private", fork_private, FAULTING));
}

/* A hole in the middle splits the mapping. */
static int punch(const struct view *view)
{
	if (munmap(view->map + view->target->page, view->target->page))
		return errno;
	return load_pages(view);
}

static int unmap_middle(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED, punch);
}

TEST_F_TIMEOUT(fail_nth, unmap_middle, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "unmap_middle", unmap_middle, FAULTING));
}

static int protect(const struct view *view)
{
	int end = store_pages(view);

	if (end)
		return end;
	if (mprotect(view->map + view->target->page, view->target->page,
		     PROT_READ))
		return errno;
	return load_pages(view);
}

static int protect_page(const struct target *target)
{
	return with_map(target, PROT_READ | PROT_WRITE, MAP_SHARED, protect);
}

TEST_F_TIMEOUT(fail_nth, protect_page, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "protect_page", protect_page, FAULTING));
}

/* Moves the mapping, touched before, to a place that was reserved for it. */
static int move(const struct view *view)
{
	struct view moved = *view;
	int end = load_pages(view), err;

	if (end)
		return end;
	moved.map = mmap(NULL, view->len, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (moved.map == MAP_FAILED)
		return errno;
	if (mremap(view->map, view->len, view->len,
		   MREMAP_MAYMOVE | MREMAP_FIXED, moved.map) == MAP_FAILED)
		end = errno;
	else
		end = load_pages(&moved);
	err = unmap(moved.map, view->len);
	return end ? end : err;
}

static int move_shared(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED, move);
}

TEST_F_TIMEOUT(fail_nth, move_shared, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "move_shared", move_shared, FAULTING));
}

static int forget(const struct view *view)
{
	int end = load_pages(view);

	if (end)
		return end;
	if (madvise(view->map, view->len, MADV_DONTNEED))
		return errno;
	return load_pages(view);
}

static int dontneed(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED, forget);
}

TEST_F_TIMEOUT(fail_nth, dontneed, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "dontneed", dontneed, FAULTING));
}

/* Untouched pages, by get_user_pages(). */
static int read_remotely(const struct view *view)
{
	unsigned char word[4];
	struct iovec to = { word, sizeof(word) };
	struct iovec from = { nth_page(view, 1), sizeof(word) };

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != sizeof(word))
		return errno;
	return word_at(word) == STAMP ? 0 : WRONG_BYTES;
}

static int process_vm(const struct target *target)
{
	return with_map(target, PROT_READ, MAP_SHARED, read_remotely);
}

TEST_F_TIMEOUT(fail_nth, process_vm, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "process_vm", process_vm, FAULTING));
}

static int read_write(const struct target *target)
{
	int fd = open(target->node, O_RDWR | O_CLOEXEC), end = 0;
	unsigned char word[4];

	if (fd < 0)
		return errno;
	if (pread(fd, word, sizeof(word), 0) != sizeof(word))
		end = errno;
	else if (word_at(word) != STAMP)
		end = WRONG_BYTES;
	else if (pwrite(fd, word, sizeof(word), 0) != sizeof(word))
		end = errno;
	close(fd);
	return end;
}

TEST_F_TIMEOUT(fail_nth, read_write, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "read_write", read_write, FAULTING));
}

static int debugfs(const struct target *target)
{
	static const char * const files[] = { "faults", "mappings" };
	char path[160];
	int end = read_file(MAPS_DEBUGFS "frames");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files) && !end; i++) {
		snprintf(path, sizeof(path), MAPS_DEBUGFS "%s/%s",
			 target->name, files[i]);
		end = read_file(path);
	}
	return end;
}

TEST_F_TIMEOUT(fail_nth, debugfs, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "debugfs", debugfs, FAULTING));
}

static int sysfs(const struct target *target)
{
	static const char * const files[] = { "npages", "size", "strategy" };
	char path[160];
	int end = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files) && !end; i++) {
		snprintf(path, sizeof(path), MAPS_CLASS "%s/%s", target->name,
			 files[i]);
		end = read_file(path);
	}
	return end;
}

TEST_F_TIMEOUT(fail_nth, sysfs, 3600)
{
	EXPECT_TRUE(sweep_all(self->targets, self->nr_targets,
			      "sysfs", sysfs, FAULTING));
}

FIXTURE(after)
{
};

FIXTURE_SETUP(after)
{
}

FIXTURE_TEARDOWN(after)
{
}

/* After all of it: an object is a leak when two scans find no pointer to it. */
TEST_F_TIMEOUT(after, no_leak, 300)
{
	char leaks[1024] = "";
	int fd;

	if (access(KMEMLEAK, W_OK))
		SKIP(return, "no leak detector (CONFIG_DEBUG_KMEMLEAK)");
	ASSERT_TRUE(put(KMEMLEAK, "scan"));
	ASSERT_TRUE(put(KMEMLEAK, "scan"));
	fd = open(KMEMLEAK, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, read(fd, leaks, sizeof(leaks) - 1))
		TH_LOG("%s", leaks);
	close(fd);
}

TEST_HARNESS_MAIN

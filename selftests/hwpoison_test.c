// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that the kernel knows is broken: from then on nothing maps or reads it.
 * The test injects the failure with MADV_HWPOISON, and takes it back when the
 * module, which holds the page, is unloaded. The page itself may be lost until
 * the next boot.
 */
#include "maps_devices.h"
#include "held.h"

#define UNPOISON	"/sys/kernel/debug/hwpoison/unpoison-pfn"
#define KPF_HWPOISON	19	/* a bit of /proc/kpageflags */

#define BROKEN	1UL	/* the page of the buffer that breaks */
#define PAGES	3UL

FIXTURE(broken)
{
	struct maps maps;
	struct walk walk;
	const char *path;
	char parameters[1024];
	unsigned long pfn;
	unsigned char *map;
};

FIXTURE_VARIANT(broken)
{
	const char *node;
};

FIXTURE_VARIANT_ADD(broken, fault) { "/dev/maps0" };
FIXTURE_VARIANT_ADD(broken, fault_around) { "/dev/maps-fault_around" };

static void __attribute__((constructor)) need_injection(void)
{
	void *nowhere = (void *)sysconf(_SC_PAGESIZE);

	if (!madvise(nowhere, 0, MADV_HWPOISON) && !access(UNPOISON, W_OK) && module_path())
		return;
	ksft_print_header();
	if (madvise(nowhere, 0, MADV_HWPOISON))
		ksft_exit_skip("no MADV_HWPOISON (CONFIG_MEMORY_FAILURE)\n");
	if (access(UNPOISON, W_OK))
		ksft_exit_skip(UNPOISON " is missing (modprobe hwpoison-inject)\n");
	ksft_exit_skip(MODULE_MISSING "\n");
}

/* The frame of a page of the buffer, or 0. */
static unsigned long frame(size_t pgoff)
{
	FILE *file = fopen(MAPS_DEBUGFS "frames", "r");
	unsigned long i, pfn, found = 0;
	unsigned int order;

	while (file && !found && fscanf(file, "%lu %lu %u", &i, &pfn, &order) == 3)
		found = i == pgoff ? pfn : 0;
	if (file)
		fclose(file);
	return found;
}

static bool is_broken(unsigned long pfn)
{
	unsigned long long flags = 0;
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	bool read = pread(fd, &flags, sizeof(flags), (off_t)pfn * sizeof(flags)) == sizeof(flags);

	close(fd);
	return read && flags >> KPF_HWPOISON & 1;
}

/*
 * Break the page in a child, which may be killed for it. madvise() may fail with
 * EBUSY, as the kernel cannot take the page from the driver: it is marked.
 */
static void break_page(const struct maps *maps)
{
	pid_t child = fork();
	unsigned char *at;

	if (!child) {
		at = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, BROKEN, 1);
		if (at == MAP_FAILED)
			_exit(1);
		load(at);
		_exit(madvise(at, maps->page, MADV_HWPOISON) ? errno : 0);
	}
	end_of(child);
}

FIXTURE_SETUP(broken)
{
	struct maps *maps = &self->maps;

	self->path = module_path();
	module_parameters(self->parameters, sizeof(self->parameters));
	open_maps(maps, O_RDWR);
	ASSERT_LE(0, maps->fd);
	ASSERT_TRUE(start_walk(&self->walk, maps, 0, PAGES));
	self->pfn = frame(BROKEN);
	ASSERT_NE(0, self->pfn);
	break_page(maps);
	ASSERT_TRUE(is_broken(self->pfn));

	close(maps->fd);
	maps->fd = open(variant->node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, maps->fd);
	self->map = map_pages(maps, maps->fd, PROT_READ, MAP_SHARED, 0, PAGES);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(broken)
{
	char pfn[32];

	EXPECT_EQ(0, munmap(self->map, PAGES * self->maps.page));
	EXPECT_EQ(0, close(self->maps.fd));
	EXPECT_EQ(0, held_for_good());
	EXPECT_EQ(0, module_unload());
	snprintf(pfn, sizeof(pfn), "%#lx", self->pfn);
	EXPECT_TRUE(put(UNPOISON, pfn));
	EXPECT_FALSE(is_broken(self->pfn));
	EXPECT_EQ(0, module_load(self->path, self->parameters));
}

static sigjmp_buf broken_env;
static siginfo_t broken_info;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	broken_info = *info;
	siglongjmp(broken_env, sig);
}

/* The code of the SIGBUS that a load ends in, 0 for none. */
static int code_of_load(unsigned char *at)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO }, saved;

	sigaction(SIGBUS, &action, &saved);
	alarm(PROBE_SECONDS);
	broken_info.si_code = 0;
	if (!sigsetjmp(broken_env, 1))
		load(at);
	alarm(0);
	sigaction(SIGBUS, &saved, NULL);
	return broken_info.si_code;
}

TEST_F(broken, load_is_sigbus)
{
	unsigned char *at = self->map + BROKEN * self->maps.page;

	EXPECT_EQ(BUS_MCEERR_AR, code_of_load(at + EDGE));

	/* It stays so, and the pages beside it are themselves. */
	EXPECT_EQ(BUS_MCEERR_AR, code_of_load(at));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 0, BROKEN));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, at + self->maps.page, BROKEN + 1,
				       PAGES - BROKEN - 1));
}

/* A fault at a neighbour may map what is around it, but not the broken page. */
TEST_F(broken, load_after_its_neighbours_is_sigbus)
{
	unsigned char *at = self->map + BROKEN * self->maps.page;

	EXPECT_EQ(0, count_wrong_pages(&self->maps, self->map, 0, BROKEN));
	EXPECT_EQ(0, count_wrong_pages(&self->maps, at + self->maps.page, BROKEN + 1,
				       PAGES - BROKEN - 1));
	EXPECT_EQ(BUS_MCEERR_AR, code_of_load(at));
}

TEST_F(broken, read_is_eio)
{
	const off_t at = BROKEN * self->maps.page;
	unsigned char *bytes = malloc(PAGES * self->maps.page);
	struct maps *maps = &self->maps;

	ASSERT_NE(NULL, bytes);
	EXPECT_EQ(-1, pread(maps->fd, bytes, 1, at));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pread(maps->fd, bytes, 1, at + maps->page - 1));
	EXPECT_EQ(EIO, errno);

	/* One that begins before it ends where it begins; beside it all is well. */
	EXPECT_EQ(3, pread(maps->fd, bytes, maps->page, at - 3));
	EXPECT_EQ(1, pread(maps->fd, bytes, 1, at - 1));
	EXPECT_EQ(1, pread(maps->fd, bytes, 1, at + maps->page));
	free(bytes);
}

TEST_HARNESS_MAIN

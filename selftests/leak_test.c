// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module leaves behind: nothing, however often it is loaded and
 * unloaded, or refuses to load.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "percpu.h"
#include "held.h"

/* Enough that a buffer of 4 MiB, lost each time, stands out. */
#define CYCLES		16
#define LOST_MAX_KB	(24 * 1024)

/* Inodes that others may have got meanwhile: fewer than one for each load. */
#define LOST_MAX_INODES	(CYCLES - 1)

NEED(module_path, MODULE_MISSING);

/* What there is of the things that a load takes. */
struct stock {
	long long free_kb;
	size_t areas;		/* of kernel addresses, for user space */
	unsigned int mounts;	/* the next free number of a file system */
	long long inodes;	/* in use, in the whole kernel */
};

FIXTURE(leak)
{
	char found[256];	/* the parameters that the module came with */
	const char *module;
	dev_t devt;		/* of maps0, when it was loaded */
	struct stock before;
};

FIXTURE_VARIANT(leak)
{
	const char *params;
};

FIXTURE_VARIANT_ADD(leak, pages)
{
	.params = "npages=1030 huge=never",
};

FIXTURE_VARIANT_ADD(leak, folios)
{
	.params = "npages=1030 huge=auto",
};

static size_t user_areas(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[256];
	size_t n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += !!strstr(line, " user");
	if (file)
		fclose(file);
	return n;
}

/* A file system without a disk gets the lowest number that is free. */
static unsigned int next_mount(void)
{
	char dir[] = "/tmp/leakXXXXXX";
	struct stat st = { 0 };

	if (!mkdtemp(dir))
		return 0;
	if (!mount("leak_test", dir, "tmpfs", 0, NULL)) {
		stat(dir, &st);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return minor(st.st_dev);
}

/* The file says how many there are, and how many of them are unused. */
static long long used_inodes(void)
{
	FILE *file = fopen("/proc/sys/fs/inode-nr", "r");
	long long all = -1, unused = 0;

	if (file && fscanf(file, "%lld %lld", &all, &unused) != 2)
		all = -1;
	if (file)
		fclose(file);
	return all - unused;
}

static struct stock take_stock(void)
{
	return (struct stock){ memory_kb("MemFree"), user_areas(), next_mount(), used_inodes() };
}

FIXTURE_SETUP(leak)
{
	struct stat st;

	self->module = module_path();
	ASSERT_EQ(0, stat(MAPS_NODE, &st));
	self->devt = st.st_rdev;
	module_parameters(self->found, sizeof(self->found));
	ASSERT_EQ(0, module_unload());

	/* The first time grows caches that stay. */
	ASSERT_EQ(0, module_load(self->module, variant->params));
	ASSERT_EQ(0, module_unload());
	self->before = take_stock();
	ASSERT_LT(0, self->before.free_kb);
	ASSERT_LT(0, self->before.mounts);
}

FIXTURE_TEARDOWN(leak)
{
	struct stock after;

	after = take_stock();
	EXPECT_EQ(NULL, left_behind())
		TH_LOG("%s is left", left_behind());
	EXPECT_GT(LOST_MAX_KB, self->before.free_kb - after.free_kb);
	EXPECT_EQ(self->before.areas, after.areas);
	EXPECT_EQ(self->before.mounts, after.mounts);
	EXPECT_GE(LOST_MAX_INODES, after.inodes - self->before.inodes);
	EXPECT_EQ(0, module_load(self->module, self->found));
}

/* Maps the first page by each node, and unmaps it; how many nodes there are. */
static size_t use_nodes(void)
{
	struct target targets[MAX_DEVICES];
	size_t i, n = find_targets(targets);
	unsigned char *map;
	int fd;

	for (i = 0; i < n; i++) {
		fd = open(targets[i].node, O_RDWR | O_CLOEXEC);
		map = mmap(NULL, targets[i].page, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED || word_at(map) != stamp())
			return 0;
		munmap(map, targets[i].page);
		close(fd);
	}
	return n;
}

TEST_F_TIMEOUT(leak, load_and_unload, 120)
{
	int i;

	for (i = 0; i < CYCLES; i++) {
		ASSERT_EQ(0, module_load(self->module, variant->params));
		ASSERT_LT(1, use_nodes());
		ASSERT_GE(0, held_for_good());
		ASSERT_EQ(0, module_unload());
	}
}

/* The end may be below 0, where others free what they had before: less than a leak. */
TEST_F_TIMEOUT(leak, memory_of_each_processor, 120)
{
	struct percpu percpu;
	int i;

	if (!percpu_begin(&percpu))
		SKIP(return, NO_PERCPU_EVENTS);
	for (i = 0; i < CYCLES; i++) {
		ASSERT_EQ(0, module_load(self->module, variant->params));
		EXPECT_LT(0, percpu_held(&percpu));
		ASSERT_EQ(0, module_unload());
	}
	EXPECT_GE(0, percpu_end(&percpu));
}

/* A node with the numbers that the module had. */
TEST_F_TIMEOUT(leak, dead_node, 60)
{
	const char *node = "/tmp/dead_node";

	ASSERT_EQ(0, mknod(node, S_IFCHR | 0600, self->devt));
	EXPECT_EQ(-1, open(node, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ENODEV, errno);
	unlink(node);
}

TEST_HARNESS_MAIN

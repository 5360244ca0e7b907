// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Documentation/security.rst promises and no other test asks: forced writes,
 * on each strategy; the names in sysfs; and no bytes of others in a new buffer.
 */
#include "maps_util.h"

#include <sys/ptrace.h>

NEED(module_path, MODULE_MISSING);

#define DIRT		0xa5
#define DIRTY_BYTES	(64UL << 20)

FIXTURE(security)
{
	struct maps maps;
	int fd;			/* of the variant's node, O_RDWR */
	unsigned int word;	/* at WORD_AT in the first page */
};

FIXTURE_VARIANT(security)
{
	const char *node;
	bool forced_writes_copy;	/* else they are refused */
};

FIXTURE_VARIANT_ADD(security, fault) { "/dev/maps0", true };
FIXTURE_VARIANT_ADD(security, fault_around) { "/dev/maps-fault_around", true };
FIXTURE_VARIANT_ADD(security, remap_pfn_unchecked) { "/dev/maps-remap_pfn_unchecked", false };
FIXTURE_VARIANT_ADD(security, remap_pfn) { "/dev/maps-remap_pfn", false };
FIXTURE_VARIANT_ADD(security, remap_pfn_readonly) { "/dev/maps-remap_pfn_readonly", false };
FIXTURE_VARIANT_ADD(security, remap_vmalloc) { "/dev/maps-remap_vmalloc", true };
FIXTURE_VARIANT_ADD(security, insert_page) { "/dev/maps-insert_page", true };
FIXTURE_VARIANT_ADD(security, insert_pages) { "/dev/maps-insert_pages", true };

FIXTURE_SETUP(security)
{
	open_maps(&self->maps, O_RDWR);
	ASSERT_LE(0, self->maps.fd);
	self->fd = open(variant->node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->word = device_word(&self->maps, 0, WORD_AT);
}

/* No test here may change the buffer. */
FIXTURE_TEARDOWN(security)
{
	EXPECT_EQ(self->word, device_word(&self->maps, 0, WORD_AT));
	close(self->fd);
	close(self->maps.fd);
}

/* The kernel writing for a debugger, which protection does not stop. */

static ssize_t write_by_mem(const void *at, const void *bytes, size_t n)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t written = pwrite(fd, bytes, n, (uintptr_t)at);
	int err = errno;

	close(fd);
	errno = err;
	return written;
}

/* 0, or the errno of POKEDATA: a child stops itself and is written to. */
static int poke(void *at, long word)
{
	int err = 0;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	if (ptrace(PTRACE_POKEDATA, child, at, (void *)word))
		err = errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return err;
}

TEST_F(security, forced_write_spares_the_buffer_shared)
{
	unsigned char *map;

	map = mmap(NULL, self->maps.page, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, write_by_mem(map + WORD_AT, "evil", 4));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(EIO, poke(map + WORD_AT, -1L));
	EXPECT_EQ(self->word, word_at(map + WORD_AT));
	munmap(map, self->maps.page);
}

/* In a private mapping it is a copy that is written to. */
TEST_F(security, forced_write_spares_the_buffer_private)
{
	unsigned char *map;
	ssize_t written;

	map = mmap(NULL, self->maps.page, PROT_READ, MAP_PRIVATE, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(variant->forced_writes_copy ? 0 : EIO, poke(map + WORD_AT, -1L));
	EXPECT_EQ(self->word, word_at(map + WORD_AT));

	/* Newer kernels can be set to refuse (proc_mem.force_override=), which is as safe. */
	written = write_by_mem(map + WORD_AT, "evil", 4);
	if (!variant->forced_writes_copy)
		EXPECT_EQ(-1, written);
	EXPECT_EQ(written < 0, self->word == word_at(map + WORD_AT));
	EXPECT_EQ(self->word, device_word(&self->maps, 0, WORD_AT));
	munmap(map, self->maps.page);
}

/* sysfs is readable by everybody. */
TEST(sysfs_shows_no_frames)
{
	static const char *const known[] = {
		".", "..", "dev", "npages", "power", "size", "strategy", "subsystem", "uevent",
	};
	DIR *d = opendir(MAPS_SYSFS);
	struct dirent *entry;
	size_t i;

	ASSERT_NE(NULL, d);
	while ((entry = readdir(d))) {
		for (i = 0; i < ARRAY_SIZE(known) && strcmp(entry->d_name, known[i]); i++)
			;
		EXPECT_GT(ARRAY_SIZE(known), i)
			TH_LOG("%s: is it for everybody?", entry->d_name);
	}
	closedir(d);
}

/* A fresh buffer: its stamps and zeroes, whatever the memory held before. */

/* Leaves much more dirt than a buffer takes: what is freed last is taken first. */
static void dirty_memory(void)
{
	size_t size = sysconf(_SC_AVPHYS_PAGES) / 2 * sysconf(_SC_PAGESIZE);
	void *at;

	if (size > DIRTY_BYTES)
		size = DIRTY_BYTES;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(2);
	memset(at, DIRT, size);
	_exit(0);
}

/* How many bytes are neither of the stamp nor zero. */
static size_t strange_bytes(const struct maps *maps, const unsigned char *map)
{
	size_t i, at, strange = 0;

	for (i = 0; i < maps->npages; i++) {
		const unsigned char *page = map + i * maps->page;

		strange += word_at(page) != stamp();
		for (at = 4; at < maps->page; at++)
			strange += page[at] != 0;
	}
	return strange;
}

static void expect_fresh(struct __test_metadata *_metadata, const char *path,
			 const char *parameters)
{
	struct maps maps;
	unsigned char *map;
	pid_t child = fork();

	if (!child)
		dirty_memory();
	EXPECT_EQ(0, end_of(child));
	ASSERT_EQ(0, module_load(path, parameters));
	open_maps(&maps, O_RDWR);
	ASSERT_LE(0, maps.fd);
	map = map_pages(&maps, maps.fd, PROT_READ, MAP_SHARED, 0, maps.npages);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0U, strange_bytes(&maps, map));

	/* Dirt for the next one, in the buffer's own pages. */
	memset(mmap(map, maps.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, maps.fd, 0),
	       DIRT, maps.size);
	munmap(map, maps.size);
	close(maps.fd);
	EXPECT_EQ(0, module_unload());
}

FIXTURE(fresh)
{
	const char *path;
	char parameters[1024];
};

FIXTURE_SETUP(fresh)
{
	self->path = module_path();
	module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, module_unload());
}

FIXTURE_TEARDOWN(fresh)
{
	EXPECT_EQ(0, module_load(self->path, self->parameters));
}

/*
 * Proves something where the kernel does not clear memory: init_on_alloc=0, as the guest of
 * the test runner is booted.
 */
TEST_F_TIMEOUT(fresh, nothing_but_zeroes_and_stamps, 250)
{
	int i;

	for (i = 0; i < 3; i++) {
		expect_fresh(_metadata, self->path, "npages=64 huge=never");
		expect_fresh(_metadata, self->path, "npages=1024 huge=auto");
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device promises about other people's bytes, one test a promise, on
 * each way to map it. Documentation/security.rst tells them in words.
 */
#include "maps_util.h"
#include "maps_module.h"

#include <linux/capability.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#define NOBODY		65534
#define DIRT		0xa5
#define DIRTY_BYTES	(64UL << 20)
#define FRAMES		MAPS_DEBUGFS "frames"

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

/* Descriptors: none gives more than it was opened for. */

TEST_F(security, reader_cannot_write)
{
	int fd = open(variant->node, O_RDONLY | O_CLOEXEC);
	void *map;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, "", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->maps.page, PROT_READ | PROT_WRITE, MAP_SHARED,
				   fd, 0));
	EXPECT_EQ(EACCES, errno);

	/* Nor later. */
	map = mmap(NULL, self->maps.page, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, self->maps.page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(SIGSEGV, signal_of(map, STORE));
	munmap(map, self->maps.page);
	close(fd);
}

TEST_F(security, writer_cannot_read)
{
	int fd = open(variant->node, O_WRONLY | O_CLOEXEC);
	char byte;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->maps.page, PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->maps.page, PROT_READ, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EACCES, errno);
	close(fd);
}

TEST_F(security, nothing_is_executable)
{
	void *map;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->maps.page, PROT_READ | PROT_EXEC, MAP_SHARED,
				   self->fd, 0));
	EXPECT_EQ(EPERM, errno);
	map = mmap(NULL, self->maps.page, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, self->maps.page, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	munmap(map, self->maps.page);
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

	/* Newer kernels can be told not to force at all: that is no less safe. */
	written = write_by_mem(map + WORD_AT, "evil", 4);
	if (!variant->forced_writes_copy)
		EXPECT_EQ(-1, written);
	EXPECT_EQ(written < 0, self->word == word_at(map + WORD_AT));
	EXPECT_EQ(self->word, device_word(&self->maps, 0, WORD_AT));
	munmap(map, self->maps.page);
}

/* Nodes and files: who may open them. */

TEST_F(security, node_is_the_owners_alone)
{
	struct stat st;
	pid_t child;

	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ(0600U, st.st_mode & 07777);
	EXPECT_EQ(0U, st.st_uid);
	child = fork();
	if (!child) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(2);
		_exit(open(variant->node, O_RDONLY) >= 0 || errno != EACCES);
	}
	EXPECT_EQ(0, end_of(child));
}

static int without_admin(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	return syscall(SYS_capset, &header, data);
}

/* What is told of the device without a mapping. */
FIXTURE(told) { };
FIXTURE_SETUP(told) { }
FIXTURE_TEARDOWN(told) { }

TEST_F(told, frames_are_for_the_administrator)
{
	struct stat st;
	pid_t child;
	int fd;

	fd = open(FRAMES, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		SKIP(return, NO_DEBUGFS);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0400U, st.st_mode & 07777);
	close(fd);
	child = fork();
	if (!child) {
		if (without_admin())
			_exit(2);
		_exit(open(FRAMES, O_RDONLY) >= 0 || errno != EPERM);
	}
	EXPECT_EQ(0, end_of(child));
}

/* sysfs has what anybody may know, and no more than that. */
TEST_F(told, sysfs_tells_no_frames)
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
	if (!self->path)
		SKIP(return, MODULE_MISSING);
	module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, module_unload());
}

FIXTURE_TEARDOWN(fresh)
{
	if (self->path)
		EXPECT_EQ(0, module_load(self->path, self->parameters));
}

/*
 * Meaningful where nobody else clears memory: init_on_alloc=0, as the guest of
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

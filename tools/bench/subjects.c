// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subjects: every strategy of the module, as sysfs lists them, and what
 * the kernel has to compare them with.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLASS	"/sys/class/misc/"
#define SHMEM_ENABLED "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

/* Memory that a subject takes for itself: 256 MiB of small pages at most. */
#define OWN_MAX	65536
#define ANY_SIZE SIZE_MAX

const char * const kind_names[NR_KINDS] = {
	"fault", "eager", "memory", "copy"
};

static bool read_word(const char *path, char *word, size_t size)
{
	FILE *file = fopen(path, "r");
	bool done = file && fgets(word, size, file);

	if (done)
		word[strcspn(word, "\n")] = 0;
	if (file)
		fclose(file);
	return done;
}

static bool write_word(const char *path, const char *word)
{
	FILE *file = fopen(path, "w");
	bool done = file && fputs(word, file) >= 0;

	return file && !fclose(file) && done;
}

/* A node: what it maps must be there already. */
static int open_path(const struct subject *subject, size_t len)
{
	int fd = open(subject->path, O_RDWR | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (fd >= 0 && size >= 0 && (size_t)size < len) {
		close(fd);
		errno = EFBIG;
		return -1;
	}
	return fd;
}

static int open_memory(const struct subject *subject, size_t len)
{
	int fd = memfd_create(subject->name, subject->file_flags | MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, len) || fallocate(fd, 0, 0, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The pages are huge or not when they are allocated: it is asked once. */
static int open_huge_memory(const struct subject *subject, size_t len)
{
	int fd;

	if (!write_word(SHMEM_ENABLED, "always"))
		return -1;
	fd = open_memory(subject, len);
	write_word(SHMEM_ENABLED, "never");
	return fd;
}

/* The pool must have the pages: it grows for the time of the measurement. */
static int open_hugetlb(const struct subject *subject, size_t len)
{
	char number[32];

	snprintf(number, sizeof(number), "%zu", (len >> 21) + 1);
	write_word("/proc/sys/vm/nr_hugepages", number);
	return open_memory(subject, len);
}

static const struct subject others[] = {
	{ "memfd", "-", KIND_MEMORY, open_memory, .advice = -1,
	  .max_pages = OWN_MAX },
	{ "memfd_huge", "-", KIND_MEMORY, open_huge_memory, .advice = -1,
	  .max_pages = OWN_MAX },
	{ "hugetlb", "-", KIND_MEMORY, open_hugetlb,
	  .file_flags = MFD_HUGETLB, .advice = -1, .max_pages = 4096 },
	{ "anonymous", "-", KIND_MEMORY, NULL, .map_flags = MAP_ANONYMOUS,
	  .advice = MADV_NOHUGEPAGE, .max_pages = OWN_MAX },
	{ "anonymous_thp", "-", KIND_MEMORY, NULL, .map_flags = MAP_ANONYMOUS,
	  .advice = MADV_HUGEPAGE, .max_pages = OWN_MAX },
};

static long faults_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Is a page there as soon as it is mapped, so that its first touch is free? */
static bool is_eager(const struct subject *subject)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	int fd = open(subject->path, O_RDWR | O_CLOEXEC);
	volatile unsigned char *map = mmap(NULL, page, PROT_READ, MAP_SHARED,
					   fd, 0);
	long before = faults_so_far();

	if (map == MAP_FAILED) {
		close(fd);
		return false;
	}
	before = faults_so_far();
	*map;
	before -= faults_so_far();
	munmap((void *)map, page);
	close(fd);
	return !before;
}

static bool buffer_has_folios(void)
{
	char line[64];

	return read_word("/sys/kernel/debug/maps/frames", line, sizeof(line)) &&
	       strcmp(strrchr(line, ' ') ?: "", " 0");
}

/* A strategy with a parameter of its own name carries the parameter's value. */
static void name_strategy(struct subject *subject, const char *strategy)
{
	char path[128], value[16];

	snprintf(path, sizeof(path), "/sys/module/maps/parameters/%.32s",
		 strategy);
	if (read_word(path, value, sizeof(value)))
		snprintf(subject->name, sizeof(subject->name), "%.20s/%.10s",
			 strategy, value);
	else
		snprintf(subject->name, sizeof(subject->name), "%.31s",
			 strategy);
}

static struct subject of_device(const char *device)
{
	struct subject subject = { .open = open_path, .advice = -1,
				   .max_pages = ANY_SIZE };
	char path[128], strategy[32] = "";

	snprintf(path, sizeof(path), CLASS "%.40s/strategy", device);
	read_word(path, strategy, sizeof(strategy));
	name_strategy(&subject, strategy);
	snprintf(subject.buffer, sizeof(subject.buffer), "%s",
		 buffer_has_folios() ? "folio" : "small");
	snprintf(subject.path, sizeof(subject.path), "/dev/%.40s", device);
	subject.kind = is_eager(&subject) ? KIND_EAGER : KIND_FAULT;
	return subject;
}

static struct subject of_node(const char *name, const char *path,
			      enum kind kind)
{
	struct subject subject = { .kind = kind, .open = open_path,
				   .advice = -1, .max_pages = ANY_SIZE };

	snprintf(subject.name, sizeof(subject.name), "%s", name);
	snprintf(subject.path, sizeof(subject.path), "%s", path);
	snprintf(subject.buffer, sizeof(subject.buffer), "%s",
		 buffer_has_folios() ? "folio" : "small");
	return subject;
}

static int is_ours(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "maps", 4);
}

/* sysfs numbers its inodes in the order in which they are made. */
static ino_t device_age(const char *device)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), CLASS "%s", device);
	return stat(path, &st) ? 0 : st.st_ino;
}

static int by_age(const struct dirent **a, const struct dirent **b)
{
	const ino_t left = device_age((*a)->d_name);
	const ino_t right = device_age((*b)->d_name);

	return left < right ? -1 : left > right;
}

/*
 * The strategies in the module's own order, then what they are compared with:
 * read() of the same bytes, the handler of five lines where its module is
 * loaded, and the kernel's own memory. Returns how many.
 */
size_t find_subjects(struct subject **subjects)
{
	const size_t nr_others = sizeof(others) / sizeof(*others);
	struct dirent **devices = NULL;
	int i, nr = scandir(CLASS, &devices, is_ours, by_age);
	size_t count = 0;

	if (nr < 0)
		nr = 0;
	*subjects = calloc(nr + 2 + nr_others, sizeof(**subjects));
	if (!*subjects)
		return 0;
	for (i = 0; i < nr; i++) {
		(*subjects)[count++] = of_device(devices[i]->d_name);
		free(devices[i]);
	}
	free(devices);
	if (!access("/dev/five_lines", R_OK)) {
		(*subjects)[count] = of_node("five_lines", "/dev/five_lines",
					     KIND_FAULT);
		snprintf((*subjects)[count++].buffer, 8, "small");
	}
	if (nr)
		(*subjects)[count++] = of_node("read", "/dev/maps0", KIND_COPY);
	memcpy(*subjects + count, others, sizeof(others));
	return count + nr_others;
}

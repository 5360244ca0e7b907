// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subjects of the matrix: one file, and every strategy that the module
 * offers, each a node over the same buffer. All of them but the file are stamped
 * and looked at through the fault strategy's node, since one is never writable.
 */
#define _GNU_SOURCE
#include "matrix_probe.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define SYSFS		"/sys/class/misc"

/* A mapping of SOME pages has to have room to grow. */
#define MIN_PAGES	(2 * SOME)

static struct subject subjects[MAX_SUBJECTS];
static size_t nr_subjects;

/* What each page began with before the first probe. */
static unsigned char *edges;

/* The mount point of the file's file system. */
static char folder[32];

static int open_node(const struct subject *subject, struct target *t, int access)
{
	const char *reference = subject->traits & IS_FILE ? subject->node : subjects[1].node;

	t->fd = open(subject->node, access | O_CLOEXEC);
	t->reference = open(reference, O_RDWR | O_CLOEXEC);
	return t->fd < 0 || t->reference < 0 ? -1 : 0;
}

/* Save all edges of the buffer, or put them back. */
static bool keep_edges(bool save)
{
	const struct subject *subject = &subjects[1];
	const size_t page = page_size(), pages = subject->length / page;
	int fd = open(subject->node, O_RDWR | O_CLOEXEC);
	void *at = mmap(NULL, subject->length, RW, MAP_SHARED, fd, 0);
	size_t i;

	close(fd);
	if (at == MAP_FAILED)
		return false;
	for (i = 0; i < pages; i++) {
		void *edge = edges + i * STAMPS_SIZE, *there = at + i * page;

		memcpy(save ? edge : there, save ? there : edge, STAMPS_SIZE);
	}
	munmap(at, subject->length);
	return true;
}

/*
 * The reference: a file whose pages are as unmovable as the buffer's and whose
 * mount forbids execution, as the device does. The mount is ours alone.
 */
static bool open_file(size_t length)
{
	struct subject *file = &subjects[0];
	bool good;
	int fd;

	strcpy(folder, "/tmp/maps-matrix-XXXXXX");
	strcpy(file->name, "file");
	file->length = length;
	file->traits = IS_FILE;
	file->open = open_node;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(folder) || mount("maps", folder, "ramfs", MS_NOEXEC, NULL))
		return false;
	snprintf(file->node, sizeof(file->node), "%s/file", folder);
	fd = open(file->node, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	good = fd >= 0 && !ftruncate(fd, (off_t)length);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool read_fact(const char *device, const char *name, char *fact, int size)
{
	char path[300];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), SYSFS "/%s/%s", device, name);
	file = fopen(path, "r");
	good = file && fgets(fact, size, file);
	if (file)
		fclose(file);
	fact[strcspn(fact, "\n")] = 0;
	return good;
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

	snprintf(path, sizeof(path), SYSFS "/%s", device);
	return stat(path, &st) ? 0 : st.st_ino;
}

static int by_age(const struct dirent **a, const struct dirent **b)
{
	const ino_t left = device_age((*a)->d_name);
	const ino_t right = device_age((*b)->d_name);

	return left < right ? -1 : left > right;
}

/* One subject per device, in the order of the module's table. */
static bool open_devices(void)
{
	struct dirent **devices = NULL;
	int i, n = scandir(SYSFS, &devices, is_ours, by_age);

	for (i = 0; i < n; i++) {
		const char *device = devices[i]->d_name;
		char npages[32] = "", name[32] = "";
		struct subject *subject = &subjects[nr_subjects + 1];

		if (nr_subjects + 1 < MAX_SUBJECTS &&
		    read_fact(device, "npages", npages, sizeof(npages)) &&
		    read_fact(device, "strategy", name, sizeof(name))) {
			snprintf(subject->name, sizeof(subject->name), "%s", name);
			snprintf(subject->node, sizeof(subject->node), "/dev/%.70s", device);
			subject->length = strtoul(npages, NULL, 10) * page_size();
			subject->open = open_node;
			nr_subjects++;
		}
		free(devices[i]);
	}
	free(devices);
	return nr_subjects;
}

const char *matrix_open(const struct subject **all, size_t *nr)
{
	const size_t page = page_size();

	if (!open_devices())
		return "no device in " SYSFS ": load maps.ko";
	if (subjects[1].length < MIN_PAGES * page)
		return "fewer than sixteen pages: load maps.ko with npages=16 or more";
	if (!open_file(subjects[1].length))
		return "cannot mount a ramfs: only root may";
	nr_subjects++;

	edges = malloc(subjects[1].length / page * STAMPS_SIZE);
	if (!edges || !keep_edges(true))
		return "cannot map the device";

	*all = subjects;
	*nr = nr_subjects;
	return NULL;
}

void matrix_close(void)
{
	if (!keep_edges(false))
		fprintf(stderr, "matrix: cannot restore %s\n", subjects[1].node);
	free(edges);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
}

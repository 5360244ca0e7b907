// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking: who is asked (one file and every strategy that the module offers),
 * and one probe in a process of its own, which an alarm ends if nothing else
 * does.
 */
#define _GNU_SOURCE
#include "matrix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSFS		"/sys/class/misc"
#define MAX_SUBJECTS	64

/* A probe that is still going on after so many seconds will never end. */
#define PROBE_SECONDS	20

/* Shared with the process that a probe runs in. */
static struct outcome *told;

static struct subject subjects[MAX_SUBJECTS];
static size_t nr_subjects;

/* The first bytes of each page, as they were before the first probe. */
static unsigned char *edges;
static size_t page;

/* The mount point of the file's file system. */
static char folder[32];

void answer(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(told->word, sizeof(told->word), format, args);
	va_end(args);
	_exit(0);
}

/* The errnos that probes meet; static glibc knows their names from 2.32 on only. */
static const char *errno_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ EPERM, "EPERM" },	  { ENOENT, "ENOENT" },	    { EIO, "EIO" },
		{ EBADF, "EBADF" },	  { EAGAIN, "EAGAIN" },	    { ENOMEM, "ENOMEM" },
		{ EACCES, "EACCES" },	  { EFAULT, "EFAULT" },	    { EBUSY, "EBUSY" },
		{ ENODEV, "ENODEV" },	  { EINVAL, "EINVAL" },	    { ENOSPC, "ENOSPC" },
		{ ENOTTY, "ENOTTY" },	  { EOVERFLOW, "EOVERFLOW" }, { ENXIO, "ENXIO" },
		{ EOPNOTSUPP, "EOPNOTSUPP" },
	};
	static char number[16];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].err == err)
			return names[i].name;
	snprintf(number, sizeof(number), "errno %d", err);
	return number;
}

void answer_errno(void)
{
	answer("%s", errno_name(errno));
}

void answer_refused(void)
{
	answer("(%s)", errno_name(errno));
}

void answer_lacking(const char *what)
{
	snprintf(told->lacking, sizeof(told->lacking), "%s", what);
	answer("-");
}

/* A signal's name; only those that can end a probe. */
static const char *signal_name(int sig)
{
	switch (sig) {
	case SIGALRM:
		return "hangs";
	case SIGBUS:
		return "SIGBUS";
	case SIGSEGV:
		return "SIGSEGV";
	case SIGABRT:
		return "SIGABRT";
	case SIGKILL:
		return "SIGKILL";
	default:
		return "a signal";
	}
}

static void put_word(unsigned char *at, uint32_t word)
{
	at[0] = word;
	at[1] = word >> 8;
	at[2] = word >> 16;
	at[3] = word >> 24;
}

/* What the first @pages of a subject begin with when a probe is asked. */
static bool prepare(const struct subject *subject, size_t pages)
{
	unsigned char edge[EDGE] = { 0 };
	int fd = open(subject->node, O_RDWR | O_CLOEXEC);
	bool good = fd >= 0;
	size_t i;

	put_word(edge, STAMP);
	for (i = 0; good && i < pages; i++) {
		put_word(edge + MARK_AT, MARK(i));
		good = pwrite(fd, edge, EDGE, (off_t)(i * page)) == EDGE;
	}
	if (fd >= 0)
		close(fd);
	return good;
}

/* Save all edges of the buffer, or put them back. */
static bool keep_edges(bool save)
{
	const struct subject *subject = &subjects[1];
	int fd = open(subject->node, O_RDWR | O_CLOEXEC);
	bool good = fd >= 0;
	size_t i;

	for (i = 0; good && i < subject->npages; i++) {
		void *edge = edges + i * EDGE;
		off_t at = (off_t)(i * page);

		good = (save ? pread(fd, edge, EDGE, at) : pwrite(fd, edge, EDGE, at)) == EDGE;
	}
	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * The reference: a file whose pages are as unmovable as the buffer's and whose
 * mount forbids execution, as the device does. The mount is ours alone.
 */
static bool open_file(size_t npages)
{
	struct subject *file = &subjects[0];
	bool good;
	int fd;

	strcpy(folder, "/tmp/maps-matrix-XXXXXX");
	strcpy(file->name, "file");
	file->npages = npages;
	file->is_file = true;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(folder) || mount("maps", folder, "ramfs", MS_NOEXEC, NULL))
		return false;
	snprintf(file->node, sizeof(file->node), "%s/file", folder);
	fd = open(file->node, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	good = fd >= 0 && !ftruncate(fd, (off_t)(npages * page));
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
			snprintf(subject->node, sizeof(subject->node), "/dev/%.50s", device);
			subject->npages = strtoul(npages, NULL, 10);
			nr_subjects++;
		}
		free(devices[i]);
	}
	free(devices);
	return nr_subjects;
}

const char *matrix_open(const struct subject **all, size_t *nr)
{
	page = sysconf(_SC_PAGESIZE);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return "no memory";
	if (!open_devices())
		return "no device in " SYSFS ": load maps.ko";
	if (subjects[1].npages < MATRIX_MIN_PAGES)
		return "fewer than sixteen pages: load maps.ko with npages=16 or more";
	if (!open_file(subjects[1].npages))
		return "cannot mount a ramfs: only root may";
	nr_subjects++;

	/* Later on, only those pages are prepared that a probe may have written to. */
	edges = malloc(subjects[1].npages * EDGE);
	if (!edges || !keep_edges(true) || !prepare(&subjects[0], subjects[0].npages) ||
	    !prepare(&subjects[1], subjects[1].npages))
		return "cannot read and write the device or the file";

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

void matrix_ask(const struct probe *probe, const struct subject *subject, struct outcome *outcome)
{
	static const struct rlimit no_core;
	pid_t child;
	int status;

	memset(told, 0, sizeof(*told));
	strcpy(told->word, "?");
	if (prepare(subject, MATRIX_MIN_PAGES)) {
		fflush(NULL);
		child = fork();
		if (!child) {
			setpgid(0, 0);
			setrlimit(RLIMIT_CORE, &no_core);
			alarm(PROBE_SECONDS);
			probe->ask(subject);
			_exit(0);
		}
		if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status))
			strcpy(told->word, signal_name(WTERMSIG(status)));
		/* Whomever the probe has left behind. */
		if (child > 0)
			kill(-child, SIGKILL);
	}
	*outcome = *told;
}

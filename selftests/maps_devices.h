/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices that the module has while it is loaded, and what it must not
 * leave behind when it is not.
 */
#ifndef MAPS_DEVICES_H
#define MAPS_DEVICES_H

#include "maps_util.h"

#define MAPS_CLASS	"/sys/class/misc/"
#define MAX_DEVICES	32

/* One of the module's devices. */
struct target {
	char name[64];		/* in the class and in debugfs */
	char node[80];
	size_t page;
	size_t npages;
};

static inline bool put(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, len) == len;

	if (fd >= 0)
		close(fd);
	return done;
}

static inline size_t find_targets(struct target *targets)
{
	DIR *dir = opendir(MAPS_CLASS);
	struct dirent *entry;
	size_t n = 0;

	if (!dir)
		return 0;
	while (n < MAX_DEVICES && (entry = readdir(dir))) {
		struct target *target = &targets[n];

		if (strncmp(entry->d_name, "maps", 4))
			continue;
		snprintf(target->name, sizeof(target->name), "%.63s",
			 entry->d_name);
		snprintf(target->node, sizeof(target->node), "/dev/%.63s",
			 target->name);
		target->page = sysconf(_SC_PAGESIZE);
		target->npages = number_in(MAPS_SYSFS, "npages");
		n++;
	}
	closedir(dir);
	return n;
}

/* The kernel's flag for "has warned", and those for worse. */
static inline long long tainted(void)
{
	return number_in("/proc/sys/kernel/", "tainted");
}

/* Does a line of this file begin with "maps ", or have a word that begins so? */
static inline bool listed(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, " maps") || !strncmp(line, "maps ", 5);
	if (file)
		fclose(file);
	return found;
}

/* A place where the module has left something behind, or NULL. */
static inline const char *left_behind(void)
{
	static const char * const places[] = {
		"/sys/module/maps", MAPS_CLASS "maps0", MAPS_DEBUGFS, MAPS_NODE,
	};
	static const char * const lists[] = { "/proc/modules", "/proc/misc" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!access(places[i], F_OK))
			return places[i];
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		if (listed(lists[i]))
			return lists[i];
	return NULL;
}

#endif

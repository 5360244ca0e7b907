// SPDX-License-Identifier: GPL-2.0-only
/* All set-ups, a family after the other, and what several of them share. */
#define _GNU_SOURCE
#include "setup.h"

#include <sys/stat.h>

const struct subject *setups[MAX_SUBJECTS];
size_t nr_setups;

unsigned long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long number = 0;
	char text[32];

	if (file && fgets(text, sizeof(text), file))
		number = strtoul(text, NULL, 0);
	if (file)
		fclose(file);
	return number;
}

int open_plain(const struct subject *subject, struct target *t, int access)
{
	return had(t->fd = open_path(subject->node, access));
}

int open_whole(const struct subject *subject, struct target *t, int access)
{
	struct stat st;

	t->fd = open_path(subject->node, access);
	if (t->fd < 0 || fstat(t->fd, &st))
		return -1;
	t->length = whole_pages(st.st_size);
	return 0;
}

static void add_family(const struct subject *family)
{
	for (; *family->name && nr_setups < MAX_SUBJECTS; family++)
		setups[nr_setups++] = family;
}

static void __attribute__((constructor)) add_all_setups(void)
{
	add_family(memory_setups);
	add_family(dmabuf_setups);
	add_family(graphics_setups);
	add_family(video_setups);
	add_family(sound_setups);
	add_family(net_setups);
	add_family(tracing_setups);
	add_family(bpf_setups);
	add_family(storage_setups);
	add_family(bus_setups);
	add_family(test_setups);
}

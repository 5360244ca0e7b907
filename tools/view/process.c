// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

#define NODES		"/dev/maps"
#define SYSFS		"/sys/class/misc/"
#define FRAMES		"/sys/kernel/debug/maps/frames"
#define PMD_SIZE	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

/* Bits of an entry in pagemap: Documentation/admin-guide/mm/pagemap.rst. */
#define PM_FRAME	((UINT64_C(1) << 55) - 1)
#define PM_FILE		(UINT64_C(1) << 61)
#define PM_SWAPPED	(UINT64_C(1) << 62)
#define PM_PRESENT	(UINT64_C(1) << 63)

const char *const state_names[NR_STATES] = {
	[UNTOUCHED]	= "untouched",
	[DEVICE]	= "device",
	[HUGE]		= "huge",
	[COPY]		= "copy",
	[SWAPPED]	= "swapped",
	[GONE]		= "gone",
	[UNKNOWN]	= "unknown",
};

static void out_of_memory(void)
{
	fputs("maps-view: out of memory\n", stderr);
	exit(1);
}

static void *grow(void *array, size_t n, size_t size)
{
	array = reallocarray(array, n, size);
	if (!array)
		out_of_memory();
	return array;
}

__attribute__((format(printf, 2, 3)))
static void note(struct view *view, const char *format, ...)
{
	va_list args;

	if (view->nnotes == MAX_NOTES)
		return;
	va_start(args, format);
	vsnprintf(view->notes[view->nnotes++], sizeof(view->notes[0]), format, args);
	va_end(args);
}

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* The first word of a file; an empty one when there is no such file. */
static void read_word(const char *path, char *word, size_t size)
{
	FILE *file = fopen(path, "re");

	word[0] = '\0';
	if (!file)
		return;
	if (fgets(word, size, file))
		word[strcspn(word, "\n ")] = '\0';
	fclose(file);
}

static size_t read_size(const char *path)
{
	char word[32];

	read_word(path, word, sizeof(word));
	return strtoul(word, NULL, 10);
}

static void read_frames(struct view *view)
{
	unsigned long long pgoff, pfn;
	unsigned int order;
	size_t n = 0;
	FILE *file;

	view->npages = read_size(SYSFS "maps0/npages");
	file = fopen(FRAMES, "re");
	if (!file) {
		note(view, "the device's frames are not shown: %s: %s", FRAMES, strerror(errno));
		return;
	}

	view->frames = grow(NULL, view->npages + 1, sizeof(*view->frames));
	view->orders = grow(NULL, view->npages + 1, sizeof(*view->orders));
	while (n < view->npages && fscanf(file, "%llu %llu %u", &pgoff, &pfn, &order) == 3) {
		view->frames[n] = pfn;
		view->orders[n++] = order;
	}
	fclose(file);
	for (; n < view->npages; n++) {
		view->frames[n] = NO_FRAME;
		view->orders[n] = 0;
	}
}

/* The head of an entry in smaps is a line of maps. Is it a mapping of ours? */
static bool parse_head(const char *line, struct mapping *mapping, size_t page_size)
{
	unsigned long long offset;
	char path[160];

	memset(mapping, 0, sizeof(*mapping));
	if (sscanf(line, "%lx-%lx %4s %llx %*s %*s %63s", &mapping->start, &mapping->end,
		   mapping->perm, &offset, mapping->node) != 5)
		return false;
	if (strncmp(mapping->node, NODES, strlen(NODES)))
		return false;

	mapping->pgoff = offset / page_size;
	mapping->npages = (mapping->end - mapping->start) / page_size;
	snprintf(path, sizeof(path), SYSFS "%s/strategy", mapping->node + strlen("/dev/"));
	read_word(path, mapping->strategy, sizeof(mapping->strategy));
	return true;
}

static void read_flags(struct mapping *mapping, const char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strcspn(text, "\n");
	while (length && text[length - 1] == ' ')
		length--;
	snprintf(mapping->flags, sizeof(mapping->flags), "%.*s", (int)length, text);
	mapping->pfnmap = strstr(text, "pf ");
}

static bool is_head(const char *line)
{
	unsigned long start, end;

	return sscanf(line, "%lx-%lx ", &start, &end) == 2;
}

static bool read_mappings(struct view *view)
{
	FILE *file = open_proc(view->pid, "smaps");
	struct mapping *mapping = NULL;
	struct mapping found;
	unsigned long kib;
	char line[512];

	if (!file)
		return false;

	errno = 0;
	while (fgets(line, sizeof(line), file)) {
		if (is_head(line)) {
			mapping = NULL;
			if (!parse_head(line, &found, view->page_size))
				continue;
			view->mappings = grow(view->mappings, view->nmappings + 1, sizeof(found));
			mapping = &view->mappings[view->nmappings++];
			*mapping = found;
		} else if (mapping && sscanf(line, "FilePmdMapped: %lu", &kib) == 1) {
			mapping->pmd_mapped = kib * 1024;
		} else if (mapping && !strncmp(line, "VmFlags:", 8)) {
			read_flags(mapping, line + strlen("VmFlags:"));
		}
	}
	fclose(file);
	return !errno;
}

uint64_t device_frame(const struct view *view, const struct mapping *mapping, size_t i)
{
	uint64_t pgoff = mapping->pgoff + i;

	return view->frames && pgoff < view->npages ? view->frames[pgoff] : NO_FRAME;
}

static enum state state_of(const struct view *view, const struct mapping *mapping, size_t i,
			   uint64_t entry)
{
	uint64_t frame = entry & PM_FRAME;

	if (mapping->pfnmap)
		return UNKNOWN;
	if (entry & PM_SWAPPED)
		return SWAPPED;
	if (entry & PM_PRESENT && frame && view->frames)
		return frame == device_frame(view, mapping, i) ? DEVICE : COPY;
	if (entry & PM_PRESENT)
		return entry & PM_FILE ? DEVICE : COPY;
	return mapping->pgoff + i < view->npages ? UNTOUCHED : GONE;
}

/*
 * A stretch that can be one huge entry: aligned in the process, one folio of
 * the device, and all there.
 */
static bool may_be_huge(const struct view *view, const struct mapping *mapping, size_t first,
			size_t pages)
{
	size_t i;

	if ((mapping->start + first * view->page_size) % view->pmd_size ||
	    first + pages > mapping->npages)
		return false;
	for (i = first; i < first + pages; i++)
		if (mapping->pages[i].state != DEVICE ||
		    (size_t)1 << view->orders[mapping->pgoff + i] != pages)
			return false;
	return true;
}

/*
 * smaps tells how much of a mapping is huge, not which part. If that is all
 * that can be huge, it is told; else nothing is claimed.
 */
static void mark_huge(struct view *view, struct mapping *mapping)
{
	size_t pages = view->pmd_size / view->page_size;
	size_t align = mapping->start / view->page_size;
	size_t first, i, candidates = 0;

	if (!mapping->pmd_mapped || !pages || !view->frames)
		return;

	align = (pages - align % pages) % pages;
	for (first = align; first < mapping->npages; first += pages)
		candidates += may_be_huge(view, mapping, first, pages);
	if (candidates * view->pmd_size != mapping->pmd_mapped) {
		note(view, "%zu KiB are mapped by huge entries; which pages is not known",
		     mapping->pmd_mapped / 1024);
		return;
	}
	for (first = align; first < mapping->npages; first += pages)
		if (may_be_huge(view, mapping, first, pages))
			for (i = first; i < first + pages; i++)
				mapping->pages[i].state = HUGE;
}

static bool read_pages(struct view *view)
{
	FILE *file = open_proc(view->pid, "pagemap");
	bool present = false, frames = false, pfnmap = false;
	size_t m, i;

	if (!file)
		return false;

	for (m = 0; m < view->nmappings; m++) {
		struct mapping *mapping = &view->mappings[m];
		off_t first = mapping->start / view->page_size;
		uint64_t entry;

		pfnmap |= mapping->pfnmap;
		mapping->pages = grow(NULL, mapping->npages, sizeof(*mapping->pages));
		if (fseeko(file, first * sizeof(entry), SEEK_SET))
			break;
		for (i = 0; i < mapping->npages; i++) {
			struct page *page = &mapping->pages[i];

			if (fread(&entry, sizeof(entry), 1, file) != 1)
				entry = 0;
			page->state = state_of(view, mapping, i, entry);
			page->frame = NO_FRAME;
			present |= !!(entry & PM_PRESENT);
			if (entry & PM_PRESENT && entry & PM_FRAME) {
				page->frame = entry & PM_FRAME;
				frames = true;
			}
		}
		mark_huge(view, mapping);
	}
	fclose(file);
	if (present && !frames)
		note(view, "the process's frames are not shown: that needs CAP_SYS_ADMIN");
	/* walk_page_test() in mm/pagewalk.c. */
	if (pfnmap)
		note(view, "remapped pages are not shown: pagemap passes over VM_PFNMAP");
	return m == view->nmappings;
}

static void read_comm(struct view *view)
{
	FILE *file = open_proc(view->pid, "comm");

	view->comm[0] = '\0';
	if (!file)
		return;
	if (fgets(view->comm, sizeof(view->comm), file))
		view->comm[strcspn(view->comm, "\n")] = '\0';
	fclose(file);
}

bool read_view(struct view *view, pid_t pid)
{
	free_view(view);
	view->pid = pid;
	view->page_size = sysconf(_SC_PAGESIZE);
	view->pmd_size = read_size(PMD_SIZE);

	read_comm(view);
	read_frames(view);
	return read_mappings(view) && read_pages(view);
}

void free_view(struct view *view)
{
	size_t m;

	for (m = 0; m < view->nmappings; m++)
		free(view->mappings[m].pages);
	free(view->mappings);
	free(view->frames);
	free(view->orders);
	memset(view, 0, sizeof(*view));
}

bool module_loaded(void)
{
	return !access(SYSFS "maps0", F_OK);
}

static bool maps_device(pid_t pid)
{
	FILE *file = open_proc(pid, "maps");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, " " NODES "0") || strstr(line, " " NODES "-");
	if (file)
		fclose(file);
	return found;
}

pid_t find_process(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (proc && !found && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && maps_device(pid))
			found = pid;
	}
	if (proc)
		closedir(proc);
	return found;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * on_touch: counts the pages that exist after each kind of access, races first
 * touches, and has the kernel take back what was not touched.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "../consumer.h"

#define DEVICE		"/dev/on_touch"
#define LIMIT		"/sys/module/on_touch/parameters/limit"
#define COUNT		"/sys/module/on_touch/parameters/count"
#define CGROUPS		"/tmp/cgroups"
#define NPAGES		4096
#define TOUCHERS	4
#define TOUCHED		512
#define SECONDS		30	/* more than any machine needs until a page is idle */

static int fd;

static long number_in(const char *path)
{
	char text[32] = "";
	int in = open(path, O_RDONLY);
	long number = -1;

	if (in >= 0 && read(in, text, sizeof(text) - 1) > 0)
		number = strtol(text, NULL, 0);
	close(in);
	return number;
}

static long count(void)
{
	return number_in(COUNT);
}

/* Has the kernel ask all of its caches for what can be freed. */
static void shrink(void)
{
	write_text("/proc/sys/vm/drop_caches", "2");
}

/*
 * Until there are @wanted pages: a page has to be idle for a second. Those before
 * @kept are touched again and again.
 */
static bool shrink_to(long wanted, volatile __u8 *map, size_t kept)
{
	const time_t end = time(NULL) + SECONDS;
	size_t i;

	while (count() > wanted && time(NULL) < end) {
		shrink();
		for (i = 0; i < kept; i++)
			(void)word_of(map, i);
	}
	return count() == wanted;
}

static void touch_pages(volatile __u8 *map)
{
	volatile __u8 *private = map_pages(fd, MAP_PRIVATE, 0, NPAGES);

	expect(private && !count(), "after mmap(), no page exists");
	expect(!word_of(map, 0) && !word_of(map, NPAGES - 1) && count() == 2,
	       "a read makes one page, of zeros");
	set_word(map, 0, 1);
	set_word(map, 1, 11);
	expect(count() == 3, "a write makes one where there is none");
	expect(word_of(private, 1) == 11 && count() == 3, "a private mapping reads the same page");
	set_word(private, 2, 22);
	expect(count() == 4 && !word_of(map, 2), "a private write copies a page of zeros");

	expect(write_text(LIMIT, "4") && is_bus_error(map + 3 * page_size) && count() == 4,
	       "beyond the limit an access is SIGBUS");
	expect(!is_bus_error(map), "but not to a page that exists");
	expect(write_text(LIMIT, "1024") && !is_bus_error(map + 3 * page_size) && count() == 5,
	       "until the limit is raised");

	expect(shrink_to(1, map, 1), "what is not touched is taken back");
	expect(word_of(map, 0) == 1 && !word_of(map, 1),
	       "it reads as zero then; what is touched stays");
	expect(word_of(private, 2) == 22, "a private copy stays");
	unmap_pages(private, NPAGES);
}

static void keep_pinned_page(volatile __u8 *map)
{
	struct iovec iov = { (void *)(map + 9 * page_size), page_size };
	int ends[2];

	set_word(map, 9, 99);
	if (pipe(ends) || vmsplice(ends[1], &iov, 1, 0) != (ssize_t)page_size)
		give_up("vmsplice");
	expect(shrink_to(1, map, 0) && word_of(map, 9) == 99, "a page in a pipe is not taken back");
	close(ends[0]);
	close(ends[1]);
	expect(shrink_to(0, map, 0) && !word_of(map, 9), "until it is out of it");
	shrink_to(0, map, 0);
}

/* Each adds to each page, behind a barrier: one page each, and no sum is lost. */
static void race_first_touches(void)
{
	volatile __u32 *ready = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t touchers[TOUCHERS];
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, TOUCHED);
	size_t i, bad = 0;
	int t;

	for (t = 0; t < TOUCHERS; t++) {
		touchers[t] = fork();
		if (touchers[t])
			continue;
		__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
		while (*ready < TOUCHERS)
			;
		for (i = 0; i < TOUCHED; i++)
			__atomic_add_fetch((volatile __u32 *)(map + i * page_size), 1,
					   __ATOMIC_SEQ_CST);
		_exit(0);
	}
	for (t = 0; t < TOUCHERS; t++)
		bad += !exits_well(touchers[t]);
	for (i = 0; i < TOUCHED; i++)
		bad += word_of(map, i) != TOUCHERS;
	expect(!bad && count() == TOUCHED, "parallel first touches of a page make one page");
	unmap_pages(map, TOUCHED);
}

/* Counts in a page that it touches all the time, while the kernel takes back. */
static void race_shrinking(volatile __u8 *map)
{
	const time_t end = time(NULL) + 3;
	pid_t child = fork();
	__u32 i;

	if (!child) {
		for (i = 0; time(NULL) < end; i++) {
			set_word(map, 5, i);
			if (word_of(map, 5) != i)
				_exit(1);
		}
		_exit(0);
	}
	while (time(NULL) < end)
		shrink();
	expect(exits_well(child), "a page that is touched all the time is never lost");
}

/* The memory that the children of a new cgroup have used, in bytes. */
static long charged_to(const char *group, pid_t (*start)(const char *procs))
{
	char path[64], procs[128];

	snprintf(path, sizeof(path), "%s/%s", CGROUPS, group);
	mkdir(path, 0755);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	if (!exits_well(start(procs)))
		return -1;
	strcat(path, "/memory.current");
	return number_in(path);
}

static pid_t touch_as_member(const char *procs)
{
	pid_t child = fork();
	volatile __u8 *map;
	size_t i;

	if (child)
		return child;
	map = map_pages(fd, MAP_SHARED, 0, NPAGES);
	if (!map || !write_text(procs, "0"))
		_exit(1);
	for (i = 0; i < 1024; i++)
		set_word(map, i, 1);
	_exit(0);
}

static void charge_who_touched(void)
{
	const long bytes = 1024 * page_size;
	long first, second;

	mkdir(CGROUPS, 0755);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL) ||
	    !write_text(CGROUPS "/cgroup.subtree_control", "+memory")) {
		printf("# no memory cgroups here: %s\n", strerror(errno));
		return;
	}
	first = charged_to("first", touch_as_member);
	second = charged_to("second", touch_as_member);
	printf("# charged: %ld and %ld bytes, of %ld\n", first, second, bytes);
	expect(first >= bytes && second >= 0 && second < bytes / 2,
	       "the first who touched a page is charged for it");
}

static bool touch_once(void)
{
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES);
	bool good;

	if (!map)
		return errno == ENOMEM;
	good = is_bus_error(map + 2000 * page_size) || !word_of(map, 2000);
	unmap_pages(map, NPAGES);
	return good;
}

int main(void)
{
	volatile __u8 *map;

	begin_tests();
	fd = open(DEVICE, O_RDWR);
	map = map_pages(fd, MAP_SHARED, 0, NPAGES);
	if (!map)
		give_up(DEVICE);

	/* From here on, without a line in the log each time. */
	write_text("/proc/sys/vm/drop_caches", "4");
	touch_pages(map);
	keep_pinned_page(map);
	race_first_touches();
	race_shrinking(map);
	expect(shrink_to(0, map, 0), "all pages are taken back in the end");
	charge_who_touched();
	shrink_to(0, map, 0);
	fail_each(touch_once, "map and touch, with each allocation failing");
	return end_of_tests();
}

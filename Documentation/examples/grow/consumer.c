// SPDX-License-Identifier: GPL-2.0-only
/*
 * grow: does a buffer that grows and shrinks look like a file under ftruncate()?
 * The same steps are done on a memfd and on /dev/grow, and what is seen is
 * compared. Then two processes write while the buffer shrinks.
 */
#define _GNU_SOURCE
#include "../consumer.h"

#define DEVICE	"/dev/grow"
#define NPAGES	"/sys/class/misc/grow/npages"
#define MOST	64	/* observations */

static size_t step;	/* a piece of the device, in pages */

struct target {
	int fd;
	bool (*resize)(struct target *target, size_t npages);
	size_t seen[MOST];
	size_t n;
};

static bool resize_device(size_t npages)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", npages);
	return write_text(NPAGES, text);
}

static bool resize_target(struct target *target, size_t npages)
{
	(void)target;
	return resize_device(npages);
}

static bool resize_file(struct target *target, size_t npages)
{
	return !ftruncate(target->fd, npages * page_size);
}

static size_t size_of_device(void)
{
	char text[24] = "";
	int fd = open(NPAGES, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		give_up(NPAGES);
	close(fd);
	return strtoul(text, NULL, 0);
}

static void see(struct target *target, size_t value)
{
	if (target->n < MOST)
		target->seen[target->n++] = value;
}

/* The first word of a page and of the last page of its piece, or SIGBUS. */
static void see_page(struct target *target, volatile __u8 *map, size_t piece)
{
	const size_t first = piece * step, last = first + step - 1;

	see(target, is_bus_error(map + first * page_size) ? (size_t)-1 : word_of(map, first));
	see(target, is_bus_error(map + last * page_size) ? (size_t)-1 : word_of(map, last));
}

static void see_all(struct target *target, volatile __u8 *map)
{
	size_t piece;

	for (piece = 0; piece < 6; piece++)
		see_page(target, map, piece);
	see(target, lseek(target->fd, 0, SEEK_END) / page_size);
}

/*
 * Pieces:	0	1	2	3	4	5
 * shared			22	33
 * private		11		44		copies
 */
static void observe(struct target *target)
{
	volatile __u8 *shared, *private;

	target->resize(target, 4 * step);
	shared = map_pages(target->fd, MAP_SHARED, 0, 6 * step);
	private = map_pages(target->fd, MAP_PRIVATE, 0, 6 * step);
	if (!shared || !private)
		give_up("mmap");
	set_word(shared, 2 * step, 22);
	set_word(shared, 3 * step, 33);
	set_word(private, 1 * step, 11);
	set_word(private, 3 * step, 44);
	see_all(target, shared);

	/* Shrink over a shared page and a copy. */
	see(target, target->resize(target, 2 * step));
	see_all(target, shared);
	see_all(target, private);

	/* Grow: what is new is zero, in a copy's place, too. */
	see(target, target->resize(target, 5 * step));
	see_all(target, shared);
	see(target, word_of(private, step));
	see_page(target, private, 3);

	see(target, target->resize(target, 0));
	see_page(target, shared, 0);
	see_page(target, private, 1);
	unmap_pages(shared, 6 * step);
	unmap_pages(private, 6 * step);
}

static bool same(const struct target *one, const struct target *other)
{
	size_t i;

	for (i = 0; i < one->n; i++)
		if (one->seen[i] != other->seen[i])
			printf("# observation %zu: %zx, the file %zx\n", i, one->seen[i],
			       other->seen[i]);
	printf("# %zu observations, in pieces of %zu pages\n", one->n, step);
	return one->n == other->n && !memcmp(one->seen, other->seen, sizeof(one->seen));
}

/* Is any of the mapping in an entry that maps a whole folio? */
static bool has_large_entries(void)
{
	char line[256];
	FILE *smaps = fopen("/proc/self/smaps", "r");
	size_t kib, all = 0;

	while (smaps && fgets(line, sizeof(line), smaps))
		if (sscanf(line, "FilePmdMapped: %zu", &kib) == 1 ||
		    sscanf(line, "ShmemPmdMapped: %zu", &kib) == 1)
			all += kib;
	if (smaps)
		fclose(smaps);
	return all;
}

static bool shrinks_under_a_pin(int fd)
{
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, 2 * step);
	struct iovec iov = { (void *)(map + step * page_size), page_size };
	__u32 word = 0;
	int ends[2];
	bool good;

	if (!map || pipe(ends))
		return false;
	set_word(map, step, 55);
	good = vmsplice(ends[1], &iov, 1, 0) == (ssize_t)page_size && resize_device(step) &&
	       is_bus_error(map + step * page_size) && resize_device(2 * step) &&
	       !word_of(map, step) &&
	       read(ends[0], &word, sizeof(word)) == sizeof(word) && word == 55;
	unmap_pages(map, 2 * step);
	close(ends[0]);
	close(ends[1]);
	return good;
}

static int device;

static volatile __u8 *map_shared(void)
{
	return map_pages(device, MAP_SHARED, 0, 2 * step);
}

static volatile __u8 *map_private(void)
{
	return map_pages(device, MAP_PRIVATE, 0, 2 * step);
}

static bool shrink(void)
{
	return resize_device(0);
}

static bool grow(void)
{
	return resize_device(2 * step);
}

static bool resize_once(void)
{
	volatile __u8 *map = map_pages(device, MAP_SHARED, 0, 2 * step);
	bool good = true;

	if (!grow())
		good = errno == ENOMEM;
	else if (map)
		good = !is_bus_error(map) && !word_of(map, step);
	if (map) {
		good &= shrink() && count_bus_errors(map, 2 * step) == 2 * step;
		unmap_pages(map, 2 * step);
	}
	return good;
}

int main(void)
{
	struct target file = { memfd_create("grow", 0), resize_file, {}, 0 };
	struct target dev = { open(DEVICE, O_RDWR), resize_target, {}, 0 };
	volatile __u8 *map;

	begin_tests();
	if (file.fd < 0 || dev.fd < 0)
		give_up(DEVICE);
	device = dev.fd;
	step = size_of_device();

	observe(&file);
	observe(&dev);
	expect(same(&dev, &file), "a mapping sees what it sees of a file under ftruncate()");
	expect(!resize_device(64 * step + step) && errno == EINVAL, "the size has a limit");
	expect(step == 1 || (!resize_device(1) && errno == EINVAL),
	       "and is a multiple of a piece");
	expect(grow() && shrinks_under_a_pin(dev.fd), "a page in a pipe outlives the shrinking");

	map = map_shared();
	(void)word_of(map, 0);
	expect(has_large_entries() == (step > 1), "large pieces are mapped by large entries");
	unmap_pages(map, 2 * step);

	race_removal(map_shared, 2 * step, shrink, grow,
		     "after shrinking, no racing shared fault finds a page");
	race_removal(map_private, 2 * step, shrink, grow,
		     "nor does a private one find or copy one");
	shrink();
	fail_each(resize_once, "grow, access and shrink, with each allocation failing");
	return end_of_tests();
}

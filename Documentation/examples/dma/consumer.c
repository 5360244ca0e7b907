// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma: writes to a page, has the device copy it, and reads the copy: all through
 * mappings, over both kinds of memory.
 */
#define _GNU_SOURCE
#include "../consumer.h"

#define NPAGES	4
#define COPIED	2048	/* at a time */
#define HANDLE	"/sys/class/misc/dma_coherent/handle"

/* Has the device copy page @page to the next. */
static bool copy_by_device(int fd, __u32 page)
{
	return write(fd, &page, sizeof(page)) == sizeof(page);
}

static bool copies(int fd, volatile __u8 *map, size_t page)
{
	const volatile __u8 *from = map + page * page_size, *to = from + page_size;
	size_t i;

	for (i = 0; i < COPIED; i++)
		map[page * page_size + i] = i * 7 + page;
	memset((void *)to, 0, COPIED);
	if (!copy_by_device(fd, page))
		return false;
	for (i = 0; i < COPIED; i++)
		if (to[i] != from[i])
			return false;
	return true;
}

/* dma_mmap_coherent() maps frames, or, with an IOMMU, pages: then a VMA can grow. */
static bool ends_where_it_ends(int fd)
{
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES);
	volatile __u8 *grown = mremap((void *)map, NPAGES * page_size,
				      2 * NPAGES * page_size, MREMAP_MAYMOVE);

	if (grown == MAP_FAILED)
		return errno == EFAULT;
	return count_bus_errors(grown + NPAGES * page_size, NPAGES) == NPAGES;
}

/* What can be dropped is SIGBUS: those who made this mapping have no handler. */
static bool stays_or_is_lost(int fd)
{
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES);

	if (madvise((void *)map, page_size, MADV_DONTNEED))
		return errno == EINVAL;
	return is_bus_error(map);
}

static bool child_copies(int fd, volatile __u8 *map)
{
	pid_t child = fork();

	if (!child)
		_exit(!copies(fd, map, 1));
	return exits_well(child);
}

static void use(const char *path)
{
	int fd = open(path, O_RDWR);
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES), *again;

	printf("# %s\n", path);
	if (!map) {
		printf("# mmap: %s\n", strerror(errno));
		expect(false, path);
		return;
	}
	expect(copies(fd, map, 0) && copies(fd, map, 2),
	       "the device reads what a mapping wrote, and a mapping what it wrote");
	again = map_pages(fd, MAP_SHARED, 1, 2);
	expect(again && word_of(again, 1) == word_of(map, 2),
	       "two mappings are of the same memory");
	expect(child_copies(fd, map), "a child's mapping is, too");
	expect(stays_or_is_lost(fd), "a page of it cannot be dropped, or is SIGBUS then");
	expect(!map_pages(fd, MAP_PRIVATE, 0, NPAGES), "a private mapping is refused");
	expect(!map_pages(fd, MAP_SHARED, 1, NPAGES), "and one past the end");
	expect(ends_where_it_ends(fd), "none can grow, or is SIGBUS there");
	expect(!copy_by_device(fd, NPAGES - 1) && errno == EINVAL,
	       "the device does not copy past the end");
	close(fd);
}

/*
 * The frame that a page is mapped from, by /proc/self/pagemap, which leaves out what
 * is mapped by frame number (VM_PFNMAP): 0 then.
 */
static __u64 address_of(volatile void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (unsigned long)at / page_size * sizeof(entry)) !=
	    sizeof(entry))
		give_up("pagemap");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * page_size;
}

static void compare_addresses(void)
{
	char text[32] = "";
	int handle = open(HANDLE, O_RDONLY), fd = open("/dev/dma_coherent", O_RDWR);
	volatile __u8 *map = map_pages(fd, MAP_SHARED, 0, NPAGES);
	const bool iommu = !access("/sys/class/iommu/dmar0", F_OK);
	__u64 at;

	if (!map || read(handle, text, sizeof(text) - 1) <= 0)
		give_up(HANDLE);
	at = strtoull(text, NULL, 0);
	printf("# page 0: %llx for the device, %llx for the processor: %s\n", at, address_of(map),
	       iommu ? "an IOMMU" : "no IOMMU");
	expect(at != address_of(map), "the device's address is no frame that the program has");
	close(handle);
	close(fd);
}

int main(void)
{
	begin_tests();
	if (access("/dev/dma_coherent", F_OK))
		give_up("/dev/dma_coherent");
	use("/dev/dma_coherent");
	if (access("/dev/dma_pages", F_OK))
		printf("# no /dev/dma_pages: no dma_alloc_noncontiguous() before Linux 5.13\n");
	else
		use("/dev/dma_pages");
	compare_addresses();
	return end_of_tests();
}

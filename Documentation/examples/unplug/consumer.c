// SPDX-License-Identifier: GPL-2.0-only
/*
 * unplug: removes the device while it is mapped, copied, forked, in a pipe and
 * pinned by io_uring, and while two processes fault. Then a new device comes.
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "../consumer.h"

#define DEVICE	"/dev/unplug"
#define PRESENT	"/sys/module/unplug/parameters/present"
#define NPAGES	16
#define RACED	2	/* few, so that faults meet */

static bool unplug(void)
{
	return write_text(PRESENT, "0");
}

static bool plug(void)
{
	return write_text(PRESENT, "1");
}

static int open_device(void)
{
	return open(DEVICE, O_RDWR | O_CLOEXEC);
}

/* Has an io_uring pin a page: it is in no page table, and stays. */
static int pin(volatile __u8 *map, size_t page)
{
	const struct iovec iov = { (void *)(map + page * page_size), page_size };
	struct io_uring_params params = {};
	int ring = syscall(__NR_io_uring_setup, 1, &params);

	if (ring < 0 || syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1))
		return -1;
	return ring;
}

static bool is_gone(int fd)
{
	char byte;

	return pread(fd, &byte, 1, 0) < 0 && errno == ENODEV &&
	       !map_pages(fd, MAP_SHARED, 0, 1) && errno == ENODEV;
}

/* One device with everything that can refer to its pages, and its removal. */
static void remove_while_in_use(void)
{
	int fd = open_device(), ends[2], ready[2], go[2], ring;
	volatile __u8 *shared = map_pages(fd, MAP_SHARED, 0, NPAGES), *private;
	struct iovec iov;
	__u32 word = 0;
	char byte = 0;
	pid_t child;

	private = map_pages(fd, MAP_PRIVATE, 0, NPAGES);
	if (!shared || !private || pipe(ends) || pipe(ready) || pipe(go))
		give_up(DEVICE);
	set_word(shared, 1, 11);
	set_word(private, 2, 22);
	expect(word_of(private, 1) == 11 && !word_of(shared, 2),
	       "before the removal, shared and private mappings work");
	expect(pread(fd, &word, sizeof(word), page_size) == sizeof(word) && word == 11,
	       "read() reads what a mapping wrote");
	expect(!pread(fd, &word, sizeof(word), NPAGES * page_size), "and nothing past the end");

	iov = (struct iovec){ (void *)(shared + page_size), page_size };
	expect(vmsplice(ends[1], &iov, 1, 0) == (ssize_t)page_size, "a page is in a pipe");
	ring = pin(shared, 3);
	if (ring < 0)
		printf("# io_uring pins no such page here: %s\n", strerror(errno));

	child = fork();
	if (!child) {
		set_word(private, 4, 44);
		(void)word_of(shared, 5);
		_exit(write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1 ||
		      count_bus_errors(shared, NPAGES) != NPAGES ||
		      count_bus_errors(private, NPAGES) != NPAGES || !is_gone(fd));
	}
	expect(read(ready[0], &byte, 1) == 1 && unplug(), "the device is removed");
	expect(count_bus_errors(shared, NPAGES) == NPAGES,
	       "each page of a shared mapping is SIGBUS");
	expect(count_bus_errors(private, NPAGES) == NPAGES, "and of a private one, copies, too");
	expect(is_gone(fd), "read() and mmap() of the open file are ENODEV");
	expect(open_device() < 0 && errno == ENOENT, "the node is gone");
	expect(write(go[1], &byte, 1) == 1 && exits_well(child), "a child finds the same");
	expect(read(ends[0], &word, sizeof(word)) == sizeof(word) && word == 11,
	       "the page in the pipe is still there");

	expect(plug(), "a new device comes");
	expect(is_gone(fd) && count_bus_errors(shared, NPAGES) == NPAGES,
	       "the old file and its mappings are as dead as before");
	close(fd);
	fd = open_device();
	private = map_pages(fd, MAP_SHARED, 0, NPAGES);
	expect(private && !word_of(private, 1), "the new device has a new buffer");
	close(fd);
	if (ring >= 0)
		close(ring);
}

static volatile __u8 *map_shared(void)
{
	return map_pages(open_device(), MAP_SHARED, 0, RACED);
}

static volatile __u8 *map_private(void)
{
	return map_pages(open_device(), MAP_PRIVATE, 0, RACED);
}

static bool use_once(void)
{
	bool good = plug() || errno == ENOMEM;
	int fd = open(DEVICE, O_RDWR);
	volatile __u8 *map = fd < 0 ? NULL : map_pages(fd, MAP_SHARED, 0, NPAGES);

	if (map && !is_bus_error(map))
		good &= !word_of(map, 0);
	good &= unplug();
	if (map) {
		good &= count_bus_errors(map, NPAGES) == NPAGES;
		unmap_pages(map, NPAGES);
	}
	close(fd);
	return good;
}

int main(void)
{
	begin_tests();
	remove_while_in_use();
	race_removal(map_shared, RACED, unplug, plug,
		     "after a removal, no racing shared fault finds a page");
	race_removal(map_private, RACED, unplug, plug,
		     "nor does a private one find or copy one");
	if (!unplug())
		give_up(PRESENT);
	fail_each(use_once, "add, open, map and remove, with each allocation failing");
	expect(plug(), "the device is back");
	return end_of_tests();
}

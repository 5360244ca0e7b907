// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring: takes samples out of the ring as they come, falls behind, and writes
 * nonsense to its counter. Ends up with each sample, or with its loss counted.
 */
#define _GNU_SOURCE
#include <poll.h>

#include "../consumer.h"
#include "ring.h"

#define DEVICE	"/dev/ring"
#define SAMPLES	(64 * RING_SLOTS)
#define SECONDS	60

static int fd;
static struct ring_consumer *consumer;
static const struct ring_producer *producer;
static const struct ring_sample *slots;
static size_t data_pages;

/* What was read so far. */
static __u32 next_number, gaps, wrong;

static bool open_ring(void)
{
	void *data;

	fd = open(DEVICE, O_RDWR);
	data_pages = 1 + (RING_SLOTS * sizeof(struct ring_sample) + page_size - 1) / page_size;
	if (fd < 0)
		return false;
	consumer = (void *)map_pages(fd, MAP_SHARED, 0, 1);
	data = mmap(NULL, data_pages * page_size, PROT_READ, MAP_SHARED, fd, page_size);
	if (!consumer || data == MAP_FAILED)
		return false;
	producer = data;
	slots = (void *)((char *)data + page_size);
	next_number = 0;
	gaps = 0;
	wrong = 0;
	return true;
}

static void close_ring(void)
{
	unmap_pages(consumer, 1);
	unmap_pages((void *)producer, data_pages);
	close(fd);
}

static __u32 head_of_ring(void)
{
	return __atomic_load_n(&producer->head, __ATOMIC_ACQUIRE);
}

/* Takes out all that is there; how many. */
static __u32 take(void)
{
	const __u32 head = head_of_ring(), first = consumer->tail;
	__u32 n;

	for (n = first; n != head; n++) {
		const struct ring_sample sample = slots[n % RING_SLOTS];

		wrong += sample.value != sample.number * sample.number;
		gaps += sample.number - next_number;
		next_number = sample.number + 1;
	}
	__atomic_store_n(&consumer->tail, head, __ATOMIC_RELEASE);
	return head - first;
}

static bool wait_for_samples(void)
{
	struct pollfd poller = { fd, POLLIN, 0 };

	return poll(&poller, 1, PATIENCE * 1000) == 1;
}

static void take_as_they_come(void)
{
	__u32 taken = 0;
	bool waited = true;

	alarm(SECONDS);
	while (taken < SAMPLES && waited) {
		waited = wait_for_samples();
		taken += take();
	}
	alarm(0);
	printf("# %u samples, %u were dropped meanwhile\n", taken, gaps);
	expect(waited, "poll() waits for samples");
	expect(taken >= SAMPLES && !wrong, "each sample is whole");
	expect(head_of_ring() < RING_FIRST, "the counters have wrapped");
}

/* A program that does not read loses the newest samples, and finds how many. */
static void fall_behind(void)
{
	const __u32 before = gaps;
	__u32 dropped;

	while (producer->dropped - before < 3 * RING_SLOTS)
		usleep(1000);
	take();
	/* The loss of samples shows in the number of the next one. */
	do {
		dropped = __atomic_load_n(&producer->dropped, __ATOMIC_ACQUIRE);
		wait_for_samples();
		take();
	} while (gaps < dropped);
	expect(gaps >= before + 3 * RING_SLOTS && !wrong, "samples that found no slot are counted");
	expect(gaps <= producer->dropped, "and the gaps are as large as the count");
}

static void write_nonsense(void)
{
	static const __u32 nonsense[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, RING_SLOTS };
	size_t i;
	__u32 dropped = producer->dropped;

	for (i = 0; i < 1000; i++) {
		__atomic_store_n(&consumer->tail, i % 7 == 6 ? head_of_ring() + rand() % 3 :
				 nonsense[i % 7], __ATOMIC_RELEASE);
		if (i % 50 == 0)
			usleep(1000);
	}
	__atomic_store_n(&consumer->tail, head_of_ring() + 1, __ATOMIC_RELEASE);
	while (producer->dropped == dropped)
		usleep(1000);
	expect(true, "a counter that cannot be makes the ring full");
	__atomic_store_n(&consumer->tail, head_of_ring(), __ATOMIC_RELEASE);
	expect(wait_for_samples() && take() && !wrong, "and one that is right again, usable");
}

static void refuse_writing(void)
{
	__u8 *grown;

	expect(!map_pages(fd, MAP_SHARED, 1, 1) && errno == EPERM,
	       "the kernel's page is not writable");
	expect(!map_pages(fd, MAP_SHARED, 0, 2) && errno == EINVAL,
	       "nor by a mapping that begins before it");
	expect(mprotect((void *)producer, page_size, PROT_READ | PROT_WRITE) && errno == EACCES,
	       "and does not become writable");
	grown = mremap((void *)consumer, page_size, 2 * page_size, MREMAP_MAYMOVE);
	expect(grown != MAP_FAILED && is_bus_error(grown + page_size),
	       "nor by a mapping that grows over it");
	consumer = mremap(grown, 2 * page_size, page_size, 0);
}

static bool use_once(void)
{
	bool good = true;
	int other = open(DEVICE, O_RDWR);
	volatile __u8 *map;

	if (other < 0)
		return errno == ENOMEM;
	map = map_pages(other, MAP_SHARED, 0, 1);
	if (map) {
		good = word_of(map, 0) == RING_FIRST;
		unmap_pages(map, 1);
	}
	close(other);
	return good;
}

int main(void)
{
	begin_tests();
	if (!open_ring())
		give_up(DEVICE);
	expect(open(DEVICE, O_RDWR) < 0 && errno == EBUSY, "the ring has one reader");
	refuse_writing();
	take_as_they_come();
	fall_behind();
	write_nonsense();
	close_ring();
	expect(open_ring() && wait_for_samples() && take() && !wrong && !gaps,
	       "the next reader begins anew");
	close_ring();
	fail_each(use_once, "open and map, with each allocation failing");
	return end_of_tests();
}

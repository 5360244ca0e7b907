// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring between the kernel and one program: the kernel puts samples in, the
 * program takes them out, and no system call is needed for any of them; poll()
 * waits for the next.
 *
 * The program's counter is in a page that it can write. The kernel believes none of
 * it: a wrong value makes the ring full, or spoils samples that the same program
 * would have read. The kernel's own counter is not in the ring at all: what is there
 * is a copy. The page is a buffer of one page, so that not even mremap() reaches
 * what is behind it by a writable mapping.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "buffer.h"
#include "compat.h"
#include "ring.h"

#define RING_BYTES (2 * PAGE_SIZE + RING_SLOTS * sizeof(struct ring_sample))

static struct maps_buffer ring_tail;	/* page 0 */
static struct maps_buffer ring_data;	/* pages 1 ..., its page 0 is not used */
static unsigned long ring_busy;
static u32 ring_head, ring_number, ring_dropped;
static DECLARE_WAIT_QUEUE_HEAD(ring_wait);

static struct ring_producer *ring_producer(void)
{
	return ring_data.mem + PAGE_SIZE;
}

/* How many slots are in use. The program's counter is read once. */
static u32 ring_used(void)
{
	struct ring_consumer *consumer = ring_tail.mem;

	/* Pairs with the program's release: it has read all slots before tail. */
	return ring_head - smp_load_acquire(&consumer->tail);
}

static void ring_put(void)
{
	struct ring_sample *slots = ring_data.mem + 2 * PAGE_SIZE;
	const u32 number = ring_number++;

	/* More than RING_SLOTS, too: the counter is not to be trusted. */
	if (ring_used() >= RING_SLOTS) {
		WRITE_ONCE(ring_producer()->dropped, ++ring_dropped);
		return;
	}
	slots[ring_head % RING_SLOTS] = (struct ring_sample){ number, number * number };
	/* Pairs with the program's acquire: it reads the slot after the counter. */
	smp_store_release(&ring_producer()->head, ++ring_head);
}

static void ring_poll_sensor(struct work_struct *work)
{
	int i;

	for (i = 0; i < RING_BATCH; i++)
		ring_put();
	wake_up(&ring_wait);
	schedule_delayed_work(to_delayed_work(work), 1);
}

static DECLARE_DELAYED_WORK(ring_work, ring_poll_sensor);

static __poll_t ring_poll(struct file *filp, poll_table *table)
{
	struct ring_consumer *consumer = ring_tail.mem;

	poll_wait(filp, &ring_wait, table);
	return READ_ONCE(consumer->tail) == READ_ONCE(ring_producer()->head) ? 0 :
	       EPOLLIN | EPOLLRDNORM;
}

static const struct vm_operations_struct ring_vm_ops = {
	.fault		= maps_fault,
	.map_pages	= maps_no_neighbours,
};

static int ring_mmap_prepare(struct vm_area_desc *desc)
{
	struct maps_buffer *buf = desc->pgoff ? &ring_data : &ring_tail;

	if (!maps_buffer_holds(buf, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;
	if (desc->pgoff) {
		if (vma_desc_test(desc, VMA_WRITE_BIT))
			return -EPERM;
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	}
	desc->private_data = buf;
	desc->vm_ops = &ring_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(ring_mmap_prepare);

/* One program at a time, and the memory is as new for it. */
static int ring_open(struct inode *inode, struct file *filp)
{
	struct ring_consumer *consumer = ring_tail.mem;

	if (test_and_set_bit(0, &ring_busy))
		return -EBUSY;
	memset(ring_tail.mem, 0, PAGE_SIZE);
	memset(ring_data.mem, 0, ring_data.npages << PAGE_SHIFT);
	ring_head = RING_FIRST;
	ring_number = 0;
	ring_dropped = 0;
	consumer->tail = RING_FIRST;
	ring_producer()->head = RING_FIRST;
	schedule_delayed_work(&ring_work, 0);
	return 0;
}

static int ring_release(struct inode *inode, struct file *filp)
{
	cancel_delayed_work_sync(&ring_work);
	clear_bit_unlock(0, &ring_busy);
	return 0;
}

static const struct file_operations ring_fops = {
	.owner		= THIS_MODULE,
	.open		= ring_open,
	.release	= ring_release,
	.poll		= ring_poll,
	MAPS_MMAP(ring_mmap_prepare),
};

static struct miscdevice ring_device = { MISC_DYNAMIC_MINOR, "ring", &ring_fops };

static int __init ring_init(void)
{
	int err = maps_buffer_alloc(&ring_tail, 1, 0);

	if (err)
		return err;
	err = maps_buffer_alloc(&ring_data, DIV_ROUND_UP(RING_BYTES, PAGE_SIZE), 0);
	if (err)
		goto out_free_tail;
	err = misc_register(&ring_device);
	if (!err)
		return 0;

	maps_buffer_free(&ring_data);
out_free_tail:
	maps_buffer_free(&ring_tail);
	return err;
}
module_init(ring_init);

static void __exit ring_exit(void)
{
	misc_deregister(&ring_device);
	maps_buffer_free(&ring_data);
	maps_buffer_free(&ring_tail);
}
module_exit(ring_exit);

MODULE_DESCRIPTION("A ring between the kernel and one program");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages did a program write? A frame buffer whose pages are sent when they
 * changed: /dev/dirty is mapped and written, and read() returns one page that is
 * dirty, and makes it clean.
 *
 * A clean page has no page table entry that is writable, so the first write to it
 * calls ->page_mkwrite(), which makes it dirty. Both change under the page's lock:
 * the core makes the entry writable before it unlocks the page. So a write comes
 * either before the entry is gone, and is in what is read then, or it faults.
 */
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "dirty.h"
#include "maps.h"

static struct maps_buffer dirty_buf;
static struct inode *dirty_inode;
static DECLARE_BITMAP(dirty_pages, DIRTY_NPAGES);	/* changed under the page lock */
static DECLARE_WAIT_QUEUE_HEAD(dirty_wait);

/* The core has found that maps_fault() returns this page for this offset. */
static vm_fault_t dirty_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	set_bit(vmf->pgoff, dirty_pages);
	wake_up(&dirty_wait);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct dirty_vm_ops = {
	.fault		= maps_fault,
	.map_pages	= maps_no_neighbours,
	.page_mkwrite	= dirty_mkwrite,
};

static int dirty_mmap_prepare(struct vm_area_desc *desc)
{
	if (!maps_buffer_holds(&dirty_buf, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;
	desc->private_data = &dirty_buf;
	desc->vm_ops = &dirty_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(dirty_mmap_prepare);

/* Makes a page clean; whether it was dirty. Copies of private mappings stay. */
static bool dirty_collect(unsigned long i)
{
	struct page *page = dirty_buf.pages[i];
	bool was_dirty;

	lock_page(page);
	was_dirty = test_and_clear_bit(i, dirty_pages);
	if (was_dirty)
		unmap_mapping_range(dirty_inode->i_mapping, (loff_t)i << PAGE_SHIFT, PAGE_SIZE, 0);
	unlock_page(page);
	return was_dirty;
}

/* A program that writes while its page is copied makes it dirty again. */
static ssize_t dirty_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const size_t size = sizeof(struct dirty_header) + PAGE_SIZE;
	struct dirty_header header = { .page = -1ULL };
	unsigned long i;

	if (iov_iter_count(to) < size)
		return -EINVAL;
	for_each_set_bit(i, dirty_pages, DIRTY_NPAGES) {
		if (!dirty_collect(i))
			continue;
		header.page = i;
		if (copy_to_iter(&header, sizeof(header), to) == sizeof(header) &&
		    copy_to_iter(dirty_buf.mem + (i << PAGE_SHIFT), PAGE_SIZE, to) == PAGE_SIZE)
			return size;
		set_bit(i, dirty_pages);
		return -EFAULT;
	}
	return 0;
}

static __poll_t dirty_poll(struct file *filp, poll_table *table)
{
	poll_wait(filp, &dirty_wait, table);
	return bitmap_empty(dirty_pages, DIRTY_NPAGES) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int dirty_open(struct inode *inode, struct file *filp)
{
	filp->f_mapping = dirty_inode->i_mapping;
	return 0;
}

static const struct file_operations dirty_fops = {
	.owner		= THIS_MODULE,
	.open		= dirty_open,
	.read_iter	= dirty_read_iter,
	.poll		= dirty_poll,
	MAPS_MMAP(dirty_mmap_prepare),
};

static struct miscdevice dirty_device = { MISC_DYNAMIC_MINOR, "dirty", &dirty_fops };

static int __init dirty_init(void)
{
	int err = maps_inodes_mount();

	if (err)
		return err;
	dirty_inode = maps_inode_create(DIRTY_NPAGES << PAGE_SHIFT);
	err = PTR_ERR_OR_ZERO(dirty_inode);
	if (err)
		goto out_unmount;
	err = maps_buffer_alloc(&dirty_buf, DIRTY_NPAGES, 0);
	if (err)
		goto out_put_inode;
	err = misc_register(&dirty_device);
	if (!err)
		return 0;

	maps_buffer_free(&dirty_buf);
out_put_inode:
	iput(dirty_inode);
out_unmount:
	maps_inodes_unmount();
	return err;
}
module_init(dirty_init);

static void __exit dirty_exit(void)
{
	misc_deregister(&dirty_device);
	maps_buffer_free(&dirty_buf);
	iput(dirty_inode);
	maps_inodes_unmount();
}
module_exit(dirty_exit);

MODULE_DESCRIPTION("A mapped buffer that knows which pages were written");
MODULE_LICENSE("GPL");

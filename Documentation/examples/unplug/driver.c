// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that can be removed while programs have it open and mapped. After
 * 0 is written to the parameter "present", each access to a mapping is SIGBUS, and
 * read() and mmap() are ENODEV. Writing 1 adds a new device.
 *
 * The buffer belongs to the device. The struct belongs to the device and to each
 * open file: a VMA holds a reference to its file, so the fault handler always
 * finds the struct. A page belongs to the buffer and to its users.
 *
 * A fault and the removal meet at two places. A lookup takes its page within an
 * RCU read-side section, and the removal frees the buffer after a grace period.
 * And the core maps a page with its lock held, as a file's page that may be
 * truncated: the removal waits for each lock before it unmaps.
 */
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "maps.h"

#define NPAGES	16UL

/* @gone: set once; from then on, no page is found. */
struct unplug {
	struct miscdevice	misc;
	struct maps_buffer	buf;
	struct inode		*inode;
	struct kref		refs;
	bool			gone;
};

static void unplug_free(struct kref *refs)
{
	struct unplug *dev = container_of(refs, struct unplug, refs);

	iput(dev->inode);
	kfree(dev);
}

/* A page of the buffer, with a reference; or NULL. */
static struct page *unplug_get_page(const struct unplug *dev, pgoff_t pgoff)
{
	struct page *page = NULL;

	rcu_read_lock();
	if (!READ_ONCE(dev->gone) && pgoff < NPAGES) {
		page = dev->buf.pages[pgoff];
		get_page(page);
	}
	rcu_read_unlock();
	return page;
}

static vm_fault_t unplug_fault(struct vm_fault *vmf)
{
	const struct unplug *dev = vmf->vma->vm_private_data;
	struct page *page = unplug_get_page(dev, vmf->pgoff);

	if (!page)
		return VM_FAULT_SIGBUS;
	lock_page(page);
	if (READ_ONCE(dev->gone)) {
		unlock_page(page);
		put_page(page);
		return VM_FAULT_SIGBUS;
	}
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct unplug_vm_ops = {
	.fault		= unplug_fault,
	.map_pages	= maps_no_neighbours,
};

static int unplug_mmap_prepare(struct vm_area_desc *desc)
{
	struct unplug *dev = desc->file->private_data;

	if (READ_ONCE(dev->gone))
		return -ENODEV;
	if (!maps_buffer_holds(&dev->buf, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;
	desc->private_data = dev;
	desc->vm_ops = &unplug_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(unplug_mmap_prepare);

/* A page at most. The copy can take forever, so nothing but the page waits for it. */
static ssize_t unplug_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const struct unplug *dev = iocb->ki_filp->private_data;
	struct page *page = unplug_get_page(dev, iocb->ki_pos >> PAGE_SHIFT);
	const size_t at = offset_in_page(iocb->ki_pos), wanted = iov_iter_count(to);
	size_t copied;

	if (!page)
		return READ_ONCE(dev->gone) ? -ENODEV : 0;
	copied = copy_page_to_iter(page, at, PAGE_SIZE - at, to);
	put_page(page);
	iocb->ki_pos += copied;
	return wanted && !copied ? -EFAULT : copied;
}

/* misc_deregister() waits until open() has returned. */
static int unplug_open(struct inode *inode, struct file *filp)
{
	struct unplug *dev = container_of(filp->private_data, struct unplug, misc);

	kref_get(&dev->refs);
	filp->private_data = dev;
	filp->f_mapping = dev->inode->i_mapping;
	return 0;
}

static int unplug_release(struct inode *inode, struct file *filp)
{
	struct unplug *dev = filp->private_data;

	kref_put(&dev->refs, unplug_free);
	return 0;
}

static const struct file_operations unplug_fops = {
	.owner		= THIS_MODULE,
	.open		= unplug_open,
	.release	= unplug_release,
	.read_iter	= unplug_read_iter,
	MAPS_MMAP(unplug_mmap_prepare),
};

/* The device, or NULL; guarded by the lock of the module's parameters. */
static struct unplug *unplug_present;

static int unplug_add(void)
{
	struct unplug *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err = -ENOMEM;

	if (!dev)
		return err;
	kref_init(&dev->refs);
	dev->misc = (struct miscdevice){ MISC_DYNAMIC_MINOR, "unplug", &unplug_fops };
	dev->inode = maps_inode_create(NPAGES << PAGE_SHIFT);
	if (IS_ERR(dev->inode))
		goto out_free;
	err = maps_buffer_alloc(&dev->buf, NPAGES, 0);
	if (err)
		goto out_put_inode;
	err = misc_register(&dev->misc);
	if (err)
		goto out_free_buffer;
	unplug_present = dev;
	return 0;

out_free_buffer:
	maps_buffer_free(&dev->buf);
out_put_inode:
	iput(dev->inode);
out_free:
	kfree(dev);
	return err;
}

static int unplug_remove(void)
{
	struct unplug *dev = unplug_present;
	unsigned long i;

	unplug_present = NULL;
	misc_deregister(&dev->misc);
	WRITE_ONCE(dev->gone, true);
	synchronize_rcu();

	/* A fault that found its page before has mapped it when it unlocks it. */
	for (i = 0; i < NPAGES; i++) {
		lock_page(dev->buf.pages[i]);
		unlock_page(dev->buf.pages[i]);
	}
	unmap_mapping_range(dev->inode->i_mapping, 0, 0, 1);
	maps_buffer_free(&dev->buf);
	kref_put(&dev->refs, unplug_free);
	return 0;
}

/* A module has its parameters before its init function, and after its exit function. */
static int unplug_set(const char *value, const struct kernel_param *kp)
{
	bool present;
	int err = kstrtobool(value, &present);

	if (!err && THIS_MODULE->state != MODULE_STATE_LIVE)
		err = -EBUSY;
	if (err || present == !!unplug_present)
		return err;
	return present ? unplug_add() : unplug_remove();
}

static const struct kernel_param_ops unplug_ops = { .set = unplug_set };
module_param_cb(present, &unplug_ops, NULL, 0200);
MODULE_PARM_DESC(present, "write 0 to remove the device, 1 to add a new one");

static int __init unplug_init(void)
{
	int err = maps_inodes_mount();

	if (err)
		return err;
	err = unplug_add();
	if (err)
		maps_inodes_unmount();
	return err;
}
module_init(unplug_init);

static void __exit unplug_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	if (unplug_present)
		unplug_remove();
	kernel_param_unlock(THIS_MODULE);
	maps_inodes_unmount();
}
module_exit(unplug_exit);

MODULE_DESCRIPTION("A device that can be removed while it is mapped");
MODULE_LICENSE("GPL");

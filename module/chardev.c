// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nodes: one misc device per strategy, all over the same buffer. The table
 * of strategies; open, read, write, splice and llseek; facts in sysfs. What
 * mmap() does is in mmap.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "maps.h"

/*
 * The first row is /dev/maps0. A new strategy is a function and a row. One with
 * .mmap uses the old interface, since no mmap action of the core can do it.
 */
static const struct maps_strategy maps_strategies[] = {
	{ "fault",		 .fault = maps_fault },
	{ "fault_around",	 .prepare = maps_around_prepare,
				 .fault = maps_fault_around },
	{ "remap_pfn_unchecked", .mmap = maps_remap_pfn_unchecked },
	{ "remap_pfn",		 .mmap = maps_remap_pfn },
	{ "remap_pfn_readonly",	 .prepare = maps_never_write,
				 .mmap = maps_remap_pfn },
	{ "remap_vmalloc",	 .mmap = maps_remap_vmalloc },
	{ "insert_page",	 .mmap = maps_insert_page },
	{ "insert_pages",	 .prepare = maps_insert_pages },
};

#define MAPS_NDEVICES ARRAY_SIZE(maps_strategies)

static struct maps_device maps_devices[MAPS_NDEVICES];
static DEFINE_PER_CPU(unsigned long [MAPS_NDEVICES], maps_faults);

static int maps_open(struct inode *inode, struct file *filp)
{
	struct maps_device *mdev = container_of(filp->private_data, struct maps_device, misc);

	filp->private_data = mdev;
	filp->f_mapping = mdev->inode->i_mapping;
	return 0;
}

/*
 * A page at a time, so that a signal can end a long transfer, and so that a page
 * that the kernel knows to be broken is EIO, as in a file.
 *
 * copy_from_iter() and not copy_from_user(), which zeroes what it could not copy
 * from a bad address: a write() that failed would destroy data.
 */
static ssize_t maps_transfer(struct kiocb *iocb, struct iov_iter *iter)
{
	struct maps_device *mdev = iocb->ki_filp->private_data;
	const struct maps_buffer *buf = mdev->buf;
	size_t wanted, copied, done = 0;
	void *at;

	while (iov_iter_count(iter) && iocb->ki_pos < maps_size(buf)) {
		if (PageHWPoison(buf->pages[iocb->ki_pos >> PAGE_SHIFT]))
			return done ?: -EIO;

		at = buf->mem + iocb->ki_pos;
		wanted = min_t(size_t, iov_iter_count(iter),
			       PAGE_SIZE - offset_in_page(at));
		copied = iov_iter_rw(iter) == READ ?
			 copy_to_iter(at, wanted, iter) :
			 copy_from_iter(at, wanted, iter);
		iocb->ki_pos += copied;
		done += copied;
		if (copied < wanted)
			return done ?: -EFAULT;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

static ssize_t maps_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct maps_device *mdev = iocb->ki_filp->private_data;

	if (iov_iter_count(from) && (iocb->ki_flags & IOCB_APPEND ||
				     iocb->ki_pos >= maps_size(mdev->buf)))
		return -ENOSPC;

	return maps_transfer(iocb, from);
}

static loff_t maps_llseek(struct file *filp, loff_t offset, int whence)
{
	struct maps_device *mdev = filp->private_data;
	const loff_t size = maps_size(mdev->buf);

	return generic_file_llseek_size(filp, offset, whence, size, size);
}

#define MAPS_FOPS						\
	.owner			= THIS_MODULE,			\
	.open			= maps_open,			\
	.read_iter		= maps_transfer,		\
	.write_iter		= maps_write_iter,		\
	.splice_read		= maps_splice_read,		\
	.splice_write		= iter_file_splice_write,	\
	.llseek			= maps_llseek,			\
	.fsync			= noop_fsync,			\
	.get_unmapped_area	= maps_get_unmapped_area

MAPS_DEFINE_MMAP(maps_mmap_prepare);

static const struct file_operations maps_fops = {
	MAPS_FOPS,
	MAPS_MMAP(maps_mmap_prepare),
};

/* The core refuses a file that has both .mmap_prepare and .mmap. */
static const struct file_operations maps_mmap_fops = {
	MAPS_FOPS,
	.mmap = maps_mmap,
};

/* Facts, in sysfs, a file each. misc_register() sets the drvdata. */
#define MAPS_FACT(name, format, value)					\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *page)	\
{									\
	const struct maps_device *mdev =				\
		container_of(dev_get_drvdata(dev), struct maps_device, misc); \
									\
	return sysfs_emit(page, format "\n", value);			\
}									\
static DEVICE_ATTR_RO(name)

MAPS_FACT(npages, "%lu", mdev->buf->npages);
MAPS_FACT(size, "%lld", maps_size(mdev->buf));
MAPS_FACT(strategy, "%s", mdev->strategy->name);

static struct attribute *maps_attrs[] = {
	&dev_attr_npages.attr,
	&dev_attr_size.attr,
	&dev_attr_strategy.attr,
	NULL
};
ATTRIBUTE_GROUPS(maps);

static int maps_device_init(struct maps_device *mdev, unsigned int i,
			    struct maps_buffer *buf)
{
	const struct maps_strategy *strategy = &maps_strategies[i];

	snprintf(mdev->name, sizeof(mdev->name), "maps%s%s",
		 i ? "-" : "0", i ? strategy->name : "");
	mdev->strategy = strategy;
	mdev->buf = buf;
	mdev->faults = &maps_faults[i];
	mdev->misc = (struct miscdevice) {
		.minor	= MISC_DYNAMIC_MINOR,
		.name	= mdev->name,
		.fops	= strategy->mmap ? &maps_mmap_fops : &maps_fops,
		.groups	= maps_groups,
		.mode	= 0600,
	};
	mdev->inode = maps_inode_create(maps_size(buf));
	return PTR_ERR_OR_ZERO(mdev->inode);
}

/*
 * A program can open a node as soon as it is registered. If the load failed
 * then, the module would be freed under the open file: the core does not wait.
 * So only the first node is necessary, and any other that cannot be registered
 * is missing.
 */
static int maps_register(void)
{
	struct maps_device *mdev;
	int err;

	for (mdev = maps_devices; mdev < maps_devices + MAPS_NDEVICES; mdev++) {
		err = misc_register(&mdev->misc);
		if (!err)
			continue;
		pr_err("/dev/%s: cannot be registered: %d\n", mdev->name, err);
		mdev->misc.this_device = NULL;
		if (mdev == maps_devices)
			return err;
	}
	return 0;
}

/**
 * maps_devices_create - offer a buffer, one device per strategy
 * @buf: the buffer; must stay until maps_devices_destroy()
 *
 * Context: module load.
 * Return: 0, or a negative errno with nothing left behind.
 */
int maps_devices_create(struct maps_buffer *buf)
{
	unsigned int i;
	int err;

	err = maps_inodes_mount();
	if (err)
		return err;

	for (i = 0; i < MAPS_NDEVICES; i++) {
		err = maps_device_init(&maps_devices[i], i, buf);
		if (err)
			goto out_put_inodes;
	}
	maps_inode_own(maps_devices[0].inode, buf);
	maps_debugfs_create(maps_devices, MAPS_NDEVICES);

	/* Last: from here on programs can open. */
	err = maps_register();
	if (err)
		goto out_remove_debugfs;
	return 0;

out_remove_debugfs:
	maps_debugfs_remove();
	maps_inode_own(NULL, buf);
out_put_inodes:
	while (i--)
		iput(maps_devices[i].inode);
	maps_inodes_unmount();
	return err;
}

/**
 * maps_devices_destroy - remove the devices
 *
 * Context: module unload, so no file is open and nothing is mapped.
 */
void maps_devices_destroy(void)
{
	struct maps_device *mdev;

	for (mdev = maps_devices; mdev < maps_devices + MAPS_NDEVICES; mdev++)
		if (mdev->misc.this_device)
			misc_deregister(&mdev->misc);
	maps_debugfs_remove();
	maps_inode_own(NULL, maps_devices[0].buf);
	while (mdev-- > maps_devices)
		iput(mdev->inode);
	maps_inodes_unmount();
}

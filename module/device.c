// SPDX-License-Identifier: GPL-2.0-only
/*
 * The character devices: one node per strategy, all over the same buffer.
 * Open, read, write, llseek, mmap; facts in sysfs, counters in debugfs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/percpu.h>
#include <linux/personality.h>
#include <linux/pseudo_fs.h>
#include <linux/rbtree.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "maps.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define MAPS_MAGIC 0x6d617073	/* "maps" */

/*
 * struct maps_device - one node
 *
 * @inode is private to us: its size is the buffer's, which is how far the core
 * maps a folio (finish_fault() in mm/memory.c), and its address_space knows
 * every VMA of the node. The inode of the node itself serves neither: it has
 * no size, and it is not ours to give one.
 *
 * A VMA holds its file, a file holds the module, and the module holds these;
 * so they need no reference count, and no lock: they change in load and unload
 * only.
 */
struct maps_device {
	const struct maps_strategy	*strategy;
	struct maps_buffer		*buf;
	struct inode			*inode;
	struct device			*dev;
	unsigned long __percpu		*faults;
};

static struct maps_device *maps_devices;
static struct class *maps_class;
static struct vfsmount *maps_mount;
static struct dentry *maps_debugfs;
static struct cdev maps_cdev;
static dev_t maps_devt;

static loff_t maps_size(const struct maps_buffer *buf)
{
	return (loff_t)buf->npages << PAGE_SHIFT;
}

static int maps_open(struct inode *inode, struct file *filp)
{
	struct maps_device *mdev = &maps_devices[iminor(inode)];

	filp->private_data = mdev;
	filp->f_mapping = mdev->inode->i_mapping;
	return 0;
}

/* How much of a transfer lies inside the buffer. */
static size_t maps_inside(const struct maps_buffer *buf, loff_t pos,
			  const struct iov_iter *iter)
{
	const loff_t left = maps_size(buf) - pos;

	return left > 0 ? min_t(u64, left, iov_iter_count(iter)) : 0;
}

static ssize_t maps_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct maps_device *mdev = iocb->ki_filp->private_data;
	const size_t count = maps_inside(mdev->buf, iocb->ki_pos, to);
	size_t copied;

	copied = copy_to_iter(mdev->buf->mem + iocb->ki_pos, count, to);
	iocb->ki_pos += copied;
	return copied || !count ? copied : -EFAULT;
}

/*
 * Not copy_from_user(): at a bad address it zeroes what it could not copy, and
 * the buffer would lose bytes to a write() that failed.
 */
static ssize_t maps_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct maps_device *mdev = iocb->ki_filp->private_data;
	const size_t count = maps_inside(mdev->buf, iocb->ki_pos, from);
	size_t copied;

	if (!count)
		return iov_iter_count(from) ? -ENOSPC : 0;

	copied = copy_from_iter(mdev->buf->mem + iocb->ki_pos, count, from);
	iocb->ki_pos += copied;
	return copied ?: -EFAULT;
}

static loff_t maps_llseek(struct file *filp, loff_t offset, int whence)
{
	struct maps_device *mdev = filp->private_data;

	return fixed_size_llseek(filp, offset, whence, maps_size(mdev->buf));
}

/* Apart, so that a fault which nobody traces is a jump into the strategy. */
static noinline vm_fault_t maps_traced_fault(const struct maps_strategy *strategy,
					     struct vm_fault *vmf)
{
	const vm_fault_t result = strategy->fault(vmf);

	trace_maps_fault(strategy->name, vmf, result);
	return result;
}

static vm_fault_t maps_device_fault(struct vm_fault *vmf)
{
	const struct maps_device *mdev = vmf->vma->vm_file->private_data;

	this_cpu_inc(*mdev->faults);
	if (trace_maps_fault_enabled())
		return maps_traced_fault(mdev->strategy, vmf);

	return mdev->strategy->fault(vmf);
}

static void maps_close(struct vm_area_struct *vma)
{
	struct maps_device *mdev = vma->vm_file->private_data;

	trace_maps_unmap(mdev->strategy->name, vma, 0);
}

static const struct vm_operations_struct maps_fault_ops = {
	.fault		= maps_device_fault,
	.map_pages	= maps_no_neighbours,
};

/*
 * A VMA that has a ->close is not merged with its neighbours. Only mappings
 * made while somebody listens to maps_unmap pay for it.
 */
static const struct vm_operations_struct maps_traced_ops = {
	.close	= maps_close,
};

static const struct vm_operations_struct maps_traced_fault_ops = {
	.fault		= maps_device_fault,
	.map_pages	= maps_no_neighbours,
	.close		= maps_close,
};

static void maps_set_ops(struct vm_area_struct *vma, bool faults)
{
	if (trace_maps_unmap_enabled())
		vma->vm_ops = faults ? &maps_traced_fault_ops : &maps_traced_ops;
	else if (faults)
		vma->vm_ops = &maps_fault_ops;
}

/*
 * As on a file system that is mounted noexec: whoever asks for an executable
 * mapping is refused, here and in mprotect(); a personality that asks with
 * every readable mapping does not get it.
 */
static int maps_forbid_exec(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_EXEC) {
		if (!(current->personality & READ_IMPLIES_EXEC))
			return -EPERM;
		vm_flags_clear(vma, VM_EXEC);
		vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	}

	vm_flags_clear(vma, VM_MAYEXEC);
	return 0;
}

/*
 * What all strategies share. The range must be inside the buffer: a strategy
 * that maps now has no later chance to look.
 */
static int maps_mmap_checked(const struct maps_device *mdev,
			     struct vm_area_struct *vma)
{
	const struct maps_strategy *strategy = mdev->strategy;
	int err;

	if (!maps_buffer_holds(mdev->buf, vma->vm_pgoff, vma_pages(vma)))
		return -EINVAL;

	err = maps_forbid_exec(vma);
	if (err)
		return err;

	vma->vm_private_data = mdev->buf;
	maps_set_ops(vma, strategy->fault);

	return strategy->mmap ? strategy->mmap(mdev->buf, vma) : 0;
}

static int maps_mmap(struct file *filp, struct vm_area_struct *vma)
{
	const struct maps_device *mdev = filp->private_data;
	int err = maps_mmap_checked(mdev, vma);

	trace_maps_mmap(mdev->strategy->name, vma, err);
	return err;
}

static const struct file_operations maps_fops = {
	.owner			= THIS_MODULE,
	.open			= maps_open,
	.read_iter		= maps_read_iter,
	.write_iter		= maps_write_iter,
	.llseek			= maps_llseek,
	.fsync			= noop_fsync,
	.mmap			= maps_mmap,
	.get_unmapped_area	= maps_get_unmapped_area,
};

/* Facts, in sysfs. */

static ssize_t npages_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	struct maps_device *mdev = dev_get_drvdata(dev);

	return sysfs_emit(page, "%lu\n", mdev->buf->npages);
}
static DEVICE_ATTR_RO(npages);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *page)
{
	struct maps_device *mdev = dev_get_drvdata(dev);

	return sysfs_emit(page, "%lld\n", maps_size(mdev->buf));
}
static DEVICE_ATTR_RO(size);

static ssize_t strategy_show(struct device *dev, struct device_attribute *attr,
			     char *page)
{
	struct maps_device *mdev = dev_get_drvdata(dev);

	return sysfs_emit(page, "%s\n", mdev->strategy->name);
}
static DEVICE_ATTR_RO(strategy);

static struct attribute *maps_attrs[] = {
	&dev_attr_npages.attr,
	&dev_attr_size.attr,
	&dev_attr_strategy.attr,
	NULL
};
ATTRIBUTE_GROUPS(maps);

/* Counters and frame numbers, in debugfs. */

static int faults_show(struct seq_file *seq, void *unused)
{
	struct maps_device *mdev = seq->private;
	unsigned long faults = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		faults += *per_cpu_ptr(mdev->faults, cpu);

	seq_printf(seq, "%lu\n", faults);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

/*
 * The live VMAs are counted when somebody asks. Counting them in vm_ops->open
 * and ->close would cost every mapping, and a VMA with ->close cannot merge.
 */
static int mappings_show(struct seq_file *seq, void *unused)
{
	struct maps_device *mdev = seq->private;
	struct address_space *mapping = mdev->inode->i_mapping;
	unsigned long mappings = 0;
	struct rb_node *node;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node))
		mappings++;
	i_mmap_unlock_read(mapping);

	seq_printf(seq, "%lu\n", mappings);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mappings);

static void *frames_start(struct seq_file *seq, loff_t *pos)
{
	const struct maps_buffer *buf = seq->private;

	return *pos < buf->npages ? pos : NULL;
}

static void *frames_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return frames_start(seq, pos);
}

static void frames_stop(struct seq_file *seq, void *v)
{
}

static int frames_show(struct seq_file *seq, void *v)
{
	const struct maps_buffer *buf = seq->private;
	const pgoff_t pgoff = *(loff_t *)v;
	struct page *page = maps_buffer_page(buf, pgoff);

	seq_printf(seq, "%lu %lu %u\n", pgoff, page_to_pfn(page),
		   compound_order(compound_head(page)));
	return 0;
}

static const struct seq_operations frames_sops = {
	.start	= frames_start,
	.next	= frames_next,
	.stop	= frames_stop,
	.show	= frames_show,
};

/* Frame numbers help to attack a machine: not for everybody who gets here. */
static int frames_open(struct inode *inode, struct file *filp)
{
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	err = seq_open(filp, &frames_sops);
	if (!err)
		((struct seq_file *)filp->private_data)->private = inode->i_private;
	return err;
}

static const struct file_operations frames_fops = {
	.owner		= THIS_MODULE,
	.open		= frames_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release,
};

/* A file system that is never seen, for inodes of our own. */

static int maps_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, MAPS_MAGIC) ? 0 : -ENOMEM;
}

/* No .owner: the mount would hold the module that is to unmount it. */
static struct file_system_type maps_fs_type = {
	.name			= "maps",
	.init_fs_context	= maps_init_fs_context,
	.kill_sb		= kill_anon_super,
};

/* One device: made by maps_device_create(), undone in the reverse order. */

static const char *maps_device_name(unsigned int minor)
{
	return minor ? maps_strategies[minor].name : NULL;
}

static void maps_device_destroy(struct maps_device *mdev)
{
	device_destroy(maps_class, mdev->dev->devt);
	iput(mdev->inode);
	free_percpu(mdev->faults);
}

static int maps_device_create(struct maps_device *mdev, unsigned int minor)
{
	const char *name = maps_device_name(minor);
	int err = -ENOMEM;

	mdev->faults = alloc_percpu(unsigned long);
	if (!mdev->faults)
		return err;

	mdev->inode = alloc_anon_inode(maps_mount->mnt_sb);
	if (IS_ERR(mdev->inode)) {
		err = PTR_ERR(mdev->inode);
		goto out_free_percpu;
	}
	i_size_write(mdev->inode, maps_size(mdev->buf));

	mdev->dev = device_create_with_groups(maps_class, NULL,
					      maps_devt + minor, mdev,
					      maps_groups, "maps%s%s",
					      name ? "-" : "0", name ?: "");
	if (IS_ERR(mdev->dev)) {
		err = PTR_ERR(mdev->dev);
		goto out_iput;
	}
	return 0;

out_iput:
	iput(mdev->inode);
out_free_percpu:
	free_percpu(mdev->faults);
	return err;
}

static void maps_debugfs_create(struct maps_buffer *buf)
{
	struct dentry *dir;
	unsigned int i;

	maps_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("frames", 0400, maps_debugfs, buf, &frames_fops);

	for (i = 0; i < maps_nr_strategies; i++) {
		dir = debugfs_create_dir(dev_name(maps_devices[i].dev),
					 maps_debugfs);
		debugfs_create_file("faults", 0400, dir, &maps_devices[i],
				    &faults_fops);
		debugfs_create_file("mappings", 0400, dir, &maps_devices[i],
				    &mappings_fops);
	}
}

/*
 * Tell the pages whose they are, as those of a file are told: a shared futex is
 * named by the inode and the offset of its page. No page may have a @mapping
 * when it is freed.
 */
static void maps_name_pages(struct maps_buffer *buf,
			    struct address_space *mapping)
{
	struct page *page;
	pgoff_t i;

	for (i = 0; i < buf->npages; i += compound_nr(page)) {
		page = maps_buffer_page(buf, i);
		maps_set_mapping(page, mapping, i);
	}
}

static int maps_get_numbers(unsigned int major)
{
	int err;

	if (!major)
		return alloc_chrdev_region(&maps_devt, 0, maps_nr_strategies,
					   KBUILD_MODNAME);

	maps_devt = MKDEV(major, 0);
	err = register_chrdev_region(maps_devt, maps_nr_strategies,
				     KBUILD_MODNAME);
	if (err)
		pr_err("major=%u: in use, take another, or 0 for a free one\n",
		       major);
	return err;
}

/**
 * maps_devices_create - offer a buffer, one device per strategy
 * @buf:   the buffer; must stay until maps_devices_destroy()
 * @major: the major number to take, 0 for a free one
 *
 * Context: module load.
 * Return: 0, or a negative errno with nothing left behind.
 */
int maps_devices_create(struct maps_buffer *buf, unsigned int major)
{
	unsigned int i;
	int err;

	maps_mount = kern_mount(&maps_fs_type);
	if (IS_ERR(maps_mount))
		return PTR_ERR(maps_mount);

	err = maps_get_numbers(major);
	if (err)
		goto out_unmount;

	maps_class = maps_class_create(KBUILD_MODNAME);
	if (IS_ERR(maps_class)) {
		err = PTR_ERR(maps_class);
		goto out_put_numbers;
	}

	err = -ENOMEM;
	maps_devices = kcalloc(maps_nr_strategies, sizeof(*maps_devices),
			       GFP_KERNEL);
	if (!maps_devices)
		goto out_destroy_class;

	for (i = 0; i < maps_nr_strategies; i++) {
		maps_devices[i].strategy = &maps_strategies[i];
		maps_devices[i].buf = buf;
		err = maps_device_create(&maps_devices[i], i);
		if (err)
			goto out_destroy_devices;
	}

	maps_debugfs_create(buf);

	maps_name_pages(buf, maps_devices[0].inode->i_mapping);

	/* Last: from here on programs may open, so nothing may fail. */
	cdev_init(&maps_cdev, &maps_fops);
	maps_cdev.owner = THIS_MODULE;
	err = cdev_add(&maps_cdev, maps_devt, maps_nr_strategies);
	if (err)
		goto out_unname_pages;
	return 0;

out_unname_pages:
	maps_name_pages(buf, NULL);
	debugfs_remove_recursive(maps_debugfs);
out_destroy_devices:
	while (i--)
		maps_device_destroy(&maps_devices[i]);
	kfree(maps_devices);
out_destroy_class:
	class_destroy(maps_class);
out_put_numbers:
	unregister_chrdev_region(maps_devt, maps_nr_strategies);
out_unmount:
	kern_unmount(maps_mount);
	return err;
}

/**
 * maps_devices_destroy - take the devices away
 *
 * Context: module unload, so no file is open and nothing is mapped.
 */
void maps_devices_destroy(void)
{
	unsigned int i = maps_nr_strategies;

	cdev_del(&maps_cdev);
	maps_name_pages(maps_devices[0].buf, NULL);
	debugfs_remove_recursive(maps_debugfs);
	while (i--)
		maps_device_destroy(&maps_devices[i]);
	kfree(maps_devices);
	class_destroy(maps_class);
	unregister_chrdev_region(maps_devt, maps_nr_strategies);
	kern_unmount(maps_mount);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * One buffer per open file, for everybody: /dev/per_open has mode 0666. Each
 * open() gets zeroed memory of its own, which counts against RLIMIT_MEMLOCK of
 * the user, and which fork() and SCM_RIGHTS share as they share the file.
 *
 * A VMA holds a reference to its file, so ->release() runs when the last
 * descriptor is closed and the last mapping is gone. No mapping, and so no
 * fault, is left by then. A page may be left, in a pipe: its last user frees it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "buffer.h"
#include "compat.h"

static unsigned int npages = 16;
module_param(npages, uint, 0444);
MODULE_PARM_DESC(npages, "size of each buffer in pages, at least 1 (16)");

/*
 * Charges the user, unless that exceeds the limit: the count of locked pages that
 * io_uring and RDMA use, too. The count never exceeds the limit, not even for a
 * moment: an open() on another processor would fail.
 */
static bool per_open_charge(struct user_struct *user)
{
	const unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	long old = atomic_long_read(&user->locked_vm);

	do {
		if ((npages > limit || old > limit - npages) && !capable(CAP_IPC_LOCK))
			return false;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + npages));

	return true;
}

static void per_open_uncharge(struct user_struct *user)
{
	atomic_long_sub(npages, &user->locked_vm);
}

/* A file has a reference to the credentials of its open(), and they to the user. */
static int per_open_open(struct inode *inode, struct file *filp)
{
	struct maps_buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	int err = -ENOMEM;

	if (!buf)
		return err;
	if (!per_open_charge(filp->f_cred->user))
		goto out_free;
	err = maps_buffer_alloc(buf, npages, 0);
	if (err)
		goto out_uncharge;

	filp->private_data = buf;
	return 0;

out_uncharge:
	per_open_uncharge(filp->f_cred->user);
out_free:
	kfree(buf);
	return err;
}

static int per_open_release(struct inode *inode, struct file *filp)
{
	struct maps_buffer *buf = filp->private_data;

	maps_buffer_free(buf);
	per_open_uncharge(filp->f_cred->user);
	kfree(buf);
	return 0;
}

static const struct vm_operations_struct per_open_vm_ops = {
	.fault		= maps_fault,
	.map_pages	= maps_no_neighbours,
};

static int per_open_mmap_prepare(struct vm_area_desc *desc)
{
	struct maps_buffer *buf = desc->file->private_data;

	if (!maps_buffer_holds(buf, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;
	desc->private_data = buf;
	desc->vm_ops = &per_open_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(per_open_mmap_prepare);

static const struct file_operations per_open_fops = {
	.owner		= THIS_MODULE,
	.open		= per_open_open,
	.release	= per_open_release,
	MAPS_MMAP(per_open_mmap_prepare),
};

static struct miscdevice per_open_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "per_open",
	.fops	= &per_open_fops,
	.mode	= 0666,
};

static int __init per_open_init(void)
{
	if (!npages) {
		pr_err("npages=0: must be at least 1\n");
		return -EINVAL;
	}
	return misc_register(&per_open_device);
}
module_init(per_open_init);

static void __exit per_open_exit(void)
{
	misc_deregister(&per_open_device);
}
module_exit(per_open_exit);

MODULE_DESCRIPTION("One mappable buffer per open file, with a quota per user");
MODULE_LICENSE("GPL");

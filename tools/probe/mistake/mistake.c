// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two mistakes that the errata do not have, for the test of maps-probe: a driver
 * that counts its mappings in mmap() and .close, but not in .open, and frees its
 * memory when the count is 0 (not really, here); and one that warns about what a
 * program can ask for.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define PAGES		16
#define MISTAKE_FREE	_IO('m', 0)

static void *buffer;
static atomic_t mappings;

/* A split, a fork and a move have called .open, which is missing. */
static void uncounted_close(struct vm_area_struct *vma)
{
	atomic_dec(&mappings);
}

static vm_fault_t mistake_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= PAGES)
		return VM_FAULT_SIGBUS;

	vmf->page = vmalloc_to_page(buffer + (vmf->pgoff << PAGE_SHIFT));
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct uncounted_ops = {
	.close	= uncounted_close,
	.fault	= mistake_fault,
};

static const struct vm_operations_struct warns_ops = {
	.fault	= mistake_fault,
};

static int uncounted_mmap(struct file *filp, struct vm_area_struct *vma)
{
	atomic_inc(&mappings);
	vma->vm_ops = &uncounted_ops;
	return 0;
}

static int warns_mmap(struct file *filp, struct vm_area_struct *vma)
{
	WARN_ON(vma->vm_pgoff >= PAGES);
	vma->vm_ops = &warns_ops;
	return 0;
}

/* A count that went below 0 is one that was lost. */
static long uncounted_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	if (cmd != MISTAKE_FREE)
		return -ENOTTY;

	if (atomic_read(&mappings) > 0)
		return -EBUSY;

	atomic_set(&mappings, 0);
	return 0;
}

static const struct file_operations uncounted_fops = {
	.owner		= THIS_MODULE,
	.mmap		= uncounted_mmap,
	.unlocked_ioctl	= uncounted_ioctl,
};

static const struct file_operations warns_fops = {
	.owner	= THIS_MODULE,
	.mmap	= warns_mmap,
};

static struct miscdevice uncounted = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "mistake-uncounted",
	.fops	= &uncounted_fops,
};

static struct miscdevice warns = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "mistake-warns",
	.fops	= &warns_fops,
};

static int __init mistake_init(void)
{
	int err;

	buffer = vmalloc_user(PAGES * PAGE_SIZE);
	if (!buffer)
		return -ENOMEM;

	err = misc_register(&uncounted);
	if (err)
		goto out_free;

	err = misc_register(&warns);
	if (err)
		goto out_deregister;
	return 0;

out_deregister:
	misc_deregister(&uncounted);
out_free:
	vfree(buffer);
	return err;
}

static void __exit mistake_exit(void)
{
	misc_deregister(&warns);
	misc_deregister(&uncounted);
	vfree(buffer);
}

module_init(mistake_init);
module_exit(mistake_exit);

MODULE_DESCRIPTION("Mistakes for the test of maps-probe");
MODULE_AUTHOR("The maps authors");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer that grows and shrinks while it is mapped, as a file does under
 * ftruncate(): write a number of pages to /sys/class/misc/grow/npages.
 *
 * The buffer is an array of pieces, each a page or (huge=1) a folio of 2 MiB. An
 * entry is NULL behind the end. The array has a reference to each piece; a page
 * table entry, or a pin, has another.
 *
 * A fault and a shrinking meet as a fault and a truncation do: the fault locks its
 * page, looks again whether the page is still in the array, and the core maps it
 * with its lock held. The shrinking takes the piece out of the array, waits for its
 * lock, and then unmaps it.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/spinlock.h>

#include "maps.h"

#define GROW_MAX 64UL

static bool huge;
module_param(huge, bool, 0444);
MODULE_PARM_DESC(huge, "pieces of 2 MiB, where the machine has them (0)");

static unsigned int grow_order;		/* of a piece */
static struct inode *grow_inode;	/* its size is the buffer's */
static DEFINE_MUTEX(grow_mutex);	/* held while the size changes */
static unsigned long grow_count;	/* of pieces; guarded by it */
static DEFINE_SPINLOCK(grow_lock);	/* from finding a piece to get_page() */
static struct page *grow_pieces[GROW_MAX];

static struct page *grow_find(pgoff_t pgoff)
{
	const unsigned long i = pgoff >> grow_order;
	struct page *piece = i < GROW_MAX ? READ_ONCE(grow_pieces[i]) : NULL;

	return piece ? piece + (pgoff & ((1UL << grow_order) - 1)) : NULL;
}

/* The page, locked and with a reference; or NULL, behind the end. */
static struct page *grow_get_locked(pgoff_t pgoff)
{
	struct page *page;

	for (;;) {
		spin_lock(&grow_lock);
		page = grow_find(pgoff);
		if (page)
			get_page(page);
		spin_unlock(&grow_lock);
		if (!page)
			return NULL;
		lock_page(page);
		if (grow_find(pgoff) == page)
			return page;
		/* It was taken out while this fault waited for the lock. */
		unlock_page(page);
		put_page(page);
	}
}

static vm_fault_t grow_fault(struct vm_fault *vmf)
{
	vmf->page = grow_get_locked(vmf->pgoff);
	return vmf->page ? VM_FAULT_LOCKED : VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct grow_vm_ops = {
	.fault		= grow_fault,
	.map_pages	= maps_no_neighbours,
};

/* As on a file, a mapping may reach past the end: the buffer can grow there. */
static int grow_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &grow_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(grow_mmap_prepare);

static void grow_set(unsigned long i, struct page *piece, unsigned long count)
{
	spin_lock(&grow_lock);
	WRITE_ONCE(grow_pieces[i], piece);
	spin_unlock(&grow_lock);
	grow_count = count;
	i_size_write(grow_inode, (loff_t)count << grow_order << PAGE_SHIFT);
}

static int grow_add(void)
{
	struct page *piece = alloc_pages(GFP_USER | __GFP_HIGHMEM | __GFP_ZERO |
					 __GFP_COMP | __GFP_NOWARN, grow_order);

	if (!piece)
		return -ENOMEM;
	grow_set(grow_count, piece, grow_count + 1);
	return 0;
}

static void grow_remove(void)
{
	const unsigned long last = grow_count - 1;
	const loff_t bytes = PAGE_SIZE << grow_order;
	struct page *piece = grow_pieces[last];

	grow_set(last, NULL, last);
	/* A fault that found it before has mapped it when it unlocks it. */
	lock_page(piece);
	unlock_page(piece);
	unmap_mapping_range(grow_inode->i_mapping, last * bytes, bytes, 1);
	put_page(piece);
}

static int grow_resize(unsigned long count)
{
	int err = 0;

	mutex_lock(&grow_mutex);
	while (!err && grow_count < count)
		err = grow_add();
	while (grow_count > count)
		grow_remove();
	mutex_unlock(&grow_mutex);
	return err;
}

static ssize_t npages_show(struct device *dev, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%llu\n", i_size_read(grow_inode) >> PAGE_SHIFT);
}

static ssize_t npages_store(struct device *dev, struct device_attribute *attr,
			    const char *text, size_t len)
{
	unsigned long npages;
	int err = kstrtoul(text, 0, &npages);

	if (err)
		return err;
	if (npages > GROW_MAX << grow_order || npages & ((1UL << grow_order) - 1))
		return -EINVAL;
	return grow_resize(npages >> grow_order) ?: len;
}
static DEVICE_ATTR_RW(npages);

static struct attribute *grow_attrs[] = { &dev_attr_npages.attr, NULL };
ATTRIBUTE_GROUPS(grow);

static int grow_open(struct inode *inode, struct file *filp)
{
	filp->f_mapping = grow_inode->i_mapping;
	return 0;
}

static loff_t grow_llseek(struct file *filp, loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence, i_size_read(grow_inode));
}

static const struct file_operations grow_fops = {
	.owner			= THIS_MODULE,
	.open			= grow_open,
	.llseek			= grow_llseek,
	.get_unmapped_area	= maps_get_unmapped_area,
	MAPS_MMAP(grow_mmap_prepare),
};

static struct miscdevice grow_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "grow",
	.fops	= &grow_fops,
	.groups	= grow_groups,
};

static int __init grow_init(void)
{
	int err = maps_inodes_mount();

	if (err)
		return err;
	grow_inode = maps_inode_create(0);
	err = PTR_ERR_OR_ZERO(grow_inode);
	if (err)
		goto out_unmount;
	grow_order = huge ? maps_pmd_order() : 0;
	err = grow_resize(1) ?: misc_register(&grow_device);
	if (!err)
		return 0;

	grow_resize(0);
	iput(grow_inode);
out_unmount:
	maps_inodes_unmount();
	return err;
}
module_init(grow_init);

static void __exit grow_exit(void)
{
	misc_deregister(&grow_device);
	grow_resize(0);
	iput(grow_inode);
	maps_inodes_unmount();
}
module_exit(grow_exit);

MODULE_DESCRIPTION("A buffer that grows and shrinks while it is mapped");
MODULE_LICENSE("GPL");

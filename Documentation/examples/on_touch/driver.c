// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that does not exist until it is touched. The first access to a page of
 * /dev/on_touch allocates it, zeroed, and charges it to the memory cgroup of the
 * process. When memory is short, a page that was not touched for IDLE is dropped:
 * it reads as zero again. It is a cache, not a store.
 *
 * The array has a reference to each page; a page table entry, or a pin, has
 * another. A page is dropped with its lock held and if the array's reference is the
 * last: nothing that anybody uses is lost. A fault locks its page and looks again
 * whether it is in the array, and the core maps it with its lock held.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

#include "maps.h"

#define NPAGES	4096UL
#define IDLE	HZ

static unsigned int limit = 1024;
module_param(limit, uint, 0644);
MODULE_PARM_DESC(limit, "so many pages exist at most; beyond, an access is SIGBUS (1024)");

static unsigned int count;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "how many pages exist");

/* The array and @count change under its lock. */
static DEFINE_XARRAY(touch_pages);
static DEFINE_MUTEX(touch_add_mutex);		/* one fault at a time adds a page */
static DEFINE_MUTEX(touch_drop_mutex);		/* one shrinker at a time drops some */
static unsigned long touch_next;		/* where it goes on; guarded by it */
static struct inode *touch_inode;
static struct shrinker *touch_shrinker;

static vm_fault_t touch_add_locked(pgoff_t pgoff)
{
	struct page *page;
	int err;

	if (xa_load(&touch_pages, pgoff))
		return 0;
	if (READ_ONCE(count) >= READ_ONCE(limit))
		return VM_FAULT_SIGBUS;
	page = alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT);
	if (!page)
		return VM_FAULT_OOM;
	set_page_private(page, 0);

	xa_lock(&touch_pages);
	err = xa_err(__xa_store(&touch_pages, pgoff, page, GFP_KERNEL));
	if (!err)
		WRITE_ONCE(count, count + 1);
	xa_unlock(&touch_pages);
	if (err)
		put_page(page);
	return err ? VM_FAULT_OOM : 0;
}

static vm_fault_t touch_add(pgoff_t pgoff)
{
	vm_fault_t result;

	mutex_lock(&touch_add_mutex);
	result = touch_add_locked(pgoff);
	mutex_unlock(&touch_add_mutex);
	return result;
}

static struct page *touch_get_page(pgoff_t pgoff)
{
	struct page *page;

	xa_lock(&touch_pages);
	page = xa_load(&touch_pages, pgoff);
	if (page)
		get_page(page);
	xa_unlock(&touch_pages);
	return page;
}

static vm_fault_t touch_fault(struct vm_fault *vmf)
{
	vm_fault_t result = 0;
	struct page *page;

	if (vmf->pgoff >= NPAGES)
		return VM_FAULT_SIGBUS;

	while (!result) {
		page = touch_get_page(vmf->pgoff);
		if (!page) {
			result = touch_add(vmf->pgoff);
			continue;
		}
		lock_page(page);
		if (xa_load(&touch_pages, vmf->pgoff) == page) {
			set_page_private(page, 0);
			vmf->page = page;
			return VM_FAULT_LOCKED;
		}
		/* It was dropped while this fault waited for the lock. */
		unlock_page(page);
		put_page(page);
	}
	return result;
}

static const struct vm_operations_struct touch_vm_ops = {
	.fault		= touch_fault,
	.map_pages	= maps_no_neighbours,
};

static int touch_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff >= NPAGES || vma_desc_pages(desc) > NPAGES - desc->pgoff)
		return -EINVAL;
	desc->vm_ops = &touch_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(touch_mmap_prepare);

static unsigned long touch_count_objects(struct shrinker *shrinker,
					 struct shrink_control *control)
{
	return READ_ONCE(count);
}

/*
 * A page is unmapped, to see whether it is touched: the time of that is in its
 * page_private(), until a fault makes it 0. Private copies stay.
 */
static bool touch_drop(unsigned long i, struct page *page)
{
	bool last = false;

	if (!page_private(page)) {
		unmap_mapping_range(touch_inode->i_mapping, (loff_t)i << PAGE_SHIFT, PAGE_SIZE, 0);
		set_page_private(page, jiffies | 1);
	} else if (time_after(jiffies, page_private(page) + IDLE)) {
		xa_lock(&touch_pages);
		last = page_count(page) == 1;
		if (last) {
			__xa_erase(&touch_pages, i);
			WRITE_ONCE(count, count - 1);
		}
		xa_unlock(&touch_pages);
	}
	return last;
}

static unsigned long touch_scan_objects(struct shrinker *shrinker,
					struct shrink_control *control)
{
	unsigned long i, left = control->nr_to_scan, freed = 0;
	struct page *page;
	bool dropped;

	if (!mutex_trylock(&touch_drop_mutex))
		return SHRINK_STOP;
	xa_for_each_start(&touch_pages, i, page, touch_next) {
		if (!left--)
			break;
		if (!trylock_page(page))
			continue;
		dropped = touch_drop(i, page);
		unlock_page(page);
		if (dropped)
			put_page(page);
		freed += dropped;
	}
	touch_next = page ? i : 0;
	mutex_unlock(&touch_drop_mutex);
	return freed;
}

static int touch_open(struct inode *inode, struct file *filp)
{
	filp->f_mapping = touch_inode->i_mapping;
	return 0;
}

static const struct file_operations touch_fops = {
	.owner	= THIS_MODULE,
	.open	= touch_open,
	MAPS_MMAP(touch_mmap_prepare),
};

static struct miscdevice touch_device = { MISC_DYNAMIC_MINOR, "on_touch", &touch_fops };

static int __init touch_init(void)
{
	int err = maps_inodes_mount();

	if (err)
		return err;
	touch_inode = maps_inode_create(NPAGES << PAGE_SHIFT);
	err = PTR_ERR_OR_ZERO(touch_inode);
	if (err)
		goto out_unmount;
	err = -ENOMEM;
	touch_shrinker = maps_shrinker_create(touch_count_objects, touch_scan_objects);
	if (!touch_shrinker)
		goto out_put_inode;
	err = misc_register(&touch_device);
	if (!err)
		return 0;

	maps_shrinker_free(touch_shrinker);
out_put_inode:
	iput(touch_inode);
out_unmount:
	maps_inodes_unmount();
	return err;
}
module_init(touch_init);

static void __exit touch_exit(void)
{
	struct page *page;
	unsigned long i;

	misc_deregister(&touch_device);
	maps_shrinker_free(touch_shrinker);
	xa_for_each(&touch_pages, i, page)
		put_page(page);
	xa_destroy(&touch_pages);
	iput(touch_inode);
	maps_inodes_unmount();
}
module_exit(touch_exit);

MODULE_DESCRIPTION("Memory that is allocated when it is touched");
MODULE_LICENSE("GPL");

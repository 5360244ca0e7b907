// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole answer in one file: memory that is scattered over the machine, in
 * a process in one piece. Load it, and map up to sixteen pages of /dev/minimal,
 * shared or private.
 *
 * Nothing is mapped by mmap(). The first access to each page is a fault, and
 * the handler gives the kernel the page that belongs there. From then on the
 * kernel does all that it does for a file: it copies a page of a private
 * mapping when it is written to, shares it over fork(), drops it and asks again.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define NPAGES	16UL
#define STAMP	0xaabbccdd

static void *mem;

/* The page that was touched. Runs at any time while a mapping exists. */
static vm_fault_t minimal_fault(struct vm_fault *vmf)
{
	struct page *page;

	/* mremap() can make a mapping longer than mmap() allowed. */
	if (vmf->pgoff >= NPAGES)
		return VM_FAULT_SIGBUS;

	/* The reference is the mapping's; unmapping drops it. */
	page = vmalloc_to_page(mem + (vmf->pgoff << PAGE_SHIFT));
	get_page(page);
	vmf->page = page;

	return 0;
}

static const struct vm_operations_struct minimal_vm_ops = {
	.fault	= minimal_fault,
};

static int minimal_mmap(struct file *filp, struct vm_area_struct *vma)
{
	/* Written so that no sum overflows. */
	if (vma->vm_pgoff >= NPAGES || vma_pages(vma) > NPAGES - vma->vm_pgoff)
		return -EINVAL;

	vma->vm_ops = &minimal_vm_ops;
	return 0;
}

/* A mapping holds the file, and the file holds the module: .owner. */
static const struct file_operations minimal_fops = {
	.owner	= THIS_MODULE,
	.mmap	= minimal_mmap,
};

static struct miscdevice minimal_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "minimal",
	.fops	= &minimal_fops,
	.mode	= 0600,
};

static int __init minimal_init(void)
{
	unsigned long i;
	int err;

	/* Zeroed, unlike vmalloc(): the process must not read old secrets. */
	mem = vmalloc_user(NPAGES << PAGE_SHIFT);
	if (!mem)
		return -ENOMEM;
	for (i = 0; i < NPAGES; i++)
		*(__le32 *)(mem + (i << PAGE_SHIFT)) = cpu_to_le32(STAMP);

	err = misc_register(&minimal_device);
	if (err)
		vfree(mem);
	return err;
}

/* Runs when no file is open, so nothing is mapped either. */
static void __exit minimal_exit(void)
{
	misc_deregister(&minimal_device);
	vfree(mem);
}

module_init(minimal_init);
module_exit(minimal_exit);

MODULE_DESCRIPTION("Scattered kernel memory in a process, in a hundred lines");
MODULE_LICENSE("GPL");

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is given in every lab, and is not the lesson: a buffer of scattered
 * pages, the node /dev/lab over it, load and unload. You need not change it.
 */
#ifndef LAB_H
#define LAB_H

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"

#ifndef LAB_PAGES
#define LAB_PAGES 16
#endif
#define LAB_STAMP 0xaabbccdd

/*
 * The buffer. To the kernel one range of addresses, LAB_PAGES pages long. The
 * pages behind it are scattered; who wants one asks the kernel's page table,
 * as for any vmalloc() area. Page i begins with the word LAB_STAMP, then i.
 */
static void *lab_mem;

/**
 * struct lab - what a lab fills in
 * @mmap:          mmap() of /dev/lab
 * @mmap_readonly: mmap() of /dev/lab-readonly (lab 3), or NULL: no such node
 * @frame:         the frame of a page of the buffer (lab 5), or NULL
 */
struct lab {
	int		(*mmap)(struct file *filp, struct vm_area_struct *vma);
	int		(*mmap_readonly)(struct file *filp,
					 struct vm_area_struct *vma);
	unsigned long	(*frame)(unsigned long pgoff);
};

static const struct lab lab;
static struct page *lab_own_pages[LAB_PAGES];

static ssize_t lab_read(struct file *filp, char __user *to, size_t count,
			loff_t *ppos)
{
	return simple_read_from_buffer(to, count, ppos, lab_mem,
				       LAB_PAGES * PAGE_SIZE);
}

static ssize_t lab_write(struct file *filp, const char __user *from,
			 size_t count, loff_t *ppos)
{
	return simple_write_to_buffer(lab_mem, LAB_PAGES * PAGE_SIZE, ppos,
				      from, count);
}

/* How often each page is held: 1 is the buffer's own. */
static ssize_t counts_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	ssize_t len = 0;
	int i;

	for (i = 0; i < LAB_PAGES; i++)
		len += sysfs_emit_at(page, len, "%d ",
				     page_count(lab_own_pages[i]));
	return len;
}
static DEVICE_ATTR_RO(counts);

/* What the buffer's frames are, and what the lab says that they are. */
static ssize_t frames_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	ssize_t len = 0;
	int i;

	for (i = 0; i < LAB_PAGES; i++)
		len += sysfs_emit_at(page, len, "%lu %lu ",
				     page_to_pfn(lab_own_pages[i]),
				     lab.frame ? lab.frame(i) : 0);
	return len;
}
static DEVICE_ATTR_ADMIN_RO(frames);

static struct attribute *lab_attrs[] = {
	&dev_attr_counts.attr,
	&dev_attr_frames.attr,
	NULL
};
ATTRIBUTE_GROUPS(lab);

static int lab_do_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return lab.mmap(filp, vma);
}

static int lab_do_mmap_readonly(struct file *filp, struct vm_area_struct *vma)
{
	return lab.mmap_readonly(filp, vma);
}

static const struct file_operations lab_fops = {
	.owner	= THIS_MODULE,
	.read	= lab_read,
	.write	= lab_write,
	.llseek	= default_llseek,
	.mmap	= lab_do_mmap,
};

static const struct file_operations lab_readonly_fops = {
	.owner	= THIS_MODULE,
	.read	= lab_read,
	.llseek	= default_llseek,
	.mmap	= lab_do_mmap_readonly,
};

static struct miscdevice lab_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "lab",
	.fops	= &lab_fops,
	.groups	= lab_groups,
};

static struct miscdevice lab_readonly_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "lab-readonly",
	.fops	= &lab_readonly_fops,
};

/* A page whose count is not one is not ours to free any more: say so. */
static void lab_free(void)
{
	int i;

	vunmap(lab_mem);
	for (i = 0; i < LAB_PAGES; i++) {
		if (!lab_own_pages[i])
			continue;
		if (page_count(lab_own_pages[i]) == 1)
			put_page(lab_own_pages[i]);
		else
			WARN_ONCE(1, "lab: page %d is held %d times at the end, not once\n",
				  i, page_count(lab_own_pages[i]));
	}
}

/* Seven steps apart, no two neighbours have neighbouring frames. */
static int lab_alloc(void)
{
	__le32 *words;
	int i;

	for (i = 0; i < LAB_PAGES; i++) {
		struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);

		if (!page)
			goto out_free;
		lab_own_pages[i * 7 % LAB_PAGES] = page;
	}

	lab_mem = vmap(lab_own_pages, LAB_PAGES, VM_MAP | VM_USERMAP,
		       PAGE_KERNEL);
	if (!lab_mem)
		goto out_free;

	for (i = 0; i < LAB_PAGES; i++) {
		words = lab_mem + i * PAGE_SIZE;
		words[0] = cpu_to_le32(LAB_STAMP);
		words[1] = cpu_to_le32(i);
	}
	return 0;

out_free:
	lab_free();
	return -ENOMEM;
}

static int __init lab_init(void)
{
	int err;

	err = lab_alloc();
	if (err)
		return err;

	err = misc_register(&lab_misc);
	if (err)
		goto out_free;

	if (!lab.mmap_readonly)
		return 0;

	err = misc_register(&lab_readonly_misc);
	if (err)
		goto out_deregister;
	return 0;

out_deregister:
	misc_deregister(&lab_misc);
out_free:
	lab_free();
	return err;
}
module_init(lab_init);

static void __exit lab_exit(void)
{
	if (lab.mmap_readonly)
		misc_deregister(&lab_readonly_misc);
	misc_deregister(&lab_misc);
	lab_free();
}
module_exit(lab_exit);

MODULE_DESCRIPTION("A lab of maps");
MODULE_LICENSE("GPL");

#endif /* LAB_H */

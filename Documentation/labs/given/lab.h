/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every lab is given and does not teach: a buffer of scattered pages, the
 * node /dev/lab over it, load and unload. It also checks what your functions
 * return, and how they leave the processor, as a debug kernel does: a line in
 * the kernel's log that begins with "lab.h: " is a criterion that failed.
 */
#ifndef LAB_H
#define LAB_H

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* 6.3 brought functions of these names (bc292ab00f6c): before that, as these do. */
#define vm_flags_set(vma, flags) \
	((void)(*(vm_flags_t *)&(vma)->vm_flags |= (flags)))
#define vm_flags_clear(vma, flags) \
	((void)(*(vm_flags_t *)&(vma)->vm_flags &= ~(flags)))

#ifndef LAB_PAGES
#define LAB_PAGES 16
#endif
#define LAB_STAMP 0xaabbccdd

/*
 * The buffer: LAB_PAGES pages at consecutive kernel addresses, in scattered page
 * frames. To find a page, look it up in the kernel's page table, as for any
 * vmalloc() area. Page i begins with the word LAB_STAMP, then i.
 *
 * The addresses behind the buffer belong to somebody else: as many pages again
 * that begin with LAB_SECRET. A process must never see one of them.
 */
static void *lab_mem;

#define LAB_SECRET	0x5ec7e700
#define LAB_ALL		(2 * LAB_PAGES)

/**
 * struct lab - what a lab fills in
 * @mmap:          mmap() of /dev/lab
 * @mmap_readonly: mmap() of /dev/lab-readonly (lab 3), or NULL: no such node
 * @frame:         the frame of a page of the buffer (lab 5), or NULL
 * @unplug:        called when the device is unplugged (lab 8), or NULL
 */
struct lab {
	int		(*mmap)(struct file *filp, struct vm_area_struct *vma);
	int		(*mmap_readonly)(struct file *filp,
					 struct vm_area_struct *vma);
	unsigned long	(*frame)(unsigned long pgoff);
	void		(*unplug)(void);
};

static const struct lab lab;
static struct page *lab_all_pages[LAB_ALL];

/* Lab 8: is the device gone? Which address space are its mappings in? */
static bool lab_gone;
static struct address_space *lab_mapping;

/* How many calls of remap_pfn_range() are to fail. */
static int lab_fail_remap;

/*
 * The grader makes calls of remap_pfn_range() fail, as they do when there is no
 * memory for a page table.
 */
static int __maybe_unused
lab_remap_pfn_range(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long pfn, unsigned long size, pgprot_t prot)
{
	if (lab_fail_remap > 0) {
		lab_fail_remap--;
		return -ENOMEM;
	}
	return remap_pfn_range(vma, addr, pfn, size, prot);
}

#define remap_pfn_range lab_remap_pfn_range

static int lab_open(struct inode *inode, struct file *filp)
{
	lab_mapping = filp->f_mapping;
	return 0;
}

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

/* The reference count of each page of the buffer: 1 is the buffer's own. */
static ssize_t counts_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	ssize_t len = 0;
	int i;

	for (i = 0; i < LAB_PAGES; i++)
		len += sysfs_emit_at(page, len, "%d ",
				     page_count(lab_all_pages[i]));
	return len;
}
static DEVICE_ATTR_RO(counts);

/* The frame of each page of the buffer, and what the lab says that it is. */
static ssize_t frames_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	ssize_t len = 0;
	int i;

	for (i = 0; i < LAB_PAGES; i++)
		len += sysfs_emit_at(page, len, "%lx %lx ",
				     page_to_pfn(lab_all_pages[i]),
				     lab.frame ? lab.frame(i) : 0);
	return len;
}
static DEVICE_ATTR_ADMIN_RO(frames);

static ssize_t fail_remap_show(struct device *dev,
			       struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n", lab_fail_remap);
}

static ssize_t fail_remap_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t count)
{
	return kstrtoint(buf, 0, &lab_fail_remap) ?: count;
}
static DEVICE_ATTR_ADMIN_RW(fail_remap);

static ssize_t present_show(struct device *dev, struct device_attribute *attr,
			    char *page)
{
	return sysfs_emit(page, "%d\n", !lab_gone);
}

/* Unplug the device, or plug it in. */
static ssize_t present_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	bool present;
	int err;

	err = kstrtobool(buf, &present);
	if (err)
		return err;
	if (present)
		lab_gone = false;
	else if (lab.unplug)
		lab.unplug();
	return count;
}
static DEVICE_ATTR_ADMIN_RW(present);

static struct attribute *lab_attrs[] = {
	&dev_attr_counts.attr,
	&dev_attr_frames.attr,
	&dev_attr_fail_remap.attr,
	&dev_attr_present.attr,
	NULL
};
ATTRIBUTE_GROUPS(lab);

/* A function of the lab has been called: how did it leave the processor? */
static void lab_check_return(const void *function, int preempt)
{
	if (preempt_count() != preempt) {
		pr_err_once("lab.h: %ps() returned with a spinlock held, or with preemption disabled\n",
			    function);
		preempt_count_set(preempt);
	}
	if (irqs_disabled()) {
		pr_err_once("lab.h: %ps() returned with interrupts disabled\n",
			    function);
		local_irq_enable();
	}
}

/* The lab's operations, and the copy with lab_checked_fault() that is used. */
static struct lab_ops {
	const struct vm_operations_struct *given; struct vm_operations_struct checked;
} lab_ops[4];

/* What a fault handler returned; complain, and return what does least harm. */
static vm_fault_t lab_check_fault(struct vm_fault *vmf, const void *function,
				  vm_fault_t ret)
{
	if (ret >= (vm_fault_t)-MAX_ERRNO) {
		pr_err_once("lab.h: %ps() returned %d, an errno. A fault handler returns 0 or a VM_FAULT_ code; vmf_error() makes one of an errno\n",
			    function, (int)ret);
		return VM_FAULT_SIGBUS;
	}
	if (ret & VM_FAULT_RETRY) {
		pr_err_once("lab.h: %ps() returned VM_FAULT_RETRY, which means that it has released mmap_lock; it has not\n",
			    function);
		return VM_FAULT_SIGBUS;
	}
	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE))
		return ret;

	if (!vmf->page) {
		pr_err_once("lab.h: %ps() returned %s, which means that the page is in vmf->page; it set none\n",
			    function, ret ? "VM_FAULT_LOCKED" : "0");
		return VM_FAULT_SIGBUS;
	}
	if (ret & VM_FAULT_LOCKED && !PageLocked(vmf->page)) {
		pr_err_once("lab.h: %ps() returned VM_FAULT_LOCKED, which means that it has locked the page; it has not. Return 0, and the kernel locks it\n",
			    function);
		return ret & ~VM_FAULT_LOCKED;
	}
	return ret;
}

static vm_fault_t lab_checked_fault(struct vm_fault *vmf)
{
	const struct lab_ops *ops =
		container_of(vmf->vma->vm_ops, struct lab_ops, checked);
	const unsigned long flags = vmf->vma->vm_flags;
	const int preempt = preempt_count();
	vm_fault_t ret;

	ret = ops->given->fault(vmf);

	lab_check_return(ops->given->fault, preempt);
	if (vmf->vma->vm_flags != flags)
		pr_err_once("lab.h: %ps() changed vma->vm_flags. A fault handler does not hold the lock for it: set flags in mmap()\n",
			    ops->given->fault);
	return lab_check_fault(vmf, ops->given->fault, ret);
}

/* Replace the operations of a new mapping by their checked copy. */
static void lab_check_ops(struct vm_area_struct *vma)
{
	struct lab_ops *ops;

	for (ops = lab_ops; ops < lab_ops + ARRAY_SIZE(lab_ops); ops++) {
		if (ops->given && ops->given != vma->vm_ops)
			continue;
		ops->given = vma->vm_ops;
		ops->checked = *vma->vm_ops;
		ops->checked.fault = lab_checked_fault;
		vma->vm_ops = &ops->checked;
		return;
	}
}

typedef int lab_mmap_fn(struct file *filp, struct vm_area_struct *vma);

static int lab_checked_mmap(lab_mmap_fn *mmap, struct file *filp,
			    struct vm_area_struct *vma)
{
	const struct vm_operations_struct *none = vma->vm_ops;
	const int preempt = preempt_count();
	int err;

	err = mmap(filp, vma);

	lab_check_return(mmap, preempt);
	if (err > 0) {
		pr_err_once("lab.h: %ps() returned %d. It returns 0, or a negative errno as in -EINVAL\n",
			    mmap, err);
		return -EINVAL;
	}
	if (err || !vma->vm_ops || vma->vm_ops == none)
		return err;

	if (object_is_on_stack(vma->vm_ops)) {
		pr_err_once("lab.h: %ps() points vma->vm_ops to a local variable, which is gone when it returns. Make it static const\n",
			    mmap);
		vma->vm_ops = none;
		return -EINVAL;
	}
	if (vma->vm_ops->fault)
		lab_check_ops(vma);
	return 0;
}

static int lab_do_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return lab_checked_mmap(lab.mmap, filp, vma);
}

static int lab_do_mmap_readonly(struct file *filp, struct vm_area_struct *vma)
{
	return lab_checked_mmap(lab.mmap_readonly, filp, vma);
}

static const struct file_operations lab_fops = {
	.owner	= THIS_MODULE,
	.open	= lab_open,
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

/* A page that somebody else still refers to is not freed: complain instead. */
static void lab_free_page(int i)
{
	struct page *page = lab_all_pages[i];

	if (page_count(page) != 1)
		pr_err("lab.h: page %d has %d references at the end, and should have 1%s\n",
		       i, page_count(page),
		       i < LAB_PAGES ? "" : ". It is not a page of the buffer");
	else if (PageReserved(page))
		pr_err("lab.h: page %d still has PG_reserved at the end: the kernel never frees such a page. Do not set it\n",
		       i);
	else if (PageLocked(page))
		pr_err("lab.h: page %d is still locked at the end\n", i);
	else
		put_page(page);
}

static void lab_free(void)
{
	int i;

	vunmap(lab_mem);
	for (i = 0; i < LAB_ALL; i++)
		if (lab_all_pages[i])
			lab_free_page(i);
}

/* Allocated in steps of seven, so that neighbours have no neighbouring frames. */
static int lab_alloc(void)
{
	__le32 *words;
	int i;

	for (i = 0; i < LAB_ALL; i++) {
		struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);

		if (!page)
			goto out_free;
		lab_all_pages[i * 7 % LAB_ALL] = page;
	}

	lab_mem = vmap(lab_all_pages, LAB_ALL, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!lab_mem)
		goto out_free;

	for (i = 0; i < LAB_ALL; i++) {
		words = lab_mem + i * PAGE_SIZE;
		words[0] = cpu_to_le32(i < LAB_PAGES ? LAB_STAMP : LAB_SECRET);
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

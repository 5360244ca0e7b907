// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes, to be looked at in a machine that may be lost: each is the mmap()
 * of a device of its own, /dev/errata-<mistake>, over one buffer. What is right
 * is in module/fault.c, and what is wrong here is told in
 * Documentation/errata.rst.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define PAGES	16
#define SIZE	(PAGES * PAGE_SIZE)

/* The buffer, and as many pages behind it that are none of a process's business. */
static void *buffer;

/* A buffer that vmalloc() gave and nobody cleared. */
static void *stale;

struct erratum {
	struct miscdevice			misc;
	int					(*mmap)(struct vm_area_struct *vma);
	const struct vm_operations_struct	*ops;
	void					**memory;
};

static struct page *page_of(struct vm_fault *vmf, pgoff_t pgoff)
{
	return vmalloc_to_page(vmf->vma->vm_private_data + (pgoff << PAGE_SHIFT));
}

static vm_fault_t give(struct vm_fault *vmf, struct page *page)
{
	get_page(page);
	vmf->page = page;
	return 0;
}

/* Beyond the end the handler "has nothing to do". */
static vm_fault_t nopage_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= PAGES)
		return VM_FAULT_NOPAGE;

	return give(vmf, page_of(vmf, vmf->pgoff));
}

/* The page's number is counted from where the area begins now. */
static vm_fault_t from_start_fault(struct vm_fault *vmf)
{
	pgoff_t pgoff = (vmf->address - vmf->vma->vm_start) >> PAGE_SHIFT;

	if (pgoff >= PAGES)
		return VM_FAULT_SIGBUS;

	return give(vmf, page_of(vmf, pgoff));
}

/* mmap() has looked at the length, so there is nothing left to look at. */
static vm_fault_t trusting_fault(struct vm_fault *vmf)
{
	return give(vmf, page_of(vmf, vmf->pgoff));
}

static vm_fault_t bounded_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= PAGES)
		return VM_FAULT_SIGBUS;

	return give(vmf, page_of(vmf, vmf->pgoff));
}

static int length_only_mmap(struct vm_area_struct *vma)
{
	return vma_pages(vma) > PAGES ? -EINVAL : 0;
}

/* The pages' protection is what the driver likes. */
static int page_shared_mmap(struct vm_area_struct *vma)
{
	if (vma_pages(vma) != 1 || vma->vm_pgoff >= PAGES)
		return -EINVAL;

	return remap_pfn_range(vma, vma->vm_start,
			       vmalloc_to_pfn(buffer + (vma->vm_pgoff << PAGE_SHIFT)),
			       PAGE_SIZE, PAGE_SHARED);
}

/* Nobody looks at what remap_pfn_range() says. */
static int ignored_result_mmap(struct vm_area_struct *vma)
{
	unsigned long i;

	if (vma->vm_pgoff || vma_pages(vma) > PAGES)
		return -EINVAL;

	for (i = 0; i < vma_pages(vma); i++)
		remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT),
				vmalloc_to_pfn(buffer + (i << PAGE_SHIFT)),
				PAGE_SIZE, vma->vm_page_prot);
	return 0;
}

static const struct vm_operations_struct nopage_ops = {
	.fault	= nopage_fault,
};

static const struct vm_operations_struct from_start_ops = {
	.fault	= from_start_fault,
};

static const struct vm_operations_struct trusting_ops = {
	.fault	= trusting_fault,
};

static const struct vm_operations_struct bounded_ops = {
	.fault	= bounded_fault,
};

static struct erratum *erratum_of(struct file *filp)
{
	return container_of(filp->private_data, struct erratum, misc);
}

static int errata_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct erratum *erratum = erratum_of(filp);

	vma->vm_private_data = *erratum->memory;
	if (erratum->ops)
		vma->vm_ops = erratum->ops;

	return erratum->mmap ? erratum->mmap(vma) : 0;
}

static ssize_t errata_read(struct file *filp, char __user *to, size_t count,
			   loff_t *ppos)
{
	return simple_read_from_buffer(to, count, ppos,
				       *erratum_of(filp)->memory, SIZE);
}

static ssize_t errata_write(struct file *filp, const char __user *from,
			    size_t count, loff_t *ppos)
{
	return simple_write_to_buffer(*erratum_of(filp)->memory, SIZE, ppos,
				      from, count);
}

static const struct file_operations errata_fops = {
	.owner	= THIS_MODULE,
	.read	= errata_read,
	.write	= errata_write,
	.llseek	= default_llseek,
	.mmap	= errata_mmap,
};

#define ERRATUM(_name, _memory, _ops, _mmap) {			\
	.misc	= {						\
		.minor	= MISC_DYNAMIC_MINOR,			\
		.name	= "errata-" _name,			\
		.fops	= &errata_fops,				\
	},							\
	.mmap	= _mmap,					\
	.ops	= _ops,						\
	.memory	= _memory,					\
}

static struct erratum errata[] = {
	ERRATUM("nopage", &buffer, &nopage_ops, NULL),
	ERRATUM("from_start", &buffer, &from_start_ops, NULL),
	ERRATUM("length_only", &buffer, &trusting_ops, length_only_mmap),
	ERRATUM("page_shared", &buffer, NULL, page_shared_mmap),
	ERRATUM("not_zeroed", &stale, &bounded_ops, NULL),
	ERRATUM("not_reserved", &buffer, &bounded_ops, NULL),
	ERRATUM("ignored_result", &buffer, NULL, ignored_result_mmap),
};

static void errata_deregister(unsigned int number)
{
	while (number--)
		misc_deregister(&errata[number].misc);
}

/* Memory as vmalloc() finds it, after somebody has had it who kept secrets. */
static void *vmalloc_used(unsigned long size)
{
	void *used = vmalloc(size);

	if (used) {
		memset(used, 'S', size);
		vfree(used);
	}
	return vmalloc(size);
}

static int __init errata_init(void)
{
	unsigned int i;
	int err = -ENOMEM;

	buffer = vmalloc_user(2 * SIZE);
	stale = vmalloc_used(SIZE);
	if (!buffer || !stale)
		goto out_free;
	strscpy(buffer + SIZE, "SECRET", SIZE);

	for (i = 0; i < ARRAY_SIZE(errata); i++) {
		err = misc_register(&errata[i].misc);
		if (err)
			goto out_deregister;
	}
	return 0;

out_deregister:
	errata_deregister(i);
out_free:
	vfree(stale);
	vfree(buffer);
	return err;
}

static void __exit errata_exit(void)
{
	errata_deregister(ARRAY_SIZE(errata));
	vfree(stale);
	vfree(buffer);
}

module_init(errata_init);
module_exit(errata_exit);

MODULE_DESCRIPTION("Mistakes in mapping memory, to be looked at");
MODULE_AUTHOR("The maps authors");
MODULE_LICENSE("GPL");

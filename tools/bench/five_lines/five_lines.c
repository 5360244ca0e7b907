// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handler of five lines with nothing around it: no strategies, no counter,
 * no tracepoint. For the benchmark only: what maps.ko adds to these lines must
 * not cost.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

static unsigned long npages = 4096;
module_param(npages, ulong, 0444);
MODULE_PARM_DESC(npages, "Size of the buffer in pages (default 4096)");

static void *mem;

static vm_fault_t five_lines_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= npages)
		return VM_FAULT_SIGBUS;
	vmf->page = vmalloc_to_page(mem + (vmf->pgoff << PAGE_SHIFT));
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct five_lines_vm_ops = {
	.fault	= five_lines_fault,
};

static int five_lines_mmap(struct file *filp, struct vm_area_struct *vma)
{
	vma->vm_ops = &five_lines_vm_ops;
	return 0;
}

static loff_t five_lines_llseek(struct file *filp, loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence,
				 (loff_t)npages << PAGE_SHIFT);
}

static const struct file_operations five_lines_fops = {
	.owner	= THIS_MODULE,
	.llseek	= five_lines_llseek,
	.mmap	= five_lines_mmap,
};

static struct miscdevice five_lines_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "five_lines",
	.fops	= &five_lines_fops,
};

static int __init five_lines_init(void)
{
	int err;

	mem = vmalloc_user(npages << PAGE_SHIFT);
	if (!mem)
		return -ENOMEM;
	err = misc_register(&five_lines_device);
	if (err)
		vfree(mem);
	return err;
}

static void __exit five_lines_exit(void)
{
	misc_deregister(&five_lines_device);
	vfree(mem);
}

module_init(five_lines_init);
module_exit(five_lines_exit);

MODULE_DESCRIPTION("The fault handler of five lines, to compare with");
MODULE_AUTHOR("The maps authors");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a device reads and writes, in a program: for QEMU's PCI device "edu",
 * whose DMA engine copies to and from memory of its own.
 *
 *	/dev/dma_coherent	dma_alloc_coherent(), mapped by dma_mmap_coherent()
 *	/dev/dma_pages		dma_alloc_noncontiguous(), mapped by a fault handler
 *
 * write() of a page's number has the device read that page, and write what it read
 * to the next.
 *
 * The pages of DMA memory have no reference counts that a mapping may use: they can
 * be tails of a block that is not a folio. So they are mapped by frame number, only
 * shared, and the driver must see to it that they outlive each mapping: the removal
 * waits for the last open file, which each mapping holds.
 */
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/wait.h>

#include "compat.h"

#define NPAGES		4UL
#define BYTES		(NPAGES << PAGE_SHIFT)

/*
 * docs/specs/edu.rst of QEMU. Addresses have 28 bits. The device has 4096 bytes, of
 * which older versions let nobody use the last.
 */
#define EDU_SOURCE	0x80
#define EDU_TARGET	0x88
#define EDU_LENGTH	0x90
#define EDU_COMMAND	0x98
#define EDU_START	1
#define EDU_TO_MEMORY	2
#define EDU_MEMORY	0x40000
#define EDU_BYTES	2048

static struct pci_dev *dma_pdev;
static void __iomem *dma_regs;
static DEFINE_MUTEX(dma_engine);
static void *dma_coherent;
static dma_addr_t dma_coherent_at;
static struct sg_table *dma_table;		/* NULL where there is no such memory */
static unsigned long dma_pfns[NPAGES];
static atomic_t dma_files = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(dma_closed);

static int edu_transfer(u32 source, u32 target, u32 command)
{
	u32 state;

	iowrite32(source, dma_regs + EDU_SOURCE);
	iowrite32(target, dma_regs + EDU_TARGET);
	iowrite32(EDU_BYTES, dma_regs + EDU_LENGTH);
	iowrite32(command | EDU_START, dma_regs + EDU_COMMAND);
	return readl_poll_timeout(dma_regs + EDU_COMMAND, state, !(state & EDU_START),
				  1000, USEC_PER_SEC * 5);
}

/* What the device did is in @at + PAGE_SIZE when this returns. */
static ssize_t dma_copy(dma_addr_t at, const char __user *from, size_t len)
{
	u32 page;
	int err;

	if (len != sizeof(page) || copy_from_user(&page, from, len))
		return len == sizeof(page) ? -EFAULT : -EINVAL;
	if (page >= NPAGES - 1)
		return -EINVAL;
	at += page << PAGE_SHIFT;
	mutex_lock(&dma_engine);
	err = edu_transfer(at, EDU_MEMORY, 0) ?:
	      edu_transfer(EDU_MEMORY, at + PAGE_SIZE, EDU_TO_MEMORY);
	mutex_unlock(&dma_engine);
	return err ?: len;
}

static ssize_t dma_coherent_write(struct file *filp, const char __user *from, size_t len,
				  loff_t *pos)
{
	return dma_copy(dma_coherent_at, from, len);
}

/* Cached by the processor: each side is told when the other has written. */
static ssize_t dma_pages_write(struct file *filp, const char __user *from, size_t len,
			       loff_t *pos)
{
	ssize_t result;

	dma_sync_sgtable_for_device(&dma_pdev->dev, dma_table, DMA_BIDIRECTIONAL);
	result = dma_copy(sg_dma_address(dma_table->sgl), from, len);
	dma_sync_sgtable_for_cpu(&dma_pdev->dev, dma_table, DMA_BIDIRECTIONAL);
	return result;
}

/* The DMA API knows what is behind the address; virt_to_page() does not. */
static int dma_coherent_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return dma_mmap_coherent(&dma_pdev->dev, vma, dma_coherent, dma_coherent_at, BYTES);
}

static vm_fault_t dma_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= NPAGES)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, dma_pfns[vmf->pgoff]);
}

static const struct vm_operations_struct dma_vm_ops = { .fault = dma_fault };

static int dma_pages_mmap_prepare(struct vm_area_desc *desc)
{
	if (!vma_desc_test(desc, VMA_SHARED_BIT))
		return -EINVAL;
	if (desc->pgoff >= NPAGES || vma_desc_pages(desc) > NPAGES - desc->pgoff)
		return -EINVAL;
	vma_desc_set_flags(desc, VMA_PFNMAP_BIT);
	vma_desc_set_flags(desc, VMA_IO_BIT);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT);
	vma_desc_set_flags(desc, VMA_DONTDUMP_BIT);
	desc->vm_ops = &dma_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(dma_pages_mmap_prepare);

static int dma_open(struct inode *inode, struct file *filp)
{
	atomic_inc(&dma_files);
	return 0;
}

static int dma_release(struct inode *inode, struct file *filp)
{
	if (atomic_dec_and_test(&dma_files))
		wake_up(&dma_closed);
	return 0;
}

static const struct file_operations dma_coherent_fops = {
	.owner		= THIS_MODULE,
	.open		= dma_open,
	.release	= dma_release,
	.write		= dma_coherent_write,
	.mmap		= dma_coherent_mmap,
};

static const struct file_operations dma_pages_fops = {
	.owner		= THIS_MODULE,
	.open		= dma_open,
	.release	= dma_release,
	.write		= dma_pages_write,
	MAPS_MMAP(dma_pages_mmap_prepare),
};

static struct miscdevice dma_devices[] = {
	{ MISC_DYNAMIC_MINOR, "dma_coherent", &dma_coherent_fops },
	{ MISC_DYNAMIC_MINOR, "dma_pages", &dma_pages_fops },
};

static ssize_t handle_show(struct device *dev, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%#llx\n", (unsigned long long)dma_coherent_at);
}
static DEVICE_ATTR_RO(handle);

static struct attribute *dma_attrs[] = { &dev_attr_handle.attr, NULL };
ATTRIBUTE_GROUPS(dma);

static int dma_alloc(struct device *dev)
{
	struct sg_page_iter iter;
	unsigned long i = 0;

	dma_coherent = dma_alloc_coherent(dev, BYTES, &dma_coherent_at, GFP_KERNEL);
	if (!dma_coherent)
		return -ENOMEM;
	dma_table = maps_dma_alloc_noncontiguous(dev, BYTES, DMA_BIDIRECTIONAL);
	if (dma_table)
		for_each_sgtable_page(dma_table, &iter, 0)
			dma_pfns[i++] = page_to_pfn(sg_page_iter_page(&iter));
	return 0;
}

static void dma_free(struct device *dev)
{
	wait_event(dma_closed, !atomic_read(&dma_files));
	if (dma_table)
		maps_dma_free_noncontiguous(dev, BYTES, dma_table, DMA_BIDIRECTIONAL);
	dma_free_coherent(dev, BYTES, dma_coherent, dma_coherent_at);
}

static void dma_remove(struct pci_dev *pdev)
{
	if (dma_table)
		misc_deregister(&dma_devices[1]);
	misc_deregister(&dma_devices[0]);
	dma_free(&pdev->dev);
	dma_pdev = NULL;
}

static int dma_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = dma_pdev ? -EBUSY : pcim_enable_device(pdev);

	err = err ?: pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME) ?:
	      dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28)) ?:
	      dma_alloc(&pdev->dev);
	if (err)
		return err;
	dma_regs = pcim_iomap_table(pdev)[0];
	dma_pdev = pdev;
	pci_set_master(pdev);

	dma_devices[0].groups = dma_groups;
	err = misc_register(&dma_devices[0]);
	if (err)
		goto out_free;
	err = dma_table ? misc_register(&dma_devices[1]) : 0;
	if (!err)
		return 0;

	misc_deregister(&dma_devices[0]);
out_free:
	dma_free(&pdev->dev);
	dma_pdev = NULL;
	return err;
}

static const struct pci_device_id dma_ids[] = { { PCI_DEVICE(0x1234, 0x11e8) }, {} };
MODULE_DEVICE_TABLE(pci, dma_ids);

static struct pci_driver dma_driver = {
	.name		= "dma",
	.id_table	= dma_ids,
	.probe		= dma_probe,
	.remove		= dma_remove,
};
module_pci_driver(dma_driver);

MODULE_DESCRIPTION("Memory that a device and a program share");
MODULE_LICENSE("GPL");

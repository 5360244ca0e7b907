// SPDX-License-Identifier: GPL-2.0-only
/* A pretend sensor: its samples land in memory that programs map, read-only. */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "buffer.h"
#include "compat.h"
#include "sensor.h"

static struct maps_buffer buf;

static void sensor_poll(struct work_struct *work)
{
	struct sensor *sensor = buf.mem;
	u32 n = sensor->taken, end = n + 64;

	for (; n != end; n++)
		sensor->ring[n % sensor->slots] = n * n;
	/* Whoever sees the new number sees the samples, too. */
	smp_store_release(&sensor->taken, end);
	schedule_delayed_work(to_delayed_work(work), 1);
}

static DECLARE_DELAYED_WORK(sensor_work, sensor_poll);

static const struct vm_operations_struct sensor_vm_ops = { .fault = maps_fault };

static int sensor_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (!maps_buffer_holds(&buf, vma->vm_pgoff, vma_pages(vma)))
		return -EINVAL;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_private_data = &buf;
	vma->vm_ops = &sensor_vm_ops;
	return 0;
}

static const struct file_operations sensor_fops = {
	.owner	= THIS_MODULE,
	.mmap	= sensor_mmap,
};

static struct miscdevice sensor_device = { MISC_DYNAMIC_MINOR, "sensor", &sensor_fops };

static int __init sensor_init(void)
{
	struct sensor *sensor;
	int err = maps_buffer_alloc(&buf, 8, false);

	if (err)
		return err;
	sensor = buf.mem;
	sensor->slots = ((buf.npages << PAGE_SHIFT) - sizeof(*sensor)) / sizeof(u32);
	err = misc_register(&sensor_device);
	if (err)
		maps_buffer_free(&buf);
	else
		schedule_delayed_work(&sensor_work, 0);
	return err;
}
module_init(sensor_init);

static void __exit sensor_exit(void)
{
	misc_deregister(&sensor_device);
	cancel_delayed_work_sync(&sensor_work);
	maps_buffer_free(&buf);
}
module_exit(sensor_exit);

MODULE_DESCRIPTION("A pretend sensor with samples to map");
MODULE_LICENSE("GPL");

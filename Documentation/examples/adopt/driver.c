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

/*
 * The buffer has a copy of it. The driver reads its own: what a program may
 * write, even by mistake, must not be a bound or an index here.
 */
static u32 taken;

static void sensor_poll(struct work_struct *work)
{
	struct sensor *sensor = buf.mem;
	int i;

	for (i = 0; i < SENSOR_BATCH; i++, taken++)
		sensor->ring[taken % SENSOR_SLOTS] = taken * taken;
	/* A program that reads the new number also reads the samples. */
	smp_store_release(&sensor->taken, taken);
	schedule_delayed_work(to_delayed_work(work), 1);
}

static DECLARE_DELAYED_WORK(sensor_work, sensor_poll);

static const struct vm_operations_struct sensor_vm_ops = { .fault = maps_fault };

static int sensor_mmap_prepare(struct vm_area_desc *desc)
{
	if (!maps_buffer_holds(&buf, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;
	if (vma_desc_test(desc, VMA_WRITE_BIT) || vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	desc->private_data = &buf;
	desc->vm_ops = &sensor_vm_ops;
	return 0;
}

MAPS_DEFINE_MMAP(sensor_mmap_prepare);

static const struct file_operations sensor_fops = {
	.owner	= THIS_MODULE,
	MAPS_MMAP(sensor_mmap_prepare),
};

static struct miscdevice sensor_device = { MISC_DYNAMIC_MINOR, "sensor", &sensor_fops };

static int __init sensor_init(void)
{
	int err = maps_buffer_alloc(&buf, DIV_ROUND_UP(sizeof(struct sensor), PAGE_SIZE), 0);

	if (err)
		return err;
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

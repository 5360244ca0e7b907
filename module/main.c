// SPDX-License-Identifier: GPL-2.0-only
/*
 * maps: scattered kernel memory in user space, by a fault handler.
 *
 * Loading allocates one buffer, stamps each of its pages, and offers it
 * through one character device per strategy of mapping it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "compat.h"
#include "maps.h"

/*
 * A parameter: what it may be, and in which words a refusal says so. Values
 * are checked where they are parsed, so that a bad one refuses the load.
 */
struct maps_param {
	unsigned long	value;
	unsigned long	min;
	unsigned long	max;
	bool		power_of_two;
};

static struct maps_param npages = { 16, 1, ULONG_MAX >> PAGE_SHIFT };
static struct maps_param stamp = { 0xaabbccdd, 0, U32_MAX };
static struct maps_param fault_around = { 16, 1, PTRS_PER_PTE, true };
static struct maps_param major = { 0, 0, 511 };

static int maps_param_set(const char *val, const struct kernel_param *kp)
{
	struct maps_param *param = kp->arg;
	unsigned long value;

	if (!kstrtoul(val, 0, &value) &&
	    value >= param->min && value <= param->max &&
	    (!param->power_of_two || is_power_of_2(value))) {
		param->value = value;
		return 0;
	}

	pr_err("%s=%s: must be a %s from %lu to %lu\n", kp->name, val,
	       param->power_of_two ? "power of two" : "whole number",
	       param->min, param->max);
	return -EINVAL;
}

static int maps_param_get(char *buffer, const struct kernel_param *kp)
{
	const struct maps_param *param = kp->arg;

	return sysfs_emit(buffer, "%lu\n", param->value);
}

static const struct kernel_param_ops maps_param_ops = {
	.set	= maps_param_set,
	.get	= maps_param_get,
};

module_param_cb(npages, &maps_param_ops, &npages, 0444);
MODULE_PARM_DESC(npages, "Size of the buffer in pages (default 16)");
module_param_cb(stamp, &maps_param_ops, &stamp, 0444);
MODULE_PARM_DESC(stamp, "First word of every page, stored least significant byte first (default 0xaabbccdd)");
module_param_cb(fault_around, &maps_param_ops, &fault_around, 0444);
MODULE_PARM_DESC(fault_around, "Pages that the fault_around strategy maps at a fault, a power of two (default 16)");
module_param_cb(major, &maps_param_ops, &major, 0444);
MODULE_PARM_DESC(major, "Major device number, 0 for a free one (default 0)");

static const char * const maps_huge_words[] = { "never", "auto" };
static bool huge = true;

static int maps_huge_set(const char *val, const struct kernel_param *kp)
{
	int word = sysfs_match_string(maps_huge_words, val);

	if (word < 0) {
		pr_err("huge=%s: must be auto or never\n", val);
		return -EINVAL;
	}
	huge = word;
	return 0;
}

static int maps_huge_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", maps_huge_words[huge]);
}

static const struct kernel_param_ops maps_huge_ops = {
	.set	= maps_huge_set,
	.get	= maps_huge_get,
};

module_param_cb(huge, &maps_huge_ops, NULL, 0444);
MODULE_PARM_DESC(huge, "Build the buffer of PMD-sized folios where they fit: auto or never (default auto)");

static struct maps_buffer buffer;

/* Refuse what would only be had by having other programs killed. */
static int __init maps_check_memory(void)
{
	const unsigned long available = si_mem_available();

	if (npages.value <= available)
		return 0;

	pr_err("npages=%lu: memory can hold no more than %lu pages now\n",
	       npages.value, available);
	return -ENOMEM;
}

static int __init maps_init(void)
{
	int err;

	err = maps_check_memory();
	if (err)
		return err;

	err = maps_buffer_alloc(&buffer, npages.value, huge);
	if (err) {
		pr_err("npages=%lu: no memory for the buffer, try fewer\n",
		       npages.value);
		return err;
	}
	maps_buffer_stamp(&buffer, stamp.value);
	maps_around_pages = fault_around.value;

	err = maps_devices_create(&buffer, major.value);
	if (err)
		goto out_free_buffer;

	pr_info("%lu pages, %lu folios of %lu pages each among them\n",
		buffer.npages, buffer.nfolios, 1UL << maps_pmd_order());
	return 0;

out_free_buffer:
	maps_buffer_free(&buffer);
	return err;
}

static void __exit maps_exit(void)
{
	maps_devices_destroy();
	maps_buffer_free(&buffer);
}

module_init(maps_init);
module_exit(maps_exit);

MODULE_DESCRIPTION("Scattered kernel memory in user space, by a fault handler");
MODULE_AUTHOR("The maps authors");
MODULE_LICENSE("GPL");

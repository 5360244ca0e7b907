// SPDX-License-Identifier: GPL-2.0-only
/*
 * maps: scattered kernel memory in user space, by a fault handler.
 *
 * Loading allocates one buffer, stamps each of its pages, and offers it through
 * one misc device per strategy of mapping it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "maps.h"

static char *npages = "16";
module_param(npages, charp, 0444);
MODULE_PARM_DESC(npages, "Size of the buffer in pages (default 16)");

static char *stamp = "0xaabbccdd";
module_param(stamp, charp, 0444);
MODULE_PARM_DESC(stamp, "First word of every page, stored least significant byte first (default 0xaabbccdd)");

static char *fault_around = "16";
module_param(fault_around, charp, 0444);
MODULE_PARM_DESC(fault_around, "Pages that the fault_around strategy maps at a fault, a power of two (default 16)");

static char *huge = "auto";
module_param(huge, charp, 0444);
MODULE_PARM_DESC(huge, "Build the buffer of PMD-sized folios where they fit: auto or never (default auto)");

/* Parameters are text up to here, so that a refusal can quote them. */
struct maps_config {
	unsigned long	npages;
	unsigned long	stamp;
	unsigned long	fault_around;
	bool		huge;
};

static int __init maps_parse_number(const char *name, const char *text,
				    unsigned long min, unsigned long max,
				    unsigned long *value)
{
	if (!kstrtoul(text, 0, value) && *value >= min && *value <= max)
		return 0;

	pr_err("%s=%s: must be a whole number from %lu to %lu\n",
	       name, text, min, max);
	return -EINVAL;
}

static int __init maps_parse(struct maps_config *config)
{
	if (maps_parse_number("npages", npages, 1, ULONG_MAX >> PAGE_SHIFT,
			      &config->npages) ||
	    maps_parse_number("stamp", stamp, 0, U32_MAX, &config->stamp) ||
	    maps_parse_number("fault_around", fault_around, 1, PTRS_PER_PTE,
			      &config->fault_around))
		return -EINVAL;

	if (!is_power_of_2(config->fault_around)) {
		pr_err("fault_around=%s: must be a power of two\n", fault_around);
		return -EINVAL;
	}

	config->huge = sysfs_streq(huge, "auto");
	if (!config->huge && !sysfs_streq(huge, "never")) {
		pr_err("huge=%s: must be auto or never\n", huge);
		return -EINVAL;
	}
	return 0;
}

static struct maps_buffer buffer;

/* Refuse a size for which the kernel would have to kill other programs. */
static int __init maps_check_memory(unsigned long npages)
{
	const long available = si_mem_available();

	if (available > 0 && npages <= available)
		return 0;

	pr_err("npages=%lu: memory can hold no more than %ld pages now\n", npages, available);
	return -ENOMEM;
}

/* The stamp is little-endian on every architecture, so its bytes are the same. */
static void __init maps_stamp(u32 stamp)
{
	unsigned long i;

	for (i = 0; i < buffer.npages; i++)
		*(__le32 *)(buffer.mem + (i << PAGE_SHIFT)) = cpu_to_le32(stamp);
}

static int __init maps_init(void)
{
	const unsigned int order = maps_pmd_order();
	struct maps_config config;
	int err;

	err = maps_parse(&config) ?: maps_check_memory(config.npages);
	if (err)
		return err;

	err = maps_buffer_alloc(&buffer, config.npages, config.huge ? order : 0);
	if (err == -ENOMEM)
		pr_err("npages=%s: no memory for the buffer, try fewer\n", npages);
	if (err)
		return err;
	maps_stamp(config.stamp);
	maps_around_pages = config.fault_around;

	err = maps_devices_create(&buffer);
	if (err)
		goto out_free_buffer;

	pr_info("%lu pages: %lu folios of %lu pages, %lu single pages\n",
		buffer.npages, buffer.nfolios, 1UL << order,
		buffer.npages - (buffer.nfolios << order));
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
MODULE_VERSION("1.0");
MODULE_LICENSE("GPL");

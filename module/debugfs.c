// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters and frame numbers in /sys/kernel/debug/maps: what tests and lessons
 * look at. Nothing here runs unless a file is read.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "maps.h"

static struct dentry *maps_debugfs;

static int faults_show(struct seq_file *seq, void *unused)
{
	struct maps_device *mdev = seq->private;
	unsigned long faults = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		faults += *per_cpu_ptr(mdev->faults, cpu);

	seq_printf(seq, "%lu\n", faults);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

/* Counting here costs a reader; vm_ops->open and ->close would cost every VMA. */
static int mappings_show(struct seq_file *seq, void *unused)
{
	struct maps_device *mdev = seq->private;
	struct address_space *mapping = mdev->inode->i_mapping;
	unsigned long mappings = 0;
	struct rb_node *node;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node))
		mappings++;
	i_mmap_unlock_read(mapping);

	seq_printf(seq, "%lu\n", mappings);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mappings);

/* References that are not the buffer's own: page table entries, pins, pipes. */
static int held_show(struct seq_file *seq, void *unused)
{
	const struct maps_buffer *buf = seq->private;
	unsigned long i, held = 0;

	for (i = 0; i < buf->npages; i += compound_nr(buf->pages[i])) {
		held += page_count(buf->pages[i]) - 1;
		cond_resched();
	}
	seq_printf(seq, "%lu\n", held);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(held);

static int frames_show(struct seq_file *seq, void *unused)
{
	const struct maps_buffer *buf = seq->private;
	unsigned long i;

	for (i = 0; i < buf->npages; i++) {
		seq_printf(seq, "%lu %lu %u\n", i, page_to_pfn(buf->pages[i]),
			   compound_order(compound_head(buf->pages[i])));
		cond_resched();
	}
	return 0;
}

/* Frame numbers help an attacker, so an open descriptor must not be enough. */
static int frames_open(struct inode *inode, struct file *filp)
{
	return capable(CAP_SYS_ADMIN) ?
	       single_open(filp, frames_show, inode->i_private) : -EPERM;
}

static const struct file_operations frames_fops = {
	.owner		= THIS_MODULE,
	.open		= frames_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/**
 * maps_debugfs_create - make the folder and its files
 * @devices: all nodes, of the same buffer
 * @n:       how many
 *
 * debugfs needs no check for errors: a file that cannot be made is missing.
 */
void maps_debugfs_create(struct maps_device *devices, unsigned int n)
{
	struct maps_device *mdev;
	struct dentry *dir;

	maps_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("frames", 0400, maps_debugfs, devices->buf,
			    &frames_fops);
	debugfs_create_file("held", 0400, maps_debugfs, devices->buf,
			    &held_fops);

	for (mdev = devices; mdev < devices + n; mdev++) {
		dir = debugfs_create_dir(mdev->name, maps_debugfs);
		debugfs_create_file("faults", 0400, dir, mdev, &faults_fops);
		debugfs_create_file("mappings", 0400, dir, mdev, &mappings_fops);
	}
}

/** maps_debugfs_remove - remove them; waits for readers */
void maps_debugfs_remove(void)
{
	debugfs_remove_recursive(maps_debugfs);
}

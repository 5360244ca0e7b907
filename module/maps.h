/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the test device share: strategies (ways to map the buffer)
 * and the devices that offer one each.
 */
#ifndef MAPS_H
#define MAPS_H

#include <linux/miscdevice.h>
#include <linux/mm_types.h>

#include "buffer.h"
#include "compat.h"

/**
 * struct maps_strategy - one way to map a buffer: a row of maps_strategies[]
 * @name:    names the node, /dev/maps-<name>; the first row's is /dev/maps0
 * @prepare: describes the mapping before there is a VMA, or NULL
 * @mmap:    maps pages into the new VMA where no mmap action of the core can,
 *           or NULL
 * @fault:   maps a page that is touched, or NULL if mmap() maps all pages
 *
 * When they are called, the range is known to be inside the buffer and the
 * private data is the &struct maps_buffer. mmap() returns what they return.
 */
struct maps_strategy {
	const char	*name;
	int		(*prepare)(struct vm_area_desc *desc);
	int		(*mmap)(struct vm_area_struct *vma);
	vm_fault_t	(*fault)(struct vm_fault *vmf);
};

/* Eager strategies: eager.c. */
int maps_remap_pfn_unchecked(struct vm_area_struct *vma);
int maps_remap_pfn(struct vm_area_struct *vma);
int maps_never_write(struct vm_area_desc *desc);
int maps_remap_vmalloc(struct vm_area_struct *vma);
int maps_insert_page(struct vm_area_struct *vma);
int maps_insert_pages(struct vm_area_desc *desc);

/* Fault-around: around.c. */
extern unsigned long maps_around_pages;
int maps_around_prepare(struct vm_area_desc *desc);
vm_fault_t maps_fault_around(struct vm_fault *vmf);

/**
 * struct maps_device - one node
 * @misc:     what programs open
 * @name:     its name
 * @strategy: how it maps the buffer
 * @buf:      the buffer, the same for all nodes
 * @inode:    f_mapping->host of every open file of the node, see inode.c
 * @faults:   faults since the load, by processor
 *
 * A VMA holds a reference to its file, a file to the module, and the module's
 * exit function ends the devices: so no reference count and no lock is needed.
 */
struct maps_device {
	struct miscdevice		misc;
	char				name[32];
	const struct maps_strategy	*strategy;
	struct maps_buffer		*buf;
	struct inode			*inode;
	unsigned long __percpu		*faults;
};

static inline loff_t maps_size(const struct maps_buffer *buf)
{
	return (loff_t)buf->npages << PAGE_SHIFT;
}

/* Nodes: chardev.c. */
int maps_devices_create(struct maps_buffer *buf);
void maps_devices_destroy(void);

/* mmap() and faults: mmap.c. */
int maps_mmap_prepare(struct vm_area_desc *desc);
int maps_mmap(struct file *filp, struct vm_area_struct *vma);

/* Private inodes: inode.c. */
int maps_inodes_mount(void);
void maps_inodes_unmount(void);
struct inode *maps_inode_create(loff_t size);
void maps_inode_own(struct inode *inode, const struct maps_buffer *buf);

/* Counters: debugfs.c. */
void maps_debugfs_create(struct maps_device *devices, unsigned int n);
void maps_debugfs_remove(void);

#endif /* MAPS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strategies (ways to map the buffer) and the devices that offer one each.
 */
#ifndef MAPS_H
#define MAPS_H

#include <linux/mm_types.h>

#include "buffer.h"

/**
 * struct maps_strategy - one way to map a buffer: a row of maps_strategies[]
 * @name:  names the node, /dev/maps-<name>; the first row's is /dev/maps0
 * @mmap:  what mmap() does beyond the common part (see maps_mmap()), or NULL
 * @fault: what a fault does, or NULL where mmap() leaves nothing to fault in
 *
 * When @mmap is called, the range is known to be inside the buffer,
 * VM_MAYEXEC is cleared and vm_private_data is the buffer. What it returns is
 * what the caller of mmap() gets.
 */
struct maps_strategy {
	const char	*name;
	int		(*mmap)(const struct maps_buffer *buf,
				struct vm_area_struct *vma);
	vm_fault_t	(*fault)(struct vm_fault *vmf);
};

extern const struct maps_strategy maps_strategies[];
extern const unsigned int maps_nr_strategies;

extern unsigned long maps_around_pages;
int maps_around_mmap(const struct maps_buffer *buf, struct vm_area_struct *vma);
vm_fault_t maps_fault_around(struct vm_fault *vmf);
void maps_around_exit(void);

int maps_devices_create(struct maps_buffer *buf, unsigned int major);
void maps_devices_destroy(void);

#endif /* MAPS_H */

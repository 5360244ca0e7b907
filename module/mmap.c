// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mmap() does for all strategies: check the range, forbid execution, point
 * the VMA at the buffer and at the fault handler, trace it.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/personality.h>

#include "maps.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Out of line, so that an untraced fault stays a tail call of the strategy. */
static noinline vm_fault_t maps_traced_fault(const struct maps_strategy *strategy,
					     struct vm_fault *vmf)
{
	const vm_fault_t result = strategy->fault(vmf);

	trace_maps_fault(strategy->name, vmf, result);
	return result;
}

static vm_fault_t maps_device_fault(struct vm_fault *vmf)
{
	const struct maps_device *mdev = vmf->vma->vm_file->private_data;

	this_cpu_inc(*mdev->faults);
	if (trace_maps_fault_enabled())
		return maps_traced_fault(mdev->strategy, vmf);

	return mdev->strategy->fault(vmf);
}

static void maps_close(struct vm_area_struct *vma)
{
	struct maps_device *mdev = vma->vm_file->private_data;
	struct vm_area_desc desc;

	maps_describe(&desc, vma->vm_file, vma);
	trace_maps_unmap(mdev->strategy->name, &desc, 0);
}

/*
 * Before 7.1 a VMA with ->close is not merged with its neighbours. So only a
 * mapping that is made while maps_unmap is traced has one.
 */
static const struct vm_operations_struct maps_fault_ops = {
	.fault		= maps_device_fault,
	.map_pages	= maps_no_neighbours,
}, maps_traced_fault_ops = {
	.fault		= maps_device_fault,
	.map_pages	= maps_no_neighbours,
	.close		= maps_close,
}, maps_traced_ops = {
	.close		= maps_close,
};

static void maps_set_ops(struct vm_area_desc *desc, bool faults)
{
	if (trace_maps_unmap_enabled())
		desc->vm_ops = faults ? &maps_traced_fault_ops : &maps_traced_ops;
	else if (faults)
		desc->vm_ops = &maps_fault_ops;
}

/*
 * As in a file system that is mounted noexec: mmap() and mprotect() refuse
 * PROT_EXEC. A process whose personality adds PROT_EXEC to each readable mapping
 * gets the mapping without it.
 */
static int maps_forbid_exec(struct vm_area_desc *desc)
{
	if (vma_desc_test(desc, VMA_EXEC_BIT)) {
		if (!(current->personality & READ_IMPLIES_EXEC))
			return -EPERM;
		vma_desc_clear_flags(desc, VMA_EXEC_BIT);
		desc->page_prot = vm_get_page_prot(vma_flags_to_legacy(desc->vma_flags));
	}

	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	return 0;
}

/*
 * What all strategies share. The range must be inside the buffer: an eager
 * strategy has no later chance to check it.
 */
static int maps_describe_mapping(const struct maps_device *mdev,
				 struct vm_area_desc *desc)
{
	const struct maps_strategy *strategy = mdev->strategy;
	int err;

	if (!maps_buffer_holds(mdev->buf, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;

	err = maps_forbid_exec(desc);
	if (err)
		return err;

	desc->private_data = mdev->buf;
	maps_set_ops(desc, strategy->fault);

	return strategy->prepare ? strategy->prepare(desc) : 0;
}

/**
 * maps_mmap_prepare - describe a mapping, for strategies without .mmap
 * @desc: the mapping that a program asks for
 *
 * The core calls it before it looks for a VMA to merge with (__mmap_region() in
 * mm/vma.c), with mmap_lock held for writing.
 *
 * Return: 0, or what mmap() returns: -EINVAL for a range that is not inside the
 * buffer, -EPERM for an executable mapping, or the strategy's errno.
 */
int maps_mmap_prepare(struct vm_area_desc *desc)
{
	const struct maps_device *mdev = desc->file->private_data;
	int err = maps_describe_mapping(mdev, desc);

	trace_maps_mmap(mdev->strategy->name, desc, err);
	return err;
}

/**
 * maps_mmap - the same for strategies with .mmap
 * @filp: the node's open file
 * @vma:  the new VMA
 */
int maps_mmap(struct file *filp, struct vm_area_struct *vma)
{
	const struct maps_device *mdev = filp->private_data;
	struct vm_area_desc desc;
	int err;

	maps_describe(&desc, filp, vma);
	err = maps_describe_mapping(mdev, &desc) ?:
	      maps_apply(&desc, vma) ?:
	      mdev->strategy->mmap(vma);

	trace_maps_mmap(mdev->strategy->name, &desc, err);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that looks at kernel versions. Each entry gives an older
 * kernel what the newest one has, under the newest one's name, and says when
 * that came; all other files read as if written for the newest kernel.
 */
#ifndef MAPS_COMPAT_H
#define MAPS_COMPAT_H

#include <linux/cpu.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* 7.1 named it for what is in it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#include <linux/pagevec.h>
#else
#include <linux/folio_batch.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "maps supports Linux 5.10 to 7.3: this kernel is older"
#endif

/* Before 5.18 it aligned files of DAX only (1854bc6e2420). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
static inline unsigned long
maps_get_unmapped_area(struct file *filp, unsigned long addr, unsigned long len,
		       unsigned long pgoff, unsigned long flags)
{
	const loff_t off = (loff_t)pgoff << PAGE_SHIFT;
	unsigned long at;

	if (!addr && !(flags & MAP_FIXED) && len >= PMD_SIZE) {
		at = current->mm->get_unmapped_area(filp, 0, len + PMD_SIZE,
						    pgoff, flags);
		if (!IS_ERR_VALUE(at))
			return at + ((off - at) & (PMD_SIZE - 1));
	}
	return current->mm->get_unmapped_area(filp, addr, len, pgoff, flags);
}
#else
#define maps_get_unmapped_area thp_get_unmapped_area
#endif

/* 6.3 made vma->vm_flags read-only (bc292ab00f6c). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.4 took the owner from class_create() (1aaba11da9aa). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline struct class *maps_class_create(const char *name)
{
	return class_create(THIS_MODULE, name);
}
#else
#define maps_class_create(name) class_create(name)
#endif

/* 6.10: __assign_str() knows its source by then (2c92ca849fcc). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define maps_assign_str(dst, src) __assign_str(dst, src)
#else
#define maps_assign_str(dst, src) __assign_str(dst)
#endif

/*
 * Folios have these fields, and in the newest kernels only folios. Before 6.2,
 * mapping a part of a folio that has a mapping wants it locked (see
 * SetPageDoubleMap() there), which vm_insert_pages() does not do.
 */
static inline void maps_set_mapping(struct page *page,
				    struct address_space *mapping,
				    pgoff_t pgoff)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	if (PageCompound(page))
		return;
	page->mapping = mapping;
	page->index = pgoff;
#else
	struct folio *folio = page_folio(page);

	folio->mapping = mapping;
	folio->index = pgoff;
#endif
}

/*
 * 6.7: a fault whose VMA has a .map_pages runs under the VMA's own lock; any
 * other is tried there, given up, and tried again under mmap_lock. This one maps
 * no neighbours, which leaves all to .fault; before 6.7 it would only cost.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static inline vm_fault_t maps_no_neighbours(struct vm_fault *vmf,
					    pgoff_t first, pgoff_t last)
{
	return 0;
}
#else
#define maps_no_neighbours NULL
#endif

/*
 * The order of a folio that fills one PMD, or 0 where there is none. Not on
 * 32-bit ARM: there a PMD without access (PROT_NONE) counts as not present, and
 * zap_huge_pmd() takes it for a migration entry and follows a null pointer.
 */
static inline unsigned int maps_pmd_order(void)
{
#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && !defined(CONFIG_ARM)
	return has_transparent_hugepage() ? HPAGE_PMD_ORDER : 0;
#else
	return 0;
#endif
}

/*
 * 5.18: a page that was locked in memory waits to be unlocked in a batch of the
 * processor's, with a reference, until the batch is full or drained
 * (2fbb0c10d1e8). munmap() drains it, unless the process changes processors in
 * the middle. lru_add_drain_all() is not for modules; but a processor that
 * releases a batch of folios drains its own batches first.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
static inline long maps_drain_cpu(void *page)
{
	struct folio_batch batch;

	folio_batch_init(&batch);
	get_page(page);
	folio_batch_add(&batch, page_folio((struct page *)page));
	folio_batch_release(&batch);
	return 0;
}

static inline void maps_drain_all(struct page *page)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		work_on_cpu(cpu, maps_drain_cpu, page);
	cpus_read_unlock();
}
#else
static inline void maps_drain_all(struct page *page)
{
}
#endif

#endif /* MAPS_COMPAT_H */

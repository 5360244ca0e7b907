/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that looks at kernel versions. Each entry gives an older kernel
 * what the newest one has, and names the release and the commit that brought it.
 * All other files read as if written for the newest kernel. What is ours has our
 * prefix: a vendor's kernel may have the newest kernel's names already.
 */
#ifndef MAPS_COMPAT_H
#define MAPS_COMPAT_H

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>

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

/* 6.5: it copies by way of .read_iter (33b3b041543e). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define maps_splice_read generic_file_splice_read
#else
#define maps_splice_read copy_splice_read
#endif

/*
 * 6.16 asks a driver before there is a VMA (c84bf6dd2b83), and from 7.1 on the
 * driver can name an action by which pages are mapped. Before 7.1, mmap() fills
 * in the same description, and does to its VMA what was described: put
 * MAPS_DEFINE_MMAP(prepare); above a struct file_operations, and
 * MAPS_MMAP(prepare) into it.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
struct maps_area_desc {
	struct file				*file;
	unsigned long				start;
	unsigned long				end;
	pgoff_t					pgoff;
	vm_flags_t				vma_flags;
	pgprot_t				page_prot;
	const struct vm_operations_struct	*vm_ops;
	void					*private_data;
	struct page				**pages;
};

static inline void maps_describe(struct maps_area_desc *desc, struct file *file,
				 const struct vm_area_struct *vma)
{
	*desc = (struct maps_area_desc) {
		.file		= file,
		.start		= vma->vm_start,
		.end		= vma->vm_end,
		.pgoff		= vma->vm_pgoff,
		.vma_flags	= vma->vm_flags,
		.page_prot	= vma->vm_page_prot,
		.vm_ops		= vma->vm_ops,
	};
}

static inline int maps_apply(const struct maps_area_desc *desc,
			     struct vm_area_struct *vma)
{
	unsigned long npages = vma_pages(vma);

	/* Not in a tree yet, so no lock is needed; read-only from 6.3 on. */
	*(vm_flags_t *)&vma->vm_flags = desc->vma_flags;
	vma->vm_page_prot = desc->page_prot;
	vma->vm_ops = desc->vm_ops;
	vma->vm_private_data = desc->private_data;
	return desc->pages ? vm_insert_pages(vma, vma->vm_start, desc->pages,
					     &npages) : 0;
}

/* Last, since they hide what 6.16 to 7.0 have under these names. */
#undef vma_desc_set_flags
#undef vma_desc_clear_flags
#define vm_area_desc			 maps_area_desc
#define vma_desc_pages(desc)		 (((desc)->end - (desc)->start) >> PAGE_SHIFT)
#define vma_desc_test(desc, flag)	 ((desc)->vma_flags & maps_##flag)
#define vma_desc_set_flags(desc, flag)	 ((desc)->vma_flags |= maps_##flag)
#define vma_desc_clear_flags(desc, flag) ((desc)->vma_flags &= ~maps_##flag)
#define vma_flags_to_legacy(flags)	 (flags)
#define maps_VMA_EXEC_BIT		 VM_EXEC
#define maps_VMA_MAYEXEC_BIT		 VM_MAYEXEC
#define maps_VMA_WRITE_BIT		 VM_WRITE
#define maps_VMA_MAYWRITE_BIT		 VM_MAYWRITE
#define maps_VMA_SHARED_BIT		 VM_SHARED
#define maps_VMA_IO_BIT			 VM_IO
#define maps_VMA_PFNMAP_BIT		 VM_PFNMAP
#define maps_VMA_MIXEDMAP_BIT		 VM_MIXEDMAP
#define maps_VMA_DONTEXPAND_BIT		 VM_DONTEXPAND
#define maps_VMA_DONTDUMP_BIT		 VM_DONTDUMP
#define mmap_action_map_kernel_pages_full(desc, array) ((desc)->pages = (array))

#define MAPS_DEFINE_MMAP(prepare)					\
static int prepare##_mmap(struct file *filp, struct vm_area_struct *vma) \
{									\
	struct vm_area_desc desc;					\
									\
	maps_describe(&desc, filp, vma);				\
	return prepare(&desc) ?: maps_apply(&desc, vma);		\
}									\
static_assert(true)
#define MAPS_MMAP(prepare) .mmap = prepare##_mmap
#else
#define maps_describe	compat_set_desc_from_vma
#define maps_apply	__compat_vma_mmap
#define MAPS_DEFINE_MMAP(prepare) static_assert(true)
#define MAPS_MMAP(prepare) .mmap_prepare = prepare
#endif

/* 5.13: memory for DMA in several pieces (7d5b5738d151). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)
#define maps_dma_alloc_noncontiguous(dev, size, dir) ((struct sg_table *)NULL)
#define maps_dma_free_noncontiguous(dev, size, table, dir) do { } while (0)
#else
#define maps_dma_alloc_noncontiguous(dev, size, dir) \
	dma_alloc_noncontiguous(dev, size, dir, GFP_KERNEL, 0)
#define maps_dma_free_noncontiguous dma_free_noncontiguous
#endif

/* 6.0: a shrinker has a name (e33c267ab70d). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define maps_register_shrinker(shrinker, name) register_shrinker(shrinker)
#else
#define maps_register_shrinker register_shrinker
#endif

/* 6.7: shrinker_alloc(); registering one cannot fail (c42d50aefd17). */
typedef unsigned long maps_shrinker_fn(struct shrinker *shrinker,
				       struct shrink_control *control);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *maps_shrinker_create(maps_shrinker_fn *count,
						    maps_shrinker_fn *scan)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (!maps_register_shrinker(shrinker, KBUILD_MODNAME))
		return shrinker;
	kfree(shrinker);
	return NULL;
}

static inline void maps_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#else
static inline struct shrinker *maps_shrinker_create(maps_shrinker_fn *count,
						    maps_shrinker_fn *scan)
{
	struct shrinker *shrinker = shrinker_alloc(0, KBUILD_MODNAME);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return shrinker;
}

#define maps_shrinker_free shrinker_free
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

#endif /* MAPS_COMPAT_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes of our own: a pseudo file system that is never mounted where a program
 * could see it. Each node has one, and its open files use it as f_mapping->host:
 *
 * - its size is the buffer's, which is how far the core maps a folio
 *   (finish_fault() in mm/memory.c). The inode of the node in /dev has size 0,
 *   and belongs to another file system;
 * - its address_space knows all VMAs of the node;
 * - it has no writeback, so a shared write fault updates no time stamp.
 *
 * Drivers under drivers/gpu/drm do the same (drm_fs_inode_new()).
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "compat.h"
#include "maps.h"

#define MAPS_MAGIC 0x6d617073	/* "maps" */

static struct vfsmount *maps_mount;

static int maps_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, MAPS_MAGIC) ? 0 : -ENOMEM;
}

/* No .owner: the mount would hold the module that is to unmount it. */
static struct file_system_type maps_fs_type = {
	.name			= "maps",
	.init_fs_context	= maps_init_fs_context,
	.kill_sb		= kill_anon_super,
};

/**
 * maps_inodes_mount - make the file system that the inodes belong to
 *
 * Return: 0 or a negative errno.
 */
int maps_inodes_mount(void)
{
	maps_mount = kern_mount(&maps_fs_type);
	return PTR_ERR_OR_ZERO(maps_mount);
}

/** maps_inodes_unmount - remove the file system; no inode of it may be left */
void maps_inodes_unmount(void)
{
	kern_unmount(maps_mount);
}

/**
 * maps_inode_create - make the inode of a node
 * @size: of the buffer, in bytes
 *
 * Return: the inode, for iput(); or an ERR_PTR().
 */
struct inode *maps_inode_create(loff_t size)
{
	struct inode *inode = alloc_anon_inode(maps_mount->mnt_sb);

	if (!IS_ERR(inode))
		i_size_write(inode, size);
	return inode;
}

/**
 * maps_inode_own - set the mapping and the index of the buffer's pages
 * @inode: the inode that is to own them, before a program can map a page; or
 *         NULL, when no program can any more: the page allocator refuses a page
 *         with a mapping (free_page_is_bad() in mm/page_alloc.c)
 * @buf:   the buffer
 *
 * The key of a shared futex is the inode and the offset of its page
 * (get_futex_key() in kernel/futex/core.c).
 *
 * The pages are on no LRU list and not in the mapping's i_pages, so the core
 * does not isolate, migrate or truncate them; a split (MADV_COLD on a part of a
 * folio) at worst unmaps a folio before it fails, and it is faulted in again.
 */
void maps_inode_own(struct inode *inode, const struct maps_buffer *buf)
{
	struct address_space *mapping = inode ? inode->i_mapping : NULL;
	pgoff_t i;

	for (i = 0; i < buf->npages; i += compound_nr(buf->pages[i]))
		maps_set_mapping(buf->pages[i], mapping, i);
}

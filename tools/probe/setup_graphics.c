// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: DRM's dumb buffers, their dma-buf exports, and framebuffers. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/fb.h>

#define CARDS		8
#define FRAMEBUFFERS	6
#define SIDE		128	/* pixels */

/* As drm/drm.h and drm/drm_mode.h have them, which are not installed everywhere. */
struct drm_version {
	int version[3];
	size_t name_len;
	char *name;
	size_t date_len;
	char *date;
	size_t desc_len;
	char *desc;
};

struct drm_dumb {
	uint32_t height, width, bpp, flags, handle, pitch;
	uint64_t size;
};

struct drm_map {
	uint32_t handle, pad;
	uint64_t offset;
};

struct drm_prime {
	uint32_t handle, flags;
	int32_t fd;
};

#define DRM_VERSION	_IOWR('d', 0x00, struct drm_version)
#define DRM_EXPORT	_IOWR('d', 0x2d, struct drm_prime)
#define DRM_CREATE	_IOWR('d', 0xb2, struct drm_dumb)
#define DRM_MAP		_IOWR('d', 0xb3, struct drm_map)
#define DRM_DESTROY	_IOWR('d', 0xb4, uint32_t)

/* The card of a driver. */
static int open_card(const char *driver, int access)
{
	char path[32], name[32];
	int i, fd;

	for (i = 0; i < CARDS; i++) {
		struct drm_version version = { .name_len = sizeof(name) - 1, .name = name };

		memset(name, 0, sizeof(name));
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open_path(path, access);
		if (fd < 0)
			continue;
		if (!ioctl(fd, DRM_VERSION, &version) && !strncmp(name, driver, strlen(driver)))
			return fd;
		close(fd);
	}
	errno = ENODEV;
	return -1;
}

static int destroy_dumb(struct target *t)
{
	uint32_t handle = t->handle;

	return ioctl(t->control, DRM_DESTROY, &handle);
}

static int create_dumb(const struct subject *subject, struct target *t, int access)
{
	struct drm_dumb dumb = { .height = SIDE, .width = SIDE, .bpp = 32 };

	t->fd = open_card(subject->node, access);
	if (t->fd < 0 || ioctl(t->fd, DRM_CREATE, &dumb))
		return -1;
	t->control = dup(t->fd);
	t->handle = dumb.handle;
	t->length = dumb.size;
	return 0;
}

static int open_dumb(const struct subject *subject, struct target *t, int access)
{
	struct drm_map map = { 0 };

	if (create_dumb(subject, t, access))
		return -1;
	map.handle = t->handle;
	t->release = destroy_dumb;
	if (ioctl(t->fd, DRM_MAP, &map))
		return -1;
	t->offset = (off_t)map.offset;
	return 0;
}

static int open_prime(const struct subject *subject, struct target *t, int access)
{
	struct drm_prime prime = { .flags = access | O_CLOEXEC };

	if (create_dumb(subject, t, O_RDWR))
		return -1;
	prime.handle = t->handle;
	if (ioctl(t->fd, DRM_EXPORT, &prime))
		return -1;
	close(t->fd);
	t->fd = prime.fd;
	return 0;
}

static int open_fb(const struct subject *subject, struct target *t, int access)
{
	struct fb_fix_screeninfo info;
	char path[32];
	int i;

	for (i = 0; i < FRAMEBUFFERS; i++) {
		snprintf(path, sizeof(path), "/dev/fb%d", i);
		t->fd = open_path(path, access);
		if (t->fd < 0)
			continue;
		if (!ioctl(t->fd, FBIOGET_FSCREENINFO, &info) && strstr(info.id, subject->node)) {
			t->length = whole_pages(info.smem_len + info.smem_start % page_size());
			return 0;
		}
		close(t->fd);
	}
	errno = ENODEV;
	return -1;
}

const struct subject graphics_setups[] = {
	{ .name = "vgem", .open = open_dumb, .node = "vgem", .traits = COOKIE,
	  .how = "drm_gem_shmem_helper.c: .fault with vmf_insert_pfn()" },
	{ .name = "vgem-prime", .open = open_prime, .node = "vgem",
	  .how = "dma-buf of the same" },
	{ .name = "virtio-gpu", .open = open_dumb, .node = "virtio_gpu", .traits = COOKIE,
	  .how = "drm_gem_shmem_helper.c" },
	{ .name = "bochs", .open = open_dumb, .node = "bochs", .traits = COOKIE,
	  .how = "TTM; drm_gem_shmem_helper.c in newer kernels" },
	{ .name = "cirrus", .open = open_dumb, .node = "cirrus", .traits = COOKIE,
	  .how = "drm_gem_shmem_helper.c" },
	{ .name = "fb-bochs", .open = open_fb, .node = "bochs", .how = "emulated by DRM" },
	{ .name = "fb-virtio", .open = open_fb, .node = "virtio", .how = "emulated by DRM" },
	{ .name = "fb-cirrus", .open = open_fb, .node = "cirrus", .how = "emulated by DRM" },
	{ .name = "fb-vfb", .open = open_fb, .node = "Virtual FB", .how = "remap_vmalloc_range()" },
	{ }
};

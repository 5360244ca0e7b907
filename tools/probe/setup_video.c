// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: buffers of video devices (videobuf2), and their dma-buf exports. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/videodev2.h>

#define DEVICES	32

/* The device of a driver for capture, by the end of what it calls its bus. */
static int open_video(const char *bus, int access)
{
	struct v4l2_capability cap;
	char path[32];
	int i, fd;

	for (i = 0; i < DEVICES; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open_path(path, access);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &cap) && strstr((char *)cap.bus_info, bus) &&
		    cap.device_caps & V4L2_CAP_VIDEO_CAPTURE)
			return fd;
		close(fd);
	}
	errno = ENODEV;
	return -1;
}

static int request_buffers(int fd, unsigned int count)
{
	struct v4l2_requestbuffers request = {
		.count = count,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};

	return ioctl(fd, VIDIOC_REQBUFS, &request);
}

static int free_buffers(struct target *t)
{
	return request_buffers(t->control, 0);
}

static int open_buffer(const struct subject *subject, struct target *t, int access)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};

	t->fd = open_video(subject->node, access);
	if (t->fd < 0 || request_buffers(t->fd, 2) || ioctl(t->fd, VIDIOC_QUERYBUF, &buffer))
		return -1;
	t->control = dup(t->fd);
	t->offset = buffer.m.offset;
	t->length = whole_pages(buffer.length);
	t->release = free_buffers;
	return 0;
}

static int open_export(const struct subject *subject, struct target *t, int access)
{
	struct v4l2_exportbuffer export = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.flags = access | O_CLOEXEC,
	};

	if (open_buffer(subject, t, O_RDWR) || ioctl(t->fd, VIDIOC_EXPBUF, &export))
		return -1;
	close(t->fd);
	t->fd = export.fd;
	t->offset = 0;
	return 0;
}

const struct subject video_setups[] = {
	{ .name = "vivid-vmalloc", .open = open_buffer, .node = "vivid-000", .traits = COOKIE,
	  .how = "videobuf2-vmalloc: remap_vmalloc_range()" },
	{ .name = "vivid-export", .open = open_export, .node = "vivid-000",
	  .how = "dma-buf of the same" },
	{ .name = "vivid-dma", .open = open_buffer, .node = "vivid-001", .traits = COOKIE,
	  .how = "videobuf2-dma-contig: dma_mmap_attrs()" },
	{ .name = "vivid-dma-export", .open = open_export, .node = "vivid-001",
	  .how = "dma-buf of the same" },
	{ }
};

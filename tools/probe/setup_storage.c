// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: SCSI's and USB's buffers, a SCSI target in user space, a data acquisition card. */
#define _GNU_SOURCE
#include "setup.h"

#include <scsi/sg.h>

#define USBMON_BYTES	65536
#define MON_IOCT_RING_SIZE	_IO(0x92, 4)
#define MON_IOCQ_RING_SIZE	_IO(0x92, 5)

static int free_reserve(struct target *t)
{
	int size = 2 * 65536;

	return ioctl(t->control, SG_SET_RESERVED_SIZE, &size);
}

static int open_sg(const struct subject *subject, struct target *t, int access)
{
	int size = 65536;

	t->fd = open_path(subject->node, access);
	if (t->fd < 0 || ioctl(t->fd, SG_SET_RESERVED_SIZE, &size) ||
	    ioctl(t->fd, SG_GET_RESERVED_SIZE, &size))
		return -1;
	t->control = dup(t->fd);
	t->length = size;
	t->release = free_reserve;
	return 0;
}

static int resize_usbmon(struct target *t)
{
	return ioctl(t->control, MON_IOCT_RING_SIZE, 2 * USBMON_BYTES);
}

static int open_usbmon(const struct subject *subject, struct target *t, int access)
{
	int size;

	t->fd = open_path(subject->node, access);
	if (t->fd < 0 || ioctl(t->fd, MON_IOCT_RING_SIZE, USBMON_BYTES))
		return -1;
	size = ioctl(t->fd, MON_IOCQ_RING_SIZE);
	if (size < 0)
		return -1;
	t->control = dup(t->fd);
	t->length = size;
	t->release = resize_usbmon;
	return 0;
}

static int open_uio(const struct subject *subject, struct target *t, int access)
{
	t->length = number_in("/sys/class/uio/uio0/maps/map0/size");
	return had(t->fd = open_path(subject->node, access));
}

/* What is mapped for reading is another buffer than what is mapped for writing. */
static int open_comedi(const struct subject *subject, struct target *t, int access)
{
	t->length = number_in("/sys/class/comedi/comedi0/read_buffer_kb") * 1024;
	return had(t->fd = open_path(subject->node, access));
}

const struct subject storage_setups[] = {
	{ .name = "sg", .open = open_sg, .node = "/dev/sg0",
	  .how = ".fault over a list of scattered pages" },
	{ .name = "tcmu", .open = open_uio, .node = "/dev/uio0",
	  .how = ".fault over vmalloc() and pages of its own" },
	{ .name = "usbmon", .open = open_usbmon, .node = "/dev/usbmon0", .how = ".fault" },
	{ .name = "usbdevfs", .open = open_plain, .node = "/dev/bus/usb/001/001",
	  .length = 0x10000, .traits = INCOMPARABLE | COOKIE | ENDLESS,
	  .how = "remap_pfn_range() or dma_mmap_coherent(), new for each mapping" },
	{ .name = "comedi", .open = open_comedi, .node = "/dev/comedi0", .traits = READ_ONLY,
	  .how = "remap_pfn_range() a page, in a loop" },
	{ }
};

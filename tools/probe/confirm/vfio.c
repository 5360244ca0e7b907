// SPDX-License-Identifier: GPL-2.0-only
/* vfio: map a region of a PCI device, touch it, move the mapping, exit: does the kernel warn? */
#include "confirm.h"

#include <glob.h>
#include <linux/vfio.h>

#define REGION	2	/* of QEMU's ivshmem: memory */

/* The address of the device that vfio-pci has: the name of its link in sysfs. */
static int open_device(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR), group;
	glob_t devices, groups;

	if (glob("/sys/bus/pci/drivers/vfio-pci/*:*", 0, NULL, &devices) ||
	    glob("/dev/vfio/[0-9]*", 0, NULL, &groups))
		stop("vfio");
	group = open(groups.gl_pathv[0], O_RDWR);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		stop("group");
	return ioctl(group, VFIO_GROUP_GET_DEVICE_FD, strrchr(devices.gl_pathv[0], '/') + 1);
}

int main(void)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = REGION };
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	int fd = open_device();
	volatile uint32_t *at;
	char record[2048];
	ssize_t len;

	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region))
		stop("region");
	lseek(log, 0, SEEK_END);
	if (!fork()) {
		at = map(fd, PROT_READ, MAP_SHARED, region.size, region.offset);
		(void)*at;
		at = mremap((void *)at, region.size, region.size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    map(-1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, region.size, 0));
		_exit(at == MAP_FAILED);
	}
	wait(NULL);
	while ((len = read(log, record, sizeof(record) - 1)) > 0) {
		record[len] = 0;
		if (strstr(record, "WARNING: ")) {
			puts("the kernel warned");
			return 0;
		}
	}
	return 1;
}

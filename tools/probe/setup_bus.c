// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set-ups: memory of a PCI device, by every way in which the kernel offers it. The
 * device is QEMU's ivshmem, whose third region is plain memory.
 */
#define _GNU_SOURCE
#include "setup.h"

#include <dirent.h>
#include <linux/vfio.h>

#define PCI		"/sys/bus/pci/devices"
#define VENDOR		0x1af4
#define DEVICE		0x1110
#define REGION		2
#define REGION_SIZE	(1UL << 20)
#define PCIIOC_MMAP_IS_MEM	('P' << 24 | 'C' << 16 | 'I' << 8 | 2)

static unsigned long fact(const char *device, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), PCI "/%s/%s", device, name);
	return number_in(path);
}

/* The address of our device, 0000:00:03.0. */
static bool find_device(char *address, size_t size)
{
	DIR *dir = opendir(PCI);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		if (fact(entry->d_name, "vendor") == VENDOR &&
		    fact(entry->d_name, "device") == DEVICE) {
			snprintf(address, size, "%.63s", entry->d_name);
			found = true;
		}
	if (dir)
		closedir(dir);
	if (!found)
		errno = ENODEV;
	return found;
}

/* Where a region begins: the lines of "resource" are start, end, flags. */
static unsigned long region_start(const char *address)
{
	unsigned long start = 0;
	char path[300];
	FILE *file;
	int i;

	snprintf(path, sizeof(path), PCI "/%s/resource", address);
	file = fopen(path, "r");
	for (i = 0; file && i <= REGION; i++)
		if (fscanf(file, "%lx %*x %*x", &start) != 1)
			start = 0;
	if (file)
		fclose(file);
	return start;
}

/* EBUSY where a driver has the device: then it is enabled already. */
static void enable(const char *address)
{
	char path[300], one[] = "1";

	snprintf(path, sizeof(path), PCI "/%s/%s", address, "enable");
	proc_file(path, one, sizeof(one), false);
}

static int open_resource(const struct subject *subject, struct target *t, int access)
{
	char address[64], path[300];

	if (!find_device(address, sizeof(address)))
		return -1;
	enable(address);
	snprintf(path, sizeof(path), PCI "/%s/%s", address, subject->node);
	t->length = REGION_SIZE;
	return had(t->fd = open_path(path, access));
}

static int open_proc(const struct subject *subject, struct target *t, int access)
{
	unsigned int bus, slot, function;
	char address[64], path[300];

	(void)subject;
	if (!find_device(address, sizeof(address)))
		return -1;
	if (sscanf(address, "%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return -1;
	snprintf(path, sizeof(path), "/proc/bus/pci/%02x/%02x.%x", bus, slot, function);
	t->fd = open_path(path, access);
	t->offset = (off_t)region_start(address);
	t->length = REGION_SIZE;
	return t->fd < 0 ? -1 : ioctl(t->fd, PCIIOC_MMAP_IS_MEM, 0);
}

static int open_mem(const struct subject *subject, struct target *t, int access)
{
	char address[64];

	if (!find_device(address, sizeof(address)))
		return -1;
	enable(address);
	t->offset = (off_t)region_start(address);
	t->length = REGION_SIZE;
	return had(t->fd = open_path(subject->node, access));
}

/* The group that the device is in, by the link in sysfs. */
static int open_group(const char *address)
{
	char path[300], link[300];
	ssize_t len;

	snprintf(path, sizeof(path), PCI "/%s/iommu_group", address);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -1;
	link[len] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%.200s", strrchr(link, '/') + 1);
	return open_path(path, O_RDWR);
}

static int open_vfio(const struct subject *subject, struct target *t, int access)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = REGION };
	char address[64];
	int container, group;

	(void)access;
	if (!find_device(address, sizeof(address)))
		return -1;
	container = open_path(subject->node, O_RDWR);
	group = open_group(address);
	if (container < 0 || group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		return -1;
	t->fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (t->fd < 0 || ioctl(t->fd, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -1;
	t->offset = (off_t)region.offset;
	t->length = region.size;
	return 0;
}

const struct subject bus_setups[] = {
	{ .name = "pci-resource", .open = open_resource, .node = "resource2",
	  .how = "io_remap_pfn_range() in one call" },
	{ .name = "pci-resource-wc", .open = open_resource, .node = "resource2_wc",
	  .how = "the same, write combining" },
	{ .name = "pci-proc", .open = open_proc, .traits = ENDLESS,
	  .how = "the same, by /proc/bus/pci" },
	{ .name = "mem", .open = open_mem, .node = "/dev/mem", .traits = ENDLESS,
	  .how = "remap_pfn_range() in one call" },
	{ .name = "vfio-pci", .open = open_vfio, .node = "/dev/vfio/vfio", .traits = ANY_ACCESS,
	  .how = ".fault with vmf_insert_pfn()" },
	{ .name = "hpet", .open = open_plain, .node = "/dev/hpet", .length = 0x1000,
	  .traits = NO_STAMPS | READ_ONLY | INCOMPARABLE, .how = "vm_iomap_memory()" },
	{ }
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * drm DRIVER [export]: after munmap() of the first page, does the second one's address
 * show the first? With "export", of a dma-buf.
 */
#include "confirm.h"

struct version { int version[3]; size_t len; char *name; size_t rest[4]; };
struct dumb { uint32_t height, width, bpp, flags, handle, pitch; uint64_t size; };
struct place { uint32_t handle, pad; uint64_t offset; };
struct prime { uint32_t handle, flags; int32_t fd; };

static int open_card(const char *driver)
{
	char path[32], name[32];
	int i, fd;

	for (i = 0; i < 8; i++) {
		struct version version = { .len = 31, .name = name };

		memset(name, 0, sizeof(name));
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR);
		if (fd >= 0 && !ioctl(fd, _IOWR('d', 0, struct version), &version) &&
		    !strncmp(name, driver, strlen(driver)))
			return fd;
	}
	stop(driver);
}

int main(int argc, char **argv)
{
	struct dumb dumb = { .height = 128, .width = 128, .bpp = 32 };
	int fd = argc > 1 ? open_card(argv[1]) : -1;
	struct prime prime = { .flags = O_RDWR };
	struct place place = { 0 };
	volatile uint32_t *at;

	if (ioctl(fd, _IOWR('d', 0xb2, struct dumb), &dumb))
		stop("create");
	place.handle = dumb.handle;
	prime.handle = dumb.handle;
	if (ioctl(fd, _IOWR('d', 0xb3, struct place), &place) ||
	    (argc > 2 && ioctl(fd, _IOWR('d', 0x2d, struct prime), &prime)))
		stop("map");
	if (argc > 2) {
		fd = prime.fd;
		place.offset = 0;
	}
	mark(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, dumb.size, place.offset), 4);
	at = map(fd, PROT_READ, MAP_SHARED, dumb.size, place.offset);
	munmap((void *)at, PAGE);
	printf("page 1 shows page %d\n", (int)(at[WORDS] - 0x1000));
	return at[WORDS] == 0x1001;
}

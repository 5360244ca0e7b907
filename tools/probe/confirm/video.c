// SPDX-License-Identifier: GPL-2.0-only
/* video BUS: a dma-buf export of a video buffer, mapped from its page 3 on: does it show page 0? */
#include "confirm.h"

#include <linux/videodev2.h>

int main(int argc, char **argv)
{
	struct v4l2_requestbuffers request = { .count = 2, .type = 1, .memory = V4L2_MEMORY_MMAP };
	struct v4l2_exportbuffer export = { .type = 1, .flags = O_RDWR };
	struct v4l2_capability cap;
	volatile uint32_t *at;
	char path[32];
	int i, fd = -1;

	for (i = 0; argc > 1 && i < 32; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR);
		if (fd >= 0 && !ioctl(fd, VIDIOC_QUERYCAP, &cap) &&
		    strstr((char *)cap.bus_info, argv[1]) &&
		    cap.device_caps & V4L2_CAP_VIDEO_CAPTURE)
			break;
	}
	if (ioctl(fd, VIDIOC_REQBUFS, &request) || ioctl(fd, VIDIOC_EXPBUF, &export))
		stop("export");
	mark(map(export.fd, PROT_READ | PROT_WRITE, MAP_SHARED, 8 * PAGE, 0), 8);
	at = map(export.fd, PROT_READ, MAP_SHARED, PAGE, 3 * PAGE);
	printf("page 3 shows page %d\n", (int)(*at - 0x1000));
	return *at == 0x1003;
}

// SPDX-License-Identifier: GPL-2.0-only
/* trace: map the tracer's ring, move the mapping by mremap(), exit: does the kernel warn? */
#include "confirm.h"

int main(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	int fd = open("/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw", O_RDONLY);
	volatile uint32_t *meta;
	char record[2048];
	size_t size;
	ssize_t len;

	lseek(log, 0, SEEK_END);
	if (!fork()) {
		meta = map(fd, PROT_READ, MAP_SHARED, PAGE, 0);
		size = meta[0] + (size_t)meta[2] * meta[3];
		munmap((void *)meta, PAGE);
		meta = map(fd, PROT_READ, MAP_SHARED, size, 0);
		meta = mremap((void *)meta, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			      map(-1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, size, 0));
		_exit(meta == MAP_FAILED);
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

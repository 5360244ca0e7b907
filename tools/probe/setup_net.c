// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: rings of sockets. */
#define _GNU_SOURCE
#include "setup.h"

#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#ifndef AF_XDP
#define AF_XDP	44
#endif
#ifndef SOL_XDP
#define SOL_XDP	283
#endif

#define XDP_ENTRIES	4096
#define BLOCKS		4
#define FRAME		2048
/* Behind what the kernel writes at the start of a block and of a ring. */
#define STAMPS_AT	1024

static int set_packet_ring(int fd, unsigned int blocks)
{
	struct tpacket_req request = {
		.tp_block_size = blocks ? setup_size() / BLOCKS : 0,
		.tp_block_nr = blocks,
		.tp_frame_size = blocks ? FRAME : 0,
		.tp_frame_nr = blocks ? setup_size() / FRAME : 0,
	};

	return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request));
}

static int free_packet_ring(struct target *t)
{
	return set_packet_ring(t->control, 0);
}

static int open_packet(const struct subject *subject, struct target *t, int access)
{
	(void)subject;
	(void)access;
	t->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || set_packet_ring(t->fd, BLOCKS))
		return -1;
	t->control = dup(t->fd);
	t->length = setup_size();
	t->stamp_at = STAMPS_AT;
	t->release = free_packet_ring;
	return 0;
}

static int open_xdp(const struct subject *subject, struct target *t, int access)
{
	struct xdp_mmap_offsets offsets;
	socklen_t len = sizeof(offsets);
	int entries = XDP_ENTRIES;

	(void)subject;
	(void)access;
	t->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || setsockopt(t->fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries)) ||
	    getsockopt(t->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &len))
		return -1;
	t->length = whole_pages(offsets.rx.desc + XDP_ENTRIES * sizeof(struct xdp_desc));
	t->stamp_at = STAMPS_AT;
	return 0;
}

static int open_tcp(const struct subject *subject, struct target *t, int access)
{
	(void)subject;
	(void)access;
	t->length = setup_size();
	return had(t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

const struct subject net_setups[] = {
	{ .name = "packet-ring", .open = open_packet, .traits = ANY_ACCESS,
	  .how = "vm_insert_page() in a loop" },
	/* Up to 6.2 a power of two is allocated, and all of it is the ring's. */
	{ .name = "xdp-ring", .open = open_xdp, .traits = ANY_ACCESS | COOKIE | ENDLESS,
	  .how = "remap_vmalloc_range()" },
	{ .name = "tcp", .open = open_tcp,
	  .traits = ANY_ACCESS | EMPTY | INCOMPARABLE | READ_ONLY | ENDLESS,
	  .how = "vm_insert_pages() by getsockopt()" },
	{ }
};

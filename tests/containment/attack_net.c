// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with sockets: empty and full, bound and connected, with files in them,
 * with filters and options.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

static char data[60000];

static void big_buffers(int fd)
{
	int size = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static long unix_pairs(long max, int type)
{
	int fd[2];
	long i;

	for (i = 0; more(i, max); i++) {
		if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd))
			break;
		big_buffers(fd[0]);
		while (send(fd[0], data, sizeof(data), 0) > 0)
			;
		if (errno != EAGAIN)
			break;
	}
	return i;
}

static long unix_streams(long max)
{
	return unix_pairs(max, SOCK_STREAM);
}

static long unix_datagrams(long max)
{
	return unix_pairs(max, SOCK_DGRAM);
}

static long unix_small(long max)
{
	int fd[2] = { -1, -1 };
	long i;

	for (i = 0; more(i, max); i++) {
		if (i % 10000 == 0) {
			if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				       fd))
				break;
			big_buffers(fd[0]);
		}
		if (send(fd[0], data, 1, 0) != 1)
			break;
	}
	return i;
}

static long unix_bound(long max)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	long i;
	int fd;

	for (i = 0; more(i, max); i++) {
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		memset(sun.sun_path, 'n', sizeof(sun.sun_path));
		sun.sun_path[0] = '\0';
		snprintf(sun.sun_path + 1, 20, "%ld", i);
		if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)))
			break;
	}
	return i;
}

/* Used to put sockets in flight into sockets that are in flight themselves. */
static int send_files(int to, const int *files, int n)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), files, n * sizeof(int));
	return sendmsg(to, &msg, 0) == 1 ? 0 : -1;
}

static long rights_chains(long max)
{
	int last[2] = { -1, -1 }, fd[2];
	long i;

	for (i = 0; more(i, max); i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd))
			break;
		if (last[0] >= 0) {
			if (send_files(fd[0], last, 2))
				break;
			close(last[0]);
			close(last[1]);
		}
		last[0] = fd[0];
		last[1] = fd[1];
	}
	return i;
}

static int bound(int family, int type, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int fd = socket(family, type | SOCK_NONBLOCK, 0);

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = family;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)sin, sizeof(*sin)) ||
	    getsockname(fd, (struct sockaddr *)sin, &len))
		return -1;
	return fd;
}

static long udp_sockets(long max)
{
	struct sockaddr_in sin;
	long i;

	for (i = 0; more(i, max); i++) {
		if (bound(AF_INET, SOCK_DGRAM, &sin) < 0)
			break;
	}
	return i;
}

static long udp_full(long max)
{
	struct sockaddr_in sin;
	int in, out, k;
	long i;

	for (i = 0; more(i, max); i++) {
		in = bound(AF_INET, SOCK_DGRAM, &sin);
		out = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (in < 0 || out < 0)
			break;
		big_buffers(in);
		connect(out, (struct sockaddr *)&sin, sizeof(sin));
		/* A datagram that does not fit is dropped without an error. */
		for (k = 0; k < 64; k++) {
			if (send(out, data, 16000, 0) < 0 && errno != EAGAIN)
				return i;
		}
		close(out);
	}
	return i;
}

static int listener(struct sockaddr_in *sin)
{
	int fd = bound(AF_INET, SOCK_STREAM, sin);

	return fd < 0 || listen(fd, 4096) ? -1 : fd;
}

/* A connection. A full group gets none: wait for it, but not for ever. */
static int connected(const struct sockaddr_in *sin)
{
	const struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) ? -1 :
									 fd;
}

/* Connections whose peer does not read; @room is its SO_RCVBUF, 0 for the default. */
static long tcp_unread(long max, int room, bool fill)
{
	struct sockaddr_in sin;
	int server, out;
	long i;

	server = listener(&sin);
	if (server < 0)
		return -1;
	if (room)
		setsockopt(server, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	for (i = 0; more(i, max); i++) {
		out = connected(&sin);
		if (out < 0)
			break;
		if (accept(server, NULL, NULL) < 0 && errno != EAGAIN)
			break;
		fcntl(out, F_SETFL, O_NONBLOCK);
		errno = 0;
		while (send(out, data, sizeof(data), 0) > 0 && fill)
			;
		if (errno && (!fill || errno != EAGAIN))
			break;
	}
	return i;
}

/* The peer has the smallest possible window, so the data stays with the sender. */
static long tcp_sent(long max)
{
	return tcp_unread(max, 1, true);
}

/* Only as much data as the peer takes at once. */
static long tcp_received(long max)
{
	return tcp_unread(max, 0, false);
}

static long tcp_full(long max)
{
	/* Nor is one there to be accepted then. */
	struct timeval patience = { .tv_sec = 2 };
	struct sockaddr_in sin;
	int server = listener(&sin), out;
	long i;

	if (server < 0)
		return -1;
	setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	for (i = 0; more(i, max); i++) {
		out = connected(&sin);
		if (out < 0)
			break;
		fcntl(server, F_SETFL, 0);
		if (accept(server, NULL, NULL) < 0)
			break;
		fcntl(out, F_SETFL, O_NONBLOCK);
		while (send(out, data, sizeof(data), 0) > 0)
			;
		if (errno != EAGAIN)
			break;
	}
	return i;
}

/* Connections that nobody accepts; the connecting side is closed again. */
static long tcp_unaccepted(long max)
{
	struct sockaddr_in sin;
	int server = -1, out;
	long i;

	for (i = 0; more(i, max); i++) {
		if (i % 4000 == 0)
			server = listener(&sin);
		out = server < 0 ? -1 : connected(&sin);
		if (out < 0)
			break;
		send(out, data, 30000, MSG_DONTWAIT);
		close(out);
	}
	return i;
}

static long netlink_sockets(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		if (socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0)
			break;
	}
	return i;
}

/* Messages from one socket to another of the same process, never read. */
static long netlink_full(long max)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(to);
	int in, out;
	long i;

	for (i = 0; more(i, max); i++) {
		struct sockaddr_nl any = { .nl_family = AF_NETLINK };

		in = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK,
			    NETLINK_USERSOCK);
		out = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK,
			     NETLINK_USERSOCK);
		if (in < 0 || out < 0 ||
		    bind(in, (struct sockaddr *)&any, sizeof(any)) ||
		    getsockname(in, (struct sockaddr *)&to, &len))
			return i ? i : -1;
		big_buffers(in);
		big_buffers(out);
		while (sendto(out, data, 30000, 0, (struct sockaddr *)&to,
			      sizeof(to)) > 0)
			;
		if (errno != EAGAIN)
			break;
		close(out);
	}
	return i;
}

/* A filter of 4096 instructions on every socket; the original is kept, too. */
static long socket_filters(long max)
{
	static struct sock_filter insns[4096];
	struct sock_fprog prog = { 4096, insns };
	long i;
	int fd;

	for (i = 0; i < 4096; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, i);
	insns[4095] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 1);
	for (i = 0; more(i, max); i++) {
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER,
					 &prog, sizeof(prog)))
			break;
	}
	return i;
}

/* Source filters of multicast groups, with 4000 sources each. */
static long socket_options(long max)
{
	static char room[sizeof(struct ip_msfilter) + 4000 * 4];
	struct ip_msfilter *f = (void *)room;
	struct ip_mreq mreq;
	long i, k;
	int fd;

	inet_aton("239.1.1.1", &mreq.imr_multiaddr);
	inet_aton("127.0.0.1", &mreq.imr_interface);
	f->imsf_multiaddr = mreq.imr_multiaddr;
	f->imsf_interface = mreq.imr_interface;
	f->imsf_fmode = MCAST_INCLUDE;
	f->imsf_numsrc = 4000;
	for (k = 0; k < 4000; k++)
		f->imsf_slist[k].s_addr = htonl(0x0a000001 + k);
	for (i = 0; more(i, max); i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP,
					 &mreq, sizeof(mreq)))
			break;
		f->imsf_fmode = MCAST_EXCLUDE;
		if (setsockopt(fd, IPPROTO_IP, IP_MSFILTER, f,
			       IP_MSFILTER_SIZE(4000)) &&
		    errno != EINVAL)
			break;
	}
	return i;
}

static void prepare_options(void)
{
	own_net();
	bc_write_path("/proc/sys/net/ipv4/igmp_max_msf", "5000");
	bc_write_path("/proc/sys/net/ipv4/igmp_max_memberships", "1000");
}

const struct attack net_attacks[] = {
	{ "unix_streams", own_net, unix_streams, 500,
	  .piles = "unix stream sockets, filled",
	  .charged = "data is charged to the sender" },
	{ "unix_datagrams", own_net, unix_datagrams, 500,
	  .piles = "unix datagram sockets, filled",
	  .charged = "data is charged to the sender" },
	{ "unix_small", own_net, unix_small, 200000,
	  .piles = "single bytes in unix stream sockets",
	  .charged = "data is charged to the sender" },
	{ "unix_bound", own_net, unix_bound, 100000,
	  .piles = "unix sockets with an address", .charged = "unmarked" },
	{ "rights_chains", own_net, rights_chains, 100000,
	  .piles = "descriptors in flight within sockets in flight",
	  .charged = "files, lists, unmarked" },
	{ "udp_sockets", own_net, udp_sockets, 30000, .piles = "UDP sockets",
	  .charged = "sockets" },
	{ "udp_full", own_net, udp_full, 100, .piles = "UDP sockets, filled",
	  .charged = "unmarked" },
	{ "tcp_full", own_net, tcp_full, 300,
	  .piles = "TCP connections, filled",
	  .charged = "sockets; the pages of their buffers" },
	{ "row_tcp", own_net, tcp_received, 120, .row = "tcprcvbuf",
	  .piles = "unread data of TCP, with a limit of its own",
	  .charged = "also in tcprcvbuf" },
	{ "row_tcp_sent", own_net, tcp_sent, 2000, .row = "tcpsndbuf",
	  .piles = "unsent data of TCP, with a limit of its own",
	  .charged = "also in tcpsndbuf" },
	{ "row_unix", own_net, unix_datagrams, 500, .row = "othersockbuf",
	  .piles = "unix datagram sockets, with a limit of their own",
	  .charged = "also in othersockbuf" },
	{ "row_udp", own_net, udp_full, 100, .row = "dgramrcvbuf",
	  .piles = "UDP sockets, with a limit of their own",
	  .charged = "also in dgramrcvbuf" },
	{ "tcp_unaccepted", own_net, tcp_unaccepted, 12000,
	  .piles = "TCP connections with data, which nobody accepts",
	  .charged = "to the listener's group" },
	{ "netlink_sockets", own_net, netlink_sockets, 30000,
	  .piles = "netlink sockets", .charged = "unmarked" },
	{ "netlink_full", own_net, netlink_full, 100,
	  .piles = "netlink sockets, filled", .charged = "unmarked" },
	{ "socket_filters", own_net, socket_filters, 1000,
	  .piles = "classic filters", .charged = "unmarked" },
	{ "socket_options", prepare_options, socket_options, 1000,
	  .piles = "source filters of multicast", .charged = "unmarked" },
};

const size_t nr_net_attacks = sizeof(net_attacks) / sizeof(net_attacks[0]);

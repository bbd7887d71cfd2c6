// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with sockets: answers, errors and notifications that nobody
 * reads, options and lists, with buffers of the sizes that any user gets.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/net_tstamp.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "bc_net.h"
#include "tenant.h"

static char data[65536];

/* The largest buffers that a tenant may have. */
static void own_buffers(int fd)
{
	int size = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocol);

	if (fd >= 0)
		own_buffers(fd);
	return fd;
}

/* Answers to wrong requests, each with a copy of the request. */
static bool netlink_errors(long i)
{
	struct nlmsghdr *h = (void *)data;
	int fd = netlink(NETLINK_ROUTE), k;

	if (fd < 0)
		return false;
	*h = (struct nlmsghdr){
		.nlmsg_len = 12000,
		.nlmsg_type = 3000 + i % 16,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};
	for (k = 0; k < 100; k++) {
		if (send(fd, data, h->nlmsg_len, 0) < 0)
			return errno == EAGAIN || errno == ENOBUFS;
	}
	return true;
}

long unread_answers(long i)
{
	return netlink_errors(i) ? 0 : -1;
}

/* Begin a dump: its first part is made at once, as large as the largest read. */
static bool dump(int protocol, int type, const void *header, size_t size)
{
	struct nlmsghdr *h;
	int fd = netlink(protocol);

	if (fd < 0)
		return false;
	/* Read with a large buffer, so that the first part is large. */
	recv(fd, data, sizeof(data), 0);
	h = nl_request(type, NLM_F_DUMP, header, size);
	return send(fd, h, h->nlmsg_len, 0) > 0;
}

/* Netlink dumps that are begun and not read. */
static bool netlink_dumps(long i)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	return dump(NETLINK_ROUTE, i & 1 ? RTM_GETLINK : RTM_GETROUTE, &info,
		    sizeof(info));
}

/* Socket dumps that are begun and not read. */
static bool diag_dumps(long i)
{
	struct unix_diag_req u = { .sdiag_family = AF_UNIX,
				   .udiag_states = -1,
				   .udiag_show = -1 };
	struct inet_diag_req_v2 t = { .sdiag_family = AF_INET,
				      .sdiag_protocol = IPPROTO_TCP,
				      .idiag_ext = -1,
				      .idiag_states = -1 };

	if (i & 1)
		return dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &u,
			    sizeof(u));
	return dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &t, sizeof(t));
}

static int udp_to(struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	own_buffers(fd);
	return connect(fd, (struct sockaddr *)to, sizeof(*to)) ? -1 : fd;
}

/* Copies of sent packets, with time stamps, in error queues. */
static bool udp_timestamps(long i)
{
	int how = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		  SOF_TIMESTAMPING_TX_SCHED;
	struct sockaddr_in to = bc_loopback(9);
	int fd = udp_to(&to), k;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &how, sizeof(how)))
		return false;
	for (k = 0; k < 64; k++) {
		if (send(fd, data, 20000 + i % 2, 0) < 0 && errno != EAGAIN &&
		    errno != ECONNREFUSED)
			return false;
	}
	return true;
}

/* Errors for datagrams to a port where nobody listens. */
static bool udp_errors(long i)
{
	struct sockaddr_in to = bc_loopback(9);
	int fd = udp_to(&to), on = 1, k;

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)))
		return false;
	for (k = 0; k < 200; k++) {
		if (send(fd, data, 500 + i % 2, 0) < 0 && errno != EAGAIN &&
		    errno != ECONNREFUSED)
			return false;
	}
	return true;
}

/* Received datagrams that nobody reads. */
static bool udp_unread(long i)
{
	struct sockaddr_in sin;
	int in = bc_bound_socket(SOCK_DGRAM, &sin), out, k;

	if (in < 0)
		return false;
	own_buffers(in);
	out = udp_to(&sin);
	if (out < 0)
		return false;
	for (k = 0; k < 500; k++) {
		if (send(out, data, 1 + i % 2, 0) < 0 && errno != EAGAIN)
			return false;
	}
	return !close(out);
}

/* Connections to a listener that does not accept them. */
static bool unix_unaccepted(long i)
{
	static struct sockaddr_un sun;
	int fd;

	if (i % 100 == 0) {
		sun.sun_family = AF_UNIX;
		snprintf(sun.sun_path + 1, 30, "l%ld", i);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) ||
		    listen(fd, 4096))
			return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return false;
	while (send(fd, data, 4096, 0) > 0)
		;
	return errno == EAGAIN && !close(fd);
}

/* Make a pair of connected sockets; data that is sent to the second stays there. */
int stream(int protocol, int fd[2])
{
	struct sockaddr_in sin = bc_loopback(0);
	socklen_t len = sizeof(sin);
	int server = socket(AF_INET, SOCK_STREAM, protocol);
	struct timeval wait = { .tv_sec = 2 };

	/* For a full group the interrupt makes no connection: do not wait for ever. */
	setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (server < 0 || bind(server, (struct sockaddr *)&sin, len) ||
	    listen(server, 1) ||
	    getsockname(server, (struct sockaddr *)&sin, &len))
		return -1;
	fd[0] = socket(AF_INET, SOCK_STREAM, protocol);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (fd[0] < 0 || connect(fd[0], (struct sockaddr *)&sin, len))
		return -1;
	fd[1] = accept(server, NULL, NULL);
	close(server);
	return fd[1] < 0 ? -1 : 0;
}

static bool fill_stream(int fd, size_t piece)
{
	while (send(fd, data, piece, MSG_DONTWAIT) > 0)
		;
	return errno == EAGAIN;
}

/* Unread TCP packets with a few bytes each. */
static bool tcp_small(long i)
{
	int fd[2], on = 1, k;

	if (stream(0, fd))
		return false;
	setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (k = 0; k < 1000; k++) {
		if (send(fd[0], data, 1 + i % 3, MSG_DONTWAIT) < 0)
			return errno == EAGAIN;
	}
	return true;
}

/*
 * Leave one byte of a connection in each of many pages: the rest of each page is sent
 * over another connection, and read.
 */
static bool in_parts(int protocol, int fd[2])
{
	static int other[2] = { -1, -1 };
	static char rest[32000], read[sizeof(rest)];
	size_t got = 0;
	int k;

	if (other[0] < 0 && stream(protocol, other))
		return false;
	for (k = 0; k < 16; k++, got = 0) {
		if (send(fd[0], data, 1, MSG_DONTWAIT | MSG_MORE) != 1)
			return false;
		if (send(other[0], rest, sizeof(rest), MSG_DONTWAIT) !=
		    sizeof(rest))
			return false;
		while (got < sizeof(rest)) {
			ssize_t n = recv(other[1], read, sizeof(read), 0);

			if (n <= 0)
				return false;
			got += n;
		}
	}
	return true;
}

/* TCP connections with one byte in each of many pages. */
static bool tcp_bytes(long i)
{
	int fd[2];

	(void)i;
	return !stream(0, fd) && in_parts(0, fd);
}

/* MPTCP connections with one byte in each of many pages, which both ends record. */
static bool mptcp_bytes(long i)
{
	int fd[2];

	(void)i;
	return !stream(262 /* IPPROTO_MPTCP */, fd) && in_parts(262, fd);
}

/* Pages of a truncated file, of each of which TCP has one byte. */
static bool tcp_spliced_bytes(long i)
{
	int fd[2], ends[2], k, file = memfd_create("bytes", 0);
	bool done = true;

	if (file < 0 || stream(0, fd) || pipe2(ends, O_NONBLOCK) ||
	    ftruncate(file, 4096 * 16))
		return false;
	for (k = 0; k < 16 && done; k++) {
		loff_t at = 4096 * k + i % 2;

		done = pwrite(file, data, 1, at) == 1 &&
		       splice(file, &at, ends[1], NULL, 1, 0) == 1 &&
		       splice(ends[0], NULL, fd[0], NULL, 1,
			      SPLICE_F_MORE | SPLICE_F_NONBLOCK) == 1;
	}
	return !ftruncate(file, 0) && !close(file) && !close(ends[0]) &&
	       !close(ends[1]) && done;
}

/* MPTCP connections, filled. */
static bool mptcp_full(long i)
{
	int fd[2];

	return !stream(262 /* IPPROTO_MPTCP */, fd) &&
	       fill_stream(fd[0], sizeof(data) - i % 2);
}

/* SCTP associations, filled. */
static bool sctp_full(long i)
{
	int fd[2];

	return !stream(IPPROTO_SCTP, fd) && fill_stream(fd[0], 100 + i % 2);
}

/* SCTP associations with 64 Ki streams in each direction. */
static bool sctp_streams(long i)
{
	struct {
		unsigned short out, in, attempts, timeout;
	} init = { 65535 - i % 2, 65535, 0, 0 };
	struct sockaddr_in sin = bc_loopback(0);
	struct timeval wait = { .tv_sec = 2 };
	socklen_t len = sizeof(sin);
	int server = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), fd;

	if (server < 0 ||
	    setsockopt(server, IPPROTO_SCTP, 2 /* SCTP_INITMSG */, &init,
		       sizeof(init)) ||
	    bind(server, (struct sockaddr *)&sin, len) || listen(server, 1) ||
	    getsockname(server, (struct sockaddr *)&sin, &len))
		return false;
	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	/* A peer whose group is full does not answer. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return fd >= 0 &&
	       !setsockopt(fd, IPPROTO_SCTP, 2, &init, sizeof(init)) &&
	       !connect(fd, (struct sockaddr *)&sin, len);
}

/* Filters that choose among the sockets of one port. */
static bool reuseport_filters(long i)
{
	static struct sock_filter insns[4096];
	struct sock_fprog prog = { 4096, insns };
	struct sockaddr_in sin = bc_loopback(0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (!i) {
		for (i = 0; i < 4096; i++)
			insns[i] = (struct sock_filter)BPF_STMT(
				BPF_LD | BPF_IMM, i);
		insns[4095] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	}
	return fd >= 0 &&
	       !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) &&
	       !bind(fd, (struct sockaddr *)&sin, sizeof(sin)) &&
	       !setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog,
			   sizeof(prog));
}

/* IPv4 multicast groups, 20 for each socket; the device records them all. */
static bool multicast_groups(long i)
{
	struct ip_mreq mreq = { .imr_multiaddr.s_addr = htonl(0xe8000000 + i),
				.imr_interface.s_addr =
					htonl(INADDR_LOOPBACK) };
	static int fd;

	if (i % 20 == 0)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	return fd >= 0 && !setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
				      sizeof(mreq));
}

/* IPv6 multicast groups. */
static bool multicast_groups6(long i)
{
	struct ipv6_mreq mreq = { .ipv6mr_interface = 1 };
	static int fd;

	if (i % 1000 == 0)
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
	inet_pton(AF_INET6, "ff02::1:0:0", &mreq.ipv6mr_multiaddr);
	mreq.ipv6mr_multiaddr.s6_addr32[3] = htonl(i);
	return fd >= 0 && !setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq,
				      sizeof(mreq));
}

/* IPv6 flow labels for the exclusive use of one socket. */
static bool flow_labels(long i)
{
	/* <linux/in6.h> and <netinet/in.h> cannot be included together. */
	struct {
		struct in6_addr to;
		__be32 label;
		unsigned char action, share;
		unsigned short flags, expires, linger;
		unsigned int pad;
	} req = { .action = 0 /* get */,
		  .share = 1 /* exclusive */,
		  .flags = 1 /* create */,
		  .linger = 6 };
	static int fd;

	if (i % 16 == 0)
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
	req.to.s6_addr[15] = 1;
	req.label = htonl(i + 1);
	return fd >= 0 &&
	       !setsockopt(fd, IPPROTO_IPV6, 32 /* IPV6_FLOWLABEL_MGR */, &req,
			   sizeof(req));
}

/* TCP MD5 keys for peers that do not exist. */
static bool md5_keys(long i)
{
	struct tcp_md5sig key = { .tcpm_keylen = 80 };
	struct sockaddr_in *to = (void *)&key.tcpm_addr;
	static int fd;

	if (i % 500 == 0)
		fd = socket(AF_INET, SOCK_STREAM, 0);
	to->sin_family = AF_INET;
	to->sin_addr.s_addr = htonl(0x0a000000 + i);
	return fd >= 0 &&
	       !setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key));
}

/* Notifications that data which was sent without a copy may be reused. */
static bool zerocopy_notes(long i)
{
	int fd[2], on = 1, k;

	if (stream(0, fd) ||
	    setsockopt(fd[0], SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return false;
	for (k = 0; k < 400; k++) {
		if (send(fd[0], data, 1 + i % 2, MSG_ZEROCOPY | MSG_DONTWAIT) <
		    0)
			return errno == EAGAIN || errno == ENOBUFS;
	}
	return true;
}

const struct attack sock_attacks[] = {
	TENANT(netlink_errors, 3000),
	TENANT(netlink_dumps, 5000),
	TENANT(diag_dumps, 5000),
	TENANT(udp_timestamps, 2000),
	TENANT(udp_errors, 2000),
	TENANT(udp_unread, 2000),
	TENANT(unix_unaccepted, 2000),
	TENANT_LATER(tcp_small, 200, 0, "a third more than is charged"),
	TENANT(tcp_bytes, 1000),
	TENANT(tcp_spliced_bytes, 2000),
	TENANT(mptcp_full, 100),
	TENANT(mptcp_bytes, 1000),
	TENANT(sctp_full, 300),
	TENANT(sctp_streams, 200),
	TENANT(reuseport_filters, 2000),
	TENANT(multicast_groups, 100000),
	TENANT(multicast_groups6, 60000),
	TENANT(flow_labels, 100000),
	TENANT(md5_keys, 60000),
	TENANT(zerocopy_notes, 2000),
};

const size_t nr_sock_attacks = BC_COUNT(sock_attacks);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * With sockets, as tenants: answers, errors and notes that nobody reads, options
 * and lists, at the sizes of buffers that everybody gets.
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

/* The largest buffers that one may ask for. */
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

/* The answer to a request that is wrong has the request in it. */
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

/* The first part of a dump comes at once, as large as was last read. */
static bool dump(int protocol, int type, const void *header, size_t size)
{
	struct nlmsghdr *h;
	int fd = netlink(protocol);

	if (fd < 0)
		return false;
	/* Whoever reads much is given much. */
	recv(fd, data, sizeof(data), 0);
	h = nl_request(type, NLM_F_DUMP, header, size);
	return send(fd, h, h->nlmsg_len, 0) > 0;
}

/* Dumps over netlink that are begun and not read. */
static bool netlink_dumps(long i)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	return dump(NETLINK_ROUTE, i & 1 ? RTM_GETLINK : RTM_GETROUTE, &info,
		    sizeof(info));
}

/* Dumps of sockets that are begun and not read. */
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

/* Copies of what was sent, with the time, that wait in the queue of errors. */
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

/* Nobody listens: each datagram comes back as an error. */
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

/* Datagrams that came, in sockets that do not read. */
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

/* Connections to a listener that does not accept. */
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

/* A pair of connected sockets; what is sent to the second stays there. */
int stream(int protocol, int fd[2])
{
	struct sockaddr_in sin = bc_loopback(0);
	socklen_t len = sizeof(sin);
	int server = socket(AF_INET, SOCK_STREAM, protocol);
	struct timeval wait = { .tv_sec = 2 };

	/* What an interrupt cannot make for a full group never arrives here. */
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

/* Unread packets of TCP with a few bytes each. */
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
 * A byte in each of many pages: the rest of each page was sent over another
 * connection, and is gone.
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

/* Connections of TCP that have a byte in each of many pages. */
static bool tcp_bytes(long i)
{
	int fd[2];

	(void)i;
	return !stream(0, fd) && in_parts(0, fd);
}

/* The same over MPTCP, whose two ends keep a note of each part in the page. */
static bool mptcp_bytes(long i)
{
	int fd[2];

	(void)i;
	return !stream(262 /* IPPROTO_MPTCP */, fd) && in_parts(262, fd);
}

/* Pages of a file that is empty again, of each of which TCP has a byte. */
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

/* Connections of MPTCP, filled. */
static bool mptcp_full(long i)
{
	int fd[2];

	return !stream(262 /* IPPROTO_MPTCP */, fd) &&
	       fill_stream(fd[0], sizeof(data) - i % 2);
}

/* Associations of SCTP, filled. */
static bool sctp_full(long i)
{
	int fd[2];

	return !stream(IPPROTO_SCTP, fd) && fill_stream(fd[0], 100 + i % 2);
}

/* Streams of an association: 64 Ki in both directions. */
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
	/* A peer that may have no more does not answer. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return fd >= 0 &&
	       !setsockopt(fd, IPPROTO_SCTP, 2, &init, sizeof(init)) &&
	       !connect(fd, (struct sockaddr *)&sin, len);
}

/* Programs that choose among sockets of one port. */
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

/* Groups of multicast, 20 for each socket; the device notes them all. */
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

/* Groups of multicast, IPv6. */
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

/* A label that only this socket may use, for each address. */
static bool flow_labels(long i)
{
	/* <linux/in6.h> and <netinet/in.h> cannot be had at once. */
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

/* Keys for peers that there are not. */
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

/* Notes that what was sent without a copy may be used again. */
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
	TENANT_LATER(tcp_small, 200, 0, "a third more than what is charged"),
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

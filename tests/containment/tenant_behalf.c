// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants through what timers, work items and interrupts make for them, and
 * with packets that are charged in one way and kept in another.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_net.h"
#include "tenant.h"

#define UDP_SEGMENT 103

static char data[65536];

/* Send data with the SYN to a port where nobody listens, in a page that is then full. */
static bool fast_open(void)
{
	struct sockaddr_in to = bc_loopback(9);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &on,
				 sizeof(on)))
		return false;
	sendto(fd, data, 32000, MSG_FASTOPEN | MSG_DONTWAIT,
	       (struct sockaddr *)&to, sizeof(to));
	return !close(fd);
}

/* Pages for the data of a SYN, of each of which another connection has one byte. */
static bool fastopen_pages(long i)
{
	int fd[2], k;

	if (stream(0, fd))
		return false;
	for (k = 0; k < 16; k++) {
		if (!fast_open() ||
		    send(fd[0], data + i % 2, 1, MSG_DONTWAIT | MSG_MORE) != 1)
			return false;
	}
	return true;
}

static void large_mtu(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, IFLA_MTU, 65535);
}

/* Reports of IGMP, of the size of the MTU, that netem delays for two minutes. */
static bool igmp_reports(long i)
{
	struct ip_mreqn mreq = { .imr_multiaddr.s_addr = htonl(0xe8000001) };
	static int fd;

	if (!i) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0 || !add_device("dummy", "d0", large_mtu) ||
		    !delay(if_nametoindex("d0"), TWO_MINUTES))
			return false;
	}
	mreq.imr_ifindex = if_nametoindex("d0");
	usleep(40000);
	return !setsockopt(fd, IPPROTO_IP,
			   i & 1 ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP,
			   &mreq, sizeof(mreq));
}

/* Probes of the window of a connection that netem delays for two minutes. */
static bool window_probes(long i)
{
	static int fd[2];
	int off = 0, k;

	if (!i && (stream(0, fd) || !delay(1, TWO_MINUTES)))
		return false;
	for (k = 0; k < 100; k++) {
		if (setsockopt(fd[0], IPPROTO_TCP, TCP_REPAIR, &off,
			       sizeof(off)))
			return false;
	}
	return true;
}

static bool make_expiring(const char *name)
{
	struct nlmsghdr *h =
		ipset(IPSET_CMD_CREATE, NLM_F_CREATE | NLM_F_EXCL, name);
	struct nlattr *a;

	mnl_attr_put_strz(h, IPSET_ATTR_TYPENAME, "hash:ip");
	mnl_attr_put_u8(h, IPSET_ATTR_REVISION, 4);
	mnl_attr_put_u8(h, IPSET_ATTR_FAMILY, AF_INET);
	a = mnl_attr_nest_start(h, IPSET_ATTR_DATA);
	mnl_attr_put_u32(h, IPSET_ATTR_HASHSIZE | NLA_F_NET_BYTEORDER,
			 htonl(4096));
	mnl_attr_put_u32(h, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(3));
	mnl_attr_put_u32(h, IPSET_ATTR_CADT_FLAGS | NLA_F_NET_BYTEORDER,
			 htonl(IPSET_FLAG_WITH_COUNTERS |
			       IPSET_FLAG_WITH_SKBINFO));
	mnl_attr_nest_end(h, a);
	return nft_do(h);
}

static void put_ip(struct nlmsghdr *h, int type, uint32_t ip)
{
	struct nlattr *a = mnl_attr_nest_start(h, type);

	mnl_attr_put_u32(h, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER,
			 htonl(ip));
	mnl_attr_nest_end(h, a);
}

static bool add_members(const char *name, uint32_t first, uint32_t seconds)
{
	struct nlmsghdr *h = ipset(IPSET_CMD_ADD, 0, name);
	struct nlattr *a = mnl_attr_nest_start(h, IPSET_ATTR_DATA);

	put_ip(h, IPSET_ATTR_IP, first);
	put_ip(h, IPSET_ATTR_IP_TO, first + 8191);
	mnl_attr_put_u32(h, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER,
			 htonl(seconds));
	mnl_attr_nest_end(h, a);
	return nft_do(h);
}

/* Sets of ipset of whose members half expire; the rest is copied into new buckets. */
static bool ipset_buckets(long i)
{
	char name[16];

	snprintf(name, sizeof(name), "set%ld", i);
	if (make_expiring(name) && add_members(name, 0x0a000000, 2) &&
	    add_members(name, 0x0b000000, 2000000))
		return true;
	/* The group is full until members have expired. */
	usleep(100000);
	return i > 0;
}

static bool make_slave(int i, int bond)
{
	struct ifinfomsg info = { 0 };
	char name[IFNAMSIZ];
	struct nlmsghdr *h;
	struct nlattr *a;

	snprintf(name, sizeof(name), "d%d", i);
	h = nl_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info,
		       sizeof(info));
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_u32(h, IFLA_MASTER, bond);
	a = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

/* IPv6 addresses of a bond, with a multicast address on each of 200 slaves. */
static bool slave_addresses(long i)
{
	struct ifaddrmsg m = { .ifa_family = AF_INET6, .ifa_prefixlen = 128 };
	struct in6_addr a = { .s6_addr = { 0x20, 1, 0xd, 0xb8 } };
	struct nlmsghdr *h;
	int k;

	if (!i && !add_device("bond", "bond", NULL))
		return false;
	m.ifa_index = if_nametoindex("bond");
	for (k = 0; !i && k < 200; k++) {
		if (!make_slave(k, m.ifa_index))
			return false;
	}
	a.s6_addr32[3] = htonl(i + 1);
	usleep(5000);
	h = nl_request(RTM_NEWADDR, NLM_F_CREATE, &m, sizeof(m));
	mnl_attr_put(h, IFA_LOCAL, sizeof(a), &a);
	return nl_do(h);
}

static int make_long_tun(void)
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 1400;
	struct nlmsghdr *h;

	if (fd < 0 || open_tun(0, 0) < 0)
		return -1;
	info.ifi_index = if_nametoindex("t0");
	h = nl_request(RTM_NEWLINK, 0, &info, sizeof(info));
	mnl_attr_put_u32(h, IFLA_TXQLEN, 10000);
	if (!nl_do(h) || !delay(info.ifi_index, A_MILLISECOND) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "t0", 2) ||
	    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		return -1;
	return fd;
}

/* Segments of packets that netem delays for a millisecond, in a tun device. */
static bool delayed_segments(long i)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(0x0a000001) };
	static int fd = -1;

	if (!i)
		fd = make_long_tun();
	usleep(2000);
	return fd >= 0 && sendto(fd, data, 45 * 1400, 0, (struct sockaddr *)&to,
				 sizeof(to)) > 0;
}

/* Connections that are made before netem delays what they send. */
#define PAIRS 60
#define PACKETS 300

/* Connections of the loopback device may begin with so many packets. */
static bool send_many_at_once(void)
{
	struct rtmsg m = {
		.rtm_family = AF_INET,
		.rtm_dst_len = 32,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};
	struct nlmsghdr *h = nl_request(
		RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &m, sizeof(m));
	struct nlattr *a;

	mnl_attr_put_u32(h, RTA_DST, htonl(INADDR_LOOPBACK));
	mnl_attr_put_u32(h, RTA_OIF, 1);
	a = mnl_attr_nest_start(h, RTA_METRICS);
	mnl_attr_put_u32(h, RTAX_INITCWND, PACKETS);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

static bool send_and_reset(int fd)
{
	int on = 1, k;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (k = 0; k < PACKETS; k++) {
		if (send(fd, data, 1, MSG_DONTWAIT) < 0)
			break;
	}
	return !bc_reset_on_close(fd) && !close(fd);
}

/* Packets of TCP that netem delays, and whose connections have been reset meanwhile. */
static bool tcp_reset(long i)
{
	static int pairs[PAIRS][2];

	if (!i && !send_many_at_once())
		return false;
	if (i < PAIRS)
		return !stream(0, pairs[i]);
	if (i == PAIRS && !delay(1, TWO_MINUTES))
		return false;
	return send_and_reset(pairs[i - PAIRS][0]) &&
	       send_and_reset(pairs[i - PAIRS][1]);
}

/* Metrics of TCP for connections to many addresses of the loopback device. */
static bool many_peers(long i)
{
	struct sockaddr_in to = bc_loopback(0);
	socklen_t len = sizeof(to);
	static struct sockaddr_in sin;
	static int server = -1;
	int in, out;

	if (!i) {
		server = socket(AF_INET, SOCK_STREAM, 0);
		to.sin_addr.s_addr = htonl(INADDR_ANY);
		if (server < 0 || bind(server, (struct sockaddr *)&to, len) ||
		    listen(server, 16) ||
		    getsockname(server, (struct sockaddr *)&sin, &len))
			return false;
	}
	sin.sin_addr.s_addr = htonl(0x7f000001 + i);
	out = socket(AF_INET, SOCK_STREAM, 0);
	if (out < 0 || connect(out, (struct sockaddr *)&sin, sizeof(sin)))
		return false;
	in = accept(server, NULL, NULL);
	return in >= 0 && !close(out) && !close(in);
}

/* A record of which the end never comes, and that came before TLS was turned on. */
static bool ktls_early(long i)
{
	static const unsigned char head[5] = { 23, 3, 3, 0x40, 0 };
	int fd[2], small = 1;

	memcpy(data, head, sizeof(head));
	return !stream(0, fd) && send(fd[0], data, 16000, MSG_DONTWAIT) > 0 &&
	       !setsockopt(fd[1], SOL_SOCKET, SO_RCVBUF, &small,
			   sizeof(small)) &&
	       !bc_use_tls(fd[1], BC_TLS_RX, i);
}

#define NET CLONE_NEWNET

const struct attack behalf_attacks[] = {
	TENANT(fastopen_pages, 1000),
	TENANT_IN(igmp_reports, 1000, NET),
	TENANT_IN(window_probes, 1000, NET),
	TENANT_IN(ipset_buckets, 1000, NET),
	TENANT_IN(slave_addresses, 10000, NET),
	TENANT_AFTER(delayed_segments, 400, NET, prepare_devices),
	TENANT_IN(tcp_reset, 2 * PAIRS, NET),
	TENANT(many_peers, 50000),
	TENANT(ktls_early, 3000),
};

const size_t nr_behalf_attacks = BC_COUNT(behalf_attacks);

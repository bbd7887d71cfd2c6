// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that come into a network through a device on top of a device of
 * another network, as containers have them: the group that made the network at
 * which they arrive pays for the objects that they leave behind.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_net.h"
#include "bc_object.h"

#define FRAMES 64
#define VLAN_ID 5

/* The part of a frame after ETH_P_8021Q. */
struct vlan_tag {
	__be16 id;
	__be16 proto;
};

/* Where a frame goes: the last byte of the device's address, and the tag. */
struct place {
	unsigned char mac;
	const char *ip, *ip6;
	bool tagged;
};

static bool run(const char *fmt, ...)
{
	char command[512], all[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "PATH=$PATH:/usr/sbin:/sbin; exec 2>&1; %s",
		 command);
	return !system(all);
}

static long make_net(long unused)
{
	(void)unused;
	bc_own_net();
	return 0;
}

/* The lower device, "in", receives what is written to the file. */
static int open_tap(void)
{
	struct ifreq ifr = { .ifr_name = "in" };
	int fd = open("/dev/net/tun", O_RDWR);

	/* With NAPI packets are received in lists, by a softirq. */
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_NAPI;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		bc_skip("no tap device: %s", strerror(errno));
	return fd;
}

/* The same with veth, which receives packets one by one. */
static int open_veth(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET };
	int fd = bc_sys(socket(AF_PACKET, SOCK_RAW, 0));

	if (!run("ip link add out type veth peer name in && ip link set out up"))
		bc_skip("no veth device");
	at.sll_ifindex = if_nametoindex("out");
	bc_sys(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static void set_feature(const char *device, unsigned int command, int on)
{
	struct ethtool_value value = { .cmd = command, .data = on };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = bc_sys(socket(AF_INET, SOCK_DGRAM, 0));

	strcpy(ifr.ifr_name, device);
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		bc_skip("veth does not poll: %s", strerror(errno));
	close(fd);
}

/*
 * The same in lists of many packets. They wait in netem for a moment and come
 * out all at once. The device "in" polls, which takes GRO there and no TSO in
 * "out".
 */
static int open_batch(void)
{
	int fd = open_veth();

	set_feature("in", ETHTOOL_SGRO, 1);
	set_feature("out", ETHTOOL_STSO, 0);
	if (!run("tc qdisc add dev out root netem delay 50ms"))
		bc_skip("no netem");
	bc_true(run("ip link set in address 02:00:00:00:00:98"));
	bc_true(run("ip addr add 10.8.0.1/24 dev in"));
	bc_true(run("ip addr add fd00:8::1/64 dev in nodad"));
	return fd;
}

/* The upper device, "top", in the network of the worker, with an address. */
static void make_top(const struct bc_worker *w, const char *kind)
{
	const char *in = "nsenter --net=/proc/%d/ns/net ip %s";

	if (!run("command -v nsenter >/dev/null"))
		bc_skip("no nsenter");
	bc_true(run("ip link set in up"));
	if (!run("ip link add link in name top type %s", kind))
		bc_skip("no device of kind %s", kind);
	bc_true(run("ip link set top address 02:00:00:00:00:99 netns %d",
		    w->pid));
	bc_true(run(in, w->pid, "addr add 10.9.0.1/24 dev top"));
	bc_true(run(in, w->pid, "addr add fd00:9::1/64 dev top nodad"));
	bc_true(run(in, w->pid, "link set top up"));
}

/* Sends the first fragment of a datagram, which will never be complete. */
static void send_frame(int fd, const struct place *to, int version,
		       const void *head, size_t size)
{
	static const char data[64];
	struct ethhdr eth = {
		.h_dest = { 2, 0, 0, 0, 0, to->mac },
		.h_source = { 2, 0, 0, 0, 0, 1 },
		.h_proto = htons(ETH_P_8021Q),
	};
	__be16 proto = htons(version == 4 ? ETH_P_IP : ETH_P_IPV6);
	struct vlan_tag tag = { htons(VLAN_ID), proto };
	struct iovec v[] = {
		{ &eth, sizeof(eth) },
		{ &tag, to->tagged ? sizeof(tag) : 0 },
		{ (void *)head, size },
		{ (void *)data, sizeof(data) },
	};

	if (!to->tagged)
		eth.h_proto = proto;
	bc_sys(writev(fd, v, 4));
}

static void send_fragment(int fd, const struct place *to, int id)
{
	struct iphdr ip = {
		.ihl = 5,
		.version = 4,
		.tot_len = htons(sizeof(ip) + 64),
		.id = htons(id),
		.frag_off = htons(IP_MF),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = inet_addr("10.9.0.2"),
		.daddr = inet_addr(to->ip),
	};

	ip.check = bc_checksum(&ip, sizeof(ip));
	send_frame(fd, to, 4, &ip, sizeof(ip));
}

static void send_fragment6(int fd, const struct place *to, int id)
{
	struct {
		struct ip6_hdr ip;
		struct ip6_frag frag;
	} h = {
		.ip.ip6_plen = htons(sizeof(h.frag) + 64),
		.ip.ip6_nxt = IPPROTO_FRAGMENT,
		.ip.ip6_hlim = 64,
		.frag.ip6f_nxt = IPPROTO_UDP,
		.frag.ip6f_offlg = IP6F_MORE_FRAG,
		.frag.ip6f_ident = htonl(id),
	};

	h.ip.ip6_vfc = 6 << 4;
	inet_pton(AF_INET6, "fd00:9::2", &h.ip.ip6_src);
	inet_pton(AF_INET6, to->ip6, &h.ip.ip6_dst);
	send_frame(fd, to, 6, &h, sizeof(h));
}

/* The softirq may do its part only at the next tick. */
static void wait_objects(const struct bc_group *g, const char *cache, long n)
{
	long long end = bc_now_ms() + bc_patience(2000);

	while (bc_objects_of(g, cache) < n && bc_now_ms() < end)
		usleep(10000);
	bc_true(bc_objects_of(g, cache) >= n);
}

static void devices(struct bc_group *g, int (*lower)(void), const char *kind)
{
	const struct place top = { .mac = 0x99,
				   .ip = "10.9.0.1",
				   .ip6 = "fd00:9::1",
				   .tagged = !strncmp(kind, "vlan", 4) };
	const struct place in = { .mac = 0x98,
				  .ip = "10.8.0.1",
				  .ip6 = "fd00:8::1" };
	struct bc_worker w;
	long frags, frags6;
	int fd, i;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_call(&w, make_net, 0);
	fd = lower();
	make_top(&w, kind);
	/* Their cache may have been merged with others. */
	frags = bc_objects_of(g, "ip4-frags");
	frags6 = bc_objects_of(g, "ip6-frags");
	for (i = 0; i < FRAMES; i++) {
		send_fragment(fd, &top, i);
		/* In the same list, a fragment for a network that no group pays for. */
		if (lower == open_batch)
			send_fragment(fd, &in, i);
		send_fragment6(fd, &top, i);
		if (lower == open_batch)
			send_fragment6(fd, &in, i);
	}
	wait_objects(g, "ip4-frags", frags + FRAMES);
	wait_objects(g, "ip6-frags", frags6 + FRAMES);
	bc_range(bc_objects_of(g, "ip4-frags") - frags, FRAMES, 3 * FRAMES / 2);
	bc_range(bc_objects_of(g, "ip6-frags") - frags6, FRAMES,
		 3 * FRAMES / 2);
	close(fd);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static void test_vlan(struct bc_group *g)
{
	devices(g, open_veth, "vlan id 5");
}

static void test_vlan_skb_list(struct bc_group *g)
{
	devices(g, open_tap, "vlan id 5");
}

static void test_vlan_mixed_list(struct bc_group *g)
{
	devices(g, open_batch, "vlan id 5");
}

static void test_macvlan(struct bc_group *g)
{
	devices(g, open_veth, "macvlan mode passthru");
}

static void test_macvlan_skb_list(struct bc_group *g)
{
	devices(g, open_tap, "macvlan mode passthru");
}

static const struct bc_case cases[] = {
	{ "vlan", test_vlan },
	{ "vlan_skb_list", test_vlan_skb_list },
	{ "vlan_mixed_list", test_vlan_mixed_list },
	{ "macvlan", test_macvlan },
	{ "macvlan_skb_list", test_macvlan_skb_list },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

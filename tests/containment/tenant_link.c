// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with network devices, as root of a network namespace: many
 * devices, with many queues, names, entries and waiting packets.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_net.h"
#include "tenant.h"

static const char *name_of(long i)
{
	static char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "t%ld", i);
	return name;
}

/* Dummy devices. */
static bool dummies(long i)
{
	return add_device("dummy", name_of(i), NULL);
}

/* Bridges. */
static bool bridges(long i)
{
	return add_device("bridge", name_of(i), NULL);
}

/* Bonds. */
static bool bonds(long i)
{
	return add_device("bond", name_of(i), NULL);
}

/* Make device number @i on top of a dummy; @fill adds what its kind needs. */
static bool on_top(const char *kind, long i, void (*fill)(struct nlmsghdr *h))
{
	struct ifinfomsg info = { 0 };
	static int lower;
	struct nlmsghdr *h;
	struct nlattr *a, *d;

	if (!lower) {
		if (!add_device("dummy", "lower", NULL))
			return false;
		lower = if_nametoindex("lower");
	}
	h = nl_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info,
		       sizeof(info));
	mnl_attr_put_strz(h, IFLA_IFNAME, name_of(i));
	mnl_attr_put_u32(h, IFLA_LINK, lower);
	a = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, kind);
	d = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	fill(h);
	mnl_attr_nest_end(h, d);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

static long peer;

static void tunnel_to(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, 3 /* IFLA_IPTUN_REMOTE */,
			 htonl(0x0a000001 + peer));
}

/* IP tunnels, each to another machine. */
static bool tunnels(long i)
{
	peer = i;
	return on_top("ipip", i, tunnel_to);
}

static void many_queues(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, 1024);
	mnl_attr_put_u32(h, IFLA_NUM_RX_QUEUES, 1024);
}

/* Veth pairs with 1024 queues in each direction. */
static bool many_queued(long i)
{
	return add_device("veth", name_of(i), many_queues);
}

static void bulk_queues(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, 4096);
}

/* Ifb devices with 4096 queues. */
static bool queues_of_ifb(long i)
{
	return add_device("ifb", name_of(i), bulk_queues);
}

static long vlan;

static void vlan_id(struct nlmsghdr *h)
{
	mnl_attr_put_u16(h, IFLA_VLAN_ID, vlan % 4094 + 1);
	mnl_attr_put_u16(h, IFLA_VLAN_PROTOCOL,
			 htons(vlan < 4094 ? ETH_P_8021Q : ETH_P_8021AD));
}

/* VLANs of one device. */
static bool vlans(long i)
{
	vlan = i;
	return on_top("vlan", i, vlan_id);
}

static void macvlan_mode(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
}

/* Macvlan devices. */
static bool macvlans(long i)
{
	return on_top("macvlan", i, macvlan_mode);
}

static void vxlan_id(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, IFLA_VXLAN_ID, vlan);
	mnl_attr_put_u16(h, IFLA_VXLAN_PORT, htons(4789));
}

/* Begin a request for an entry in the forwarding table of a device. */
static struct nlmsghdr *entry(const char *device, int flags, long i)
{
	struct ndmsg nd = {
		.ndm_family = AF_BRIDGE,
		.ndm_state = NUD_PERMANENT,
		.ndm_flags = NTF_SELF,
		.ndm_ifindex = if_nametoindex(device),
	};
	unsigned char mac[6] = { 2, 0, i >> 24, i >> 16, i >> 8, i };
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWNEIGH, NLM_F_CREATE | flags, &nd, sizeof(nd));
	mnl_attr_put(h, NDA_LLADDR, sizeof(mac), mac);
	return h;
}

/* Forwarding entries of a VXLAN tunnel. */
static bool vxlan_entries(long i)
{
	uint32_t to = htonl(0x0a000001 + i);
	struct nlmsghdr *h;

	vlan = 1;
	if (!i && !on_top("vxlan", 0, vxlan_id))
		return false;
	h = entry("t0", NLM_F_APPEND, i);
	mnl_attr_put(h, NDA_DST, sizeof(to), &to);
	return nl_do(h);
}

/* Forwarding entries of a bridge. */
static bool bridge_entries(long i)
{
	return (i || add_device("bridge", "br", NULL)) &&
	       nl_do(entry("br", NLM_F_EXCL, i));
}

/* Alternative names of one device. */
static bool other_names(long i)
{
	struct ifinfomsg info = { .ifi_index = 1 };
	char name[100];
	struct nlmsghdr *h;
	struct nlattr *a;

	snprintf(name, sizeof(name), "a-name-of-some-length-for-the-device-%ld",
		 i);
	h = nl_request(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, &info,
		       sizeof(info));
	a = mnl_attr_nest_start(h, IFLA_PROP_LIST);
	mnl_attr_put_strz(h, IFLA_ALT_IFNAME, name);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

int open_tun(long i, int flags)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | flags };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "t%ld", i);
	return fd < 0 || ioctl(fd, TUNSETIFF, &ifr) ? -1 : fd;
}

/* Tun devices. */
static bool tuns(long i)
{
	return open_tun(i, 0) >= 0;
}

void prepare_devices(void)
{
	bc_sys(chmod("/dev/net/tun", 0666));
}

/* Packets in tun devices whose file nobody reads. */
static bool tun_packets(long i)
{
	static char packet[1400];
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
	};
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0), k;

	if (fd < 0 || open_tun(i, 0) < 0)
		return false;
	strcpy(ifr.ifr_name, name_of(i));
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		return false;
	to.sll_ifindex = if_nametoindex(name_of(i));
	packet[0] = 0x45;
	for (k = 0; k < 500; k++)
		sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to,
		       sizeof(to));
	return !close(fd);
}

/* Fanout groups of packet sockets, each with a table for 65535 members. */
static bool fanouts(long i)
{
	struct fanout_args args = {
		.id = i,
		.type_flags = PACKET_FANOUT_HASH,
		.max_num_members = 65535,
	};
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = 1 };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	return fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) &&
	       !setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &args, sizeof(args));
}

/* Multicast addresses of a packet socket. */
static bool packet_addresses(long i)
{
	struct packet_mreq mreq = {
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = 6,
		.mr_address = { 1, 0, 0x5e, i >> 16, i >> 8, i },
	};
	static int fd, index;

	if (!i) {
		fd = socket(AF_PACKET, SOCK_RAW, 0);
		if (!dummies(0))
			return false;
		index = if_nametoindex("t0");
	}
	mreq.mr_ifindex = index;
	return !setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq,
			   sizeof(mreq));
}

/* Copies of loopback packets, one for each packet socket. */
static bool packet_copies(long i)
{
	static char data[1000];
	static struct sockaddr_in sin;
	static int out;
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), k;
	int size = 1 << 20;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (!i) {
		bc_bound_socket(SOCK_DGRAM, &sin);
		out = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	}
	for (k = 0; k < 50; k++)
		sendto(out, data, sizeof(data), 0, (struct sockaddr *)&sin,
		       sizeof(sin));
	return true;
}

#define NET CLONE_NEWNET

const struct attack link_attacks[] = {
	TENANT_IN(dummies, 2000, NET),
	TENANT_IN(bridges, 2000, NET),
	TENANT_IN(bonds, 1000, NET),
	TENANT_IN(tunnels, 2000, NET),
	TENANT_IN(many_queued, 100, NET),
	TENANT_IN(queues_of_ifb, 100, NET),
	TENANT_IN(vlans, 4000, NET),
	TENANT_IN(macvlans, 2000, NET),
	TENANT_IN(vxlan_entries, 60000, NET),
	TENANT_IN(bridge_entries, 60000, NET),
	TENANT_IN(other_names, 60000, NET),
	TENANT_AFTER(tuns, 2000, NET, prepare_devices),
	TENANT_AFTER(tun_packets, 500, NET, prepare_devices),
	TENANT_IN(fanouts, 2000, NET),
	TENANT_IN(packet_addresses, 100000, NET),
	TENANT_IN(packet_copies, 2000, NET),
};

const size_t nr_link_attacks = BC_COUNT(link_attacks);

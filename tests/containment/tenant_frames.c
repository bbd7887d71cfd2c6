// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with received packets, as root of a network namespace: an
 * interrupt, or a worker of the kernel, allocates what these leave behind.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_net.h"
#include "tenant.h"

/* Frames that are sent for each object. */
#define TURN 256

/* Make the device a veth: frames sent through "out" arrive at "in". */
static void other_end(struct nlmsghdr *h)
{
	struct nlattr *kind, *data, *peer;
	struct ifinfomsg info = { 0 };

	kind = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
	memcpy(mnl_nlmsg_get_payload_tail(h), &info, sizeof(info));
	h->nlmsg_len += MNL_ALIGN(sizeof(info));
	mnl_attr_put_strz(h, IFLA_IFNAME, "in");
	mnl_attr_nest_end(h, peer);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, kind);
}

static int wire;
static struct sockaddr_ll wire_at;

static bool make_wire(void)
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info,
		       sizeof(info));
	mnl_attr_put_strz(h, IFLA_IFNAME, "out");
	other_end(h);
	if (!nl_do(h))
		return false;
	/* One end cannot come up before both exist. */
	info.ifi_index = if_nametoindex("in");
	if (!nl_do(nl_request(RTM_NEWLINK, 0, &info, sizeof(info))))
		return false;
	wire = socket(AF_PACKET, SOCK_RAW, 0);
	wire_at = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex("out"),
		.sll_halen = ETH_ALEN,
	};
	return wire >= 0;
}

struct frame {
	struct ethhdr eth;
	union {
		struct {
			struct iphdr ip;
			struct udphdr udp;
		};
		struct ip6_hdr ip6;
	};
	char data[64];
} __attribute__((packed));

static bool send_frame(const struct frame *f)
{
	return sendto(wire, f, sizeof(*f), 0, (struct sockaddr *)&wire_at,
		      sizeof(wire_at)) > 0 ||
	       errno == ENOBUFS;
}

/* A frame with a new source for each @i, to this machine or to nobody. */
static struct frame frame_from(long i, bool here)
{
	struct frame f = {
		.eth.h_source = { 2, 1, i >> 24, i >> 16, i >> 8, i },
		.eth.h_dest = { 1, 0, 0x5e, 0, 0, 1 },
		.eth.h_proto = htons(ETH_P_IP),
		.ip = { .ihl = 5,
			.version = 4,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(f) - sizeof(f.eth)),
			.saddr = htonl(0x0a000002 + i),
			.daddr = htonl(here ? 0x0a000001 : 0xe0000001) },
		.udp = { .source = htons(1000),
			 .dest = htons(9),
			 .len = htons(sizeof(f) - sizeof(f.eth) -
				      sizeof(f.ip)) },
	};

	f.ip.check = bc_checksum(&f.ip, sizeof(f.ip));
	return f;
}

/* Addresses of senders that a bridge learns. */
static bool learned_addresses(long i)
{
	struct frame f;
	int k;

	if (!i && (!make_wire() || !add_device("bridge", "br", NULL) ||
		   !set_master("in", "br")))
		return false;
	for (k = 0; k < TURN; k++) {
		f = frame_from(i * TURN + k, false);
		if (!send_frame(&f))
			return false;
	}
	return true;
}

static void bridged(struct nlmsghdr *h)
{
	struct nlattr *kind, *data;

	kind = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u32(h, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, kind);
}

/* Broadcast frames, copied for each macvlan of a device. */
static bool queued_broadcasts(long i)
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	char name[IFNAMSIZ];
	struct nlmsghdr *h;
	struct frame f;
	int k;

	if (!i && !make_wire())
		return false;
	snprintf(name, sizeof(name), "m%ld", i);
	h = nl_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info,
		       sizeof(info));
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_u32(h, IFLA_LINK, if_nametoindex("in"));
	bridged(h);
	if (!nl_do(h))
		return false;
	for (k = 0; k < TURN; k++) {
		f = frame_from(k, false);
		memset(f.eth.h_dest, 0xff, ETH_ALEN);
		if (!send_frame(&f))
			return false;
	}
	return true;
}

static bool add_address(const char *device, uint32_t address)
{
	struct ifaddrmsg ifa = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = 8,
		.ifa_index = if_nametoindex(device),
	};
	uint32_t to = htonl(address);
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWADDR, NLM_F_CREATE, &ifa, sizeof(ifa));
	mnl_attr_put_u32(h, IFA_LOCAL, to);
	mnl_attr_put_u32(h, IFA_ADDRESS, to);
	return nl_do(h);
}

/* First fragments of packets, whose second never comes. */
static bool first_fragments(long i)
{
	struct frame f;
	int k;

	if (!i && (!make_wire() || !add_address("in", 0x0a000001)))
		return false;
	for (k = 0; k < TURN; k++) {
		f = frame_from(i * TURN + k, true);
		memset(f.eth.h_dest, 0xff, ETH_ALEN);
		f.ip.frag_off = htons(IP_MF);
		f.ip.check = 0;
		f.ip.check = bc_checksum(&f.ip, sizeof(f.ip));
		if (!send_frame(&f))
			return false;
	}
	return true;
}

bool learning_set(int family, unsigned int offset, unsigned int len)
{
	struct nlattr *list, *e, *data, *counter;
	struct nlmsghdr *h;

	h = nfnl_request(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSET,
			 NLM_F_CREATE | NLM_F_EXCL, family);
	mnl_attr_put_strz(h, NFTA_SET_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_SET_NAME, "s");
	mnl_attr_put_u32(h, NFTA_SET_KEY_TYPE, htonl(7));
	mnl_attr_put_u32(h, NFTA_SET_KEY_LEN, htonl(len));
	mnl_attr_put_u32(h, NFTA_SET_ID, htonl(1));
	mnl_attr_put_u32(h, NFTA_SET_FLAGS, htonl(NFT_SET_EVAL));
	data = mnl_attr_nest_start(h, NFTA_SET_DESC);
	mnl_attr_put_u32(h, NFTA_SET_DESC_SIZE, htonl(1000000));
	mnl_attr_nest_end(h, data);
	if (!nft_do(h))
		return false;
	h = nfnl_request(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE,
			 NLM_F_CREATE | NLM_F_APPEND, family);
	mnl_attr_put_strz(h, NFTA_RULE_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, "c");
	list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	e = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "payload");
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	mnl_attr_put_u32(h, NFTA_PAYLOAD_DREG, htonl(NFT_REG32_00));
	mnl_attr_put_u32(h, NFTA_PAYLOAD_BASE,
			 htonl(NFT_PAYLOAD_NETWORK_HEADER));
	mnl_attr_put_u32(h, NFTA_PAYLOAD_OFFSET, htonl(offset));
	mnl_attr_put_u32(h, NFTA_PAYLOAD_LEN, htonl(len));
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, e);
	e = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "dynset");
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	mnl_attr_put_strz(h, NFTA_DYNSET_SET_NAME, "s");
	mnl_attr_put_u32(h, NFTA_DYNSET_OP, htonl(NFT_DYNSET_OP_ADD));
	mnl_attr_put_u32(h, NFTA_DYNSET_SREG_KEY, htonl(NFT_REG32_00));
	counter = mnl_attr_nest_start(h, NFTA_DYNSET_EXPR);
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "counter");
	mnl_attr_nest_end(h, counter);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, e);
	mnl_attr_nest_end(h, list);
	return nft_do(h);
}

bool learning_chain(int family, int hook, const char *device)
{
	struct nlmsghdr *h;
	struct nlattr *a;

	h = nfnl_request(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE,
			 NLM_F_CREATE | NLM_F_EXCL, family);
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, "t");
	if (!nft_do(h))
		return false;
	h = nfnl_request(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN,
			 NLM_F_CREATE | NLM_F_EXCL, family);
	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_CHAIN_NAME, "c");
	mnl_attr_put_strz(h, NFTA_CHAIN_TYPE, "filter");
	a = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(h, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(h, NFTA_HOOK_PRIORITY, 0);
	if (device)
		mnl_attr_put_strz(h, NFTA_HOOK_DEV, device);
	mnl_attr_nest_end(h, a);
	return nft_do(h);
}

/* Elements of a set of nftables that packets add. */
static bool added_elements(long i)
{
	struct frame f;
	int k;

	if (!i && (!make_wire() ||
		   !learning_chain(NFPROTO_NETDEV, NF_NETDEV_INGRESS, "in") ||
		   !learning_set(NFPROTO_NETDEV, SENDER, 4)))
		return false;
	for (k = 0; k < TURN; k++) {
		f = frame_from(i * TURN + k, true);
		if (!send_frame(&f))
			return false;
	}
	return true;
}

#define NET CLONE_NEWNET

const struct attack frame_attacks[] = {
	TENANT_IN(learned_addresses, 2000, NET),
	TENANT_IN(added_elements, 2000, NET),
	TENANT_IN(first_fragments, 2000, NET),
	TENANT_IN(queued_broadcasts, 500, NET),
};

const size_t nr_frame_attacks = BC_COUNT(frame_attacks);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with the configuration of a network namespace, as its root:
 * addresses, neighbours, routes, rules.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/lwtunnel.h>
#include <linux/mpls.h>
#include <linux/mpls_iptunnel.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tenant.h"

static struct in6_addr address6(long i)
{
	struct in6_addr a;

	inet_pton(AF_INET6, "2001:db8::", &a);
	a.s6_addr32[2] = htonl(1);
	a.s6_addr32[3] = htonl(i + 1);
	return a;
}

static uint32_t address4(long i)
{
	return htonl(0x0a000001 + i);
}

static struct nlmsghdr *neighbour_request(int family, int flags)
{
	struct ndmsg nd = {
		.ndm_family = family,
		.ndm_ifindex = dummy_device(),
		.ndm_state = NUD_PERMANENT,
		.ndm_flags = flags,
	};

	return nl_request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, &nd,
			  sizeof(nd));
}

static bool add_neighbour(int family, int flags, const void *address,
			  size_t size)
{
	struct nlmsghdr *h = dummy_device() ? neighbour_request(family, flags) :
					      NULL;
	char mac[6] = { 2, 0, 0, 0, 0, 1 };

	if (!h)
		return false;
	mnl_attr_put(h, NDA_DST, size, address);
	if (!(flags & NTF_PROXY))
		mnl_attr_put(h, NDA_LLADDR, sizeof(mac), mac);
	return nl_do(h);
}

/* IPv4 neighbours. */
static bool neighbours(long i)
{
	uint32_t a = address4(i);

	return add_neighbour(AF_INET, 0, &a, sizeof(a));
}

/* IPv6 neighbours. */
static bool neighbours6(long i)
{
	struct in6_addr a = address6(i);

	return add_neighbour(AF_INET6, 0, &a, sizeof(a));
}

/* IPv6 addresses for which a device answers as a proxy. */
static bool proxies(long i)
{
	struct in6_addr a = address6(i);

	return add_neighbour(AF_INET6, NTF_PROXY, &a, sizeof(a));
}

/* IPv4 addresses of a device. */
static bool addresses4(long i)
{
	struct ifaddrmsg m = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = 32,
		.ifa_index = dummy_device(),
	};
	uint32_t a = address4(i);
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof(m));
	mnl_attr_put(h, IFA_LOCAL, sizeof(a), &a);
	return nl_do(h);
}

/* IPv6 addresses of a device. */
static bool addresses6(long i)
{
	struct ifaddrmsg m = {
		.ifa_family = AF_INET6,
		.ifa_prefixlen = 128,
		.ifa_flags = IFA_F_NODAD,
		.ifa_index = dummy_device(),
	};
	struct in6_addr a = address6(i);
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof(m));
	mnl_attr_put(h, IFA_ADDRESS, sizeof(a), &a);
	return nl_do(h);
}

static struct nlmsghdr *route_request(int family, int bits, int flags)
{
	struct rtmsg m = {
		.rtm_family = family,
		.rtm_dst_len = bits,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = family == AF_INET ? RT_SCOPE_LINK :
						 RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};

	return nl_request(RTM_NEWROUTE, NLM_F_CREATE | flags, &m, sizeof(m));
}

/* IPv4 routes, each with metrics of its own. */
static bool routes4(long i)
{
	int oif = dummy_device();
	struct nlmsghdr *h = route_request(AF_INET, 32, NLM_F_EXCL);
	uint32_t a = htonl(0x0b000001 + i);
	struct nlattr *n;

	mnl_attr_put(h, RTA_DST, sizeof(a), &a);
	mnl_attr_put_u32(h, RTA_OIF, oif);
	mnl_attr_put_u32(h, RTA_PRIORITY, i + 1);
	n = mnl_attr_nest_start(h, RTA_METRICS);
	mnl_attr_put_u32(h, RTAX_MTU, 600 + i % 800);
	mnl_attr_nest_end(h, n);
	return oif && nl_do(h);
}

/* IPv6 routes. */
static bool routes6(long i)
{
	int oif = dummy_device();
	struct nlmsghdr *h = route_request(AF_INET6, 128, NLM_F_EXCL);
	struct in6_addr a = address6(i);

	mnl_attr_put(h, RTA_DST, sizeof(a), &a);
	mnl_attr_put_u32(h, RTA_OIF, oif);
	return oif && nl_do(h);
}

/* Routes that push MPLS labels. */
static bool routes_of_labels(long i)
{
	int oif = dummy_device();
	struct nlmsghdr *h = route_request(AF_INET, 32, NLM_F_EXCL);
	uint32_t a = htonl(0x0b000001 + i), labels[8];
	struct nlattr *n;
	int k;

	for (k = 0; k < 8; k++)
		labels[k] = htonl((i + k + 16) << MPLS_LS_LABEL_SHIFT);
	labels[7] |= htonl(1 << MPLS_LS_S_SHIFT);
	mnl_attr_put(h, RTA_DST, sizeof(a), &a);
	mnl_attr_put_u32(h, RTA_OIF, oif);
	mnl_attr_put_u16(h, RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_MPLS);
	n = mnl_attr_nest_start(h, RTA_ENCAP);
	mnl_attr_put(h, MPLS_IPTUNNEL_DST, sizeof(labels), labels);
	mnl_attr_nest_end(h, n);
	return oif && nl_do(h);
}

/* Multipath routes with 64 next hops each. */
static bool ways(long i)
{
	int oif = dummy_device();
	struct nlmsghdr *h = route_request(AF_INET, 32, NLM_F_EXCL);
	uint32_t a = htonl(0x0b000001 + i);
	struct rtnexthop hop = { .rtnh_len = sizeof(hop), .rtnh_ifindex = oif };
	static struct rtnexthop hops[64];
	int k;

	for (k = 0; k < 64; k++)
		hops[k] = hop;
	mnl_attr_put(h, RTA_DST, sizeof(a), &a);
	mnl_attr_put(h, RTA_MULTIPATH, sizeof(hops), hops);
	return oif && nl_do(h);
}

/* Next-hop objects. */
static bool next_hops(long i)
{
	struct nhmsg m = { .nh_family = AF_INET };
	int oif = dummy_device();
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL, &m,
		       sizeof(m));
	mnl_attr_put_u32(h, NHA_ID, i + 1);
	mnl_attr_put_u32(h, NHA_OIF, oif);
	return oif && nl_do(h);
}

/* Groups of 200 next hops. */
static bool next_hop_groups(long i)
{
	struct nhmsg m = { .nh_family = AF_UNSPEC };
	static struct nexthop_grp members[200];
	struct nlmsghdr *h;
	int k;

	if (!i) {
		for (k = 0; k < 200; k++) {
			members[k].id = k + 1;
			if (!next_hops(k))
				return false;
		}
	}
	h = nl_request(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL, &m,
		       sizeof(m));
	mnl_attr_put_u32(h, NHA_ID, 1000 + i);
	mnl_attr_put(h, NHA_GROUP, sizeof(members), members);
	return nl_do(h);
}

/* Routing rules. */
static bool rules(long i)
{
	struct fib_rule_hdr r = {
		.family = i & 1 ? AF_INET : AF_INET6,
		.table = RT_TABLE_MAIN,
		.action = FR_ACT_TO_TBL,
	};
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWRULE, NLM_F_CREATE, &r, sizeof(r));
	mnl_attr_put_u32(h, FRA_PRIORITY, 1000 + i);
	mnl_attr_put_u32(h, FRA_FWMARK, i + 1);
	return nl_do(h);
}

/* Routing tables, each made with its first route. */
static bool tables(long i)
{
	int oif = dummy_device();
	struct nlmsghdr *h = route_request(i & 1 ? AF_INET : AF_INET6, 0, 0);

	mnl_attr_put_u32(h, RTA_TABLE, 1000 + i);
	mnl_attr_put_u32(h, RTA_OIF, oif);
	return oif && nl_do(h);
}

/* MPLS labels with their routes, and the table of labels. */
static bool labels(long i)
{
	int oif = dummy_device();
	struct rtmsg m = {
		.rtm_family = AF_MPLS,
		.rtm_dst_len = 20,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	uint32_t label =
		htonl((i + 16) << MPLS_LS_LABEL_SHIFT | 1 << MPLS_LS_S_SHIFT);
	struct nlmsghdr *h;

	if (!i) {
		bc_write_path("/proc/sys/net/mpls/platform_labels", "1048575");
		bc_write_path("/proc/sys/net/mpls/conf/d0/input", "1");
	}
	h = nl_request(RTM_NEWROUTE, NLM_F_CREATE, &m, sizeof(m));
	mnl_attr_put(h, RTA_DST, sizeof(label), &label);
	mnl_attr_put_u32(h, RTA_OIF, oif);
	return oif && nl_do(h);
}

#define NET CLONE_NEWNET

const struct attack route_attacks[] = {
	TENANT_IN(neighbours, 60000, NET),
	TENANT_IN(neighbours6, 60000, NET),
	TENANT_IN(proxies, 100000, NET),
	TENANT_IN(addresses4, 20000, NET),
	TENANT_IN(addresses6, 60000, NET),
	TENANT_IN(routes4, 60000, NET),
	TENANT_IN(routes6, 60000, NET),
	TENANT_IN(routes_of_labels, 60000, NET),
	TENANT_IN(ways, 10000, NET),
	TENANT_IN(next_hops, 60000, NET),
	TENANT_IN(next_hop_groups, 3000, NET),
	TENANT_IN(rules, 60000, NET),
	TENANT_IN(tables, 20000, NET),
	TENANT_IN(labels, 60000, NET),
};

const size_t nr_route_attacks = BC_COUNT(route_attacks);

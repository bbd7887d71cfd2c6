// SPDX-License-Identifier: GPL-2.0-only
/* Netlink for tenants: one answer for each request. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "tenant.h"

#define ROOM 131072

static struct mnl_socket *route, *netfilter;
static char request[ROOM];

struct mnl_socket *nl_open(int family)
{
	struct mnl_socket *nl = mnl_socket_open(family);

	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return NULL;
	return nl;
}

struct nlmsghdr *nl_request(int type, int flags, const void *header,
			    size_t size)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(request);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	memcpy(mnl_nlmsg_put_extra_header(h, size), header, size);
	return h;
}

/* Read answers up to that of request @seq; false, with errno, if one is an error. */
static bool answered(struct mnl_socket *nl, unsigned int seq)
{
	static char buf[ROOM];
	struct nlmsgerr *e;
	struct nlmsghdr *h;
	int n;

	for (;;) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			return false;
		for (h = (void *)buf; mnl_nlmsg_ok(h, n);
		     h = mnl_nlmsg_next(h, &n)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			e = mnl_nlmsg_get_payload(h);
			if (e->error) {
				errno = -e->error;
				return false;
			}
			if (h->nlmsg_seq == seq)
				return true;
		}
	}
}

bool nl_do_on(struct mnl_socket *nl, struct nlmsghdr *h)
{
	static unsigned int seq;

	if (!nl)
		return false;
	h->nlmsg_seq = ++seq;
	return mnl_socket_sendto(nl, h, h->nlmsg_len) >= 0 &&
	       answered(nl, h->nlmsg_seq);
}

bool nl_do(struct nlmsghdr *h)
{
	if (!route)
		route = nl_open(NETLINK_ROUTE);
	return nl_do_on(route, h);
}

struct nlmsghdr *nfnl_request(int subsys, int type, int flags, int family)
{
	struct nfgenmsg g = { .nfgen_family = family, .version = NFNETLINK_V0 };

	return nl_request(subsys << 8 | type, flags, &g, sizeof(g));
}

static void *mark(char *at, int type)
{
	struct nfgenmsg g = { .version = NFNETLINK_V0,
			      .res_id = htons(NFNL_SUBSYS_NFTABLES) };
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	memcpy(mnl_nlmsg_put_extra_header(h, sizeof(g)), &g, sizeof(g));
	return at + h->nlmsg_len;
}

static bool nfnl_open(void)
{
	if (!netfilter)
		netfilter = nl_open(NETLINK_NETFILTER);
	return netfilter;
}

/* Send a request of nftables as a transaction, between a begin and an end. */
bool nft_do(struct nlmsghdr *h)
{
	static char batch[ROOM + 128];
	static unsigned int seq;
	char *at;

	if (!nfnl_open())
		return false;
	if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return nl_do_on(netfilter, h);
	h->nlmsg_seq = ++seq;
	at = mark(batch, NFNL_MSG_BATCH_BEGIN);
	memcpy(at, h, h->nlmsg_len);
	at = mark(at + MNL_ALIGN(h->nlmsg_len), NFNL_MSG_BATCH_END);
	return mnl_socket_sendto(netfilter, batch, at - batch) >= 0 &&
	       answered(netfilter, h->nlmsg_seq);
}

bool add_device(const char *kind, const char *name,
		void (*fill)(struct nlmsghdr *h))
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nlmsghdr *h;
	struct nlattr *a;

	h = nl_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info,
		       sizeof(info));
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (fill)
		fill(h);
	a = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

int dummy_device(void)
{
	static int index;

	if (!index && add_device("dummy", "d0", NULL))
		index = if_nametoindex("d0");
	return index;
}

bool set_master(const char *device, const char *master)
{
	struct ifinfomsg info = { .ifi_index = if_nametoindex(device) };
	struct nlmsghdr *h = nl_request(RTM_NEWLINK, 0, &info, sizeof(info));

	mnl_attr_put_u32(h, IFLA_MASTER, if_nametoindex(master));
	return nl_do(h);
}

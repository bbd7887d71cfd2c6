// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with firewalls, as root of a network namespace: nftables,
 * iptables, ipset, tracked connections, and packets that wait for a verdict.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_acct.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_cttimeout.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_net.h"
#include "tenant.h"

#define NEW (NLM_F_CREATE | NLM_F_EXCL)

static const char *numbered(const char *what, long i)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s%ld", what, i);
	return name;
}

static struct nlmsghdr *nft(int type, int flags)
{
	return nfnl_request(NFNL_SUBSYS_NFTABLES, type, flags, NFPROTO_IPV4);
}

static bool make_table(const char *name)
{
	struct nlmsghdr *h = nft(NFT_MSG_NEWTABLE, NEW);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, name);
	return nft_do(h);
}

static bool make_chain(const char *name, bool hooked)
{
	struct nlmsghdr *h = nft(NFT_MSG_NEWCHAIN, NEW);
	struct nlattr *a;

	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_CHAIN_NAME, name);
	if (hooked) {
		mnl_attr_put_strz(h, NFTA_CHAIN_TYPE, "filter");
		a = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(h, NFTA_HOOK_HOOKNUM,
				 htonl(NF_INET_LOCAL_OUT));
		mnl_attr_put_u32(h, NFTA_HOOK_PRIORITY, 0);
		mnl_attr_nest_end(h, a);
	}
	return nft_do(h);
}

/* Nftables tables. */
static bool nft_tables(long i)
{
	return make_table(numbered("table", i));
}

/* Nftables chains. */
static bool nft_chains(long i)
{
	if (!i && !make_table("t"))
		return false;
	return make_chain(numbered("chain", i), false);
}

/* Begin an expression of a rule; its attributes come before end_expr(). */
static struct nlattr *begin_expr(struct nlmsghdr *h, const char *name,
				 struct nlattr **data)
{
	struct nlattr *a = mnl_attr_nest_start(h, NFTA_LIST_ELEM);

	mnl_attr_put_strz(h, NFTA_EXPR_NAME, name);
	*data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	return a;
}

static void end_expr(struct nlmsghdr *h, struct nlattr *a, struct nlattr *data)
{
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, a);
}

static struct nlmsghdr *rule_in(const char *chain, struct nlattr **exprs)
{
	struct nlmsghdr *h = nft(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
	*exprs = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	return h;
}

/* Nftables rules, each with a hundred percpu counters. */
static bool nft_rules(long i)
{
	struct nlattr *exprs, *a, *data;
	struct nlmsghdr *h;
	int k;

	if (!i && (!make_table("t") || !make_chain("c", false)))
		return false;
	h = rule_in("c", &exprs);
	for (k = 0; k < 100; k++) {
		a = begin_expr(h, "counter", &data);
		end_expr(h, a, data);
	}
	mnl_attr_nest_end(h, exprs);
	return nft_do(h);
}

static bool make_set(const char *name)
{
	struct nlmsghdr *h = nft(NFT_MSG_NEWSET, NEW);

	mnl_attr_put_strz(h, NFTA_SET_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_SET_NAME, name);
	mnl_attr_put_u32(h, NFTA_SET_KEY_TYPE, htonl(7));
	mnl_attr_put_u32(h, NFTA_SET_KEY_LEN, htonl(4));
	mnl_attr_put_u32(h, NFTA_SET_ID, htonl(1));
	return nft_do(h);
}

/* Nftables sets. */
static bool nft_sets(long i)
{
	if (!i && !make_table("t"))
		return false;
	return make_set(numbered("set", i));
}

/* Elements of an nftables set, a thousand at a time. */
static bool nft_elements(long i)
{
	struct nlattr *list, *e, *key;
	struct nlmsghdr *h;
	int k;

	if (!i && (!make_table("t") || !make_set("s")))
		return false;
	h = nft(NFT_MSG_NEWSETELEM, NEW);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, "s");
	list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (k = 0; k < 1000; k++) {
		e = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
		key = mnl_attr_nest_start(h, NFTA_SET_ELEM_KEY);
		mnl_attr_put_u32(h, NFTA_DATA_VALUE, htonl(i * 1000 + k));
		mnl_attr_nest_end(h, key);
		mnl_attr_nest_end(h, e);
	}
	mnl_attr_nest_end(h, list);
	return nft_do(h);
}

/* Nftables limit objects. */
static bool nft_objects(long i)
{
	struct nlattr *data;
	struct nlmsghdr *h;

	if (!i && !make_table("t"))
		return false;
	h = nft(NFT_MSG_NEWOBJ, NEW);
	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, "t");
	mnl_attr_put_strz(h, NFTA_OBJ_NAME, numbered("object", i));
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_LIMIT));
	data = mnl_attr_nest_start(h, NFTA_OBJ_DATA);
	mnl_attr_put_u64(h, NFTA_LIMIT_RATE, htobe64(10));
	mnl_attr_put_u64(h, NFTA_LIMIT_UNIT, htobe64(1));
	mnl_attr_nest_end(h, data);
	return nft_do(h);
}

/* Track all packets that leave: an entry for each destination port. */
static bool track(void)
{
	struct nlattr *exprs, *a, *data;
	struct nlmsghdr *h;

	if (!make_table("t") || !make_chain("out", true))
		return false;
	h = rule_in("out", &exprs);
	a = begin_expr(h, "ct", &data);
	mnl_attr_put_u32(h, NFTA_CT_DREG, htonl(NFT_REG32_00));
	mnl_attr_put_u32(h, NFTA_CT_KEY, htonl(NFT_CT_STATE));
	end_expr(h, a, data);
	mnl_attr_nest_end(h, exprs);
	return nft_do(h);
}

/* Tracked connections, made by packets. */
static bool tracked_packets(long i)
{
	struct sockaddr_in to = bc_loopback(i % 60000 + 1);
	static int fd;

	if (!i && !track())
		return false;
	to.sin_addr.s_addr = htonl(0x7f000001 + i / 60000);
	if (!fd)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 ||
	       errno == ECONNREFUSED || errno == EPERM;
}

static void put_tuple(struct nlmsghdr *h, int type, uint32_t src, uint32_t dst,
		      int port)
{
	struct nlattr *t = mnl_attr_nest_start(h, type), *a;

	a = mnl_attr_nest_start(h, CTA_TUPLE_IP);
	mnl_attr_put_u32(h, CTA_IP_V4_SRC, htonl(src));
	mnl_attr_put_u32(h, CTA_IP_V4_DST, htonl(dst));
	mnl_attr_nest_end(h, a);
	a = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(port));
	mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(port));
	mnl_attr_nest_end(h, a);
	mnl_attr_nest_end(h, t);
}

/* Tracked connections, made by request. */
static bool connections(long i)
{
	struct nlmsghdr *h;

	h = nfnl_request(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW, NEW,
			 AF_INET);
	put_tuple(h, CTA_TUPLE_ORIG, 0x0a000001 + i, 0x0b000001, 5);
	put_tuple(h, CTA_TUPLE_REPLY, 0x0b000001, 0x0a000001 + i, 5);
	mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(100000));
	return nft_do(h);
}

/* Accounting counters (nfacct). */
static bool counters(long i)
{
	struct nlmsghdr *h;

	h = nfnl_request(NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_NEW, NEW, AF_UNSPEC);
	mnl_attr_put_strz(h, NFACCT_NAME, numbered("count", i));
	return nft_do(h);
}

/* Timeout policies of connection tracking. */
static bool timeouts(long i)
{
	struct nlmsghdr *h;
	struct nlattr *a;

	h = nfnl_request(NFNL_SUBSYS_CTNETLINK_TIMEOUT, IPCTNL_MSG_TIMEOUT_NEW,
			 NEW, AF_INET);
	mnl_attr_put_strz(h, CTA_TIMEOUT_NAME, numbered("timeout", i));
	mnl_attr_put_u16(h, CTA_TIMEOUT_L3PROTO, htons(AF_INET));
	mnl_attr_put_u8(h, CTA_TIMEOUT_L4PROTO, IPPROTO_TCP);
	a = mnl_attr_nest_start(h, CTA_TIMEOUT_DATA);
	mnl_attr_put_u32(h, CTA_TIMEOUT_TCP_ESTABLISHED, htonl(1000));
	mnl_attr_nest_end(h, a);
	return nft_do(h);
}

struct nlmsghdr *ipset(int cmd, int flags, const char *name)
{
	struct nlmsghdr *h =
		nfnl_request(NFNL_SUBSYS_IPSET, cmd, flags, AF_INET);

	mnl_attr_put_u8(h, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
	mnl_attr_put_strz(h, IPSET_ATTR_SETNAME, name);
	return h;
}

static bool make_ipset(const char *name, const char *type, bool ports)
{
	struct nlmsghdr *h = ipset(IPSET_CMD_CREATE, NEW, name);
	struct nlattr *a;

	mnl_attr_put_strz(h, IPSET_ATTR_TYPENAME, type);
	mnl_attr_put_u8(h, IPSET_ATTR_REVISION, 0);
	mnl_attr_put_u8(h, IPSET_ATTR_FAMILY, ports ? AF_UNSPEC : AF_INET);
	a = mnl_attr_nest_start(h, IPSET_ATTR_DATA);
	if (ports) {
		mnl_attr_put_u16(h, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER,
				 htons(0));
		mnl_attr_put_u16(h, IPSET_ATTR_PORT_TO | NLA_F_NET_BYTEORDER,
				 htons(65535));
	}
	mnl_attr_nest_end(h, a);
	return nft_do(h);
}

/* Bitmap sets of ipset with a bit for each port. */
static bool bitmaps(long i)
{
	return make_ipset(numbered("ports", i), "bitmap:port", true);
}

/* Addresses in hash sets of ipset, 65000 in each. */
static bool set_members(long i)
{
	struct nlmsghdr *h;
	struct nlattr *a, *ip;
	static char name[32];

	if (i % 65000 == 0) {
		strcpy(name, numbered("set", i));
		if (!make_ipset(name, "hash:ip", false))
			return false;
	}
	h = ipset(IPSET_CMD_ADD, 0, name);
	a = mnl_attr_nest_start(h, IPSET_ATTR_DATA);
	ip = mnl_attr_nest_start(h, IPSET_ATTR_IP);
	mnl_attr_put_u32(h, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER,
			 htonl(0x0a000001 + i));
	mnl_attr_nest_end(h, ip);
	mnl_attr_nest_end(h, a);
	return nft_do(h);
}

struct ipt_rule {
	struct ipt_entry e;
	struct xt_standard_target t;
};

static void put_rule(struct ipt_rule *rule)
{
	rule->e.target_offset = sizeof(rule->e);
	rule->e.next_offset = sizeof(*rule);
	rule->t.target.u.user.target_size = sizeof(rule->t);
	rule->t.verdict = -NF_ACCEPT - 1;
}

static void put_end(struct ipt_entry *e)
{
	struct xt_error_target *t = (void *)e->elems;

	e->target_offset = sizeof(*e);
	e->next_offset = sizeof(*e) + sizeof(*t);
	t->target.u.user.target_size = sizeof(*t);
	strcpy(t->target.u.user.name, XT_ERROR_TARGET);
	strcpy(t->errorname, "ERROR");
}

/* Replace the table by one of @n accepting rules and an end; three begin chains. */
static bool replace(unsigned int n)
{
	size_t size = n * sizeof(struct ipt_rule) + sizeof(struct ipt_entry) +
		      sizeof(struct xt_error_target);
	struct ipt_replace *r = calloc(1, sizeof(*r) + size);
	struct ipt_rule *rules = (void *)r->entries;
	static unsigned int before =
		4; /* entries of the table before the first call */
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	unsigned int i;
	bool done;

	strcpy(r->name, "filter");
	r->valid_hooks = 0xe;
	r->num_entries = n + 1;
	r->size = size;
	for (i = 1; i < 4; i++) {
		r->hook_entry[i] = (i == 3 ? n - 1 : i - 1) * sizeof(*rules);
		r->underflow[i] = r->hook_entry[i];
	}
	r->num_counters = before;
	r->counters = calloc(before, sizeof(*r->counters));
	for (i = 0; i < n; i++)
		put_rule(&rules[i]);
	put_end((void *)&rules[n]);
	done = fd >= 0 && !setsockopt(fd, IPPROTO_IP, IPT_SO_SET_REPLACE, r,
				      sizeof(*r) + size);
	before = n + 1;
	free(r->counters);
	free(r);
	close(fd);
	return done;
}

/* A table of iptables, each twice as large as the one before. */
static bool iptables(long i)
{
	return replace(1000u << i);
}

/* Queue all packets that leave to user space, which gives no verdict. */
static bool make_queue(void)
{
	struct nfqnl_msg_config_params params = {
		.copy_mode = NFQNL_COPY_PACKET,
		.copy_range = htonl(65535),
	};
	struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND };
	struct nlattr *exprs, *a, *data;
	struct nlmsghdr *h;

	if (!make_table("t") || !make_chain("out", true))
		return false;
	h = nfnl_request(NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG, 0, AF_UNSPEC);
	mnl_attr_put(h, NFQA_CFG_CMD, sizeof(cmd), &cmd);
	mnl_attr_put(h, NFQA_CFG_PARAMS, sizeof(params), &params);
	mnl_attr_put_u32(h, NFQA_CFG_QUEUE_MAXLEN, htonl(1000000));
	if (!nft_do(h))
		return false;
	h = rule_in("out", &exprs);
	a = begin_expr(h, "queue", &data);
	mnl_attr_put_u16(h, NFTA_QUEUE_NUM, htons(0));
	end_expr(h, a, data);
	mnl_attr_nest_end(h, exprs);
	return nft_do(h);
}

/* Packets that wait for a verdict. */
static bool queued_packets(long i)
{
	return (i || make_queue()) && send_packets();
}

#define NET CLONE_NEWNET

const struct attack wall_attacks[] = {
	TENANT_IN(nft_tables, 20000, NET),
	TENANT_IN(nft_chains, 60000, NET),
	TENANT_IN(nft_rules, 5000, NET),
	TENANT_IN(nft_sets, 20000, NET),
	TENANT_LATER(nft_elements, 500, CLONE_NEWUSER | NET,
		     "tables that kernel threads make larger"),
	TENANT_IN(nft_objects, 60000, NET),
	TENANT_IN(tracked_packets, 200000, NET),
	TENANT_IN(connections, 60000, NET),
	TENANT_IN(counters, 60000, NET),
	TENANT_IN(timeouts, 60000, NET),
	TENANT_IN(bitmaps, 3000, NET),
	TENANT_IN(set_members, 200000, NET),
	TENANT_IN(iptables, 9, NET),
	TENANT_IN(queued_packets, 1000, NET),
};

const size_t nr_wall_attacks = BC_COUNT(wall_attacks);

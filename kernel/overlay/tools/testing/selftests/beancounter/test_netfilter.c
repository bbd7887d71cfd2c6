// SPDX-License-Identifier: GPL-2.0-only
/*
 * numiptent: entries of iptables, and rules, chains and elements of sets of
 * nftables. The group that made the network namespace pays for them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "bc_jobs.h"
#include "bc_net.h"

#define ENT "numiptent"
#define N 12L

static int nl = -1, ipt = -1;

static long own_net(long unused)
{
	(void)unused;
	bc_own_net();
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	return nl < 0 ? -1 : 0;
}

/* iptables: a table is replaced as a whole. */

static long ipt_number(long unused)
{
	struct ipt_getinfo info = { .name = "filter" };
	socklen_t len = sizeof(info);

	(void)unused;
	if (ipt < 0)
		ipt = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (getsockopt(ipt, IPPROTO_IP, IPT_SO_GET_INFO, &info, &len))
		return -1;
	return info.num_entries;
}

struct ipt_rule {
	struct ipt_entry entry;
	struct xt_standard_target target;
};

struct ipt_last {
	struct ipt_entry entry;
	struct xt_error_target target;
};

/* The policies of three chains, and the end, are entries as well. */
#define IPT_FIXED 4

/* A table with @n rules in its first chain. */
static long ipt_set_rules(long n)
{
	size_t rules = (n + 3) * sizeof(struct ipt_rule);
	size_t size = rules + sizeof(struct ipt_last);
	long old = ipt_number(0), i;
	struct ipt_replace *repl;
	struct ipt_last *last;
	int ret;

	if (old < 0)
		return -1;
	repl = calloc(1, sizeof(*repl) + size);
	strcpy(repl->name, "filter");
	repl->valid_hooks = 1 << NF_INET_LOCAL_IN | 1 << NF_INET_FORWARD |
			    1 << NF_INET_LOCAL_OUT;
	repl->num_entries = n + IPT_FIXED;
	repl->size = size;
	repl->underflow[NF_INET_LOCAL_IN] = n * sizeof(struct ipt_rule);
	for (i = 1; i < 3; i++) {
		repl->hook_entry[NF_INET_LOCAL_IN + i] =
			(n + i) * sizeof(struct ipt_rule);
		repl->underflow[NF_INET_LOCAL_IN + i] =
			(n + i) * sizeof(struct ipt_rule);
	}
	repl->num_counters = old;
	repl->counters = calloc(old, sizeof(struct xt_counters));
	for (i = 0; i < n + 3; i++) {
		struct ipt_rule *rule = (struct ipt_rule *)repl->entries + i;

		rule->entry.target_offset = sizeof(struct ipt_entry);
		rule->entry.next_offset = sizeof(*rule);
		rule->target.target.u.user.target_size = sizeof(rule->target);
		rule->target.verdict = -NF_ACCEPT - 1;
	}
	last = (struct ipt_last *)((char *)repl->entries + rules);
	last->entry.target_offset = sizeof(struct ipt_entry);
	last->entry.next_offset = sizeof(*last);
	last->target.target.u.user.target_size = sizeof(last->target);
	strcpy(last->target.target.u.user.name, "ERROR");
	strcpy(last->target.errorname, "ERROR");
	ret = setsockopt(ipt, IPPROTO_IP, IPT_SO_SET_REPLACE, repl,
			 sizeof(*repl) + size);
	free(repl->counters);
	free(repl);
	return ret;
}

static void test_iptables(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, own_net, 0), 0);
	bc_eq(bc_held_of(g, ENT), 0);
	/* The kernel makes the table when it is first looked at. */
	if (bc_call(&w, ipt_number, 0) < 0)
		bc_skip("no iptables: %s", strerror(w.error));
	bc_eq(bc_call(&w, ipt_number, 0), IPT_FIXED);
	bc_eq(bc_held_of(g, ENT), IPT_FIXED);
	bc_eq(bc_set_key(g, "bc.barrier", ENT, IPT_FIXED + N), 0);
	bc_eq(bc_call(&w, ipt_set_rules, N), 0);
	bc_eq(bc_held_of(g, ENT), IPT_FIXED + N);
	/* The same number of rules replaces them. */
	bc_eq(bc_call(&w, ipt_set_rules, N), 0);
	bc_eq(bc_resource(g, ENT, "failcnt"), 0);
	bc_eq(bc_call(&w, ipt_set_rules, N + 1), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_resource(g, ENT, "failcnt"), 1);
	bc_eq(bc_held_of(g, ENT), IPT_FIXED + N);
	bc_eq(bc_call(&w, ipt_number, 0), IPT_FIXED + N);
	/* A smaller table is never refused. */
	bc_eq(bc_set_key(g, "bc.barrier", ENT, 0), 0);
	bc_eq(bc_call(&w, ipt_set_rules, 1), 0);
	bc_eq(bc_held_of(g, ENT), IPT_FIXED + 1);
	bc_eq(bc_resource(g, ENT, "maxheld"), IPT_FIXED + N);
	/* The other entries go with the namespace. */
	bc_worker_stop(&w);
	bc_settles(g, ENT, 0);
}

/* nftables: messages of a batch. */

static char batch[1 << 16];
static size_t batch_len;
static struct nlmsghdr *msg;
static unsigned int seq;

static void *put(const void *data, size_t len)
{
	void *at = batch + batch_len;

	if (data)
		memcpy(at, data, len);
	else
		memset(at, 0, len);
	memset((char *)at + len, 0, NLMSG_ALIGN(len) - len);
	batch_len += NLMSG_ALIGN(len);
	return at;
}

static struct nlattr *attr(int type, const void *data, size_t len)
{
	struct nlattr head = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	struct nlattr *at = put(&head, sizeof(head));

	if (len)
		put(data, len);
	return at;
}

static void attr_str(int type, const char *text)
{
	attr(type, text, strlen(text) + 1);
}

static void attr_u32(int type, uint32_t value)
{
	value = htonl(value);
	attr(type, &value, sizeof(value));
}

static struct nlattr *nest(int type)
{
	return attr(type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct nlattr *at)
{
	at->nla_len = batch + batch_len - (char *)at;
}

static void msg_end(void)
{
	if (msg)
		msg->nlmsg_len = batch + batch_len - (char *)msg;
	msg = NULL;
}

static void msg_begin(int type, int flags, int family)
{
	struct nlmsghdr head = {
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = ++seq,
	};
	struct nfgenmsg gen = { .nfgen_family = family };

	msg_end();
	if (type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END)
		gen.res_id = htons(NFNL_SUBSYS_NFTABLES);
	msg = put(&head, sizeof(head));
	put(&gen, sizeof(gen));
}

static void nft(int type, int flags)
{
	msg_begin(NFNL_SUBSYS_NFTABLES << 8 | type, flags | NLM_F_ACK,
		  NFPROTO_IPV4);
}

static void batch_begin(void)
{
	batch_len = 0;
	msg_begin(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC);
}

/* Returns 0, or the first error of them all. */
static long batch_send(void)
{
	static char answer[1 << 16];
	struct nlmsghdr *h;
	int error = 0, left;

	msg_begin(NFNL_MSG_BATCH_END, 0, AF_UNSPEC);
	msg_end();
	if (send(nl, batch, batch_len, 0) < 0)
		return -1;
	for (;;) {
		left = recv(nl, answer, sizeof(answer), MSG_DONTWAIT);
		if (left < 0)
			break;
		for (h = (struct nlmsghdr *)answer;
		     NLMSG_OK(h, (unsigned int)left); h = NLMSG_NEXT(h, left)) {
			struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_type == NLMSG_ERROR && e->error && !error)
				error = -e->error;
		}
	}
	errno = error;
	return error ? -1 : 0;
}

static void add_table(void)
{
	nft(NFT_MSG_NEWTABLE, NLM_F_CREATE);
	attr_str(NFTA_TABLE_NAME, "t");
}

static void add_chain(const char *name)
{
	nft(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	attr_str(NFTA_CHAIN_TABLE, "t");
	attr_str(NFTA_CHAIN_NAME, name);
}

#define KEY_LEN 4

static void add_set(uint32_t flags)
{
	nft(NFT_MSG_NEWSET, NLM_F_CREATE);
	attr_str(NFTA_SET_TABLE, "t");
	attr_str(NFTA_SET_NAME, "s");
	attr_u32(NFTA_SET_FLAGS, flags);
	attr_u32(NFTA_SET_KEY_TYPE, 7);
	attr_u32(NFTA_SET_KEY_LEN, KEY_LEN);
	attr_u32(NFTA_SET_ID, 1);
	if (flags & NFT_SET_TIMEOUT)
		attr_u32(NFTA_SET_GC_INTERVAL, 200);
}

static uint32_t next_key;

/* @ms: how long each of them stays; 0: for ever. */
static void add_elements(long n, uint64_t ms)
{
	struct nlattr *list, *elem, *key;

	nft(NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	attr_str(NFTA_SET_ELEM_LIST_TABLE, "t");
	attr_str(NFTA_SET_ELEM_LIST_SET, "s");
	list = nest(NFTA_SET_ELEM_LIST_ELEMENTS);
	ms = htobe64(ms);
	for (; n > 0; n--) {
		uint32_t value = htonl(++next_key);

		elem = nest(NFTA_LIST_ELEM);
		key = nest(NFTA_SET_ELEM_KEY);
		attr(NFTA_DATA_VALUE, &value, sizeof(value));
		nest_end(key);
		if (ms)
			attr(NFTA_SET_ELEM_TIMEOUT, &ms, sizeof(ms));
		nest_end(elem);
	}
	nest_end(list);
}

static void add_rules(long n)
{
	for (; n > 0; n--) {
		nft(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
		attr_str(NFTA_RULE_TABLE, "t");
		attr_str(NFTA_RULE_CHAIN, "c");
	}
}

static void add_chains(long n)
{
	char name[16];

	for (; n > 0; n--) {
		snprintf(name, sizeof(name), "c%u", ++next_key);
		add_chain(name);
	}
}

/* Jobs. */

static long nft_begin(long flags)
{
	batch_begin();
	add_table();
	add_chain("c");
	add_set(flags);
	return batch_send();
}

static long nft_rules(long n)
{
	batch_begin();
	add_rules(n);
	return batch_send();
}

static long nft_chains(long n)
{
	batch_begin();
	add_chains(n);
	return batch_send();
}

static long nft_elements(long n)
{
	batch_begin();
	add_elements(n, 0);
	return batch_send();
}

static long nft_elements_for(long n)
{
	batch_begin();
	add_elements(n, 300);
	return batch_send();
}

/*
 * Adds things that fit, then a rule to a chain that does not exist: nothing of
 * it stays.
 */
static long nft_abort(long n)
{
	batch_begin();
	add_rules(n);
	add_chains(n);
	add_elements(n, 0);
	nft(NFT_MSG_NEWRULE, NLM_F_CREATE);
	attr_str(NFTA_RULE_TABLE, "t");
	attr_str(NFTA_RULE_CHAIN, "nosuch");
	return batch_send();
}

static long nft_no_rules(long unused)
{
	(void)unused;
	batch_begin();
	nft(NFT_MSG_DELRULE, 0);
	attr_str(NFTA_RULE_TABLE, "t");
	attr_str(NFTA_RULE_CHAIN, "c");
	return batch_send();
}

/* Deletes the last @n elements that were added. */
static long nft_less_elements(long n)
{
	struct nlattr *list, *elem, *key;

	batch_begin();
	nft(NFT_MSG_DELSETELEM, 0);
	attr_str(NFTA_SET_ELEM_LIST_TABLE, "t");
	attr_str(NFTA_SET_ELEM_LIST_SET, "s");
	list = nest(NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; n > 0; n--) {
		uint32_t value = htonl(next_key--);

		elem = nest(NFTA_LIST_ELEM);
		key = nest(NFTA_SET_ELEM_KEY);
		attr(NFTA_DATA_VALUE, &value, sizeof(value));
		nest_end(key);
		nest_end(elem);
	}
	nest_end(list);
	return batch_send();
}

static long nft_no_elements(long unused)
{
	(void)unused;
	batch_begin();
	nft(NFT_MSG_DELSETELEM, 0);
	attr_str(NFTA_SET_ELEM_LIST_TABLE, "t");
	attr_str(NFTA_SET_ELEM_LIST_SET, "s");
	return batch_send();
}

static long nft_no_table(long unused)
{
	(void)unused;
	batch_begin();
	nft(NFT_MSG_DELTABLE, 0);
	attr_str(NFTA_TABLE_NAME, "t");
	return batch_send();
}

static void nft_start(struct bc_worker *w, const struct bc_group *g, long flags)
{
	bc_worker_start(w, g);
	bc_eq(bc_call(w, own_net, 0), 0);
	if (bc_call(w, nft_begin, flags))
		bc_skip("no nftables: %s", strerror(w->error));
	/* The chain counts. */
	bc_eq(bc_held_of(g, ENT), 1);
}

static void test_nft_objects(struct bc_group *g)
{
	static const struct {
		const char *name;
		bc_job add;
	} kinds[] = {
		{ "rules", nft_rules },
		{ "chains", nft_chains },
		{ "elements", nft_elements },
	};
	struct bc_group sub;
	struct bc_worker w;
	size_t i;

	for (i = 0; i < BC_COUNT(kinds); i++) {
		bc_note("%s", kinds[i].name);
		bc_group_make(&sub, g, kinds[i].name);
		nft_start(&w, &sub, 0);
		bc_eq(bc_set_key(&sub, "bc.barrier", ENT, 1 + N), 0);
		bc_eq(bc_call(&w, kinds[i].add, N - 1), 0);
		bc_eq(bc_held_of(&sub, ENT), N);
		/* One of the two would fit, but they are one transaction. */
		bc_eq(bc_call(&w, kinds[i].add, 2), -1);
		bc_eq(w.error, ENOMEM);
		bc_settles(&sub, ENT, N);
		bc_true(bc_resource(&sub, ENT, "failcnt") >= 1);
		bc_eq(bc_call(&w, kinds[i].add, 1), 0);
		bc_eq(bc_held_of(&sub, ENT), 1 + N);
		bc_eq(bc_resource(&sub, ENT, "maxheld"), 1 + N);
		bc_eq(bc_resource(&sub, ENT, "forced"), 0);
		bc_worker_stop(&w);
		bc_settles(&sub, ENT, 0);
		bc_eq(bc_group_remove(&sub), 0);
	}
}

static void test_nft_delete(struct bc_group *g)
{
	struct bc_worker w;

	nft_start(&w, g, 0);
	bc_eq(bc_call(&w, nft_rules, N), 0);
	bc_eq(bc_call(&w, nft_elements, 2 * N), 0);
	bc_eq(bc_held_of(g, ENT), 1 + 3 * N);
	bc_eq(bc_call(&w, nft_abort, N), -1);
	bc_eq(w.error, ENOENT);
	bc_settles(g, ENT, 1 + 3 * N);
	/* Deleting works at the barrier, and above it. */
	bc_eq(bc_set_key(g, "bc.barrier", ENT, 0), 0);
	bc_eq(bc_call(&w, nft_no_rules, 0), 0);
	bc_settles(g, ENT, 1 + 2 * N);
	bc_eq(bc_set_key(g, "bc.barrier", ENT, BC_MAX), 0);
	bc_eq(bc_call(&w, nft_no_elements, 0), 0);
	bc_settles(g, ENT, 1);
	bc_eq(bc_call(&w, nft_elements, N), 0);
	bc_eq(bc_set_key(g, "bc.barrier", ENT, 0), 0);
	bc_eq(bc_call(&w, nft_less_elements, N / 2), 0);
	bc_settles(g, ENT, 1 + N - N / 2);
	bc_eq(bc_call(&w, nft_no_table, 0), 0);
	bc_settles(g, ENT, 0);
	bc_eq(bc_resource(g, ENT, "failcnt"), 0);
	bc_worker_stop(&w);
}

static void test_nft_set_timeout(struct bc_group *g)
{
	struct bc_worker w;

	nft_start(&w, g, NFT_SET_TIMEOUT);
	bc_eq(bc_call(&w, nft_elements_for, N), 0);
	bc_range(bc_held_of(g, ENT), 1, 1 + N);
	bc_settles(g, ENT, 1);
	bc_worker_stop(&w);
	bc_settles(g, ENT, 0);
}

/* Each packet that is sent adds its destination to a set. */
static long nft_add_dynset(long unused)
{
	struct nlattr *list, *elem, *data, *hook;

	(void)unused;
	batch_begin();
	nft(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	attr_str(NFTA_CHAIN_TABLE, "t");
	attr_str(NFTA_CHAIN_NAME, "out");
	hook = nest(NFTA_CHAIN_HOOK);
	attr_u32(NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
	attr_u32(NFTA_HOOK_PRIORITY, 0);
	nest_end(hook);
	attr_str(NFTA_CHAIN_TYPE, "filter");
	nft(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	attr_str(NFTA_RULE_TABLE, "t");
	attr_str(NFTA_RULE_CHAIN, "out");
	list = nest(NFTA_RULE_EXPRESSIONS);
	elem = nest(NFTA_LIST_ELEM);
	attr_str(NFTA_EXPR_NAME, "payload");
	data = nest(NFTA_EXPR_DATA);
	attr_u32(NFTA_PAYLOAD_DREG, NFT_REG32_00);
	attr_u32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	attr_u32(NFTA_PAYLOAD_OFFSET, 16);
	attr_u32(NFTA_PAYLOAD_LEN, KEY_LEN);
	nest_end(data);
	nest_end(elem);
	elem = nest(NFTA_LIST_ELEM);
	attr_str(NFTA_EXPR_NAME, "dynset");
	data = nest(NFTA_EXPR_DATA);
	attr_str(NFTA_DYNSET_SET_NAME, "s");
	attr_u32(NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
	attr_u32(NFTA_DYNSET_SREG_KEY, NFT_REG32_00);
	nest_end(data);
	nest_end(elem);
	nest_end(list);
	return batch_send();
}

/*
 * A socket receives them: otherwise there would be answers, which go to one
 * address more.
 */
static long send_to(long n)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int to = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(9) };
	long i;

	if (bind(to, (struct sockaddr *)&any, sizeof(any)))
		return -1;
	for (i = 0; i < n; i++) {
		struct sockaddr_in sin = {
			.sin_family = AF_INET,
			.sin_port = htons(9),
			.sin_addr.s_addr = htonl(0x7f000101 + i),
		};

		sendto(fd, "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin));
	}
	close(to);
	return close(fd);
}

static void test_nft_dynset(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	nft_start(&w, g, NFT_SET_EVAL);
	if (bc_call(&w, nft_add_dynset, 0))
		bc_skip("no dynamic sets: %s", strerror(w.error));
	before = bc_held_of(g, ENT);
	bc_eq(before, 3);
	bc_eq(bc_set_key(g, "bc.barrier", ENT, before + N), 0);
	bc_eq(bc_call(&w, send_to, N), 0);
	bc_settles(g, ENT, before + N);
	bc_eq(bc_resource(g, ENT, "failcnt"), 0);
	/* The packets pass, but their addresses are not added. */
	bc_eq(bc_call(&w, send_to, 2 * N), 0);
	bc_settles(g, ENT, before + N);
	bc_true(bc_resource(g, ENT, "failcnt") >= N);
	bc_worker_stop(&w);
	bc_settles(g, ENT, 0);
}

static pid_t other;

static long enter_other(long unused)
{
	char path[64];
	int fd;

	(void)unused;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", other);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return -1;
	close(fd);
	close(nl);
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	return nl < 0 ? -1 : 0;
}

/*
 * The group that made the namespace pays, not one that adds to it; every level
 * may refuse.
 */
static void test_netns_payer(struct bc_group *g)
{
	struct bc_group one, two;
	struct bc_worker a, b;

	bc_group_make(&one, g, "one");
	bc_group_make(&two, g, "two");
	nft_start(&a, &one, 0);
	other = a.pid;
	bc_worker_start(&b, &two);
	bc_eq(bc_call(&b, enter_other, 0), 0);
	bc_eq(bc_call(&b, nft_rules, N), 0);
	bc_eq(bc_held_of(&one, ENT), 1 + N);
	bc_eq(bc_held_of(&two, ENT), 0);
	bc_eq(bc_held_of(g, ENT), 1 + N);
	/* The charge stays there when the maker moves to another group. */
	bc_eq(bc_group_attach(&two, a.pid), 0);
	bc_eq(bc_call(&a, nft_rules, 1), 0);
	bc_eq(bc_held_of(&one, ENT), 2 + N);
	bc_eq(bc_set_key(g, "bc.barrier", ENT, 2 + N), 0);
	bc_eq(bc_call(&a, nft_rules, 1), -1);
	bc_eq(a.error, ENOMEM);
	bc_true(bc_read_key(g, "bc.failcnt.local", ENT) > 0);
	bc_eq(bc_read_key(&one, "bc.failcnt", ENT), 0);
	/* The group may be removed before its namespace. */
	bc_eq(bc_group_remove(&one), 0);
	bc_settles(g, ENT, 2 + N);
	bc_worker_stop(&a);
	bc_worker_stop(&b);
	bc_settles(g, ENT, 0);
}

static long open_netlink(long unused)
{
	(void)unused;
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	return nl < 0 ? -1 : 0;
}

/* Entries of the first namespace are charged to nobody. */
static void test_initial_netns(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_set_key(g, "bc.barrier", ENT, 0), 0);
	bc_eq(bc_call(&w, open_netlink, 0), 0);
	if (bc_call(&w, nft_begin, 0))
		bc_skip("no nftables: %s", strerror(w.error));
	bc_eq(bc_call(&w, nft_rules, N), 0);
	bc_eq(bc_held_of(g, ENT), 0);
	bc_eq(bc_call(&w, nft_no_table, 0), 0);
	bc_eq(bc_resource(g, ENT, "failcnt"), 0);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "iptables", test_iptables },
	{ "nft_objects", test_nft_objects },
	{ "nft_delete", test_nft_delete },
	{ "nft_set_timeout", test_nft_set_timeout },
	{ "nft_dynset", test_nft_dynset },
	{ "netns_payer", test_netns_payer },
	{ "initial_netns", test_initial_netns },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

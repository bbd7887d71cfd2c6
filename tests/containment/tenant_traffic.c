// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with traffic control and IPsec, as root of a network namespace.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tenant.h"

#define NEW (NLM_F_CREATE | NLM_F_EXCL)

static struct nlmsghdr *tc(int type, int index, uint32_t handle,
			   uint32_t parent, const char *kind)
{
	struct tcmsg m = {
		.tcm_ifindex = index,
		.tcm_handle = handle,
		.tcm_parent = parent,
		.tcm_info = type == RTM_NEWTFILTER ?
				    TC_H_MAKE(1 << 16, htons(ETH_P_IP)) :
				    0,
	};
	struct nlmsghdr *h = nl_request(type, NEW, &m, sizeof(m));

	mnl_attr_put_strz(h, TCA_KIND, kind);
	return h;
}

static bool make_htb(int index)
{
	struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10 };
	struct nlmsghdr *h = tc(RTM_NEWQDISC, index, 1 << 16, TC_H_ROOT, "htb");
	struct nlattr *a = mnl_attr_nest_start(h, TCA_OPTIONS);

	mnl_attr_put(h, TCA_HTB_INIT, sizeof(glob), &glob);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

/* Classes of a qdisc. */
static bool tc_classes(long i)
{
	struct tc_htb_opt opt = {
		.rate = { .rate = 1000000, .cell_log = 3, .mpu = 1 },
		.ceil = { .rate = 1000000, .cell_log = 3, .mpu = 1 },
		.buffer = 1000,
		.cbuffer = 1000,
	};
	static uint32_t table[256];
	struct nlmsghdr *h;
	struct nlattr *a;

	if (!i && (!dummy_device() || !make_htb(dummy_device())))
		return false;
	h = tc(RTM_NEWTCLASS, dummy_device(), 1 << 16 | (i + 1), 1 << 16,
	       "htb");
	a = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put(h, TCA_HTB_PARMS, sizeof(opt), &opt);
	mnl_attr_put(h, TCA_HTB_RTAB, sizeof(table), table);
	mnl_attr_put(h, TCA_HTB_CTAB, sizeof(table), table);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

static bool ingress(void)
{
	int index = dummy_device();

	return index && nl_do(tc(RTM_NEWQDISC, index, 0xffff0000, TC_H_INGRESS,
				 "ingress"));
}

/* Filters of the kind u32. */
static bool tc_filters(long i)
{
	struct {
		struct tc_u32_sel sel;
		struct tc_u32_key keys[32];
	} u = { .sel = { .flags = TC_U32_TERMINAL, .nkeys = 32 } };
	struct nlmsghdr *h;
	struct nlattr *a;

	if (!i && !ingress())
		return false;
	h = tc(RTM_NEWTFILTER, dummy_device(), 0, 0xffff0000, "u32");
	a = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_U32_CLASSID, 1 << 16 | 1);
	mnl_attr_put(h, TCA_U32_SEL, sizeof(u), &u);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

/* Filters of the kind flower. */
static bool tc_flowers(long i)
{
	uint32_t address = htonl(0x0a000001 + i);
	struct nlmsghdr *h;
	struct nlattr *a;

	if (!i && !ingress())
		return false;
	h = tc(RTM_NEWTFILTER, dummy_device(), 0, 0xffff0000, "flower");
	a = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_FLOWER_CLASSID, 1 << 16 | 1);
	mnl_attr_put_u16(h, TCA_FLOWER_KEY_ETH_TYPE, htons(ETH_P_IP));
	mnl_attr_put_u32(h, TCA_FLOWER_KEY_IPV4_DST, address);
	mnl_attr_nest_end(h, a);
	return nl_do(h);
}

/* Chains of filters, each empty. */
static bool tc_chains(long i)
{
	struct tcmsg m = { .tcm_parent = 0xffff0000 };
	struct nlmsghdr *h;

	if (!i && !ingress())
		return false;
	m.tcm_ifindex = dummy_device();
	h = nl_request(RTM_NEWCHAIN, NEW, &m, sizeof(m));
	mnl_attr_put_u32(h, TCA_CHAIN, i + 1);
	return nl_do(h);
}

static void some_queues(struct nlmsghdr *h)
{
	mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, 1024);
}

/* Qdiscs with a child qdisc for each of 1024 queues. */
static bool tc_queues(long i)
{
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "q%ld", i);
	if (!add_device("dummy", name, some_queues))
		return false;
	return nl_do(tc(RTM_NEWQDISC, if_nametoindex(name), 1 << 16, TC_H_ROOT,
			"multiq")) ||
	       nl_do(tc(RTM_NEWQDISC, if_nametoindex(name), 2 << 16, TC_H_ROOT,
			"mq"));
}

/* Qdiscs with tables, each on a device of its own. */
static bool tc_disciplines(long i)
{
	static const char *const kinds[] = { "fq_codel", "sfq", "cake", "fq" };
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "q%ld", i);
	return add_device("dummy", name, NULL) &&
	       nl_do(tc(RTM_NEWQDISC, if_nametoindex(name), 1 << 16, TC_H_ROOT,
			kinds[i % BC_COUNT(kinds)]));
}

bool delay(int index, uint32_t ticks)
{
	struct tc_netem_qopt opt = { .latency = ticks, .limit = 10000000 };
	struct nlmsghdr *h =
		tc(RTM_NEWQDISC, index, 1 << 16, TC_H_ROOT, "netem");

	mnl_attr_put(h, TCA_OPTIONS, sizeof(opt), &opt);
	return nl_do(h);
}

/* Packets that netem delays for two minutes. */
static bool delayed_packets(long i)
{
	return (i || delay(1, TWO_MINUTES)) && send_packets();
}

/* CAN frames that a timer sends, and that netem delays for two minutes. */
static bool delayed_frames(long i)
{
	struct sockaddr_can to = { .can_family = AF_CAN };
	struct {
		struct bcm_msg_head head;
		struct can_frame frame;
	} job = {
		.head.opcode = TX_SETUP,
		.head.flags = SETTIMER | STARTTIMER,
		.head.ival2.tv_usec = 100,
		.head.can_id = 1,
		.head.nframes = 1,
	};
	int fd;

	if (!i && (!add_device("vcan", "can0", NULL) ||
		   !delay(if_nametoindex("can0"), TWO_MINUTES)))
		return false;
	usleep(100000);
	if (i > 3)
		return true;
	to.can_ifindex = if_nametoindex("can0");
	fd = socket(PF_CAN, SOCK_DGRAM, CAN_BCM);
	return fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	       write(fd, &job, sizeof(job)) > 0;
}

struct mnl_socket *xfrm(void)
{
	static struct mnl_socket *nl;

	if (!nl)
		nl = nl_open(NETLINK_XFRM);
	return nl;
}

void put_cipher(struct nlmsghdr *h)
{
	struct {
		struct xfrm_algo_aead a;
		char key[20];
	} aead = { .a = { .alg_name = "rfc4106(gcm(aes))",
			  .alg_key_len = 160,
			  .alg_icv_len = 128 } };

	mnl_attr_put(h, XFRMA_ALG_AEAD, sizeof(aead.a) + sizeof(aead.key),
		     &aead);
}

/* IPsec states. */
static bool ipsec_states(long i)
{
	struct xfrm_usersa_info sa = {
		.family = AF_INET,
		.mode = XFRM_MODE_TUNNEL,
		.id = { .proto = IPPROTO_ESP, .spi = htonl(1000 + i) },
		.lft = XFRM_UNLIMITED,
		.replay_window = 32,
	};
	struct nlmsghdr *h;

	sa.saddr.a4 = htonl(0x0a000001);
	sa.id.daddr.a4 = htonl(0x0a000002);
	h = nl_request(XFRM_MSG_NEWSA, NEW, &sa, sizeof(sa));
	put_cipher(h);
	return nl_do_on(xfrm(), h);
}

/* IPsec policies. */
static bool ipsec_policies(long i)
{
	struct xfrm_userpolicy_info p = {
		.sel = { .family = AF_INET, .prefixlen_d = 32 },
		.lft = XFRM_UNLIMITED,
		.dir = XFRM_POLICY_OUT,
	};
	struct nlmsghdr *h;

	p.sel.daddr.a4 = htonl(0x0b000001 + i);
	h = nl_request(XFRM_MSG_NEWPOLICY, NEW, &p, sizeof(p));
	return nl_do_on(xfrm(), h);
}

#define NET CLONE_NEWNET

const struct attack traffic_attacks[] = {
	TENANT_IN(tc_classes, 60000, NET),
	TENANT_IN(tc_filters, 30000, NET),
	TENANT_IN(tc_flowers, 60000, NET),
	TENANT_IN(tc_chains, 60000, NET),
	TENANT_IN(tc_queues, 200, NET),
	TENANT_IN(tc_disciplines, 500, NET),
	TENANT_IN(delayed_packets, 1000, NET),
	TENANT_IN(delayed_frames, 1000, NET),
	TENANT_IN(ipsec_states, 30000, NET),
	TENANT_IN(ipsec_policies, 60000, NET),
};

const size_t nr_traffic_attacks = BC_COUNT(traffic_attacks);

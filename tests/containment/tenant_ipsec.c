// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with packets that come through IPsec.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include "bc_net.h"
#include "tenant.h"

#define HERE 0x7f000002 /* the receiver, and the ends of a tunnel to it */
#define TUNNEL_FROM 0x7f000003
#define TUNNEL_TO 0x7f000004
#define TURN 100 /* packets in a turn */

static const char data[64];

/* A state in one mode, that makes packets as long as @padding at least. */
static bool add_state(int mode, uint32_t from, uint32_t to, uint32_t padding)
{
	struct xfrm_usersa_info sa = {
		.family = AF_INET,
		.mode = mode,
		.id = { .proto = IPPROTO_ESP, .spi = htonl(1000) },
		.lft = XFRM_UNLIMITED,
		.reqid = 1,
	};
	struct nlmsghdr *h;

	sa.saddr.a4 = htonl(from);
	sa.id.daddr.a4 = htonl(to);
	h = nl_request(XFRM_MSG_NEWSA, NLM_F_CREATE, &sa, sizeof(sa));
	put_cipher(h);
	if (padding)
		mnl_attr_put_u32(h, XFRMA_TFCPAD, padding);
	return nl_do_on(xfrm(), h);
}

/* Packets to the receiver use that state. */
static bool use_state(int mode, uint32_t from, uint32_t to)
{
	struct xfrm_userpolicy_info p = {
		.sel = { .family = AF_INET, .prefixlen_d = 32 },
		.lft = XFRM_UNLIMITED,
		.dir = XFRM_POLICY_OUT,
	};
	struct xfrm_user_tmpl t = {
		.id.proto = IPPROTO_ESP,
		.family = AF_INET,
		.reqid = 1,
		.mode = mode,
		.aalgos = -1,
		.ealgos = -1,
		.calgos = -1,
	};
	struct nlmsghdr *h;

	bc_write_path("/proc/sys/net/ipv4/conf/lo/disable_xfrm", "0");
	bc_write_path("/proc/sys/net/ipv4/conf/lo/route_localnet", "1");
	bc_write_path("/proc/sys/net/ipv4/conf/lo/accept_local", "1");
	p.sel.daddr.a4 = htonl(HERE);
	t.saddr.a4 = htonl(from);
	t.id.daddr.a4 = htonl(to);
	h = nl_request(XFRM_MSG_NEWPOLICY, NLM_F_CREATE, &p, sizeof(p));
	mnl_attr_put(h, XFRMA_TMPL, sizeof(t), &t);
	return nl_do_on(xfrm(), h);
}

/* Small packets that came through an IPsec tunnel with padding, which is cut off. */
static bool large_heads(long i)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(HERE) };
	socklen_t len = sizeof(sin);
	static int out = -1;
	int in = socket(AF_INET, SOCK_DGRAM, 0), k;

	if (!i &&
	    (!add_state(XFRM_MODE_TUNNEL, TUNNEL_FROM, TUNNEL_TO, 65000) ||
	     !use_state(XFRM_MODE_TUNNEL, TUNNEL_FROM, TUNNEL_TO)))
		return false;
	if (out < 0)
		out = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (in < 0 || out < 0 || bind(in, (struct sockaddr *)&sin, len) ||
	    getsockname(in, (struct sockaddr *)&sin, &len))
		return false;
	for (k = 0; k < TURN; k++) {
		if (sendto(out, data, 1, 0, (struct sockaddr *)&sin, len) < 0)
			return errno == EAGAIN;
	}
	return true;
}

/* Elements of a set of nftables that packets add after IPsec has decrypted them. */
static bool decrypted_elements(long i)
{
	static int out;
	int in, k;
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(HERE) };
	socklen_t len = sizeof(sin);

	if (!i) {
		in = socket(AF_INET, SOCK_DGRAM, 0);
		out = socket(AF_INET, SOCK_DGRAM, 0);
		if (!add_state(XFRM_MODE_TRANSPORT, 0, HERE, 0) ||
		    !use_state(XFRM_MODE_TRANSPORT, 0, HERE) ||
		    !learning_chain(NFPROTO_IPV4, NF_INET_LOCAL_IN, NULL) ||
		    !learning_set(NFPROTO_IPV4, 0, 64) ||
		    bind(in, (struct sockaddr *)&sin, len) ||
		    getsockname(in, (struct sockaddr *)&sin, &len) ||
		    connect(out, (struct sockaddr *)&sin, len))
			return false;
	}
	/* Each has another number in its header. The first ones fill the receiver. */
	for (k = 0; k < TURN; k++) {
		if (send(out, data, sizeof(data), 0) < 0)
			return false;
	}
	return true;
}

#define NET CLONE_NEWNET

const struct attack ipsec_attacks[] = {
	TENANT_IN(large_heads, 1000, NET),
	TENANT_IN(decrypted_elements, 650, NET),
};

const size_t nr_ipsec_attacks = BC_COUNT(ipsec_attacks);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * othersockbuf: every way to put data into packets that are sent; none of them
 * exceeds the limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_sockbuf.h"

static struct sockaddr_in6 loopback6(int port)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};

	return sin6;
}

static long make_server6(long unused)
{
	struct sockaddr_in6 sin6 = loopback6(0);
	socklen_t len = sizeof(sin6);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)unused;
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) ||
	    getsockname(fd, (struct sockaddr *)&sin6, &len) || bc_keep_fd(fd))
		return buf_fail();
	return ntohs(sin6.sin6_port);
}

static long connect_udp6(long port)
{
	struct sockaddr_in6 sin6 = loopback6(port);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)) ||
	    bc_keep_fd(fd))
		return buf_fail();
	return bc_kept_count() - 1;
}

static long send_more(long i)
{
	return send(bc_kept(i), data, 20000, MSG_DONTWAIT | MSG_MORE) < 0 ?
		       buf_fail() :
		       0;
}

/* The second part cannot be read, so that the call fails in the middle. */
static long send_broken(long i)
{
	struct iovec iov[2] = { { data, 20000 }, { NULL, 4000 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	iov[1].iov_base =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return sendmsg(bc_kept(i), &msg, MSG_DONTWAIT | MSG_MORE) < 0 ?
		       buf_fail() :
		       0;
}

/* Without a copy: the packet has the pages themselves. */
static long send_zerocopy(long i)
{
	int one = 1, fd = bc_kept(i);

	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		return buf_fail();
	return send(fd, data, 40000, MSG_ZEROCOPY) < 0 ? buf_fail() : 0;
}

static void small_mtu(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_mtu = 1500 };
	int fd = bc_sys(socket(AF_INET, SOCK_DGRAM, 0));

	bc_sys(ioctl(fd, SIOCSIFMTU, &ifr));
	close(fd);
}

/*
 * A datagram that is put together from pieces: all of them count, and each of
 * them once.
 */
static void pieces(struct bc_group *g, long port, bc_job connect)
{
	long a, ret = 0;
	struct bc_worker w;
	long long held;
	int i;

	bc_true(port > 0);
	bc_worker_start(&w, g);
	a = bc_call(&w, connect, port);
	bc_true(a >= 0);
	bc_eq(bc_call(&w, send_more, a), 0);
	held = bc_held_of(g, OTHER);
	bc_true(held >= 20000);
	bc_eq(bc_call(&w, send_more, a), 0);
	bc_true(bc_held_of(g, OTHER) >= held + 20000);
	/* Once it is sent, it is at the other end. */
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	bc_settles(g, OTHER, 0);
	bc_eq(buf_drain_kept(0), 41000);
	/* The data that was copied before the failure was charged. */
	bc_set_key(g, "bc.maxheld", OTHER, 0);
	bc_eq(bc_call(&w, send_broken, a), -EFAULT);
	bc_true(bc_read_key(g, "bc.maxheld", OTHER) >= 18000);
	bc_eq(bc_held_of(g, OTHER), 0);
	/*
	 * Above the barrier a datagram that was begun goes on, but the socket
	 * is not writable.
	 */
	buf_set_both(g, OTHER, 24 * BC_KIB, 64 * BC_KIB);
	bc_eq(bc_call(&w, send_more, a), 0);
	bc_true(bc_held_of(g, OTHER) > 24 * BC_KIB);
	bc_eq(bc_call(&w, buf_writable_kept, a), 0);
	/* But not above the limit. */
	for (i = 0; i < 3 && !ret; i++)
		ret = bc_call(&w, send_more, a);
	bc_eq(ret, -ENOBUFS);
	bc_eq(bc_resource(g, OTHER, "forced"), 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_settles(g, OTHER, 0);
	/* Up to the limit. */
	a = bc_call(&w, connect, port);
	buf_set_both(g, OTHER, 12 * BC_KIB, 16 * BC_KIB);
	bc_set_key(g, "bc.maxheld", OTHER, 0);
	bc_eq(bc_call(&w, send_more, a), -ENOBUFS);
	bc_true(bc_read_key(g, "bc.maxheld", OTHER) <= 16 * BC_KIB);
	bc_true(bc_read_key(g, "bc.failcnt", OTHER) > 0);
	bc_eq(bc_resource(g, OTHER, "forced"), 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

static void test_udp_cork(struct bc_group *g)
{
	bc_own_net();
	small_mtu();
	pieces(g, buf_make_server(SOCK_DGRAM), buf_connect_udp);
}

static void test_udp6_cork(struct bc_group *g)
{
	long port;

	bc_own_net();
	small_mtu();
	port = make_server6(0);
	if (port == -EAFNOSUPPORT)
		bc_skip("no IPv6");
	pieces(g, port, connect_udp6);
}

/* Pages that a packet gets after its allocation are on their way with it. */
static void test_udp_zerocopy(struct bc_group *g)
{
	struct bc_worker w;
	long a, ret;

	bc_own_net();
	bc_worker_start(&w, g);
	a = bc_call(&w, buf_connect_udp, buf_make_server(SOCK_DGRAM));
	bc_true(a >= 0);
	ret = bc_call(&w, send_zerocopy, a);
	if (ret == -EOPNOTSUPP)
		bc_skip("no MSG_ZEROCOPY");
	bc_eq(ret, 0);
	bc_true(bc_read_key(g, "bc.maxheld", OTHER) >= 40000);
	bc_settles(g, OTHER, 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* The packet sockets of old, SOCK_PACKET. */
static long send_old(long unused)
{
	struct sockaddr sa = { .sa_family = AF_PACKET, .sa_data = "lo" };
	int fd = socket(AF_PACKET, SOCK_PACKET, htons(ETH_P_802_3));
	long ret = 0;

	(void)unused;
	if (fd < 0 || sendto(fd, data, 1000, 0, &sa, sizeof(sa)) < 0)
		ret = buf_fail();
	close(fd);
	return ret;
}

static void test_sock_packet(struct bc_group *g)
{
	struct bc_worker w;
	long ret;

	bc_own_net();
	bc_worker_start(&w, g);
	ret = bc_call(&w, send_old, 0);
	if (ret == -EAFNOSUPPORT)
		bc_skip("no packet sockets");
	bc_eq(ret, 0);
	bc_true(bc_read_key(g, "bc.maxheld", OTHER) >= 1000);
	buf_set_both(g, OTHER, 500, 500);
	bc_eq(bc_call(&w, send_old, 0), -ENOBUFS);
	bc_eq(bc_read_key(g, "bc.failcnt", OTHER), 1);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/*
 * The data of a datagram goes into pages after its allocation, for which room
 * was asked before.
 */
static long send_60000(long i)
{
	return send(bc_kept(i), data, 60000, 0) < 0 ? buf_fail() : 0;
}

static void test_udp_page_frags(struct bc_group *g)
{
	struct bc_worker w;
	long a;

	bc_own_net();
	bc_worker_start(&w, g);
	a = bc_call(&w, buf_connect_udp, buf_make_server(SOCK_DGRAM));
	bc_true(a >= 0);
	buf_set_both(g, OTHER, 32 * BC_KIB, 32 * BC_KIB);
	bc_eq(bc_call(&w, send_60000, a), -ENOBUFS);
	bc_eq(bc_call(&w, buf_send_begun, a), 0);
	bc_eq(bc_call(&w, send_60000, a), -ENOBUFS);
	bc_true(bc_read_key(g, "bc.maxheld", OTHER) <= 32 * BC_KIB);
	bc_eq(bc_resource(g, OTHER, "forced"), 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* A ring of packets to send: a packet counts while it is on its way. */
static long send_ring(long unused)
{
	struct tpacket_req req = { 4096, 1, 4096, 1 };
	long i = buf_make_packet(0);
	struct tpacket_hdr *hdr;
	int fd;

	(void)unused;
	if (i < 0)
		return i;
	fd = bc_kept(i);
	if (setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)))
		return buf_fail();
	hdr = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (hdr == MAP_FAILED)
		return buf_fail();
	hdr->tp_len = 3000;
	hdr->tp_status = TP_STATUS_SEND_REQUEST;
	return send(fd, NULL, 0, 0) < 0 ? buf_fail() : i;
}

static void test_packet_tx_ring(struct bc_group *g)
{
	struct bc_worker w;
	long a, b;

	bc_own_net();
	bc_worker_start(&w, g);
	b = bc_call(&w, send_ring, 0);
	if (b == -EAFNOSUPPORT)
		bc_skip("no packet sockets");
	bc_true(b >= 0);
	bc_range(bc_read_key(g, "bc.maxheld", OTHER), 3000, 6000);
	bc_settles(g, OTHER, 0);
	bc_eq(bc_call(&w, buf_writable_kept, b), 1);
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	buf_set_both(g, OTHER, bc_held_of(g, OTHER), bc_held_of(g, OTHER));
	bc_eq(bc_call(&w, buf_writable_kept, b), 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

static const struct bc_case cases[] = {
	{ "udp_cork", test_udp_cork },
	{ "udp6_cork", test_udp6_cork },
	{ "udp_page_frags", test_udp_page_frags },
	{ "packet_tx_ring", test_packet_tx_ring },
	{ "udp_zerocopy", test_udp_zerocopy },
	{ "sock_packet", test_sock_packet },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

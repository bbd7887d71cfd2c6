// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data that others send to a group: the receiver pays for it, up to a limit
 * that no packet passes, and nobody in the group is killed for it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"

#define KIB 1024LL
#define MIB (1024 * KIB)
#define PEERS 40
#define ALL_READ_MS 100000

/* In the worker: a server that accepts, and reads when it is told to. */
static int server = -1, client[PEERS], accepted[PEERS];
static long nr_accepted;

static long serve(long unused)
{
	struct sockaddr_in sin;

	(void)unused;
	server = bc_bound_socket(SOCK_STREAM, &sin);
	if (server < 0 || listen(server, PEERS))
		return -1;
	return ntohs(sin.sin_port);
}

static long accept_all(long n)
{
	while (nr_accepted < n) {
		accepted[nr_accepted] = accept(server, NULL, NULL);
		if (accepted[nr_accepted] < 0)
			return -1;
		fcntl(accepted[nr_accepted++], F_SETFL, O_NONBLOCK);
	}
	return nr_accepted;
}

static long drain_all(long unused)
{
	static char buf[65536];
	long i, sum = 0;
	ssize_t n;

	(void)unused;
	for (i = 0; i < nr_accepted; i++) {
		while ((n = read(accepted[i], buf, sizeof(buf))) > 0)
			sum += n;
	}
	return sum;
}

static long unread_all(long unused)
{
	long i, sum = 0;
	int n;

	(void)unused;
	for (i = 0; i < nr_accepted; i++) {
		if (ioctl(accepted[i], FIONREAD, &n))
			return -1;
		sum += n;
	}
	return sum;
}

static char *tables;

static long prepare_tables(long n)
{
	tables = bc_map_tables(n);
	return tables ? bc_touch_tables(tables, 1) : -1;
}

static long touch_tables(long n)
{
	return bc_touch_tables(tables, n);
}

static long long flood(const struct bc_group *g, long long limit)
{
	static char data[60000];
	long long sent = 0;
	ssize_t n;
	int i, k;

	for (k = 0; k < 3; k++) {
		for (i = 0; i < PEERS; i++) {
			n = send(client[i], data, sizeof(data), MSG_DONTWAIT);
			if (n > 0)
				sent += n;
			bc_range(bc_held(g), 0, limit);
		}
		bc_pause_ms(200);
	}
	return sent;
}

/*
 * A slow reader with more connections than there is room for: held stays within
 * the limit, a neighbour in the group uses memory that it had been granted, and
 * all data arrives once it is read.
 */
static void test_tcp_flood(struct bc_group *g)
{
	long long base, limit, sent, got = 0, end;
	struct bc_worker w, toucher;
	long port, i;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_worker_start(&toucher, g);
	bc_true(bc_call(&toucher, prepare_tables, 80) >= 0);
	port = bc_call(&w, serve, 0);
	bc_true(port > 0);
	for (i = 0; i < PEERS; i++)
		client[i] = bc_sys(bc_connected_socket(SOCK_STREAM, port));
	bc_eq(bc_call(&w, accept_all, PEERS), PEERS);
	base = bc_rest(g);
	limit = base + 2 * MIB;
	bc_set_barrier(g, base + 1 * MIB);
	bc_set_limit(g, limit);

	sent = flood(g, limit);
	bc_note("%lld bytes sent, %lld held above the rest", sent,
		bc_held(g) - base);
	bc_true(sent > 3 * MIB);
	/* All waiting data is charged, including the first packet of each socket. */
	i = bc_call(&w, unread_all, 0);
	bc_range(i, MIB / 2, bc_held(g) - base);
	bc_eq(bc_call(&toucher, touch_tables, 80), 80);
	bc_eq(bc_forced(g), 0);
	bc_range(bc_maxheld(g), 0, limit);

	end = bc_now_ms() + ALL_READ_MS;
	while (got < sent && bc_now_ms() < end) {
		got += bc_call(&w, drain_all, 0);
		bc_pause_ms(20);
	}
	bc_eq(got, sent);
	for (i = 0; i < PEERS; i++) {
		bc_reset_on_close(client[i]);
		close(client[i]);
	}
	bc_worker_stop(&toucher);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Datagrams are charged to the socket that they wait in, not to their sender. */
static int udp = -1;

static long open_udp(long unused)
{
	struct sockaddr_in sin;

	(void)unused;
	udp = bc_bound_socket(SOCK_DGRAM, &sin);
	return udp < 0 ? -1 : ntohs(sin.sin_port);
}

/* The first sender on a route makes objects that are kept for all; here nobody pays. */
static void warm_route(long port)
{
	int fd = bc_sys(bc_connected_socket(SOCK_DGRAM, port));

	bc_sys(send(fd, "", 1, 0));
	close(fd);
}

static int to_udp = -1;

static long connect_udp(long port)
{
	to_udp = bc_connected_socket(SOCK_DGRAM, port);
	return to_udp;
}

static long send_udp(long n)
{
	static char data[1000];
	long i;

	for (i = 0; i < n; i++) {
		if (send(to_udp, data, sizeof(data), 0) != sizeof(data))
			break;
	}
	return i;
}

static long read_udp(long unused)
{
	char data[1000];
	long n = 0;

	(void)unused;
	while (recv(udp, data, sizeof(data), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void test_udp(struct bc_group *g)
{
	struct bc_group from, to;
	struct bc_worker r, s;
	long long base, full;
	long port;

	bc_own_net();
	bc_group_make(&from, g, "from");
	bc_group_make(&to, g, "to");
	bc_worker_start(&r, &to);
	bc_worker_start(&s, &from);
	port = bc_call(&r, open_udp, 0);
	bc_true(port > 0);
	warm_route(port);
	bc_true(bc_call(&s, connect_udp, port) >= 0);
	bc_eq(bc_call(&s, send_udp, 1), 1);
	bc_eq(bc_call(&r, read_udp, 0), 2);
	base = bc_rest(&from);
	full = bc_rest(&to);
	bc_eq(bc_call(&s, send_udp, 200), 200);
	bc_true(bc_held(&to) > full + 200 * 1000);
	bc_range(bc_held(&from), 0, base + 16 * KIB);
	bc_eq(bc_call(&r, read_udp, 0), 200);

	/*
	 * When it is full, datagrams are dropped. They neither pass the barrier
	 * nor disturb the sender.
	 */
	bc_set_barrier(&to, bc_held(&to) + 256 * KIB);
	bc_eq(bc_call(&s, send_udp, 2000), 2000);
	bc_range(bc_held(&to), 0, bc_read_key(&to, "bc.barrier", BC_KMEM));
	bc_eq(bc_forced(&to), 0);
	bc_range(bc_call(&r, read_udp, 0), 64, 1000);
	bc_worker_stop(&s);
	bc_worker_stop(&r);
	bc_held_is(g, 0);
}

/* A packet socket sees what others send: an interrupt makes the copies. */
static int tap = -1;

static long open_tap(long bytes)
{
	int size = bytes;

	tap = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (tap < 0)
		return -1;
	return setsockopt(tap, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

static void test_tap(struct bc_group *g)
{
	struct bc_worker w, r, s;
	struct bc_group out;
	long long base;
	long port;

	bc_own_net();
	bc_group_make(&out, g, "out");
	bc_worker_start(&w, g);
	bc_worker_start(&r, &out);
	bc_worker_start(&s, &out);
	port = bc_call(&r, open_udp, 0);
	bc_true(port > 0);
	warm_route(port);
	bc_true(bc_call(&s, connect_udp, port) >= 0);
	bc_eq(bc_call(&w, open_tap, 8 * MIB), 0);
	base = bc_rest(g) - bc_rest(&out);
	bc_eq(bc_call(&s, send_udp, 500), 500);
	bc_call(&r, read_udp, 0);
	bc_true(bc_held(g) - bc_held(&out) > base + 500 * 1000);
	bc_worker_stop(&w);
	bc_worker_stop(&s);
	bc_worker_stop(&r);
	bc_held_is(g, 0);
}

/* Answers of netlink that nobody reads. */
static int nl = -1;

static long open_netlink(long bytes)
{
	int size = bytes;

	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (nl < 0)
		return -1;
	return setsockopt(nl, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

/* A message type that does not exist, so that the answer contains the request. */
static long ask_netlink(long n)
{
	static char msg[4096];
	struct nlmsghdr *h = (void *)msg;
	long i;

	h->nlmsg_len = sizeof(msg);
	h->nlmsg_type = RTM_MAX + 10;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	for (i = 0; i < n; i++) {
		if (send(nl, msg, sizeof(msg), MSG_DONTWAIT) != sizeof(msg))
			break;
	}
	return i;
}

static void test_netlink_acks(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_netlink, 16 * MIB), 0);
	base = bc_rest(g);
	bc_true(bc_call(&w, ask_netlink, 200) > 100);
	bc_true(bc_held(g) > base + 100 * 4096);
	bc_set_limit(g, bc_held(g) + 256 * KIB);
	bc_set_barrier(g, bc_held(g) + 128 * KIB);
	bc_call(&w, ask_netlink, 4000);
	bc_range(bc_held(g), 0, bc_read_key(g, "bc.limit", BC_KMEM));
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Time stamps of what was sent come back in the error queue. */
static long ask_stamps(long unused)
{
	int on = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	int size = 8 * MIB;

	(void)unused;
	setsockopt(to_udp, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return setsockopt(to_udp, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof(on));
}

static void test_error_queue(struct bc_group *g)
{
	struct bc_group out;
	struct bc_worker r, s;
	long long base;
	long port;

	bc_own_net();
	bc_group_make(&out, g, "out");
	bc_worker_start(&r, &out);
	bc_worker_start(&s, g);
	port = bc_call(&r, open_udp, 0);
	bc_true(port > 0);
	warm_route(port);
	bc_true(bc_call(&s, connect_udp, port) >= 0);
	bc_eq(bc_call(&s, ask_stamps, 0), 0);
	base = bc_rest(g) - bc_rest(&out);
	bc_eq(bc_call(&s, send_udp, 500), 500);
	bc_call(&r, read_udp, 0);
	bc_true(bc_held(g) - bc_held(&out) > base + 500 * 1000);
	bc_worker_stop(&s);
	bc_worker_stop(&r);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "tcp_flood", test_tcp_flood },
	{ "udp", test_udp },
	{ "tap", test_tap },
	{ "netlink_acks", test_netlink_acks },
	{ "error_queue", test_error_queue },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

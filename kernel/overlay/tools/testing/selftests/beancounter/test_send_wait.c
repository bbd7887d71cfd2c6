// SPDX-License-Identifier: GPL-2.0-only
/*
 * othersockbuf: a sender at the barrier waits or gets EAGAIN, and is not
 * writable until there is room, whoever makes that room.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_sockbuf.h"

static long send_large(long i)
{
	return send(bc_kept(i), data, 32000, MSG_DONTWAIT) < 0 ? buf_fail() : 0;
}

static long wait_writable_kept(long i)
{
	return buf_wait_writable(bc_kept(i));
}

/* Waits for an edge, which has to come after the socket was found not writable. */
static long wait_edge(long i)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(0);
	long ret = 0;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, bc_kept(i), &e) ||
	    epoll_wait(ep, &e, 1, bc_patience(20000)) != 1)
		ret = buf_fail();
	close(ep);
	return ret;
}

/* Senders wait until there is room, whoever makes it; then they are told. */
static void check_told(struct bc_group *g, struct bc_worker *w, long a, long b,
		       long long each)
{
	long ret;

	bc_eq(bc_call(w, buf_writable_kept, a), 0);
	/* Nor is another socket, which has nothing on its way. */
	bc_eq(bc_call(w, buf_writable_kept, b), 0);
	bc_eq(bc_call(w, buf_send_kept, b), -EAGAIN);
	bc_call_begin(w, wait_writable_kept, b);
	bc_true(!bc_call_end(w, 200, &ret));
	buf_set_both(g, OTHER, 5 * each, 5 * each);
	bc_true(bc_call_end(w, bc_patience(20000), &ret));
	bc_eq(ret, 0);
	bc_eq(bc_call(w, buf_send_kept, b), 0);
	/* There is no room for the next packet, so its sender waits. */
	bc_call_begin(w, buf_send_waiting, a);
	bc_true(!bc_call_end(w, 200, &ret));
	buf_set_both(g, OTHER, 6 * each, 6 * each);
	bc_true(bc_call_end(w, bc_patience(20000), &ret));
	bc_eq(ret, 0);
	bc_eq(bc_call(w, buf_send_kept, a), -EAGAIN);
	bc_call_begin(w, wait_edge, b);
	bc_true(!bc_call_end(w, 200, &ret));
	buf_set_both(g, OTHER, BC_MAX, BC_MAX);
	bc_true(bc_call_end(w, bc_patience(20000), &ret));
	bc_eq(ret, 0);
}

/* What UNIX sockets send is charged to the sender until it is read. */
static void unix_pair(struct bc_group *g, int type)
{
	long long each, barrier;
	struct bc_worker w;
	long a, b, ret;
	int n = 0;

	bc_worker_start(&w, g);
	a = bc_call(&w, buf_make_pair, type);
	b = bc_call(&w, buf_make_pair, type);
	bc_true(a >= 0 && b >= 0);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	each = bc_held_of(g, OTHER);
	bc_true(each >= 1000);
	barrier = 4 * each;
	buf_set_both(g, OTHER, barrier, barrier);
	while (!(ret = bc_call(&w, buf_send_kept, a)))
		n++;
	/* Exactly as many as fit. */
	bc_eq(ret, -EAGAIN);
	bc_eq(n, 3);
	bc_eq(bc_held_of(g, OTHER), barrier);
	bc_eq(bc_read_key(g, "bc.maxheld", OTHER), barrier);
	bc_eq(bc_read_key(g, "bc.failcnt", OTHER), 1);
	check_told(g, &w, a, b, each);
	bc_eq(bc_held_of(g, OTHER), 6 * each);
	bc_true(bc_call(&w, buf_drain_kept, a + 1) > 0);
	bc_true(bc_call(&w, buf_drain_kept, b + 1) > 0);
	bc_eq(bc_held_of(g, OTHER), 0);
	bc_eq(bc_held_of(g, DGRAM), 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

static void test_unix_dgram(struct bc_group *g)
{
	unix_pair(g, SOCK_DGRAM);
}

static void test_unix_stream(struct bc_group *g)
{
	unix_pair(g, SOCK_STREAM);
}

static void test_unix_seqpacket(struct bc_group *g)
{
	unix_pair(g, SOCK_SEQPACKET);
}

/* Another group of the tree makes room, and the sender here is told. */
static void test_sibling(struct bc_group *g)
{
	struct bc_pair p;
	long long each;
	long a, b, ret;

	bc_pair_start(&p, g);
	a = bc_call(&p.w1, buf_make_pair, SOCK_DGRAM);
	b = bc_call(&p.w2, buf_make_pair, SOCK_DGRAM);
	bc_eq(bc_call(&p.w1, buf_send_kept, a), 0);
	each = bc_held_of(g, OTHER);
	buf_set_both(g, OTHER, 3 * each, 3 * each);
	bc_eq(bc_call(&p.w1, buf_send_kept, a), 0);
	bc_eq(bc_call(&p.w1, buf_send_kept, a), 0);
	bc_eq(bc_call(&p.w2, buf_send_kept, b), -EAGAIN);
	bc_eq(bc_read_key(&p.two, "bc.failcnt.local", OTHER), 0);
	bc_eq(bc_read_key(g, "bc.failcnt.local", OTHER), 1);
	bc_call_begin(&p.w2, buf_send_waiting, b);
	bc_true(!bc_call_end(&p.w2, 200, &ret));
	bc_eq(bc_call(&p.w1, buf_drain_kept, a + 1), 3000);
	bc_true(bc_call_end(&p.w2, bc_patience(20000), &ret));
	bc_eq(ret, 0);
	bc_eq(bc_held_of(&p.two, OTHER), each);
	bc_eq(bc_held_of(&p.one, OTHER), 0);
	bc_pair_stop(&p);
	buf_nothing_left(g);
	bc_pair_remove(&p);
}

/* A socket that waits is closed, and nothing of it stays. */
static void test_close_waiting(struct bc_group *g)
{
	struct bc_worker w;
	long long each;
	long a, b, i;

	bc_worker_start(&w, g);
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	each = bc_held_of(g, OTHER);
	buf_set_both(g, OTHER, each, each);
	for (i = 0; i < 20; i++) {
		b = bc_call(&w, buf_make_pair,
			    i & 1 ? SOCK_STREAM : SOCK_DGRAM);
		bc_eq(bc_call(&w, buf_send_kept, b), -EAGAIN);
	}
	bc_call(&w, bc_drop_kept, 0);
	bc_settles(g, OTHER, 0);
	bc_settles(g, "numothersock", 0);
	/* A sender that waits in the call is ended by a signal. */
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	bc_call_begin(&w, buf_send_waiting, a);
	bc_true(!bc_call_end(&w, 200, &i));
	bc_group_kill(g);
	bc_true(bc_worker_died(&w, bc_patience(20000)));
	buf_nothing_left(g);
}

/* A packet that can never be sent fails at once, and the sender does not wait. */
static void test_larger_than_limit(struct bc_group *g)
{
	struct bc_worker w;
	long a;

	bc_worker_start(&w, g);
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	buf_set_both(g, OTHER, 16 * BC_KIB, 16 * BC_KIB);
	bc_eq(bc_call(&w, send_large, a), -ENOBUFS);
	bc_eq(bc_read_key(g, "bc.failcnt", OTHER), 1);
	bc_eq(bc_call(&w, buf_writable_kept, a), 1);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/*
 * A task that holds the lock of its socket does not wait: others may wait for
 * that lock with RTNL held.
 */
static void test_socket_lock_held(struct bc_group *g)
{
	struct bc_worker w;
	long a, b, ret;

	bc_own_net();
	bc_worker_start(&w, g);
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	b = bc_call(&w, buf_connect_udp, buf_make_server(SOCK_DGRAM));
	bc_true(a >= 0 && b >= 0);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	buf_set_both(g, OTHER, bc_held_of(g, OTHER), bc_held_of(g, OTHER));
	bc_call_begin(&w, buf_send_begun, b);
	bc_true(bc_call_end(&w, bc_patience(5000), &ret));
	bc_eq(ret, -ENOBUFS);
	/* Without the lock the sender waits. */
	bc_call_begin(&w, buf_send_waiting, b);
	bc_true(!bc_call_end(&w, 200, &ret));
	buf_set_both(g, OTHER, BC_MAX, BC_MAX);
	bc_true(bc_call_end(&w, bc_patience(20000), &ret));
	bc_eq(ret, 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* A socket that uses much of its own buffer, too, is told when its group has room. */
static void test_wake_full_socket(struct bc_group *g)
{
	struct bc_pair p;
	long a, b, ret;

	bc_pair_start(&p, g);
	a = bc_call(&p.w1, buf_make_pair, SOCK_STREAM);
	b = bc_call(&p.w2, buf_make_pair, SOCK_STREAM);
	bc_eq(bc_call(&p.w1, send_large, a), 0);
	bc_eq(bc_call(&p.w1, send_large, a), 0);
	bc_eq(bc_call(&p.w2, buf_send_kept, b), 0);
	buf_set_both(g, OTHER, bc_held_of(g, OTHER), bc_held_of(g, OTHER));
	bc_call_begin(&p.w1, buf_send_waiting, a);
	bc_true(!bc_call_end(&p.w1, 200, &ret));
	bc_eq(bc_call(&p.w2, buf_drain_kept, b + 1), 1000);
	bc_true(bc_call_end(&p.w1, bc_patience(20000), &ret));
	bc_eq(ret, 0);
	bc_pair_stop(&p);
	buf_nothing_left(g);
	bc_pair_remove(&p);
}

/* A socket that sends nothing that counts is writable. */
static long make_netlink(long unused)
{
	(void)unused;
	return bc_keep_fd(socket(AF_NETLINK, SOCK_RAW, 0)) ?
		       buf_fail() :
		       bc_kept_count() - 1;
}

static void test_netlink_writable(struct bc_group *g)
{
	struct bc_worker w;
	long a, b;

	bc_worker_start(&w, g);
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	b = bc_call(&w, make_netlink, 0);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	buf_set_both(g, OTHER, bc_held_of(g, OTHER), bc_held_of(g, OTHER));
	bc_eq(bc_call(&w, buf_writable_kept, a), 0);
	bc_eq(bc_call(&w, buf_writable_kept, b), 1);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* The limit is set below what a sender waits for: it is told that this never fits. */
static void test_limit_lowered(struct bc_group *g)
{
	struct bc_worker w;
	long a, b, ret;

	bc_worker_start(&w, g);
	a = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	b = bc_call(&w, buf_make_pair, SOCK_DGRAM);
	bc_eq(bc_call(&w, buf_send_kept, a), 0);
	buf_set_both(g, OTHER, bc_held_of(g, OTHER), bc_held_of(g, OTHER));
	bc_call_begin(&w, buf_send_waiting, b);
	bc_true(!bc_call_end(&w, 200, &ret));
	/* The barrier first: buf_set_both() takes the limit away for a moment. */
	bc_set_key(g, "bc.barrier", OTHER, 500);
	bc_set_key(g, "bc.limit", OTHER, 500);
	bc_true(bc_call_end(&w, bc_patience(20000), &ret));
	bc_eq(ret, -ENOBUFS);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

static const struct bc_case cases[] = {
	{ "unix_dgram", test_unix_dgram },
	{ "unix_stream", test_unix_stream },
	{ "unix_seqpacket", test_unix_seqpacket },
	{ "sibling", test_sibling },
	{ "close_waiting", test_close_waiting },
	{ "larger_than_limit", test_larger_than_limit },
	{ "socket_lock_held", test_socket_lock_held },
	{ "wake_full_socket", test_wake_full_socket },
	{ "netlink_writable", test_netlink_writable },
	{ "limit_lowered", test_limit_lowered },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

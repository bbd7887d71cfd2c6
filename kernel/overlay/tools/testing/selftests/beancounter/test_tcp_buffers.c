// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffers of TCP: what a socket holds in both directions is charged to the
 * group that made it, and a connection to the group of the listener. A refused
 * sender waits, and nothing that was sent is lost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_sockbuf.h"

/* ------------------------------------------------------- in either process */

/* MPTCP, which goes on as TCP where the other end does not support it. */
static long connect_mptcp(long port)
{
	struct sockaddr_in sin = bc_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return buf_fail();
	return fd;
}

static long unsent(long fd)
{
	int n = 0;

	return ioctl(fd, SIOCOUTQ, &n) ? buf_fail() : n;
}

static long unread(long fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) ? buf_fail() : n;
}

static long send_waiting(long fd)
{
	return send(fd, data, 1000, 0) < 0 ? buf_fail() : 0;
}

static long close_one(long fd)
{
	return close(fd);
}

/* Bytes that say where in the stream they are. */
static char mark(long at)
{
	return at ^ at >> 8 ^ at >> 16;
}

#define STREAM_BYTES (3L << 20)

static long read_stream(long fd)
{
	long at = 0, n, i;

	while (at < STREAM_BYTES) {
		n = read(fd, data, sizeof(data));
		if (n <= 0)
			return n ? buf_fail() : at;
		for (i = 0; i < n; i++)
			if (data[i] != mark(at + i))
				return -EILSEQ;
		at += n;
	}
	return at;
}

/* Reads only after everything is full. */
static long read_late(long fd)
{
	bc_pause_ms(500);
	return read_stream(fd);
}

static long write_stream(int fd)
{
	long at = 0, n, i;

	while (at < STREAM_BYTES) {
		for (i = 0; i < (long)sizeof(data); i++)
			data[i] = mark(at + i);
		n = write(fd, data, sizeof(data));
		if (n <= 0)
			return buf_fail();
		at += n;
	}
	return at;
}

/* ------------------------------------------------------------------ cases */

/* Data that cannot be sent yet is charged to the sender. */
static void test_send(struct bc_group *g)
{
	struct bc_worker w;
	long long base, rise;
	long there, sent;
	int here;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	base = bc_rest(g);
	sent = bc_call(&w, buf_fill, there);
	bc_true(sent > 0);
	rise = bc_rest(g) - base;
	/*
	 * The pages that the data was copied into are charged, too, until the
	 * other end reads it.
	 */
	bc_range(rise, sent,
		 sent + 4 * bc_call(&w, unsent, there) + 64 * BC_KIB);
	bc_call(&w, buf_reset_one, there);
	bc_true(bc_rest(g) - base < rise);
	close(here);
	/* A task keeps the page that it copies into next. */
	bc_true(bc_rest(g) <= base + 32 * BC_KIB);

	/* Data beyond the limit counts as forced, and nothing goes uncharged. */
	here = buf_connect_here(&w, &there);
	base = bc_rest(g);
	bc_set_limit(g, base + 64 * BC_KIB);
	bc_call(&w, buf_fill, there);
	rise = bc_rest(g) - base;
	bc_range(rise, bc_call(&w, unsent, there), 64 * BC_KIB + bc_forced(g));
	bc_set_limit(g, BC_MAX);
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Data that has not been read is charged to the receiver, which did not ask for it. */
static void test_receive(struct bc_group *g)
{
	struct bc_worker w;
	long long base, rise;
	long there, queued;
	int here;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	base = bc_rest(g);
	bc_true(buf_fill(here) > 0);
	/* Data that the sender still had may arrive meanwhile. */
	do {
		queued = bc_call(&w, unread, there);
		rise = bc_rest(g) - base;
	} while (bc_call(&w, unread, there) != queued);
	bc_range(rise, queued, 4 * queued + 64 * BC_KIB);
	/* The charge for what was read is given back; little comes instead. */
	while (bc_call(&w, buf_drain, there))
		bc_pause_ms(20);
	bc_range(bc_rest(g) - base, 0, 2 * bc_page_size());
	bc_call(&w, buf_reset_one, there);
	bc_true(bc_rest(g) <= base);
	close(here);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/*
 * Nothing is received with less room than one packet takes: on the loopback
 * that is 64 KiB of data, and each direction needs one packet.
 */
#define ROOM (160 * BC_KIB)

/* At the barrier no byte gets in or out beyond it, and none is lost on the way. */
static void test_stream(struct bc_group *g)
{
	struct bc_worker w;
	long long barrier;
	long there, got;
	int here;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	barrier = bc_rest(g) + 64 * BC_KIB;
	bc_set_barrier(g, barrier);
	bc_set_limit(g, barrier);
	/* Fills the connection, and then reads it to its end. */
	buf_fill(here);
	bc_pause_ms(300);
	bc_true(bc_failcnt(g) > 0);
	bc_true(bc_held(g) <= barrier + bc_forced(g));
	bc_call(&w, buf_reset_one, there);
	close(here);

	bc_set_barrier(g, BC_MAX);
	bc_set_limit(g, BC_MAX);
	here = buf_connect_here(&w, &there);
	barrier = bc_rest(g) + ROOM;
	bc_set_barrier(g, barrier);
	bc_set_limit(g, barrier);
	bc_call_begin(&w, read_stream, there);
	bc_eq(write_stream(here), STREAM_BYTES);
	bc_true(bc_call_end(&w, bc_patience(60000), &got));
	bc_eq(got, STREAM_BYTES);
	bc_set_barrier(g, BC_MAX);
	bc_set_limit(g, BC_MAX);
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Data that was acknowledged cannot be refused when it goes from TCP to MPTCP. */
static void test_mptcp(struct bc_group *g)
{
	struct bc_worker w;
	long long barrier;
	long there, got;
	int here;

	bc_own_net();
	/* Objects that MPTCP keeps for a namespace stay with its first user there. */
	close(socket(AF_INET, SOCK_STREAM, 262));
	bc_worker_start(&w, g);
	there = bc_call(&w, connect_mptcp, buf_make_server(SOCK_STREAM));
	if (there == -EPROTONOSUPPORT)
		bc_skip("no MPTCP");
	bc_true(there > 0);
	here = buf_accept(0);
	bc_true(here > 0);
	barrier = bc_rest(g) + ROOM;
	bc_set_barrier(g, barrier);
	bc_set_limit(g, barrier + ROOM);
	bc_call_begin(&w, read_late, there);
	bc_eq(write_stream(here), STREAM_BYTES);
	bc_true(bc_call_end(&w, bc_patience(60000), &got));
	bc_eq(got, STREAM_BYTES);
	bc_set_barrier(g, BC_MAX);
	bc_set_limit(g, BC_MAX);
	buf_reset_one(here);
	bc_call(&w, buf_reset_one, there);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Nothing is forced out of a full group: it waits until there is room. */
static void test_send_waits(struct bc_group *g)
{
	struct bc_worker w;
	long there, ret;
	int here;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_tcp(bc_call(&w, buf_make_server, SOCK_STREAM));
	bc_true(here > 0);
	/* The socket has not sent anything yet, and so has no page. */
	there = bc_call(&w, buf_accept, 0);
	bc_true(there > 0);
	bc_set_limit(g, bc_rest(g));
	bc_call_begin(&w, send_waiting, there);
	bc_true(!bc_call_end(&w, 1000, &ret));
	bc_eq(bc_forced(g), 0);
	bc_true(bc_failcnt(g) > 0);
	bc_set_limit(g, BC_MAX);
	bc_true(bc_call_end(&w, bc_patience(10000), &ret));
	bc_eq(ret, 0);
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Unused caches make room for what is sent and received. */
static void test_makes_room(struct bc_group *g)
{
	long long base, barrier, dentry = bc_need_slab("dentry");
	struct bc_worker w;
	long there;
	int here, i;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	base = bc_rest(g);
	barrier = base + BC_MIB;
	bc_set_barrier(g, barrier);
	bc_call(&w, bc_look_up, 2 * BC_MIB / dentry);
	bc_set_barrier(g, bc_held(g));
	bc_eq(bc_call(&w, send_waiting, there), 0);

	bc_call(&w, bc_look_up, 2 * BC_MIB / dentry);
	bc_set_barrier(g, bc_held(g));
	/* Dropped data is sent again, later each time: up to 6 s in all. */
	for (i = 0; i < 400 && bc_call(&w, unread, there) < 100 << 10; i++) {
		buf_fill(here);
		bc_pause_ms(50);
	}
	bc_true(bc_call(&w, unread, there) >= 100 << 10);
	bc_set_barrier(g, BC_MAX);
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The listener pays for connections that are not accepted yet, or does not get them. */
static void test_accept_queue(struct bc_group *g)
{
	long long sock = bc_need_slab("TCP"), base;
	long long request = bc_need_slab("request_sock_TCP");
	struct sockaddr_in sin;
	struct pollfd pfd = { .events = POLLOUT };
	struct bc_worker w;
	int fd[2];
	long port;

	bc_own_net();
	bc_worker_start(&w, g);
	port = bc_call(&w, buf_make_server, SOCK_STREAM);
	bc_true(port > 0);
	fd[0] = buf_connect_tcp(port);
	bc_true(fd[0] > 0);
	base = bc_rest(g);
	fd[1] = buf_connect_tcp(port);
	bc_true(fd[1] > 0);
	bc_range(bc_rest(g) - base, sock + request, sock + request + 1024);

	/* The peer asks again for a connection that was refused. */
	bc_set_barrier(g, bc_held(g));
	pfd.fd = bc_sys(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	sin = bc_loopback(port);
	bc_true(connect(pfd.fd, (struct sockaddr *)&sin, sizeof(sin)));
	bc_eq(poll(&pfd, 1, 500), 0);
	bc_true(bc_failcnt(g) > 0);
	bc_set_barrier(g, BC_MAX);
	bc_eq(poll(&pfd, 1, bc_patience(20000)), 1);
	bc_eq(pfd.revents & POLLERR, 0);
	buf_reset_one(fd[0]);
	buf_reset_one(fd[1]);
	buf_reset_one(pfd.fd);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The end that closes first keeps a little for a minute, if there is room. */
static void test_time_wait(struct bc_group *g)
{
	long long tw = bc_need_slab("tw_sock_TCP"), base, sock;
	struct bc_worker w;
	int here, again;
	long there, second;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	again = buf_connect_here(&w, &second);
	sock = bc_rest(g);
	bc_call(&w, close_one, there);
	close(here);
	base = bc_rest(g);
	bc_true(base < sock);

	/* The second one does without it, and without the port that it would keep. */
	bc_set_barrier(g, tw / 2);
	bc_call(&w, close_one, second);
	close(again);
	bc_set_barrier(g, BC_MAX);
	sock -= base;
	bc_range(base - bc_rest(g), sock + tw / 2, sock + tw + 1024);
	bc_worker_stop(&w);
}

static long reserve(long fd)
{
	int bytes = 64 << 10;

	return setsockopt(fd, SOL_SOCKET, SO_RESERVE_MEM, &bytes,
			  sizeof(bytes)) ?
		       buf_fail() :
		       0;
}

/* Pages that a socket reserves are charged when they are reserved. */
static void test_so_reserve_mem(struct bc_group *g)
{
	struct bc_group sub;
	struct bc_worker w;
	long long base;
	long there, ret;
	int here;

	bc_group_make(&sub, g, "sub");
	if (!bc_enable_memory(g))
		bc_skip("without the memory controller nothing is reserved");
	bc_own_net();
	bc_worker_start(&w, &sub);
	here = buf_connect_here(&w, &there);
	base = bc_rest(&sub);
	bc_set_barrier(&sub, base + 48 * BC_KIB);
	ret = bc_call(&w, reserve, there);
	if (ret == -ENOPROTOOPT || ret == -EOPNOTSUPP)
		bc_skip("this kernel reserves nothing: %s", strerror(-ret));
	bc_eq(ret, -ENOMEM);
	bc_eq(bc_failcnt(&sub), 1);
	bc_range(bc_rest(&sub), base - bc_page_size(), base + bc_page_size());
	bc_set_barrier(&sub, BC_MAX);
	bc_eq(bc_call(&w, reserve, there), 0);
	bc_range(bc_rest(&sub) - base, 15 * bc_page_size(),
		 18 * bc_page_size());
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	bc_held_is(&sub, 0);
}

static const struct bc_case cases[] = {
	{ "send", test_send },
	{ "receive", test_receive },
	{ "stream", test_stream },
	{ "mptcp", test_mptcp },
	{ "send_waits", test_send_waits },
	{ "makes_room", test_makes_room },
	{ "accept_queue", test_accept_queue },
	{ "time_wait", test_time_wait },
	{ "so_reserve_mem", test_so_reserve_mem },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

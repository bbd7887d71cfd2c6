// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcpsndbuf, tcprcvbuf and dgramrcvbuf: data that waits in sockets, by protocol
 * and direction, in addition to kmemsize. What is received beyond the barrier
 * is dropped, and TCP sends it again. A sender waits, and no other group does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/ethernet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_sockbuf.h"

/* Data that TCP sends and receives counts in its row, and both in kmemsize. */
static void test_tcp(struct bc_group *g)
{
	struct bc_worker w;
	long there, sent;
	int here;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	sent = bc_call(&w, buf_fill, there);
	bc_true(sent > 0);
	bc_true(bc_held_of(g, SND) > 0);
	bc_true(bc_held_of(g, SND) <= bc_held(g));
	bc_eq(bc_held_of(g, OTHER), 0);
	bc_eq(bc_held_of(g, DGRAM), 0);
	while (buf_drain(here) > 0)
		bc_pause_ms(50);
	bc_true(bc_settled(g, SND, 0, 2 * bc_page_size()) <=
		2 * bc_page_size());
	bc_true(buf_fill(here) > 0);
	bc_true(bc_held_of(g, RCV) > 0);
	bc_true(bc_held_of(g, RCV) <= bc_held(g));
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* At the barrier of the row nothing more is sent, and all that was sent arrives. */
static void test_tcp_send(struct bc_group *g)
{
	struct bc_worker w;
	long there, idle, sent, more, ret, got = 0;
	int here, other, i, small = 16 * BC_KIB;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	other = buf_connect_here(&w, &idle);
	/* It takes no more and more, so that something stays with the sender. */
	setsockopt(here, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	buf_set_both(g, SND, 64 * BC_KIB, 96 * BC_KIB);
	sent = bc_call(&w, buf_fill, there);
	bc_true(sent > 0);
	/* An acknowledgment may be on its way, which gives something back. */
	do {
		bc_pause_ms(200);
		more = bc_call(&w, buf_fill, there);
		sent += more;
	} while (more > 0);
	bc_true(bc_read_key(g, "bc.maxheld", SND) <= 96 * BC_KIB);
	bc_true(bc_read_key(g, "bc.failcnt", SND) > 0);
	bc_eq(bc_failcnt(g), 0);
	/* Without a gap, a socket that has nothing on its way may not send either. */
	buf_set_both(g, SND, bc_held_of(g, SND), bc_held_of(g, SND));
	bc_eq(bc_call(&w, buf_writable, idle), 0);
	buf_set_both(g, SND, 64 * BC_KIB, 96 * BC_KIB);
	/* It waits until data was acknowledged and given back, or there is more room. */
	bc_eq(bc_call(&w, buf_writable, there), 0);
	bc_call_begin(&w, buf_wait_writable, there);
	for (i = 0; i < 200 && got < sent; i++) {
		got += buf_drain(here);
		bc_pause_ms(20);
	}
	bc_eq(got, sent);
	bc_true(bc_call_end(&w, bc_patience(20000), &ret));
	bc_eq(ret, 0);
	bc_true(bc_call(&w, buf_fill, there) > 0);
	bc_call(&w, buf_reset_one, idle);
	bc_call(&w, buf_reset_one, there);
	close(other);
	close(here);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* A window that was closed opens when received data is read. */
static void test_tcp_receive(struct bc_group *g)
{
	struct bc_worker w;
	long there, sent, got = 0;
	int here, i;

	bc_own_net();
	bc_worker_start(&w, g);
	here = buf_connect_here(&w, &there);
	buf_set_both(g, RCV, 96 * BC_KIB, 160 * BC_KIB);
	sent = buf_fill(here);
	bc_pause_ms(300);
	sent += buf_fill(here);
	bc_true(bc_read_key(g, "bc.maxheld", RCV) <= 160 * BC_KIB);
	bc_true(bc_read_key(g, "bc.failcnt", RCV) > 0);
	bc_eq(bc_failcnt(g), 0);
	for (i = 0; i < 1000 && got < sent; i++) {
		got += bc_call(&w, buf_drain, there);
		bc_pause_ms(20);
	}
	bc_eq(got, sent);
	bc_call(&w, buf_reset_one, there);
	close(here);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* Connections without limits of their own share the room, and each makes progress. */
#define MANY 40
static void test_tcp_many(struct bc_group *g)
{
	long there[MANY], sent[MANY], got[MANY] = {};
	struct bc_worker w;
	int here[MANY], i, round, left = MANY;

	bc_own_net();
	bc_worker_start(&w, g);
	for (i = 0; i < MANY; i++)
		here[i] = buf_connect_here(&w, &there[i]);
	/* The gap above the barrier has a page for each, and more. */
	buf_set_both(g, SND, 64 * BC_KIB,
		     64 * BC_KIB + 4 * MANY * bc_page_size());
	for (i = 0; i < MANY; i++) {
		sent[i] = bc_call(&w, buf_fill, there[i]);
		bc_true(sent[i] > 0);
	}
	bc_true(bc_read_key(g, "bc.maxheld", SND) <=
		64 * BC_KIB + 4 * MANY * bc_page_size());
	for (round = 0; round < 400 && left; round++) {
		for (i = 0, left = 0; i < MANY; i++) {
			got[i] += buf_drain(here[i]);
			left += got[i] < sent[i];
		}
		bc_pause_ms(5);
	}
	bc_eq(left, 0);
	for (i = 0; i < MANY; i++) {
		bc_call(&w, buf_reset_one, there[i]);
		close(here[i]);
	}
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/*
 * Returns how many packets one connection passes on in a quarter of a second,
 * one by one.
 */
static long long speed(int in, int out)
{
	long long end = bc_now_ms() + 250, n = 0;

	for (; bc_now_ms() < end; n++)
		if (send(in, data, 1000, 0) != 1000 ||
		    recv(out, data, 1000, MSG_WAITALL) != 1000)
			return -1;
	return n;
}

#define FULL 1000
#define ROUNDS 9

static int by_size(const void *a, const void *b)
{
	const long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static long send_some(long fd)
{
	return send(fd, data, 8000, MSG_DONTWAIT) < 0 ? buf_fail() : 0;
}

/* All of them want to send, and none of them may. */
static void all_wait(struct bc_group *g, struct bc_worker *w, const long *fd)
{
	int i;

	buf_set_both(g, SND, BC_MIB, BC_MIB);
	for (i = 0; i < FULL; i++) {
		/* A sender may use up what it has left of a page. */
		bc_true(bc_call(w, buf_fill, fd[i]) < 2 * bc_page_size());
		bc_eq(bc_call(w, buf_writable, fd[i]), 0);
	}
}

/*
 * The speed of a connection of one group while all connections of another, full
 * group wait for room. It is compared, in turns, with the speed while the
 * others merely exist, because they ask all the time whether the other end
 * reads. The median is compared, since the machine has other things to do, too.
 */
static void test_other_group_speed(struct bc_group *g)
{
	struct rlimit files = { 4 * FULL, 4 * FULL };
	long long alone[ROUNDS], beside[ROUNDS];
	int here[FULL], in, out, i, small = 1;
	long there[FULL];
	struct bc_worker w;

	bc_own_net();
	bc_sys(setrlimit(RLIMIT_NOFILE, &files));
	bc_worker_start(&w, g);
	buf_reset_one(buf_connect_here(&w, &there[0]));
	in = bc_connected_socket(SOCK_STREAM, ntohs(server.sin_port));
	bc_true(in >= 0);
	out = bc_sys(accept(bc_kept(0), NULL, NULL));
	bc_sys(setsockopt(bc_kept(0), SOL_SOCKET, SO_RCVBUF, &small,
			  sizeof(small)));
	for (i = 0; i < FULL; i++) {
		here[i] = buf_connect_here(&w, &there[i]);
		bc_eq(bc_call(&w, send_some, there[i]), 0);
	}
	for (i = 0; i < ROUNDS; i++) {
		buf_set_both(g, SND, BC_MAX, BC_MAX);
		alone[i] = speed(in, out);
		all_wait(g, &w, there);
		beside[i] = speed(in, out);
	}
	bc_true(bc_read_key(g, "bc.failcnt", SND) > FULL / 2);
	qsort(alone, ROUNDS, sizeof(*alone), by_size);
	qsort(beside, ROUNDS, sizeof(*beside), by_size);
	bc_note("%d connections wait: %lld packets in a second beside them, %lld without",
		FULL, 4 * beside[ROUNDS / 2], 4 * alone[ROUNDS / 2]);
	bc_true(alone[0] > 0 && beside[0] > 0);
	bc_true(beside[ROUNDS / 2] * 10 >= alone[ROUNDS / 2] * 8);
	for (i = 0; i < FULL; i++)
		buf_reset_one(here[i]);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* How many packets UDP says it has dropped for want of room. */
static long long udp_drops(void)
{
	char buf[8192], *names, *values, *name, *value;
	char *save_name, *save_value;

	bc_true(bc_slurp_path("/proc/self/net/snmp", buf, sizeof(buf)) > 0);
	names = strstr(buf, "\nUdp: ");
	bc_true(names);
	values = strstr(names + 1, "\nUdp: ");
	bc_true(values);
	*values++ = 0;
	name = strtok_r(names, " \n", &save_name);
	value = strtok_r(values, " \n", &save_value);
	while (name && value && strcmp(name, "MemErrors")) {
		name = strtok_r(NULL, " \n", &save_name);
		value = strtok_r(NULL, " \n", &save_value);
	}
	bc_true(name && value);
	return strtoll(value, NULL, 10);
}

/* A datagram beyond the barrier is dropped; reading makes room. */
static void test_dgram(struct bc_group *g)
{
	struct bc_worker w;
	long long full;
	long port;
	int here, i;

	bc_own_net();
	bc_worker_start(&w, g);
	port = bc_call(&w, buf_make_server, SOCK_DGRAM);
	bc_true(port > 0);
	here = bc_connected_socket(SOCK_DGRAM, port);
	bc_true(here > 0);
	buf_set_both(g, DGRAM, 64 * BC_KIB, 64 * BC_KIB);
	for (i = 0; i < 200; i++)
		send(here, data, 1000, MSG_DONTWAIT);
	full = bc_held_of(g, DGRAM);
	bc_range(full, 32 * BC_KIB, 64 * BC_KIB);
	bc_true(bc_read_key(g, "bc.failcnt", DGRAM) > 0);
	bc_true(udp_drops() > 0);
	bc_eq(bc_held_of(g, RCV), 0);
	bc_eq(bc_failcnt(g), 0);
	bc_true(bc_call(&w, buf_drain_kept, 0) > 0);
	send(here, data, 1000, MSG_DONTWAIT);
	bc_eq(bc_call(&w, buf_drain_kept, 0), 1000);
	close(here);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/*
 * Packets that a packet socket receives: each counts to the byte, and as many
 * are kept as fit.
 */
static void test_packet_socket(struct bc_group *g)
{
	long long each, barrier;
	struct bc_worker w;
	long reader;
	int i;

	bc_own_net();
	bc_worker_start(&w, g);
	/* A frame without a type, all zeros, is received as this protocol. */
	reader = bc_call(&w, buf_make_packet, ETH_P_802_2);
	if (reader == -EAFNOSUPPORT)
		bc_skip("no packet sockets");
	bc_true(reader >= 0);
	bc_true(buf_make_packet(0) >= 0);
	send(bc_kept(0), data, 1000, 0);
	each = bc_held_of(g, DGRAM);
	bc_true(each >= 1000);
	barrier = 4 * each;
	buf_set_both(g, DGRAM, barrier, barrier);
	for (i = 0; i < 10; i++)
		send(bc_kept(0), data, 1000, 0);
	bc_eq(bc_held_of(g, DGRAM), barrier);
	bc_true(bc_read_key(g, "bc.failcnt", DGRAM) >= 7);
	bc_eq(bc_call(&w, buf_drain_kept, reader), 4000);
	bc_eq(bc_held_of(g, DGRAM), 0);
	bc_worker_stop(&w);
	buf_nothing_left(g);
}

/* SCTP counts in the rows of TCP. Returns whether its full socket is writable. */
static long fill_sctp(long unused)
{
	struct sockaddr_in sin = bc_loopback(7777);
	int in = socket(AF_INET, SOCK_STREAM, 132 /* IPPROTO_SCTP */);
	int out = socket(AF_INET, SOCK_STREAM, 132), small = 4096;

	(void)unused;
	if (in < 0 || out < 0 || bc_keep_fd(in) || bc_keep_fd(out))
		return buf_fail();
	setsockopt(in, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(in, (struct sockaddr *)&sin, sizeof(sin)) || listen(in, 1) ||
	    connect(out, (struct sockaddr *)&sin, sizeof(sin)) ||
	    bc_keep_fd(accept(in, NULL, NULL)))
		return buf_fail();
	while (send(out, data, 1000, MSG_DONTWAIT) > 0)
		;
	return errno == EAGAIN ? buf_writable(out) : buf_fail();
}

static void test_sctp(struct bc_group *g)
{
	struct bc_worker w;
	long ret;

	bc_own_net();
	bc_worker_start(&w, g);
	buf_set_both(g, SND, 64 * BC_KIB, 128 * BC_KIB);
	ret = bc_call(&w, fill_sctp, 0);
	if (ret == -EPROTONOSUPPORT || ret == -ESOCKTNOSUPPORT)
		bc_skip("no SCTP");
	bc_eq(ret, 0);
	bc_true(bc_held_of(g, SND) > 32 * BC_KIB);
	bc_true(bc_read_key(g, "bc.maxheld", SND) <= 128 * BC_KIB);
	bc_true(bc_read_key(g, "bc.failcnt", SND) > 0);
	/* The other end has sent nothing. It is writable, but not without room for it. */
	bc_eq(bc_call(&w, buf_writable_kept, 2), 1);
	buf_set_both(g, SND, bc_held_of(g, SND), bc_held_of(g, SND));
	bc_eq(bc_call(&w, buf_writable_kept, 2), 0);
	bc_group_kill(g);
	bc_true(bc_worker_died(&w, bc_patience(20000)));
	buf_nothing_left(g);
}

static const struct bc_case cases[] = {
	{ "tcp", test_tcp },
	{ "tcp_send", test_tcp_send },
	{ "tcp_receive", test_tcp_receive },
	{ "tcp_many", test_tcp_many },
	{ "other_group_speed", test_other_group_speed },
	{ "dgram", test_dgram },
	{ "packet_socket", test_packet_socket },
	{ "sctp", test_sctp },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

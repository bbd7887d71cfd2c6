// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLS in the kernel copies a record that does not fit into the receive buffer. The
 * payer of the socket pays for the copy, which an interrupt or a kernel thread makes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"

#define CONNECTIONS 20
#define RECORD 16000

/* In the worker: the receivers, each with a receive buffer that is too small. */
static int server = -1, receiver[CONNECTIONS];

static long serve(long unused)
{
	struct sockaddr_in sin;

	(void)unused;
	server = bc_bound_socket(SOCK_STREAM, &sin);
	if (server < 0 || listen(server, CONNECTIONS))
		return -1;
	return ntohs(sin.sin_port);
}

static long accept_one(long i)
{
	int small = 1;

	receiver[i] = accept(server, NULL, NULL);
	if (receiver[i] < 0 || bc_use_tls(receiver[i], BC_TLS_RX, i))
		return -errno;
	return setsockopt(receiver[i], SOL_SOCKET, SO_RCVBUF, &small,
			  sizeof(small));
}

/* Wait for a whole record: how long it is, or -1. */
static long receive(long i)
{
	static char data[2 * RECORD];

	return recv(receiver[i], data, sizeof(data), 0);
}

/* In the parent, which is in no group: the senders. */
static int sender[CONNECTIONS];
static char data[RECORD];

static void connect_all(struct bc_worker *w, long n)
{
	long port, i, ret;

	port = bc_call(w, serve, 0);
	bc_true(port > 0);
	for (i = 0; i < n; i++) {
		sender[i] = bc_sys(bc_connected_socket(SOCK_STREAM, port));
		ret = bc_call(w, accept_one, i);
		if (ret == -ENOENT || ret == -ENOPROTOOPT)
			bc_skip("no TLS in the kernel");
		bc_eq(ret, 0);
	}
}

static void reset_all(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		bc_reset_on_close(sender[i]);
		close(sender[i]);
	}
}

/* Records of which the end does not come. */
static void test_partial_records(struct bc_group *g)
{
	static const unsigned char head[5] = { 23, 3, 3, 0x40, 0 };
	long long base, copies = CONNECTIONS * 4 * bc_page_size();
	struct bc_worker w;
	int i;

	bc_own_net();
	bc_worker_start(&w, g);
	connect_all(&w, CONNECTIONS);
	base = bc_rest(g);
	memcpy(data, head, sizeof(head));
	for (i = 0; i < CONNECTIONS; i++)
		bc_eq(send(sender[i], data, RECORD, MSG_DONTWAIT), RECORD);
	bc_settles_within(g, BC_KMEM, base + copies, base + 2 * copies);
	bc_true(bc_audit(NULL, 0) <= 0);
	reset_all(CONNECTIONS);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Connections of a full group wait without work, and go on when it has room. */
static void test_full_group(struct bc_group *g)
{
	long long base, tries;
	struct bc_worker w;
	long i, got;

	bc_own_net();
	bc_worker_start(&w, g);
	connect_all(&w, CONNECTIONS);
	for (i = 0; i < CONNECTIONS; i++)
		bc_eq(bc_use_tls(sender[i], BC_TLS_TX, i), 0);
	base = bc_rest(g);
	bc_set_barrier(g, base);
	bc_set_limit(g, base + 4 * bc_page_size());
	bc_reset_maxheld(g);
	for (i = 0; i < CONNECTIONS; i++)
		bc_eq(send(sender[i], data, RECORD, MSG_DONTWAIT), RECORD);
	bc_pause_ms(500);
	/* Each of them tries five times a second, and each try is refused. */
	tries = bc_failcnt(g);
	bc_pause_ms(2000);
	tries = bc_failcnt(g) - tries;
	bc_note("%lld tries in two seconds", tries);
	bc_range(tries, 0, 15 * CONNECTIONS);
	bc_range(bc_maxheld(g), 0, base + 4 * bc_page_size());
	bc_true(bc_failcnt(g) > 0);
	bc_set_limit(g, base << 4);
	bc_set_barrier(g, base << 4);
	for (i = 0; i < CONNECTIONS; i++) {
		bc_call_begin(&w, receive, i);
		bc_true(bc_call_end(&w, 30000, &got));
		bc_eq(got, RECORD);
	}
	bc_true(bc_audit(NULL, 0) <= 0);
	reset_all(CONNECTIONS);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "partial_records", test_partial_records },
	{ "full_group", test_full_group },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

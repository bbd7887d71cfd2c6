// SPDX-License-Identifier: GPL-2.0-only
/*
 * numtcpsock and numothersock: each socket that a task makes counts, and each
 * connection counts for the listener, accepted or not. Sockets of the kernel do
 * not count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"

#define TCP "numtcpsock"
#define OTHER "numothersock"
#define N 6L

struct kind {
	int family, type, protocol;
	const char *key;
	int error;
};

static const struct kind kinds[] = {
	{ AF_INET, SOCK_STREAM, 0, TCP, ENOMEM },
	{ AF_INET6, SOCK_STREAM, 0, TCP, ENOBUFS },
	{ AF_INET, SOCK_STREAM, 262 /* MPTCP */, TCP, ENOMEM },
	{ AF_INET, SOCK_DGRAM, 0, OTHER, ENOMEM },
	{ AF_INET6, SOCK_DGRAM, 0, OTHER, ENOBUFS },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, OTHER, ENOMEM },
	{ AF_INET, SOCK_SEQPACKET, 132 /* SCTP */, OTHER, ENOMEM },
	{ AF_UNIX, SOCK_STREAM, 0, OTHER, ENOMEM },
	{ AF_UNIX, SOCK_DGRAM, 0, OTHER, ENOMEM },
	{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, OTHER, ENOMEM },
	{ AF_PACKET, SOCK_RAW, 0, OTHER, ENOBUFS },
	{ AF_VSOCK, SOCK_STREAM, 0, OTHER, ENOMEM },
	{ AF_ALG, SOCK_SEQPACKET, 0, OTHER, ENOMEM },
};

/* Makes @n sockets of a kind. A negative result is an error number. */
static long make_kind(long kind, long n)
{
	const struct kind *k = &kinds[kind];
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(socket(k->family, k->type, k->protocol)))
			return -errno;
	}
	return n;
}

static long make_n(long kind)
{
	return make_kind(kind, N);
}

static long make_one(long kind)
{
	return make_kind(kind, 1);
}

static const char *other_key(const char *key)
{
	return strcmp(key, TCP) ? TCP : OTHER;
}

/* Held, the edge, the error, the counters, and room again. */
static void check_kind(struct bc_group *g, struct bc_worker *w, long kind)
{
	const struct kind *k = &kinds[kind];
	long long fails = bc_resource(g, k->key, "failcnt");
	long got = bc_call(w, make_one, kind);

	bc_call(w, bc_drop_kept, 0);
	if (got < 0) {
		bc_note("family %d, protocol %d is not there: %s", k->family,
			k->protocol, strerror(-got));
		return;
	}
	bc_settles(g, k->key, 0);
	bc_set_key(g, "bc.barrier", k->key, N);
	bc_eq(bc_call(w, make_n, kind), N);
	bc_eq(bc_held_of(g, k->key), N);
	bc_eq(bc_held_of(g, other_key(k->key)), 0);
	bc_eq(bc_call(w, make_one, kind), -k->error);
	bc_eq(bc_resource(g, k->key, "failcnt"), fails + 1);
	bc_eq(bc_held_of(g, k->key), N);
	bc_eq(bc_call(w, bc_drop_some, 1), 0);
	bc_settles(g, k->key, N - 1);
	bc_eq(bc_call(w, make_one, kind), 1);
	bc_eq(bc_held_of(g, k->key), N);
	bc_call(w, bc_drop_kept, 0);
	bc_settles(g, k->key, 0);
	bc_eq(bc_resource(g, k->key, "forced"), 0);
	bc_set_key(g, "bc.barrier", k->key, BC_MAX);
}

static void test_socket_types(struct bc_group *g)
{
	struct bc_worker w;
	size_t i;

	bc_own_net();
	bc_worker_start(&w, g);
	for (i = 0; i < BC_COUNT(kinds); i++)
		check_kind(g, &w, i);
	bc_worker_stop(&w);
}

static long make_pair(long unused)
{
	int fds[2];

	(void)unused;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return -errno;
	bc_keep_fd(fds[0]);
	bc_keep_fd(fds[1]);
	return 0;
}

/* One of the two is refused, and nothing is left of the first. */
static void test_socketpair(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_set_key(g, "bc.barrier", OTHER, 3);
	bc_eq(bc_call(&w, make_pair, 0), 0);
	bc_eq(bc_held_of(g, OTHER), 2);
	bc_eq(bc_call(&w, make_pair, 0), -ENOMEM);
	bc_settles(g, OTHER, 2);
	bc_worker_stop(&w);
	bc_settles(g, OTHER, 0);
}

/* ------------------------------------------------------------- connections */

static struct sockaddr_in server;

static long listen_tcp(long backlog)
{
	int fd = bc_bound_socket(SOCK_STREAM, &server);

	if (fd < 0 || listen(fd, backlog) || bc_keep_fd(fd))
		return -1;
	return ntohs(server.sin_port);
}

static long accept_some(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = accept(bc_kept(0), NULL, NULL);

		if (bc_keep_fd(fd))
			return -1;
		bc_reset_on_close(fd);
	}
	return 0;
}

static int client_fds[N + 1];

static void connect_some(long port, long n)
{
	long i;

	for (i = 0; i < n; i++) {
		client_fds[i] = bc_sys(bc_connected_socket(SOCK_STREAM, port));
		bc_reset_on_close(client_fds[i]);
	}
}

/* Tries without waiting: at the barrier of the listener nobody answers. */
static int try_connect(int port)
{
	struct sockaddr_in sin = bc_loopback(port);
	int fd = bc_sys(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

	bc_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	bc_eq(errno, EINPROGRESS);
	return fd;
}

static void test_tcp_accept(struct bc_group *g)
{
	struct bc_worker w;
	long port, i;
	int late;

	bc_own_net();
	bc_worker_start(&w, g);
	port = bc_call(&w, listen_tcp, 64);
	bc_true(port > 0);
	bc_eq(bc_held_of(g, TCP), 1);
	connect_some(port, N);
	bc_settles(g, TCP, 1 + N);
	bc_eq(bc_call(&w, accept_some, N), 0);
	bc_eq(bc_held_of(g, TCP), 1 + N);
	bc_set_key(g, "bc.barrier", TCP, 1 + N);
	late = try_connect(port);
	bc_pause_ms(200);
	bc_eq(bc_held_of(g, TCP), 1 + N);
	bc_true(bc_resource(g, TCP, "failcnt") >= 1);
	/* With room again the client's next try gets through. */
	bc_set_key(g, "bc.barrier", TCP, BC_MAX);
	bc_settles(g, TCP, 2 + N);
	bc_eq(bc_call(&w, accept_some, 1), 0);
	bc_reset_on_close(late);
	close(late);
	for (i = 0; i < N; i++)
		close(client_fds[i]);
	bc_call(&w, bc_drop_kept, 0);
	bc_settles(g, TCP, 0);
	bc_worker_stop(&w);
}

static const struct sockaddr_un name = { AF_UNIX, "\0bc-numsock" };
#define NAME_LEN (offsetof(struct sockaddr_un, sun_path) + 11)

static long listen_unix(long backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return bc_keep_fd(fd) || bind(fd, (void *)&name, NAME_LEN) ||
	       listen(fd, backlog);
}

static long connect_unix(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (fd < 0)
			return -errno;
		if (connect(fd, (void *)&name, NAME_LEN)) {
			int error = errno;

			close(fd);
			return -error;
		}
		bc_keep_fd(fd);
	}
	return 0;
}

/* The listener pays for the other end, and the client for its own. */
static void test_unix_connect(struct bc_group *g)
{
	struct bc_group there, here;
	struct bc_worker server_, client;

	bc_own_net();
	bc_group_make(&there, g, "there");
	bc_group_make(&here, g, "here");
	bc_worker_start(&server_, &there);
	bc_worker_start(&client, &here);
	bc_eq(bc_call(&server_, listen_unix, 64), 0);
	bc_eq(bc_call(&client, connect_unix, N), 0);
	bc_eq(bc_held_of(&there, OTHER), 1 + N);
	bc_eq(bc_held_of(&here, OTHER), N);
	bc_eq(bc_held_of(g, OTHER), 1 + 2 * N);
	bc_eq(bc_call(&server_, accept_some, N), 0);
	bc_eq(bc_held_of(&there, OTHER), 1 + N);
	bc_set_key(&there, "bc.barrier", OTHER, 1 + N);
	bc_eq(bc_call(&client, connect_unix, 1), -ECONNREFUSED);
	bc_eq(bc_resource(&there, OTHER, "failcnt"), 1);
	bc_eq(bc_resource(&here, OTHER, "failcnt"), 0);
	bc_eq(bc_held_of(&here, OTHER), N);
	bc_worker_stop(&client);
	/* As long as the client's end is open, this one is there, too. */
	bc_eq(bc_held_of(&here, OTHER), N);
	bc_eq(bc_held_of(&there, OTHER), 1 + N);
	bc_worker_stop(&server_);
	bc_settles(g, OTHER, 0);
}

/* A listener without a payer: the client pays for both ends. */
static void test_unix_root_listener(struct bc_group *g)
{
	struct bc_worker w;

	bc_own_net();
	bc_eq(listen_unix(64), 0);
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, connect_unix, N), 0);
	bc_eq(bc_held_of(g, OTHER), 2 * N);
	bc_worker_stop(&w);
	bc_drop_kept(0);
	bc_settles(g, OTHER, 0);
}

static long own_net(long unused)
{
	(void)unused;
	return unshare(CLONE_NEWNET);
}

/* A network namespace has sockets of the kernel, which do not count. */
static void test_kernel_sockets(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_set_key(g, "bc.barrier", OTHER, 0);
	bc_set_key(g, "bc.barrier", TCP, 0);
	bc_eq(bc_call(&w, own_net, 0), 0);
	bc_eq(bc_held_of(g, OTHER), 0);
	bc_eq(bc_held_of(g, TCP), 0);
	bc_eq(bc_resource(g, OTHER, "failcnt"), 0);
	bc_worker_stop(&w);
}

/* A socket stays with the group that made it; a group above may refuse, too. */
static void test_hierarchy(struct bc_group *g)
{
	struct bc_group sub, next;
	struct bc_worker w;

	bc_group_make(&sub, g, "sub");
	bc_group_make(&next, g, "next");
	bc_worker_start(&w, &sub);
	bc_set_key(g, "bc.barrier", OTHER, N);
	bc_eq(bc_call(&w, make_n, 3), N);
	bc_eq(bc_group_attach(&next, w.pid), 0);
	bc_eq(bc_held_of(&sub, OTHER), N);
	bc_eq(bc_held_of(&next, OTHER), 0);
	bc_eq(bc_call(&w, make_one, 3), -ENOMEM);
	bc_eq(bc_read_key(g, "bc.failcnt.local", OTHER), 1);
	bc_eq(bc_read_key(&next, "bc.failcnt.local", OTHER), 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_settles(&sub, OTHER, 0);
	bc_eq(bc_call(&w, make_one, 3), 1);
	bc_eq(bc_held_of(&next, OTHER), 1);
	bc_worker_stop(&w);
	bc_settles(g, OTHER, 0);
}

static const struct bc_case cases[] = {
	{ "socket_types", test_socket_types },
	{ "socketpair", test_socketpair },
	{ "tcp_accept", test_tcp_accept },
	{ "unix_connect", test_unix_connect },
	{ "unix_root_listener", test_unix_root_listener },
	{ "kernel_sockets", test_kernel_sockets },
	{ "hierarchy", test_hierarchy },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

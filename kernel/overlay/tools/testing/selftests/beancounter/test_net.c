// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets: the sockets themselves, the data that lies in them, and connections
 * that a softirq made and a process accepts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bc_net.h"
#include "bc_object.h"

static int family, type, protocol;

static long make_socket(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(socket(family, type, protocol)))
			break;
	}
	return i;
}

static const char *sock_cache;

/* A file, a dentry, an inode and the object of the protocol. */
static void cost_socket(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("filp") + bc_need_slab("dentry") +
		    bc_need_slab("sock_inode_cache"));
	if (sock_cache)
		*low += n * bc_need_slab(sock_cache);
	*high = *low;
	/* Without a cache it is kmalloc: 1 to 2 KiB, twice that with lockdep. */
	if (!sock_cache) {
		*low += n * bc_kmalloc_size(1024);
		*high += n * bc_kmalloc_size(4096) + n * bc_kmalloc_size(512);
	}
}

/* In a network namespace of its own, with a loopback that is up. */
static void socket_case(struct bc_group *g, int fam, int typ, int proto,
			const char *cache)
{
	static const struct bc_object o = {
		.make = make_socket,
		.drop = bc_drop_kept,
		.cost = cost_socket,
		.count = 100,
		.errors = { ENOMEM, ENFILE, ENOBUFS },
	};
	int fd = socket(fam, typ, proto);

	if (fd < 0)
		bc_skip("no such sockets: %s", strerror(errno));
	close(fd);
	family = fam;
	type = typ;
	protocol = proto;
	sock_cache = cache;
	bc_object_test(g, &o);
}

static void test_unix(struct bc_group *g)
{
	socket_case(g, AF_UNIX, SOCK_DGRAM, 0, "UNIX");
}

static void test_unix_stream(struct bc_group *g)
{
	socket_case(g, AF_UNIX, SOCK_STREAM, 0, "UNIX-STREAM");
}

static void test_udp(struct bc_group *g)
{
	socket_case(g, AF_INET, SOCK_DGRAM, 0, "UDP");
}

static void test_tcp(struct bc_group *g)
{
	socket_case(g, AF_INET, SOCK_STREAM, 0, "TCP");
}

static void test_udp6(struct bc_group *g)
{
	socket_case(g, AF_INET6, SOCK_DGRAM, 0, "UDPv6");
}

static void test_tcp6(struct bc_group *g)
{
	socket_case(g, AF_INET6, SOCK_STREAM, 0, "TCPv6");
}

static void test_netlink(struct bc_group *g)
{
	socket_case(g, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, NULL);
}

static void test_packet(struct bc_group *g)
{
	socket_case(g, AF_PACKET, SOCK_RAW, 0, NULL);
}

/* ------------------------------------------------------- what lies in them */

#define CHUNK 32768

static int pair[2];

static long prepare_pair(long n)
{
	int size = n * CHUNK * 4;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
		return -1;
	return setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			  sizeof(size));
}

static long make_unix_data(long n)
{
	static char data[CHUNK];
	long i;

	for (i = 0; i < n; i++) {
		if (send(pair[0], data, CHUNK, 0) != CHUNK)
			break;
	}
	return i;
}

static long drop_unix_data(long unused)
{
	static char data[CHUNK];

	(void)unused;
	while (recv(pair[1], data, sizeof(data), 0) > 0)
		;
	return 0;
}

/* Heads and data of up to 4 KiB are rounded up; larger ones have pages. */
static void cost_unix_data(long n, long long *low, long long *high)
{
	*low = n * CHUNK;
	*high = n * (CHUNK * 2 + 2 * bc_kmalloc_size(4096) +
		     2 * bc_slab_size("skbuff_head_cache"));
}

static void test_unix_data(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_pair,
		.make = make_unix_data,
		.drop = drop_unix_data,
		.cost = cost_unix_data,
		.count = 32,
		.errors = { ENOBUFS, ENOMEM },
	};

	bc_object_test(g, &o);
}

/* Files that are being passed: their list, in a message. */
static long make_rights(long n)
{
	int zero = 0;
	long i;

	for (i = 0; i < n; i++) {
		if (bc_hand_over(pair[0], &zero, 1))
			break;
	}
	return i;
}

static long prepare_rights(long n)
{
	/* A file that is certainly there, to be passed on. */
	dup2(pair[0], 0);
	return prepare_pair(n);
}

/* struct scm_fp_list for the first one has 253 pointers, its copy only one. */
static void cost_rights(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("skbuff_head_cache") + bc_kmalloc_size(48));
	*high = n * (bc_need_slab("skbuff_head_cache") + bc_kmalloc_size(2100) +
		     bc_kmalloc_size(1024));
}

static void test_rights(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_rights,
		.make = make_rights,
		.drop = drop_unix_data,
		.cost = cost_rights,
		.count = 64,
		.errors = { ENOBUFS, ENOMEM },
	};

	bc_object_test(g, &o);
}

/* Datagrams that a process sends to itself over the loopback and never reads. */
static int udp_in, udp_out;

static long prepare_udp(long n)
{
	struct sockaddr_in sin;

	(void)n;
	udp_in = bc_bound_socket(SOCK_DGRAM, &sin);
	if (udp_in < 0)
		return -1;
	fcntl(udp_in, F_SETFL, O_NONBLOCK);
	udp_out = socket(AF_INET, SOCK_DGRAM, 0);
	return connect(udp_out, (struct sockaddr *)&sin, sizeof(sin));
}

static unsigned int udp_drops(void)
{
	unsigned int info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(udp_in, SOL_SOCKET, SO_MEMINFO, info, &len))
		return 0;
	return info[SK_MEMINFO_DROPS];
}

static long make_udp_data(long n)
{
	static char data[8000];
	unsigned int before = udp_drops();
	long i;

	for (i = 0; i < n; i++) {
		if (send(udp_out, data, sizeof(data), 0) < 0)
			break;
		/* There is no room in the socket where it would wait. */
		if (udp_drops() != before) {
			errno = ENOBUFS;
			break;
		}
	}
	return i;
}

static long drop_udp_data(long unused)
{
	static char data[8000];

	(void)unused;
	while (recv(udp_in, data, sizeof(data), 0) > 0)
		;
	return 0;
}

static void cost_udp_data(long n, long long *low, long long *high)
{
	*low = n * 8000;
	*high = n * (2 * bc_kmalloc_size(8192) +
		     bc_slab_size("skbuff_head_cache")) +
		32 * BC_KIB; /* the page fragment of the task */
}

static void test_udp_data(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_udp,
		.make = make_udp_data,
		.drop = drop_udp_data,
		.cost = cost_udp_data,
		.count = 100,
		.errors = { ENOBUFS, ENOMEM },
	};

	bc_own_net();
	bc_object_test(g, &o);
}

/* ---------------------------------------------------- routes and neighbours */

static long make_net(long unused)
{
	(void)unused;
	bc_own_net();
	return 0;
}

static void enter_net_of(const struct bc_worker *w)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", w->pid);
	fd = bc_sys(open(path, O_RDONLY));
	bc_sys(setns(fd, CLONE_NEWNET));
	close(fd);
}

static void send_both(void)
{
	struct sockaddr_in in = bc_loopback(9);
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(9),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = bc_sys(socket(AF_INET, SOCK_DGRAM, 0));
	int fd6 = bc_sys(socket(AF_INET6, SOCK_DGRAM, 0));

	bc_sys(sendto(fd, "", 1, 0, (struct sockaddr *)&in, sizeof(in)));
	bc_sys(sendto(fd6, "", 1, 0, (struct sockaddr *)&in6, sizeof(in6)));
	close(fd);
	close(fd6);
}

/* Whoever sends, they are charged to the group that made the namespace. */
static void test_neighbours(struct bc_group *g)
{
	long routes, routes6;
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	bc_call(&w, make_net, 0);
	enter_net_of(&w);
	routes = bc_objects_of(g, "rtable");
	routes6 = bc_objects_of(g, "ip6_dst_cache");
	base = bc_rest(g);
	send_both();
	bc_true(bc_objects_of(g, "rtable") > routes);
	bc_true(bc_objects_of(g, "ip6_dst_cache") > routes6);
	/* Besides, each route has a neighbour. */
	bc_true(bc_held(g) - base >=
		2 * 256 + (bc_objects_of(g, "rtable") - routes) * 200 +
			(bc_objects_of(g, "ip6_dst_cache") - routes6) * 200);
	/* Nothing must keep the namespace. */
	bc_own_net();
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* ----------------------------------------------------------------- accept */

static struct sockaddr_in server;

static long make_server(long unused)
{
	int fd = bc_bound_socket(SOCK_STREAM, &server);

	(void)unused;
	if (fd < 0 || listen(fd, 64))
		return -1;
	bc_keep_fd(fd);
	return ntohs(server.sin_port);
}

static long accept_one(long unused)
{
	int fd = accept(bc_kept(0), NULL, NULL);

	(void)unused;
	if (fd >= 0)
		bc_keep_fd(fd);
	return fd;
}

static long reset_all(long unused)
{
	long i;

	(void)unused;
	for (i = 1; i < bc_kept_count(); i++)
		bc_reset_on_close(bc_kept(i));
	return 0;
}

static void connect_to(long port)
{
	bc_sys(bc_connected_socket(SOCK_STREAM, port));
}

/*
 * A softirq makes the socket of a connection for the listener. If nobody pays
 * for the listener, the task that accepts the connection pays.
 */
static void test_accept(struct bc_group *g)
{
	long long base, file, sock = bc_need_slab("TCP");
	struct bc_worker w;
	long port;

	bc_own_net();
	port = make_server(0);
	bc_true(port > 0);
	bc_worker_start(&w, g);
	connect_to(port);
	bc_true(bc_call(&w, accept_one, 0) > 0);
	file = bc_need_slab("filp") + bc_need_slab("dentry") +
	       bc_need_slab("sock_inode_cache");
	base = bc_rest(g);
	connect_to(port);
	bc_eq(bc_held(g), base);
	bc_true(bc_call(&w, accept_one, 0) > 0);
	bc_range(bc_held(g) - base, file + sock, file + sock + 1024);

	/*
	 * There is room for the file, but not for the socket. The socket exists
	 * already and cannot be refused, so it is forced, and counted as
	 * forced.
	 */
	connect_to(port);
	base = bc_held(g);
	bc_set_limit(g, base + file + sock / 2);
	bc_eq(bc_forced(g), 0);
	bc_true(bc_call(&w, accept_one, 0) > 0);
	bc_true(bc_forced(g) > 0);
	bc_true(bc_held(g) > base + file + sock / 2);
	bc_call(&w, reset_all, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "unix_socket", test_unix },
	{ "unix_stream_socket", test_unix_stream },
	{ "udp_socket", test_udp },
	{ "tcp_socket", test_tcp },
	{ "udp6_socket", test_udp6 },
	{ "tcp6_socket", test_tcp6 },
	{ "netlink_socket", test_netlink },
	{ "packet_socket", test_packet },
	{ "unix_data", test_unix_data },
	{ "unix_rights", test_rights },
	{ "udp_data", test_udp_data },
	{ "neighbours", test_neighbours },
	{ "tcp_accept_charge", test_accept },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

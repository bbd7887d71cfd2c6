// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_sockbuf.h"

static const char *const rows[] = { SND, RCV, OTHER, DGRAM };

struct sockaddr_in server;
char data[64 << 10];

long buf_fail(void)
{
	return errno ? -errno : -1;
}

long buf_make_server(long type)
{
	int fd = bc_bound_socket(type, &server);

	if (fd < 0 || (type == SOCK_STREAM && listen(fd, 1024)) ||
	    bc_keep_fd(fd))
		return buf_fail();
	return ntohs(server.sin_port);
}

long buf_connect_udp(long port)
{
	int fd = bc_connected_socket(SOCK_DGRAM, port);

	return fd < 0 || bc_keep_fd(fd) ? buf_fail() : bc_kept_count() - 1;
}

long buf_connect_tcp(long port)
{
	int fd = bc_connected_socket(SOCK_STREAM, port);

	return fd < 0 ? buf_fail() : fd;
}

long buf_accept(long unused)
{
	int fd = accept(bc_kept(0), NULL, NULL);

	(void)unused;
	return fd < 0 ? buf_fail() : fd;
}

int buf_connect_here(struct bc_worker *w, long *there)
{
	long port = bc_kept_count() ? ntohs(server.sin_port) :
				      buf_make_server(SOCK_STREAM);
	int fd;

	bc_true(port > 0);
	*there = bc_call(w, buf_connect_tcp, port);
	bc_true(*there > 0);
	fd = buf_accept(0);
	bc_true(fd > 0);
	return fd;
}

long buf_fill(long fd)
{
	long sent = 0, n;

	while ((n = send(fd, data, sizeof(data), MSG_DONTWAIT)) > 0)
		sent += n;
	return sent;
}

long buf_drain(long fd)
{
	long got = 0, n;

	while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0)
		got += n;
	return got;
}

long buf_drain_kept(long i)
{
	return buf_drain(bc_kept(i));
}

/* Keeps two connected sockets: what one sends the other receives. */
long buf_make_pair(long type)
{
	int fd[2];

	if (socketpair(AF_UNIX, type, 0, fd) || bc_keep_fd(fd[0]) ||
	    bc_keep_fd(fd[1]))
		return buf_fail();
	return bc_kept_count() - 2;
}

long buf_send_kept(long i)
{
	return send(bc_kept(i), data, 1000, MSG_DONTWAIT) < 0 ? buf_fail() : 0;
}

long buf_send_waiting(long i)
{
	return send(bc_kept(i), data, 1000, 0) < 0 ? buf_fail() : 0;
}

long buf_writable(long fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) < 0 ? buf_fail() : !!(p.revents & POLLOUT);
}

long buf_writable_kept(long i)
{
	return buf_writable(bc_kept(i));
}

long buf_reset_one(long fd)
{
	bc_reset_on_close(fd);
	return close(fd);
}

/* A packet socket on the loopback device, which receives one protocol. */
long buf_make_packet(long protocol)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex("lo"),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));

	if (fd < 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)) ||
	    bc_keep_fd(fd))
		return buf_fail();
	return bc_kept_count() - 1;
}

void buf_nothing_left(const struct bc_group *g)
{
	size_t i;

	for (i = 0; i < BC_COUNT(rows); i++) {
		bc_note("%s", rows[i]);
		bc_settles(g, rows[i], 0);
	}
	bc_held_is(g, 0);
}

void buf_set_both(const struct bc_group *g, const char *row, long long barrier,
		  long long limit)
{
	/* Without a limit in the way, the barrier can be set first. */
	bc_set_key(g, "bc.limit", row, BC_MAX);
	bc_set_key(g, "bc.barrier", row, barrier);
	bc_set_key(g, "bc.limit", row, limit);
}

long buf_wait_writable(long fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, bc_patience(20000)) == 1 ? 0 : buf_fail();
}

long buf_send_begun(long i)
{
	return send(bc_kept(i), data, 1000, MSG_MORE) < 0 ? buf_fail() : 0;
}

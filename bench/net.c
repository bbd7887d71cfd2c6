// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: packets of 100 bytes over the loopback device, each sent
 * and received by the same process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define PACKET 100

/* Two ends of a connection. */
static int tcp[2] = { -1, -1 }, udp[2] = { -1, -1 }, pair[2] = { -1, -1 };
/* Its receive buffer is full, so whatever comes is dropped in the softirq. */
static int full[2] = { -1, -1 };

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = CHECK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK(ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
}

/* A socket that is bound to a free port of the loopback device. */
static int bound(int type, struct sockaddr_in *at)
{
	socklen_t size = sizeof(*at);
	int fd = CHECK(socket(AF_INET, type, 0));

	*at = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	CHECK(bind(fd, (struct sockaddr *)at, size));
	CHECK(getsockname(fd, (struct sockaddr *)at, &size));
	return fd;
}

static void connect_udp(int *ends)
{
	struct sockaddr_in at;

	ends[1] = bound(SOCK_DGRAM, &at);
	ends[0] = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK(connect(ends[0], (struct sockaddr *)&at, sizeof(at)));
}

static void connect_tcp(int *ends)
{
	struct sockaddr_in at;
	int listener = bound(SOCK_STREAM, &at), one = 1;

	CHECK(listen(listener, 1));
	ends[0] = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK(connect(ends[0], (struct sockaddr *)&at, sizeof(at)));
	ends[1] = CHECK(accept(listener, NULL, NULL));
	CHECK(setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	close(listener);
}

static void send_packet(const int *ends)
{
	char data[PACKET] = { 0 };

	if (CHECK(send(ends[0], data, sizeof(data), 0)) != PACKET)
		die("send: a part of the packet only");
}

static void send_receive(const int *ends)
{
	char data[PACKET];

	send_packet(ends);
	if (CHECK(recv(ends[1], data, sizeof(data), MSG_WAITALL)) != PACKET)
		die("recv: a part of the packet only");
}

/* More than the smallest receive buffer takes. */
static void fill(void)
{
	int i, least = 1;

	CHECK(setsockopt(full[1], SOL_SOCKET, SO_RCVBUF, &least,
			 sizeof(least)));
	for (i = 0; i < 100; i++)
		send_packet(full);
}

void net_prepare(void)
{
	loopback_up();
	connect_tcp(tcp);
	connect_udp(udp);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	connect_udp(full);
	fill();
}

static void net_close(int *ends)
{
	close(ends[0]);
	close(ends[1]);
}

void net_finish(void)
{
	net_close(tcp);
	net_close(udp);
	net_close(pair);
	net_close(full);
}

void call_socket(void)
{
	close(CHECK(socket(AF_INET, SOCK_DGRAM, 0)));
}

void call_tcp(void)
{
	send_receive(tcp);
}

void call_udp(void)
{
	send_receive(udp);
}

void call_unix(void)
{
	send_receive(pair);
}

void call_dropped(void)
{
	send_packet(full);
}

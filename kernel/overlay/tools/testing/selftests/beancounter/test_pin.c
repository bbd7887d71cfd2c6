// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockedpages: memory that sockets keep pinned until it has been sent. It is
 * charged to the group that hands it to the socket, and given back when it is
 * unpinned, whoever does that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_net.h"
#include "bc_pin.h"
#include "bc_uring.h"

/* More than that many bytes of UDP wait uncopied only if they will be segmented. */
#define SEGMENT 8192

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int sender = -1, receiver = -1;

static long close_sockets(long unused)
{
	(void)unused;
	if (receiver >= 0)
		close(receiver);
	receiver = -1;
	return close(sender);
}

static long zero_copy(int fd)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one));
}

/* A receiver that takes next to nothing, so that the rest stays with the sender. */
static long prep_tcp(long n)
{
	struct sockaddr_in sin;
	int listener, one = 1;

	listener = bc_bound_socket(SOCK_STREAM, &sin);
	if (setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)) ||
	    listen(listener, 1))
		return -1;
	sender = bc_connected_socket(SOCK_STREAM, ntohs(sin.sin_port));
	if (zero_copy(sender) || bc_reset_on_close(sender))
		return -1;
	receiver = accept(listener, NULL, NULL);
	close(listener);
	return bc_reset_on_close(receiver) ? -1 : bc_pin_map(n);
}

static long do_tcp(long n)
{
	ssize_t sent = send(sender, bc_pin_area, bc_bytes(n),
			    MSG_ZEROCOPY | MSG_DONTWAIT);

	return sent < 0 ? -1 : 0;
}

static long prep_udp(long n)
{
	int size = SEGMENT;

	sender = bc_connected_socket(SOCK_DGRAM, 9);
	if (zero_copy(sender) ||
	    setsockopt(sender, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		return -1;
	return bc_pin_map(n);
}

/* More data is to come, so the datagram waits. */
static long do_udp(long n)
{
	ssize_t sent =
		send(sender, bc_pin_area, bc_bytes(n), MSG_ZEROCOPY | MSG_MORE);

	return sent < 0 ? -1 : 0;
}

/* The same with io_uring; these constants are of Linux 6.0. */
#define OP_SEND_ZC 47
#define CQE_F_NOTIF 8

static struct bc_uring ring = { .fd = -1 };

static long prep_uring(long n)
{
	if (prep_tcp(n))
		return -1;
	return ring.fd < 0 ? bc_uring_open(&ring, 4) : 0;
}

/*
 * Returns the result of the send. A later completion says that the memory is
 * free again.
 */
static long do_uring(long n)
{
	struct io_uring_sqe *sqe = bc_uring_add(&ring);
	struct io_uring_cqe cqe;

	sqe->opcode = OP_SEND_ZC;
	sqe->fd = sender;
	sqe->addr = (unsigned long)bc_pin_area;
	sqe->len = bc_bytes(n);
	sqe->msg_flags = MSG_DONTWAIT;
	if (bc_uring_submit(&ring, 1) != 1)
		return -1;
	do {
		if (bc_uring_wait(&ring, &cqe))
			return -1;
	} while (cqe.flags & CQE_F_NOTIF);
	errno = cqe.res < 0 ? -cqe.res : 0;
	return cqe.res < 0 ? -1 : 0;
}

#define SOCKET(name, ...)                                              \
	BC_PIN_CASE(name, .setup = bc_own_net, .prepare = prep_##name, \
		    .undo = close_sockets, .pages = BC_PIN_PAGES, __VA_ARGS__)

/* Programs send a copy when MSG_ZEROCOPY fails with ENOBUFS. */
SOCKET(tcp, .act = do_tcp, .first = 1, .error = ENOBUFS)
SOCKET(udp, .act = do_udp, .error = ENOBUFS)
SOCKET(uring, .act = do_uring, .first = 1, .error = ENOMEM)

#define BYTES 64

/* As TCP; but one byte of each page is sent. */
static long do_bytes(long n)
{
	struct iovec io[BYTES];
	struct msghdr msg = { .msg_iov = io, .msg_iovlen = n };
	long i;

	for (i = 0; i < n; i++)
		io[i] = (struct iovec){ bc_pin_area + bc_bytes(i), 1 };
	return sendmsg(sender, &msg, MSG_ZEROCOPY | MSG_DONTWAIT) == n ? 0 : -1;
}

/* Pages count, not bytes. */
static void test_bytes(struct bc_group *g)
{
	struct bc_worker w;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_tcp, BYTES), 0);
	bc_eq(bc_call(&w, do_tcp, 1), 0);
	bc_eq(bc_call(&w, do_bytes, BYTES), 0);
	/* The page that comes first may count twice. */
	bc_range(bc_held_of(g, BC_LOCKED), BYTES, BYTES + 1);
	bc_eq(bc_call(&w, close_sockets, 0), 0);
	bc_settles(g, BC_LOCKED, 0);
	bc_worker_stop(&w);
}

/* Send one byte of each page on its own: how many pages could be sent. */
static long send_each(long n)
{
	long i, sent = 0;

	for (i = 0; i < n; i++) {
		if (send(sender, bc_pin_area + bc_bytes(i), 1,
			 MSG_ZEROCOPY | MSG_MORE | MSG_DONTWAIT) == 1)
			sent++;
		else if (send(sender, bc_pin_area + bc_bytes(i), 1,
			      MSG_ZEROCOPY | MSG_MORE | MSG_DONTWAIT) == 1)
			sent++;
	}
	return sent;
}

/* A page that was refused is refused again. */
static void test_again(struct bc_group *g)
{
	struct bc_worker w;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_tcp, BYTES), 0);
	bc_eq(bc_set_key(g, "bc.barrier", BC_LOCKED, BC_PIN_PAGES), 0);
	bc_eq(bc_call(&w, send_each, BYTES), BC_PIN_PAGES);
	bc_eq(bc_held_of(g, BC_LOCKED), BC_PIN_PAGES);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

/* Begin a packet, and leave it in the socket. */
static long send_first(long unused)
{
	(void)unused;
	return send(sender, bc_pin_area, 1,
		    MSG_ZEROCOPY | MSG_MORE | MSG_DONTWAIT);
}

/* How many of so many sends in a row are refused, which would go into that packet. */
static long send_refused(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (send(sender, bc_pin_area + bc_bytes(1), 100,
			 MSG_ZEROCOPY | MSG_MORE | MSG_DONTWAIT) != -1 ||
		    errno != ENOBUFS)
			break;
	}
	return i;
}

#define WMEM_QUEUED 5 /* in SO_MEMINFO, see linux/sock_diag.h */

static long queued_bytes(long unused)
{
	unsigned int info[9] = {};
	socklen_t len = sizeof(info);

	(void)unused;
	getsockopt(sender, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[WMEM_QUEUED];
}

static long send_copy(long n)
{
	return send(sender, bc_pin_area, bc_bytes(n), MSG_DONTWAIT);
}

/* A send that was refused takes no room from the socket, and a copy can be sent. */
static void test_refused_often(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	long queued;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_tcp, BYTES), 0);
	bc_eq(bc_call(&w, send_first, 0), 1);
	bc_eq(bc_set_key(g, "bc.barrier", BC_LOCKED, 0), 0);
	before = bc_held(g);
	queued = bc_call(&w, queued_bytes, 0);
	bc_true(queued > 0);
	bc_eq(bc_call(&w, send_refused, 500), 500);
	bc_eq(bc_call(&w, queued_bytes, 0), queued);
	bc_range(bc_held(g), 0, before + bc_bytes(4));
	bc_eq(bc_call(&w, send_copy, 4), bc_bytes(4));
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

/* Without segments, UDP copies what waits, and nothing is pinned. */
static long do_udp_copied(long n)
{
	int none = 0;

	if (prep_udp(n) ||
	    setsockopt(sender, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof(none)))
		return -1;
	return do_udp(n);
}

static void test_udp_copied(struct bc_group *g)
{
	struct bc_worker w;

	bc_own_net();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, do_udp_copied, BC_PIN_PAGES), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "tcp", test_tcp },
	{ "udp", test_udp },
	{ "bytes", test_bytes },
	{ "again", test_again },
	{ "refused_often", test_refused_often },
	{ "udp_copied", test_udp_copied },
	{ "uring", test_uring },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

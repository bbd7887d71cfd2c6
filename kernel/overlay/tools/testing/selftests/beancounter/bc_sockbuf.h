/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of socket buffers: jobs that use sockets, for more than one program.
 */
#ifndef BC_SOCKBUF_H
#define BC_SOCKBUF_H

#include "bc_net.h"
#include "bc_object.h"
#include "bc_util.h"

#define SND "tcpsndbuf"
#define RCV "tcprcvbuf"
#define OTHER "othersockbuf"
#define DGRAM "dgramrcvbuf"

/* The data that jobs send. */
extern char data[64 << 10];
/* Where make_server() listens. */
extern struct sockaddr_in server;

/* The result of a job that has failed: -errno, and never 0. */
long buf_fail(void);

/* Jobs that keep the sockets they make. A negative result is an error number. */
long buf_make_server(long type); /* returns its port */
long buf_connect_udp(long port); /* returns its number among those kept */
long buf_connect_tcp(long port); /* returns its descriptor, and keeps none */
long buf_accept(long unused); /* the same, from the first kept socket */
long buf_make_pair(long type); /* the same; what one sends the next receives */
long buf_make_packet(long protocol); /* the same, on the loopback device */

/* Jobs with a descriptor. The first two go on while they need not wait. */
long buf_fill(long fd);
long buf_drain(long fd);
long buf_writable(long fd);
long buf_wait_writable(long fd);
long buf_reset_one(long fd);

/* Jobs with the number of a kept socket. */
long buf_drain_kept(long i);
long buf_send_kept(long i);
long buf_send_waiting(long i);
long buf_send_begun(long i); /* a datagram to which more is added */
long buf_writable_kept(long i);

/*
 * A connection of the worker to the case: the descriptor here, and the one there.
 * The first call makes the server.
 */
int buf_connect_here(struct bc_worker *w, long *there);

void buf_nothing_left(const struct bc_group *g);
void buf_set_both(const struct bc_group *g, const char *row, long long barrier,
		  long long limit);

#endif /* BC_SOCKBUF_H */

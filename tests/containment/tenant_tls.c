// SPDX-License-Identifier: GPL-2.0-only
/* Attacks of tenants with TLS in the kernel. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "bc_net.h"
#include "tenant.h"

static char data[65536];

/* TLS records that are not full: their pages wait for the rest. */
static bool ktls_records(long i)
{
	int fd[2];

	return !stream(0, fd) && !bc_use_tls(fd[0], BC_TLS_TX, i) &&
	       send(fd[0], data, 16000, MSG_MORE | MSG_DONTWAIT) > 0;
}

/* Decrypted TLS records that were only peeked at, and so stay. */
static bool ktls_peeked(long i)
{
	static struct iovec v[1024];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = BC_COUNT(v) };
	int fd[2], k;

	for (k = 0; k < (int)BC_COUNT(v); k++)
		v[k] = (struct iovec){ data, sizeof(data) };
	if (stream(0, fd) || bc_use_tls(fd[0], BC_TLS_TX, i) ||
	    bc_use_tls(fd[1], BC_TLS_RX, i))
		return false;
	for (k = 0; k < 8; k++) {
		while (send(fd[0], data, 16000, MSG_DONTWAIT) > 0)
			;
		if (recvmsg(fd[1], &m, MSG_PEEK | MSG_DONTWAIT) < 0)
			return false;
	}
	return true;
}

/* A record that does not fit into the receive buffer, of which the end never comes. */
static bool ktls_unfinished(long i)
{
	static const unsigned char head[5] = { 23, 3, 3, 0x40, 0 };
	int fd[2], small = 1;

	if (stream(0, fd) || bc_use_tls(fd[1], BC_TLS_RX, i) ||
	    setsockopt(fd[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)))
		return false;
	memcpy(data, head, sizeof(head));
	return send(fd[0], data, 16000, MSG_DONTWAIT) > 0;
}

const struct attack tls_attacks[] = {
	TENANT(ktls_records, 2000),
	TENANT(ktls_peeked, 100),
	TENANT(ktls_unfinished, 3000),
};

const size_t nr_tls_attacks = BC_COUNT(tls_attacks);

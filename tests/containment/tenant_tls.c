// SPDX-License-Identifier: GPL-2.0-only
/* Attacks of tenants with TLS in the kernel. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tenant.h"

static char data[65536];

#define TLS_TX 1
#define TLS_RX 2

static bool use_tls(int fd, int direction, long key)
{
	struct {
		unsigned short version, cipher;
		unsigned char iv[8], key[16], salt[4], seq[8];
	} info = { 0x0303, 51 /* TLS_CIPHER_AES_GCM_128 */, { key } };

	return !setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4) &&
	       !setsockopt(fd, 282 /* SOL_TLS */, direction, &info,
			   sizeof(info));
}

/* TLS records that are not full: their pages wait for the rest. */
static bool ktls_records(long i)
{
	int fd[2];

	return !stream(0, fd) && use_tls(fd[0], TLS_TX, i) &&
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
	if (stream(0, fd) || !use_tls(fd[0], TLS_TX, i) ||
	    !use_tls(fd[1], TLS_RX, i))
		return false;
	for (k = 0; k < 8; k++) {
		while (send(fd[0], data, 16000, MSG_DONTWAIT) > 0)
			;
		if (recvmsg(fd[1], &m, MSG_PEEK | MSG_DONTWAIT) < 0)
			return false;
	}
	return true;
}

const struct attack tls_attacks[] = {
	TENANT(ktls_records, 2000),
	TENANT(ktls_peeked, 100),
};

const size_t nr_tls_attacks = BC_COUNT(tls_attacks);

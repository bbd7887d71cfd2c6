/* SPDX-License-Identifier: GPL-2.0-only */
/* Networks for tests. */
#ifndef BC_NET_H
#define BC_NET_H

#include <netinet/in.h>

/* A network of the process's own, with a loopback device; skips the case without. */
void bc_own_net(void);

/*
 * A socket of AF_INET with a port of its own on the loopback device, and room
 * for 8 MiB.  -1 with errno set when there is none.
 */
int bc_bound_socket(int type, struct sockaddr_in *sin);

/* A port of the loopback device, and a socket that is connected to it. */
struct sockaddr_in bc_loopback(int port);
int bc_connected_socket(int type, int port);

/*
 * Makes close() reset the connection and drop what was not sent, so that nobody
 * waits for it for a minute.
 */
int bc_reset_on_close(int fd);

/*
 * Let the kernel do TLS 1.2 on a connection, in one direction, with a key from a number.
 * Returns 0, or -1 with errno: ENOENT when the kernel has no TLS.
 */
enum { BC_TLS_TX = 1, BC_TLS_RX };
int bc_use_tls(int fd, int direction, long key);

/* The checksum of a header of IPv4. */
unsigned short bc_checksum(const void *at, size_t size);

#endif /* BC_NET_H */

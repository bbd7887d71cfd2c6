/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the payers and the rows of the buffers of sockets.
 */
#ifndef _KERNEL_BC_SOCK_H
#define _KERNEL_BC_SOCK_H

#include <net/sock.h>

#include "charge.h"

/* The payer of a socket; the charge of the struct sock pins it. */
static inline struct beancounter *bc_sock_payer(const struct sock *sk)
{
	return bc_object_owner(sk, NULL);
}

/*
 * TCP and its kin, SCTP and MPTCP, account the memory for what they send and receive
 * page by page. sk_prot may change, as for kTLS; sk_prot_creator does not.
 */
static inline bool bc_sock_is_tcp(const struct sock *sk)
{
	return sk->sk_prot_creator->memory_pressure;
}

/* The row in which the buffers of a direction count; it never changes for a socket. */
static inline enum bc_resource bc_sock_row(const struct sock *sk, int kind)
{
	if (kind == SK_MEM_SEND)
		return bc_sock_is_tcp(sk) ? BC_TCPSNDBUF : BC_OTHERSOCKBUF;
	return bc_sock_is_tcp(sk) ? BC_TCPRCVBUF : BC_DGRAMRCVBUF;
}

/* sockwait.c */
void bc_sock_wait(struct sock *sk, u64 bytes);
void bc_sock_unwait(struct sock *sk);
void bc_sock_look(struct sock *sk);

#endif /* _KERNEL_BC_SOCK_H */

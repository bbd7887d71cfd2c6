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
	return likely(sk->sk_bc.item) ? sk->sk_bc.bc : bc_slab_owner(sk);
}

/*
 * TCP and its kin, SCTP and MPTCP, account the memory for what they send and receive
 * page by page. sk_prot may change, as for kTLS; sk_prot_creator does not.
 */
static inline bool bc_sock_is_tcp(const struct sock *sk)
{
	return sk->sk_prot_creator->memory_pressure;
}

/* As sk_has_account(), which reads sk_prot: another task may change that meanwhile. */
static inline bool bc_sock_has_account(const struct sock *sk)
{
	return sk->sk_prot_creator->memory_allocated;
}

/* The row in which the buffers of a direction count; it never changes for a socket. */
static inline enum bc_resource bc_sock_row(const struct sock *sk, int kind)
{
	if (kind == SK_MEM_SEND)
		return bc_sock_is_tcp(sk) ? BC_TCPSNDBUF : BC_OTHERSOCKBUF;
	return bc_sock_is_tcp(sk) ? BC_TCPRCVBUF : BC_DGRAMRCVBUF;
}

/**
 * bc_charge_buffer() - charge bytes that count in two resources
 * @bc: payer
 * @row: the other resource, beside kmemsize; a constant, so that its lane is one, too,
 *	and the usual way is short
 * @bytes: of both
 * @severity: what to check against
 *
 * Context: Any in which @bc is pinned; does not sleep.
 * Return: false, with nothing charged, when they do not fit in one of the two.
 */
static __always_inline bool bc_charge_buffer(struct beancounter *bc,
					     enum bc_resource row, u64 bytes,
					     enum bc_severity severity)
{
	return likely(bc_take_here(bc, bytes, row, bytes)) ||
	       bc_buffer_apart(bc, row, bytes, severity);
}

/**
 * bc_uncharge_buffer() - give back what bc_charge_buffer() charged
 * @bc: payer
 * @row: as there
 * @bytes: of both
 *
 * Context: Any.
 */
static __always_inline void bc_uncharge_buffer(struct beancounter *bc,
					       enum bc_resource row, u64 bytes)
{
	/* Until the bytes of kmemsize go they keep the account. */
	if (unlikely(!bc_lane_give(bc_stock_here(bc), row, bytes)))
		bc_uncharge(bc, row, bytes);
	if (unlikely(bytes > BC_STOCK_MAX))
		bc_uncharge(bc, BC_KMEMSIZE, bytes);
	else
		bc_kmem_uncharge(bc, bytes);
}

/* sockwait.c */
void bc_sock_wait(struct sock *sk, u64 bytes);
void bc_sock_unwait(struct sock *sk);
void bc_sock_look(struct sock *sk);

#endif /* _KERNEL_BC_SOCK_H */

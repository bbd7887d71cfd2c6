/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the buffers of sockets. Empty without the option.
 *
 * The hooks of protocols that account the memory of their sockets page by page.
 */
#ifndef _LINUX_BC_SOCK_H
#define _LINUX_BC_SOCK_H

#include <linux/beancounter.h>
#include <net/sock.h>

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_sock_charge(struct sock *sk, unsigned int pages,
				   int kind, enum bc_severity severity);
void __bc_sock_uncharge(struct sock *sk, unsigned int pages);
void __bc_sock_free(struct sock *sk);

/**
 * bc_sock_charge() - charge pages for the buffers of a socket
 * @sk: the socket
 * @pages: how many
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 *
 * Context: Any; does not sleep.
 * Return: false when the group of the socket may not have them.
 */
static inline bool __must_check bc_sock_charge(struct sock *sk,
					       unsigned int pages, int kind)
{
	return !bc_online() || __bc_sock_charge(sk, pages, kind, BC_BARRIER);
}

/**
 * bc_sock_force() - charge pages that the socket has already
 * @sk: the socket
 * @pages: how many
 *
 * Context: Any; does not sleep.
 */
static inline void bc_sock_force(struct sock *sk, unsigned int pages)
{
	if (bc_online() && !__bc_sock_charge(sk, pages, SK_MEM_SEND, BC_FORCE))
		WARN_ON_ONCE(1);
}

/**
 * bc_sock_uncharge() - give pages of the buffers of a socket back
 * @sk: the socket
 * @pages: how many
 *
 * Context: Any.
 */
static inline void bc_sock_uncharge(struct sock *sk, unsigned int pages)
{
	if (bc_online() && atomic_read(&sk->sk_bc.pages))
		__bc_sock_uncharge(sk, pages);
}

/**
 * bc_sock_init() - nothing is charged for the buffers of a socket
 * @sk: the socket, a copy of another
 *
 * Context: Any.
 */
static inline void bc_sock_init(struct sock *sk)
{
	memset(&sk->sk_bc, 0, sizeof(sk->sk_bc));
}

/**
 * bc_sock_free() - a socket is about to be freed
 * @sk: the socket
 *
 * Context: Any.
 */
static inline void bc_sock_free(struct sock *sk)
{
	if (bc_online())
		__bc_sock_free(sk);
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_sock_charge(struct sock *sk, unsigned int pages, int kind)
{
	return true;
}

static inline void bc_sock_force(struct sock *sk, unsigned int pages)
{
}

static inline void bc_sock_uncharge(struct sock *sk, unsigned int pages)
{
}

static inline void bc_sock_init(struct sock *sk)
{
}

static inline void bc_sock_free(struct sock *sk)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_SOCK_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the buffers of sockets that are refused by waiting.
 *
 * Most datagrams are objects that their sender pays for. Protocols that account
 * the memory of their sockets page by page, TCP above all, cannot take a refusal
 * of an object: it would put all their sockets under pressure, those of other
 * groups, too. But they know how to go on when a socket may not have more pages:
 * what is received is dropped and comes again, what is sent waits until
 * something was acknowledged, and where there is nothing to wait for they take
 * one packet by force. So it is these pages that are charged to kmemsize, for
 * both directions, to who pays for the struct sock.
 */
#include <linux/bc_sock.h>
#include <net/sock.h>

#include "internal.h"

#ifdef CONFIG_BEANCOUNTERS_DEBUG
LIST_HEAD(bc_socks);
static DEFINE_RAW_SPINLOCK(bc_socks_lock);

static void bc_sock_list(struct bc_sock *s)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_socks_lock, flags);
	if (!s->node.next)
		list_add_tail(&s->node, &bc_socks);
	raw_spin_unlock_irqrestore(&bc_socks_lock, flags);
}

static void bc_sock_unlist(struct bc_sock *s)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_socks_lock, flags);
	if (s->node.next)
		list_del(&s->node);
	raw_spin_unlock_irqrestore(&bc_socks_lock, flags);
}

/**
 * bc_sock_audit() - what is charged for the buffers of a socket
 * @s: in the list of sockets
 * @bytes: where to store how much
 *
 * Context: Nothing else runs.
 * Return: Who pays.
 */
struct beancounter *bc_sock_audit(const struct bc_sock *s, u64 *bytes)
{
	*bytes = (u64)atomic_read(&s->pages) << PAGE_SHIFT;
	return bc_object_owner(container_of(s, struct sock, sk_bc), NULL);
}
#else
static void bc_sock_list(struct bc_sock *s)
{
}

static void bc_sock_unlist(struct bc_sock *s)
{
}
#endif

/* TCP sees to it by itself that a socket with nothing in it gets something. */
static bool bc_sock_is_empty(struct sock *sk, int kind)
{
	if (sk_is_tcp(sk))
		return false;
	return kind == SK_MEM_SEND ? !READ_ONCE(sk->sk_wmem_queued) :
				     !atomic_read(&sk->sk_rmem_alloc);
}

/**
 * __bc_sock_charge() - charge pages for the buffers of a socket
 * @sk: the socket
 * @pages: how many
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 * @severity: what to check against
 *
 * See bc_sock_charge().
 *
 * Context: Any; does not sleep. Room is made in the background.
 * Return: false when the group may not have them.
 */
bool __bc_sock_charge(struct sock *sk, unsigned int pages, int kind,
		      enum bc_severity severity)
{
	struct beancounter *bc;

	/* Of those that have none the datagrams are charged, as objects. */
	if (!READ_ONCE(sk->sk_prot)->memory_pressure)
		return true;
	if (bc_sock_is_empty(sk, kind))
		severity = BC_FORCE;
	/* The object keeps the account as long as there is the socket. */
	bc = bc_object_owner(sk, NULL);
	if (!bc)
		return true;
	if (!bc_charge_nowait(bc, (u64)pages << PAGE_SHIFT, severity))
		return false;
	atomic_add(pages, &sk->sk_bc.pages);
	bc_sock_list(&sk->sk_bc);
	return true;
}

/**
 * __bc_sock_uncharge() - give pages of the buffers of a socket back
 * @sk: the socket
 * @pages: how many; no more are given back than were charged
 *
 * See bc_sock_uncharge().
 *
 * Context: Any.
 */
void __bc_sock_uncharge(struct sock *sk, unsigned int pages)
{
	int old = atomic_read(&sk->sk_bc.pages), n;

	/* A protocol may have moved pages from one of its sockets to another. */
	do {
		n = min_t(unsigned int, old, pages);
	} while (!atomic_try_cmpxchg(&sk->sk_bc.pages, &old, old - n));
	bc_uncharge(bc_object_owner(sk, NULL), BC_KMEMSIZE,
		    (u64)n << PAGE_SHIFT);
}

/**
 * __bc_sock_free() - a socket is about to be freed
 * @sk: the socket
 *
 * See bc_sock_free().
 *
 * Context: Any.
 */
void __bc_sock_free(struct sock *sk)
{
	bc_sock_unlist(&sk->sk_bc);
	bc_sock_uncharge(sk, INT_MAX);
}

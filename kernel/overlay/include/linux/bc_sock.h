/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what waits in sockets. Included by <net/sock.h>.
 *
 * The payer of a socket pays for what its queues hold, by truesize. Protocols
 * that account the memory of their sockets page by page (TCP, UDP, SCTP, MPTCP)
 * charge these pages. For the others, and for what waits in error queues, each
 * packet is charged when it is queued and given back when it is freed.
 */
#ifndef _LINUX_BC_SOCK_H
#define _LINUX_BC_SOCK_H

#include <linux/beancounter.h>
#include <linux/bc_types.h>
#include <linux/types.h>

struct sk_buff;
struct sock;

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_sock_charge(struct sock *sk, u64 pages, bool first);
bool __must_check __bc_sock_raise(struct sock *sk, u64 pages, bool received);
void __bc_sock_uncharge(struct sock *sk, u64 bytes);
void __bc_sock_free(struct sock *sk);
bool __must_check __bc_sock_count(struct sock *sk);
bool __must_check __bc_sock_clone(struct sock *sk, const struct sock *from,
				  gfp_t flags);
bool __must_check __bc_sock_follow(struct sock *sk, const struct sock *like);
bool __must_check __bc_skb_fits(struct sock *sk, const struct sk_buff *skb);
void __bc_skb_charge(struct sock *sk, struct sk_buff *skb, bool error);
void __bc_skb_uncharge(struct sock *sk, unsigned int bytes);
void __bc_skb_disown(struct sk_buff *skb);

/**
 * bc_sock_charge() - charge pages for the buffers of a socket
 * @sk: the socket
 * @pages: how many
 *
 * Context: Any; does not sleep.
 * Return: false when the group of the socket may not have them.
 */
static inline bool __must_check bc_sock_charge(struct sock *sk,
					       unsigned int pages)
{
	return !bc_online() || __bc_sock_charge(sk, pages, false);
}

/**
 * bc_sock_charge_first() - charge pages for a socket that has nothing queued
 * @sk: the socket
 * @pages: how many
 *
 * It may go above the barrier, so that all sockets make progress.
 *
 * Context: Any; does not sleep.
 * Return: false when the group of the socket may not have them.
 */
static inline bool __must_check bc_sock_charge_first(struct sock *sk,
						     unsigned int pages)
{
	return !bc_online() || __bc_sock_charge(sk, pages, true);
}

/**
 * bc_sock_raise() - charge pages for a buffer that a protocol makes larger
 * @sk: the socket
 * @pages: how many
 * @received: for what has come, and not for what is to be sent
 *
 * What comes to a connection of MPTCP was charged to one of its subflows, and
 * acknowledged: it cannot be refused any more when it changes hands.
 *
 * Context: Any; does not sleep.
 * Return: false when the group of the socket may not have them.
 */
static inline bool __must_check bc_sock_raise(struct sock *sk,
					      unsigned int pages, bool received)
{
	return !bc_online() || __bc_sock_raise(sk, pages, received);
}

/**
 * bc_sock_gfp() - how to allocate pages that are filled in parts
 * @flags: how the socket allocates
 *
 * A packet is charged the bytes that it has in such a page, and may keep all of
 * it: so the page is charged as well, also where packets are charged by truesize.
 *
 * Context: Any.
 * Return: Flags of the allocation.
 */
static inline gfp_t bc_sock_gfp(gfp_t flags)
{
	return bc_online() ? flags & ~__GFP_UNCHARGED : flags;
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
	if (bc_online())
		__bc_sock_uncharge(sk, (u64)pages << PAGE_SHIFT);
}

/**
 * bc_sock_init() - nothing is charged for the buffers of a socket
 * @bc: of the socket, a copy of another
 *
 * Context: Any.
 */
static inline void bc_sock_init(struct bc_sock *bc)
{
	*bc = (struct bc_sock){};
}

/**
 * bc_sock_count() - a socket that a task has made counts
 * @sk: the socket; its family and protocol are known
 *
 * In numtcpsock or numothersock of who pays for it, until bc_sock_free().
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it; the caller frees it.
 */
static inline bool __must_check bc_sock_count(struct sock *sk)
{
	return !bc_online() || __bc_sock_count(sk);
}

/**
 * bc_sock_clone() - a socket is a copy of another: a connection of a listener
 * @sk: the copy
 * @from: the other, whose payer pays for @sk if nobody does so far
 * @flags: of the allocation of @sk
 *
 * It counts if the other does.
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it; the caller frees it.
 */
static inline bool __must_check bc_sock_clone(struct sock *sk,
					      const struct sock *from,
					      gfp_t flags)
{
	return !bc_online() || __bc_sock_clone(sk, from, flags);
}

/**
 * bc_sock_follow() - let who pays for one socket pay for another from now on
 * @sk: the socket; nobody else knows it yet
 * @like: the other: the listener that gets it
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it. Who paid so far pays on.
 */
static inline bool __must_check bc_sock_follow(struct sock *sk,
					       const struct sock *like)
{
	return !bc_online() || __bc_sock_follow(sk, like);
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

/**
 * bc_skb_fits() - may a packet be queued in a socket?
 * @sk: the socket
 * @skb: the packet
 *
 * Asked where the socket would drop the packet if its buffer were full.
 *
 * Context: Any.
 * Return: false when the group of the socket has no room for it.
 */
static inline bool __must_check bc_skb_fits(struct sock *sk,
					    const struct sk_buff *skb)
{
	return !bc_online() || __bc_skb_fits(sk, skb);
}

/**
 * bc_skb_charge() - a packet becomes one that a socket has received
 * @sk: the socket
 * @skb: the packet; whoever paid for it does so no longer
 *
 * For all protocols; what is accounted page by page is charged already.
 *
 * Context: Any.
 */
static inline void bc_skb_charge(struct sock *sk, struct sk_buff *skb)
{
	if (bc_online())
		__bc_skb_charge(sk, skb, false);
}

/**
 * bc_skb_charge_error() - a packet goes to the error queue of a socket
 * @sk: the socket
 * @skb: the packet; whoever paid for it does so no longer
 *
 * Context: Any.
 */
static inline void bc_skb_charge_error(struct sock *sk, struct sk_buff *skb)
{
	if (bc_online())
		__bc_skb_charge(sk, skb, true);
}

/**
 * bc_skb_uncharge() - what bc_skb_charge() charged is freed
 * @sk: the socket
 * @bytes: truesize of the packet
 *
 * Context: Any.
 */
static inline void bc_skb_uncharge(struct sock *sk, unsigned int bytes)
{
	if (bc_online())
		__bc_skb_uncharge(sk, bytes);
}

/**
 * bc_skb_uncharge_error() - what bc_skb_charge_error() charged is freed
 * @sk: the socket
 * @bytes: truesize of the packet
 *
 * Context: Any.
 */
static inline void bc_skb_uncharge_error(struct sock *sk, unsigned int bytes)
{
	if (bc_online())
		__bc_sock_uncharge(sk, bytes);
}

/**
 * bc_skb_disown() - a packet is charged otherwise from now on
 * @skb: the packet
 *
 * Context: Any.
 */
static inline void bc_skb_disown(struct sk_buff *skb)
{
	if (bc_online())
		__bc_skb_disown(skb);
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_sock_charge(struct sock *sk, unsigned int pages)
{
	return true;
}

static inline bool bc_sock_charge_first(struct sock *sk, unsigned int pages)
{
	return true;
}

#define bc_sock_raise(sk, pages, received) true
#define bc_sock_gfp(flags) (flags)

static inline void bc_sock_uncharge(struct sock *sk, unsigned int pages)
{
}

static inline void bc_sock_init(struct bc_sock *bc)
{
}

static inline bool bc_sock_count(struct sock *sk)
{
	return true;
}

static inline bool bc_sock_clone(struct sock *sk, const struct sock *from,
				 gfp_t flags)
{
	return true;
}

static inline bool bc_sock_follow(struct sock *sk, const struct sock *like)
{
	return true;
}

static inline void bc_sock_free(struct sock *sk)
{
}

static inline bool bc_skb_fits(struct sock *sk, const struct sk_buff *skb)
{
	return true;
}

static inline void bc_skb_charge(struct sock *sk, struct sk_buff *skb)
{
}

static inline void bc_skb_charge_error(struct sock *sk, struct sk_buff *skb)
{
}

static inline void bc_skb_uncharge(struct sock *sk, unsigned int bytes)
{
}

static inline void bc_skb_uncharge_error(struct sock *sk, unsigned int bytes)
{
}

static inline void bc_skb_disown(struct sk_buff *skb)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_SOCK_H */

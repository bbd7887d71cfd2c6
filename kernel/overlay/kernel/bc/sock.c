// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: what waits in sockets.
 *
 * A datagram on its way is objects that its sender pays for. When it is queued
 * in a socket it is charged by truesize to the payer of that socket, whether it
 * came from a task or in an interrupt, and the sender is free.
 *
 * Protocols that account the memory of their sockets page by page cannot take a
 * refusal of an object: it would put all their sockets under pressure, those of
 * other groups, too. But they know how to go on when a socket may not have more
 * pages: what is received is dropped and comes again, and what is sent waits
 * until something was acknowledged. So these pages are charged, for both
 * directions, and the objects are not.
 *
 * Up to the barrier a socket may have more. Above it, up to the middle between
 * barrier and limit, only a socket that has nothing: so all of them make
 * progress, and what peers send cannot take what a page fault needs.
 */
#include <linux/bc_sock.h>
#include <linux/export.h>
#include <net/sock.h>

#include "charge.h"

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
	*bytes = atomic64_read(&s->bytes);
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

/* The struct sock keeps the account as long as there is the socket. */
static struct beancounter *bc_sock_payer(const struct sock *sk)
{
	return bc_object_owner(sk, NULL);
}

static bool bc_sock_take(struct sock *sk, u64 bytes, enum bc_severity severity)
{
	struct beancounter *bc = bc_sock_payer(sk);

	if (!bc)
		return true;
	if (!bc_charge_nowait(bc, bytes, severity))
		return false;
	atomic64_add(bytes, &sk->sk_bc.bytes);
	bc_sock_list(&sk->sk_bc);
	return true;
}

/**
 * __bc_sock_charge() - charge pages for the buffers of a socket
 * @sk: the socket
 * @pages: how many
 * @first: the socket has nothing queued in this direction
 *
 * See bc_sock_charge() and bc_sock_charge_first().
 *
 * Context: Any; does not sleep. Room is made in the background.
 * Return: false when the group may not have them.
 */
bool __bc_sock_charge(struct sock *sk, u64 pages, bool first)
{
	/*
	 * TCP says by itself when a socket is to get something. UDP has added the
	 * packet to what was received already.
	 */
	if (!sk_is_tcp(sk) && !READ_ONCE(sk->sk_wmem_queued) &&
	    atomic_read(&sk->sk_rmem_alloc) <= (int)(pages << PAGE_SHIFT))
		first = true;
	return bc_sock_take(sk, pages << PAGE_SHIFT,
			    first ? BC_GAP : BC_BARRIER);
}

/**
 * __bc_sock_raise() - charge pages for a buffer that a protocol makes larger
 * @sk: the socket
 * @pages: how many
 * @received: for what has come, and not for what is to be sent
 *
 * See bc_sock_raise().
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have them.
 */
bool __bc_sock_raise(struct sock *sk, u64 pages, bool received)
{
	if (received && sk->sk_protocol == IPPROTO_MPTCP)
		return bc_sock_take(sk, pages << PAGE_SHIFT, BC_FORCE);
	return __bc_sock_charge(sk, pages, false);
}

/**
 * __bc_sock_uncharge() - give back what is charged for a socket
 * @sk: the socket
 * @bytes: how much; no more is given back than was charged
 *
 * See bc_sock_uncharge().
 *
 * Context: Any.
 */
void __bc_sock_uncharge(struct sock *sk, u64 bytes)
{
	s64 old = atomic64_read(&sk->sk_bc.bytes), n;

	/* A protocol may have moved pages from one of its sockets to another. */
	do {
		n = min_t(u64, old, bytes);
		if (!n)
			return;
	} while (!atomic64_try_cmpxchg(&sk->sk_bc.bytes, &old, old - n));
	bc_uncharge(bc_sock_payer(sk), BC_KMEMSIZE, n);
}

/* A protocol of streams in the internet is TCP, or MPTCP, or TCP with something on it. */
static enum bc_resource bc_sock_item(const struct sock *sk)
{
	if (sk->sk_prot->stream_memory_free &&
	    (sk->sk_family == AF_INET || sk->sk_family == AF_INET6))
		return BC_NUMTCPSOCK;
	return BC_NUMOTHERSOCK;
}

/**
 * __bc_sock_count() - a socket that a task has made counts
 * @sk: the socket
 *
 * See bc_sock_count().
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it.
 */
bool __bc_sock_count(struct sock *sk)
{
	struct beancounter *bc = bc_sock_payer(sk);
	enum bc_resource item = bc_sock_item(sk);

	if (!bc)
		return true;
	if (bc_charge(bc, item, 1, BC_BARRIER))
		return false;
	sk->sk_bc.item = item;
	bc_sock_list(&sk->sk_bc);
	return true;
}

/**
 * __bc_sock_clone() - a socket is a copy of another
 * @sk: the copy
 * @from: the other
 * @flags: of the allocation of @sk
 *
 * See bc_sock_clone().
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it.
 */
bool __bc_sock_clone(struct sock *sk, const struct sock *from, gfp_t flags)
{
	return bc_charge_like(sk, from, flags) &&
	       (!from->sk_bc.item || __bc_sock_count(sk));
}

/**
 * __bc_sock_follow() - let who pays for one socket pay for another
 * @sk: the socket
 * @like: the other
 *
 * See bc_sock_follow().
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it.
 */
bool __bc_sock_follow(struct sock *sk, const struct sock *like)
{
	struct beancounter *old = bc_sock_payer(sk), *bc = bc_sock_payer(like);
	enum bc_resource item = bc_sock_item(sk);

	if (!bc || bc == old)
		return true;
	if (bc_charge(bc, item, 1, BC_BARRIER))
		return false;
	if (!__bc_follow(sk, like, GFP_ATOMIC)) {
		bc_uncharge(bc, item, 1);
		return false;
	}
	/* Until now it has kept the account of @old. */
	if (sk->sk_bc.item)
		bc_uncharge(old, sk->sk_bc.item, 1);
	sk->sk_bc.item = item;
	bc_sock_list(&sk->sk_bc);
	return true;
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
	__bc_sock_uncharge(sk, S64_MAX);
	if (sk->sk_bc.item)
		bc_uncharge(bc_sock_payer(sk), sk->sk_bc.item, 1);
}

/**
 * __bc_skb_fits() - may a packet be queued in a socket?
 * @sk: the socket
 * @skb: the packet
 *
 * See bc_skb_fits(). What does not fit is a refusal.
 *
 * Context: Any.
 * Return: false when the group of the socket has no room for it.
 */
bool __bc_skb_fits(struct sock *sk, const struct sk_buff *skb)
{
	struct beancounter *bc = bc_sock_payer(sk);
	enum bc_severity severity =
		atomic_read(&sk->sk_rmem_alloc) ? BC_BARRIER : BC_GAP;

	if (!bc)
		return true;
	if (!bc_charge_nowait(bc, skb->truesize, severity))
		return false;
	bc_uncharge(bc, BC_KMEMSIZE, skb->truesize);
	return true;
}

/*
 * Give back the charge of the data of a packet. While others share the data, it
 * stays charged to its payer: they may keep it for long, and two of them could give
 * the charge back at the same time.
 */
static void bc_skb_head_disown(struct sk_buff *skb)
{
	struct page *page;

	if (skb->head_frag || !skb->head || is_vmalloc_addr(skb->head) ||
	    skb_cloned(skb))
		return;
	page = virt_to_head_page(skb->head);
	if (folio_test_slab(page_folio(page)))
		__bc_disown(skb->head);
	else
		bc_page_uncharge(page);
}

/**
 * __bc_skb_disown() - a packet is charged otherwise from now on
 * @skb: the packet
 *
 * See bc_skb_disown(). Fragments stay with their payers: others may have parts
 * of the same page.
 *
 * Context: Any.
 */
void __bc_skb_disown(struct sk_buff *skb)
{
	bc_skb_head_disown(skb);
	__bc_disown(skb);
}

/**
 * __bc_skb_charge() - charge a packet to the payer of a socket
 * @sk: the socket
 * @skb: the packet
 * @error: it goes to the error queue
 *
 * See bc_skb_charge(). Whether it fits was asked before; a packet that slipped in
 * between is counted as forced if it exceeds the limit. Any module may call it, by
 * skb_set_owner_r().
 *
 * Context: Any.
 */
void __bc_skb_charge(struct sock *sk, struct sk_buff *skb, bool error)
{
	if (!error && sk_has_account(sk))
		return;
	if (bc_sock_take(sk, skb->truesize, BC_FORCE))
		__bc_skb_disown(skb);
}
EXPORT_SYMBOL_GPL(__bc_skb_charge);

/**
 * __bc_skb_uncharge() - what bc_skb_charge() charged is freed
 * @sk: the socket
 * @bytes: truesize of the packet
 *
 * Context: Any.
 */
void __bc_skb_uncharge(struct sock *sk, unsigned int bytes)
{
	if (!sk_has_account(sk))
		__bc_sock_uncharge(sk, bytes);
}

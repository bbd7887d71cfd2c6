/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what waits in sockets. Included by <net/sock.h>.
 *
 * The payer of a socket pays for what its queues hold, by truesize. Protocols
 * that account the memory of their sockets page by page (TCP, UDP, SCTP, MPTCP)
 * charge these pages. For the others, and for what waits in error queues, each
 * packet is charged when it is queued and given back when it is freed.
 *
 * The same bytes count in a row of their own, by protocol and direction, and so do
 * packets that were sent, see bc_skb_sent().
 */
#ifndef _LINUX_BC_SOCK_H
#define _LINUX_BC_SOCK_H

#include <linux/beancounter.h>
#include <linux/bc_types.h>
#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/types.h>

struct sk_buff;
struct sock;

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_sock_charge(struct sock *sk, u64 pages, int kind,
				   bool first);
bool __must_check __bc_sock_raise(struct sock *sk, u64 pages, int kind);
void __bc_sock_uncharge(struct sock *sk, u64 bytes);
void __bc_sock_free(struct sock *sk);
bool __must_check __bc_sock_count(struct sock *sk);
bool __must_check __bc_sock_clone(struct sock *sk, const struct sock *from,
				  gfp_t flags);
bool __must_check __bc_sock_follow(struct sock *sk, const struct sock *like);
bool __must_check __bc_skb_fits(struct sock *sk, const struct sk_buff *skb);
void __bc_skb_charge(struct sock *sk, struct sk_buff *skb, bool error);
void __bc_skb_uncharge(struct sock *sk, unsigned int bytes);
void __bc_skb_uncharge_error(struct sock *sk, unsigned int bytes);
void __bc_skb_disown(struct sk_buff *skb);
int __must_check __bc_skb_may_send(struct sock *sk, unsigned long header_len,
				   unsigned long data_len);
void __bc_skb_expect(struct sock *sk, unsigned long bytes, unsigned int mtu);
bool __must_check __bc_skb_may_send_rest(struct sock *sk, unsigned long bytes,
					 unsigned int mtu);
void __bc_skb_sent(struct sock *sk, unsigned int bytes);
void __bc_skb_unsent(struct sock *sk, unsigned int bytes);
void __bc_sock_poll(struct sock *sk);

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
	return !bc_online() || __bc_sock_charge(sk, pages, kind, false);
}

/**
 * bc_sock_charge_first() - charge pages for a socket that has nothing queued
 * @sk: the socket
 * @pages: how many
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 *
 * It may go above the barrier, so that all sockets make progress.
 *
 * Context: Any; does not sleep.
 * Return: false when the group of the socket may not have them.
 */
static inline bool __must_check bc_sock_charge_first(struct sock *sk,
						     unsigned int pages,
						     int kind)
{
	return !bc_online() || __bc_sock_charge(sk, pages, kind, true);
}

/**
 * bc_sock_raise() - charge pages for a buffer that a protocol makes larger
 * @sk: the socket
 * @pages: how many
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 *
 * What comes to a connection of MPTCP was charged to one of its subflows, and
 * acknowledged: it cannot be refused any more when it changes hands.
 *
 * Context: Any; does not sleep.
 * Return: false when the group of the socket may not have them.
 */
static inline bool __must_check bc_sock_raise(struct sock *sk,
					      unsigned int pages, int kind)
{
	return !bc_online() || __bc_sock_raise(sk, pages, kind);
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
		__bc_skb_uncharge_error(sk, bytes);
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

/**
 * bc_skb_may_send() - is there room for a packet that a socket sends?
 * @sk: the socket
 * @header_len: bytes of it before those in pages
 * @data_len: bytes of it in pages
 *
 * Asked where the sender waits or gets EAGAIN if its buffer is full. Where there is no
 * room the socket is not writable until there is some, and is told then.
 *
 * Context: Process context.
 * Return: 0; -EAGAIN when the group of the socket has no room for it, -ENOBUFS when the
 * group may never have so much, or when the lock of the socket is held.
 */
static inline int __must_check bc_skb_may_send(struct sock *sk,
					       unsigned long header_len,
					       unsigned long data_len)
{
	return bc_online() ? __bc_skb_may_send(sk, header_len, data_len) : 0;
}

/**
 * bc_skb_expect() - how much the next packet of a socket will have in all
 * @sk: the socket
 * @bytes: of data
 * @mtu: the most that one packet takes of them
 *
 * Before bc_skb_may_send(), where that is told of a part only, as the data goes into
 * packets by and by.
 *
 * Context: Process context.
 */
static inline void bc_skb_expect(struct sock *sk, unsigned long bytes,
				 unsigned int mtu)
{
	if (bc_online())
		__bc_skb_expect(sk, bytes, mtu);
}

/**
 * bc_skb_may_send_rest() - is there room for more of a packet that was begun?
 * @sk: the socket
 * @bytes: of data
 * @mtu: as for bc_skb_expect()
 *
 * Context: Process context.
 * Return: false when it would exceed the limit of the group of the socket.
 */
static inline bool __must_check bc_skb_may_send_rest(struct sock *sk,
						     unsigned long bytes,
						     unsigned int mtu)
{
	return !bc_online() || __bc_skb_may_send_rest(sk, bytes, mtu);
}

/**
 * bc_skb_sent() - a packet is one that a socket has sent, or has grown
 * @sk: the socket
 * @bytes: truesize of the packet, or by how much it has grown
 *
 * As sk_wmem_alloc counts it; what is accounted page by page does not count here.
 *
 * Context: Any.
 */
static inline void bc_skb_sent(struct sock *sk, unsigned int bytes)
{
	if (bc_online())
		__bc_skb_sent(sk, bytes);
}

/**
 * bc_skb_unsent() - a packet that a socket has sent is freed
 * @sk: the socket; sk_wmem_alloc still has the packet
 * @bytes: truesize of the packet
 *
 * Context: Any.
 */
static inline void bc_skb_unsent(struct sock *sk, unsigned int bytes)
{
	if (bc_online())
		__bc_skb_unsent(sk, bytes);
}

/**
 * bc_sock_poll() - somebody wants to know whether a socket is writable
 * @sk: the socket
 * @events: what is asked for
 *
 * Context: Process context.
 */
static inline void bc_sock_poll(struct sock *sk, __poll_t events)
{
	if (bc_online() && (events & EPOLLOUT))
		__bc_sock_poll(sk);
}

/**
 * bc_sock_waits() - may a socket not send before its group has room?
 * @bc: of the socket
 *
 * Context: Any.
 * Return: true if it may not. It is told by sk_write_space() then.
 */
static inline bool bc_sock_waits(const struct bc_sock *bc)
{
	return bc_online() && READ_ONCE(bc->wants);
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_sock_charge(sk, pages, kind) true
#define bc_sock_charge_first(sk, pages, kind) true
#define bc_sock_raise(sk, pages, kind) true
#define bc_skb_may_send(sk, header_len, data_len) 0
#define bc_skb_may_send_rest(sk, bytes, mtu) true
#define bc_sock_waits(bc) false
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

static inline void bc_skb_expect(struct sock *sk, unsigned long bytes,
				 unsigned int mtu)
{
}

static inline void bc_skb_sent(struct sock *sk, unsigned int bytes)
{
}

static inline void bc_skb_unsent(struct sock *sk, unsigned int bytes)
{
}

static inline void bc_sock_poll(struct sock *sk, __poll_t events)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_SOCK_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the buffers of sockets. Included by <net/sock.h>.
 *
 * The payer of a socket pays for the packets in its queues, by truesize. Protocols
 * that account the memory of their sockets page by page (TCP, UDP, SCTP, MPTCP)
 * charge these pages. For the others, and for packets in error queues, each
 * packet is charged when it is queued and given back when it is freed.
 *
 * The same bytes count in a second row, by protocol and direction. Packets that were
 * sent count there, too, see bc_skb_sent().
 */
#ifndef _LINUX_BC_SOCK_H
#define _LINUX_BC_SOCK_H

#include <linux/beancounter.h>
#include <linux/bc_types.h>
#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/types.h>

struct sk_buff;
struct sock;

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_sock_charge(struct sock *sk, u64 pages, int kind,
				   bool first);
bool __must_check __bc_sock_charge_first(struct sock *sk, int size, int kind);
bool __must_check __bc_sock_raise(struct sock *sk, u64 pages, int kind);
void __bc_sock_uncharge(struct sock *sk, u64 bytes);
void __bc_sock_free(struct sock *sk);
gfp_t bc_sock_allocation(const struct sock *sk);
bool __must_check __bc_sock_count(struct sock *sk);
bool __must_check __bc_sock_clone(struct sock *sk, const struct sock *from,
				  gfp_t flags);
bool __must_check __bc_sock_follow(struct sock *sk, const struct sock *like);
bool __must_check __bc_skb_fits(struct sock *sk, const struct sk_buff *skb);
void __bc_skb_charge(struct sock *sk, struct sk_buff *skb, bool error);
void __bc_skb_uncharge(struct sock *sk, unsigned int bytes);
void __bc_skb_uncharge_error(struct sock *sk, unsigned int bytes);
void __bc_skb_disown(struct sk_buff *skb);
void __bc_skb_left(struct sock *sk, struct sk_buff *skb);
int __must_check __bc_skb_may_send(struct sock *sk, unsigned long header_len,
				   unsigned long data_len);
bool __must_check __bc_skb_no_room(struct sock *sk, unsigned long bytes,
				   unsigned int mtu, bool first);
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
 * bc_sock_charge_first() - charge the pages that sk_forced_mem_schedule() will add
 * @sk: the socket, which has nothing queued
 * @size: truesize of the packet that they are for
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 *
 * Such a socket may go above the barrier, so that all sockets make progress.
 *
 * Context: The caller holds the lock of the socket; does not sleep.
 * Return: false when the group of the socket may not have them; the caller does not call
 * sk_forced_mem_schedule() then.
 */
static inline bool __must_check bc_sock_charge_first(struct sock *sk, int size,
						     int kind)
{
	return !bc_online() || __bc_sock_charge_first(sk, size, kind);
}

/**
 * bc_sock_raise() - charge pages for a buffer that a protocol makes larger
 * @sk: the socket
 * @pages: how many
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 *
 * Data that arrives on a connection of MPTCP was charged to one of its subflows, and
 * acknowledged: it cannot be refused any more when it moves to the connection.
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
 * bc_sock_gfp() - flags to allocate pages that are filled in parts
 * @flags: flags with which the socket allocates
 *
 * A packet is charged only the bytes that it has in such a page, but may keep all of
 * the page: so the page is charged as well, also where packets are charged by truesize.
 *
 * Context: Any.
 * Return: Flags of the allocation.
 */
static inline gfp_t bc_sock_gfp(gfp_t flags)
{
	return bc_online() ? flags & ~__GFP_UNCHARGED : flags;
}

/**
 * bc_skb_gfp() - flags to allocate a packet that is charged by truesize
 * @sk: the socket
 * @flags: of the allocation
 *
 * Context: Any.
 * Return: @flags, with __GFP_UNCHARGED if the packets of the socket are charged so.
 */
#define bc_skb_gfp(sk, flags) \
	((flags) | ((sk)->sk_allocation & __GFP_UNCHARGED))

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
 * @bc: of the socket; so far a copy of another socket's
 *
 * Context: Any.
 */
static inline void bc_sock_init(struct bc_sock *bc)
{
	*bc = (struct bc_sock){};
}

/**
 * bc_sock_count() - count a socket that a task has made
 * @sk: the socket; its family and protocol are known
 *
 * The socket counts in numtcpsock or numothersock of its payer until bc_sock_free().
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
 * @from: the original; its payer pays for @sk, unless the task that made @sk does
 * @flags: of the allocation of @sk
 *
 * @sk counts if @from does.
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
 * bc_sock_follow() - let the payer of one socket pay for another from now on
 * @sk: the socket; nobody else knows it yet
 * @like: the listener that gets @sk
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it; the old payer goes on paying then.
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
 * Called where the socket would drop the packet if its buffer were full.
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
 * bc_skb_charge() - charge a packet that a socket receives
 * @sk: the socket
 * @skb: the packet; its old payer no longer pays for it
 *
 * For all protocols; those that account page by page have charged it already.
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
 * @skb: the packet; its old payer no longer pays for it
 *
 * Context: Any.
 */
static inline void bc_skb_charge_error(struct sock *sk, struct sk_buff *skb)
{
	if (bc_online())
		__bc_skb_charge(sk, skb, true);
}

/**
 * bc_skb_uncharge() - a packet that bc_skb_charge() charged is freed
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
 * bc_skb_uncharge_error() - a packet that bc_skb_charge_error() charged is freed
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
 * bc_skb_disown() - give back a packet's charge: it is charged in another way now
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
 * bc_skb_left() - a connection is reset, and gives up a packet that is on its way
 * @sk: the socket
 * @skb: the packet
 *
 * A queue of a device may keep a clone of it, and with the clone its data. The socket has
 * been charged by truesize so far: its payer pays for what is left.
 *
 * Context: Any; the socket is locked.
 */
static inline void bc_skb_left(struct sock *sk, struct sk_buff *skb)
{
	if (bc_online())
		__bc_skb_left(sk, skb);
}

/**
 * bc_skb_may_send() - is there room for a packet that a socket sends?
 * @sk: the socket
 * @header_len: bytes of the packet that are not in pages
 * @data_len: bytes of the packet in pages
 *
 * Called where the sender waits or gets EAGAIN if its buffer is full. If there is no
 * room, the socket is not writable until there is some, and is told then.
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
 * bc_skb_no_room() - may data not be appended to the packets that a socket will send?
 * @sk: the socket
 * @bytes: of data
 * @mtu: bytes of data that one packet takes at most
 * @first: a packet is begun, for which bc_skb_may_send() will ask; it learns from here
 *	how much data there is in all, because the data goes into packets piece by piece
 *
 * Context: Process context.
 * Return: true when the rest of a packet would exceed the limit of the socket's group.
 */
static inline bool __must_check bc_skb_no_room(struct sock *sk,
					       unsigned long bytes,
					       unsigned int mtu, bool first)
{
	return bc_online() && __bc_skb_no_room(sk, bytes, mtu, first);
}

/**
 * bc_skb_sent() - count a packet that a socket has sent, or that has grown
 * @sk: the socket
 * @bytes: truesize of the packet, or by how much it has grown
 *
 * Follows sk_wmem_alloc; sockets that are accounted page by page do not count here.
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
 * @sk: the socket; its sk_wmem_alloc still includes the packet
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
 * @events: the events that it is polled for
 *
 * Context: Process context.
 */
static inline void bc_sock_poll(struct sock *sk, __poll_t events)
{
	if (bc_online() && (events & EPOLLOUT))
		__bc_sock_poll(sk);
}

/**
 * bc_sock_waits() - does a socket wait for room in its group before it may send?
 * @bc: of the socket
 *
 * Context: Any.
 * Return: true if it does. sk_write_space() tells it when there is room.
 */
static inline bool bc_sock_waits(const struct bc_sock *bc)
{
	return bc_online() && READ_ONCE(bc->wants);
}

/**
 * bc_sndbuf() - how many bytes may a socket have on their way?
 * @sk: the socket
 *
 * Context: Any.
 * Return: sk_sndbuf; 0 while the socket waits for room in its group.
 */
#define bc_sndbuf(sk) \
	(bc_sock_waits(&(sk)->sk_bc) ? 0 : READ_ONCE((sk)->sk_sndbuf))

#else /* CONFIG_BEANCOUNTERS */

/* Macros, because even an empty function changes the layout of the caller's code. */
#define bc_sock_charge(sk, pages, kind) true
#define bc_sock_charge_first(sk, size, kind) true
#define bc_sock_raise(sk, pages, kind) true
#define bc_sock_gfp(flags) (flags)
#define bc_skb_gfp(sk, flags) (flags)
#define bc_sock_allocation(sk) GFP_KERNEL
#define bc_sock_uncharge(sk, pages) ((void)0)
#define bc_sock_init(bc) ((void)0)
#define bc_sock_count(sk) true
#define bc_sock_clone(sk, from, flags) true
#define bc_sock_follow(sk, like) true
#define bc_sock_free(sk) ((void)0)
#define bc_skb_fits(sk, skb) true
#define bc_skb_charge(sk, skb) ((void)0)
#define bc_skb_charge_error(sk, skb) ((void)0)
#define bc_skb_uncharge(sk, bytes) ((void)0)
#define bc_skb_uncharge_error(sk, bytes) ((void)0)
#define bc_skb_disown(skb) ((void)0)
#define bc_skb_left(sk, skb) ((void)0)
#define bc_skb_may_send(sk, header_len, data_len) 0
#define bc_skb_no_room(sk, bytes, mtu, first) false
#define bc_skb_sent(sk, bytes) ((void)0)
#define bc_skb_unsent(sk, bytes) ((void)0)
#define bc_sock_poll(sk, events) ((void)0)
#define bc_sock_waits(bc) false
#define bc_sndbuf(sk) READ_ONCE((sk)->sk_sndbuf)

#endif /* CONFIG_BEANCOUNTERS */

/**
 * bc_own_like() - an object from a slab cache belongs to the payer of a socket
 * @obj: just allocated, or NULL
 * @sk: the socket; it cannot be freed during the call
 *
 * Context: Any; does not sleep.
 * Return: @obj, or NULL after it was freed when the group may not have it.
 */
static inline void *bc_own_like(void *obj, const struct sock *sk)
{
	if (!obj || likely(bc_charge_like(obj, sk, GFP_ATOMIC)))
		return obj;
	kfree(obj);
	return NULL;
}

#endif /* _LINUX_BC_SOCK_H */

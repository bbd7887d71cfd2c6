// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the buffers of sockets.
 *
 * A datagram on its way consists of objects that its sender pays for. When it is
 * queued in a socket it is charged by truesize to the payer of that socket, whether it
 * came from a task or in an interrupt, and the sender no longer pays.
 *
 * Protocols that account the memory of their sockets page by page cannot take a
 * refusal of an object: it would put all their sockets under pressure, those of
 * other groups, too. But they can go on when a socket may not have more pages: a
 * packet that is received is dropped and sent again, and data to be sent waits until
 * earlier data was acknowledged. So these pages are charged, for both directions, and
 * the objects are not.
 *
 * Any socket may get more pages up to the barrier. Above it, up to the middle between
 * barrier and limit, only a socket that has none may: so all sockets make progress,
 * and peers cannot use up by sending what a page fault needs.
 *
 * A charge counts twice: in kmemsize, and in a row for its protocol and direction.
 * TCP may use a page that it had for sending for receiving next; the page stays in the
 * row in which it was charged. When a page is given back, it is taken off the direction
 * that has more than it uses.
 *
 * sockwait.c counts the packets that the other protocols send.
 */
#include <linux/bc_sock.h>
#include <linux/export.h>
#include <net/sock.h>

#include "sock.h"

#ifdef CONFIG_BEANCOUNTERS_DEBUG
LIST_HEAD(bc_socks);
static DEFINE_RAW_SPINLOCK(bc_socks_lock);

static void bc_sock_list(struct bc_sock *s)
{
	unsigned long flags;

	/* It stays there until the socket is freed. */
	if (likely(READ_ONCE(s->node.next)))
		return;
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
 * bc_sock_audit() - the charges for the buffers of a socket
 * @s: in the list of sockets
 * @sum: where to store the amounts and their rows
 *
 * Context: Nothing else runs.
 * Return: The payer.
 */
struct beancounter *bc_sock_audit(const struct bc_sock *s,
				  struct bc_sock_sum *sum)
{
	const struct sock *sk = container_of(s, struct sock, sk_bc);
	u64 sent = atomic64_read(&s->bytes[SK_MEM_SEND]);
	u64 received = atomic64_read(&s->bytes[SK_MEM_RECV]);

	*sum = (struct bc_sock_sum){
		.bytes = sent + received,
		.row = { { bc_sock_row(sk, SK_MEM_SEND),
			   sent + atomic64_read(&s->sent) },
			 { bc_sock_row(sk, SK_MEM_RECV), received } },
	};
	return bc_sock_payer(sk);
}
#else
static void bc_sock_list(struct bc_sock *s)
{
}

static void bc_sock_unlist(struct bc_sock *s)
{
}
#endif

/* In each case the row is a constant, for which a charge takes fewer steps. */
static bool bc_sock_pay(struct beancounter *bc, enum bc_resource row, u64 bytes,
			enum bc_severity severity)
{
	switch (row) {
	case BC_TCPSNDBUF:
		return bc_charge_buffer(bc, BC_TCPSNDBUF, bytes, severity);
	case BC_TCPRCVBUF:
		return bc_charge_buffer(bc, BC_TCPRCVBUF, bytes, severity);
	case BC_OTHERSOCKBUF:
		return bc_charge_buffer(bc, BC_OTHERSOCKBUF, bytes, severity);
	default:
		return bc_charge_buffer(bc, BC_DGRAMRCVBUF, bytes, severity);
	}
}

static void bc_sock_unpay(struct beancounter *bc, enum bc_resource row,
			  u64 bytes)
{
	switch (row) {
	case BC_TCPSNDBUF:
		return bc_uncharge_buffer(bc, BC_TCPSNDBUF, bytes);
	case BC_TCPRCVBUF:
		return bc_uncharge_buffer(bc, BC_TCPRCVBUF, bytes);
	case BC_OTHERSOCKBUF:
		return bc_uncharge_buffer(bc, BC_OTHERSOCKBUF, bytes);
	default:
		return bc_uncharge_buffer(bc, BC_DGRAMRCVBUF, bytes);
	}
}

/* Charge bytes for a direction, in both resources or in none. */
static bool bc_sock_take(struct sock *sk, int kind, u64 bytes,
			 enum bc_severity severity)
{
	struct beancounter *bc = bc_sock_payer(sk);

	if (!bc)
		return true;
	if (!bc_sock_pay(bc, bc_sock_row(sk, kind), bytes, severity))
		return false;
	atomic64_add(bytes, &sk->sk_bc.bytes[kind]);
	bc_sock_list(&sk->sk_bc);
	return true;
}

/**
 * __bc_sock_charge() - charge pages for the buffers of a socket
 * @sk: the socket
 * @pages: how many
 * @kind: SK_MEM_SEND or SK_MEM_RECV
 * @first: the socket has nothing queued in this direction
 *
 * See bc_sock_charge().
 *
 * Context: Any; does not sleep. Room is made in the background.
 * Return: false when the group may not have them.
 */
bool __bc_sock_charge(struct sock *sk, u64 pages, int kind, bool first)
{
	u64 bytes = pages << PAGE_SHIFT;

	/*
	 * TCP says itself, by @first, that a socket has nothing queued. UDP has
	 * added the packet to sk_rmem_alloc already.
	 */
	if (!sk_is_tcp(sk))
		first |= kind == SK_MEM_SEND ?
				 !READ_ONCE(sk->sk_wmem_queued) :
				 atomic_read(&sk->sk_rmem_alloc) <= (int)bytes;
	if (bc_sock_take(sk, kind, bytes, first ? BC_GAP : BC_BARRIER))
		return true;
	if (kind == SK_MEM_SEND)
		bc_sock_wait(sk, bytes);
	return false;
}

/* See bc_sock_charge_first(). */
bool __bc_sock_charge_first(struct sock *sk, int size, int kind)
{
	int more = size - sk->sk_forward_alloc;

	return more <= 0 ||
	       __bc_sock_charge(sk, sk_mem_pages(more), kind, true);
}

/*
 * See bc_sock_raise(). A stream that may not have more gets a smaller send buffer, as
 * where the protocol itself refuses.
 */
bool __bc_sock_raise(struct sock *sk, u64 pages, int kind)
{
	if (kind == SK_MEM_RECV && sk->sk_protocol == IPPROTO_MPTCP)
		return bc_sock_take(sk, kind, pages << PAGE_SHIFT, BC_FORCE);
	if (__bc_sock_charge(sk, pages, kind, false))
		return true;
	if (kind == SK_MEM_SEND && sk->sk_type == SOCK_STREAM)
		sk_stream_moderate_sndbuf(sk);
	return false;
}

/**
 * bc_sock_allocation() - flags with which a new socket allocates
 * @sk: the socket; its protocol is known
 *
 * TCP and its kin are charged by truesize: to be refused an object would put all their
 * sockets under pressure. What is copied into pages is charged with these, too, see
 * bc_sock_gfp().
 *
 * Context: Any.
 * Return: The flags.
 */
gfp_t bc_sock_allocation(const struct sock *sk)
{
	if (sk->sk_prot->memory_pressure)
		return bc_gfp_uncharged(GFP_KERNEL);
	return sk->sk_net_refcnt ? GFP_KERNEL_BC : GFP_KERNEL;
}

/* Take up to @bytes off a charge, but no more than it has. Returns how many. */
static u64 bc_sock_drop(atomic64_t *charged, u64 bytes)
{
	s64 old = atomic64_read(charged), n;

	/* A protocol may have moved pages from one of its sockets to another. */
	do {
		n = min_t(u64, old, bytes);
		if (!n)
			return 0;
	} while (!atomic64_try_cmpxchg(charged, &old, old - n));
	return n;
}

/* Give bytes back: up to @spare of them from sending, the others from receiving. */
static void bc_sock_give(struct sock *sk, u64 spare, u64 bytes)
{
	struct bc_sock *s = &sk->sk_bc;
	u64 sent, received;

	if (!atomic64_read(&s->bytes[SK_MEM_SEND]) &&
	    !atomic64_read(&s->bytes[SK_MEM_RECV]))
		return;
	sent = bc_sock_drop(&s->bytes[SK_MEM_SEND], min(spare, bytes));
	received = bc_sock_drop(&s->bytes[SK_MEM_RECV], bytes - sent);
	sent += bc_sock_drop(&s->bytes[SK_MEM_SEND], bytes - sent - received);
	/* The charge of the struct sock pins the account. */
	if (received)
		bc_sock_unpay(bc_sock_payer(sk), bc_sock_row(sk, SK_MEM_RECV),
			      received);
	if (!sent)
		return;
	bc_sock_unpay(bc_sock_payer(sk), bc_sock_row(sk, SK_MEM_SEND), sent);
	bc_sock_look(sk);
}

/**
 * __bc_sock_uncharge() - give back pages of the buffers of a socket
 * @sk: the socket
 * @bytes: how many; no more are given back than were charged
 *
 * See bc_sock_uncharge().
 *
 * Context: Any.
 */
void __bc_sock_uncharge(struct sock *sk, u64 bytes)
{
	s64 spare = atomic64_read(&sk->sk_bc.bytes[SK_MEM_SEND]) -
		    (s64)PAGE_ALIGN((u64)max(READ_ONCE(sk->sk_wmem_queued), 0));

	bc_sock_give(sk, max(spare, 0), bytes);
}

/* A stream protocol of IPv4 or IPv6 is TCP, MPTCP, or a protocol on top of TCP. */
static enum bc_resource bc_sock_item(const struct sock *sk)
{
	if (sk->sk_prot->stream_memory_free &&
	    (sk->sk_family == AF_INET || sk->sk_family == AF_INET6))
		return BC_NUMTCPSOCK;
	return BC_NUMOTHERSOCK;
}

/* As above, in each case the item is a constant. */
static bool bc_sock_take_item(struct beancounter *bc, enum bc_resource item)
{
	struct bc_stock *stock = bc_stock_here(bc);

	return likely(item == BC_NUMTCPSOCK ?
			      bc_lane_take(stock, BC_NUMTCPSOCK, 1) :
			      bc_lane_take(stock, BC_NUMOTHERSOCK, 1)) ||
	       !bc_charge(bc, item, 1, BC_BARRIER);
}

static void bc_sock_give_item(struct beancounter *bc, enum bc_resource item)
{
	struct bc_stock *stock = bc_stock_here(bc);

	if (unlikely(!(item == BC_NUMTCPSOCK ?
			       bc_lane_give(stock, BC_NUMTCPSOCK, 1) :
			       bc_lane_give(stock, BC_NUMOTHERSOCK, 1))))
		bc_uncharge(bc, item, 1);
}

/* See bc_sock_count(). */
bool __bc_sock_count(struct sock *sk)
{
	struct beancounter *bc = bc_sock_payer(sk);
	enum bc_resource item = bc_sock_item(sk);

	if (!bc)
		return true;
	if (!bc_sock_take_item(bc, item))
		return false;
	sk->sk_bc.bc = bc;
	sk->sk_bc.item = item;
	bc_sock_list(&sk->sk_bc);
	return true;
}

/* See bc_sock_clone(). */
bool __bc_sock_clone(struct sock *sk, const struct sock *from, gfp_t flags)
{
	/* A copy that is refused is freed, and must not leave the group of @from. */
	RCU_INIT_POINTER(sk->sk_reuseport_cb, NULL);
	return bc_charge_like(sk, from, flags) &&
	       (!from->sk_bc.item || __bc_sock_count(sk));
}

/* See bc_sock_follow(). */
bool __bc_sock_follow(struct sock *sk, const struct sock *like)
{
	struct beancounter *old = bc_sock_payer(sk), *bc = bc_sock_payer(like);
	enum bc_resource item = bc_sock_item(sk);
	/* A UNIX socket has sent one packet, in which it goes to the listener. */
	u64 sent = atomic64_read(&sk->sk_bc.sent);

	if (!bc || bc == old)
		return true;
	if (bc_charge(bc, item, 1, BC_BARRIER))
		return false;
	if (bc_charge(bc, BC_OTHERSOCKBUF, sent, BC_GAP)) {
		bc_uncharge(bc, item, 1);
		return false;
	}
	if (!__bc_follow(sk, like, GFP_ATOMIC)) {
		bc_uncharge(bc, BC_OTHERSOCKBUF, sent);
		bc_uncharge(bc, item, 1);
		return false;
	}
	/* These charges pin @old: __bc_follow() has given back the charge of @sk. */
	bc_uncharge(old, BC_OTHERSOCKBUF, sent);
	if (sk->sk_bc.item)
		bc_uncharge(old, sk->sk_bc.item, 1);
	sk->sk_bc.bc = bc;
	sk->sk_bc.item = item;
	bc_sock_list(&sk->sk_bc);
	return true;
}

/* See bc_sock_free(). */
void __bc_sock_free(struct sock *sk)
{
	struct bc_sock *s = &sk->sk_bc;

	bc_sock_unlist(s);
	bc_sock_give(sk, S64_MAX, S64_MAX);
	if (!s->item)
		return;
	/* No task adds the socket to a list any more. */
	if (unlikely(smp_load_acquire(&s->wait.next)))
		bc_sock_unwait(sk);
	/* Packets that were freed at the same moment may have left a rest of @sent. */
	bc_uncharge(s->bc, BC_OTHERSOCKBUF, atomic64_read(&s->sent));
	bc_sock_give_item(s->bc, s->item);
}

/* See bc_skb_fits(). A packet that does not fit counts as a refusal. */
bool __bc_skb_fits(struct sock *sk, const struct sk_buff *skb)
{
	struct beancounter *bc = bc_sock_payer(sk);
	enum bc_severity severity =
		atomic_read(&sk->sk_rmem_alloc) ? BC_BARRIER : BC_GAP;
	struct bc_request rq = bc_item_request(bc_sock_row(sk, SK_MEM_RECV),
					       skb->truesize, skb->truesize,
					       severity);

	if (!bc || bc_has_room(bc, &rq))
		return true;
	bc_refused_nowait(bc, &rq);
	return false;
}
EXPORT_SYMBOL_GPL(__bc_skb_fits);

/*
 * Give back the charge of the data of a packet. While others share the data, it
 * stays charged to its payer: the others may keep it for long, and two of them could
 * give the charge back at the same time.
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

/*
 * See bc_skb_disown(). Fragments stay with their payers: others may have parts of the
 * same page.
 */
void __bc_skb_disown(struct sk_buff *skb)
{
	/*
	 * Of an acknowledgment of TCP truesize is 2, and IPsec makes heads larger without
	 * counting that: who has paid goes on paying.
	 */
	if (skb->truesize < skb->data_len + SKB_TRUESIZE(skb_end_offset(skb)))
		return;
	bc_skb_head_disown(skb);
	__bc_disown(skb);
}

/* See bc_skb_left(). */
void __bc_skb_left(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff_fclones *both =
		container_of(skb, struct sk_buff_fclones, skb1);

	if (skb->fclone != SKB_FCLONE_ORIG ||
	    refcount_read(&both->fclone_ref) == 1 || !bc_sock_payer(sk))
		return;
	/* A packet that a peer is about to read counts twice. */
	bc_adopt(skb, sk, BC_FORCE);
	if (!skb->head_frag && !is_vmalloc_addr(skb->head))
		bc_adopt(skb->head, sk, BC_FORCE);
}

/**
 * __bc_skb_charge() - charge a packet to the payer of a socket
 * @sk: the socket
 * @skb: the packet
 * @error: it goes to the error queue
 *
 * See bc_skb_charge(). The caller has checked before that the packet fits. If another
 * charge came in between, the part above the limit counts as forced. Any module may
 * call this, by skb_set_owner_r().
 *
 * Context: Any.
 */
void __bc_skb_charge(struct sock *sk, struct sk_buff *skb, bool error)
{
	if (!error && bc_sock_has_account(sk))
		return;
	if (bc_sock_take(sk, SK_MEM_RECV, skb->truesize, BC_FORCE))
		__bc_skb_disown(skb);
}
EXPORT_SYMBOL_GPL(__bc_skb_charge);

/* See bc_skb_uncharge(). */
void __bc_skb_uncharge(struct sock *sk, unsigned int bytes)
{
	if (!bc_sock_has_account(sk))
		bc_sock_give(sk, 0, bytes);
}

/* See bc_skb_uncharge_error(). */
void __bc_skb_uncharge_error(struct sock *sk, unsigned int bytes)
{
	bc_sock_give(sk, 0, bytes);
}

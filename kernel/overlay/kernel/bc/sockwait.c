// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: packets that sockets send, and senders that wait for room.
 *
 * A packet that was sent counts for its socket until it is freed, wherever it is: for
 * UNIX sockets that is until the receiver has read it.
 *
 * If a group has no room, a socket that wants to send is not writable, and is in a list
 * of its account. Any socket of the tree may give back the room that it waits for, but
 * does not know which sockets wait. So a work item looks through these lists every
 * BC_SENDERS_AFTER jiffies, as long as there is a socket in one of them.
 */
#include <linux/bc_sock.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/hotdata.h>
#include <net/sock.h>

#include "sock.h"

/* How often the lists are looked through, and for how many sockets each time. */
#define BC_SENDERS_AFTER (HZ / 50)
#define BC_SENDERS_MAX 64

/**
 * struct bc_senders - sockets of a tree that wait for room to send
 * @top: the account at the top of the tree; while @work is @armed it has a reference
 * @lock: protects @list, @armed and the lists of sockets; it nests inside the lock of a
 *	socket, and is a leaf
 * @list: list of the accounts that have such sockets, by @socks_node; they take turns
 * @armed: @work is scheduled
 * @work: looks which sockets can go on
 *
 * The lists hold no references to sockets: a socket that is freed leaves its list.
 */
struct bc_senders {
	struct beancounter *top;
	spinlock_t lock; /* protects the members below, and @socks of accounts */
	struct list_head list;
	bool armed;
	struct delayed_work work;
};

/* Has the socket data on its way? Then it is told when that data is freed. */
static bool bc_sock_sends(const struct sock *sk)
{
	return bc_sock_is_tcp(sk) ? READ_ONCE(sk->sk_wmem_queued) > 0 :
				    sk_wmem_alloc_get(sk) > 0;
}

/* Is the request more than some level may ever have? */
static bool bc_never_fits(const struct beancounter *bc,
			  const struct bc_request *rq)
{
	for (; bc; bc = bc->parent) {
		/* Limits may change at any time. */
		struct bc_counter empty = data_race(bc->res[rq->want[0].res]);

		empty.usage = 0;
		if (!bc_fits(&empty, rq->want[0].n, BC_GAP))
			return true;
	}
	return false;
}

/*
 * The request that a socket makes to send so many bytes. A socket without data on its
 * way may go above the barrier.
 */
static struct bc_request bc_sock_request(const struct sock *sk, u64 bytes)
{
	enum bc_resource row = bc_sock_row(sk, SK_MEM_SEND);
	enum bc_severity severity = BC_BARRIER;

	if (!bc_sock_sends(sk)) {
		severity = BC_GAP;
		/* TCP asks for no more than a page then. */
		if (sk_is_tcp(sk))
			bytes = min(bytes, PAGE_SIZE);
	}
	return bc_item_request(row, bytes, bc_sock_is_tcp(sk) ? bytes : 0,
			       severity);
}

/*
 * May the socket try again? Yes, too, if its request can never be granted: it gets an
 * error then.
 */
static bool bc_sock_may_go(const struct sock *sk, u64 bytes)
{
	struct bc_request rq = bc_sock_request(sk, bytes);
	struct beancounter *bc = bc_sock_payer(sk);

	return !bc || bc_has_room(bc, &rq) || bc_never_fits(bc, &rq);
}

/* Under the lock of the lists. */
static void bc_senders_del(struct beancounter *bc, struct bc_sock *s)
{
	if (!s->wait.next)
		return;
	WRITE_ONCE(s->wants, 0);
	list_del(&s->wait);
	if (list_empty(&bc->socks))
		list_del_init(&bc->socks_node);
	/* From here on the socket may be freed, see __bc_sock_free(). */
	smp_store_release(&s->wait.next, NULL);
}

/* Under the lock of the lists, one of which has a socket, which pins the tree. */
static void bc_senders_arm(struct bc_senders *senders)
{
	if (senders->armed)
		return;
	senders->armed = true;
	refcount_inc(&senders->top->refs);
	queue_delayed_work(bc_wake_wq, &senders->work, BC_SENDERS_AFTER);
}

/**
 * bc_sock_wait() - a socket may not send before there is room
 * @sk: the socket, not freed yet
 * @bytes: how many it wants to send
 *
 * Context: Any but in an interrupt of the hardware.
 */
void bc_sock_wait(struct sock *sk, u64 bytes)
{
	struct bc_sock *s = &sk->sk_bc;
	struct beancounter *bc = s->bc;
	struct bc_senders *senders;
	unsigned long flags;

	/* A socket that does not count, as one of the kernel, sends when it can. */
	if (!s->item)
		return;
	senders = bc->top->senders;
	bc_spin_lock(&senders->lock, flags);
	if (!s->wait.next) {
		if (list_empty(&bc->socks))
			list_add_tail(&bc->socks_node, &senders->list);
		list_add_tail(&s->wait, &bc->socks);
	}
	WRITE_ONCE(s->wants, clamp_t(u64, bytes, 1, UINT_MAX));
	bc_senders_arm(senders);
	bc_spin_unlock(&senders->lock, flags);
}

/**
 * bc_sock_unwait() - a socket that may be in a list is about to be freed
 * @sk: the socket; no task sends with it any more
 *
 * Context: Any but in an interrupt of the hardware.
 */
void bc_sock_unwait(struct sock *sk)
{
	struct bc_sock *s = &sk->sk_bc;
	struct beancounter *bc = s->bc;
	struct bc_senders *senders = bc->top->senders;
	unsigned long flags;

	bc_spin_lock(&senders->lock, flags);
	bc_senders_del(bc, s);
	bc_spin_unlock(&senders->lock, flags);
}

/**
 * bc_sock_look() - a socket has given back memory of data that it had sent
 * @sk: the socket
 *
 * If there is room for it to send again, it is writable from here on, and the work item
 * tells it so.
 *
 * Context: Any.
 */
void bc_sock_look(struct sock *sk)
{
	unsigned int wants = READ_ONCE(sk->sk_bc.wants);

	if (unlikely(wants) && bc_sock_may_go(sk, wants))
		WRITE_ONCE(sk->sk_bc.wants, 0);
}

/*
 * End the wait of a socket. Its protocol is told as by a packet that was freed. But
 * the protocol may wake nobody, if too much of the socket's own buffer is in use, and
 * some tasks wait for room in the group only: so all are woken in any case.
 */
static void bc_sock_release(struct bc_senders *senders, struct sock *sk)
{
	typeof(sk->sk_write_space) write_space = READ_ONCE(sk->sk_write_space);
	struct socket_wq *wq;
	unsigned long flags;

	bc_spin_lock(&senders->lock, flags);
	bc_senders_del(bc_sock_payer(sk), &sk->sk_bc);
	bc_spin_unlock(&senders->lock, flags);
	write_space(sk);
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT | EPOLLWRNORM |
							      EPOLLWRBAND);
	rcu_read_unlock();
}

/*
 * TCP and its kin are told under the lock of the socket, as by a packet that comes in.
 * If a user owns the lock, who may be changing what the protocol looks at, the socket is
 * told the next time. Other protocols are told without the lock, see sock_wfree().
 */
static void bc_sock_tell(struct bc_senders *senders, struct sock *sk)
{
	if (!bc_sock_is_tcp(sk)) {
		bc_sock_release(senders, sk);
		return;
	}
	local_bh_disable();
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		bc_sock_release(senders, sk);
	bh_unlock_sock(sk);
	local_bh_enable();
}

/*
 * The next socket, with a reference: the one at the head of the list of the account
 * whose turn it is. Both go to the end of their lists. Returns NULL if no socket waits,
 * or if this one is being freed.
 */
static struct sock *bc_senders_next(struct bc_senders *senders)
{
	struct sock *sk = NULL;
	struct beancounter *bc;
	unsigned long flags;
	struct bc_sock *s;

	bc_spin_lock(&senders->lock, flags);
	bc = list_first_entry_or_null(&senders->list, struct beancounter,
				      socks_node);
	if (bc) {
		list_move_tail(&bc->socks_node, &senders->list);
		s = list_first_entry(&bc->socks, struct bc_sock, wait);
		list_move_tail(&s->wait, &bc->socks);
		sk = container_of(s, struct sock, sk_bc);
		if (!refcount_inc_not_zero(&sk->sk_refcnt)) {
			bc_senders_del(bc, s);
			sk = NULL;
		}
	}
	bc_spin_unlock(&senders->lock, flags);
	return sk;
}

static void bc_senders_work(struct work_struct *work)
{
	struct bc_senders *senders =
		container_of(to_delayed_work(work), struct bc_senders, work);
	struct beancounter *top = senders->top;
	unsigned long flags;
	struct sock *sk;
	int i;

	for (i = 0; i < BC_SENDERS_MAX && !list_empty_careful(&senders->list);
	     i++) {
		unsigned int wants;

		sk = bc_senders_next(senders);
		if (!sk)
			continue;
		wants = READ_ONCE(sk->sk_bc.wants);
		if (!wants || bc_sock_may_go(sk, wants))
			bc_sock_tell(senders, sk);
		sock_put(sk);
		cond_resched();
	}
	bc_spin_lock(&senders->lock, flags);
	senders->armed = false;
	if (!list_empty(&senders->list))
		bc_senders_arm(senders);
	bc_spin_unlock(&senders->lock, flags);
	/* The last reference would free this work item, too. */
	bc_put(top);
}

/**
 * bc_senders_init() - lists of senders for a tree
 * @top: the account at the top, which frees them in the end
 *
 * Context: Process context, may sleep.
 * Return: false if there is no memory.
 */
bool bc_senders_init(struct beancounter *top)
{
	struct bc_senders *senders =
		kzalloc(sizeof(*senders), GFP_KERNEL_ACCOUNT);

	if (!senders)
		return false;
	senders->top = top;
	spin_lock_init(&senders->lock);
	INIT_LIST_HEAD(&senders->list);
	INIT_DELAYED_WORK(&senders->work, bc_senders_work);
	top->senders = senders;
	return true;
}

/*
 * Do the packets that a socket sends count here? Not those of kernel sockets, and of
 * sockets that are accounted page by page. Nor those of a socket without any limit, as
 * that of a tun device: a task that waited to write to it would keep the device.
 */
static bool bc_sock_counts_sent(const struct sock *sk)
{
	return sk->sk_bc.item && !bc_sock_is_tcp(sk) &&
	       READ_ONCE(sk->sk_sndbuf) != INT_MAX;
}

/* Does this CPU have more than any packet takes for so many bytes, or does none count? */
static bool bc_sock_plenty(const struct sock *sk, unsigned long bytes)
{
	return !sk->sk_bc.item ||
	       bc_lane_covers(bc_stock_here(sk->sk_bc.bc), BC_OTHERSOCKBUF,
			      2 * bytes + 2 * PAGE_SIZE);
}

/* truesize of a packet as sock_alloc_send_pskb() allocates it. */
static u64 bc_skb_truesize(const struct sock *sk, unsigned long header_len,
			   unsigned long data_len)
{
	size_t head = SKB_HEAD_ALIGN(header_len);
	size_t small = kmem_cache_size(net_hotdata.skb_small_head_cache);

	if (head <= small && !(sk->sk_allocation & KMALLOC_NOT_NORMAL_BITS))
		head = small;
	else
		head = kmalloc_size_roundup(head);
	return SKB_DATA_ALIGN(sizeof(struct sk_buff)) + head +
	       PAGE_ALIGN(data_len);
}

/*
 * Returns 0, -EAGAIN when there is no room at the moment, or -ENOBUFS when there can never
 * be enough, or when the task must not wait because the lock of the socket is held. Other
 * tasks that wait for this lock may hold global locks. The lock is held for datagrams
 * that are put together from pieces, and for others while a task sets options; UNIX sends
 * without the lock.
 */
static int bc_sock_ask(struct sock *sk, u64 bytes, bool rest)
{
	struct bc_request rq = bc_sock_request(sk, bytes);
	struct beancounter *bc = bc_sock_payer(sk);

	if (rest)
		rq.severity = BC_LIMIT;
	if (!bc || bc_has_room(bc, &rq))
		return 0;
	bc_refused(bc, &rq);
	if (bc_never_fits(bc, &rq))
		return -ENOBUFS;
	if (!rest) {
		bc_sock_wait(sk, bytes);
		/* A signal tells of room, also where an error is returned. */
		sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	}
	if (READ_ONCE(sk->sk_family) != AF_UNIX &&
	    /* A hint: another task may take or release the lock at this moment. */
	    data_race(sock_owned_by_user_nocheck(sk)))
		return -ENOBUFS;
	return -EAGAIN;
}

/* See bc_skb_may_send(). A packet that does not fit counts as a refusal. */
int __bc_skb_may_send(struct sock *sk, unsigned long header_len,
		      unsigned long data_len)
{
	unsigned int more = READ_ONCE(sk->sk_bc.more);
	int err = 0;

	if (unlikely(!bc_sock_plenty(sk, header_len + data_len + more)) &&
	    bc_sock_counts_sent(sk))
		err = bc_sock_ask(sk,
				  max(bc_skb_truesize(sk, header_len, data_len),
				      more),
				  false);
	if (unlikely(more) && err != -EAGAIN)
		WRITE_ONCE(sk->sk_bc.more, 0);
	return err;
}

/* truesize of packets that take so many bytes of data. */
static u64 bc_sock_truesize(const struct sock *sk, unsigned long bytes,
			    unsigned int mtu)
{
	return DIV_ROUND_UP(bytes, mtu) *
	       bc_skb_truesize(sk, min_t(u64, bytes, mtu), 0);
}

/* See bc_skb_no_room(). The rest of a packet that does not fit counts as a refusal. */
bool __bc_skb_no_room(struct sock *sk, unsigned long bytes, unsigned int mtu,
		      bool first)
{
	u64 truesize;

	if (likely(bc_sock_plenty(sk, bytes)) || !bc_sock_counts_sent(sk)) {
		/* An earlier packet may have left it, and was not sent. */
		if (unlikely(first && READ_ONCE(sk->sk_bc.more)))
			WRITE_ONCE(sk->sk_bc.more, 0);
		return false;
	}
	truesize = bc_sock_truesize(sk, bytes, mtu);
	if (!first)
		return bc_sock_ask(sk, truesize, true);
	WRITE_ONCE(sk->sk_bc.more, min_t(u64, truesize, UINT_MAX));
	return false;
}
EXPORT_SYMBOL_GPL(__bc_skb_no_room);

/*
 * See bc_skb_sent(). The caller has checked before that it fits, as for bc_skb_charge().
 */
void __bc_skb_sent(struct sock *sk, unsigned int bytes)
{
	struct bc_sock *s = &sk->sk_bc;

	if (bc_sock_counts_sent(sk) &&
	    (likely(bc_lane_take(bc_stock_here(s->bc), BC_OTHERSOCKBUF,
				 bytes)) ||
	     !bc_charge(s->bc, BC_OTHERSOCKBUF, bytes, BC_FORCE)))
		atomic64_add(bytes, &s->sent);
}
EXPORT_SYMBOL_GPL(__bc_skb_sent);

/*
 * See bc_skb_unsent(). Packets may grow and shrink on their way, by segmentation and
 * IPsec, so the last of them gives back the rest of the charge.
 */
void __bc_skb_unsent(struct sock *sk, unsigned int bytes)
{
	atomic64_t *sent = &sk->sk_bc.sent;
	s64 old = atomic64_read(sent), n;

	if (!old)
		return;
	do {
		n = old;
		if (sk_wmem_alloc_get(sk) > (int)bytes)
			n = min_t(s64, old, bytes);
		if (!n)
			return;
	} while (!atomic64_try_cmpxchg(sent, &old, old - n));
	if (unlikely(!bc_lane_give(bc_stock_here(sk->sk_bc.bc), BC_OTHERSOCKBUF,
				   n)))
		bc_uncharge(sk->sk_bc.bc, BC_OTHERSOCKBUF, n);
	bc_sock_look(sk);
}

/*
 * See bc_sock_poll(). A socket that could not send a page (TCP), or a small packet, is
 * not writable.
 */
void __bc_sock_poll(struct sock *sk)
{
	u64 least;

	/* Packets of netlink are charged to the receiver. */
	if (!sk || !sk->sk_bc.item || READ_ONCE(sk->sk_bc.wants) ||
	    READ_ONCE(sk->sk_family) == AF_NETLINK ||
	    (!bc_sock_is_tcp(sk) && !bc_sock_counts_sent(sk)))
		return;
	least = bc_sock_is_tcp(sk) ? PAGE_SIZE : bc_skb_truesize(sk, 1, 0);
	if (!bc_sock_may_go(sk, least))
		bc_sock_wait(sk, least);
}

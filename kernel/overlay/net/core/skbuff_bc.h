/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that MSG_ZEROCOPY and io_uring pin. Included by skbuff.c.
 */
#ifndef NET_CORE_SKBUFF_BC_H
#define NET_CORE_SKBUFF_BC_H

#include <linux/bc_pin.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#ifdef CONFIG_BEANCOUNTERS

/* In the data of the notification, which has none: the cb is full. */
static struct bc_zerocopy *msg_zerocopy_bc(struct ubuf_info_msgzc *uarg)
{
	return (void *)container_of((void *)uarg, struct sk_buff, cb)->head;
}

static void msg_zerocopy_init(struct ubuf_info_msgzc *uarg)
{
	bc_pin_init(&msg_zerocopy_bc(uarg)->pin);
	msg_zerocopy_bc(uarg)->last = NULL;
}

static void msg_zerocopy_unpin(struct ubuf_info_msgzc *uarg)
{
	bc_unpin(&msg_zerocopy_bc(uarg)->pin);
}

#define bc_zerocopy_refused(err) ((err) == -ENOMEM || (err) == -ENOBUFS)

/**
 * bc_zerocopy_pin() - charge pages that were added to a packet
 * @zc: what its notification has charged by then
 * @skb: the packet
 * @orig_len: its length before the pages were added
 *
 * Context: Process context, with the socket locked; may sleep.
 * Return: 0, or -ENOMEM when the group may not have them. They are asked for again if
 * the task tries again.
 */
int bc_zerocopy_pin(struct bc_zerocopy *zc, const struct sk_buff *skb,
		    unsigned int orig_len)
{
	unsigned int i, len = skb_headlen(skb);
	const struct folio *last = zc->last;
	unsigned long pages = 0;
	int ret;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		len += skb_frag_size(frag);
		if (len > orig_len)
			pages += bc_folio_pages(skb_frag_page(frag), &last);
	}
	ret = bc_pin_more(&zc->pin, pages);
	if (!ret)
		zc->last = last;
	return ret;
}

/* See bc_zerocopy_charge(). Registered buffers of io_uring are charged by then. */
int __bc_zerocopy_charge(struct ubuf_info *uarg, struct sk_buff *skb,
			 unsigned int orig_len)
{
	if (skb_zcopy_managed(skb))
		return 0;
	if (uarg->ops == &msg_zerocopy_ubuf_ops)
		return bc_zerocopy_pin(msg_zerocopy_bc(uarg_to_msgzc(uarg)),
				       skb, orig_len) ?
			       -ENOBUFS :
			       0;
	/* Only io_uring links the notifications of a packet. */
	if (IS_ENABLED(CONFIG_IO_URING) && uarg->ops->link_skb)
		return bc_notif_charge(uarg, skb, orig_len);
	return 0;
}

/**
 * bc_zerocopy_fits() - charge the pages that were added to a packet of no stream
 * @skb: the packet
 * @from: where the data came from
 * @orig_len: length of the packet before
 * @ret: what adding them returned
 *
 * If they are refused, the caller frees the packet or cuts it.
 *
 * Context: Process context; may sleep.
 * Return: @ret, or the error of bc_zerocopy_charge().
 */
int bc_zerocopy_fits(struct sk_buff *skb, struct iov_iter *from,
		     unsigned int orig_len, int ret)
{
	int refused = bc_zerocopy_charge(skb_zcopy(skb), skb, orig_len);

	if (!refused)
		return ret;
	iov_iter_revert(from, skb->len - orig_len);
	return refused;
}

/**
 * bc_zerocopy_fill() - add pages to a packet of TCP, and charge them
 * @msg: the message that they are from
 * @sk: the socket
 * @skb: the packet, which may have waited in the socket for some time
 * @len: bytes of data
 * @uarg: the notification
 *
 * If they are refused, the caller cuts the packet. Its truesize has been corrected by
 * then: a task may try again and again, and neither the socket nor TCP may run full.
 *
 * Context: Process context, with the socket locked; may sleep.
 * Return: As __zerocopy_sg_from_iter(), or the error of bc_zerocopy_charge().
 */
static int bc_zerocopy_fill(struct msghdr *msg, struct sock *sk,
			    struct sk_buff *skb, size_t len,
			    struct ubuf_info *uarg)
{
	unsigned int orig_len = skb->len, more = skb->truesize;
	int ret, refused;

	ret = __zerocopy_sg_from_iter(msg, sk, skb, &msg->msg_iter, len);
	if (ret == -EFAULT)
		return ret;
	refused = bc_zerocopy_charge(uarg, skb, orig_len);
	if (!refused)
		return ret;
	more = skb->truesize - more;
	skb->truesize -= more;
	sk_wmem_queued_add(sk, -(int)more);
	if (!skb_zcopy_pure(skb))
		sk_mem_uncharge(sk, more);
	return refused;
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_zerocopy_fill(msg, sk, skb, len, uarg) \
	__zerocopy_sg_from_iter(msg, sk, skb, &(msg)->msg_iter, len)
#define msg_zerocopy_init(uarg) ((void)0)
#define msg_zerocopy_unpin(uarg) ((void)0)
#define bc_zerocopy_refused(err) (false)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* NET_CORE_SKBUFF_BC_H */

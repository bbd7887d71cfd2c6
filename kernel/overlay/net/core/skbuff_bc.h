/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that MSG_ZEROCOPY and io_uring pin. Included by skbuff.c.
 */
#ifndef NET_CORE_SKBUFF_BC_H
#define NET_CORE_SKBUFF_BC_H

#include <linux/bc_pin.h>
#include <linux/skbuff.h>

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

#define bc_zerocopy_refused(err) ((err) == -ENOMEM)

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
				       skb, orig_len);
	/* Only io_uring links the notifications of a packet. */
	if (IS_ENABLED(CONFIG_IO_URING) && uarg->ops->link_skb)
		return bc_notif_charge(uarg, skb, orig_len);
	return 0;
}

#else /* CONFIG_BEANCOUNTERS */

#define msg_zerocopy_init(uarg) ((void)0)
#define msg_zerocopy_unpin(uarg) ((void)0)
#define bc_zerocopy_refused(err) (false)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* NET_CORE_SKBUFF_BC_H */

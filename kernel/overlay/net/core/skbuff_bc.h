/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that MSG_ZEROCOPY and io_uring pin. Included by skbuff.c.
 */
#ifndef NET_CORE_SKBUFF_BC_H
#define NET_CORE_SKBUFF_BC_H

#include <linux/bc_pin.h>
#include <linux/mm.h>
#include <linux/skbuff.h>

/**
 * struct msg_zerocopy_bc - what a notification of MSG_ZEROCOPY has charged
 * @pin: the pages; under the lock of the socket
 * @last: the folio of the last of them; the same lock
 *
 * It is in the data of the notification, which has none: the cb is full.
 */
struct msg_zerocopy_bc {
#ifdef CONFIG_BEANCOUNTERS
	struct bc_pin pin;
	const struct folio *last;
#endif
};

#ifdef CONFIG_BEANCOUNTERS

static struct msg_zerocopy_bc *msg_zerocopy_bc(struct ubuf_info_msgzc *uarg)
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
 * bc_frag_pages() - how many pages a packet keeps
 * @skb: the packet
 * @orig_len: its length before the fragments that count
 * @last: a folio that is counted by then; the last one afterwards
 *
 * Context: Any.
 * Return: The pages of the folios of the fragments; pages of hugetlbfs, which have a
 * pool of their own, one by one.
 */
unsigned long bc_frag_pages(const struct sk_buff *skb, unsigned int orig_len,
			    const struct folio **last)
{
	unsigned int i, len = skb_headlen(skb);
	const struct folio *folio;
	unsigned long pages = 0;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		len += skb_frag_size(frag);
		if (len <= orig_len)
			continue;
		folio = page_folio(skb_frag_page(frag));
		if (folio_test_hugetlb(folio))
			pages++;
		else if (folio != *last)
			pages += folio_nr_pages(folio);
		*last = folio;
	}
	return pages;
}

/* See bc_zerocopy_charge(). Registered buffers of io_uring are charged by then. */
int __bc_zerocopy_charge(struct ubuf_info *uarg, struct sk_buff *skb,
			 unsigned int orig_len)
{
	struct msg_zerocopy_bc *msg;
	const struct folio *last;
	int ret;

	if (skb_zcopy_managed(skb))
		return 0;
	if (uarg->ops == &msg_zerocopy_ubuf_ops) {
		msg = msg_zerocopy_bc(uarg_to_msgzc(uarg));
		last = msg->last;
		ret = bc_pin_more(&msg->pin,
				  bc_frag_pages(skb, orig_len, &last));
		/* What was refused is asked for again, if the task tries again. */
		if (!ret)
			msg->last = last;
		return ret;
	}
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

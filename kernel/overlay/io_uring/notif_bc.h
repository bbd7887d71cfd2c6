/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that a send without a copy pins. Included by notif.c.
 */
#ifndef IO_URING_NOTIF_BC_H
#define IO_URING_NOTIF_BC_H

#include <linux/bc_pin.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#ifdef CONFIG_BEANCOUNTERS

/**
 * struct bc_notif_pin - what a notification of io_uring has charged
 * @pin: the pages; first, because bc_pin_free() frees it
 * @last: the folio of the last of them; only the task that sends uses it
 */
struct bc_notif_pin {
	struct bc_pin pin;
	const struct folio *last;
};

/**
 * bc_notif_charge() - charge a packet until a notification of io_uring is given
 * @uarg: of the notification
 * @skb: the packet
 * @orig_len: its length before
 *
 * Context: Process context; may sleep.
 * Return: 0, or -ENOMEM when the group may not have the pages.
 */
int bc_notif_charge(struct ubuf_info *uarg, const struct sk_buff *skb,
		    unsigned int orig_len)
{
	struct io_notif_data *nd =
		container_of(uarg, struct io_notif_data, uarg);
	struct bc_notif_pin *notif;
	const struct folio *last;
	int ret;

	if (!nd->bc_pin) {
		notif = kzalloc(sizeof(*notif), GFP_KERNEL | __GFP_BC);
		if (!notif)
			return -ENOMEM;
		nd->bc_pin = &notif->pin;
	}
	notif = container_of(nd->bc_pin, struct bc_notif_pin, pin);
	last = notif->last;
	ret = bc_pin_more(&notif->pin, bc_frag_pages(skb, orig_len, &last));
	if (!ret)
		notif->last = last;
	return ret;
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* IO_URING_NOTIF_BC_H */

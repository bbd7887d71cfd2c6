/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that a send without a copy pins. Included by notif.c.
 */
#ifndef IO_URING_NOTIF_BC_H
#define IO_URING_NOTIF_BC_H

#include <linux/bc_pin.h>
#include <linux/slab.h>

#if defined(CONFIG_BEANCOUNTERS) && defined(CONFIG_NET)

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
	struct bc_zerocopy *zc;

	if (!nd->bc_pin) {
		zc = kzalloc(sizeof(*zc), GFP_KERNEL | __GFP_BC);
		if (!zc)
			return -ENOMEM;
		nd->bc_pin = &zc->pin;
	}
	zc = container_of(nd->bc_pin, struct bc_zerocopy, pin);
	return bc_zerocopy_pin(zc, skb, orig_len);
}

#endif /* CONFIG_BEANCOUNTERS && CONFIG_NET */

#endif /* IO_URING_NOTIF_BC_H */

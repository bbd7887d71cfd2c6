/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that MSG_ZEROCOPY pins. Included by skbuff.c.
 */
#ifndef NET_CORE_SKBUFF_BC_H
#define NET_CORE_SKBUFF_BC_H

#include <linux/bc_pin.h>
#include <linux/skbuff.h>

/* In the data of the notification, which has none: the cb is full. */
static inline struct bc_pin *msg_zerocopy_pin(struct ubuf_info_msgzc *uarg)
{
	return (void *)container_of((void *)uarg, struct sk_buff, cb)->head;
}

static int msg_zerocopy_account(struct ubuf_info_msgzc *uarg, size_t size)
{
	unsigned long num_pg = (size >> PAGE_SHIFT) + 2; /* worst case */
	int err;

	err = bc_pin_more(msg_zerocopy_pin(uarg), num_pg);
	if (err)
		return err;
	err = mm_account_pinned_pages(&uarg->mmp, size);
	if (err)
		bc_unpin_some(msg_zerocopy_pin(uarg), num_pg);
	return err;
}

#endif /* NET_CORE_SKBUFF_BC_H */

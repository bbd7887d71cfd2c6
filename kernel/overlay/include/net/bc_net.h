/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what a network namespace keeps for those who use it.
 *
 * Routes and neighbours that are looked up leave an entry behind, often in an
 * interrupt. Who made the namespace pays for it, not who sent the first packet;
 * those of the first namespace are nobody's.
 */
#ifndef _NET_BC_NET_H
#define _NET_BC_NET_H

#include <linux/beancounter.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#ifdef CONFIG_BEANCOUNTERS

/**
 * bc_net_pays() - let who made a network namespace pay for an object
 * @net: the namespace
 * @obj: from a slab cache or kmalloc(); nobody else knows it yet
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it. Who paid so far pays on.
 */
static inline bool __must_check bc_net_pays(const struct net *net, void *obj)
{
	return !bc_online() ||
	       __bc_follow(obj, net_eq(net, &init_net) ? NULL : net,
			   GFP_ATOMIC);
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_net_pays(const struct net *net, void *obj)
{
	return true;
}

#endif /* CONFIG_BEANCOUNTERS */

/**
 * bc_net_own() - what kmalloc() returned belongs to a network namespace
 * @net: the namespace
 * @obj: just allocated, or NULL
 *
 * Context: Any; does not sleep.
 * Return: @obj, or NULL after it was freed when the group may not have it.
 */
static inline void *bc_net_own(const struct net *net, void *obj)
{
	if (!obj || likely(bc_net_pays(net, obj)))
		return obj;
	kfree(obj);
	return NULL;
}

#endif /* _NET_BC_NET_H */

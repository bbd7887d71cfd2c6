/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what a network namespace keeps for those who use it.
 *
 * Routes and neighbours that are looked up leave an entry behind, often in an
 * interrupt. The group that made the namespace pays for it, not the sender of the
 * first packet; those of the first namespace are charged to no group.
 */
#ifndef _NET_BC_NET_H
#define _NET_BC_NET_H

#include <linux/beancounter.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_net_charge(struct net *net, u64 entries);
void __bc_net_uncharge(struct net *net, u64 entries);
void __bc_net_free(struct net *net);
bool __must_check __bc_net_sends(const struct net *net, struct sk_buff *skb);

/**
 * bc_net_charge() - charge entries of packet filters
 * @net: network namespace that they are for; the group that made it pays
 * @entries: how many
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have them.
 */
static inline bool __must_check bc_net_charge(struct net *net,
					      unsigned int entries)
{
	return !bc_online() || !entries || __bc_net_charge(net, entries);
}

/**
 * bc_net_uncharge() - give entries of packet filters back
 * @net: network namespace that they were for
 * @entries: how many
 *
 * Context: Any.
 */
static inline void bc_net_uncharge(struct net *net, unsigned int entries)
{
	if (bc_online() && entries)
		__bc_net_uncharge(net, entries);
}

/**
 * bc_net_free() - a network namespace is about to be freed
 * @net: the namespace
 *
 * Context: Any.
 */
static inline void bc_net_free(struct net *net)
{
	if (bc_online())
		__bc_net_free(net);
}

/* Nobody pays for what is done for the first namespace. */
static inline const struct net *bc_net_paid(const struct net *net)
{
	return net_eq(net, &init_net) ? NULL : net;
}

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
	return !bc_online() || __bc_follow(obj, bc_net_paid(net), GFP_ATOMIC);
}

/**
 * bc_net_enter() - a packet has come to a device of another network namespace
 * @net: the namespace; who made it pays from here on, and nobody for the first
 *
 * Context: In a section of bc_behalf_begin(), to the end of which it holds.
 */
static inline void bc_net_enter(const struct net *net)
{
	/* Most packets are for the first one, and nobody has been paying so far. */
	if (bc_online() && (!net_eq(net, &init_net) || bc_on_behalf()))
		__bc_behalf_change(bc_net_paid(net));
}

/**
 * bc_net_begin() - a softirq or kernel thread works for a network namespace
 * @net: the namespace; who made it pays, and nobody for the first
 *
 * Context: As bc_behalf_begin().
 * Return: The old payer, for bc_behalf_end().
 */
static inline struct beancounter *bc_net_begin(const struct net *net)
{
	return bc_behalf_begin(bc_net_paid(net));
}

/**
 * bc_net_sends() - a packet is about to be sent from a network namespace
 * @net: the namespace
 * @skb: the packet
 *
 * A packet that a timer or a work item has made may wait in a queue for long. If nobody
 * pays for it, who made the namespace does.
 *
 * Context: Any but hard interrupts; does not sleep.
 * Return: false when the group may not have it.
 */
static inline bool __must_check bc_net_sends(const struct net *net,
					     struct sk_buff *skb)
{
	if (!bc_online() || net_eq(net, &init_net) ||
	    (in_task() && !(current->flags & PF_KTHREAD)))
		return true;
	return __bc_net_sends(net, skb);
}

/**
 * bc_net_recharge() - a table gets so many entries instead
 * @net: network namespace that it is in
 * @old: how many it has
 * @new: how many it will have
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have those that are more.
 */
static inline bool __must_check bc_net_recharge(struct net *net,
						unsigned int old,
						unsigned int new)
{
	if (new > old)
		return bc_net_charge(net, new - old);
	bc_net_uncharge(net, old - new);
	return true;
}

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

#else /* CONFIG_BEANCOUNTERS */

/* Macros, because even an empty function changes the layout of the caller's code. */
#define bc_net_enter(net) ((void)0)
#define bc_net_pays(net, obj) true
#define bc_net_own(net, obj) (obj)
#define bc_net_charge(net, entries) true
#define bc_net_recharge(net, old, new) true
#define bc_net_uncharge(net, entries) ((void)0)
#define bc_net_free(net) ((void)0)
#define bc_net_sends(net, skb) true

static inline struct beancounter *bc_net_begin(const struct net *net)
{
	return NULL;
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _NET_BC_NET_H */

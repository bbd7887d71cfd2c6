// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: numiptent, the entries of packet filters.
 *
 * A packet may have to pass all entries, whichever group sent it. Entries are those of
 * iptables, ip6tables, arptables and ebtables, and rules, chains and elements of sets
 * of nftables. The group that made the network namespace pays, as for other objects that
 * the namespace keeps (<net/bc_net.h>). An entry counts from when it is made until it is
 * freed, which may be some time after it was deleted.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/bc_net.h>
#include <net/tcp.h>

#include "internal.h"

static struct beancounter *bc_net_payer(const struct net *net)
{
	return net_eq(net, &init_net) ? NULL : bc_object_owner(net, NULL);
}

#ifdef CONFIG_BEANCOUNTERS_DEBUG
LIST_HEAD(bc_nets);
static DEFINE_RAW_SPINLOCK(bc_nets_lock);

/* A namespace is in the list as long as it has entries. */
static void bc_net_add(struct net *net, s64 entries)
{
	struct bc_netns *ns = &net->bc;
	unsigned long flags;
	s64 now;

	raw_spin_lock_irqsave(&bc_nets_lock, flags);
	now = atomic64_add_return(entries, &ns->entries);
	if (now && !ns->node.next) {
		list_add_tail(&ns->node, &bc_nets);
	} else if (!now && ns->node.next) {
		list_del(&ns->node);
		ns->node.next = NULL;
	}
	raw_spin_unlock_irqrestore(&bc_nets_lock, flags);
}

/**
 * bc_net_audit() - the entries that a network namespace has
 * @ns: in the list of namespaces
 * @entries: where to store how many
 *
 * Context: Nothing else runs.
 * Return: The payer.
 */
struct beancounter *bc_net_audit(const struct bc_netns *ns, u64 *entries)
{
	*entries = atomic64_read(&ns->entries);
	return bc_net_payer(container_of(ns, struct net, bc));
}
#else
static void bc_net_add(struct net *net, s64 entries)
{
	atomic64_add(entries, &net->bc.entries);
}
#endif

/* See bc_net_charge(). */
bool __bc_net_charge(struct net *net, u64 entries)
{
	struct beancounter *bc = bc_net_payer(net);

	if (!bc)
		return true;
	if (bc_charge(bc, BC_NUMIPTENT, entries, BC_BARRIER))
		return false;
	bc_net_add(net, entries);
	return true;
}
EXPORT_SYMBOL_GPL(__bc_net_charge);

/* See bc_net_uncharge(). */
void __bc_net_uncharge(struct net *net, u64 entries)
{
	struct beancounter *bc = bc_net_payer(net);

	if (!bc)
		return;
	bc_net_add(net, -(s64)entries);
	bc_uncharge(bc, BC_NUMIPTENT, entries);
}
EXPORT_SYMBOL_GPL(__bc_net_uncharge);

/* See bc_net_free(). */
void __bc_net_free(struct net *net)
{
	s64 left = atomic64_read(&net->bc.entries);

	/* There is a bug, but the account must not be left charged. */
	if (WARN_ONCE(left, "bc: %lld entries outlive their namespace\n", left))
		__bc_net_uncharge(net, left);
}

/* See bc_net_sends(). */
bool __bc_net_sends(const struct net *net, struct sk_buff *skb)
{
	/* Peers of a full group have to be told what arrived, or they stall. */
	enum bc_severity severity = skb_is_tcp_pure_ack(skb) ? BC_LIMIT :
							       BC_GAP;
	/* Two of them could adopt the data that they share at the same time. */
	bool shared = skb_cloned(skb);

	if (shared && (skb->fclone == SKB_FCLONE_CLONE ||
		       (skb->sk && sk_has_account(skb->sk))))
		return true;
	return bc_adopt(skb, net, severity) &&
	       (shared || skb->head_frag || is_vmalloc_addr(skb->head) ||
		bc_adopt(skb->head, net, severity));
}

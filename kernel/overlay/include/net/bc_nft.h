/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: rules, chains and elements of sets of nftables are counted in
 * numiptent.
 *
 * From when they are made until they are freed, so that a transaction needs no steps
 * of its own: what it adds is charged before it is committed, and given back with the
 * memory if it is not; what it deletes is given back when it has been.
 */
#ifndef _NET_BC_NFT_H
#define _NET_BC_NFT_H

#include <linux/err.h>
#include <net/bc_net.h>
#include <net/netfilter/nf_tables.h>

/**
 * bc_nft_rule() - a new rule is charged
 * @net: network namespace
 * @rule: just allocated by kmalloc(), or NULL
 *
 * Context: Process context.
 * Return: @rule, or NULL after it was freed when the group may not have it.
 */
static inline struct nft_rule *bc_nft_rule(struct net *net,
					   struct nft_rule *rule)
{
	if (!rule || bc_net_charge(net, 1))
		return rule;
	kfree(rule);
	return NULL;
}

/**
 * bc_nft_elem() - a new element of a set is charged
 * @set: the set
 * @elem: what nft_set_elem_init() returned
 *
 * Context: Any; does not sleep.
 * Return: @elem, or an ERR_PTR() after it was freed when the group may not have it.
 */
static inline struct nft_elem_priv *bc_nft_elem(const struct nft_set *set,
						struct nft_elem_priv *elem)
{
	if (IS_ERR(elem) || bc_net_charge(read_pnet(&set->net), 1))
		return elem;
	kfree(elem);
	return ERR_PTR(-ENOMEM);
}

/**
 * bc_nft_chain_destroy() - nf_tables_chain_destroy(), and the chain is given back
 * @net: network namespace
 * @chain: the chain
 *
 * Context: Process context.
 */
static inline void bc_nft_chain_destroy(struct net *net,
					struct nft_chain *chain)
{
	bc_net_uncharge(net, 1);
	nf_tables_chain_destroy(chain);
}

#endif /* _NET_BC_NFT_H */

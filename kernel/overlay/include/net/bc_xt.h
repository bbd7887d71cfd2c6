/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: tables of iptables and its kin are counted in numiptent.
 *
 * A table is replaced as a whole, so what is charged is the difference. The
 * entries are those that the kernel counts: with the policies of chains and the one at
 * the end of a table, and one for each chain of a user.
 */
#ifndef _NET_BC_XT_H
#define _NET_BC_XT_H

#include <linux/err.h>
#include <linux/netfilter/x_tables.h>
#include <net/bc_net.h>

/**
 * bc_xt_register_table() - xt_register_table(), and its entries are charged
 * @net: network namespace
 * @table: the table
 * @ops: of its hooks
 * @bootstrap: what it has before
 * @newinfo: what it has then
 *
 * Context: Process context, may sleep.
 * Return: The table, or an ERR_PTR(): -ENOMEM when the group may not have them.
 */
static inline struct xt_table *
bc_xt_register_table(struct net *net, const struct xt_table *table,
		     const struct nf_hook_ops *ops,
		     struct xt_table_info *bootstrap,
		     struct xt_table_info *newinfo)
{
	struct xt_table *t;

	if (!bc_net_charge(net, newinfo->number))
		return ERR_PTR(-ENOMEM);
	t = xt_register_table(net, table, ops, bootstrap, newinfo);
	if (IS_ERR(t))
		bc_net_uncharge(net, newinfo->number);
	return t;
}

/**
 * bc_xt_unregister_table() - xt_unregister_table(), and its entries are given back
 * @net: network namespace
 * @table: the table
 *
 * Context: Process context, may sleep.
 * Return: What the table has had.
 */
static inline struct xt_table_info *
bc_xt_unregister_table(struct net *net, struct xt_table *table)
{
	struct xt_table_info *info = xt_unregister_table(table);

	bc_net_uncharge(net, info->number);
	return info;
}

/**
 * bc_xt_replace_table() - xt_replace_table(), and the difference is charged
 * @net: network namespace
 * @table: the table, locked
 * @num_counters: of what it has
 * @newinfo: what it has then
 * @error: where to store why not
 *
 * Context: Process context, may sleep.
 * Return: What the table has had, or NULL: -ENOMEM when the group may not have more.
 */
static inline struct xt_table_info *
bc_xt_replace_table(struct net *net, struct xt_table *table,
		    unsigned int num_counters, struct xt_table_info *newinfo,
		    int *error)
{
	unsigned int old = table->private->number, new = newinfo->number;
	struct xt_table_info *info;

	if (!bc_net_charge(net, new > old ? new - old : 0)) {
		*error = -ENOMEM;
		return NULL;
	}
	info = xt_replace_table(table, num_counters, newinfo, error);
	if (info && old > new)
		bc_net_uncharge(net, old - new);
	else if (!info && new > old)
		bc_net_uncharge(net, new - old);
	return info;
}

#endif /* _NET_BC_XT_H */

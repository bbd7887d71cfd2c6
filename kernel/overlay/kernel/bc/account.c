// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the table of resources, and an account from its first reference
 * to its last.
 *
 * This file does not depend on what is charged. internal.h describes the lifetime of
 * an account.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "stock.h"

#define BC_RESOURCE(id, name, unit, kind, dfl) [BC_##id] = { name, unit, dfl },
const struct bc_resource_desc bc_resources[BC_NR_RESOURCES] = {
#include <linux/bc_resources.h>
};

#undef BC_RESOURCE

#ifdef CONFIG_BEANCOUNTERS_LIST
LIST_HEAD(bc_list);
DEFINE_RAW_SPINLOCK(bc_list_lock);

static void bc_list_add(struct beancounter *bc)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_list_lock, flags);
	list_add_tail(&bc->list, &bc_list);
	raw_spin_unlock_irqrestore(&bc_list_lock, flags);
}

static void bc_list_del(struct beancounter *bc)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_list_lock, flags);
	list_del(&bc->list);
	raw_spin_unlock_irqrestore(&bc_list_lock, flags);
}
#else
static void bc_list_add(struct beancounter *bc)
{
}

static void bc_list_del(struct beancounter *bc)
{
}
#endif

/* A cache for accounts only, because one has some 1600 bytes. */
static struct kmem_cache *bc_cache __ro_after_init;

static void bc_free_rcu(struct rcu_head *rcu)
{
	struct beancounter *bc = container_of(rcu, struct beancounter, rcu);

	kfree(bc->senders);
	free_percpu(bc->stock);
	kmem_cache_free(bc_cache, bc);
}

static void bc_stock_new(struct bc_stock *stock)
{
	int i;

	atomic64_set(&stock->word, BC_STOCK_CLOSED);
	for (i = 0; i < BC_LANE_WORDS; i++)
		atomic64_set(&stock->lanes[i], bc_lanes_closed(i));
}

/**
 * bc_alloc() - a new account with nothing in it
 * @parent: the parent account, or NULL for a child of the root
 *
 * Context: Process context, may sleep.
 * Return: The account with one reference, for bc_put(); NULL if there is no memory.
 */
struct beancounter *bc_alloc(struct beancounter *parent)
{
	struct beancounter *bc;
	int cpu, i;

	bc = kmem_cache_zalloc(bc_cache, GFP_KERNEL_ACCOUNT);
	if (!bc)
		return NULL;
	bc->top = parent ? parent->top : bc;
	bc->stock = alloc_percpu_gfp(struct bc_stock, GFP_KERNEL_ACCOUNT);
	if (!bc->stock) {
		kmem_cache_free(bc_cache, bc);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		bc_stock_new(per_cpu_ptr(bc->stock, cpu));
	bc_stock_new(&bc->near);
	for (i = 0; i < BC_NR_RESOURCES; i++) {
		bc->res[i].barrier = bc_resources[i].dfl;
		bc->res[i].limit = bc_resources[i].dfl;
	}
	refcount_set(&bc->refs, 1);
	raw_spin_lock_init(&bc->lock);
	bc->phys_after = jiffies;
	INIT_LIST_HEAD(&bc->socks);
	INIT_LIST_HEAD(&bc->socks_node);
	INIT_LIST_HEAD(&bc->mms);
	raw_spin_lock_init(&bc->mms_lock);
	bc->parent = parent;
	if (parent)
		refcount_inc(&parent->refs);
	bc_list_add(bc);
	return bc;
}

/**
 * bc_put() - drop a reference
 * @bc: the account
 *
 * Context: Any but under the lock of the tree or bc_list_lock.
 */
void bc_put(struct beancounter *bc)
{
	struct beancounter *parent;

	for (; bc && refcount_dec_and_test(&bc->refs); bc = parent) {
		parent = bc->parent;
		bc_list_del(bc);
		call_rcu(&bc->rcu, bc_free_rcu);
	}
}

/**
 * bc_get_css() - the group of an account, while it exists
 * @bc: the account
 *
 * Context: Any in which @bc is pinned.
 * Return: The group with a reference for css_put(), or NULL if it was removed.
 */
struct bc_css *bc_get_css(struct beancounter *bc)
{
	unsigned long flags;
	struct bc_css *css;

	bc_lock(bc, flags);
	css = bc->css;
	if (css && !css_tryget(&css->css))
		css = NULL;
	bc_unlock(bc, flags);
	return css;
}

/**
 * bc_disabled() - was the controller turned off with cgroup_disable=bc?
 *
 * Context: Any, from early boot on.
 * Return: true when nothing will ever be charged.
 */
bool bc_disabled(void)
{
	return !cgroup_subsys_enabled(bc_cgrp_subsys);
}

/**
 * bc_account_init() - make the cache for accounts
 *
 * Context: During boot.
 */
void __init bc_account_init(void)
{
	struct beancounter *bc;

	bc_cache = kmem_cache_create("beancounter",
				     struct_size(bc, open_cpus,
						 BITS_TO_LONGS(bc_nr_stocks())),
				     __alignof__(*bc), SLAB_PANIC, NULL);
}

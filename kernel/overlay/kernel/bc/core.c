// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the account of a group of processes.
 *
 * A controller of the unified hierarchy, implicit there: every cgroup but the
 * root has an account, without asking for it in cgroup.subtree_control.
 *
 * - Every scarce thing the kernel hands to a group is charged to it and to all
 *   its ancestors, and refused when any of them would exceed its barrier.
 * - What is charged belongs to the group until it is freed. Kernel objects stay
 *   with their payer when a process moves to another group; its address space
 *   and the task itself move with it.
 * - Moving a process and changing a barrier always succeed, so held may be
 *   above the barrier; that refuses new requests only.
 * - The account outlives the cgroup until its last byte is freed; the cgroup
 *   itself is gone at rmdir, and its parents go on holding the bytes.
 * - The root group, kernel threads and interrupts are not charged.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "stock.h"

DEFINE_STATIC_KEY_TRUE(bc_default_key);
DEFINE_STATIC_KEY_FALSE(bc_online_key);
/* The hooks in modules are inline, see bc_online(). */
EXPORT_SYMBOL_GPL(bc_online_key);

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

/* The highest that the high half of a group's id has been; cgroup_mutex. */
u32 bc_id_rounds;

/* Of their own: an account is little more than half a KiB. */
static struct kmem_cache *bc_cache __ro_after_init;

static void bc_free_rcu(struct rcu_head *rcu)
{
	struct beancounter *bc = container_of(rcu, struct beancounter, rcu);

	free_percpu(bc->stock);
	kmem_cache_free(bc_cache, bc);
}

/**
 * bc_alloc() - a new account with nothing in it
 * @parent: of the account, or NULL for a child of the root
 *
 * Context: Process context, may sleep.
 * Return: The account with one reference, for bc_put(); NULL without memory.
 */
struct beancounter *bc_alloc(struct beancounter *parent)
{
	struct beancounter *bc;
	int cpu, i;

	bc = kmem_cache_zalloc(bc_cache, GFP_KERNEL_ACCOUNT);
	if (!bc)
		return NULL;
	bc->stock = alloc_percpu_gfp(struct bc_stock, GFP_KERNEL_ACCOUNT);
	if (!bc->stock) {
		kmem_cache_free(bc_cache, bc);
		return NULL;
	}
	for_each_possible_cpu(cpu) {
		struct bc_stock *stock = per_cpu_ptr(bc->stock, cpu);

		atomic64_set(&stock->word, BC_STOCK_CLOSED);
		atomic64_set(&stock->lanes, BC_LANES_CLOSED);
	}
	for (i = 0; i < BC_NR_RESOURCES; i++) {
		bc->res[i].barrier = bc_resources[i].dfl;
		bc->res[i].limit = bc_resources[i].dfl;
	}
	refcount_set(&bc->refs, 1);
	raw_spin_lock_init(&bc->lock);
	bc->phys_after = jiffies;
	INIT_LIST_HEAD(&bc->mms);
	bc->parent = parent;
	bc->top = parent ? parent->top : bc;

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
 * Return: The group with a reference for css_put(), or NULL when it is gone.
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

static struct cgroup_subsys_state *
bc_css_alloc(struct cgroup_subsys_state *parent)
{
	struct bc_css *bcs = kzalloc(sizeof(*bcs), GFP_KERNEL_ACCOUNT);

	if (!bcs)
		return ERR_PTR(-ENOMEM);
	bc_refusal_init(bcs);
	if (!parent)
		return &bcs->css;
	bcs->bc = bc_alloc(css_bc(parent));
	if (!bcs->bc) {
		kfree(bcs);
		return ERR_PTR(-ENOMEM);
	}
	return &bcs->css;
}

static int bc_css_online(struct cgroup_subsys_state *css)
{
	struct beancounter *bc = css_bc(css);
	unsigned long flags;

	if (!bc)
		return 0;
	bc_lock(bc, flags);
	bc->id = cgroup_id(css->cgroup);
	bc->css = css_to_bc(css);
	bc_unlock(bc, flags);
	WRITE_ONCE(bc_id_rounds, max(bc_id_rounds, (u32)(bc->id >> 32)));
	static_branch_enable(&bc_online_key);
	return 0;
}

static void bc_css_offline(struct cgroup_subsys_state *css)
{
	struct beancounter *bc = css_bc(css);
	unsigned long flags;

	if (!bc)
		return;
	bc_close(bc);
	/* When it is freed its reference counter has gone before. */
	bc_lock(bc, flags);
	bc->css = NULL;
	bc_unlock(bc, flags);
}

static void bc_css_free(struct cgroup_subsys_state *css)
{
	struct bc_css *bcs = css_to_bc(css);
	struct beancounter *bc = bcs->bc;

	if (bc) {
		/* A css that never came online has not been closed before. */
		bc_close(bc);
		bc_put(bc);
	}
	kfree(bcs);
}

/* The tasks are in their new groups: task_css() returns these from here on. */
static void bc_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct task_struct *task;

	cgroup_taskset_for_each(task, css, tset)
		bc_vm_follow(task);
}

struct cgroup_subsys bc_cgrp_subsys = {
	.css_alloc = bc_css_alloc,
	.css_online = bc_css_online,
	.css_offline = bc_css_offline,
	.css_free = bc_css_free,
	.can_attach = bc_can_attach,
	.cancel_attach = bc_cancel_attach,
	.attach = bc_attach,
	.can_fork = bc_can_fork,
	.cancel_fork = bc_cancel_fork,
	.fork = bc_vm_follow,
	.release = bc_release,
	.dfl_cftypes = bc_files,
	.implicit_on_dfl = true,
	.threaded = true,
};

/* bc_charge=all, or marks for the rule of 2006. */
static int __init bc_charge_setup(char *rule)
{
	if (!strcmp(rule, "marks"))
		static_branch_disable(&bc_default_key);
	else if (strcmp(rule, "all"))
		pr_warn("bc: bc_charge=%s is unknown, everything is charged: say all or marks\n",
			rule);
	return 1;
}
__setup("bc_charge=", bc_charge_setup);

static int __init bc_init(void)
{
	struct beancounter *bc;

	bc_cache = kmem_cache_create("beancounter",
				     struct_size(bc, open_cpus,
						 BITS_TO_LONGS(nr_cpu_ids)),
				     __alignof__(*bc), SLAB_PANIC, NULL);
	bc_stock_init();
	return bc_refusal_start();
}
subsys_initcall(bc_init);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the controller that gives every group of processes an account.
 *
 * The controller is implicit in the unified hierarchy: every cgroup but the
 * root has an account, without asking for it in cgroup.subtree_control.
 *
 * - Every scarce thing the kernel hands to a group is charged to it and to all
 *   its ancestors, and refused when any of them would exceed its barrier.
 * - A charge stays with the group until the object is freed. Kernel objects stay
 *   with their payer when a process moves to another group; the charges for its
 *   address space and for the task itself move with the process.
 * - Moving a process and changing a barrier always succeed, so held may be
 *   above the barrier; then only new requests are refused.
 * - The account outlives the cgroup until its last byte is freed; the cgroup
 *   itself is gone at rmdir, and its parents go on holding the bytes.
 * - The root group is not charged. Kernel threads and interrupts are charged only
 *   where they work on behalf of a group, see bc_behalf_begin().
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "stock.h"

DEFINE_STATIC_KEY_TRUE(bc_default_key);
DEFINE_STATIC_KEY_FALSE(bc_online_key);
/* The hooks in modules are inline, see bc_online(). */
EXPORT_SYMBOL_GPL(bc_online_key);

/* The highest value that the high half of a group's id has had; cgroup_mutex. */
u32 bc_id_rounds;

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
	if (bcs->bc && !bcs->bc->parent && !bc_senders_init(bcs->bc)) {
		bc_put(bcs->bc);
		bcs->bc = NULL;
	}
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
	WRITE_ONCE(bc->id, cgroup_id(css->cgroup));
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
	/* The refcount of the css is gone before bc_css_free(): no tryget from here on. */
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

/* The tasks are in their new groups: task_css() returns the new ones from here on. */
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

/* bc_charge=all is the default; bc_charge=marks is the rule of 2006. */
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
	bc_account_init();
	bc_stock_init();
	return bc_refusal_start();
}
subsys_initcall(bc_init);

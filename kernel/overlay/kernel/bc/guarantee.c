// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: vmguarpages and oomguarpages, the guarantees of a group.
 *
 * The barrier is a promise that the administrator has made to a group and to all
 * groups below it; BC_MAX means that there is no promise. Nothing is refused for it.
 *
 * A promise is made at the expense of all others in the machine. So it takes
 * CAP_SYS_RESOURCE, as does lowering the oom_score_adj of a process: a user to whom a
 * group was delegated may set the barriers of groups that he makes in it, but cannot
 * promise himself anything. For the same reason a promise holds by itself, whatever
 * guarantees the groups above have.
 */
#include <linux/bc_guarantee.h>
#include <linux/cgroup.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>

#include "stock.h"

/**
 * bc_guarantee() - the guarantee of a group
 * @bc: the group
 * @res: a resource of the kind BC_GUARANTEE
 *
 * Context: Any in which @bc is pinned.
 * Return: Units of @res; 0 if there is no guarantee.
 */
u64 bc_guarantee(const struct beancounter *bc, enum bc_resource res)
{
	u64 barrier = READ_ONCE(bc->res[res].barrier);

	return barrier < BC_MAX ? barrier : 0;
}

/*
 * Does a group, with @more pages, stay within its guarantee? Pages that sit in lanes do
 * not count, so lanes are drained before the answer is no.
 */
static bool bc_vm_promised(struct beancounter *bc, u64 more)
{
	const struct bc_counter *c = &bc->res[BC_PRIVVMPAGES];
	u64 promise = bc_guarantee(bc, BC_VMGUARPAGES);
	struct bc_sum sum = {};
	unsigned long flags;
	bool fits;

	if (!promise)
		return false;
	if (READ_ONCE(c->usage) + more <= promise)
		return true;
	bc_lock(bc, flags);
	bc_drain_all(bc, &flags, &sum);
	fits = c->usage + more <= promise;
	bc_unlock(bc, flags);
	return fits;
}

/*
 * See bc_vm_guaranteed(). The requested pages are mostly charged already: then @mm has
 * pending pages. If it has none, @pages are added to the charge. In fork() they are
 * added although they are charged, because they are pending in the other address space:
 * so it asks for a little more than the copy.
 */
bool __bc_vm_guaranteed(struct mm_struct *mm, unsigned long pages)
{
	struct beancounter *bc;
	bool found = false;
	u64 more;

	if (current->bc_scope.flags & BC_SCOPE_SHARED)
		return false;
	/* swapoff() asks without the mmap_lock: the answer may be wrong by these pages. */
	more = READ_ONCE(mm->bc_vm.pending) ? 0 : pages;
	rcu_read_lock();
	bc = READ_ONCE(mm->bc_vm.bc);
	for (; bc && !found; bc = bc->parent)
		found = bc_vm_promised(bc, more);
	rcu_read_unlock();
	return found;
}

/* The OOM killer looks at the top of each tree, and at groups with a guarantee. */
static bool bc_oom_counts(const struct beancounter *bc)
{
	return !bc->parent || bc_guarantee(bc, BC_OOMGUARPAGES);
}

/* See bc_oom_begin(). */
bool __bc_oom_begin(void)
{
	struct cgroup_subsys_state *root = init_css_set.subsys[bc_cgrp_id];
	struct cgroup_subsys_state *css;
	bool given = false;

	rcu_read_lock();
	css_for_each_descendant_pre(css, root)
		if (css_bc(css))
			given |= bc_guarantee(css_bc(css), BC_OOMGUARPAGES);
	if (given)
		css_for_each_descendant_pre(css, root)
			if (css_bc(css) && bc_oom_counts(css_bc(css)))
				bc_phys_sum(css_bc(css));
	rcu_read_unlock();
	return given;
}

/*
 * By how much is the group of an address space above its guarantee? The smallest
 * excess on the way up counts. A group without a guarantee exceeds it by all memory
 * of its tree; a task of the root, which has no account, by its own memory.
 */
static u64 bc_oom_excess(struct mm_struct *mm)
{
	struct beancounter *bc = READ_ONCE(mm->bc_vm.bc);
	u64 excess = U64_MAX;

	if (!bc)
		return bc_phys_anon(mm);
	for (; bc; bc = bc->parent) {
		u64 held = READ_ONCE(bc->res[BC_OOMGUARPAGES].usage);
		u64 least = bc_guarantee(bc, BC_OOMGUARPAGES);

		if (bc_oom_counts(bc))
			excess = min(excess, held - min(held, least));
	}
	return excess;
}

/*
 * See bc_oom_spares(). The group that is most above its guarantee loses a task, and the
 * points decide within it.
 */
bool __bc_oom_spares(struct oom_control *oc, struct task_struct *task,
		     long points)
{
	struct task_struct *p = find_lock_task_mm(task);
	u64 excess = 0;

	if (p) {
		/* find_lock_task_mm() has locked it, which sparse cannot see. */
		__acquire(&p->alloc_lock);
		excess = bc_oom_excess(p->mm);
		task_unlock(p);
	}
	/* A task that asked to be killed first, by oom_task_origin(), stays the choice. */
	if (oc->chosen &&
	    (oc->chosen_points == LONG_MAX || excess < oc->bc.excess ||
	     (excess == oc->bc.excess && points < oc->chosen_points)))
		return true;
	oc->bc.excess = excess;
	return false;
}

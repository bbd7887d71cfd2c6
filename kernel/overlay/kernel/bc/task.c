// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: tasks.
 *
 * numproc counts tasks, threads included, from fork until they are reaped. A task
 * always counts in the group that it is in: unlike kernel memory, its charge moves
 * with it.
 */
#include <linux/cgroup.h>
#include <linux/rcupdate.h>

#include "charge.h"

/**
 * bc_can_fork() - ask for one more task
 * @task: the task, not visible yet
 * @cset: the groups it will be in
 *
 * Context: Process context; @cset does not change until the task is in it.
 * Return: 0, or -EAGAIN when the group may not have it.
 */
int bc_can_fork(struct task_struct *task, struct css_set *cset)
{
	struct beancounter *bc = css_bc(cset->subsys[bc_cgrp_id]);
	int ret;

	if (bc_charge(bc, BC_NUMPROC, 1, BC_BARRIER))
		return -EAGAIN;
	ret = bc_vm_spawn(task, bc);
	if (ret)
		bc_uncharge(bc, BC_NUMPROC, 1);
	return ret;
}

/**
 * bc_cancel_fork() - the task of bc_can_fork() was not made
 * @task: the task
 * @cset: the groups it would have been in
 *
 * Context: Process context.
 */
void bc_cancel_fork(struct task_struct *task, struct css_set *cset)
{
	bc_uncharge(css_bc(cset->subsys[bc_cgrp_id]), BC_NUMPROC, 1);
}

/**
 * bc_release() - a task was reaped
 * @task: the task
 *
 * Context: Any in which tasks are reaped.
 */
void bc_release(struct task_struct *task)
{
	rcu_read_lock();
	bc_uncharge(css_bc(task_css(task, bc_cgrp_id)), BC_NUMPROC, 1);
	rcu_read_unlock();
}

static void bc_move_tasks(struct cgroup_taskset *tset, bool back)
{
	struct bc_request rq = BC_REQUEST(BC_FORCE, BC_NUMPROC, 1);
	struct cgroup_subsys_state *css;
	struct task_struct *task;

	rcu_read_lock();
	cgroup_taskset_for_each(task, css, tset) {
		struct beancounter *to = css_bc(css);
		struct beancounter *from = css_bc(task_css(task, bc_cgrp_id));

		if (back)
			swap(to, from);
		bc_transfer(from, 1, to, &rq);
	}
	rcu_read_unlock();
}

/**
 * bc_can_attach() - tasks are about to be moved
 * @tset: the tasks, and the groups they will be in
 *
 * Context: cgroup_mutex held; the old groups stay until the end.
 * Return: 0; moving is never refused.
 */
int bc_can_attach(struct cgroup_taskset *tset)
{
	bc_move_tasks(tset, false);
	return 0;
}

/**
 * bc_cancel_attach() - the tasks of bc_can_attach() stay where they are
 * @tset: the tasks, and the groups they would have been in
 *
 * Context: cgroup_mutex held.
 */
void bc_cancel_attach(struct cgroup_taskset *tset)
{
	bc_move_tasks(tset, true);
}

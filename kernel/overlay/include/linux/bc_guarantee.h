/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: vmguarpages and oomguarpages, the guarantees of a group.
 */
#ifndef _LINUX_BC_GUARANTEE_H
#define _LINUX_BC_GUARANTEE_H

#include <linux/beancounter.h>
#include <linux/oom.h>
#include <linux/security.h>

struct mm_struct;
struct task_struct;

#ifdef CONFIG_BEANCOUNTERS

bool __bc_vm_guaranteed(struct mm_struct *mm, unsigned long pages);
bool __bc_oom_begin(void);
bool __bc_oom_spares(struct oom_control *oc, struct task_struct *task,
		     long points);

/**
 * bc_vm_guaranteed() - may a request pass that would overcommit the machine?
 * @mm: address space that the request is for
 * @pages: how many
 *
 * Context: Any; does not sleep. For private memory under mmap_lock for writing.
 * Return: true if the request is for private memory that was guaranteed to the group.
 */
static inline bool bc_vm_guaranteed(struct mm_struct *mm, long pages)
{
	return bc_online() && mm && __bc_vm_guaranteed(mm, pages);
}

/**
 * bc_shared_enough_memory() - is there enough memory for shared pages?
 * @pages: how many
 *
 * Guarantees of private memory do not count.
 *
 * Context: As security_vm_enough_memory_mm().
 * Return: 0 and the pages are accounted, or -ENOMEM.
 */
static inline int bc_shared_enough_memory(long pages)
{
	int ret;

	current->bc_scope.flags |= BC_SCOPE_SHARED;
	ret = security_vm_enough_memory_mm(current->mm, pages);
	current->bc_scope.flags &= ~BC_SCOPE_SHARED;
	return ret;
}

/**
 * bc_oom_begin() - the OOM killer starts to choose a task of the whole machine
 * @oc: of the OOM killer
 *
 * Context: Under oom_lock.
 */
static inline void bc_oom_begin(struct oom_control *oc)
{
	oc->bc.given = bc_online() && __bc_oom_begin();
}

/**
 * bc_oom_spares() - does the OOM killer keep its choice rather than take a task?
 * @oc: of the OOM killer
 * @task: the task
 * @points: of the task
 *
 * Without guarantees the points decide.
 *
 * Context: Under oom_lock and rcu_read_lock().
 * Return: true if it keeps its choice.
 */
static inline bool bc_oom_spares(struct oom_control *oc,
				 struct task_struct *task, long points)
{
	return unlikely(oc->bc.given) ? __bc_oom_spares(oc, task, points) :
					points < oc->chosen_points;
}

#else /* CONFIG_BEANCOUNTERS */

/* Macros, because even an empty function changes the layout of the caller's code. */
#define bc_vm_guaranteed(mm, pages) (false)
#define bc_shared_enough_memory(pages) \
	security_vm_enough_memory_mm(current->mm, pages)
#define bc_oom_begin(oc) \
	do {             \
	} while (0)
#define bc_oom_spares(oc, task, points) ((points) < (oc)->chosen_points)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_GUARANTEE_H */

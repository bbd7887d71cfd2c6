// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: privvmpages and lockedpages, the pages promised to an address space.
 *
 * An address space is charged the length of its areas: the pages of its private
 * writable areas and of its locked areas, whether they are touched or not. The
 * two sums are kept where data_vm and locked_vm are. An operation asks for the pages
 * that it will add before its point of no return, so that a refusal changes nothing,
 * and settles at its end; see <linux/bc_vm.h>.
 *
 * An address space is made for one process, whose group pays, and goes on paying when
 * tasks of other processes run in it (vfork(), CLONE_VM). When that process moves the
 * charges move with it, by force.
 *
 * Lock order: mmap_lock, page_table_lock, task_lock, bc_vm.lock, then those of
 * the accounts (see internal.h). bc_vm.lock is never taken in an interrupt and leaves
 * interrupts on: a charge under it may have to close the words of many groups.
 */
#include <linux/cgroup.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "charge.h"

/* exec() cannot return an error once the old program is gone. */
static enum bc_severity bc_vm_severity(enum bc_severity severity)
{
	return severity == BC_BARRIER && current->in_execve ? BC_LIMIT :
							      severity;
}

static struct bc_request bc_vm_request(u64 priv, u64 locked,
				       enum bc_severity severity)
{
	struct bc_request rq = BC_REQUEST(severity, BC_PRIVVMPAGES, priv);

	rq.want[1] = (struct bc_want){ BC_LOCKEDPAGES, locked };
	return rq;
}

/**
 * __bc_vm_charge() - charge pages of an address space ahead of an operation
 * @mm: address space
 * @priv: private pages
 * @locked: locked pages
 * @severity: what to check against; within exec it is the limit
 *
 * Both are charged or none. See bc_vm_charge().
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0 or -ENOMEM.
 */
int __bc_vm_charge(struct mm_struct *mm, unsigned long priv,
		   unsigned long locked, enum bc_severity severity)
{
	struct bc_vm *vm = &mm->bc_vm;
	struct bc_request rq =
		bc_vm_request(priv, locked, bc_vm_severity(severity));
	struct beancounter *bc;
	int ret;

	rcu_read_lock();
	raw_spin_lock(&vm->lock);
	bc = vm->bc;
	ret = bc ? bc_ask(bc, &rq) : 0;
	if (!ret) {
		vm->charged += priv;
		vm->locked += locked;
	}
	raw_spin_unlock(&vm->lock);
	if (ret)
		bc_refused(bc, &rq);
	rcu_read_unlock();
	if (!ret) {
		vm->pending += priv;
		vm->pending_locked += locked;
	}
	return ret;
}

/* How many pages of a range are private, and how many are locked. */
static void bc_vm_range(struct mm_struct *mm, unsigned long start,
			unsigned long end, unsigned long *priv,
			unsigned long *locked)
{
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, mm, start);
	*priv = *locked = 0;
	for_each_vma_range(vmi, vma, end) {
		unsigned long pages = PHYS_PFN(min(vma->vm_end, end) -
					       max(vma->vm_start, start));

		if (bc_vm_is_private(vma->vm_flags))
			*priv += pages;
		if (vma->vm_flags & VM_LOCKED)
			*locked += pages;
	}
}

/*
 * See bc_vm_charge_remap(). Called before areas at @new_addr are unmapped; their pages
 * are subtracted. MREMAP_DONTUNMAP leaves the old area in place, no longer locked.
 */
int __bc_vm_charge_remap(struct mm_struct *mm, unsigned long addr,
			 unsigned long old_len, unsigned long new_addr,
			 unsigned long new_len, unsigned long flags)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	unsigned long priv = 0, locked = 0, less = 0, less_locked = 0, grow = 0;

	if (!vma) /* the caller returns -EFAULT */
		return 0;
	if (new_len > old_len)
		grow = PHYS_PFN(new_len - old_len);
	if (bc_vm_is_private(vma->vm_flags))
		priv = flags & MREMAP_DONTUNMAP ? PHYS_PFN(new_len) : grow;
	if (vma->vm_flags & VM_LOCKED)
		locked = grow;
	if (flags & MREMAP_FIXED)
		bc_vm_range(mm, new_addr, new_addr + new_len, &less,
			    &less_locked);
	less = min(priv, less);
	less_locked = min(locked, less_locked);
	if ((priv > less || locked > less_locked) &&
	    __bc_vm_charge(mm, priv - less, locked - less_locked, BC_BARRIER))
		return -ENOMEM;
	/* The charge of the pages that are unmapped there is kept for the new area. */
	mm->bc_vm.pending += less;
	mm->bc_vm.pending_locked += less_locked;
	/* Pages that only move are not in locked_vm for a while. */
	if (vma->vm_flags & VM_LOCKED)
		mm->bc_vm.pending_locked += PHYS_PFN(min(old_len, new_len));
	return 0;
}

/*
 * Set the charges of an address space, by force where they rise. The sums are kept even
 * if nobody pays, for the time when a group does. Under vm->lock.
 */
static void bc_vm_adjust(struct bc_vm *vm, unsigned long priv,
			 unsigned long locked)
{
	u64 less = vm->charged - min(vm->charged, priv);
	u64 less_locked = vm->locked - min(vm->locked, locked);
	struct bc_request rq = bc_vm_request(priv - min(vm->charged, priv),
					     locked - min(vm->locked, locked),
					     BC_FORCE);

	/* The address space has a reference, so these do not free the account. */
	bc_uncharge(vm->bc, BC_PRIVVMPAGES, less);
	bc_uncharge(vm->bc, BC_LOCKEDPAGES, less_locked);
	if (vm->bc && (rq.want[0].n || rq.want[1].n))
		WARN_ON_ONCE(bc_try_charge(vm->bc, &rq));
	vm->charged = priv;
	vm->locked = locked;
}

/* See bc_vm_settle(). */
void __bc_vm_settle(struct mm_struct *mm)
{
	struct bc_vm *vm = &mm->bc_vm;

	raw_spin_lock(&vm->lock);
	bc_vm_adjust(vm, vm->private, mm->locked_vm);
	raw_spin_unlock(&vm->lock);
	vm->pending = 0;
	vm->pending_locked = 0;
}

/* See bc_vm_give_back(). */
void __bc_vm_give_back(struct mm_struct *mm)
{
	struct bc_vm *vm = &mm->bc_vm;

	raw_spin_lock(&vm->lock);
	bc_vm_adjust(vm, min(vm->charged, vm->private + vm->pending),
		     min(vm->locked, mm->locked_vm + vm->pending_locked));
	raw_spin_unlock(&vm->lock);
}

/* Private pages that fork() does not copy. */
static unsigned long bc_vm_dontcopy(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long pages = 0;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma)
		if ((vma->vm_flags & VM_DONTCOPY) &&
		    bc_vm_is_private(vma->vm_flags))
			pages += vma_pages(vma);
	return pages;
}

/*
 * See bc_vm_fork(). All pages are charged at once, before the first area is copied, so
 * that there is nothing to undo after a refusal.
 */
int __bc_vm_fork(struct mm_struct *mm, struct mm_struct *oldmm)
{
	return __bc_vm_charge(mm, oldmm->bc_vm.private - bc_vm_dontcopy(oldmm),
			      0, BC_LIMIT);
}

static struct beancounter *bc_get_task_bc(struct task_struct *task)
{
	struct beancounter *bc;

	rcu_read_lock();
	bc = css_bc(task_css(task, bc_cgrp_id));
	if (bc && WARN_ON_ONCE(!refcount_inc_not_zero(&bc->refs)))
		bc = NULL;
	rcu_read_unlock();
	return bc;
}

static void bc_vm_link(struct bc_vm *vm, struct beancounter *bc)
{
	WRITE_ONCE(vm->bc, bc);
	if (bc)
		bc_link_mm(bc, vm);
}

static void bc_vm_unlink(struct bc_vm *vm)
{
	struct beancounter *bc = vm->bc;

	WRITE_ONCE(vm->bc, NULL);
	if (bc)
		bc_unlink_mm(bc, vm);
}

/*
 * Move an address space to the list of another account. Within a tree this is done
 * under one hold of the lock, so that a walk that adds up pages meets it once.
 */
static void bc_vm_relink(struct bc_vm *vm, struct beancounter *bc)
{
	struct beancounter *old = vm->bc;
	unsigned long flags;

	if (!old || !bc || old->top != bc->top) {
		bc_vm_unlink(vm);
		bc_vm_link(vm, bc);
		return;
	}
	bc_lock(bc, flags);
	bc_del_mm(old, vm);
	WRITE_ONCE(vm->bc, bc);
	bc_add_mm(bc, vm);
	bc_unlock(bc, flags);
}

/**
 * bc_vm_init() - a new, empty address space, for which the current group pays
 * @mm: the address space; its bc_vm is still a copy of another's
 * @owner: a task of the process that the address space is made for
 *
 * Context: Process context.
 */
void bc_vm_init(struct mm_struct *mm, struct task_struct *owner)
{
	struct bc_vm *vm = &mm->bc_vm;

	memset(vm, 0, sizeof(*vm));
	raw_spin_lock_init(&vm->lock);
	INIT_LIST_HEAD(&vm->node);
	vm->owner = owner->signal;
	if (bc_online())
		bc_vm_link(vm, bc_get_task_bc(current));
}

/* See bc_vm_release(). */
void __bc_vm_release(struct mm_struct *mm)
{
	struct bc_vm *vm = &mm->bc_vm;
	struct beancounter *bc;

	/* Nobody else knows the address space. Was it released before? */
	if (!vm->bc && !vm->charged && !vm->locked)
		return;
	raw_spin_lock(&vm->lock);
	bc = vm->bc;
	bc_vm_adjust(vm, 0, 0);
	bc_vm_unlink(vm);
	raw_spin_unlock(&vm->lock);
	bc_put(bc);
}

/*
 * Let another group, @bc, pay from now on. Consumes the caller's reference to @bc. With
 * BC_LIMIT the group may refuse the private pages; the locked pages are forced.
 */
static int bc_vm_move(struct mm_struct *mm, struct beancounter *bc,
		      enum bc_severity severity)
{
	struct bc_vm *vm = &mm->bc_vm;
	struct bc_request rq, rq_locked;
	unsigned long priv, locked;
	struct beancounter *old;
	int ret = 0;

	raw_spin_lock(&vm->lock);
	old = vm->bc;
	/* The second reference to the same account is dropped below. */
	if (old == bc)
		goto out;
	/*
	 * Before the first group existed no operation settled. If an operation is under
	 * way, its settle corrects these values.
	 */
	priv = max(vm->charged, READ_ONCE(vm->private));
	locked = max(vm->locked, READ_ONCE(mm->locked_vm));
	rq = BC_REQUEST(severity, BC_PRIVVMPAGES, priv);
	ret = bc_transfer(old, vm->charged, bc, &rq);
	if (ret)
		goto out;
	rq_locked = BC_REQUEST(BC_FORCE, BC_LOCKEDPAGES, locked);
	bc_transfer(old, vm->locked, bc, &rq_locked);
	WRITE_ONCE(vm->charged, priv);
	WRITE_ONCE(vm->locked, locked);
	bc_vm_relink(vm, bc);
out:
	raw_spin_unlock(&vm->lock);
	if (ret) {
		bc_refused(bc, &rq);
		bc_put(bc);
	} else {
		bc_put(old);
	}
	return ret;
}

/**
 * bc_vm_spawn() - let the group of a new process pay for its address space
 * @task: its first task, which nobody knows yet
 * @bc: the group's account, or NULL
 *
 * The copy of the address space was charged to the group of the parent, which may be
 * another one.
 *
 * Context: Process context; @bc is pinned.
 * Return: 0, or -ENOMEM when the group may not have it.
 */
int bc_vm_spawn(struct task_struct *task, struct beancounter *bc)
{
	struct mm_struct *mm = task->mm;

	if (task->group_leader != task || !mm || (task->flags & PF_KTHREAD) ||
	    READ_ONCE(mm->bc_vm.owner) != task->signal)
		return 0;
	if (bc)
		refcount_inc(&bc->refs);
	return bc_vm_move(mm, bc, BC_LIMIT);
}

/**
 * bc_vm_follow() - let an address space follow a task to its new group
 * @task: the task
 *
 * An address space follows the leader of the process that it was made for. If the
 * leader has exited before the other threads, it follows these. If that process is
 * gone, the address space belongs to the first process that moves.
 *
 * Context: Process context; the task cannot be moved meanwhile, or is current
 * and has called this after its mm changed.
 */
void bc_vm_follow(struct task_struct *task)
{
	struct mm_struct *mm;

	/* A parent that exits sets the exit_signal of its children, which leaders have. */
	if (!data_race(thread_group_leader(task)) &&
	    !bc_task_has(task->group_leader, PF_EXITING))
		return;
	task_lock(task);
	mm = task->mm;
	if (mm && !bc_task_has(task, PF_KTHREAD)) {
		cmpxchg(&mm->bc_vm.owner, NULL, (void *)task->signal);
		if (READ_ONCE(mm->bc_vm.owner) == task->signal)
			bc_vm_move(mm, bc_get_task_bc(task), BC_FORCE);
	}
	task_unlock(task);
}

/* See bc_vm_enter(). */
void __bc_vm_enter(struct mm_struct *mm)
{
	bc_vm_follow(current);
}

/*
 * See bc_vm_leave(). After the last thread of the process that it was made for, the
 * address space belongs to no process.
 */
void __bc_vm_leave(struct mm_struct *mm)
{
	struct bc_vm *vm = &mm->bc_vm;
	struct beancounter *bc;

	/* A thread that is leaving the list is no longer counted in @live either. */
	if (!data_race(thread_group_empty(current)) &&
	    atomic_read(&current->signal->live))
		return;
	cmpxchg(&vm->owner, (void *)current->signal, NULL);
	rcu_read_lock();
	bc = READ_ONCE(vm->bc);
	if (bc)
		bc_phys_exit(bc, mm);
	rcu_read_unlock();
}

/**
 * bc_vm_status() - lines of /proc/<pid>/status
 * @m: the file
 * @mm: address space of the process
 *
 * Prints the charges of the address space in privvmpages and lockedpages, in kB as the
 * other lines of the file.
 *
 * Context: Process context.
 */
void bc_vm_status(struct seq_file *m, struct mm_struct *mm)
{
	if (bc_disabled())
		return;
	seq_printf(m, "BcPriv:\t%8lu kB\nBcLocked:\t%8lu kB\n",
		   READ_ONCE(mm->bc_vm.charged) << (PAGE_SHIFT - 10),
		   READ_ONCE(mm->bc_vm.locked) << (PAGE_SHIFT - 10));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hooks of privvmpages, and of lockedpages in an address space.
 *
 * An operation on an address space charges the pages that it is about to add
 * before its point of no return. Whether it succeeds or not, it ends with
 * bc_vm_settle(), which makes the charge equal to the pages that are there. If
 * an operation forgets to undo a charge, the next one puts it right.
 */
#ifndef _LINUX_BC_VM_H
#define _LINUX_BC_VM_H

#include <linux/bc_own.h>
#include <linux/beancounter.h>
#include <linux/mm.h>

struct seq_file;

#ifdef CONFIG_BEANCOUNTERS

int __must_check __bc_vm_charge(struct mm_struct *mm, unsigned long priv,
				unsigned long locked,
				enum bc_severity severity);
int __must_check __bc_vm_charge_remap(struct mm_struct *mm, unsigned long addr,
				      unsigned long old_len,
				      unsigned long new_addr,
				      unsigned long new_len,
				      unsigned long flags);
void __bc_vm_settle(struct mm_struct *mm);
void __bc_vm_give_back(struct mm_struct *mm);
int __must_check __bc_vm_fork(struct mm_struct *mm, struct mm_struct *oldmm);
void bc_vm_init(struct mm_struct *mm, struct task_struct *owner);
void __bc_vm_release(struct mm_struct *mm);
void __bc_vm_leave(struct mm_struct *mm);
void __bc_vm_enter(struct mm_struct *mm);
void bc_vm_status(struct seq_file *m, struct mm_struct *mm);

/**
 * bc_vm_account() - pages are added to an address space, or taken away
 * @mm: address space
 * @flags: of the area that has the pages
 * @pages: how many; negative when taken away
 *
 * Context: Under the mmap_lock, where data_vm is changed.
 */
static __always_inline void bc_vm_account(struct mm_struct *mm,
					  vm_flags_t flags, long pages)
{
	if (bc_vm_is_private(flags))
		mm->bc_vm.private += pages;
}

static inline void bc_vm_sum_init(struct bc_vm_sum *sum)
{
	sum->private = 0;
}

static inline void bc_vm_sum_add(struct bc_vm_sum *sum, vm_flags_t flags,
				 unsigned long pages)
{
	if (bc_vm_is_private(flags))
		sum->private += pages;
}

static inline void bc_vm_sum_unmapped(struct mm_struct *mm,
				      const struct bc_vm_sum *sum)
{
	mm->bc_vm.private -= sum->private;
}

/**
 * bc_vm_charge() - ask for pages in an area
 * @mm: address space
 * @flags: flags that the area will have
 * @pages: how many more
 * @severity: what to check against; within exec it is the limit
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static __always_inline int bc_vm_charge(struct mm_struct *mm, vm_flags_t flags,
					unsigned long pages,
					enum bc_severity severity)
{
	bool priv = bc_vm_is_private(flags), locked = flags & VM_LOCKED;

	if (!bc_online() || !(priv || locked))
		return 0;
	return __bc_vm_charge(mm, priv ? pages : 0, locked ? pages : 0,
			      severity);
}

/**
 * bc_vm_charge_over() - ask for pages in an area that replaces others
 * @mm: address space
 * @flags: flags that the area will have
 * @pages: its length
 * @sum: private pages of the areas that it replaces
 * @locked: locked pages of the areas that it replaces
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have the pages that are added.
 */
static __always_inline int
bc_vm_charge_over(struct mm_struct *mm, vm_flags_t flags, unsigned long pages,
		  const struct bc_vm_sum *sum, unsigned long locked)
{
	unsigned long more = bc_vm_is_private(flags) ? pages : 0;
	unsigned long more_locked = flags & VM_LOCKED ? pages : 0;

	if (!bc_online())
		return 0;
	more -= min(more, sum->private);
	more_locked -= min(more_locked, locked);
	return more || more_locked ?
		       __bc_vm_charge(mm, more, more_locked, BC_BARRIER) :
		       0;
}

/**
 * bc_vm_charge_change() - ask for the pages that a change of flags adds
 * @mm: address space
 * @oldflags: flags of the area
 * @newflags: flags that the area will have
 * @start: of the part that changes
 * @end: of the part that changes
 *
 * bc_vm_settle() gives back the pages that the change takes away, after the change.
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static __always_inline int
bc_vm_charge_change(struct mm_struct *mm, vm_flags_t oldflags,
		    vm_flags_t newflags, unsigned long start, unsigned long end)
{
	bool priv = bc_vm_is_private(newflags) && !bc_vm_is_private(oldflags);
	bool locked = (newflags & VM_LOCKED) && !(oldflags & VM_LOCKED);
	unsigned long pages = PHYS_PFN(end - start);

	if (!bc_online() || !(priv || locked))
		return 0;
	return __bc_vm_charge(mm, priv ? pages : 0, locked ? pages : 0,
			      BC_BARRIER);
}

/**
 * bc_vm_unlock_begin() - an area may be split to unlock a part of it
 * @newflags: flags that the area will have
 *
 * A full group must be able to unlock memory, although the split allocates.
 *
 * Context: The current task only.
 * Return: The old state, for bc_limit_end().
 */
static inline bool bc_vm_unlock_begin(vm_flags_t newflags)
{
	return bc_limit_begin(!(newflags & VM_LOCKED));
}

/**
 * bc_vm_charge_remap() - ask for the pages that mremap() adds
 * @mm: address space
 * @addr: address of the area that is moved or grown
 * @old_len: bytes
 * @new_addr: with MREMAP_FIXED, the address at which existing areas are replaced
 * @new_len: bytes
 * @flags: of mremap()
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int bc_vm_charge_remap(struct mm_struct *mm, unsigned long addr,
				     unsigned long old_len,
				     unsigned long new_addr,
				     unsigned long new_len, unsigned long flags)
{
	if (!bc_online())
		return 0;
	return __bc_vm_charge_remap(mm, addr, old_len, new_addr, new_len,
				    flags);
}

/**
 * bc_vm_account_locked() - ask for pages that a driver locks in an address space
 * @mm: address space
 * @pages: how many
 * @inc: true if they are locked, false if unlocked
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int bc_vm_account_locked(struct mm_struct *mm,
				       unsigned long pages, bool inc)
{
	return inc ? bc_vm_charge(mm, VM_LOCKED, pages, BC_BARRIER) : 0;
}

/**
 * bc_mlockall_begin() - mlockall() or munlockall() starts
 * @mm: address space
 *
 * mlockall() ignores errors of single areas. But if the group may not have all that the
 * caller asks for, the call must not succeed, and must not lock future areas either.
 *
 * Context: mmap_lock held for writing.
 */
static inline void bc_mlockall_begin(struct mm_struct *mm)
{
	mm->bc_vm.def_flags = mm->def_flags;
	mm->bc_vm.refused = false;
}

/**
 * bc_mlockall_failed() - note the result for one area
 * @mm: address space
 * @flags: of mlockall(), 0 for munlockall()
 * @error: of the area, or 0
 *
 * Context: mmap_lock held for writing.
 */
static inline void bc_mlockall_failed(struct mm_struct *mm, int flags,
				      int error)
{
	if (bc_online() && flags && error == -ENOMEM)
		mm->bc_vm.refused = true;
}

/**
 * bc_mlockall_end() - the error that mlockall() returns
 * @mm: address space
 *
 * Context: mmap_lock held for writing.
 * Return: 0 or -ENOMEM.
 */
static inline int bc_mlockall_end(struct mm_struct *mm)
{
	if (!mm->bc_vm.refused)
		return 0;
	mm->def_flags = mm->bc_vm.def_flags;
	return -ENOMEM;
}

/**
 * bc_vm_settle() - end of an operation: charge the pages that are there, exactly
 * @mm: address space
 *
 * Never fails: pages that nobody asked for are charged by force.
 *
 * Context: mmap_lock held for writing, or since downgraded; does not sleep.
 */
static __always_inline void bc_vm_settle(struct mm_struct *mm)
{
	struct bc_vm *vm = &mm->bc_vm;

	/*
	 * The charges are read without @vm->lock. bc_vm_move() may write them at this
	 * moment, but only what they were, or what is there now.
	 */
	if (bc_online() && (vm->pending || vm->pending_locked ||
			    /* as said above */
			    data_race(vm->charged) != vm->private ||
			    /* as said above */
			    data_race(vm->locked) != mm->locked_vm))
		__bc_vm_settle(mm);
}

/**
 * bc_vm_give_back() - areas were unmapped, maybe within another operation
 * @mm: address space
 *
 * Gives back charges that exceed the pages that are there or pending.
 *
 * Context: mmap_lock held for writing; does not sleep.
 */
static __always_inline void bc_vm_give_back(struct mm_struct *mm)
{
	if (bc_online())
		__bc_vm_give_back(mm);
}

/**
 * bc_vm_fork() - ask for the pages that the copy of an address space will have
 * @mm: the copy, without areas yet
 * @oldmm: the original
 *
 * Context: Both mmap_locks held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int bc_vm_fork(struct mm_struct *mm, struct mm_struct *oldmm)
{
	int ret = bc_online() ? __bc_vm_fork(mm, oldmm) : 0;

	if (!ret)
		mm->bc_vm.private = oldmm->bc_vm.private;
	return ret;
}

/**
 * bc_vm_release() - the areas of an address space are gone, or never were
 * @mm: address space without users
 *
 * Context: Any. May be called again.
 */
static inline void bc_vm_release(struct mm_struct *mm)
{
	if (bc_online())
		__bc_vm_release(mm);
}

/**
 * bc_vm_leave() - the current task leaves its address space at exit
 * @mm: the address space
 *
 * Context: Process context.
 */
static inline void bc_vm_leave(struct mm_struct *mm)
{
	if (bc_online())
		__bc_vm_leave(mm);
}

/**
 * bc_vm_enter() - the current task has replaced its address space
 * @mm: the new one
 *
 * The task may have been moved to another group since @mm was made.
 *
 * Context: Process context.
 */
static inline void bc_vm_enter(struct mm_struct *mm)
{
	if (bc_online())
		__bc_vm_enter(mm);
}

#else /* CONFIG_BEANCOUNTERS */

/* Macros, because even an empty function changes the layout of the caller's code. */
#define bc_vm_settle(mm) \
	do {             \
	} while (0)
#define bc_mlockall_begin(mm) \
	do {                  \
	} while (0)
#define bc_mlockall_failed(mm, flags, error) \
	do {                                 \
	} while (0)
#define bc_mlockall_end(mm) (0)

static inline void bc_vm_account(struct mm_struct *mm, vm_flags_t flags,
				 long pages)
{
}

static inline void bc_vm_sum_init(struct bc_vm_sum *sum)
{
}

static inline void bc_vm_sum_add(struct bc_vm_sum *sum, vm_flags_t flags,
				 unsigned long pages)
{
}

static inline void bc_vm_sum_unmapped(struct mm_struct *mm,
				      const struct bc_vm_sum *sum)
{
}

static inline int bc_vm_charge(struct mm_struct *mm, vm_flags_t flags,
			       unsigned long pages, enum bc_severity severity)
{
	return 0;
}

static inline int bc_vm_charge_over(struct mm_struct *mm, vm_flags_t flags,
				    unsigned long pages,
				    const struct bc_vm_sum *sum,
				    unsigned long locked)
{
	return 0;
}

static inline int bc_vm_charge_change(struct mm_struct *mm, vm_flags_t oldflags,
				      vm_flags_t newflags, unsigned long start,
				      unsigned long end)
{
	return 0;
}

static inline bool bc_vm_unlock_begin(vm_flags_t newflags)
{
	return false;
}

static inline int bc_vm_charge_remap(struct mm_struct *mm, unsigned long addr,
				     unsigned long old_len,
				     unsigned long new_addr,
				     unsigned long new_len, unsigned long flags)
{
	return 0;
}

static inline int bc_vm_account_locked(struct mm_struct *mm,
				       unsigned long pages, bool inc)
{
	return 0;
}

static inline void bc_vm_give_back(struct mm_struct *mm)
{
}

static inline int bc_vm_fork(struct mm_struct *mm, struct mm_struct *oldmm)
{
	return 0;
}

static inline void bc_vm_init(struct mm_struct *mm, struct task_struct *owner)
{
}

static inline void bc_vm_release(struct mm_struct *mm)
{
}

static inline void bc_vm_leave(struct mm_struct *mm)
{
}

static inline void bc_vm_enter(struct mm_struct *mm)
{
}

static inline void bc_vm_status(struct seq_file *m, struct mm_struct *mm)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_VM_H */

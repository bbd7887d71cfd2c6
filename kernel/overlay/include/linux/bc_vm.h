/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hooks of privvmpages and lockedpages.
 *
 * An operation on an address space charges what it is about to add before its
 * point of no return, and ends, whether it succeeded or not, with
 * bc_vm_settle(), which makes what is charged equal to what is there. A
 * forgotten undo is put right by the next operation.
 */
#ifndef _LINUX_BC_VM_H
#define _LINUX_BC_VM_H

#include <linux/beancounter.h>
#include <linux/mm.h>

struct seq_file;

/**
 * bc_vm_is_private() - is an area with these flags charged as private?
 * @flags: of the area
 *
 * BC_VM_PRIVATE of 2006: what can be written and is not shared will need memory
 * of its own, wherever it is mapped from.
 *
 * Context: Any.
 * Return: true if every page of its length is charged.
 */
static __always_inline bool bc_vm_is_private(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
}

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
int __must_check __bc_pin(struct bc_pin *pin, enum bc_resource res,
			  unsigned long pages);
void __bc_unpin(struct bc_pin *pin);
int __must_check __bc_pin_more(struct bc_pin *pin, unsigned long pages);
void __bc_unpin_some(struct bc_pin *pin, unsigned long pages);
int __must_check __bc_pin_alloc(struct bc_pin **pinp, unsigned long pages);
void __bc_pin_free(struct bc_pin *pin);
int __must_check __bc_pin_folio(struct folio *folio, gfp_t gfp);
void bc_unpin_folio(struct folio *folio);
int __must_check bc_pin_shared(struct bc_pin **pinp, unsigned long pages);
int __must_check bc_pin_bytes(struct bc_pin **pinp, u64 bytes);
void bc_pin_get(struct bc_pin *pin);
void bc_unpin_shared(struct bc_pin *pin);

/**
 * bc_vm_account() - pages are added to an address space, or taken away
 * @mm: address space
 * @flags: of the area they are in
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
 * @flags: the area will have
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
 * @flags: the area will have
 * @pages: its length
 * @sum: private pages of what it replaces
 * @locked: locked pages of what it replaces
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have what is more than before.
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
 * bc_vm_charge_change() - ask for what a change of flags adds
 * @mm: address space
 * @oldflags: flags of the area
 * @newflags: flags it will have
 * @start: of the part that changes
 * @end: of the part that changes
 *
 * What the change takes away is given back by bc_vm_settle() after it was made.
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have it.
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
 * @newflags: flags it will have
 *
 * To give back works in a full group, too.
 *
 * Context: The current task only.
 * Return: What bc_limit_end() needs.
 */
static inline bool bc_vm_unlock_begin(vm_flags_t newflags)
{
	return bc_limit_begin(!(newflags & VM_LOCKED));
}

/**
 * bc_vm_charge_remap() - ask for what mremap() adds
 * @mm: address space
 * @addr: where the area is that is moved or grown
 * @old_len: bytes
 * @new_addr: where what is mapped is replaced, with MREMAP_FIXED
 * @new_len: bytes
 * @flags: of mremap()
 *
 * Context: mmap_lock held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have it.
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
 * bc_vm_account_locked() - ask for pages that something locks in an address space
 * @mm: address space
 * @pages: how many
 * @inc: whether they are locked, not unlocked
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
 * It ignores errors. But who asked for all and may not have it must not be told
 * that he has, and what may not be locked now may not be in future.
 *
 * Context: mmap_lock held for writing.
 */
static inline void bc_mlockall_begin(struct mm_struct *mm)
{
	mm->bc_vm.def_flags = mm->def_flags;
	mm->bc_vm.refused = false;
}

/**
 * bc_mlockall_failed() - what came of one area
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
 * bc_mlockall_end() - what mlockall() is to say
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
 * bc_vm_settle() - end of an operation: charge what is there, no more, no less
 * @mm: address space
 *
 * Never fails: what nobody asked for is charged by force.
 *
 * Context: mmap_lock held for writing, or since downgraded; does not sleep.
 */
static __always_inline void bc_vm_settle(struct mm_struct *mm)
{
	struct bc_vm *vm = &mm->bc_vm;

	if (bc_online() &&
	    (vm->pending || vm->pending_locked || vm->charged != vm->private ||
	     vm->locked != mm->locked_vm))
		__bc_vm_settle(mm);
}

/**
 * bc_vm_give_back() - something was unmapped, maybe within another operation
 * @mm: address space
 *
 * Gives back what is charged beyond what is there and what is pending.
 *
 * Context: mmap_lock held for writing; does not sleep.
 */
static __always_inline void bc_vm_give_back(struct mm_struct *mm)
{
	if (bc_online())
		__bc_vm_give_back(mm);
}

/**
 * bc_vm_fork() - ask for what the copy of an address space will have
 * @mm: the copy, without areas yet
 * @oldmm: the original
 *
 * Context: Both mmap_locks held for writing; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have it.
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

/**
 * bc_pin() - charge memory that is locked by something but an address space
 * @pin: of the thing; holds nothing yet
 * @pages: how many
 *
 * Paid by the current group until bc_unpin(), wherever the task goes.
 *
 * Context: Any; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int __must_check bc_pin(struct bc_pin *pin, unsigned long pages)
{
	return bc_online() ? __bc_pin(pin, BC_LOCKEDPAGES, pages) : 0;
}

/**
 * bc_hold() - charge something that is kept, other than memory
 * @pin: of the thing; holds nothing yet
 * @res: resource, not one that has stocks
 * @n: units of @res
 *
 * Paid by the current group until bc_unpin(), wherever the task goes.
 *
 * Context: Any; does not sleep.
 * Return: 0 or -ENOMEM.
 */
static inline int __must_check bc_hold(struct bc_pin *pin, enum bc_resource res,
				       unsigned long n)
{
	return bc_online() ? __bc_pin(pin, res, n) : 0;
}

/**
 * bc_unpin() - give back what bc_pin() charged
 * @pin: of the thing; holding nothing is fine
 *
 * Context: Any.
 */
static inline void bc_unpin(struct bc_pin *pin)
{
	if (pin->pages)
		__bc_unpin(pin);
}

static inline void bc_pin_init(struct bc_pin *pin)
{
	pin->pages = 0;
}

/**
 * bc_pin_more() - charge memory for something that may hold some already
 * @pin: of the thing
 * @pages: how many more
 *
 * Paid by who pays for what @pin holds, by the current group if it holds
 * nothing; until bc_unpin_some() or bc_unpin().
 *
 * Context: Any; does not sleep. At the same time as others, and as
 * bc_unpin_some().
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int __must_check bc_pin_more(struct bc_pin *pin,
					   unsigned long pages)
{
	return bc_online() ? __bc_pin_more(pin, pages) : 0;
}

/**
 * bc_unpin_some() - give back a part of what bc_pin_more() charged
 * @pin: of the thing
 * @pages: how many
 *
 * What was pinned when there was nobody to pay for it is not remembered: then
 * what is given back first is what was charged.
 *
 * Context: Any.
 */
static inline void bc_unpin_some(struct bc_pin *pin, unsigned long pages)
{
	if (READ_ONCE(pin->pages))
		__bc_unpin_some(pin, pages);
}

/**
 * bc_pin_alloc() - charge memory for something that has no room for a pin
 * @pinp: of the thing; NULL at first, see bc_pin_clear()
 * @pages: how many more
 *
 * As bc_pin_more(), with a pin that is allocated. It is there also after a
 * refusal; bc_pin_free() frees it.
 *
 * Context: Process context; may sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int __must_check bc_pin_alloc(struct bc_pin **pinp,
					    unsigned long pages)
{
	return bc_online() ? __bc_pin_alloc(pinp, pages) : 0;
}

static inline void bc_pin_clear(struct bc_pin **pinp)
{
	*pinp = NULL;
}

/**
 * bc_pin_free() - give back what bc_pin_alloc() charged
 * @pinp: of the thing; holding nothing is fine
 *
 * Context: Any.
 */
static inline void bc_pin_free(struct bc_pin **pinp)
{
	if (*pinp)
		__bc_pin_free(*pinp);
	*pinp = NULL;
}

/**
 * bc_pin_folio() - charge a folio that is locked by what it is
 * @folio: new, with nothing in its private, which holds who pays
 * @gfp: how to allocate the note of who pays
 *
 * Paid by the current group until bc_unpin_folio().
 *
 * Context: Process context; may sleep if @gfp says so.
 * Return: 0, or -EDQUOT when the group may not have it: in a fault it becomes
 * SIGBUS, whereas -ENOMEM would be tried again for ever.
 */
static inline int __must_check bc_pin_folio(struct folio *folio, gfp_t gfp)
{
	return bc_online() ? __bc_pin_folio(folio, gfp) : 0;
}

#else /* CONFIG_BEANCOUNTERS */

/* No functions: even an empty one makes the compiler lay out code otherwise. */
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

static inline int __must_check bc_pin(struct bc_pin *pin, unsigned long pages)
{
	return 0;
}

static inline int __must_check bc_hold(struct bc_pin *pin, enum bc_resource res,
				       unsigned long n)
{
	return 0;
}

static inline void bc_unpin(struct bc_pin *pin)
{
}

static inline void bc_pin_init(struct bc_pin *pin)
{
}

static inline int __must_check bc_pin_more(struct bc_pin *pin,
					   unsigned long pages)
{
	return 0;
}

static inline void bc_unpin_some(struct bc_pin *pin, unsigned long pages)
{
}

static inline int __must_check bc_pin_alloc(struct bc_pin **pinp,
					    unsigned long pages)
{
	return 0;
}

static inline void bc_pin_clear(struct bc_pin **pinp)
{
}

static inline void bc_pin_free(struct bc_pin **pinp)
{
}

static inline int __must_check bc_pin_folio(struct folio *folio, gfp_t gfp)
{
	return 0;
}

static inline void bc_unpin_folio(struct folio *folio)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_VM_H */

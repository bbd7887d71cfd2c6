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

#include <linux/beancounter.h>
#include <linux/mm.h>

struct file;
struct seq_file;

#ifdef CONFIG_BEANCOUNTERS

/*
 * A flag of areas that cannot be written, and yet have memory of their own, or may get
 * it. Areas that are shared do not have it, except those of TCP. The flags of mm.h do
 * not use this bit.
 */
#define VM_BC BIT(62)

/* Areas that userfaultfd may fill. */
#define BC_VM_UFFD (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)

/**
 * bc_vm_is_private() - is an area with these flags charged as private?
 * @flags: of the area
 *
 * BC_VM_PRIVATE of 2006: an area that is writable and not shared will need memory
 * of its own, whatever it maps. So does an area with VM_BC.
 *
 * Context: Any.
 * Return: true if every page of its length is charged.
 */
static __always_inline bool bc_vm_is_private(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED)) == VM_WRITE || (flags & VM_BC);
}

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
bool __bc_vm_written(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
bool __bc_vm_receives(const struct file *file);
int __must_check __bc_vm_own_range(struct mm_struct *mm,
				   struct vm_area_struct **vmap,
				   unsigned long start, unsigned long end);
void __bc_vm_force(struct mm_struct *mm, unsigned long addr, size_t len);

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
 * bc_vm_keep() - the flags of a part of an area that mprotect() changes
 * @vma: the area, before the change
 * @start: of the part
 * @end: of the part
 * @newflags: flags that it is to have
 *
 * What was written stays charged when it can only be read from now on. So does what
 * userfaultfd may fill.
 *
 * Context: mmap_lock held for writing; may sleep.
 * Return: @newflags, with or without VM_BC.
 */
static __always_inline vm_flags_t bc_vm_keep(struct vm_area_struct *vma,
					     unsigned long start,
					     unsigned long end,
					     vm_flags_t newflags)
{
	if (!bc_online())
		return newflags;
	if (newflags & VM_WRITE)
		return newflags & ~VM_BC;
	/* An area of TCP has no VM_MAYWRITE, and keeps its flag. */
	if (!bc_vm_is_private(vma->vm_flags) || !(newflags & VM_MAYWRITE))
		return newflags;
	if ((vma->vm_flags & BC_VM_UFFD) ||
	    (vma->anon_vma && __bc_vm_written(vma, start, end)))
		return newflags | VM_BC;
	return newflags & ~VM_BC;
}

/**
 * bc_vm_unpaid() - would a page that is written there have no payer?
 * @flags: of the area
 *
 * Context: Any.
 * Return: true if the area has no memory of its own, and a write that ignores its
 * protection would give it some.
 */
static inline bool bc_vm_unpaid(vm_flags_t flags)
{
	return bc_online() &&
	       (flags & (VM_WRITE | VM_BC | VM_SHARED | VM_IO | VM_PFNMAP |
			 VM_HUGETLB | VM_MAYWRITE)) == VM_MAYWRITE;
}

/**
 * bc_vm_received() - the flag of an area in which TCP puts pages
 *
 * Context: Any.
 * Return: VM_BC, or 0 while there are no groups.
 */
static inline vm_flags_t bc_vm_received(void)
{
	return bc_online() ? VM_BC : 0;
}

/**
 * bc_vm_receives() - will a file that is about to be mapped give the area VM_BC?
 * @file: the file, or NULL
 *
 * Context: Any.
 * Return: VM_BC or 0.
 */
static inline vm_flags_t bc_vm_receives(const struct file *file)
{
	return bc_online() && file && __bc_vm_receives(file) ? VM_BC : 0;
}

/**
 * bc_vm_own_range() - userfaultfd may fill a range from now on
 * @mm: address space
 * @vmap: the first area of the range, before and after
 * @start: of the range
 * @end: of the range
 *
 * The parts that can only be read, and had no memory of their own, are charged and
 * get VM_BC; all of them or none.
 *
 * Context: mmap_lock held for writing; may sleep.
 * Return: 0, or -ENOMEM when the group may not have the pages, or there is no memory
 * to split an area.
 */
static inline int __must_check bc_vm_own_range(struct mm_struct *mm,
					       struct vm_area_struct **vmap,
					       unsigned long start,
					       unsigned long end)
{
	return bc_online() ? __bc_vm_own_range(mm, vmap, start, end) : 0;
}

/**
 * bc_vm_force() - memory is about to be written in spite of its protection
 * @mm: address space, of any process
 * @addr: first address
 * @len: bytes
 * @gup_flags: FOLL_FORCE and FOLL_WRITE say whether it is
 *
 * If the group may not have the pages, the write itself will be refused, as areas of
 * which bc_vm_unpaid() is true are not written.
 *
 * Context: Process context, without mmap_lock; may sleep.
 */
static inline void bc_vm_force(struct mm_struct *mm, unsigned long addr,
			       size_t len, unsigned int gup_flags)
{
	if (bc_online() && (gup_flags & FOLL_FORCE) && (gup_flags & FOLL_WRITE))
		__bc_vm_force(mm, addr, len);
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
#define bc_vm_keep(vma, start, end, newflags) (newflags)
#define bc_vm_unpaid(flags) (false)
#define bc_vm_received() (0)
#define bc_vm_receives(file) (0)
#define bc_vm_own_range(mm, vmap, start, end) (0)
#define bc_vm_force(mm, addr, len, gup_flags) \
	do {                                  \
	} while (0)

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

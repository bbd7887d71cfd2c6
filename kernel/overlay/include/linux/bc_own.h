/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: which areas of an address space have memory of their own, and the hooks
 * of those that cannot be written. Included by <linux/bc_vm.h>.
 */
#ifndef _LINUX_BC_OWN_H
#define _LINUX_BC_OWN_H

#include <linux/beancounter.h>
#include <linux/mm.h>

struct file;

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

bool __bc_vm_written(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
bool __bc_vm_receives(const struct file *file);
int __must_check __bc_vm_own_range(struct mm_struct *mm,
				   struct vm_area_struct **vmap,
				   unsigned long start, unsigned long end);
void __bc_vm_force(struct mm_struct *mm, unsigned long addr, size_t len);

/**
 * bc_vm_keep() - the flags of a part of an area that mprotect() changes
 * @vma: the area, before the change
 * @start: of the part
 * @end: of the part
 * @newflags: flags that it is to have
 *
 * What was written stays charged when it can only be read from now on. So does what
 * userfaultfd may fill, and all that can only be read in an address space with many areas:
 * areas that differ in VM_BC are not merged.
 *
 * Context: mmap_lock held for writing; may sleep.
 * Return: @newflags, with or without VM_BC.
 */
static __always_inline vm_flags_t bc_vm_keep(struct vm_area_struct *vma,
					     unsigned long start,
					     unsigned long end,
					     vm_flags_t newflags)
{
	if (!bc_online() || !((vma->vm_flags ^ newflags) & VM_ACCESS_FLAGS))
		return newflags;
	if (newflags & VM_WRITE)
		return newflags & ~VM_BC;
	/* An area of TCP has no VM_MAYWRITE, and keeps its flag. */
	if (!bc_vm_is_private(vma->vm_flags) || !(newflags & VM_MAYWRITE))
		return newflags;
	if ((vma->vm_flags & BC_VM_UFFD) ||
	    vma->vm_mm->map_count > sysctl_max_map_count / 2 ||
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
 * get VM_BC; all of them or none, unless there is no memory to split an area.
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

#else /* CONFIG_BEANCOUNTERS */

#define bc_vm_keep(vma, start, end, newflags) (newflags)
#define bc_vm_unpaid(flags) (false)
#define bc_vm_received() (0)
#define bc_vm_receives(file) (0)
#define bc_vm_own_range(mm, vmap, start, end) (0)
#define bc_vm_force(mm, addr, len, gup_flags) \
	do {                                  \
	} while (0)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_OWN_H */

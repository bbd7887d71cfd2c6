// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: areas that cannot be written, and yet have memory of their own.
 *
 * privvmpages has the pages that can be written. Three ways lead to private memory in an
 * area that can only be read: userfaultfd fills it, a debugger writes it, or TCP maps
 * pages there that it has received. Such areas are charged before, and have VM_BC from
 * then on. An area that was written before mprotect() has VM_BC as well, see
 * bc_vm_keep().
 */
#include <linux/bc_vm.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>

#include "../../mm/internal.h"
#include "../../mm/vma.h"

static_assert(!(VM_BC & (VM_SEALED | VM_DROPPABLE | VM_ALLOW_ANY_UNCACHED |
			 VM_UFFD_MINOR | VM_SHADOW_STACK)),
	      "VM_BC is another flag of areas, too: take a bit that is free");

/* See bc_vm_own(). */
int __bc_vm_own(struct vma_iterator *vmi, struct vm_area_struct *prev,
		struct vm_area_struct **vmap, unsigned long start,
		unsigned long end)
{
	struct vm_area_struct *vma = *vmap;
	struct mm_struct *mm = vma->vm_mm;
	vm_flags_t flags = vma->vm_flags | VM_BC;

	/* Huge pages have a pool of their own. */
	if (is_vm_hugetlb_page(vma))
		return 0;
	if (bc_vm_charge_change(mm, vma->vm_flags, flags, start, end))
		return -ENOMEM;
	vma = vma_modify_flags(vmi, prev, vma, start, end, flags);
	if (!IS_ERR(vma)) {
		vm_flags_set(vma, VM_BC);
		bc_vm_account(mm, VM_BC, PHYS_PFN(end - start));
		*vmap = vma;
	}
	bc_vm_settle(mm);
	return PTR_ERR_OR_ZERO(vma);
}

/* See bc_vm_own_new(). mmap() counts the pages, and settles. */
int __bc_vm_own_new(struct vm_area_struct *vma)
{
	int ret = bc_vm_charge(vma->vm_mm, VM_BC, vma_pages(vma), BC_BARRIER);

	if (!ret)
		vm_flags_set(vma, VM_BC);
	return ret;
}

/* Is there a page in a range that nobody would pay for when it is written? */
static bool bc_vm_any_unpaid(struct mm_struct *mm, unsigned long start,
			     unsigned long end)
{
	VMA_ITERATOR(vmi, mm, start);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, end)
		if (bc_vm_unpaid(vma->vm_flags))
			return true;
	return false;
}

/* Let a range, of whole pages, be paid for as far as the group may have it. */
static void bc_vm_own_areas(struct mm_struct *mm, unsigned long start,
			    unsigned long end)
{
	VMA_ITERATOR(vmi, mm, start);
	struct vm_area_struct *prev = vma_prev(&vmi), *vma;

	for_each_vma_range(vmi, vma, end) {
		unsigned long from = max(start, vma->vm_start);

		if (from > vma->vm_start)
			prev = vma;
		if (bc_vm_own(&vmi, prev, &vma, from, min(end, vma->vm_end)))
			return;
		prev = vma;
	}
}

/**
 * __bc_vm_own_range() - charge the pages of a range that are about to be written
 * @mm: address space, of any process
 * @addr: first address
 * @len: bytes
 *
 * See bc_vm_own_forced().
 *
 * Context: Process context, without mmap_lock; may sleep.
 */
void __bc_vm_own_range(struct mm_struct *mm, unsigned long addr, int len)
{
	unsigned long end;
	bool any;

	if (mmap_read_lock_killable(mm))
		return;
	addr = untagged_addr_remote(mm, addr);
	end = PAGE_ALIGN(addr + len);
	addr &= PAGE_MASK;
	any = addr < end && bc_vm_any_unpaid(mm, addr, end);
	mmap_read_unlock(mm);
	if (!any || mmap_write_lock_killable(mm))
		return;
	bc_vm_own_areas(mm, addr, end);
	mmap_write_unlock(mm);
}

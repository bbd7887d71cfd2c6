// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: areas that cannot be written, and yet have memory of their own.
 *
 * privvmpages has the pages that can be written. Three things give private memory to an
 * area that can only be read: userfaultfd fills it, a debugger writes it, and TCP maps
 * pages there that it has received. Such areas are charged before, and have VM_BC from
 * then on. An area that was written before mprotect() has VM_BC as well, see
 * bc_vm_keep(). Probes of perf and BPF, which need privileges, are not charged.
 */
#include <linux/bc_vm.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/pagewalk.h>
#include <linux/shmem_fs.h>
#include <net/tcp.h>

#include "../../mm/internal.h"
#include "../../mm/vma.h"

static_assert(!(VM_BC & (VM_SEALED | VM_DROPPABLE | VM_ALLOW_ANY_UNCACHED |
			 VM_UFFD_MINOR | VM_SHADOW_STACK)),
	      "VM_BC is another flag of areas, too: take a bit that is free");

/* What is swapped out was written, too. */
static int bc_pte_written(pte_t *ptep, unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	pte_t pte = ptep_get(ptep);
	struct page *page;

	if (pte_none(pte))
		return 0;
	if (!pte_present(pte))
		return 1;
	page = vm_normal_page(walk->vma, addr, pte);
	return page && PageAnon(page);
}

static int bc_pmd_written(pmd_t *pmdp, unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	pmd_t pmd = pmdp_get_lockless(pmdp);

	cond_resched();
	if (is_swap_pmd(pmd))
		return 1;
	if (!pmd_trans_huge(pmd) && !pmd_devmap(pmd))
		return 0;
	walk->action = ACTION_CONTINUE;
	return !pmd_devmap(pmd) && PageAnon(pmd_page(pmd));
}

static const struct mm_walk_ops bc_written_ops = {
	.pmd_entry = bc_pmd_written,
	.pte_entry = bc_pte_written,
	/* A page fault cannot write the area any more after the walk. */
	.walk_lock = PGWALK_WRLOCK,
};

/**
 * __bc_vm_written() - has a part of an area private memory?
 * @vma: the area
 * @start: of the part
 * @end: of the part
 *
 * See bc_vm_keep().
 *
 * Context: mmap_lock held for writing; may sleep.
 * Return: true if there is a page that was written.
 */
bool __bc_vm_written(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	return is_vm_hugetlb_page(vma) ||
	       walk_page_range_vma(vma, start, end, &bc_written_ops, NULL);
}

/* See bc_vm_receives(). */
bool __bc_vm_receives(const struct file *file)
{
#ifdef CONFIG_INET
	/* A socket of SMC that has become one of TCP differs from that of the inode. */
	struct socket *sock = sock_from_file((struct file *)file);
	const struct proto_ops *ops = sock ? READ_ONCE(sock->ops) : NULL;

	return ops && ops->mmap == tcp_mmap;
#else
	return false;
#endif
}

/* The pages of a range that are about to get memory of their own. */
struct bc_vm_range {
	unsigned long start;
	unsigned long end;
	bool forced; /* by a debugger, which may write more than userfaultfd */
	bool whole; /* areas cannot be split, because there are too many */
};

/*
 * Is there a part of @vma in the range that has to be paid for? The whole area is taken
 * if it cannot be split.
 */
static bool bc_vm_part(struct vm_area_struct *vma,
		       const struct bc_vm_range *range, unsigned long *from,
		       unsigned long *to)
{
	bool whole = range->whole || (vma->vm_ops && vma->vm_ops->may_split);

	if (!bc_vm_unpaid(vma->vm_flags))
		return false;
	if (!range->forced && !vma_is_anonymous(vma) && !vma_is_shmem(vma))
		return false;
	*from = whole ? vma->vm_start : max(range->start, vma->vm_start);
	*to = whole ? vma->vm_end : min(range->end, vma->vm_end);
	return true;
}

static unsigned long bc_vm_unpaid_pages(struct mm_struct *mm,
					const struct bc_vm_range *range)
{
	VMA_ITERATOR(vmi, mm, range->start);
	unsigned long pages = 0, from, to;
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, range->end)
		if (bc_vm_part(vma, range, &from, &to))
			pages += PHYS_PFN(to - from);
	return pages;
}

/* Mark the parts, whose pages were charged. */
static int bc_vm_mark(struct mm_struct *mm, const struct bc_vm_range *range)
{
	VMA_ITERATOR(vmi, mm, range->start);
	struct vm_area_struct *prev = vma_prev(&vmi), *vma;
	unsigned long from, to;
	vm_flags_t flags;

	for_each_vma_range(vmi, vma, range->end) {
		if (!bc_vm_part(vma, range, &from, &to)) {
			prev = vma;
			continue;
		}
		if (from > vma->vm_start)
			prev = vma;
		flags = vma->vm_flags | VM_BC;
		vma = vma_modify_flags(&vmi, prev, vma, from, to, flags);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		vm_flags_set(vma, flags);
		bc_vm_account(mm, VM_BC, PHYS_PFN(to - from));
		prev = vma;
	}
	return 0;
}

static int bc_vm_own(struct mm_struct *mm, struct bc_vm_range *range,
		     enum bc_severity severity)
{
	unsigned long pages;
	int ret;

	/* An area is split at the start of the range, and one at its end. */
	range->whole = mm->map_count + 2 > sysctl_max_map_count;
	pages = bc_vm_unpaid_pages(mm, range);
	if (!pages)
		return 0;
	ret = __bc_vm_charge(mm, pages, 0, severity);
	if (!ret)
		ret = bc_vm_mark(mm, range);
	bc_vm_settle(mm);
	return ret;
}

/* See bc_vm_own_range(). */
int __bc_vm_own_range(struct mm_struct *mm, struct vm_area_struct **vmap,
		      unsigned long start, unsigned long end)
{
	struct bc_vm_range range = { .start = start, .end = end };
	int ret = bc_vm_own(mm, &range, BC_BARRIER);

	*vmap = find_vma(mm, start);
	return ret;
}

/**
 * __bc_vm_force() - charge the pages of a range that a debugger is about to write
 * @mm: address space, of any process
 * @addr: first address
 * @len: bytes
 *
 * Up to the limit, like a page fault: an administrator can look into a full group. See
 * bc_vm_force().
 *
 * Context: Process context, without mmap_lock; may sleep.
 */
void __bc_vm_force(struct mm_struct *mm, unsigned long addr, size_t len)
{
	struct bc_vm_range range = { .forced = true };
	bool any;

	if (mmap_read_lock_killable(mm))
		return;
	addr = untagged_addr_remote(mm, addr);
	range.start = addr & PAGE_MASK;
	range.end = PAGE_ALIGN(addr + len);
	any = range.start < range.end && bc_vm_unpaid_pages(mm, &range);
	mmap_read_unlock(mm);
	if (!any || mmap_write_lock_killable(mm))
		return;
	/* If it fails, GUP refuses the write. */
	bc_vm_own(mm, &range, BC_LIMIT);
	mmap_write_unlock(mm);
}

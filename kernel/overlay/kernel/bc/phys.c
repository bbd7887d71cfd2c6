// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: physpages, the memory that the address spaces have resident.
 *
 * Nothing is charged and nothing refused: held is added up from the counters of
 * resident pages when somebody asks. A page that several address spaces map
 * counts in each.
 *
 * maxheld is the highest of the samples: each reading of the group, the peak
 * of each of its processes when that ends, and then the whole group, too, but
 * not more often than every tenth of a second.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "internal.h"

/*
 * The exact sums of one address space read a word of each CPU, and anybody may
 * ask for them. So many words are read with the lock held; address spaces beyond
 * that are seen as top(1) sees them, less what the CPUs keep for themselves.
 */
#define BC_PHYS_WORDS 4096

static u64 bc_phys_vm(struct bc_vm *vm, int *words)
{
	struct mm_struct *mm = container_of(vm, struct mm_struct, bc_vm);

	*words -= 3 * num_online_cpus();
	if (*words < 0)
		return get_mm_rss(mm);
	return get_mm_counter_sum(mm, MM_FILEPAGES) +
	       get_mm_counter_sum(mm, MM_ANONPAGES) +
	       get_mm_counter_sum(mm, MM_SHMEMPAGES);
}

/**
 * bc_phys_sum() - resident pages of a group and those below it
 * @root: the group
 *
 * Counts as a sample for its maxheld.
 *
 * Context: Under the lock of the tree.
 * Return: Pages.
 */
u64 bc_phys_sum(struct beancounter *root)
{
	struct bc_counter *c = &root->res[BC_PHYSPAGES];
	struct beancounter *bc;
	struct bc_vm *vm;
	int words = BC_PHYS_WORDS;
	u64 pages = 0;

	lockdep_assert_held(&root->top->lock);
	for (bc = root; bc; bc = bc_next(bc, root))
		list_for_each_entry(vm, &bc->mms, node)
			pages += bc_phys_vm(vm, &words);
	c->maxheld = max(c->maxheld, pages);
	return pages;
}

/**
 * bc_phys_exit() - sample when a process leaves its address space
 * @bc: the account
 * @mm: the address space
 *
 * Context: Process context in which @bc cannot be freed.
 */
void bc_phys_exit(struct beancounter *bc, struct mm_struct *mm)
{
	raw_spinlock_t *lock = &bc->top->lock;
	u64 peak = get_mm_hiwater_rss(mm);
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	for (; bc; bc = bc->parent) {
		struct bc_counter *c = &bc->res[BC_PHYSPAGES];

		c->maxheld = max(c->maxheld, peak);
		if (time_before(jiffies, bc->phys_after))
			continue;
		bc->phys_after = jiffies + HZ / 10;
		bc_phys_sum(bc);
	}
	raw_spin_unlock_irqrestore(lock, flags);
}

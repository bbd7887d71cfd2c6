// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: physpages, the memory that the address spaces have resident.
 *
 * Nothing is charged and nothing refused: held is added up from the counters of
 * resident pages when somebody asks. A page that several address spaces map
 * counts in each.
 *
 * maxheld is the highest of the samples: each reading of the group, the peak
 * of each of its processes when that ends, and then the whole group, too, if it
 * has only a few address spaces.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "internal.h"

/*
 * The exact sums of one address space read a word of each CPU, and anybody may
 * ask for them. So many words are read; address spaces beyond that are seen as
 * top(1) sees them, less what the CPUs keep for themselves.
 */
#define BC_PHYS_WORDS 4096
/* How many groups and address spaces are visited without releasing the lock. */
#define BC_PHYS_CHUNK 16
/* How many an exiting process looks at. */
#define BC_PHYS_FEW 16

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
 * struct bc_phys_walk - adding up, a chunk at a time
 * @root: the group
 * @bc: where the walk is, with a reference; NULL at the end
 * @mark: holds the place in the list of address spaces of @bc, and @bc in the
 *	lists of those that have some; there is no mm_struct around it
 * @words: how many may still be read
 * @pages: seen so far
 */
struct bc_phys_walk {
	struct beancounter *root;
	struct beancounter *bc;
	struct bc_vm mark;
	int words;
	u64 pages;
};

/* The owner of a mark, and of nothing else. */
static char bc_phys_mark;

/**
 * bc_phys_is_mark() - is this no address space but the place of a walk?
 * @vm: entry of a list of address spaces
 *
 * Context: Under the lock of the tree, or where nothing else runs.
 * Return: true if it is.
 */
bool bc_phys_is_mark(const struct bc_vm *vm)
{
	return vm->owner == &bc_phys_mark;
}

static void bc_phys_enter(struct bc_phys_walk *walk, struct beancounter *bc)
{
	walk->bc = bc;
	if (!bc)
		return;
	/* The caller pins the root, and address spaces pin what is below. */
	refcount_inc(&bc->refs);
	bc_add_mm(bc, &walk->mark);
}

/* One address space, or on to the next group. Returns the group to be put. */
static struct beancounter *bc_phys_step(struct bc_phys_walk *walk)
{
	struct beancounter *bc = walk->bc, *next;
	struct bc_vm *vm;

	if (!list_is_last(&walk->mark.node, &bc->mms)) {
		bc_count_visit(bc);
		vm = list_next_entry(&walk->mark, node);
		list_move(&walk->mark.node, &vm->node);
		if (!bc_phys_is_mark(vm))
			walk->pages += bc_phys_vm(vm, &walk->words);
		return NULL;
	}
	next = bc_branch_next(bc, walk->root, BC_MMS);
	bc_del_mm(bc, &walk->mark);
	bc_phys_enter(walk, next);
	return bc;
}

/**
 * bc_phys_sum() - add up resident pages of a group and those below it
 * @root: the group
 *
 * The sum is its usage then, and a sample for its maxheld. It is made a chunk at a
 * time, between which the lock of the tree is released.
 *
 * Context: Any in which @root is pinned, but under a lock of the accounts; does not
 * sleep.
 */
void bc_phys_sum(struct beancounter *root)
{
	struct bc_phys_walk walk = {
		.root = root,
		.mark.owner = &bc_phys_mark,
		.words = BC_PHYS_WORDS,
	};
	struct bc_counter *c = &root->res[BC_PHYSPAGES];
	raw_spinlock_t *lock = &root->top->lock;
	struct beancounter *put;
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(lock, flags);
	bc_phys_enter(&walk, root);
	for (i = 1; walk.bc; i++) {
		put = bc_phys_step(&walk);
		if (!put && i % BC_PHYS_CHUNK)
			continue;
		raw_spin_unlock_irqrestore(lock, flags);
		bc_put(put);
		raw_spin_lock_irqsave(lock, flags);
	}
	c->usage = walk.pages;
	c->maxheld = max(c->maxheld, walk.pages);
	raw_spin_unlock_irqrestore(lock, flags);
}

/* The same if there are only a few of them; if not, false. Under the lock. */
static bool bc_phys_few(struct beancounter *root, u64 *pages)
{
	int words = 0, few = BC_PHYS_FEW;
	struct beancounter *bc;
	struct bc_vm *vm;

	*pages = 0;
	for (bc = root; bc; bc = bc_branch_next(bc, root, BC_MMS)) {
		if (!few--)
			return false;
		list_for_each_entry(vm, &bc->mms, node) {
			if (!few--)
				return false;
			bc_count_visit(bc);
			if (!bc_phys_is_mark(vm))
				*pages += bc_phys_vm(vm, &words);
		}
	}
	return true;
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
	u64 peak = get_mm_hiwater_rss(mm), pages = 0;
	unsigned long flags;
	bool few = true;

	raw_spin_lock_irqsave(lock, flags);
	for (; bc; bc = bc->parent) {
		struct bc_counter *c = &bc->res[BC_PHYSPAGES];

		/* Those above have no fewer. */
		few = few && bc_phys_few(bc, &pages);
		c->maxheld = max(c->maxheld, peak);
		if (few)
			c->maxheld = max(c->maxheld, pages);
	}
	raw_spin_unlock_irqrestore(lock, flags);
}

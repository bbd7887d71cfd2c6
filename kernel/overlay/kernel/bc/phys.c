// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: what the address spaces have resident and swapped out.
 *
 * physpages, swappages and oomguarpages. Nothing is charged and nothing refused:
 * held is added up from the counters of the address spaces when somebody asks. A
 * page that several address spaces map counts in each.
 *
 * maxheld is the highest of the samples: each reading of the group, the peak
 * of each of its processes when that ends, and now and then the whole group, too,
 * if it has only a few address spaces. Of pages that are swapped out an address space
 * knows no peak, so it is what a process has at its end.
 */
#include <linux/jiffies.h>
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
/* And how long the others that exit in the same group do not. */
#define BC_PHYS_PAUSE HZ

/**
 * struct bc_phys - what one address space has, or many
 * @phys: resident pages
 * @swap: pages that are swapped out
 * @anon: pages of its own, resident or swapped out
 */
struct bc_phys {
	u64 phys;
	u64 swap;
	u64 anon;
};

static unsigned long bc_phys_read(struct mm_struct *mm, int member, bool exact)
{
	return exact ? get_mm_counter_sum(mm, member) :
		       get_mm_counter(mm, member);
}

static void bc_phys_add(struct mm_struct *mm, bool exact, struct bc_phys *sum)
{
	u64 anon = bc_phys_read(mm, MM_ANONPAGES, exact);
	u64 swap = bc_phys_read(mm, MM_SWAPENTS, exact);

	sum->phys += anon + bc_phys_read(mm, MM_FILEPAGES, exact) +
		     bc_phys_read(mm, MM_SHMEMPAGES, exact);
	sum->swap += swap;
	sum->anon += anon + swap;
}

static void bc_phys_vm(struct bc_vm *vm, int *words, struct bc_phys *sum)
{
	*words -= NR_MM_COUNTERS * num_online_cpus();
	bc_phys_add(container_of(vm, struct mm_struct, bc_vm), *words >= 0,
		    sum);
}

/**
 * bc_phys_anon() - what the OOM killer would get from an address space
 * @mm: the address space
 *
 * Context: Any.
 * Return: Pages of its own, resident or swapped out.
 */
u64 bc_phys_anon(struct mm_struct *mm)
{
	struct bc_phys sum = {};

	bc_phys_add(mm, false, &sum);
	return sum.anon;
}

/**
 * struct bc_phys_walk - adding up, a chunk at a time
 * @root: the group
 * @bc: where the walk is, with a reference; NULL at the end
 * @mark: holds the place in the list of address spaces of @bc, and @bc in the
 *	lists of those that have some; there is no mm_struct around it
 * @words: how many may still be read
 * @sum: seen so far
 */
struct bc_phys_walk {
	struct beancounter *root;
	struct beancounter *bc;
	struct bc_vm mark;
	int words;
	struct bc_phys sum;
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

/* The next address space of the group, which stays as long as the list is locked. */
static bool bc_phys_next(struct bc_phys_walk *walk)
{
	struct beancounter *bc = walk->bc;
	struct bc_vm *vm;
	bool more;

	raw_spin_lock(&bc->mms_lock);
	more = !list_is_last(&walk->mark.node, &bc->mms);
	if (more) {
		bc_count_visit(bc);
		vm = list_next_entry(&walk->mark, node);
		list_move(&walk->mark.node, &vm->node);
		if (!bc_phys_is_mark(vm))
			bc_phys_vm(vm, &walk->words, &walk->sum);
	}
	raw_spin_unlock(&bc->mms_lock);
	return more;
}

/* One address space, or on to the next group. Returns the group to be put. */
static struct beancounter *bc_phys_step(struct bc_phys_walk *walk)
{
	struct beancounter *bc = walk->bc, *next;

	if (bc_phys_next(walk))
		return NULL;
	next = bc_branch_next(bc, walk->root, BC_MMS);
	bc_del_mm(bc, &walk->mark);
	bc_phys_enter(walk, next);
	return bc;
}

/* A sample of one resource: is it the highest? Under the lock. */
static void bc_phys_peak(struct beancounter *bc, enum bc_resource res, u64 n)
{
	struct bc_counter *c = &bc->res[res];

	WRITE_ONCE(c->maxheld, max(c->maxheld, n));
}

static void bc_phys_peaks(struct beancounter *bc, const struct bc_phys *sum)
{
	bc_phys_peak(bc, BC_PHYSPAGES, sum->phys);
	bc_phys_peak(bc, BC_SWAPPAGES, sum->swap);
	bc_phys_peak(bc, BC_OOMGUARPAGES, sum->anon);
}

/**
 * bc_phys_sum() - add up pages of the address spaces of a group and those below it
 * @root: the group
 *
 * The sums are its usage then, and samples for its maxheld. They are made a chunk at
 * a time, between which the lock of the tree is released.
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
	struct beancounter *put;
	unsigned long flags;
	int i;

	bc_lock(root, flags);
	bc_phys_enter(&walk, root);
	for (i = 1; walk.bc; i++) {
		put = bc_phys_step(&walk);
		if (!put && i % BC_PHYS_CHUNK)
			continue;
		bc_unlock(root, flags);
		bc_put(put);
		bc_lock(root, flags);
	}
	root->res[BC_PHYSPAGES].usage = walk.sum.phys;
	root->res[BC_SWAPPAGES].usage = walk.sum.swap;
	root->res[BC_OOMGUARPAGES].usage = walk.sum.anon;
	bc_phys_peaks(root, &walk.sum);
	bc_unlock(root, flags);
}

/* Those of one group, if there are no more than @few. Returns what is left of these. */
static int bc_phys_group(struct beancounter *bc, struct bc_phys *sum, int few)
{
	struct bc_vm *vm;
	int words = 0;

	raw_spin_lock(&bc->mms_lock);
	list_for_each_entry(vm, &bc->mms, node) {
		if (--few < 0)
			break;
		bc_count_visit(bc);
		if (!bc_phys_is_mark(vm))
			bc_phys_vm(vm, &words, sum);
	}
	raw_spin_unlock(&bc->mms_lock);
	return few;
}

/* The same if there are only a few of them; if not, false. Under the lock. */
static bool bc_phys_few(struct beancounter *root, struct bc_phys *sum)
{
	struct beancounter *bc;
	int few = BC_PHYS_FEW;

	*sum = (struct bc_phys){};
	for (bc = root; bc; bc = bc_branch_next(bc, root, BC_MMS)) {
		few = bc_phys_group(bc, sum, few - 1);
		if (few < 0)
			return false;
	}
	return true;
}

/* Is there a level at which one process alone is the highest sample? A hint. */
static bool bc_phys_higher(const struct beancounter *bc,
			   const struct bc_phys *own)
{
	for (; bc; bc = bc->parent)
		if (own->phys > READ_ONCE(bc->res[BC_PHYSPAGES].maxheld) ||
		    own->swap > READ_ONCE(bc->res[BC_SWAPPAGES].maxheld) ||
		    own->anon > READ_ONCE(bc->res[BC_OOMGUARPAGES].maxheld))
			return true;
	return false;
}

/**
 * bc_phys_exit() - sample when a process leaves its address space
 * @bc: the account
 * @mm: the address space
 *
 * The process itself always, the whole group now and then, so that processes that
 * come and go by the thousand do not meet at the lock.
 *
 * Context: Process context in which @bc cannot be freed.
 */
void bc_phys_exit(struct beancounter *bc, struct mm_struct *mm)
{
	struct beancounter *group = bc;
	struct bc_phys own = {}, sum;
	unsigned long flags;
	bool few = true;

	bc_phys_add(mm, false, &own);
	own.phys = get_mm_hiwater_rss(mm);

	if (time_before(jiffies, READ_ONCE(bc->phys_after)) &&
	    !bc_phys_higher(bc, &own))
		return;
	WRITE_ONCE(bc->phys_after, jiffies + BC_PHYS_PAUSE);
	bc_lock(group, flags);
	for (; bc; bc = bc->parent) {
		/* Those above have no fewer. */
		few = few && bc_phys_few(bc, &sum);
		bc_phys_peaks(bc, &own);
		if (few)
			bc_phys_peaks(bc, &sum);
	}
	bc_unlock(group, flags);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: physpages, swappages and oomguarpages, added up when they are read.
 *
 * Nothing is charged to these rows and nothing refused: held is added up from the
 * counters of the address spaces when somebody reads it. A page that several address
 * spaces map counts in each.
 *
 * maxheld is the highest of the samples. Each reading of the group is one, and so is the
 * peak of each of its processes when the process ends; now and then the whole group is
 * sampled at such an end, too, if it has only a few address spaces. An address space
 * keeps no peak of its swapped-out pages, so their number at the end of the process
 * counts instead.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "internal.h"

/*
 * The exact sums of one address space read a word of each CPU, and any user may read
 * the files. So many words are read; for the remaining address spaces the approximate
 * sums are used that top(1) shows, without the shares that the CPUs keep.
 */
#define BC_PHYS_WORDS 4096
/* How many address spaces are taken from the lists in one hold of the lock. */
#define BC_PHYS_CHUNK 16
/* How many groups and address spaces an exiting process visits. */
#define BC_PHYS_FEW 16
/* For so long, other processes that exit in the same group visit none. */
#define BC_PHYS_PAUSE HZ

/**
 * struct bc_phys - pages of one address space, or of many
 * @phys: resident pages
 * @swap: pages that are swapped out
 * @anon: anonymous pages, resident or swapped out
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

static struct mm_struct *bc_phys_mm(struct bc_vm *vm)
{
	return container_of(vm, struct mm_struct, bc_vm);
}

/**
 * bc_phys_anon() - the pages that the OOM killer would get from an address space
 * @mm: the address space
 *
 * Context: Any.
 * Return: Anonymous pages, resident or swapped out.
 */
u64 bc_phys_anon(struct mm_struct *mm)
{
	struct bc_phys sum = {};

	bc_phys_add(mm, false, &sum);
	return sum.anon;
}

/**
 * struct bc_phys_walk - a walk that adds up pages, a chunk at a time
 * @root: the group
 * @bc: the group at which the walk is, with a reference; NULL at the end
 * @mark: keeps the place of the walk in the list of address spaces of @bc, and keeps @bc
 *	in the lists of groups that have address spaces; not part of an mm_struct
 * @words: number of words that may still be read
 * @nr: number of @mm
 * @mm: address spaces that are read next, each with a reference
 * @sum: of the address spaces so far
 */
struct bc_phys_walk {
	struct beancounter *root;
	struct beancounter *bc;
	struct bc_vm mark;
	int words;
	unsigned int nr;
	struct mm_struct *mm[BC_PHYS_CHUNK];
	struct bc_phys sum;
};

/* Only marks have this as their owner. */
static char bc_phys_mark;

/**
 * bc_phys_is_mark() - is this the mark of a walk, not an address space?
 * @vm: entry of a list of address spaces
 *
 * Context: Under the lock of the tree, or where nothing else runs.
 * Return: true if it is.
 */
bool bc_phys_is_mark(const struct bc_vm *vm)
{
	/* A process that exits may clear the owner of an address space meanwhile. */
	return data_race(vm->owner) == &bc_phys_mark;
}

static void bc_phys_enter(struct bc_phys_walk *walk, struct beancounter *bc)
{
	walk->bc = bc;
	if (!bc)
		return;
	/* The caller pins the root, and address spaces pin the groups below. */
	refcount_inc(&bc->refs);
	bc_add_mm(bc, &walk->mark);
}

/*
 * Keep an address space of a list, and its counters, until bc_phys_flush(). One that no
 * process has ever used may be in the list while it is freed.
 */
static void bc_phys_keep(struct bc_phys_walk *walk, struct bc_vm *vm)
{
	if (!bc_phys_is_mark(vm) &&
	    atomic_inc_not_zero(&bc_phys_mm(vm)->mm_count))
		walk->mm[walk->nr++] = bc_phys_mm(vm);
}

/*
 * Add the address spaces that were kept. This takes a step for each CPU, so it is done
 * without the locks of the accounts, and with interrupts on.
 */
static void bc_phys_flush(struct bc_phys_walk *walk)
{
	while (walk->nr) {
		struct mm_struct *mm = walk->mm[--walk->nr];

		walk->words -= NR_MM_COUNTERS * num_online_cpus();
		bc_phys_add(mm, walk->words >= 0, &walk->sum);
		mmdrop(mm);
	}
}

/* Keep the next address space of the group. Returns false if there is none. */
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
		bc_phys_keep(walk, vm);
	}
	raw_spin_unlock(&bc->mms_lock);
	return more;
}

/* Keep one address space, or go on to the next group. Returns the group to be put. */
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

/* A sample of one resource raises maxheld if it is the highest. Under the lock. */
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
 * The sums become the usage of @root, and are samples for its maxheld. They are made a
 * chunk at a time: the address spaces are looked up under the lock of the tree, and read
 * when it has been released.
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
		bc_phys_flush(&walk);
		bc_put(put);
		bc_lock(root, flags);
	}
	root->res[BC_PHYSPAGES].usage = walk.sum.phys;
	root->res[BC_SWAPPAGES].usage = walk.sum.swap;
	root->res[BC_OOMGUARPAGES].usage = walk.sum.anon;
	bc_phys_peaks(root, &walk.sum);
	bc_unlock(root, flags);
}

/*
 * Add up the address spaces of one group, if there are no more than @few of them. Returns
 * @few less their number, which is negative if there are more.
 */
static int bc_phys_group(struct beancounter *bc, struct bc_phys *sum, int few)
{
	struct bc_vm *vm;

	raw_spin_lock(&bc->mms_lock);
	list_for_each_entry(vm, &bc->mms, node) {
		if (--few < 0)
			break;
		bc_count_visit(bc);
		if (!bc_phys_is_mark(vm))
			bc_phys_add(bc_phys_mm(vm), false, sum);
	}
	raw_spin_unlock(&bc->mms_lock);
	return few;
}

/* As bc_phys_sum(), but returns false if there are more than a few. Under the lock. */
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

/* Would one process alone be the highest sample at some level? A hint. */
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
 * Samples the process itself, and each level that has only a few address spaces. Exits
 * are sampled only now and then, so that processes that come and go by the thousand do
 * not contend for the lock, and whenever the process alone would be the highest sample.
 *
 * Context: Process context in which @bc cannot be freed.
 */
void bc_phys_exit(struct beancounter *bc, struct mm_struct *mm)
{
	struct bc_phys own = {}, sum;
	unsigned long flags;
	bool few = true;

	bc_phys_add(mm, false, &own);
	/* Other processes that still run in the address space may raise it. */
	own.phys = data_race(get_mm_hiwater_rss(mm));

	if (time_before(jiffies, READ_ONCE(bc->phys_after)) &&
	    !bc_phys_higher(bc, &own))
		return;
	WRITE_ONCE(bc->phys_after, jiffies + BC_PHYS_PAUSE);
	for (; bc; bc = bc->parent) {
		bc_lock(bc, flags);
		/* The levels above have no fewer address spaces. */
		few = few && bc_phys_few(bc, &sum);
		bc_phys_peaks(bc, &own);
		if (few)
			bc_phys_peaks(bc, &sum);
		bc_unlock(bc, flags);
	}
}

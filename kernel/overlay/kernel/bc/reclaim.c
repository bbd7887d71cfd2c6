// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: making room in a group before a request is refused.
 *
 * A group that merely walks a big tree fills its account with dentries and
 * inodes that nobody uses. When the group is full, its own unused dentries and inodes
 * are freed: the LRU lists of all file systems are walked with current->bc.shrink
 * set, and objects that are charged to other groups are passed over (bc_lru_filter()
 * in dentry_lru_isolate() and inode_lru_isolate()). An inode with page cache is not on
 * the LRU; if freeing the others does not suffice, the clean page cache of the group's
 * unused inodes is dropped, which puts them there.
 *
 * The rules of direct reclaim apply: it runs only where the allocation may enter
 * file systems, with PF_MEMALLOC set, and never waits for a lock of a file system.
 */
#include <linux/bc_names.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/psi.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/writeback.h>

#include <trace/events/beancounter.h>

#include "internal.h"
#include "../../fs/internal.h"

/* One run frees at least this part of the barrier: an eighth. */
#define BC_SHRINK_SHIFT 3
/* The first pass over a list only clears the referenced bits. */
#define BC_SHRINK_PASSES 3
/* So many objects of a list are looked at in one hold of its lock. */
#define BC_SHRINK_CHUNK 1024UL
/* So long after a shrink that freed nothing there is no other. */
#define BC_SHRINK_PAUSE (HZ / 10)
/* See @shrinks of struct beancounter. */
#define BC_SHRINKS_ONE 0x10000

/*
 * See bc_lru_filter(). Objects of other groups are rotated, not skipped: else the next
 * chunk would meet them again. A walk over the whole list leaves their order as it was.
 */
enum lru_status __bc_lru_filter(const void *obj)
{
	struct bc_shrink *shrink = current->bc.shrink;

	if (shrink->taken >= shrink->goal)
		return LRU_STOP;
	if (!bc_below(bc_object_owner(obj, NULL), shrink->bc))
		return LRU_ROTATE;
	return LRU_REMOVED;
}

/* Count a shrink for the others who look at the same objects: by @n at all levels. */
static void bc_shrink_count(struct beancounter *bc, int n)
{
	atomic_add(n, &bc->shrinks);
	for (bc = bc->parent; bc; bc = bc->parent)
		atomic_add(n, &bc->shrinks_below);
}

/* The shrinks that take objects of a group, or of the groups below it. */
static unsigned int bc_shrinks_of(const struct beancounter *bc)
{
	unsigned int n = atomic_read(&bc->shrinks_below);

	for (; bc; bc = bc->parent)
		n += atomic_read(&bc->shrinks);
	return n;
}

static void bc_shrink_took(struct bc_shrink *shrink, unsigned int size)
{
	shrink->taken += size;
	if (!shrink->counted)
		bc_shrink_count(shrink->bc, BC_SHRINKS_ONE + 1);
	shrink->counted = true;
}

/* See bc_lru_took(). */
void __bc_lru_took(const void *obj)
{
	unsigned int size = 0;

	bc_object_owner(obj, &size);
	bc_shrink_took(current->bc.shrink, size);
}

static void bc_shrink_list(struct super_block *sb, struct list_lru *lru,
			   long (*prune)(struct super_block *sb,
					 struct shrink_control *sc),
			   struct bc_shrink *shrink, struct shrink_control *sc)
{
	unsigned long left = list_lru_shrink_count(lru, sc);

	while (left && shrink->taken < shrink->goal) {
		sc->nr_to_scan = min(left, BC_SHRINK_CHUNK);
		left -= sc->nr_to_scan;
		shrink->freed += prune(sb, sc);
		cond_resched();
	}
}

static void bc_shrink_sb(struct super_block *sb, void *arg)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	struct bc_shrink *shrink = arg;
	struct mem_cgroup *memcg;

	for_each_online_node(sc.nid) {
		memcg = mem_cgroup_iter(shrink->memcg, NULL, NULL);
		do {
			sc.memcg = memcg;
			bc_shrink_list(sb, &sb->s_dentry_lru, prune_dcache_sb,
				       shrink, &sc);
			bc_shrink_list(sb, &sb->s_inode_lru, prune_icache_sb,
				       shrink, &sc);
			if (memcg)
				memcg = mem_cgroup_iter(shrink->memcg, memcg,
							NULL);
		} while (memcg);
	}
}

/* May this inode's page cache be dropped, to free the inode itself? Under i_lock. */
static bool bc_inode_pinned_by_cache(struct inode *inode,
				     struct bc_shrink *shrink)
{
	unsigned int size = 0;

	if (atomic_read(&inode->i_count) || mapping_empty(&inode->i_data) ||
	    mapping_mapped(&inode->i_data) ||
	    (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE)))
		return false;
	if (inode->i_state & I_DIRTY_ALL) {
		shrink->dirty |=
			bc_below(bc_object_owner(inode, NULL), shrink->bc);
		return false;
	}
	if (!bc_below(bc_object_owner(inode, &size), shrink->bc))
		return false;
	bc_shrink_took(shrink, size);
	return true;
}

static void bc_drop_cache_sb(struct super_block *sb, void *arg)
{
	struct inode *inode, *put = NULL;
	struct bc_shrink *shrink = arg;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		bool drop;

		if (shrink->taken >= shrink->goal)
			break;
		spin_lock(&inode->i_lock);
		drop = bc_inode_pinned_by_cache(inode, shrink);
		if (!drop &&
		    (!need_resched() ||
		     inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE))) {
			spin_unlock(&inode->i_lock);
			continue;
		}
		__iget(inode);
		spin_unlock(&inode->i_lock);
		spin_unlock(&sb->s_inode_list_lock);
		if (drop)
			invalidate_mapping_pages(inode->i_mapping, 0, -1);
		iput(put);
		put = inode;
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(put);
}

#ifdef CONFIG_MEMCG
/* The memcg to which the group's memory is charged, with a reference, or NULL. */
static struct mem_cgroup *bc_shrink_memcg(struct beancounter *bc)
{
	struct bc_css *css = mem_cgroup_disabled() ? NULL : bc_get_css(bc);
	struct cgroup_subsys_state *mem_css;
	struct mem_cgroup *memcg;

	if (!css)
		return NULL;
	rcu_read_lock();
	mem_css = cgroup_e_css(css->css.cgroup, &memory_cgrp_subsys);
	memcg = mem_cgroup_from_css(mem_css);
	if (!css_tryget(&memcg->css))
		memcg = NULL;
	rcu_read_unlock();
	css_put(&css->css);
	return memcg;
}
#else
static struct mem_cgroup *bc_shrink_memcg(struct beancounter *bc)
{
	return NULL;
}
#endif

static void bc_shrink_lists(struct bc_shrink *shrink)
{
	int pass;

	for (pass = 0; pass < BC_SHRINK_PASSES && !shrink->freed; pass++) {
		shrink->taken = 0;
		iterate_supers_trylock(bc_shrink_sb, shrink);
	}
}

/*
 * If memcg sorts the lists, walk those of the group and of the groups below it first,
 * because most of their objects are there. Walk all other lists only if that freed
 * nothing: the payer of an object may have changed.
 */
static void bc_shrink_run(struct bc_shrink *shrink)
{
	struct mem_cgroup *memcg = bc_shrink_memcg(shrink->bc);

	shrink->memcg = memcg;
	bc_shrink_lists(shrink);
	if (!shrink->freed) {
		shrink->taken = 0;
		iterate_supers_trylock(bc_drop_cache_sb, shrink);
		if (shrink->taken)
			bc_shrink_lists(shrink);
	}
	if (!shrink->freed && memcg && shrink->wait) {
		shrink->memcg = NULL;
		bc_shrink_lists(shrink);
	}
	mem_cgroup_put(memcg);
}

/* Bytes that one run takes: without a barrier no more than was requested. */
static u64 bc_shrink_goal(const struct bc_stat *stat, u64 bytes)
{
	u64 cap = min(stat->counter.barrier, stat->counter.limit);

	return cap < BC_MAX ? max(bytes, cap >> BC_SHRINK_SHIFT) : bytes;
}

/* RCU callbacks give back the charge of objects that were freed, now or before. */
static void bc_shrink_settle(const struct bc_shrink *shrink)
{
	if (shrink->dirty && !shrink->freed) {
		wakeup_flusher_threads(WB_REASON_VMSCAN);
		schedule_timeout_killable(HZ / 10);
	} else {
		/* Not synchronize_rcu(), after which the callbacks are still to run. */
		rcu_barrier();
	}
}

/**
 * bc_reclaim() - make room for a request that does not fit
 * @bc: the level that is full, pinned by the caller
 * @want: the refused amount, of kmemsize, or of dcachesize, which is a part of that
 * @wait: a request waits for the room; if false, steps that take long or disturb other
 *	groups are left out
 *
 * Context: Process context where direct reclaim may enter file systems.
 * Return: true when it is worth trying again.
 */
bool bc_reclaim(struct beancounter *bc, const struct bc_want *want, bool wait)
{
	struct bc_shrink shrink = { .bc = bc, .wait = wait };
	unsigned int shrinks = bc_shrinks_of(bc);
	struct bc_stat before, after;
	unsigned int noreclaim;
	unsigned long pflags;

	/*
	 * Refuse at once, rather than shrink again, if a shrink just freed nothing. A
	 * signal may be sent at this moment.
	 */
	if (data_race(fatal_signal_pending(current)) ||
	    time_before(jiffies, READ_ONCE(bc->shrink_after)))
		return false;
	bc_stat_read(bc, want->res, &before);
	shrink.goal = bc_shrink_goal(&before, want->n);

	psi_memstall_enter(&pflags);
	fs_reclaim_acquire(GFP_KERNEL);
	noreclaim = memalloc_noreclaim_save();
	current->bc.shrink = &shrink;
	bc_shrink_run(&shrink);
	current->bc.shrink = NULL;
	memalloc_noreclaim_restore(noreclaim);
	fs_reclaim_release(GFP_KERNEL);
	if (wait)
		bc_shrink_settle(&shrink);
	if (shrink.counted)
		bc_shrink_count(bc, -1);
	psi_memstall_leave(&pflags);

	bc_stat_read(bc, want->res, &after);
	trace_bc_reclaim(bc->id, want->n,
			 before.held > after.held ? before.held - after.held :
						    0);
	/*
	 * If other tasks have taken all objects that could be freed, they may still be
	 * about to free them, or the room may have been used again before this task
	 * looked.
	 */
	if (shrink.freed || shrink.dirty || after.held < before.held ||
	    shrinks % BC_SHRINKS_ONE ||
	    bc_shrinks_of(bc) != shrinks + BC_SHRINKS_ONE * shrink.counted)
		return true;
	/* Without waiting the result is unknown: RCU may still give charges back. */
	if (wait)
		WRITE_ONCE(bc->shrink_after, jiffies + BC_SHRINK_PAUSE);
	return false;
}

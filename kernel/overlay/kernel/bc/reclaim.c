// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: making room in a group before a request is refused.
 *
 * A group that merely walks a big tree fills its account with dentries and
 * inodes that nobody uses. They are shrunk when the group is full, and only its
 * own: the LRU lists of all file systems are walked with current->bc_shrink
 * set, and what is charged elsewhere is passed over (bc_foreign() in
 * dentry_lru_isolate() and inode_lru_isolate()), age and all. An inode with
 * page cache is not on the LRU; when the rest does not suffice, the clean page
 * cache of the group's unused inodes is dropped to get it there.
 *
 * This is direct reclaim in every respect: only where the allocation may enter
 * file systems, marked PF_MEMALLOC, never waiting for a lock of one.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/writeback.h>

#include <trace/events/beancounter.h>

#include "internal.h"
#include "../../fs/internal.h"

/* At least this part of what the group may have is freed in one go. */
#define BC_SHRINK_SHIFT 3
/* The first pass over a list only takes the referenced bits away. */
#define BC_SHRINK_PASSES 3

/* May the object go? Charges the quota of the shrink for it. */
static bool bc_shrink_take(struct bc_shrink *shrink, const void *obj)
{
	unsigned int size;

	if (shrink->taken >= shrink->goal)
		return false;
	if (!bc_below(bc_object_owner(obj, &size), shrink->bc))
		return false;
	shrink->taken += size;
	return true;
}

/**
 * __bc_foreign() - see bc_foreign()
 * @obj: an object of a slab cache, or an address inside one
 *
 * Context: Any in which the object cannot be freed.
 * Return: true when @obj is not charged to the group being shrunk, or when
 * enough has been taken already.
 */
bool __bc_foreign(const void *obj)
{
	return !bc_shrink_take(current->bc_shrink, obj);
}

static void bc_shrink_lists(struct super_block *sb, struct bc_shrink *shrink,
			    struct shrink_control *sc)
{
	sc->nr_to_scan = list_lru_shrink_count(&sb->s_dentry_lru, sc);
	if (sc->nr_to_scan)
		shrink->freed += prune_dcache_sb(sb, sc);
	sc->nr_to_scan = list_lru_shrink_count(&sb->s_inode_lru, sc);
	if (sc->nr_to_scan)
		shrink->freed += prune_icache_sb(sb, sc);
}

static void bc_shrink_sb(struct super_block *sb, void *arg)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	struct bc_shrink *shrink = arg;
	struct mem_cgroup *memcg;

	for_each_online_node(sc.nid) {
		memcg = mem_cgroup_iter(NULL, NULL, NULL);
		do {
			sc.memcg = memcg;
			bc_shrink_lists(sb, shrink, &sc);
			cond_resched();
		} while (memcg && (memcg = mem_cgroup_iter(NULL, memcg, NULL)));
	}
}

/* May the page cache of this inode go to get the inode itself? Under i_lock. */
static bool bc_inode_pinned_by_cache(struct inode *inode,
				     struct bc_shrink *shrink)
{
	if (atomic_read(&inode->i_count) || mapping_empty(&inode->i_data) ||
	    mapping_mapped(&inode->i_data) ||
	    (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE)))
		return false;
	if (inode->i_state & I_DIRTY_ALL) {
		shrink->dirty |= bc_below(bc_object_owner(inode, NULL),
					  shrink->bc);
		return false;
	}
	return bc_shrink_take(shrink, inode);
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
		if (!drop && (!need_resched() ||
			      inode->i_state & (I_NEW | I_FREEING |
						I_WILL_FREE))) {
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

static void bc_shrink_run(struct bc_shrink *shrink)
{
	int pass;

	for (pass = 0; pass < BC_SHRINK_PASSES && !shrink->freed; pass++) {
		shrink->taken = 0;
		iterate_supers_trylock(bc_shrink_sb, shrink);
	}
	if (shrink->freed)
		return;
	shrink->taken = 0;
	iterate_supers_trylock(bc_drop_cache_sb, shrink);
	if (shrink->taken) {
		for (pass = 0; pass < BC_SHRINK_PASSES && !shrink->freed;
		     pass++) {
			shrink->taken = 0;
			iterate_supers_trylock(bc_shrink_sb, shrink);
		}
	}
}

static u64 bc_usage(struct beancounter *bc, u64 *cap)
{
	struct bc_stat stat;

	bc_stat_read(bc, BC_KMEMSIZE, &stat);
	*cap = min(stat.counter.barrier, stat.counter.limit);
	return stat.held;
}

/**
 * bc_reclaim() - make room for a request that does not fit
 * @bc: the level that is full, pinned by the caller
 * @bytes: of the request
 *
 * Context: Process context where direct reclaim may enter file systems.
 * Return: true when it is worth trying again.
 */
bool bc_reclaim(struct beancounter *bc, u64 bytes)
{
	struct bc_shrink shrink = { .bc = bc };
	u64 before, after, cap;
	unsigned int noreclaim;

	if (fatal_signal_pending(current))
		return false;
	before = bc_usage(bc, &cap);
	shrink.goal = max(bytes, cap >> BC_SHRINK_SHIFT);

	noreclaim = memalloc_noreclaim_save();
	current->bc_shrink = &shrink;
	bc_shrink_run(&shrink);
	current->bc_shrink = NULL;
	memalloc_noreclaim_restore(noreclaim);

	/* What was freed, now or before, is given back by RCU callbacks. */
	if (shrink.freed) {
		rcu_barrier();
	} else if (shrink.dirty) {
		wakeup_flusher_threads(WB_REASON_VMSCAN);
		schedule_timeout_killable(HZ / 10);
	} else {
		synchronize_rcu();
	}
	after = bc_usage(bc, &cap);
	trace_bc_reclaim(bc->id, bytes, before > after ? before - after : 0);
	return shrink.freed || shrink.dirty || after < before;
}

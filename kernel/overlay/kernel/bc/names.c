// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: dcachesize, the cache of names.
 *
 * A name counts with the charge of its object in kmemsize, for the payer of the object,
 * so nothing has to be stored. An object without a payer does not count.
 */
#include <linux/bc_names.h>
#include <linux/dcache.h>
#include <linux/kfence.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "kmem.h"
#include "../../mm/slab.h"

#ifdef CONFIG_BEANCOUNTERS_DEBUG
/* The caches that have such objects, and the offset of the inode in an object. */
#define BC_NAMES_CACHES 64

static struct bc_names_cache {
	const struct kmem_cache *cache;
	unsigned int offset;
} bc_names_caches[BC_NAMES_CACHES];

/* Written again each time: a new module's cache may have the address of an old one. */
static void bc_names_note(const void *obj)
{
	const struct slab *slab = virt_to_slab(obj);
	/* The number of objects in a slab shares its word with counters. */
	unsigned int offset = obj - data_race(nearest_obj(slab->slab_cache,
							  slab, (void *)obj));
	int i;

	/* kfence may put an object at the end of its page: the offset would be wrong. */
	if (is_kfence_address(obj))
		return;

	for (i = 0; i < BC_NAMES_CACHES; i++) {
		struct bc_names_cache *c = &bc_names_caches[i];

		if (!READ_ONCE(c->cache))
			cmpxchg(&c->cache, NULL, slab->slab_cache);
		if (READ_ONCE(c->cache) != slab->slab_cache)
			continue;
		WRITE_ONCE(c->offset, offset);
		return;
	}
	WARN_ONCE(1, "bc: more than %d caches of inodes\n", BC_NAMES_CACHES);
}

static bool bc_dentry_counts(const struct dentry *dentry)
{
	return !__lockref_is_dead(&dentry->d_lockref) &&
	       !(dentry->d_sb->s_flags & SB_NOUSER);
}

static bool bc_inode_counts(const struct inode *inode)
{
	return !(inode->i_state & I_CLEAR) &&
	       !(inode->i_sb->s_flags & SB_NOUSER);
}

/**
 * bc_names_audit() - what an object counts in dcachesize
 * @slab: its slab
 * @i: index of the object, which has a payer, in @slab
 *
 * Objects that wait for RCU count no longer.
 *
 * Context: Nothing else runs.
 * Return: Bytes.
 */
u64 bc_names_audit(const struct slab *slab, unsigned int i)
{
	const struct kmem_cache *s = slab->slab_cache;
	const struct bc_names_cache *c = bc_names_caches;
	const void *obj = bc_object_at(slab, i);
	bool counts;

	for (; c < bc_names_caches + BC_NAMES_CACHES && c->cache; c++) {
		if (c->cache != s)
			continue;
		counts = strcmp(s->name, "dentry") ?
				 bc_inode_counts(obj + c->offset) :
				 bc_dentry_counts(obj);
		return counts ? bc_object_size(s) : 0;
	}
	return 0;
}
#else
static void bc_names_note(const void *obj)
{
}
#endif

/* See bc_names_charge(). */
bool __bc_names_charge(const void *obj, gfp_t flags)
{
	unsigned int size;
	struct beancounter *bc = bc_object_owner(obj, &size);

	if (!bc)
		return true;
	bc_names_note(obj);
	return bc_charge_names(bc, size, flags | __GFP_ACCOUNT);
}

/* See bc_names_uncharge(). */
void __bc_names_uncharge(const void *obj)
{
	unsigned int size;
	struct beancounter *bc = bc_object_owner(obj, &size);

	if (bc)
		bc_uncharge(bc, BC_DCACHESIZE, size);
}

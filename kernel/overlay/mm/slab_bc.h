/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hooks of the slab allocator. Included by slub.c.
 */
#ifndef MM_SLAB_BC_H
#define MM_SLAB_BC_H

#include <linux/beancounter.h>
#include <linux/fs.h>

#include "slab.h"

#ifdef CONFIG_BEANCOUNTERS

/*
 * Is an unmarked object of a cache charged? Not if shrinkers take it back, if its
 * slab has no vector, or if the cache exempts it: names of paths, unless they are
 * kept, see bc_keep_begin().
 */
static __always_inline bool bc_cache_by_default(const struct kmem_cache *s)
{
	if (likely(!(s->flags & (SLAB_RECLAIM_ACCOUNT | SLAB_NO_OBJ_EXT |
				 SLAB_NOLEAKTRACE | SLAB_BC_NOCHARGE))))
		return true;
	if (s == names_cachep)
		return current->bc_scope.flags & BC_SCOPE_KEEP;
	/* The shrinker of this cache does not know most of its nodes. */
	return s == radix_tree_node_cachep;
}

static __fastpath_inline bool
bc_slab_charge_new(struct kmem_cache *s, gfp_t flags, size_t size, void **p)
{
	if (!bc_online() || (flags & __GFP_UNCHARGED))
		return true;

	if (s->flags & (SLAB_ACCOUNT | SLAB_BC))
		flags |= __GFP_BC;
	else if (!bc_gfp_marked(flags) &&
		 !(bc_cache_by_default(s) && bc_by_default()))
		return true;

	if (likely(size == 1) ? bc_slab_charge_one(s, flags, *p) :
				bc_slab_charge(s, flags, size, p))
		return true;

	if (likely(size == 1)) {
		memcg_alloc_abort_single(s, *p);
		*p = NULL;
	} else {
		kmem_cache_free_bulk(s, size, p);
	}

	return false;
}

static __fastpath_inline bool bc_slab_post_alloc_hook(struct kmem_cache *s,
						      gfp_t flags, size_t size,
						      void **p)
{
	if (!bc_slab_charge_new(s, flags, size, p))
		return false;
	bc_census_objects(s, flags, size, p);
	return true;
}

static __fastpath_inline void bc_slab_free_hook(struct kmem_cache *s,
						struct slab *slab, void **p,
						int objects)
{
	int i;

	for (i = 0; bc_census_runs() && i < objects; i++)
		bc_census_free(p[i]);
	if (!bc_online() || likely(!slab_obj_exts(slab)))
		return;

	if (objects == 1)
		bc_slab_uncharge_one(s, slab, *p);
	else
		bc_slab_uncharge(s, slab, p, objects);
}

/* The page is no longer a slab, and the vector of owners is freed next. */
static inline void bc_slab_free_vector_hook(const struct slab *slab)
{
	if (bc_online())
		bc_slab_wait(slab);
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_slab_post_alloc_hook(struct kmem_cache *s, gfp_t flags,
					   size_t size, void **p)
{
	return true;
}

static inline void bc_slab_free_hook(struct kmem_cache *s, struct slab *slab,
				     void **p, int objects)
{
}

static inline void bc_slab_free_vector_hook(const struct slab *slab)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* MM_SLAB_BC_H */

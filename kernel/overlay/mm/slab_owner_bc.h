/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the slot of a slab object's owner, and the charge of an object.
 * Included by slab.h.
 */
#ifndef MM_SLAB_OWNER_BC_H
#define MM_SLAB_OWNER_BC_H

#ifdef CONFIG_BEANCOUNTERS
extern struct kmem_cache *radix_tree_node_cachep;

/*
 * Marks a vector in which the slot of an object does not follow from the object's
 * address alone. OBJEXTS_FLAGS_MASK covers this bit; without memcg it is the bit of
 * OBJEXTS_ALLOC_FAIL, which is never beside a vector.
 */
#define OBJEXTS_ODD __FIRST_OBJEXT_FLAG

/* Whom an object of kfence is charged to. */
#define bc_kfence_owner(meta) ((meta)->obj_exts.owner.bc)

/* A slab of the usual order, aligned to its size, is not odd. */
static inline unsigned long bc_objexts_flags(struct kmem_cache *s,
					     struct slab *slab)
{
	if (slab_size(slab) - 1 == s->bc.mask &&
	    IS_ALIGNED((unsigned long)slab_address(slab), slab_size(slab)))
		return 0;
	return OBJEXTS_ODD;
}

static inline void bc_set_cache_size(struct kmem_cache *s, unsigned int order)
{
	s->bc.charge = s->size + sizeof(struct slabobj_ext);
	s->bc.mask = (PAGE_SIZE << order) - 1;
	s->bc.reciprocal = DIV_ROUND_UP_ULL(1ULL << 32, s->size);
}
#else
#define OBJEXTS_ODD 0
#define bc_kfence_owner(meta) NULL

static inline unsigned long bc_objexts_flags(struct kmem_cache *s,
					     struct slab *slab)
{
	return 0;
}

static inline void bc_set_cache_size(struct kmem_cache *s, unsigned int order)
{
}
#endif /* CONFIG_BEANCOUNTERS */

/* The flags of a vector of kfence, whose objects are not in the usual places. */
#ifdef CONFIG_MEMCG
#define KFENCE_OBJEXTS_FLAGS (MEMCG_DATA_OBJEXTS | OBJEXTS_ODD)
#else
#define KFENCE_OBJEXTS_FLAGS OBJEXTS_ODD
#endif

#endif /* MM_SLAB_OWNER_BC_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the slab objects of kmemsize.
 *
 * The payer of an object is stored in the object's slot of the vector beside its
 * slab (struct slabobj_ext). An object is charged its share of the slab, including
 * debugging data, alignment and the slot.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>

#include "kmem.h"
#include "../../mm/slab.h"

/*
 * The vector of a slab whose slots follow from the addresses of the objects, as in
 * almost every vector, but not in those of kfence and of slabs that are smaller than
 * usual. Returns false for these, or if there is no vector.
 */
static __always_inline bool bc_exts(const struct slab *slab,
				    struct slabobj_ext **vector)
{
	unsigned long exts = READ_ONCE(slab->obj_exts);

#ifdef CONFIG_MEMCG
	/* Without this tag there is no vector, and the test below finds other bits set. */
	exts -= MEMCG_DATA_OBJEXTS;
#endif
	*vector = (struct slabobj_ext *)exts;
	if (unlikely(exts & OBJEXTS_FLAGS_MASK))
		return false;
	/* The tag alone is OBJEXTS_ALLOC_FAIL: no vector either. */
	if (IS_ENABLED(CONFIG_MEMCG) &&
	    !IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING_DEBUG))
		return true;
	return exts;
}

/*
 * The index of an object in such a vector: obj_to_index() with one multiplication.
 * This suffices because a slab begins at a multiple of its size, and because only the
 * addresses at which objects start have to give the right index.
 */
static __always_inline size_t bc_index(const struct kmem_cache *s,
				       const void *obj)
{
	u64 offset = (unsigned long)obj & s->bc.mask;

	return (offset * s->bc.reciprocal) >> 32;
}

/**
 * bc_slab_owner() - who pays for an object that is at its start?
 * @obj: from a slab cache
 *
 * As bc_object_owner(), which also takes an address inside the object, in fewer steps.
 *
 * Context: Any in which the object cannot be freed.
 * Return: The payer, or NULL for nobody.
 */
struct beancounter *bc_slab_owner(const void *obj)
{
	struct folio *folio = virt_to_folio(obj);
	struct slab *slab = folio_slab(folio);
	struct slabobj_ext *exts;

	if (unlikely(!bc_exts(slab, &exts)))
		return bc_object_owner(obj, NULL);
	/* accept() may give a connection its payer at this moment. */
	return data_race(exts[bc_index(slab->slab_cache, obj)].owner.bc);
}

/* The slot of an object's owner, or NULL when there is no memory for the vector. */
static __always_inline struct slabobj_ext *
bc_slab_slot(struct kmem_cache *s, struct slab *slab, void *obj, gfp_t flags)
{
	struct slabobj_ext *exts = slab_obj_exts(slab);

	if (unlikely(!exts)) {
		if (alloc_slab_obj_exts(slab, s, flags, false))
			return NULL;
		exts = slab_obj_exts(slab);
	}
	return exts + obj_to_index(s, slab, obj);
}

/*
 * Store the owner of as many objects as lie in the slab of the first one, if the
 * index in its vector follows from the address. Returns how many.
 */
static __always_inline size_t bc_slab_own_run(struct kmem_cache *s, size_t nr,
					      void **p, struct beancounter *bc)
{
	struct folio *folio = virt_to_folio(*p);
	struct slabobj_ext *exts;
	unsigned long mask = s->bc.mask, base = (unsigned long)*p & ~mask;
	u64 reciprocal = s->bc.reciprocal, offset;
	size_t i = 0;

	if (unlikely(!bc_exts(folio_slab(folio), &exts)))
		return 0;
	do {
		offset = (unsigned long)p[i] - base;
		if (offset > mask)
			break;
		exts[(offset * reciprocal) >> 32].owner.bc = bc;
	} while (++i < nr);
	return i;
}

/**
 * bc_slab_own() - store the payer of objects
 * @s: the cache
 * @flags: of the allocation
 * @nr: number of objects
 * @p: the objects
 * @bc: payer, charged for all of them
 *
 * If there is no memory for the vector the object is not handed out: else a group short
 * of memory would get it for free.
 *
 * Context: Any; may sleep when @flags allow it.
 * Return: false when some objects have no owner; their charges were given back.
 */
noinline bool bc_slab_own(struct kmem_cache *s, gfp_t flags, size_t nr,
			  void **p, struct beancounter *bc)
{
	struct slabobj_ext *slot;
	size_t i, run;

	for (i = 0; i < nr; i += run) {
		run = bc_slab_own_run(s, nr - i, p + i, bc);
		if (likely(run))
			continue;
		slot = bc_slab_slot(s, virt_to_slab(p[i]), p[i], flags);
		if (likely(slot))
			slot->owner.bc = bc;
		else if (flags & __GFP_NOFAIL)
			bc_kmem_uncharge(bc, s->bc.charge);
		else
			break;
		run = 1;
	}
	if (likely(i == nr))
		return true;
	/* One by one, because the sum may be more than a word can hold. */
	for (; i < nr; i++)
		bc_kmem_uncharge(bc, s->bc.charge);
	return false;
}

static noinline bool bc_slab_own_slow(struct kmem_cache *s, gfp_t flags,
				      void *obj, struct beancounter *bc)
{
	return bc_slab_own(s, flags, 1, &obj, bc);
}

static noinline bool bc_slab_charge_slow(struct kmem_cache *s, gfp_t flags,
					 size_t nr, void **p)
{
	struct beancounter *bc;
	gfp_t how = flags;

	/* An xarray tries under its lock first, and then again where it can wait. */
	if (s == radix_tree_node_cachep && !gfpflags_allow_blocking(flags))
		how = bc_gfp_try(flags);
	if (!bc_charge_object((u64)bc_object_size(s) * nr, bc_object_item(s),
			      bc_object_item(s) ? nr : 0, how, &bc))
		return false;
	return !bc || bc_slab_own(s, flags, nr, p, bc);
}

/* The rare case is in another function, so that the fast path stays short. */
static __always_inline bool bc_slab_own_one(struct kmem_cache *s, gfp_t flags,
					    void *obj, struct beancounter *bc)
{
	struct folio *folio = virt_to_folio(obj);
	struct slabobj_ext *exts;

	if (unlikely(!bc_exts(folio_slab(folio), &exts)))
		return bc_slab_own_slow(s, flags, obj, bc);
	exts[bc_index(s, obj)].owner.bc = bc;
	return true;
}

static noinline bool bc_slab_charge_slow_one(struct kmem_cache *s, gfp_t flags,
					     void *obj)
{
	return bc_slab_charge_slow(s, flags, 1, &obj);
}

/*
 * An object that counts as an item, from words only: bc_charge_object() charges it under
 * the lock. Preemption is off, and on again on return.
 */
static noinline bool bc_slab_charge_item(struct kmem_cache *s, gfp_t flags,
					 void *obj, struct beancounter *bc)
{
	enum bc_resource item = bc_item_of(s->bc.charge);
	u64 bytes = bc_bytes_of(s->bc.charge);
	bool taken;

	/* Locks come and go often: with a constant it takes fewer steps. */
	taken = (likely(item == BC_NUMFLOCK) &&
		 bc_take_here(bc, bytes, BC_NUMFLOCK, 1)) ||
		bc_take_apart(bc, bytes, item, 1);
	preempt_enable();
	if (unlikely(!taken))
		return bc_slab_charge_slow_one(s, flags, obj);
	return bc_slab_own_one(s, flags, obj, bc);
}

static noinline bool bc_slab_charge_short(struct kmem_cache *s, gfp_t flags,
					  void *obj, struct beancounter *bc)
{
	if (unlikely(!bc_charge_near(bc, s->bc.charge)))
		return bc_slab_charge_slow_one(s, flags, obj);
	return bc_slab_own_one(s, flags, obj, bc);
}

/**
 * bc_slab_charge_one() - charge a new object of a slab cache
 * @s: the cache
 * @flags: of the allocation
 * @obj: the object, or NULL
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have it; the caller frees it.
 */
bool bc_slab_charge_one(struct kmem_cache *s, gfp_t flags, void *obj)
{
	struct beancounter *bc;

	if (unlikely(!obj))
		return true;
	switch (bc_charge_own(s->bc.charge, &bc)) {
	case BC_OWN_CHARGED:
		return !bc || bc_slab_own_one(s, flags, obj, bc);
	case BC_OWN_SHORT:
		/* Here, because each further call takes steps. */
		return bc_item_of(s->bc.charge) ?
			       bc_slab_charge_item(s, flags, obj, bc) :
			       bc_slab_charge_short(s, flags, obj, bc);
	default:
		return bc_slab_charge_slow_one(s, flags, obj);
	}
}

/**
 * bc_slab_charge() - charge new objects of a slab cache to the current group
 * @s: the cache
 * @flags: of the allocation
 * @nr: number of objects
 * @p: the objects; a single one may be NULL
 *
 * All objects are charged, or the request is refused, see bc_slab_own().
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have them; the caller frees them, which
 * gives back the charges of those that have an owner.
 */
bool bc_slab_charge(struct kmem_cache *s, gfp_t flags, size_t nr, void **p)
{
	struct beancounter *bc;

	if (unlikely(!*p))
		return true;
	if (unlikely((u64)bc_object_size(s) * nr > BC_STOCK_MAX ||
		     bc_item_of(s->bc.charge * nr)))
		return bc_slab_charge_slow(s, flags, nr, p);
	switch (bc_charge_own(s->bc.charge * nr, &bc)) {
	case BC_OWN_SHORT:
		if (unlikely(!bc_charge_near(bc, s->bc.charge * nr)))
			return bc_slab_charge_slow(s, flags, nr, p);
		fallthrough;
	case BC_OWN_CHARGED:
		return !bc || bc_slab_own(s, flags, nr, p, bc);
	default:
		return bc_slab_charge_slow(s, flags, nr, p);
	}
}

/**
 * bc_count_objects() - the objects of a slab cache count in a resource
 * @s: the cache; it has no objects yet, and SLAB_BC_COUNTED or SLAB_TYPESAFE_BY_RCU keeps
 *	others out of it
 * @item: the resource, one unit for each object
 *
 * Each object is charged for its bytes at the barrier. Its unit of numfile is charged in
 * the same steps as the bytes.
 *
 * Context: During boot.
 */
void __init bc_count_objects(struct kmem_cache *s, enum bc_resource item)
{
	WARN_ON_ONCE(s->refcount > 1 || bc_object_item(s));
	s->flags |= SLAB_BC;
	s->bc.charge += item == BC_NUMFILE ? BC_FILE :
					     (u64)item << BC_ITEM_SHIFT;
}

/**
 * bc_charge_beside() - the objects of a slab cache pay for what is made beside them
 * @s: the cache; it has no objects yet and is not merged with others
 * @bytes: for each object, on top of its own
 *
 * For memory that several objects share, and for which nobody is charged.
 *
 * Context: During boot.
 */
void __init bc_charge_beside(struct kmem_cache *s, unsigned int bytes)
{
	WARN_ON_ONCE(s->refcount > 1);
	s->flags |= SLAB_BC;
	s->bc.charge += bytes;
}

/**
 * bc_slab_uncharge_one() - an object is about to be freed
 * @s: the cache
 * @slab: the slab of the object; it has a vector
 * @obj: the object
 *
 * Context: Any.
 */
void bc_slab_uncharge_one(struct kmem_cache *s, struct slab *slab, void *obj)
{
	struct slabobj_ext *slot;
	struct beancounter *bc;

	if (likely(bc_exts(slab, &slot)))
		slot += bc_index(s, obj);
	else
		slot = slab_obj_exts(slab) + obj_to_index(s, slab, obj);
	bc = slot->owner.bc;
	if (!bc)
		return;
	slot->owner.bc = NULL;
	bc_kmem_uncharge(bc, s->bc.charge);
}

/*
 * Clear the owner of an object. Neighbours in a bulk mostly have the same owner:
 * @sum gathers the charge that is given back to @last.
 */
static __always_inline void bc_slot_clear(struct slabobj_ext *slot, u64 charge,
					  struct beancounter **last, u64 *sum)
{
	struct beancounter *bc = slot->owner.bc;

	if (unlikely(bc != *last)) {
		if (*last)
			bc_kmem_uncharge(*last, *sum);
		*last = bc;
		*sum = 0;
	}
	slot->owner.bc = NULL;
	*sum += charge;
}

/**
 * bc_slab_uncharge() - objects of one slab are about to be freed
 * @s: the cache
 * @slab: the slab of all of them; it has a vector
 * @p: the objects
 * @nr: number of objects
 *
 * Context: Any.
 */
void bc_slab_uncharge(struct kmem_cache *s, struct slab *slab, void **p, int nr)
{
	struct slabobj_ext *exts;
	u64 mask = s->bc.mask, reciprocal = s->bc.reciprocal, sum = 0;
	u64 charge = s->bc.charge;
	struct beancounter *last = NULL;
	int i;

	if (unlikely(bc_item_of(charge * nr))) {
		for (i = 0; i < nr; i++)
			bc_slab_uncharge_one(s, slab, p[i]);
		return;
	}
	if (likely(bc_exts(slab, &exts))) {
		for (i = 0; i < nr; i++) {
			u64 offset = (unsigned long)p[i] & mask;

			bc_slot_clear(exts + ((offset * reciprocal) >> 32),
				      charge, &last, &sum);
		}
	} else {
		exts = slab_obj_exts(slab);
		for (i = 0; i < nr; i++)
			bc_slot_clear(exts + obj_to_index(s, slab, p[i]),
				      charge, &last, &sum);
	}
	if (last)
		bc_kmem_uncharge(last, sum);
}

/**
 * bc_slab_charge_late() - charge an object after its allocation
 * @obj: from a slab cache or kmalloc()
 * @flags: as if it were allocated now
 *
 * For an object that an interrupt has allocated and that is handed to a process now.
 * An object that has a payer keeps it.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have it.
 */
bool bc_slab_charge_late(void *obj, gfp_t flags)
{
	struct folio *folio = virt_to_folio(obj);
	struct slabobj_ext *exts;
	struct kmem_cache *s;
	struct slab *slab;

	if (!folio_test_slab(folio))
		return bc_page_paid(folio_page(folio, 0)) ||
		       !__bc_page_charge(folio_page(folio, 0),
					 folio_order(folio), flags);
	slab = folio_slab(folio);
	s = slab->slab_cache;
	exts = slab_obj_exts(slab);
	if (exts && exts[obj_to_index(s, slab, obj)].owner.bc)
		return true;
	return bc_slab_charge(s, flags, 1, &obj);
}

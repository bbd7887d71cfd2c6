// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the charge and the payer of an object of a slab cache.
 *
 * This file only looks them up: slab.c charges, owner.c lets another group pay.
 */
#include <linux/kfence.h>
#include <linux/mm.h>

#include "stock.h"
#include "../../mm/slab.h"

/**
 * bc_object_size() - the charge of an object, with its slot
 * @s: its cache
 *
 * For small objects the slot is a large part of it: 16 bytes if memcg is built, too.
 *
 * Context: Any.
 * Return: Bytes.
 */
unsigned int bc_object_size(const struct kmem_cache *s)
{
	return bc_bytes_of(s->bc.charge);
}

/**
 * bc_object_item() - in which resource does an object count, beside its bytes?
 * @s: its cache
 *
 * Context: Any.
 * Return: The resource, or 0 for none.
 */
enum bc_resource bc_object_item(const struct kmem_cache *s)
{
	return bc_item_of(s->bc.charge) ?:
		       (bc_files_of(s->bc.charge) ? BC_NUMFILE : 0);
}

#ifdef CONFIG_BEANCOUNTERS_DEBUG
/**
 * bc_object_at() - an object of a slab, at the address that its user has
 * @slab: the slab
 * @i: index of the object
 *
 * Context: Any in which the slab cannot be freed.
 * Return: The object.
 */
void *bc_object_at(const struct slab *slab, unsigned int i)
{
	const struct kmem_cache *s = slab->slab_cache;
	void *obj = slab_address(slab) + i * s->size;

	if (is_kfence_address(obj))
		return kfence_object_start(obj);
	return s->flags & SLAB_RED_ZONE ? obj + s->red_left_pad : obj;
}
#endif

/**
 * bc_object_owner() - who pays for a slab object?
 * @obj: the object, or an address inside it
 * @size: where to store its charge in bytes, or NULL
 *
 * Context: Any in which the object cannot be freed.
 * Return: The payer, or NULL for nobody.
 */
struct beancounter *bc_object_owner(const void *obj, unsigned int *size)
{
	struct slab *slab = virt_to_slab(obj);
	struct slabobj_ext *exts = slab ? slab_obj_exts(slab) : NULL;

	if (!exts)
		return NULL;
	if (size)
		*size = bc_object_size(slab->slab_cache);
	/* The object may get its payer at this moment, see bc_slab_charge_late(). */
	return data_race(exts[obj_to_index(slab->slab_cache, slab, (void *)obj)]
				 .owner.bc);
}

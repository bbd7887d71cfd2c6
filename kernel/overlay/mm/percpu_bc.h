/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hooks of the percpu allocator. Included by percpu.c, behind
 * those of memcg.
 */
#ifndef MM_PERCPU_BC_H
#define MM_PERCPU_BC_H

#include <linux/beancounter.h>

#ifdef CONFIG_BEANCOUNTERS
#include "percpu_owner_bc.h"

static bool pcpu_bc_pre_alloc_hook(size_t size, gfp_t gfp,
				   struct beancounter **bcp)
{
	bool ok = true;

	if (bc_online() && bc_gfp_charged(gfp))
		*bcp = bc_bytes_charge(pcpu_bc_bytes(size), gfp, &ok);
	return ok;
}

static void pcpu_bc_post_alloc_hook(struct beancounter *bc,
				    struct pcpu_chunk *chunk, int off,
				    size_t size)
{
	if (!bc)
		return;

	/*
	 * As for memcg, the chunk of early boot has no vector of owners. No lock is held:
	 * nobody else has the area yet, only bc.what may look at it.
	 */
	if (likely(chunk && chunk->obj_exts))
		chunk->obj_exts[off >> PCPU_MIN_ALLOC_SHIFT].owner.bc = bc;
	else
		bc_uncharge(bc, BC_KMEMSIZE, pcpu_bc_bytes(size));
}

static void pcpu_bc_free_hook(struct pcpu_chunk *chunk, int off, size_t size)
{
	struct beancounter *bc;

	if (!bc_online() || !chunk->obj_exts)
		return;

	bc = chunk->obj_exts[off >> PCPU_MIN_ALLOC_SHIFT].owner.bc;
	chunk->obj_exts[off >> PCPU_MIN_ALLOC_SHIFT].owner.bc = NULL;
	bc_uncharge(bc, BC_KMEMSIZE, pcpu_bc_bytes(size));
}
#else /* CONFIG_BEANCOUNTERS */
static inline bool pcpu_bc_pre_alloc_hook(size_t size, gfp_t gfp,
					  struct beancounter **bcp)
{
	return true;
}

static inline void pcpu_bc_post_alloc_hook(struct beancounter *bc,
					   struct pcpu_chunk *chunk, int off,
					   size_t size)
{
}

static inline void pcpu_bc_free_hook(struct pcpu_chunk *chunk, int off,
				     size_t size)
{
}
#endif /* CONFIG_BEANCOUNTERS */

static bool pcpu_pre_alloc_hook(size_t size, gfp_t gfp,
				struct obj_cgroup **objcgp,
				struct beancounter **bcp)
{
	if (!pcpu_bc_pre_alloc_hook(size, gfp, bcp))
		return false;
	if (pcpu_memcg_pre_alloc_hook(size, gfp, objcgp))
		return true;
	pcpu_bc_post_alloc_hook(*bcp, NULL, 0, size);
	return false;
}

#endif /* MM_PERCPU_BC_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hooks of the census, which is for tests. See kernel/bc/census.c.
 */
#ifndef _LINUX_BC_CENSUS_H
#define _LINUX_BC_CENSUS_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct kmem_cache;
struct page;

#ifdef CONFIG_BEANCOUNTERS_CENSUS
DECLARE_STATIC_KEY_FALSE(bc_census_key);
#define bc_census_runs() static_branch_unlikely(&bc_census_key)
#else
#define bc_census_runs() false
#endif

void __bc_census_objects(struct kmem_cache *s, gfp_t flags, size_t nr,
			 void **p);
void __bc_census_page(struct page *page, unsigned int order, gfp_t flags);
void __bc_census_disowned(const void *obj, unsigned int bytes);
void __bc_census_free(const void *at);

/**
 * bc_census_objects() - objects of a slab cache have been allocated
 * @s: the cache
 * @flags: of the allocation
 * @nr: how many
 * @p: the objects
 *
 * Context: Any.
 */
static __always_inline void bc_census_objects(struct kmem_cache *s, gfp_t flags,
					      size_t nr, void **p)
{
	if (bc_census_runs())
		__bc_census_objects(s, flags, nr, p);
}

/**
 * bc_census_page() - a block of pages has been allocated
 * @page: first page of the block, or NULL
 * @order: size of the block
 * @flags: of the allocation
 *
 * Context: Any.
 */
static __always_inline void bc_census_page(struct page *page,
					   unsigned int order, gfp_t flags)
{
	if (bc_census_runs() && page)
		__bc_census_page(page, order, flags);
}

/**
 * bc_census_disowned() - nobody pays for an object any longer
 * @obj: from a slab cache
 * @bytes: its size
 *
 * Context: Any.
 */
static __always_inline void bc_census_disowned(const void *obj,
					       unsigned int bytes)
{
	if (bc_census_runs())
		__bc_census_disowned(obj, bytes);
}

/**
 * bc_census_free() - an object or a block of pages is freed
 * @at: address of the object, or of the struct page
 *
 * Context: Any.
 */
static __always_inline void bc_census_free(const void *at)
{
	if (bc_census_runs())
		__bc_census_free(at);
}

#endif /* _LINUX_BC_CENSUS_H */

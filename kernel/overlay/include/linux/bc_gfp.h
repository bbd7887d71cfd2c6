/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: marks of slab caches, and flags of allocations that nobody pays for or
 * that have a fallback. Included by gfp.h; <linux/bc_scope.h> says which allocations are
 * charged.
 */
#ifndef _LINUX_BC_GFP_H
#define _LINUX_BC_GFP_H

#include <linux/gfp_types.h>
#include <linux/jump_label.h>

/*
 * SLAB_BC: charge the objects of a cache to beancounters, and not to memcg. SLAB_ACCOUNT
 * charges them to both. SLAB_BC_NOCHARGE: charge only marked objects.
 */
#ifdef CONFIG_BEANCOUNTERS
#define SLAB_BC __SLAB_FLAG_BIT(_SLAB_BC)
#define SLAB_BC_NOCHARGE __SLAB_FLAG_BIT(_SLAB_BC_NOCHARGE)
#else
#define SLAB_BC __SLAB_FLAG_UNUSED
#define SLAB_BC_NOCHARGE __SLAB_FLAG_UNUSED
#endif

#ifdef CONFIG_BEANCOUNTERS

/* Turned on by the first group; until then nobody could be charged. */
DECLARE_STATIC_KEY_FALSE(bc_online_key);

/**
 * bc_online() - can anything be charged on this system now?
 *
 * Context: Any.
 * Return: false until the first group exists, and for ever with
 * cgroup_disable=bc.
 */
static __always_inline bool bc_online(void)
{
	return static_branch_unlikely(&bc_online_key);
}

/**
 * bc_gfp_uncharged() - the same flags for an allocation that nobody pays for
 * @flags: of the allocation
 *
 * For pages and slab objects. memcg charges them as before.
 *
 * Context: Any.
 * Return: @flags with __GFP_UNCHARGED, if anything can be charged.
 */
static __always_inline gfp_t bc_gfp_uncharged(gfp_t flags)
{
	return bc_online() ? flags | __GFP_UNCHARGED : flags;
}

/**
 * bc_gfp_cache() - the same flags for the page cache, which nobody pays for
 * @flags: of the allocation; with __GFP_BC if the page cannot be written back or dropped
 *
 * Context: Any.
 * Return: @flags with __GFP_UNCHARGED, unless they have __GFP_BC.
 */
static __always_inline gfp_t bc_gfp_cache(gfp_t flags)
{
	return flags & __GFP_BC ? flags : bc_gfp_uncharged(flags);
}

/**
 * bc_gfp_try() - the same flags for an allocation whose caller has a fallback
 * @flags: of the allocation, which cannot wait
 *
 * For memory that the caller can do without, or asks for again in a way that can wait:
 * the refusal is not counted.
 *
 * Context: Any.
 * Return: @flags with __GFP_NORETRY and __GFP_NOWARN.
 */
static __always_inline gfp_t bc_gfp_try(gfp_t flags)
{
	return flags | __GFP_NORETRY | __GFP_NOWARN;
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_online(void)
{
	return false;
}

static inline gfp_t bc_gfp_uncharged(gfp_t flags)
{
	return flags;
}

static inline gfp_t bc_gfp_cache(gfp_t flags)
{
	return flags;
}

static inline gfp_t bc_gfp_try(gfp_t flags)
{
	return flags;
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_GFP_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: marks on allocations. Included by gfp_types.h, from its own directory,
 * because tools/ include that file by its path.
 */
#ifndef _LINUX_BC_GFP_TYPES_H
#define _LINUX_BC_GFP_TYPES_H

/**
 * DOC: Marks of beancounters on allocations
 *
 * %__GFP_ACCOUNT charges an allocation to the beancounter of the current group as well
 * as to kmemcg.
 *
 * %__GFP_BC charges the allocation to the beancounter of the current group and to
 * nobody else.
 *
 * %__GFP_BC_LIMIT checks the charge against the limit of the beancounter and not
 * against its barrier: for requests that cannot fail gracefully.
 *
 * %__GFP_UNCHARGED is for allocations that no group pays for.
 */

#ifdef CONFIG_BEANCOUNTERS
#define ___GFP_BC BIT(___GFP_BC_BIT)
#define ___GFP_BC_LIMIT BIT(___GFP_BC_LIMIT_BIT)
#define __GFP_UNCHARGED __GFP_NO_OBJ_EXT
#else
#define ___GFP_BC 0
#define ___GFP_BC_LIMIT 0
#define __GFP_UNCHARGED ((__force gfp_t)0)
#endif

#define __GFP_BC ((__force gfp_t)___GFP_BC)
#define __GFP_BC_LIMIT ((__force gfp_t)___GFP_BC_LIMIT)

#endif /* _LINUX_BC_GFP_TYPES_H */

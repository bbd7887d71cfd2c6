/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the payer of shrinker data of a memory cgroup. Included by shrinker.c.
 */
#ifndef MM_SHRINKER_BC_H
#define MM_SHRINKER_BC_H

#include <linux/beancounter.h>

struct mem_cgroup;

#ifdef CONFIG_BEANCOUNTERS
struct beancounter *bc_get_memcg(struct mem_cgroup *memcg);
#else
static inline struct beancounter *bc_get_memcg(struct mem_cgroup *memcg)
{
	return NULL;
}
#endif

#endif /* MM_SHRINKER_BC_H */

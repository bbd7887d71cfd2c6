/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the payer of shrinker data of a memory cgroup. Included by shrinker.c.
 */
#ifndef MM_SHRINKER_BC_H
#define MM_SHRINKER_BC_H

#include <linux/beancounter.h>

#ifdef CONFIG_BEANCOUNTERS

/*
 * The value of @call, which allocates for @memcg: its group pays, not the task that made
 * a shrinker. A group that is full must not stop the others, so nobody pays then.
 */
#define bc_memcg_pays(memcg, call)                                  \
	({                                                          \
		struct beancounter *__payer = bc_get_memcg(memcg);  \
		struct beancounter *__old = set_active_bc(__payer); \
		int __ret = (call);                                 \
		set_active_bc(BC_NOBODY);                           \
		if (__ret)                                          \
			__ret = (call);                             \
		set_active_bc(__old);                               \
		bc_put_payer(__payer);                              \
		__ret;                                              \
	})

#else /* CONFIG_BEANCOUNTERS */

#define bc_memcg_pays(memcg, call) (call)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* MM_SHRINKER_BC_H */

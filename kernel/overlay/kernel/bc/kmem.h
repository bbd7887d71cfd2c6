/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: charging kmemsize where it is allocated.
 */
#ifndef _KERNEL_BC_KMEM_H
#define _KERNEL_BC_KMEM_H

#include <linux/cgroup.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "charge.h"

/* slab.c */
bool bc_slab_own(struct kmem_cache *s, gfp_t flags, size_t nr, void **p,
		 struct beancounter *bc);

/* kmem.c */
bool bc_charge_object(u64 bytes, enum bc_resource item, u64 items, gfp_t flags,
		      struct beancounter **payer);
bool bc_charge_names(struct beancounter *bc, u64 bytes, gfp_t flags);
bool bc_page_move(struct page *page, unsigned int order, struct beancounter *bc,
		  enum bc_severity severity);
bool bc_charge_near_file(struct beancounter *bc, u32 bytes, u32 files);

/* The task's own group. */
static __always_inline struct beancounter *bc_own(void)
{
	/* Disabled preemption serves as rcu_read_lock(), too. */
	return css_bc(task_css_check(current, bc_cgrp_id,
				     rcu_read_lock_sched_held()));
}

/* Does the task's own group pay, whichever that is? */
static __always_inline bool bc_own_pays(void)
{
	unsigned long other = (unsigned long)current->bc.active;

#ifdef CONFIG_MEMCG
	other |= (unsigned long)current->active_memcg;
#endif
	return likely(in_task() && !other && !(current->flags & PF_KTHREAD));
}

enum bc_own_charge {
	BC_OWN_CHARGED, /* or nobody pays: preemption is on again */
	BC_OWN_SHORT, /* the stock has too little: preemption is still off */
	BC_OWN_OTHER, /* another group or nobody may pay: preemption is on again */
};

/*
 * Charge the task's own group from its stock, without a lock and without a reference:
 * almost every charge is like this. Preemption is off for the look-up and the
 * exchange; from then on the charge pins the account.
 */
static __always_inline enum bc_own_charge
bc_charge_own(u64 n, struct beancounter **payer)
{
	struct beancounter *bc;

	preempt_disable();
	if (!bc_own_pays()) {
		preempt_enable();
		return BC_OWN_OTHER;
	}
	bc = bc_own();
	*payer = bc;
	if (bc && unlikely(!bc_stock_take(bc, n)))
		return BC_OWN_SHORT;
	preempt_enable();
	return BC_OWN_CHARGED;
}

/*
 * Called after BC_OWN_SHORT: charge an object to @bc from the word for all CPUs, or in
 * the counters, and fill the stock. This is the usual path near the barrier, where a
 * CPU has no stock of its own, and is needed now and then below that. It grants
 * requests up to the barrier only, for which the severity makes no difference.
 *
 * Returns false, with nothing charged, if the object does not fit at some level.
 */
static __always_inline bool __bc_charge_near(struct beancounter *bc, u32 bytes,
					     u32 files)
{
	unsigned long flags;
	bool fits;
	s64 room;

	if (bc_near_take(bc, bytes + files * BC_FILE)) {
		preempt_enable();
		return true;
	}
	bc_lock(bc, flags);
	bc_near_empty(bc);
	room = bc_room_all(bc, BC_KMEMSIZE);
	fits = likely(room >= bytes) &&
	       (!files || bc_room_all(bc, BC_NUMFILE) >= files);
	if (fits) {
		__bc_add(bc, BC_KMEMSIZE, bytes, true);
		if (files)
			__bc_add(bc, BC_NUMFILE, files, true);
		if (unlikely(room - bytes >= bc_stock_room))
			bc_fill(bc, bytes + files * BC_FILE);
	}
	bc_unlock(bc, flags);
	preempt_enable();
	return fits;
}

static __always_inline bool bc_charge_near(struct beancounter *bc, u64 n)
{
	u32 bytes = bc_bytes_of(n), files = bc_files_of(n);

	return unlikely(files) ? bc_charge_near_file(bc, bytes, files) :
				 __bc_charge_near(bc, bytes, 0);
}

#endif /* _KERNEL_BC_KMEM_H */

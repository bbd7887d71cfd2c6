// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: objects that are charged to another group than the task's.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "kmem.h"
#include "../../mm/slab.h"

/*
 * Charge an object's bytes, and the item as which it counts, each with a severity of its
 * own. A refusal is counted.
 */
static bool bc_object_pay(struct kmem_cache *s, struct beancounter *bc,
			  enum bc_severity severity, enum bc_severity counts)
{
	enum bc_resource item = bc_object_item(s);

	if (item && bc_charge(bc, item, 1, counts))
		return false;
	if (bc_charge_nowait(bc, bc_object_size(s), severity))
		return true;
	if (item)
		bc_uncharge(bc, item, 1);
	return false;
}

DEFINE_PER_CPU(struct beancounter *, bc_softirq_payer);
/* The same of the interrupt that runs there. */
DEFINE_PER_CPU(struct beancounter *, bc_irq_payer);
EXPORT_PER_CPU_SYMBOL_GPL(bc_irq_payer);

/* As bc_object_owner(), for memory of any size from kmalloc() or vmalloc(), or of a module. */
static struct beancounter *bc_memory_owner(const void *obj)
{
	struct folio *folio;
	unsigned int order;

	if (is_vmalloc_or_module_addr(obj))
		return bc_page_owner(vmalloc_to_page(obj), &order);
	folio = virt_to_folio(obj);
	if (!folio_test_slab(folio))
		return bc_page_owner(folio_page(folio, 0), &order);
	return bc_object_owner(obj, NULL);
}

/* Does a task work for itself here? Threaded NAPI does softirq work in a kernel thread. */
static bool bc_by_task(void)
{
	return in_task() && !(current->flags & PF_KTHREAD);
}

/* May this context work on behalf of another payer? */
static bool bc_for_others(void)
{
	return !in_hardirq() && !in_nmi() && !bc_by_task();
}

/* The payer of @like, none if it is NULL; in a kernel thread with a reference. */
static struct beancounter *bc_behalf_of(const void *like)
{
	struct beancounter *bc = like ? bc_memory_owner(like) : NULL;

	if (!in_task())
		return bc;
	return bc && refcount_inc_not_zero(&bc->refs) ? bc : BC_NOBODY;
}

/*
 * See bc_behalf_begin(). A softirq stays on its CPU, and needs no reference because
 * @like is not freed before the end of the section. In a kernel thread a reference keeps
 * the account until then, even if @like is freed.
 */
struct beancounter *__bc_behalf_begin(const void *like)
{
	struct beancounter *bc;

	if (!bc_for_others())
		return BC_UNCHANGED;
	bc = bc_behalf_of(like);
	if (!in_task())
		return raw_cpu_xchg(bc_softirq_payer, bc);
	current->bc_scope.flags |= BC_SCOPE_BEHALF;
	return set_active_bc(bc);
}
EXPORT_SYMBOL_GPL(__bc_behalf_begin);

/**
 * __bc_behalf_change() - let another payer pay in the rest of the section
 * @like: as for __bc_behalf_begin()
 *
 * Context: As for __bc_behalf_begin(), inside its section.
 */
void __bc_behalf_change(const void *like)
{
	if (!bc_for_others())
		return;
	if (in_task())
		bc_put_payer(set_active_bc(bc_behalf_of(like)));
	else
		raw_cpu_write(bc_softirq_payer, bc_behalf_of(like));
}
EXPORT_SYMBOL_GPL(__bc_behalf_change);

/* See bc_behalf_end(). */
void __bc_behalf_end(struct beancounter *old)
{
	if (!in_task()) {
		raw_cpu_write(bc_softirq_payer, old);
		return;
	}
	if (!old)
		current->bc_scope.flags &= ~BC_SCOPE_BEHALF;
	bc_put_payer(set_active_bc(old));
}
EXPORT_SYMBOL_GPL(__bc_behalf_end);

/*
 * See bc_charge_like(). If a task has made @obj and pays for it, the task's group goes
 * on paying. If a softirq, or a kernel thread in its place, has made @obj on behalf of
 * another payer, the payer of @like takes over.
 */
bool __bc_charge_like(void *obj, const void *like, gfp_t flags)
{
	struct beancounter *bc = bc_object_owner(like, NULL);
	struct kmem_cache *s = virt_to_slab(obj)->slab_cache;

	if (!bc)
		return true;
	if (bc_object_owner(obj, NULL))
		return bc_by_task() || __bc_follow(obj, like, flags);
	return bc_object_pay(s, bc, BC_BARRIER, BC_BARRIER) &&
	       bc_slab_own(s, flags, 1, &obj, bc);
}

/* See bc_disown(). */
void __bc_disown(void *obj)
{
	struct folio *folio = virt_to_folio(obj);
	struct slab *slab = folio_slab(folio);

	if (unlikely(!folio_test_slab(folio))) {
		bc_page_uncharge(folio_page(folio, 0));
		bc_census_disowned(folio_page(folio, 0), folio_size(folio));
	} else if (slab_obj_exts(slab)) {
		bc_slab_uncharge_one(slab->slab_cache, slab, obj);
		bc_census_disowned(obj, bc_object_size(slab->slab_cache));
	}
}

/* As __bc_follow(), checked as @severity says. */
static bool bc_follow_at(void *obj, const void *like, gfp_t flags,
			 enum bc_severity severity)
{
	struct beancounter *bc = like ? bc_object_owner(like, NULL) : NULL;
	struct folio *folio = virt_to_folio(obj);
	struct kmem_cache *s;

	if (bc == bc_memory_owner(obj))
		return true;
	if (unlikely(!folio_test_slab(folio)))
		return bc_page_move(folio_page(folio, 0), folio_order(folio),
				    bc, severity);
	s = folio_slab(folio)->slab_cache;
	if (bc && !bc_object_pay(s, bc, severity, severity))
		return false;
	__bc_disown(obj);
	return !bc || bc_slab_own(s, flags, 1, &obj, bc);
}

/**
 * __bc_follow() - let the payer of one object pay for another from now on
 * @obj: from a slab cache or kmalloc()
 * @like: the object that has the payer, from a slab cache; NULL if nobody is to pay
 * @flags: of the allocation of @obj
 *
 * Context: Any; does not reclaim.
 * Return: false when the group may not have it; the old payer goes on paying then.
 */
bool __bc_follow(void *obj, const void *like, gfp_t flags)
{
	return bc_follow_at(obj, like, flags, BC_BARRIER);
}
EXPORT_SYMBOL_GPL(__bc_follow);

/**
 * bc_adopt() - let the payer of one object pay for another for which nobody pays
 * @obj: from a slab cache or kmalloc()
 * @like: the object that has the payer, from a slab cache
 * @severity: what to check against
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it.
 */
bool bc_adopt(void *obj, const void *like, enum bc_severity severity)
{
	return bc_memory_owner(obj) ||
	       bc_follow_at(obj, like, GFP_ATOMIC, severity);
}

/* See bc_own_beside(). */
void *__bc_own_beside(void *obj, const void *like, gfp_t flags)
{
	bool must = flags & __GFP_NOFAIL;

	/* If there is no memory to note the payer, nobody pays. */
	if (bc_adopt(obj, like, must ? BC_FORCE : BC_GAP) || must)
		return obj;
	kfree(obj);
	return NULL;
}

/* See bc_task_pays(). */
bool __bc_task_pays(struct task_struct *task, void *obj,
		    enum bc_severity severity)
{
	struct kmem_cache *s = virt_to_slab(obj)->slab_cache;
	struct beancounter *bc;
	bool ok = true;

	if (bc_task_has(task, PF_KTHREAD))
		return true;
	rcu_read_lock();
	bc = css_bc(task_css(task, bc_cgrp_id));
	if (bc)
		ok = bc_object_pay(s, bc, BC_LIMIT, severity) &&
		     bc_slab_own(s, GFP_ATOMIC, 1, &obj, bc);
	rcu_read_unlock();
	return ok;
}

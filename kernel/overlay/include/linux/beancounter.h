/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the account of a group of processes.
 *
 * Everything scarce that the kernel hands to a group is charged to the group's
 * beancounter, owned by it until given back, and refused at the request when
 * the barrier is reached. See Documentation/admin-guide/beancounter.rst for
 * the interface and kernel/bc/internal.h for the locking.
 *
 * The hooked code includes this header, or that of its subsystem, <linux/bc_vm.h>
 * and the like. Every hook has a stub for a kernel without CONFIG_BEANCOUNTERS, so
 * that callers need no #ifdef.
 */
#ifndef _LINUX_BEANCOUNTER_H
#define _LINUX_BEANCOUNTER_H

#include <linux/bc_census.h>
#include <linux/bc_gfp.h>
#include <linux/bc_scope.h>
#include <linux/bc_types.h>
#include <linux/jump_label.h>
#include <linux/list_lru.h>
#include <linux/page-flags.h>
#include <linux/percpu-defs.h>
#include <linux/sched.h>
#include <linux/types.h>

struct beancounter;
struct file;
struct kmem_cache;
struct mem_cgroup;
struct page;
struct page_ext_operations;
struct slab;

/**
 * enum bc_severity - what a request is checked against
 * @BC_BARRIER: an ordinary request: refused above min(barrier, limit)
 * @BC_GAP: a request without a mark, whose caller was not reviewed: refused above the
 *	middle between barrier and limit, so that it leaves room for those of BC_LIMIT
 * @BC_LIMIT: a request that cannot fail gracefully: refused above the limit
 * @BC_EXCESS: a request inside a file system, where the caller can neither make room
 *	nor take a refusal without harm: refused 64 KiB above the limit, and the part
 *	above the limit is counted as forced
 * @BC_FORCE: a request that cannot fail: never refused, the excess is counted
 */
enum bc_severity {
	BC_BARRIER,
	BC_GAP,
	BC_LIMIT,
	BC_EXCESS,
	BC_FORCE,
};

/**
 * enum bc_unit - the unit in which a resource is counted
 * @BC_BYTES: bytes; K, M, G, T, P, E are accepted in the files
 * @BC_PAGES: pages of PAGE_SIZE
 * @BC_ITEMS: objects
 */
enum bc_unit {
	BC_BYTES,
	BC_PAGES,
	BC_ITEMS,
};

/**
 * enum bc_kind_of - how a resource is counted, and what its barrier does
 * @BC_STOCKED: charged, and a part of the charge sits in the stocks of the CPUs
 * @BC_CHARGED: charged under the lock of the tree
 * @BC_SAMPLED: added up when somebody reads it; nothing is refused
 * @BC_GUARANTEE: the barrier is the amount that is guaranteed to the group, BC_MAX
 *	means no guarantee; nothing is refused
 */
enum bc_kind_of {
	BC_STOCKED,
	BC_CHARGED,
	BC_SAMPLED,
	BC_GUARANTEE,
};

#define BC_RESOURCE(id, name, unit, kind, dfl) BC_##id,
enum bc_resource {
#include <linux/bc_resources.h>
	BC_NR_RESOURCES
};

#undef BC_RESOURCE

/* Unlimited: the word "max" in the files, and the largest number accepted. */
#define BC_MAX ((u64)S64_MAX)

/*
 * Memory that the kernel allocates for a task is charged to the task's group, marked
 * or not. The marks of 2006 say more: __GFP_BC charges one allocation, and SLAB_BC
 * every object of a cache, to beancounters only. The marks of memcg, __GFP_ACCOUNT
 * and SLAB_ACCOUNT, count for beancounters as well. A marked request is refused at
 * the barrier already, and with bc_charge=marks on the kernel's command line nothing
 * else is charged. Objects of a cache with SLAB_BC_NOCHARGE are charged only if they
 * are marked, or kept: see bc_keep_begin().
 */
#define GFP_KERNEL_BC (GFP_KERNEL | __GFP_BC)

/* For a cache whose objects bc_count_objects() counts: it must not have others. */
#ifdef CONFIG_BEANCOUNTERS
#define SLAB_BC_COUNTED SLAB_NO_MERGE
#else
#define SLAB_BC_COUNTED 0
#endif

/*
 * An area pays for its part of the nodes of the tree that it is in, which are not charged
 * themselves: a node of 256 bytes has 8 or more entries, and an area with a gap beside it
 * takes two of them.
 */
#define BC_AREA_NODES 64

#ifdef CONFIG_BEANCOUNTERS

bool bc_disabled(void);

int __must_check bc_charge(struct beancounter *bc, enum bc_resource res, u64 n,
			   enum bc_severity severity);
void bc_uncharge(struct beancounter *bc, enum bc_resource res, u64 n);

bool bc_slab_charge(struct kmem_cache *s, gfp_t flags, size_t nr, void **p);
bool bc_slab_charge_one(struct kmem_cache *s, gfp_t flags, void *obj);
void bc_slab_uncharge_one(struct kmem_cache *s, struct slab *slab, void *obj);
void bc_slab_uncharge(struct kmem_cache *s, struct slab *slab, void **p,
		      int nr);
void bc_slab_wait(const struct slab *slab);
bool bc_slab_charge_late(void *obj, gfp_t flags);
bool __bc_charge_like(void *obj, const void *like, gfp_t flags);
bool __bc_follow(void *obj, const void *like, gfp_t flags);
void *__bc_own_beside(void *obj, const void *like, gfp_t flags);
void __bc_disown(void *obj);

int __must_check __bc_page_charge(struct page *page, unsigned int order,
				  gfp_t flags);
void __bc_page_uncharge(struct page *page);
void __bc_page_split(struct page *page, unsigned int order);
extern struct page_ext_operations bc_page_ops;

struct beancounter *bc_bytes_charge(u64 bytes, gfp_t flags, bool *ok);
bool bc_fault_kill(void);

void bc_count_objects(struct kmem_cache *s, enum bc_resource item);
void bc_charge_beside(struct kmem_cache *s, unsigned int bytes);
bool __bc_task_pays(struct task_struct *task, void *obj,
		    enum bc_severity severity);

struct beancounter *bc_get_current(void);
struct beancounter *bc_get_memcg(struct mem_cgroup *memcg);
void bc_put_payer(struct beancounter *bc);

enum lru_status __bc_lru_filter(const void *obj);
void __bc_lru_took(const void *obj);

/* The word of a page in page_ext is in use: somebody pays for it. */
static __always_inline bool bc_page_paid(const struct page *page)
{
	return test_bit(PG_bc, &page->flags);
}

/**
 * bc_page_charge() - charge a block of pages to the current group
 * @page: first page of the block; nobody else knows it yet
 * @order: size of the block
 * @flags: of the allocation
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: 0, or -ENOMEM when the group may not have it. The caller frees the
 * block then.
 */
static inline int bc_page_charge(struct page *page, unsigned int order,
				 gfp_t flags)
{
	return bc_online() ? __bc_page_charge(page, order, flags) : 0;
}

/**
 * bc_page_uncharge() - a block of pages is given back
 * @page: first page of the block, charged or not
 *
 * Context: Any.
 */
static __always_inline void bc_page_uncharge(struct page *page)
{
	bc_census_free(page);
	if (bc_online() && unlikely(bc_page_paid(page)))
		__bc_page_uncharge(page);
}

/**
 * bc_page_split() - a block becomes single pages, freed one by one
 * @page: first page of the block, charged or not
 * @order: size of the block
 *
 * Context: Any.
 */
static inline void bc_page_split(struct page *page, unsigned int order)
{
	if (bc_online() && bc_page_paid(page))
		__bc_page_split(page, order);
}

/**
 * bc_lru_filter() - may the running reclaim take this object?
 * @obj: an object of a slab cache, or an address inside one
 *
 * For the isolate functions of LRU lists. They may always go on, unless the task is
 * making room in one group.
 *
 * Context: Any in which the object cannot be freed.
 * Return: LRU_REMOVED (0) to go on, or the status that the caller returns.
 */
static __always_inline enum lru_status bc_lru_filter(const void *obj)
{
	if (!bc_online() || likely(!current->bc.shrink))
		return LRU_REMOVED;
	return __bc_lru_filter(obj);
}

/**
 * bc_lru_took() - the object that bc_lru_filter() let pass is being freed
 * @obj: an object of a slab cache, or an address inside one
 *
 * Context: Any in which the object cannot be freed.
 */
static __always_inline void bc_lru_took(const void *obj)
{
	if (bc_online() && unlikely(current->bc.shrink))
		__bc_lru_took(obj);
}

/**
 * bc_charge_like() - let the payer of one object pay for another
 * @obj: just allocated, from a slab cache that is not one of kmalloc()
 * @like: the object that has the payer; it cannot be freed during the call
 * @flags: of the allocation of @obj
 *
 * For an object that is allocated in an interrupt on behalf of another object.
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have it; the caller frees it.
 */
static inline bool __must_check bc_charge_like(void *obj, const void *like,
					       gfp_t flags)
{
	return !bc_online() || __bc_charge_like(obj, like, flags);
}

/**
 * bc_own_beside() - what kmalloc() returned belongs to the payer of another object
 * @obj: just allocated while nobody paid, or NULL
 * @like: the object that has the payer; it cannot be freed during the call
 * @flags: of the allocation of @obj; with __GFP_NOFAIL it is not refused
 *
 * For an object that one task happens to need first, and that is kept for the other
 * object. No room is made for it, so it may go above the barrier.
 *
 * Context: Any; does not sleep.
 * Return: @obj, or NULL after it was freed when the group may not have it.
 */
static inline void *bc_own_beside(void *obj, const void *like, gfp_t flags)
{
	return obj && bc_online() ? __bc_own_beside(obj, like, flags) : obj;
}

/**
 * bc_task_pays() - let the group of a task pay for an object
 * @task: whose group pays; if it is a kernel thread, nobody pays
 * @obj: just allocated with bc_gfp_uncharged(), from a slab cache that is not one of
 *	kmalloc()
 * @severity: what the count of @obj is checked against; its bytes are checked against
 *	the limit
 *
 * For an object that somebody else allocates for @task.
 *
 * Context: Any in which @task cannot be freed; does not sleep.
 * Return: false when the group may not have it; the caller frees it.
 */
static inline bool __must_check bc_task_pays(struct task_struct *task,
					     void *obj,
					     enum bc_severity severity)
{
	return !bc_online() || __bc_task_pays(task, obj, severity);
}

/**
 * bc_charge_reused() - charge an object that may have been used before
 * @obj: from a slab cache that exempts its objects; nobody pays for it
 * @flags: of an allocation in its place
 *
 * Such an object may come from a pool, or go into a tree of free areas later. It is
 * charged as an unmarked object of another cache would be.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have it.
 */
static inline bool __must_check bc_charge_reused(void *obj, gfp_t flags)
{
	return !bc_online() || !bc_by_default() ||
	       bc_slab_charge_late(obj, flags);
}

/**
 * bc_disown() - give the charge for an object back before it is freed
 * @obj: from a slab cache or kmalloc()
 *
 * For an object that stays for other users when its payer no longer needs it.
 *
 * Context: Any.
 */
static inline void bc_disown(void *obj)
{
	if (bc_online())
		__bc_disown(obj);
}

/**
 * bc_file_error() - why was there no memory for a struct file?
 *
 * Context: Process context, right after the allocation failed.
 * Return: -ENFILE when the group may not have another file, or -ENOMEM.
 */
static inline int bc_file_error(void)
{
	if (!bc_online() || !(current->bc_scope.flags & BC_SCOPE_NO_FILE))
		return -ENOMEM;
	current->bc_scope.flags &= ~BC_SCOPE_NO_FILE;
	return -ENFILE;
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_disabled(void)
{
	return true;
}

static inline int __must_check bc_charge(struct beancounter *bc,
					 enum bc_resource res, u64 n,
					 enum bc_severity severity)
{
	return 0;
}

static inline void bc_uncharge(struct beancounter *bc, enum bc_resource res,
			       u64 n)
{
}

static inline bool bc_slab_charge(struct kmem_cache *s, gfp_t flags, size_t nr,
				  void **p)
{
	return true;
}

static inline void bc_slab_uncharge(struct kmem_cache *s, struct slab *slab,
				    void **p, int nr)
{
}

static inline bool bc_slab_charge_late(void *obj, gfp_t flags)
{
	return true;
}

static inline int __must_check bc_page_charge(struct page *page,
					      unsigned int order, gfp_t flags)
{
	return 0;
}

static inline void bc_page_uncharge(struct page *page)
{
}

static inline void bc_page_split(struct page *page, unsigned int order)
{
}

static inline struct beancounter *bc_bytes_charge(u64 bytes, gfp_t flags,
						  bool *ok)
{
	*ok = true;
	return NULL;
}

static inline bool bc_fault_kill(void)
{
	return false;
}

static inline struct beancounter *bc_get_current(void)
{
	return NULL;
}

static inline void bc_put_payer(struct beancounter *bc)
{
}

static inline enum lru_status bc_lru_filter(const void *obj)
{
	return LRU_REMOVED;
}

static inline void bc_lru_took(const void *obj)
{
}

static inline bool bc_charge_reused(void *obj, gfp_t flags)
{
	return true;
}

static inline void bc_disown(void *obj)
{
}

static inline bool bc_charge_like(void *obj, const void *like, gfp_t flags)
{
	return true;
}

static inline void *bc_own_beside(void *obj, const void *like, gfp_t flags)
{
	return obj;
}

static inline void bc_count_objects(struct kmem_cache *s, enum bc_resource item)
{
}

static inline void bc_charge_beside(struct kmem_cache *s, unsigned int bytes)
{
}

static inline bool bc_task_pays(struct task_struct *task, void *obj,
				enum bc_severity severity)
{
	return true;
}

static inline int bc_file_error(void)
{
	return -ENOMEM;
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BEANCOUNTER_H */

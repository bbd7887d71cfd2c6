/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the account of a group of processes.
 *
 * Everything scarce that the kernel hands to a group is charged to the group's
 * beancounter, owned by it until given back, and refused at the request when
 * the barrier is reached. See Documentation/admin-guide/beancounter.rst for
 * the interface and kernel/bc/internal.h for the locking.
 *
 * This is the only header that the hooked code includes. Every hook has a stub
 * for a kernel without CONFIG_BEANCOUNTERS, so that callers need no #ifdef.
 */
#ifndef _LINUX_BEANCOUNTER_H
#define _LINUX_BEANCOUNTER_H

#include <linux/bc_census.h>
#include <linux/bc_gfp.h>
#include <linux/cleanup.h>
#include <linux/jump_label.h>
#include <linux/list_lru.h>
#include <linux/page-flags.h>
#include <linux/percpu-defs.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

struct beancounter;
struct file;
struct kmem_cache;
struct page;
struct page_ext_operations;
struct slab;

/**
 * enum bc_severity - what a request is checked against
 * @BC_BARRIER: an ordinary request: refused above min(barrier, limit)
 * @BC_GAP: a request whose caller nobody has looked at: refused above the middle
 *	between barrier and limit, so that it leaves room for those of BC_LIMIT
 * @BC_LIMIT: a request that cannot fail gracefully: refused above the limit
 * @BC_EXCESS: a request inside a file system, which its caller can neither make room
 *	for nor be refused without harm: refused 64 KiB above the limit, and counted as
 *	one that was forced
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
 * enum bc_unit - what a resource is counted in
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
 * @BC_STOCKED: charged, and a part of it sits in the stocks of the CPUs
 * @BC_CHARGED: charged under the lock of the tree
 * @BC_SAMPLED: added up when somebody reads it; nothing is refused
 * @BC_GUARANTEE: the barrier is what the group may count on, and BC_MAX stands
 *	for nothing; nothing is refused
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
 * What a task makes the kernel allocate is charged to its group, marked or not.
 * The marks of 2006 say more: __GFP_BC charges one allocation and SLAB_BC every
 * object of a cache, to beancounters and to nobody else, and what is marked for
 * memcg, __GFP_ACCOUNT and SLAB_ACCOUNT, is marked for beancounters as well. A
 * marked request is refused at the barrier already, and with bc_charge=marks on
 * the kernel's command line nothing else is charged. The objects of a cache with
 * SLAB_BC_NOCHARGE are charged if they are marked, or kept: see bc_keep_begin().
 */
#define GFP_KERNEL_BC (GFP_KERNEL | __GFP_BC)

/* A payer that is charged nothing: the root group. */
#define BC_NOBODY ((struct beancounter *)-1L)

#ifdef CONFIG_BEANCOUNTERS

/* Turned off by bc_charge=marks. */
DECLARE_STATIC_KEY_TRUE(bc_default_key);

/* Whom a softirq works for, see bc_behalf_begin(); NULL for nobody. */
DECLARE_PER_CPU(struct beancounter *, bc_softirq_payer);

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
void __bc_disown(void *obj);
struct beancounter *__bc_behalf_begin(const void *like);
void __bc_behalf_change(const void *like);
void __bc_behalf_end(struct beancounter *old);

int __must_check __bc_page_charge(struct page *page, unsigned int order,
				  gfp_t flags);
void __bc_page_uncharge(struct page *page);
void __bc_page_split(struct page *page, unsigned int order);
extern struct page_ext_operations bc_page_ops;

struct beancounter *bc_bytes_charge(u64 bytes, gfp_t flags, bool *ok);
bool bc_fault_kill(void);

void bc_count_objects(struct kmem_cache *s, enum bc_resource item);
bool __bc_task_pays(struct task_struct *task, void *obj,
		    enum bc_severity severity);

struct beancounter *bc_get_current(void);
void bc_put_payer(struct beancounter *bc);

/**
 * set_active_bc() - let another group pay for what the task allocates
 * @bc: from bc_get_current(), or NULL to go back to the task's own group
 *
 * Context: The current task only; not for interrupts.
 * Return: What to restore with another call.
 */
static inline struct beancounter *set_active_bc(struct beancounter *bc)
{
	struct beancounter *old = current->bc_active;

	current->bc_active = bc;
	return old;
}

/**
 * bc_gfp_marked() - is an allocation with these flags marked to be charged?
 * @flags: of the allocation
 *
 * Context: Any.
 * Return: true if it is, provided that somebody is there to pay.
 */
static __always_inline bool bc_gfp_marked(gfp_t flags)
{
	return flags & (__GFP_ACCOUNT | __GFP_BC);
}

/* Requests of the task are checked against the limit, not the barrier. */
#define BC_SCOPE_LIMIT 1
/* One was refused since the last fault of user space began. */
#define BC_SCOPE_REFUSED 2
/* A struct file was refused because of numfile. */
#define BC_SCOPE_NO_FILE 4
/* Names of paths are kept beyond the system call: they are charged. */
#define BC_SCOPE_KEEP 8
/* The task does without what is refused: no refusal is counted. */
#define BC_SCOPE_TRY 16
/* The memory that is asked for is shared: guarantees are for private memory. */
#define BC_SCOPE_SHARED 32
/* A kernel thread works for somebody: see bc_behalf_begin(). */
#define BC_SCOPE_BEHALF 64

/**
 * bc_on_behalf() - does a softirq or a kernel thread work for somebody?
 *
 * Context: Any but a task that is no kernel thread.
 * Return: true between bc_behalf_begin() and bc_behalf_end().
 */
static __always_inline bool bc_on_behalf(void)
{
	if (in_task())
		return (current->bc_scope & BC_SCOPE_BEHALF) &&
		       !(current->flags & PF_MEMALLOC);
	return !in_hardirq() && !in_nmi() && raw_cpu_read(bc_softirq_payer);
}

/**
 * bc_by_default() - is what nobody has marked charged here and now?
 *
 * The rule for everything, with bc_gfp_charged() for pages and percpu areas and
 * bc_cache_by_default() for slab objects. What they exempt is the table in
 * docs/containment.md.
 *
 * Context: Any.
 * Return: true in a system call or fault of a task that is no kernel thread, and
 * where bc_behalf_begin() says for whom something is done.
 */
static __always_inline bool bc_by_default(void)
{
	if (!static_branch_likely(&bc_default_key))
		return false;
	if (likely(in_task() && !(current->flags & (PF_KTHREAD | PF_MEMALLOC))))
		return true;
	return bc_on_behalf();
}

/**
 * bc_gfp_charged() - are pages or percpu areas with these flags charged?
 * @flags: of the allocation
 *
 * Movable pages are those of user space and of the page cache.
 *
 * Context: Any.
 * Return: true if they are, provided that somebody is there to pay.
 */
static __always_inline bool bc_gfp_charged(gfp_t flags)
{
	if (flags & __GFP_UNCHARGED)
		return false;
	return bc_gfp_marked(flags) ||
	       (!(flags & __GFP_MOVABLE) && bc_by_default());
}

enum lru_status __bc_lru_filter(const void *obj);
void __bc_lru_took(const void *obj);

/**
 * bc_limit_begin() - requests from here on are checked against the limit
 * @on: whether they are; false leaves things as they are
 *
 * Opens a section whose requests cannot fail gracefully although the flags of
 * the allocation do not say so: those made to give something back. Sections
 * nest.
 *
 * Context: The current task only.
 * Return: What bc_limit_end() needs to restore.
 */
static inline bool bc_limit_begin(bool on)
{
	bool old = current->bc_scope & BC_SCOPE_LIMIT;

	if (on)
		current->bc_scope |= BC_SCOPE_LIMIT;
	return old;
}

/**
 * bc_limit_end() - end of the section of bc_limit_begin()
 * @old: what bc_limit_begin() returned
 *
 * Context: The current task only.
 */
static inline void bc_limit_end(bool old)
{
	if (!old)
		current->bc_scope &= ~BC_SCOPE_LIMIT;
}

/**
 * bc_try_begin() - objects from here on may be refused without being missed
 *
 * Opens a section whose refusals are not counted, for what is allocated in advance
 * and mostly not needed.
 *
 * Context: The current task only.
 * Return: What bc_try_end() needs to restore.
 */
static inline bool bc_try_begin(void)
{
	bool old = current->bc_scope & BC_SCOPE_TRY;

	current->bc_scope |= BC_SCOPE_TRY;
	return old;
}

/**
 * bc_try_end() - end of the section of bc_try_begin()
 * @old: what bc_try_begin() returned
 *
 * Context: The current task only.
 */
static inline void bc_try_end(bool old)
{
	if (!old)
		current->bc_scope &= ~BC_SCOPE_TRY;
}

/**
 * bc_nobody_begin() - what is allocated from here on is nobody's
 *
 * For what is made when it is first needed and stays for all. Sections nest.
 *
 * Context: Any; no effect but in the context of a task.
 * Return: What bc_nobody_end() needs to restore.
 */
static inline struct beancounter *bc_nobody_begin(void)
{
	return in_task() ? set_active_bc(BC_NOBODY) : NULL;
}

/**
 * bc_nobody_end() - end of the section of bc_nobody_begin()
 * @old: what bc_nobody_begin() returned
 *
 * Context: As at bc_nobody_begin().
 */
static inline void bc_nobody_end(struct beancounter *old)
{
	if (in_task())
		set_active_bc(old);
}

/**
 * bc_task_init() - a new task does nothing for anybody else yet
 * @task: a copy of the current task
 *
 * Context: Process context; nobody else knows @task.
 */
static inline void bc_task_init(struct task_struct *task)
{
	task->bc_active = NULL;
	task->bc_scope &= ~BC_SCOPE_BEHALF;
}

/* bc_behalf_begin() has changed nothing. */
#define BC_UNCHANGED ((struct beancounter *)-2L)

/**
 * bc_behalf_begin() - what is allocated from here on is for who pays for an object
 * @like: from a slab cache or kmalloc(); in a softirq it cannot be freed meanwhile;
 *	or NULL for nobody
 *
 * For softirqs and kernel threads; a task pays itself. Nobody pays if nobody pays
 * for @like. Sections nest, but not in one of set_active_bc(). Allocations are
 * refused as those of a task are, but no room is made.
 *
 * Context: Any but hard interrupts; @like cannot be freed during the call.
 * Return: What bc_behalf_end() needs to restore.
 */
static inline struct beancounter *bc_behalf_begin(const void *like)
{
	return bc_online() ? __bc_behalf_begin(like) : BC_UNCHANGED;
}

/**
 * bc_behalf_end() - end of the section of bc_behalf_begin()
 * @old: what bc_behalf_begin() returned
 *
 * Context: As at bc_behalf_begin().
 */
static inline void bc_behalf_end(struct beancounter *old)
{
	if (old != BC_UNCHANGED)
		__bc_behalf_end(old);
}

/**
 * bc_keep_begin() - names of paths from here on stay after the system call
 *
 * Context: The current task only.
 */
static inline void bc_keep_begin(void)
{
	current->bc_scope |= BC_SCOPE_KEEP;
}

/**
 * bc_keep_end() - end of the section of bc_keep_begin()
 *
 * Context: The current task only.
 */
static inline void bc_keep_end(void)
{
	current->bc_scope &= ~BC_SCOPE_KEEP;
}

/**
 * bc_user_fault_begin() - a fault of user space starts
 *
 * A refusal inside it cannot become an error code: it is checked against the
 * limit, and what is refused even then ends the task in bc_fault_kill().
 *
 * Context: The current task only.
 */
static __always_inline void bc_user_fault_begin(void)
{
	if (bc_online())
		current->bc_scope = BC_SCOPE_LIMIT;
}

/**
 * bc_user_fault_end() - the fault of bc_user_fault_begin() has been handled
 *
 * Context: The current task only.
 */
static __always_inline void bc_user_fault_end(void)
{
	if (bc_online())
		current->bc_scope &= ~BC_SCOPE_LIMIT;
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
 * @page: first page of the block; not charged is fine
 *
 * Context: Any.
 */
static __always_inline void bc_page_uncharge(struct page *page)
{
	bc_census_free(page);
	if (bc_online() && unlikely(PageBc(page)))
		__bc_page_uncharge(page);
}

/**
 * bc_page_split() - a block becomes single pages, freed one by one
 * @page: first page of the block; not charged is fine
 * @order: size of the block
 *
 * Context: Any.
 */
static inline void bc_page_split(struct page *page, unsigned int order)
{
	if (bc_online() && PageBc(page))
		__bc_page_split(page, order);
}

/**
 * bc_lru_filter() - may the running reclaim take this object?
 * @obj: an object of a slab cache, or an address inside one
 *
 * For the isolate functions of LRU lists. Only a task that is making room in
 * one group is told anything but to go on.
 *
 * Context: Any in which the object cannot be freed.
 * Return: LRU_REMOVED (0) to go on, or what the caller is to return.
 */
static __always_inline enum lru_status bc_lru_filter(const void *obj)
{
	if (!bc_online() || likely(!current->bc_shrink))
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
	if (bc_online() && unlikely(current->bc_shrink))
		__bc_lru_took(obj);
}

/**
 * bc_charge_like() - let who pays for one object pay for another
 * @obj: just allocated, from a slab cache that is not one of kmalloc()
 * @like: the other; it cannot be freed meanwhile
 * @flags: of the allocation of @obj
 *
 * For an object that is born in an interrupt on behalf of another.
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
 * bc_task_pays() - let the group of a task pay for an object
 * @task: in whose group; if it is a kernel thread, nobody pays
 * @obj: just allocated with bc_gfp_uncharged(), from a slab cache that is not one of
 *	kmalloc()
 * @severity: what its count is checked against; its bytes are refused at the limit
 *
 * For what is made for @task by whomever.
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
 * bc_disown() - give the charge for an object back before it is freed
 * @obj: from a slab cache or kmalloc()
 *
 * For what is kept for others when its owner has done with it.
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
	if (!bc_online() || !(current->bc_scope & BC_SCOPE_NO_FILE))
		return -ENOMEM;
	current->bc_scope &= ~BC_SCOPE_NO_FILE;
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

static inline struct beancounter *set_active_bc(struct beancounter *bc)
{
	return NULL;
}

static inline bool bc_gfp_marked(gfp_t flags)
{
	return false;
}

static inline bool bc_by_default(void)
{
	return false;
}

static inline bool bc_gfp_charged(gfp_t flags)
{
	return false;
}

static inline struct beancounter *bc_nobody_begin(void)
{
	return NULL;
}

static inline void bc_nobody_end(struct beancounter *old)
{
}

static inline void bc_task_init(struct task_struct *task)
{
}

static inline struct beancounter *bc_behalf_begin(const void *like)
{
	return NULL;
}

static inline void bc_behalf_end(struct beancounter *old)
{
}

static inline void bc_keep_begin(void)
{
}

static inline void bc_keep_end(void)
{
}

static inline bool bc_limit_begin(bool on)
{
	return false;
}

static inline void bc_limit_end(bool old)
{
}

static inline void bc_user_fault_begin(void)
{
}

static inline void bc_user_fault_end(void)
{
}

static inline enum lru_status bc_lru_filter(const void *obj)
{
	return LRU_REMOVED;
}

static inline void bc_lru_took(const void *obj)
{
}

static inline void bc_disown(void *obj)
{
}

static inline bool bc_charge_like(void *obj, const void *like, gfp_t flags)
{
	return true;
}

static inline void bc_count_objects(struct kmem_cache *s, enum bc_resource item)
{
}

static inline bool bc_task_pays(struct task_struct *task, void *obj,
				enum bc_severity severity)
{
	return true;
}

static inline bool bc_try_begin(void)
{
	return false;
}

static inline void bc_try_end(bool old)
{
}

static inline int bc_file_error(void)
{
	return -ENOMEM;
}

#endif /* CONFIG_BEANCOUNTERS */

/* CLASS(bc_nobody, scope)(): a section to the end of the block. */
DEFINE_CLASS(bc_nobody, struct beancounter *, bc_nobody_end(_T),
	     bc_nobody_begin(), void)

#endif /* _LINUX_BEANCOUNTER_H */

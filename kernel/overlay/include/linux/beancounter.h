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
#include <linux/bc_types.h>
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

/* A payer that is charged nothing: the root group. */
#define BC_NOBODY ((struct beancounter *)-1L)

#ifdef CONFIG_BEANCOUNTERS

/* Turned off by bc_charge=marks. */
DECLARE_STATIC_KEY_TRUE(bc_default_key);

/* The payer for whom the running softirq works, see bc_behalf_begin(); or NULL. */
DECLARE_PER_CPU(struct beancounter *, bc_softirq_payer);
/* The payer for whom the running interrupt works, see set_active_bc(); or NULL. */
DECLARE_PER_CPU(struct beancounter *, bc_irq_payer);

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
void bc_charge_beside(struct kmem_cache *s, unsigned int bytes);
bool __bc_task_pays(struct task_struct *task, void *obj,
		    enum bc_severity severity);

struct beancounter *bc_get_current(void);
struct beancounter *bc_get_memcg(struct mem_cgroup *memcg);
void bc_put_payer(struct beancounter *bc);

/**
 * set_active_bc() - let another group pay for the allocations of the task
 * @bc: from bc_get_current(), or NULL to go back to the task's own group
 *
 * An interrupt lets the group pay for what it allocates with __GFP_BC or __GFP_ACCOUNT.
 *
 * Context: A task, or a hard interrupt.
 * Return: The old value, which another call restores.
 */
static inline struct beancounter *set_active_bc(struct beancounter *bc)
{
	struct beancounter *old = current->bc.active;

	if (!in_task())
		return this_cpu_xchg(bc_irq_payer, bc);
	current->bc.active = bc;
	return old;
}

/* Whom an object remembers as its payer, from bc_get_current(). */
static inline struct beancounter *bc_owner_get(const struct bc_owner *owner)
{
	return owner->bc;
}

static inline void bc_owner_set(struct bc_owner *owner, struct beancounter *bc)
{
	owner->bc = bc;
}

/**
 * bc_gfp_marked() - is an allocation with these flags marked to be charged?
 * @flags: of the allocation
 *
 * Context: Any.
 * Return: true if it is; it is charged if there is a payer.
 */
static __always_inline bool bc_gfp_marked(gfp_t flags)
{
	return flags & (__GFP_ACCOUNT | __GFP_BC);
}

/* Requests of the task are checked against the limit, not the barrier. */
#define BC_SCOPE_LIMIT 1
/* A request of the task was refused since its last fault of user space began. */
#define BC_SCOPE_REFUSED 2
/* A struct file was refused because of numfile. */
#define BC_SCOPE_NO_FILE 4
/* Names of paths outlive the system call, so they are charged. */
#define BC_SCOPE_KEEP 8
/* The task can do without an object that is refused: the refusal is not counted. */
#define BC_SCOPE_TRY 16
/* The task asks for shared memory: guarantees are for private memory. */
#define BC_SCOPE_SHARED 32
/* The kernel thread works for another payer, see bc_behalf_begin(). */
#define BC_SCOPE_BEHALF 64

/**
 * bc_on_behalf() - does a softirq or a kernel thread work for another payer?
 *
 * Context: Any; other tasks never do.
 * Return: true between bc_behalf_begin() and bc_behalf_end().
 */
static __always_inline bool bc_on_behalf(void)
{
	if (in_task())
		return (current->bc_scope.flags & BC_SCOPE_BEHALF) &&
		       !(current->flags & PF_MEMALLOC);
	return !in_hardirq() && !in_nmi() && raw_cpu_read(bc_softirq_payer);
}

/**
 * bc_by_default() - are allocations without a mark charged in this context?
 *
 * This is the general rule. bc_gfp_charged() narrows it for pages and percpu areas,
 * bc_cache_by_default() for slab objects. The table in docs/containment.md lists
 * their exemptions.
 *
 * Context: Any.
 * Return: true in a system call or fault of a task that is not a kernel thread, and
 * in a section of bc_behalf_begin() with a payer.
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
 * Movable pages, those of user space and of the page cache, are not charged unless
 * they are marked.
 *
 * Context: Any.
 * Return: true if they are, provided that there is a payer.
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
 * @on: false to leave the severity of requests as it is
 *
 * Opens a section whose requests cannot fail gracefully although the flags of
 * the allocation do not say so: the caller makes them to give something back.
 * Sections nest.
 *
 * Context: The current task only.
 * Return: The old state, for bc_limit_end().
 */
static inline bool bc_limit_begin(bool on)
{
	bool old = current->bc_scope.flags & BC_SCOPE_LIMIT;

	if (on)
		current->bc_scope.flags |= BC_SCOPE_LIMIT;
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
		current->bc_scope.flags &= ~BC_SCOPE_LIMIT;
}

/**
 * bc_try_begin() - from here on the task can do without objects that are refused
 *
 * Opens a section whose refusals are not counted, for objects that are allocated in
 * advance and mostly not needed.
 *
 * Context: The current task only.
 * Return: The old state, for bc_try_end().
 */
static inline bool bc_try_begin(void)
{
	bool old = current->bc_scope.flags & BC_SCOPE_TRY;

	current->bc_scope.flags |= BC_SCOPE_TRY;
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
		current->bc_scope.flags &= ~BC_SCOPE_TRY;
}

/**
 * bc_try() - make a call in a section of bc_try_begin()
 * @call: the call
 *
 * Context: The current task only.
 * Return: What the call returns.
 */
#define bc_try(call)                        \
	({                                  \
		bool __bc = bc_try_begin(); \
		__auto_type __ret = (call); \
		bc_try_end(__bc);           \
		__ret;                      \
	})

/**
 * bc_nobody_begin() - nobody pays for allocations from here on
 *
 * For objects that are made at their first use and stay for all users. Sections nest.
 *
 * Context: Any; without effect outside the context of a task.
 * Return: The old payer, for bc_nobody_end().
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
 * bc_nobody_pays() - make a call in a section of bc_nobody_begin()
 * @call: the call
 *
 * Context: Any; without effect outside the context of a task.
 * Return: What the call returns.
 */
#define bc_nobody_pays(call)                                  \
	({                                                    \
		struct beancounter *__bc = bc_nobody_begin(); \
		__auto_type __ret = (call);                   \
		bc_nobody_end(__bc);                          \
		__ret;                                        \
	})

/**
 * bc_task_init() - a new task does not work for another payer yet
 * @task: a copy of the current task
 *
 * Context: Process context; nobody else knows @task.
 */
static inline void bc_task_init(struct task_struct *task)
{
	task->bc.active = NULL;
	task->bc_scope.flags &= ~BC_SCOPE_BEHALF;
}

/* bc_behalf_begin() returns this if it has changed nothing. */
#define BC_UNCHANGED ((struct beancounter *)-2L)

/**
 * bc_behalf_begin() - the payer of an object pays for allocations from here on
 * @like: the object, from a slab cache or kmalloc(), which in a softirq is not freed
 *	before the end of the section; NULL if nobody is to pay
 *
 * For softirqs and kernel threads; other tasks pay for themselves. If @like has no
 * payer, nobody pays. Sections nest, but not inside one of set_active_bc().
 * Allocations are refused as those of a task are, but no room is made for them.
 *
 * Context: Any but hard interrupts; @like cannot be freed during the call.
 * Return: The old payer, for bc_behalf_end().
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
 * bc_keep_begin() - names of paths from here on outlive the system call
 *
 * Context: The current task only.
 */
static inline void bc_keep_begin(void)
{
	current->bc_scope.flags |= BC_SCOPE_KEEP;
}

/**
 * bc_keep_end() - end of the section of bc_keep_begin()
 *
 * Context: The current task only.
 */
static inline void bc_keep_end(void)
{
	current->bc_scope.flags &= ~BC_SCOPE_KEEP;
}

/**
 * bc_user_fault_begin() - a fault of user space starts
 *
 * A refusal during the fault cannot become an error code: requests are checked
 * against the limit, and if that refuses one, bc_fault_kill() ends the task.
 *
 * Context: The current task only.
 */
static __always_inline void bc_user_fault_begin(void)
{
	if (bc_online())
		current->bc_scope.flags = BC_SCOPE_LIMIT;
}

/**
 * bc_user_fault_end() - the fault of bc_user_fault_begin() has been handled
 *
 * Context: The current task only.
 */
static __always_inline void bc_user_fault_end(void)
{
	if (bc_online())
		current->bc_scope.flags &= ~BC_SCOPE_LIMIT;
}

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
 * bc_charge_reused() - charge an object that was not just allocated, or not by a cache
 * @obj: from a slab cache that exempts its objects; nobody pays for it
 * @flags: of an allocation in its place
 *
 * It is charged as an unmarked object of another cache would be.
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

static inline struct beancounter *set_active_bc(struct beancounter *bc)
{
	return NULL;
}

static inline struct beancounter *bc_owner_get(const struct bc_owner *owner)
{
	return NULL;
}

static inline void bc_owner_set(struct bc_owner *owner, struct beancounter *bc)
{
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

static inline bool bc_try_begin(void)
{
	return false;
}

static inline void bc_try_end(bool old)
{
}

#define bc_try(call) (call)
#define bc_nobody_pays(call) (call)

static inline int bc_file_error(void)
{
	return -ENOMEM;
}

#endif /* CONFIG_BEANCOUNTERS */

/* CLASS(bc_nobody, scope)(): a section that ends with the block. */
DEFINE_CLASS(bc_nobody, struct beancounter *, bc_nobody_end(_T),
	     bc_nobody_begin(), void)

/* CLASS(bc_limit, scope)(on): the same for bc_limit_begin(). */
DEFINE_CLASS(bc_limit, bool, bc_limit_end(_T), bc_limit_begin(on), bool on)

#endif /* _LINUX_BEANCOUNTER_H */

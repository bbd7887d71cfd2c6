/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: for whom a task, a softirq or a kernel thread works, and what applies to
 * its requests. Included by beancounter.h.
 */
#ifndef _LINUX_BC_SCOPE_H
#define _LINUX_BC_SCOPE_H

#include <linux/bc_gfp.h>
#include <linux/bc_types.h>
#include <linux/cleanup.h>
#include <linux/jump_label.h>
#include <linux/percpu-defs.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

struct beancounter;

/* A payer that is charged nothing: the root group. */
#define BC_NOBODY ((struct beancounter *)-1L)

#ifdef CONFIG_BEANCOUNTERS

/* Turned off by bc_charge=marks. */
DECLARE_STATIC_KEY_TRUE(bc_default_key);

/* The payer for whom the running softirq works, see bc_behalf_begin(); or NULL. */
DECLARE_PER_CPU(struct beancounter *, bc_softirq_payer);
/* The payer for whom the running interrupt works, see set_active_bc(); or NULL. */
DECLARE_PER_CPU(struct beancounter *, bc_irq_payer);

struct beancounter *__bc_behalf_begin(const void *like);
void __bc_behalf_change(const void *like);
void __bc_behalf_end(struct beancounter *old);

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
 * they are marked. Pages of user space that are about to be pinned are not movable, but
 * may be in high memory.
 *
 * Context: Any.
 * Return: true if they are, provided that there is a payer.
 */
static __always_inline bool bc_gfp_charged(gfp_t flags)
{
	if (flags & __GFP_UNCHARGED)
		return false;
	return bc_gfp_marked(flags) ||
	       (!(flags & __GFP_MOVABLE) && bc_by_default() &&
		!((flags & __GFP_HIGHMEM) &&
		  (current->flags & PF_MEMALLOC_PIN)));
}

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
 * bc_force_begin() - requests without a mark are charged by force from here on
 *
 * For a copy that replaces what the group is charged for: the group must be able to get
 * rid of the old one when it is full. To the rest of the kernel it is a section of
 * memalloc_nofs_save().
 *
 * Context: The current task only.
 * Return: The old state, for bc_force_end().
 */
static inline unsigned int bc_force_begin(void)
{
	unsigned int old = current->flags & PF_MEMALLOC_NOFS;

	if (bc_online())
		current->flags |= PF_MEMALLOC_NOFS;
	return old;
}

/**
 * bc_force_end() - end of the section of bc_force_begin()
 * @old: what bc_force_begin() returned
 *
 * Context: The current task only.
 */
static inline void bc_force_end(unsigned int old)
{
	if (!old)
		current->flags &= ~PF_MEMALLOC_NOFS;
}

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

#else /* CONFIG_BEANCOUNTERS */

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

static inline unsigned int bc_force_begin(void)
{
	return 0;
}

static inline void bc_force_end(unsigned int old)
{
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

static inline bool bc_try_begin(void)
{
	return false;
}

static inline void bc_try_end(bool old)
{
}

#define bc_try(call) (call)
#define bc_nobody_pays(call) (call)

#endif /* CONFIG_BEANCOUNTERS */

/* CLASS(bc_nobody, scope)(): a section that ends with the block. */
DEFINE_CLASS(bc_nobody, struct beancounter *, bc_nobody_end(_T),
	     bc_nobody_begin(), void)

/* CLASS(bc_force, scope)(): the same for bc_force_begin(). */
DEFINE_CLASS(bc_force, unsigned int, bc_force_end(_T), bc_force_begin(), void)

/* CLASS(bc_limit, scope)(on): the same for bc_limit_begin(). */
DEFINE_CLASS(bc_limit, bool, bc_limit_end(_T), bc_limit_begin(on), bool on)

#endif /* _LINUX_BC_SCOPE_H */

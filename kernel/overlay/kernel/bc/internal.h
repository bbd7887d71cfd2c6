/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the account itself.
 *
 * Locking
 *
 * The groups below one child of the root form a tree with one raw spinlock,
 * bc->top->lock. It protects the counters of all resources of all groups of
 * the tree, the links between them, and the opening and closing of stocks.
 * Every decision is made under this lock, so there are no transient states:
 * a request is refused exactly when it does not fit. Only one lock is taken under it,
 * that of the list of a group's address spaces (see tree.c). bc_list_lock is a leaf.
 * "Any" context, here and in the other files, is any but that of an NMI, from
 * which the allocators cannot be called either.
 *
 * Most charges avoid the lock by means of the stock: per group and possible CPU,
 * some words with units that are charged already and held by nobody. The first word
 * has bytes of kmemsize in its low half and open files in its high half, because a
 * file is both; the other words have lanes, one for each other resource that is
 * requested often. Charging takes from a word and uncharging puts into it with one
 * compare-and-exchange, from any context and without the lock. A closed word
 * (BC_STOCK_CLOSED), or lane, accepts neither. Words and lanes are opened (each lane
 * by itself) and closed (all at once) under the lock only. So once the holder of the
 * lock has closed the words of a subtree, its counters have what its objects hold, and
 * no more.
 *
 * Far from the barriers each CPU has words, which are filled in advance. Near a
 * barrier, where the room divided by the CPUs is too little, a group has one set of
 * words for all CPUs together, @near. They are not filled in advance: units that were
 * given back wait there for the next request. So a group that sits at its barrier, or
 * at that of a level above, disturbs no other group, until a request is refused.
 *
 * Lifetime
 *
 * A beancounter may outlive its cgroup, because charges pin it. Its css, each
 * child, and each resource that is not at zero hold a reference, and it is freed
 * with the last of them. Charged objects point to it without a reference of their
 * own. When the css goes offline, the words are closed for good.
 */
#ifndef _KERNEL_BC_INTERNAL_H
#define _KERNEL_BC_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bc_vm.h>
#include <linux/beancounter.h>
#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "hold.h"

struct bc_netns;
struct bc_senders;
struct dentry;

#define BC_NR_LANES 12
#define BC_LANE_WORDS 4

/**
 * struct bc_stock - units that may be handed out without the lock
 * @word: BC_STOCK_CLOSED, or 0 to BC_STOCK_MAX bytes and 0 to
 *	BC_STOCK_FILES_MAX files, plus a refill if frees came before it
 * @lanes: the same for the other resources that are stocked, see struct bc_lane
 * @low: the least that each lane had since the counters changed last, from which
 *	maxheld is computed, see bc_lane_trim(); written after @lanes, without a lock
 */
struct bc_stock {
	atomic64_t word;
	atomic64_t lanes[BC_LANE_WORDS];
	u32 low[BC_NR_LANES];
};

/* The kinds of things that a walk looks for in a subtree, see tree.c. */
enum bc_kind {
	BC_OPEN_WORDS,
	BC_MMS,
	BC_NR_KINDS,
};

/**
 * struct bc_branch - the part of a tree that has things of a kind
 * @children: list of @node of the children that have one, or have one below them
 * @node: entry in @children of the parent
 */
struct bc_branch {
	struct hlist_head children;
	struct hlist_node node;
};

/**
 * struct beancounter - the account of a group
 * @parent: NULL for a child of the root; constant, and pinned by this
 * @top: the ancestor whose @lock is used, maybe this; constant
 * @stock: words per possible CPU, open far from the barriers; constant
 * @refs: see Lifetime above
 * @open: some word of @stock or @near may be open; @top->lock
 * @offline: words stay closed; @top->lock
 * @limit_set: bitmap of the resources whose limit was written; the others follow
 *	the barrier, see bc_limit_of(); @top->lock
 * @drains: number of drains that close the words at and below the group, a part at a
 *	time; no such word is opened while it is not 0; @top->lock
 * @readers: number of walks over open words that have paused at the group, which keep
 *	it in the lists; @top->lock
 * @want_room: a request that could not wait was refused; racy, a hint
 * @shrinks: number of shrinks that took something: in the low 16 bits those that still
 *	free it, or wait for RCU; above these bits all of them; a hint
 * @shrink_after: no shrink of the group before this time; racy, a hint
 * @phys_after: no sample of the whole group at an exit before this time; racy, a
 *	hint
 * @css: the group, NULL before it is online and after it went offline; @top->lock
 * @id: the cgroup's id, 0 before it is online; constant then; whoever may find the group
 *	before that takes bc_id()
 * @mms: list of struct bc_vm, the address spaces that the group pays for; @mms_lock; to
 *	make it empty, or no longer empty, takes @top->lock as well
 * @mms_lock: protects @mms
 * @shrinks_below: as @shrinks, for the groups below; a hint; in the gap behind @mms_lock
 * @branch: the groups below that have something, by enum bc_kind; @top->lock
 * @list: entry in bc_list; bc_list_lock
 * @visits: how many groups and address spaces of the tree were visited under the lock
 *	of the tree, used in @top only; @top->lock, read without it
 * @locks: how often the lock of the tree was taken, used in @top only; @top->lock, read
 *	without it
 * @audit: its row in the audit under way, NULL before the first; bc_audit_mutex
 * @rcu: for freeing
 * @lock: of the tree below the root, used in @top only
 * @res: the counters; @top->lock
 * @near: words for all CPUs, open near a barrier; not in a cache line with @lock
 * @senders: the sockets of the tree that wait for room, used in @top only; constant once
 *	it is online
 * @socks: list of struct bc_sock, the sockets of the group that wait; @senders->lock
 * @socks_node: entry in @senders->list, empty while @socks is empty; @senders->lock
 * @open_cpus: bitmap of the words that may be open, see bc_stock_nr(); @top->lock
 */
struct beancounter {
	struct beancounter *parent;
	struct beancounter *top;
	struct bc_stock __percpu *stock;
	refcount_t refs;
	bool open;
	bool offline;
	bool want_room;
	unsigned int drains;
	unsigned int readers;
	u32 limit_set;
	atomic_t shrinks;
	unsigned long shrink_after;
	unsigned long phys_after;
	struct bc_css *css;
	u64 id;
	struct list_head mms;
	raw_spinlock_t mms_lock;
	atomic_t shrinks_below;
	struct bc_branch branch[BC_NR_KINDS];
#ifdef CONFIG_BEANCOUNTERS_LIST
	struct list_head list;
	unsigned long visits;
	unsigned long locks;
#endif
#ifdef CONFIG_BEANCOUNTERS_DEBUG
	struct bc_audit *audit;
#endif
	struct rcu_head rcu;

	raw_spinlock_t lock;
	struct bc_counter res[BC_NR_RESOURCES];
	struct bc_stock near;
	struct bc_senders *senders;
	struct list_head socks;
	struct list_head socks_node;
	unsigned long open_cpus[];
} __aligned(64); /* page_ext keeps an order in the low bits, see kmem.c */

#ifndef CONFIG_DEBUG_SPINLOCK
/*
 * The first counter shares the cache line of the lock. The lanes of @near and @mms_lock,
 * which requests of this group alone write to, stay out of that line.
 */
static_assert(offsetof(struct beancounter, lock) / 64 ==
	      offsetof(struct beancounter, res[0].barrier) / 64);
static_assert(offsetof(struct beancounter, lock) / 64 !=
	      offsetof(struct beancounter, near.lanes) / 64);
static_assert(offsetof(struct beancounter, lock) / 64 !=
	      offsetof(struct beancounter, mms_lock) / 64);
#endif

/*
 * Take the lock of an account's tree; debug kernels count how often. Two steps make
 * shorter code than raw_spin_lock_irqsave().
 */
#ifdef CONFIG_BEANCOUNTERS_LIST
#define bc_count_lock(top) ((void)(top)->locks++)
#else
#define bc_count_lock(top) ((void)(top))
#endif

#define bc_lock(bc, flags)                       \
	do {                                     \
		bc_irq_save(flags);              \
		raw_spin_lock(&(bc)->top->lock); \
		bc_count_lock((bc)->top);        \
	} while (0)

#define bc_unlock(bc, flags)                       \
	do {                                       \
		raw_spin_unlock(&(bc)->top->lock); \
		bc_irq_restore(flags);             \
	} while (0)

/*
 * Release the lock and take it again, so that others get it, and that interrupts come
 * through unless the caller of bc_lock() had turned them off.
 */
#define bc_pause(bc, flags)                        \
	do {                                       \
		raw_spin_unlock(&(bc)->top->lock); \
		if (!irqs_disabled_flags(flags)) { \
			bc_irq_restore(flags);     \
			bc_irq_save(flags);        \
		}                                  \
		raw_spin_lock(&(bc)->top->lock);   \
		bc_count_lock((bc)->top);          \
	} while (0)

enum bc_refusal_state {
	BC_REFUSAL_NONE,
	BC_REFUSAL_PENDING,
	BC_REFUSAL_LOGGED,
};

/**
 * struct bc_refusal - the first refusal of a group, for the log
 * @state: in BC_REFUSAL_NONE no other member is valid; from BC_REFUSAL_PENDING on only
 *	@notify_work writes it, without the lock
 * @res: resource
 * @requested: units of @res
 * @counter: of the group at the refusal
 * @pid: of the task
 * @comm: of the task
 *
 * Written under the lock of the tree, once; read by @notify_work, which is scheduled after
 * that.
 */
struct bc_refusal {
	enum bc_refusal_state state;
	enum bc_resource res;
	u64 requested;
	struct bc_counter counter;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct bc_css - a beancounter while its cgroup exists
 * @css: the cgroup core's part
 * @bc: the account; NULL in the root, which is not charged; constant
 * @failcnt_file: notified when the failcnt grows
 * @failcnt_local_file: notified when the local failcnt grows
 * @refusal: the first refusal
 * @notify_work: notifies and logs from process context, once for many refusals
 * @notify_after: no notification before this time; written by @notify_work, a hint for
 *	other readers
 * @room_work: makes room for the group in the background
 * @room_after: no room is made before this time; used by @room_work only
 */
struct bc_css {
	struct cgroup_subsys_state css;
	struct beancounter *bc;
	struct cgroup_file failcnt_file;
	struct cgroup_file failcnt_local_file;
	struct bc_refusal refusal;
	struct delayed_work notify_work;
	unsigned long notify_after;
	struct work_struct room_work;
	unsigned long room_after;
};

/**
 * struct bc_resource_desc - a row of <linux/bc_resources.h>
 * @name: its name in all files and messages
 * @unit: the unit of its numbers
 * @dfl: barrier and limit of a new group
 */
struct bc_resource_desc {
	const char *name;
	enum bc_unit unit;
	u64 dfl;
};

/**
 * struct bc_stat - a consistent reading of one resource of one group
 * @held: charged now, stocks excluded; exact at rest
 * @follows: the limit was never written and follows the barrier
 * @counter: the other figures
 */
struct bc_stat {
	u64 held;
	bool follows;
	struct bc_counter counter;
};

/**
 * struct bc_limits - new barriers or limits for a group
 * @set: bitmap of the resources to change
 * @value: by resource
 */
struct bc_limits {
	unsigned long set;
	u64 value[BC_NR_RESOURCES];
};

/**
 * struct bc_shrink - a shrink of one group, on the stack of the task doing it
 * @bc: the group; only objects charged to it or to groups below it are taken
 * @memcg: the memory cgroup whose lists are walked, with those below it; NULL for all
 * @wait: a request waits for the shrink
 * @goal: bytes to take
 * @taken: bytes taken in this pass
 * @counted: the shrink has taken something, see bc_shrink_count()
 * @freed: objects freed in all passes
 * @dirty: some of the group's inodes wait for writeback
 */
struct bc_shrink {
	struct beancounter *bc;
	struct mem_cgroup *memcg;
	bool wait;
	u64 goal;
	u64 taken;
	bool counted;
	unsigned long freed;
	bool dirty;
};

enum bc_limit_kind {
	BC_SET_BARRIER,
	BC_SET_LIMIT,
	BC_RESET_MAXHELD,
};

extern const struct bc_resource_desc bc_resources[BC_NR_RESOURCES];
#ifdef CONFIG_BEANCOUNTERS_LIST
/* All accounts, for the audit and the tests. */
extern struct list_head bc_list;
extern raw_spinlock_t bc_list_lock;
#endif
extern struct cftype bc_files[];

static inline struct bc_css *css_to_bc(struct cgroup_subsys_state *css)
{
	return container_of(css, struct bc_css, css);
}

static inline struct beancounter *css_bc(struct cgroup_subsys_state *css)
{
	return css_to_bc(css)->bc;
}

/* The id of a group that may be coming online at this moment. */
static inline u64 bc_id(const struct beancounter *bc)
{
	return READ_ONCE(bc->id);
}

/* core.c */
extern u32 bc_id_rounds;

/* account.c */
void bc_account_init(void);
struct beancounter *bc_alloc(struct beancounter *parent);
void bc_put(struct beancounter *bc);
struct bc_css *bc_get_css(struct beancounter *bc);

/* tree.c */
void bc_add_mm(struct beancounter *bc, struct bc_vm *vm);
void bc_del_mm(struct beancounter *bc, struct bc_vm *vm);
void bc_link_mm(struct beancounter *bc, struct bc_vm *vm);
void bc_unlink_mm(struct beancounter *bc, struct bc_vm *vm);
void bc_branch_grow(struct beancounter *bc, enum bc_kind kind);
void bc_branch_cut(struct beancounter *bc, enum bc_kind kind);
struct beancounter *bc_branch_next(struct beancounter *pos,
				   struct beancounter *root, enum bc_kind kind);

/* counter.c */
bool bc_find_over(struct beancounter *bc, struct bc_request *rq);
void bc_add(struct beancounter *bc, enum bc_resource res, u64 n);
void bc_add_unheld(struct beancounter *bc, enum bc_resource res, u64 n);
unsigned int bc_sub(struct beancounter *bc, enum bc_resource res, u64 n);
void bc_note_peak(struct beancounter *bc, enum bc_resource res, u64 low);
void bc_put_zero(struct beancounter *bc, unsigned int zero);
void bc_drop_zero(struct beancounter *bc, unsigned int zero);

/* refusal.c */
void bc_refused(struct beancounter *bc, const struct bc_request *rq);

/* Inside a section of bc_try_begin() the task can do without what it asks for. */
static inline bool bc_trying(void)
{
	return in_task() && (current->bc_scope.flags & BC_SCOPE_TRY);
}

void bc_ask_room(struct beancounter *bc);
void bc_refusal_init(struct bc_css *bcs);
extern struct workqueue_struct *bc_wake_wq;
int bc_refusal_start(void);

/* stat.c */
void bc_stat_get(struct beancounter *bc, enum bc_resource res,
		 struct bc_stat *stat);
void bc_stat_read(struct beancounter *bc, enum bc_resource res,
		  struct bc_stat *stat);
u64 bc_limit_shown(struct beancounter *bc, enum bc_resource res);
void bc_limits_apply(struct beancounter *bc, enum bc_limit_kind kind,
		     const struct bc_limits *limits);
void bc_close(struct beancounter *bc);

/* files.c */
#define BC_VALUE_LEN 24
const char *bc_value_print(u64 value, char *buf);
int bc_resource_find(const char *name);
int bc_limits_parse(char *buf, struct bc_limits *limits);

/* vm.c */
int bc_vm_spawn(struct task_struct *task, struct beancounter *bc);
void bc_vm_follow(struct task_struct *task);

/* census.c */
void bc_census_init(struct dentry *dir);

/* pin.c */
#ifdef CONFIG_BEANCOUNTERS_DEBUG
extern struct list_head bc_pins;
extern raw_spinlock_t bc_pins_lock;
#endif

/* shm.c */
#if defined(CONFIG_BEANCOUNTERS_DEBUG) && defined(CONFIG_SHMEM)
bool bc_shm_is_cache(const struct kmem_cache *s);
u64 bc_shm_audit(const struct slab *slab, unsigned int i);
#endif

/* sockwait.c */
#ifdef CONFIG_NET
bool bc_senders_init(struct beancounter *top);
#else
#define bc_senders_init(top) true
#endif

/* sock.c */
#if defined(CONFIG_BEANCOUNTERS_DEBUG) && defined(CONFIG_NET)
/**
 * struct bc_sock_sum - the charges for the buffers of a socket
 * @bytes: in kmemsize
 * @row: in the rows of both directions
 */
struct bc_sock_sum {
	u64 bytes;
	struct bc_want row[2];
};

extern struct list_head bc_socks;
struct beancounter *bc_sock_audit(const struct bc_sock *s,
				  struct bc_sock_sum *sum);
#endif

/* net.c */
#if defined(CONFIG_BEANCOUNTERS_DEBUG) && defined(CONFIG_NET)
extern struct list_head bc_nets;
struct beancounter *bc_net_audit(const struct bc_netns *ns, u64 *entries);
#endif

/* task.c */
int bc_can_fork(struct task_struct *task, struct css_set *cset);
void bc_cancel_fork(struct task_struct *task, struct css_set *cset);
void bc_release(struct task_struct *task);
int bc_can_attach(struct cgroup_taskset *tset);
void bc_cancel_attach(struct cgroup_taskset *tset);

/* phys.c */
bool bc_phys_is_mark(const struct bc_vm *vm);
void bc_phys_sum(struct beancounter *root);
u64 bc_phys_anon(struct mm_struct *mm);
void bc_phys_exit(struct beancounter *bc, struct mm_struct *mm);

/* guarantee.c */
u64 bc_guarantee(const struct beancounter *bc, enum bc_resource res);

/* what.c */
int bc_what_open(struct kernfs_open_file *of);
int bc_what_show(struct seq_file *seq, void *v);

/* reclaim.c */
bool bc_reclaim(struct beancounter *bc, const struct bc_want *want, bool wait);

/* Has a task, which may be running, this flag? */
static __always_inline bool bc_task_has(const struct task_struct *task,
					unsigned int flag)
{
	/* The task changes other flags in the same word all the time. */
	return data_race(task->flags & flag);
}

/* The value "auto" of a limit that follows the barrier. */
#define BC_AUTO U64_MAX

/* A limit that was never written is an eighth above the barrier, rounded up. */
static inline u64 bc_limit_of(u64 barrier)
{
	return barrier < BC_MAX ?
		       min(barrier + DIV_ROUND_UP(barrier, 8), BC_MAX) :
		       BC_MAX;
}

/* names.c */
#ifdef CONFIG_BEANCOUNTERS_DEBUG
u64 bc_names_audit(const struct slab *slab, unsigned int i);
#endif

/* object.c */
void *bc_object_at(const struct slab *slab, unsigned int i);
unsigned int bc_object_size(const struct kmem_cache *s);
enum bc_resource bc_object_item(const struct kmem_cache *s);
struct beancounter *bc_slab_owner(const void *obj);
struct beancounter *bc_object_owner(const void *obj, unsigned int *size);

/* owner.c */
bool bc_adopt(void *obj, const void *like, enum bc_severity severity);

/* kmem.c */
struct beancounter *bc_page_owner(const struct page *page, unsigned int *order);

/* The room at the level that has the least. */
static __always_inline s64 bc_room_all(const struct beancounter *bc,
				       enum bc_resource res)
{
	s64 room = BC_MAX;

	do {
		room = min(room, bc_room(&bc->res[res], BC_BARRIER));
		bc = bc->parent;
	} while (bc);
	return room;
}

/*
 * Add to the counters of all levels. maxheld rises only if the units are @held: units
 * for a lane are not held yet, and units that are put back were held before.
 */
static __always_inline void __bc_add(struct beancounter *bc,
				     enum bc_resource res, u64 n, bool held)
{
	lockdep_assert_held(&bc->top->lock);
	do {
		struct bc_counter *c = &bc->res[res];

		if (unlikely(!c->usage))
			refcount_inc(&bc->refs);
		c->usage += n;
		if (held && c->usage > c->maxheld)
			c->maxheld = c->usage;
		bc = bc->parent;
	} while (bc);
}

/* Is bc the group @root, or below it? They may be in different trees. */
static inline bool bc_below(const struct beancounter *bc,
			    const struct beancounter *root)
{
	for (; bc; bc = bc->parent)
		if (bc == root)
			return true;
	return false;
}

/* Tests count visits instead of measuring the time of a walk. Under the lock. */
static __always_inline void bc_count_visit(struct beancounter *bc)
{
#ifdef CONFIG_BEANCOUNTERS_LIST
	bc->top->visits++;
#endif
}

#endif /* _KERNEL_BC_INTERNAL_H */

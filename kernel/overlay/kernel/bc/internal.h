/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the account itself.
 *
 * Locking
 *
 * The groups below one child of the root form a tree with one raw spinlock,
 * bc->top->lock. It protects the counters of all resources of all groups of
 * the tree, the links between them, and the opening and closing of stocks.
 * Whatever is decided is decided under it, so there are no transient states:
 * a request is refused exactly when it does not fit. Nothing is called under it that
 * takes another lock, but two that are leaves: that of the address spaces of a group
 * (see tree.c), and that of a percpu_counter (see phys.c), which nests inside both.
 * bc_list_lock is a leaf, too.
 * "Any" context, here and in the other files, is any but that of an NMI, from
 * which the allocators cannot be called either.
 *
 * What keeps the lock out of the way is the stock: per group and possible CPU
 * some words of what is charged already and held by nobody. The first has bytes of
 * kmemsize in its low half and open files in its high one, because a file is
 * both; the others have lanes, one for each other resource that is asked for
 * often. Charging takes from a word and uncharging puts into it with one
 * compare-and-exchange, from any context and without the lock. A closed word
 * (BC_STOCK_CLOSED), or lane, accepts neither. Both are opened, each lane by
 * itself, and closed, all at once, under the lock only, so whoever holds the lock
 * and has closed the words of a subtree has all of it in the counters.
 *
 * Far from the barriers each CPU has words, which are filled in advance. Near one of
 * them, where the room divided by the CPUs is too little, a group has such words for
 * all CPUs together, @near, of which nothing is filled in advance: what was given
 * back waits there for the next request. So a group that sits at its barrier, or at
 * that of a level above, disturbs nobody but itself, until something is refused.
 *
 * Lifetime
 *
 * A beancounter is not its cgroup: the charged bytes keep it. It is referenced
 * by its css, by each child, and by each resource that is not at zero, and
 * freed with the last of them. Charged objects point to it without a reference
 * of their own. A css that went offline leaves its words closed for good.
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

struct bc_netns;
struct bc_senders;
struct dentry;

#define BC_NR_LANES 12
#define BC_LANE_WORDS 4

/**
 * struct bc_stock - what may be handed out without the lock
 * @word: BC_STOCK_CLOSED, or 0 to BC_STOCK_MAX bytes and 0 to
 *	BC_STOCK_FILES_MAX files, plus a refill when frees slipped in before it
 * @lanes: the same for the other resources that are stocked, see struct bc_lane
 * @low: the least that each lane had since the counters changed last, of which
 *	maxheld is made, see bc_lane_trim(); written after @lanes, without a lock
 */
struct bc_stock {
	atomic64_t word;
	atomic64_t lanes[BC_LANE_WORDS];
	u32 low[BC_NR_LANES];
};

/* The things that a walk looks for in a subtree, see tree.c. */
enum bc_kind {
	BC_OPEN_WORDS,
	BC_MMS,
	BC_NR_KINDS,
};

/**
 * struct bc_branch - the part of a tree that has something of a kind
 * @children: list of @node of the children that have it, or have it below them
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
 * @drains: how many recover the words at and below it, a part at a time; meanwhile
 *	none of them is opened; @top->lock
 * @readers: how many walks over open words are at it, which stays in the lists
 *	meanwhile; @top->lock
 * @want_room: a request that could not wait was refused; racy, a hint
 * @shrinks: that freed something: in the low 16 bits those that still wait for
 *	RCU, above them all there were; a hint
 * @shrink_after: no shrink of the group before this time; racy, a hint
 * @phys_after: no sample of the whole group at an exit before this time; racy, a
 *	hint
 * @css: the group, NULL before it is online and once it is freed; @top->lock
 * @id: the cgroup's id, 0 before it is online; constant then
 * @mms: list of struct bc_vm, the address spaces it pays for; @mms_lock, and
 *	whether it is empty @top->lock as well
 * @mms_lock: of @mms
 * @branch: what there is below, by enum bc_kind; @top->lock
 * @list: entry in bc_list; bc_list_lock
 * @visits: how many groups and address spaces of the tree were visited under its
 *	lock, used in @top only; @top->lock
 * @locks: how often its lock was taken, used in @top only; @top->lock
 * @audit: its row in the audit under way, NULL before the first; bc_audit_mutex
 * @rcu: for freeing
 * @lock: of the tree below the root, used in @top only
 * @res: the counters; @top->lock
 * @near: words for all CPUs, open near a barrier; not in a line with @lock
 * @senders: who has sockets that wait for room, used in @top only; constant once it
 *	is online
 * @socks: list of struct bc_sock, those of its sockets that wait; lock of @senders
 * @socks_node: entry in the list of @senders, empty while @socks is; lock of that
 * @open_cpus: which words may be open, see bc_stock_nr(); @top->lock
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
/* With the lock comes the first counter, and what one group does leaves it alone. */
static_assert(offsetof(struct beancounter, lock) / 64 ==
	      offsetof(struct beancounter, res[0].barrier) / 64);
static_assert(offsetof(struct beancounter, lock) / 64 !=
	      offsetof(struct beancounter, near.lanes) / 64);
static_assert(offsetof(struct beancounter, lock) / 64 !=
	      offsetof(struct beancounter, mms_lock) / 64);
#endif

/*
 * The lock of the tree of an account, which debug kernels count. Two steps are
 * shorter than the one that does both.
 */
#ifdef CONFIG_BEANCOUNTERS_LIST
#define bc_count_lock(top) ((void)(top)->locks++)
#else
#define bc_count_lock(top) ((void)(top))
#endif

#define bc_lock(bc, flags)                       \
	do {                                     \
		local_irq_save(flags);           \
		raw_spin_lock(&(bc)->top->lock); \
		bc_count_lock((bc)->top);        \
	} while (0)

#define bc_unlock(bc, flags)                       \
	do {                                       \
		raw_spin_unlock(&(bc)->top->lock); \
		local_irq_restore(flags);          \
	} while (0)

enum bc_refusal_state {
	BC_REFUSAL_NONE,
	BC_REFUSAL_PENDING,
	BC_REFUSAL_LOGGED,
};

/**
 * struct bc_refusal - the first refusal of a group, for the log
 * @state: nothing else is valid in BC_REFUSAL_NONE
 * @res: resource
 * @requested: units of @res
 * @counter: of the group at the refusal
 * @pid: of the task
 * @comm: of the task
 *
 * Written under the lock of the tree, once; read by the work after that.
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
 * @css: the cgroup's side
 * @bc: the account; NULL in the root, which is not charged; constant
 * @failcnt_file: notified when the failcnt grows
 * @failcnt_local_file: notified when the local failcnt grows
 * @refusal: the first one
 * @notify_work: notifies and logs from a context that may, once for many refusals
 * @notify_after: not before this time; of @notify_work, racy for others, a hint
 * @room_work: makes room, one css at a time
 * @room_after: not before this time; of @room_work only
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
 * @name: in all files and messages
 * @unit: of every number
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
 * @bc: the group; only what is charged to it or below is taken
 * @memcg: whose lists are walked, with those below it; NULL for all
 * @wait: somebody waits for it
 * @goal: bytes to take
 * @taken: bytes taken in this pass
 * @freed: objects freed in all passes
 * @dirty: some of the group's inodes wait for writeback
 */
struct bc_shrink {
	struct beancounter *bc;
	struct mem_cgroup *memcg;
	bool wait;
	u64 goal;
	u64 taken;
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
void bc_ask_room(struct beancounter *bc);
void bc_refusal_init(struct bc_css *bcs);
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
 * struct bc_sock_sum - what the buffers of a socket are charged
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
struct beancounter *bc_object_owner(const void *obj, unsigned int *size);

/* kmem.c */
struct beancounter *bc_page_owner(const struct page *page, unsigned int *order);

/* The room at the tightest level. */
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

/* What nobody holds yet, or held before, leaves maxheld alone. */
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

/* Is bc the group @root or below it? Both of the same tree or not. */
static inline bool bc_below(const struct beancounter *bc,
			    const struct beancounter *root)
{
	for (; bc; bc = bc->parent)
		if (bc == root)
			return true;
	return false;
}

/* Tests count visits, not the time that a walk takes. Under the lock. */
static __always_inline void bc_count_visit(struct beancounter *bc)
{
#ifdef CONFIG_BEANCOUNTERS_LIST
	bc->top->visits++;
#endif
}

#endif /* _KERNEL_BC_INTERNAL_H */

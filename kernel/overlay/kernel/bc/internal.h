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
 * a request is refused exactly when it does not fit. It is a leaf: nothing is
 * called under it that takes another lock, but the leaf of a percpu_counter (see
 * phys.c), and bc_list_lock is taken before it.
 * "Any" context, here and in the other files, is any but that of an NMI, from
 * which the allocators cannot be called either.
 *
 * What keeps the lock out of the way is the stock: per group and possible CPU
 * one word of what is charged already and held by nobody, bytes of kmemsize in
 * its low half and open files in its high one. Charging takes from the word and
 * uncharging puts into it with one compare-and-exchange, from any context and
 * without the lock. A closed word (BC_STOCK_CLOSED) accepts neither. Words are
 * opened and closed under the lock only, so whoever holds the lock and has
 * closed the words of a subtree has all of it in the counters.
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

/*
 * What an object or a page is charged is one number, as a word of a stock is:
 * bytes of kmemsize, and for an open file one of numfile.
 */
#define BC_FILE BIT_ULL(32)

/* What those may have above a limit who can neither make room nor be refused. */
#define BC_EXCESS ((s64)SZ_64K)

/* What one refill leaves in a stock at most, and the most that is put into it. */
#define BC_STOCK_BATCH ((s64)SZ_16K)
#define BC_STOCK_MAX ((s64)SZ_32K - 1)
#define BC_STOCK_FILES 8
#define BC_STOCK_FILES_MAX 15
/* A refill of less than this is not worth a stock. */
#define BC_STOCK_MIN ((s64)SZ_512)
/*
 * In an open word these bits are zero in both halves, whatever a refill left
 * there. What is taken though it is not there sets one of them. So they are set
 * in a closed word, and twice over: taking less than a quarter of what a half
 * can hold leaves one.
 */
#define BC_STOCK_NONE (BIT_ULL(63) | BIT_ULL(31))
#define BC_STOCK_CLOSED ((s64)(BC_STOCK_NONE | BC_STOCK_NONE >> 1))
/* What putting something into a word must not set: then it is full, or closed. */
#define BC_STOCK_FULL ~((u64)BC_STOCK_MAX | (u64)BC_STOCK_FILES_MAX * BC_FILE)

/**
 * struct bc_counter - one resource of one beancounter
 * @usage: charged here and below, what sits in stocks included
 * @barrier: ordinary requests are refused above it
 * @limit: everything but force is refused above it
 * @maxheld: highest @usage since the last reset
 * @failcnt: requests refused here and below
 * @failcnt_local: requests refused because of this very counter
 * @forced: sum of what forced requests pushed above @limit
 *
 * In units of the resource; all protected by bc->top->lock.
 */
struct bc_counter {
	u64 usage;
	u64 barrier;
	u64 limit;
	u64 maxheld;
	u64 failcnt;
	u64 failcnt_local;
	u64 forced;
};

/**
 * struct bc_stock - what one CPU may hand out on its own
 * @word: BC_STOCK_CLOSED, or 0 to BC_STOCK_MAX bytes and 0 to
 *	BC_STOCK_FILES_MAX files, plus a refill when frees slipped in before it
 */
struct bc_stock {
	atomic64_t word;
};

/**
 * struct bc_sum - what many words hold
 * @bytes: of kmemsize
 * @files: of numfile
 */
struct bc_sum {
	u64 bytes;
	u64 files;
};

/**
 * struct beancounter - the account of a group
 * @parent: NULL for a child of the root; constant, and pinned by this
 * @top: the ancestor whose @lock is used, maybe this; constant
 * @stock: one word per possible CPU; constant
 * @refs: see Lifetime above
 * @nr_open: how many of the subtree have @open set; @top->lock
 * @open: some word of @stock may be open; @top->lock
 * @offline: words stay closed; @top->lock
 * @limit_set: bitmap of the resources whose limit was written; the others follow
 *	the barrier, see bc_limit_of(); @top->lock
 * @want_room: a request that could not wait was refused; racy, a hint
 * @shrinks: that freed something: in the low 16 bits those that still wait for
 *	RCU, above them all there were; a hint
 * @shrink_after: no shrink of the group before this time; racy, a hint
 * @css: the group, NULL before it is online and once it is freed; @top->lock
 * @id: the cgroup's id, 0 before it is online; constant then
 * @children: list of @sibling; @top->lock
 * @sibling: entry in @parent->children; @top->lock
 * @list: entry in bc_list; bc_list_lock
 * @mms: list of struct bc_vm, the address spaces it pays for; @top->lock
 * @phys_after: no sample of physpages at exits before this time; racy, a hint
 * @audit: its row in the audit under way, NULL before the first; bc_audit_mutex
 * @rcu: for freeing
 * @lock: of the tree below the root, used in @top only
 * @res: the counters; @top->lock
 * @open_cpus: whose words of @stock may be open; @top->lock
 */
struct beancounter {
	struct beancounter *parent;
	struct beancounter *top;
	struct bc_stock __percpu *stock;
	refcount_t refs;
	unsigned int nr_open;
	bool open;
	bool offline;
	bool want_room;
	u32 limit_set;
	atomic_t shrinks;
	unsigned long shrink_after;
	struct bc_css *css;
	u64 id;
	struct list_head children;
	struct list_head sibling;
	struct list_head list;
	struct list_head mms;
	unsigned long phys_after;
#ifdef CONFIG_BEANCOUNTERS_DEBUG
	struct bc_audit *audit;
#endif
	struct rcu_head rcu;

	raw_spinlock_t lock;
	struct bc_counter res[BC_NR_RESOURCES];
	unsigned long open_cpus[];
} __aligned(64); /* page_ext keeps an order in the low bits, see kmem.c */

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
 * @notify_work: notifies and logs from a context that may
 * @room_work: makes room, one css at a time
 * @room_after: not before this time; of @room_work only
 */
struct bc_css {
	struct cgroup_subsys_state css;
	struct beancounter *bc;
	struct cgroup_file failcnt_file;
	struct cgroup_file failcnt_local_file;
	struct bc_refusal refusal;
	struct work_struct notify_work;
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
extern struct list_head bc_list;
extern raw_spinlock_t bc_list_lock;
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
struct beancounter *bc_alloc(struct beancounter *parent);
void bc_put(struct beancounter *bc);
struct bc_css *bc_get_css(struct beancounter *bc);
void bc_ask_room(struct beancounter *bc);

/* charge.c */
int bc_try_charge(struct beancounter *bc, enum bc_resource res, u64 n,
		  enum bc_severity severity, struct beancounter **over);
int bc_try_charge_vm(struct beancounter *bc, u64 priv, u64 locked,
		     enum bc_severity severity, struct beancounter **over,
		     enum bc_resource *res);
int bc_transfer(struct beancounter *from, u64 less, struct beancounter *to,
		u64 more, enum bc_resource res, enum bc_severity severity,
		struct beancounter **over);
void bc_refused(struct beancounter *bc, struct beancounter *over,
		enum bc_resource res, u64 n, enum bc_severity severity);
int bc_charge_slow(struct beancounter *bc, enum bc_resource res, u64 n,
		   enum bc_severity severity, struct beancounter **over);
int bc_charge_object(struct beancounter *bc, u64 n, enum bc_severity severity,
		     struct beancounter **over, enum bc_resource *res);
bool bc_excess_fits(struct beancounter *bc, u64 bytes);
bool bc_charge_nowait(struct beancounter *bc, u64 bytes,
		      enum bc_severity severity);
void bc_charge_far(struct beancounter *bc, u64 n, s64 room);
void bc_stat_read(struct beancounter *bc, enum bc_resource res,
		  struct bc_stat *stat);
void bc_limits_apply(struct beancounter *bc, enum bc_limit_kind kind,
		     const struct bc_limits *limits);
void bc_close(struct beancounter *bc);

/* uncharge.c */
unsigned int bc_sub(struct beancounter *bc, enum bc_resource res, u64 n);
void bc_put_zero(struct beancounter *bc, unsigned int zero);
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n);
void bc_uncharge_vm(struct beancounter *bc, enum bc_resource res, u64 n);
void bc_uncharge_slow(struct beancounter *bc, enum bc_resource res, u64 n);

/* stock.c */
/* With less room than this many bytes at some level there is no stock. */
extern s64 bc_stock_room;
void bc_stock_init(void);
void bc_close_words(struct beancounter *bc, struct bc_sum *sum);
bool bc_drain(struct beancounter *root, struct bc_sum *sum);
u64 bc_stock_sum(struct beancounter *root, enum bc_resource res);
u64 bc_batch(struct beancounter *bc, u64 n, s64 room);
void bc_refill(struct beancounter *bc, u64 n);

/* files.c */
#define BC_VALUE_LEN 24
const char *bc_value_print(u64 value, char *buf);
int bc_resource_find(const char *name);
int bc_limits_parse(char *buf, struct bc_limits *limits);

/* vm.c */
int bc_vm_spawn(struct task_struct *task, struct beancounter *bc);
void bc_vm_follow(struct task_struct *task);

/* pin.c */
#ifdef CONFIG_BEANCOUNTERS_DEBUG
extern struct list_head bc_pins;
extern raw_spinlock_t bc_pins_lock;
#endif

/* sock.c */
#if defined(CONFIG_BEANCOUNTERS_DEBUG) && defined(CONFIG_NET)
extern struct list_head bc_socks;
struct beancounter *bc_sock_audit(const struct bc_sock *s, u64 *bytes);
#endif

/* task.c */
int bc_can_fork(struct task_struct *task, struct css_set *cset);
void bc_cancel_fork(struct task_struct *task, struct css_set *cset);
void bc_release(struct task_struct *task);
int bc_can_attach(struct cgroup_taskset *tset);
void bc_cancel_attach(struct cgroup_taskset *tset);

/* phys.c */
/* What is not charged is added up when it is read. */
static inline bool bc_is_charged(enum bc_resource res)
{
	return res != BC_PHYSPAGES;
}

u64 bc_phys_sum(struct beancounter *root);
void bc_phys_exit(struct beancounter *bc, struct mm_struct *mm);

/* what.c */
int bc_what_open(struct kernfs_open_file *of);
int bc_what_show(struct seq_file *seq, void *v);

/* reclaim.c */
bool bc_reclaim(struct beancounter *bc, u64 bytes, bool wait);

/* What a limit is written as, and shown as, while it follows the barrier. */
#define BC_AUTO U64_MAX

/* Where no limit was written it is an eighth above the barrier, rounded up. */
static inline u64 bc_limit_of(u64 barrier)
{
	return barrier < BC_MAX ?
		       min(barrier + DIV_ROUND_UP(barrier, 8), BC_MAX) :
		       BC_MAX;
}

/* kmem.c */
unsigned int bc_object_size(const struct kmem_cache *s);
unsigned int bc_object_files(const struct kmem_cache *s);
struct beancounter *bc_object_owner(const void *obj, unsigned int *size);
struct beancounter *bc_page_owner(const struct page *page, unsigned int *order);

/* How much more fits at a level; negative where it is over. Under the lock. */
static __always_inline s64 bc_room(const struct bc_counter *c,
				   enum bc_severity severity)
{
	u64 cap = c->limit;

	if (severity < BC_LIMIT)
		cap = min(cap, c->barrier);
	/* The upper half of the gap is for what was granted before. */
	if (severity == BC_GAP)
		cap += (c->limit - cap) / 2;
	return cap - c->usage;
}

static __always_inline bool bc_fits(const struct bc_counter *c, u64 n,
				    enum bc_severity severity)
{
	s64 room = bc_room(c, severity);

	return !n || (room >= 0 && n <= (u64)room);
}

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

static __always_inline void __bc_add(struct beancounter *bc,
				     enum bc_resource res, u64 n)
{
	lockdep_assert_held(&bc->top->lock);
	do {
		struct bc_counter *c = &bc->res[res];

		if (unlikely(!c->usage))
			refcount_inc(&bc->refs);
		c->usage += n;
		if (c->usage > c->maxheld)
			c->maxheld = c->usage;
		bc = bc->parent;
	} while (bc);
}

/* Charge what cannot be refused. */
static inline void bc_force(struct beancounter *bc, enum bc_resource res, u64 n)
{
	WARN_ON_ONCE(bc_charge(bc, res, n, BC_FORCE));
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

/*
 * The group after @pos in the subtree of @root, in pre-order, or NULL. Under the
 * lock of the tree.
 */
static inline struct beancounter *bc_next(struct beancounter *pos,
					  struct beancounter *root)
{
	if (!list_empty(&pos->children))
		return list_first_entry(&pos->children, struct beancounter,
					sibling);
	for (; pos != root; pos = pos->parent)
		if (!list_is_last(&pos->sibling, &pos->parent->children))
			return list_next_entry(pos, sibling);
	return NULL;
}

static __always_inline u32 bc_bytes_of(u64 n)
{
	return n;
}

static __always_inline u32 bc_files_of(u64 n)
{
	return n / BC_FILE;
}

/* Resources of which a part sits in the stocks. */
static __always_inline bool bc_is_stocked(enum bc_resource res)
{
	return res == BC_KMEMSIZE || res == BC_NUMFILE;
}

/*
 * Take from this CPU's word. That the task may move to another CPU between the
 * look-up and the exchange is harmless: it is a word of the same group.
 */
static __always_inline bool bc_stock_take(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);
	u64 rest = old - n;

	return !(rest & BC_STOCK_NONE) &&
	       atomic64_try_cmpxchg(word, &old, rest);
}

/* Put into this CPU's word; false when it is closed or full. */
static __always_inline bool bc_stock_give(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);
	u64 sum = old + n;

	return !(sum & BC_STOCK_FULL) && atomic64_try_cmpxchg(word, &old, sum);
}

/*
 * What is freed did not go into this CPU's word. If that is full, bring it down
 * to half: this is taken off the counters with the rest.
 */
static __always_inline u64 bc_trim_stock(struct beancounter *bc)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);
	u64 new;

	while (old > BC_STOCK_MAX / 2) {
		new = min_t(u32, bc_bytes_of(old), BC_STOCK_MAX / 2) +
		      min_t(u32, bc_files_of(old), BC_STOCK_FILES_MAX / 2) *
			      BC_FILE;
		if (atomic64_try_cmpxchg(word, &old, new))
			return old - new;
	}
	return 0;
}

/* Does this CPU's word take nothing? Under the lock, which opens it. */
static __always_inline bool bc_stock_closed(struct beancounter *bc)
{
	return atomic64_read(&raw_cpu_ptr(bc->stock)->word) < 0;
}

static __always_inline void bc_kmem_uncharge(struct beancounter *bc, u64 n)
{
	if (unlikely(!bc_stock_give(bc, n)))
		bc_kmem_uncharge_slow(bc, n);
}

#endif /* _KERNEL_BC_INTERNAL_H */

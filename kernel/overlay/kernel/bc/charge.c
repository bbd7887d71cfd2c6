// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: charging, refusing, giving back.
 *
 * A charge counts in the group and in all its ancestors below the root. It is
 * made at all levels or at none, under the lock of the tree, and checked on
 * the new value: n more is refused when usage + n would exceed what applies.
 *
 * Before a refusal the stocks below the level that would refuse are closed and
 * their bytes returned, so nothing is refused while a freed byte waits in a
 * stock. Nothing passes the limit except by force, because the bytes in the
 * stocks count in usage. See internal.h for the locking.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/beancounter.h>

static u64 bc_cap(const struct bc_counter *c, enum bc_severity severity)
{
	return severity == BC_BARRIER ? min(c->barrier, c->limit) : c->limit;
}

/* How much more fits at this level; 0 when it is over already. */
static u64 bc_room(const struct bc_counter *c, enum bc_severity severity)
{
	u64 cap = bc_cap(c, severity);

	return cap > c->usage ? cap - c->usage : 0;
}

/* The lowest level at which n more do not fit, or NULL. */
static struct beancounter *bc_find_over(struct beancounter *bc,
					enum bc_resource res, u64 n,
					enum bc_severity severity)
{
	lockdep_assert_held(&bc->top->lock);
	for (; bc; bc = bc->parent)
		if (n > bc_room(&bc->res[res], severity))
			return bc;
	return NULL;
}

static void bc_add(struct beancounter *bc, enum bc_resource res, u64 n)
{
	lockdep_assert_held(&bc->top->lock);
	for (; n && bc; bc = bc->parent) {
		struct bc_counter *c = &bc->res[res];

		if (!c->usage)
			refcount_inc(&bc->refs);
		c->usage += n;
		c->maxheld = max(c->maxheld, c->usage);
	}
}

/*
 * Returns whether references became free; they are dropped, without the lock,
 * by bc_put_zero(), which finds them again.
 */
static unsigned long bc_sub(struct beancounter *bc, enum bc_resource res, u64 n)
{
	unsigned long zero = 0;
	unsigned int depth;

	lockdep_assert_held(&bc->top->lock);
	for (depth = 0; n && bc; bc = bc->parent, depth++) {
		struct bc_counter *c = &bc->res[res];

		if (WARN_ONCE(c->usage < n, "bc: %s underflow: %llu < %llu\n",
			      bc_resources[res].name, c->usage, n))
			continue;
		c->usage -= n;
		if (!c->usage)
			zero = depth + 1;
	}
	return zero;
}

/* Drop the references of the lowest levels that bc_sub() emptied. */
static void bc_put_zero(struct beancounter *bc, unsigned long zero)
{
	struct beancounter *parent;

	for (; zero--; bc = parent) {
		parent = bc->parent;
		bc_put(bc);
	}
}

/* The next group with open words in the subtree, in pre-order. */
static struct beancounter *bc_next_open(struct beancounter *pos,
					struct beancounter *root)
{
	struct beancounter *next;

	list_for_each_entry(next, &pos->children, sibling)
		if (next->nr_open)
			return next;
	for (; pos != root; pos = pos->parent) {
		next = pos;
		list_for_each_entry_continue(next, &pos->parent->children,
					     sibling)
			if (next->nr_open)
				return next;
	}
	return NULL;
}

#define bc_for_each_open(pos, root)                                     \
	for ((pos) = (root)->nr_open ? (root) : NULL; (pos);            \
	     (pos) = bc_next_open(pos, root))

static void bc_mark_open(struct beancounter *bc, bool open)
{
	struct beancounter *b;

	bc->open = open;
	for (b = bc; b; b = b->parent)
		b->nr_open += open ? 1 : -1;
}

/* Close the words of one group and return their bytes to the counters. */
static s64 bc_close_words(struct beancounter *bc)
{
	s64 bytes = 0;
	int cpu;

	lockdep_assert_held(&bc->top->lock);
	bc_mark_open(bc, false);
	for_each_possible_cpu(cpu) {
		atomic64_t *word = &per_cpu_ptr(bc->stock, cpu)->bytes;

		bytes += max_t(s64, 0, atomic64_xchg(word, BC_STOCK_CLOSED));
	}
	/* An open group is online: none of these references is the last. */
	if (bytes) {
		struct beancounter *b = bc;
		unsigned long zero = bc_sub(bc, BC_KMEMSIZE, bytes);

		for (; zero--; b = b->parent)
			refcount_dec(&b->refs);
	}
	return bytes;
}

/* Recover all stocks below and at @root; true if there was anything in them. */
static bool bc_drain(struct beancounter *root)
{
	struct beancounter *bc;
	s64 bytes = 0;

	bc_for_each_open(bc, root)
		if (bc->open)
			bytes += bc_close_words(bc);
	if (bytes)
		trace_bc_drain(root->id, bytes);
	return bytes;
}

/*
 * Count what a forced request pushes above the limit, level by level. The
 * stocks go first, as for any other request that does not fit.
 */
static void bc_count_forced(struct beancounter *bc, enum bc_resource res, u64 n)
{
	for (; bc; bc = bc->parent) {
		struct bc_counter *c = &bc->res[res];
		u64 room;

		if (n <= bc_room(c, BC_LIMIT))
			continue;
		if (res == BC_KMEMSIZE)
			bc_drain(bc);
		room = bc_room(c, BC_LIMIT);
		if (n <= room)
			continue;
		c->forced += n - room;
		trace_bc_force(bc->id, bc_resources[res].name, n, c->usage,
			       c->limit);
	}
}

/*
 * How much may be left in the stock of this CPU beside the request: an equal
 * share of half the room at the tightest level. Towards the barrier it falls
 * to nothing, and every request is checked under the lock.
 */
static u64 bc_refill_size(struct beancounter *bc, u64 n)
{
	unsigned int shift = ilog2(nr_cpu_ids) + 2;
	u64 room = BC_MAX;
	struct beancounter *b;

	if (bc->offline || n > BC_STOCK_BATCH)
		return 0;
	for (b = bc; b; b = b->parent)
		room = min(room, bc_room(&b->res[BC_KMEMSIZE], BC_BARRIER));
	if (room <= n)
		return 0;
	room = (room - n) >> shift;
	return room < BC_STOCK_MIN ? 0 : min_t(u64, room, BC_STOCK_BATCH);
}

/* Leave @batch bytes, charged already, in this CPU's word. Opens it. */
static void bc_refill(struct beancounter *bc, s64 batch)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->bytes;
	s64 old = atomic64_read(word);

	lockdep_assert_held(&bc->top->lock);
	if (!bc->open)
		bc_mark_open(bc, true);
	while (!atomic64_try_cmpxchg(word, &old, max_t(s64, old, 0) + batch))
		;
}

/**
 * bc_charge_slow() - charge under the lock of the tree
 * @bc: payer
 * @res: resource
 * @n: units of @res
 * @severity: what to check against
 * @over: the level that refused, on error
 *
 * Context: Any.
 * Return: 0 or -ENOMEM.
 */
int bc_charge_slow(struct beancounter *bc, enum bc_resource res, u64 n,
		   enum bc_severity severity, struct beancounter **over)
{
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned long flags;
	u64 batch = 0;
	int ret = 0;

	raw_spin_lock_irqsave(lock, flags);
	if (severity == BC_FORCE) {
		bc_count_forced(bc, res, n);
	} else {
		while ((*over = bc_find_over(bc, res, n, severity)))
			if (res != BC_KMEMSIZE || !bc_drain(*over))
				break;
		if (*over)
			ret = -ENOMEM;
	}
	if (!ret) {
		if (res == BC_KMEMSIZE)
			batch = bc_refill_size(bc, n);
		bc_add(bc, res, n + batch);
		if (batch)
			bc_refill(bc, batch);
	}
	raw_spin_unlock_irqrestore(lock, flags);
	return ret;
}

/**
 * bc_try_charge() - charge, without counting a refusal
 * @bc: payer
 * @res: resource
 * @n: units of @res
 * @severity: what to check against
 * @over: the level that refused, on error
 *
 * For callers who can make room and try again; they end with bc_refused().
 *
 * Context: Any.
 * Return: 0 or -ENOMEM.
 */
int bc_try_charge(struct beancounter *bc, enum bc_resource res, u64 n,
		  enum bc_severity severity, struct beancounter **over)
{
	if (res == BC_KMEMSIZE && n <= BC_STOCK_MAX && bc_stock_take(bc, n))
		return 0;
	return bc_charge_slow(bc, res, n, severity, over);
}

static void bc_log_refusal(struct bc_css *css, enum bc_resource res, u64 n,
			   const struct bc_counter *c)
{
	char barrier[BC_VALUE_LEN], limit[BC_VALUE_LEN];

	bc_value_print(c->barrier, barrier);
	bc_value_print(c->limit, limit);
	pr_info("bc: ");
	pr_cont_cgroup_path(css->css.cgroup);
	pr_cont(": %s refused for %s[%d]: requested %llu, held %llu, barrier %s, limit %s (logged once per group)\n",
		bc_resources[res].name, current->comm, task_pid_nr(current), n,
		c->usage, barrier, limit);
}

/**
 * bc_refused() - count, trace and report a refusal
 * @bc: who would have paid
 * @over: the level that refused
 * @res: resource
 * @n: units of @res
 * @severity: what was checked against
 *
 * Counted once, at the level that refused, and in the failcnt of all levels
 * from there up. The first refusal of a group is logged.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_refused(struct beancounter *bc, struct beancounter *over,
		enum bc_resource res, u64 n, enum bc_severity severity)
{
	struct beancounter *b;
	struct bc_counter c;
	unsigned long flags;
	struct bc_css *css;
	bool log;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	over->res[res].failcnt_local++;
	for (b = over; b; b = b->parent)
		b->res[res].failcnt++;
	c = over->res[res];
	log = !over->logged;
	over->logged = true;
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
	css = bc_get_css(over);

	trace_bc_refuse(over->id, bc->id, bc_resources[res].name, n, &c,
			severity);
	if (in_task())
		current->bc_refused = true;
	if (!css)
		return;
	if (log)
		bc_log_refusal(css, res, n, &c);
	/* The work drops the reference. */
	if (!schedule_work(&css->notify_work))
		css_put(&css->css);
}

/**
 * bc_charge() - charge a resource to an account
 * @bc: payer, or NULL for nobody
 * @res: resource
 * @n: units of @res
 * @severity: what to check against
 *
 * At all levels or at none. A refusal is counted.
 *
 * Context: Any in which @bc is pinned by its css or by what it holds.
 * Return: 0, or -ENOMEM when it does not fit.
 */
int bc_charge(struct beancounter *bc, enum bc_resource res, u64 n,
	      enum bc_severity severity)
{
	struct beancounter *over;
	int ret;

	if (!bc)
		return 0;
	ret = bc_try_charge(bc, res, n, severity, &over);
	if (ret)
		bc_refused(bc, over, res, n, severity);
	return ret;
}

/*
 * Adapt this CPU's word to @n freed bytes that it did not take: open it where
 * there is room for a stock, bring it down to half where it is full. Returns
 * what to take off the counters.
 */
static u64 bc_adjust_stock(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->bytes;
	s64 old = atomic64_read(word);

	if (old < 0 && n <= BC_STOCK_BATCH && bc_refill_size(bc, 0) >= n) {
		bc_refill(bc, n);
		return 0;
	}
	while (old > BC_STOCK_MAX / 2)
		if (atomic64_try_cmpxchg(word, &old, BC_STOCK_MAX / 2))
			return n + old - BC_STOCK_MAX / 2;
	return n;
}

/**
 * bc_uncharge_slow() - give back under the lock of the tree
 * @bc: payer
 * @res: resource
 * @n: units of @res
 *
 * May free the account.
 *
 * Context: Any.
 */
void bc_uncharge_slow(struct beancounter *bc, enum bc_resource res, u64 n)
{
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned long flags, zero;

	raw_spin_lock_irqsave(lock, flags);
	if (res == BC_KMEMSIZE)
		n = bc_adjust_stock(bc, n);
	zero = bc_sub(bc, res, n);
	raw_spin_unlock_irqrestore(lock, flags);
	bc_put_zero(bc, zero);
}

/**
 * bc_uncharge() - give a charge back
 * @bc: who was charged, or NULL for nobody
 * @res: resource
 * @n: units of @res
 *
 * With the last unit of the last resource of a group that is gone the account
 * is freed, so the caller must not touch it afterwards.
 *
 * Context: Any.
 */
void bc_uncharge(struct beancounter *bc, enum bc_resource res, u64 n)
{
	if (!bc)
		return;
	if (res == BC_KMEMSIZE && n <= BC_STOCK_MAX)
		bc_kmem_uncharge(bc, n);
	else
		bc_uncharge_slow(bc, res, n);
}

/**
 * bc_stat_read() - all figures of one resource
 * @bc: account
 * @res: resource
 * @stat: where to put them
 *
 * Context: Any in which @bc is pinned.
 */
void bc_stat_read(struct beancounter *bc, enum bc_resource res,
		  struct bc_stat *stat)
{
	struct beancounter *b;
	unsigned long flags;
	s64 stocks = 0;
	int cpu;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	if (res == BC_KMEMSIZE)
		bc_for_each_open(b, bc)
			for_each_possible_cpu(cpu)
				stocks += max_t(s64, 0, atomic64_read(
					&per_cpu_ptr(b->stock, cpu)->bytes));
	stat->counter = bc->res[res];
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
	/* Words move while they are summed up, but not at rest. */
	stat->held = stat->counter.usage - min_t(u64, stocks,
						 stat->counter.usage);
}

/**
 * bc_limits_apply() - change barriers or limits, or reset maxheld
 * @bc: account
 * @kind: which of them
 * @limits: the new values
 *
 * A value below what is held is accepted: it refuses what comes from now on.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_limits_apply(struct beancounter *bc, enum bc_limit_kind kind,
		     const struct bc_limits *limits)
{
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	/* What the stocks hold was checked against the old values. */
	bc_drain(bc);
	for_each_set_bit(i, &limits->set, BC_NR_RESOURCES) {
		struct bc_counter *c = &bc->res[i];

		switch (kind) {
		case BC_SET_BARRIER:
			c->barrier = limits->value[i];
			break;
		case BC_SET_LIMIT:
			c->limit = limits->value[i];
			break;
		case BC_RESET_MAXHELD:
			c->maxheld = c->usage;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
}

/**
 * bc_close() - the group goes away: close its stocks for good
 * @bc: account
 *
 * From now on what is freed reaches the counters at once, so the account goes
 * with its last byte.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_close(struct beancounter *bc)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	bc->offline = true;
	if (bc->open)
		bc_close_words(bc);
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
}

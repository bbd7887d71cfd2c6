// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: charging and refusing.
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
#include <linux/minmax.h>
#include <linux/sched.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/beancounter.h>

/* The lowest level at which n more do not fit, or NULL. */
static struct beancounter *bc_find_over(struct beancounter *bc,
					enum bc_resource res, u64 n,
					enum bc_severity severity)
{
	lockdep_assert_held(&bc->top->lock);
	for (; bc; bc = bc->parent)
		if (!bc_fits(&bc->res[res], n, severity))
			return bc;
	return NULL;
}

static void bc_add(struct beancounter *bc, enum bc_resource res, u64 n)
{
	if (n)
		__bc_add(bc, res, n);
}

/**
 * struct bc_event - what to trace when the lock has been dropped
 * @drained: something was recovered from stocks
 * @sum: how much
 * @drained_at: id of the group at the top of the subtree
 * @has_forced: a limit was passed by force
 * @forced_at: id of the lowest group whose limit it was
 * @forced_res: the resource
 * @forced_n: units of it
 * @forced: the counter before
 *
 * A program attached to a tracepoint may allocate, which may charge.
 */
struct bc_event {
	bool drained;
	struct bc_sum sum;
	u64 drained_at;
	bool has_forced;
	u64 forced_at;
	enum bc_resource forced_res;
	u64 forced_n;
	struct bc_counter forced;
};

static bool bc_drain_event(struct beancounter *root, struct bc_event *event)
{
	if (!bc_drain(root, &event->sum))
		return false;
	event->drained = true;
	event->drained_at = root->id;
	return true;
}

static void bc_event_trace(const struct bc_event *event)
{
	if (event->drained)
		trace_bc_drain(event->drained_at, &event->sum);
	if (event->has_forced)
		trace_bc_force(event->forced_at,
			       bc_resources[event->forced_res].name,
			       event->forced_n, &event->forced);
}

/*
 * A stock hands out without asking what was checked when it was filled, so no
 * stock may be open below a level that is above its barrier. Requests that may
 * go there close them; they stay closed because bc_refill_size() is 0.
 */
static void bc_cross_barrier(struct beancounter *bc, enum bc_resource res,
			     u64 n, struct bc_event *event)
{
	for (; bc; bc = bc->parent)
		if (!bc_fits(&bc->res[res], n, BC_BARRIER))
			bc_drain_event(bc, event);
}

/* Count what a forced request pushes above the limit, level by level. */
static void bc_count_forced(struct beancounter *bc, enum bc_resource res, u64 n,
			    struct bc_event *event)
{
	for (; bc && n; bc = bc->parent) {
		struct bc_counter *c = &bc->res[res];
		s64 room = bc_room(c, BC_LIMIT);

		if (bc_fits(c, n, BC_LIMIT))
			continue;
		if (!event->has_forced) {
			event->has_forced = true;
			event->forced_at = bc->id;
			event->forced_res = res;
			event->forced_n = n;
			event->forced = *c;
		}
		c->forced += n - max(room, 0);
	}
}

/* The level at which the request does not fit after all, or NULL. */
static struct beancounter *bc_check(struct beancounter *bc,
				    enum bc_resource res, u64 n,
				    enum bc_severity severity,
				    struct bc_event *event)
{
	struct beancounter *over;

	if (severity == BC_FORCE)
		/* More than there can be of anything: a bug of the caller. */
		return WARN_ON_ONCE(n > BC_MAX - bc->top->res[res].usage) ?
			       bc->top :
			       NULL;
	while ((over = bc_find_over(bc, res, n, severity)))
		if (!bc_is_stocked(res) || !bc_drain_event(over, event))
			break;
	return over;
}

/* What was checked: what has to be done before it is counted. */
static void bc_prepare(struct beancounter *bc, enum bc_resource res, u64 n,
		       enum bc_severity severity, struct bc_event *event)
{
	if (severity == BC_BARRIER)
		return;
	if (bc_is_stocked(res))
		bc_cross_barrier(bc, res, n, event);
	if (severity == BC_FORCE)
		bc_count_forced(bc, res, n, event);
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
	struct bc_event event = {};
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	*over = bc_check(bc, res, n, severity, &event);
	if (!*over) {
		bc_prepare(bc, res, n, severity, &event);
		bc_add(bc, res, n);
	}
	raw_spin_unlock_irqrestore(lock, flags);
	bc_event_trace(&event);
	return *over ? -ENOMEM : 0;
}

/**
 * bc_charge_far() - charge an object, and fill the stock where there is room
 * @bc: payer
 * @n: bytes of kmemsize, and BC_FILE for an open file; they fit
 * @room: bytes at the tightest level
 *
 * Context: Under the lock of the tree.
 */
void bc_charge_far(struct beancounter *bc, u64 n, s64 room)
{
	u64 batch = bc_batch(bc, n, room);

	bc_add(bc, BC_NUMFILE, bc_files_of(n) + bc_files_of(batch));
	bc_add(bc, BC_KMEMSIZE, bc_bytes_of(n) + bc_bytes_of(batch));
	if (batch)
		bc_refill(bc, batch);
}

/**
 * bc_charge_object() - charge bytes and files, both or none, and fill the stock
 * @bc: payer
 * @n: bytes of kmemsize, and BC_FILE for an open file
 * @severity: what to check against
 * @over: the level that refused, on error
 * @res: the resource that was refused, on error
 *
 * Context: Any.
 * Return: 0 or -ENOMEM.
 */
int bc_charge_object(struct beancounter *bc, u64 n, enum bc_severity severity,
		     struct beancounter **over, enum bc_resource *res)
{
	u64 bytes = bc_bytes_of(n), files = bc_files_of(n);
	raw_spinlock_t *lock = &bc->top->lock;
	struct bc_event event = {};
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	*res = BC_NUMFILE;
	*over = bc_check(bc, *res, files, severity, &event);
	if (!*over) {
		*res = BC_KMEMSIZE;
		*over = bc_check(bc, *res, bytes, severity, &event);
	}
	if (!*over) {
		bc_prepare(bc, BC_NUMFILE, files, severity, &event);
		bc_prepare(bc, BC_KMEMSIZE, bytes, severity, &event);
		bc_charge_far(bc, n, bc_room_all(bc, BC_KMEMSIZE));
	}
	raw_spin_unlock_irqrestore(lock, flags);
	bc_event_trace(&event);
	return *over ? -ENOMEM : 0;
}

/**
 * bc_excess_fits() - is there little above the limits, also with so much more?
 * @bc: payer
 * @bytes: of kmemsize
 *
 * Tasks that ask at the same time may each have theirs.
 *
 * Context: Any.
 * Return: true if no level is more than BC_EXCESS above its limit then.
 */
bool bc_excess_fits(struct beancounter *bc, u64 bytes)
{
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned long flags;
	bool fits = true;

	raw_spin_lock_irqsave(lock, flags);
	for (; bc && fits; bc = bc->parent)
		fits = bc_room(&bc->res[BC_KMEMSIZE], BC_LIMIT) >=
		       (s64)bytes - BC_EXCESS;
	raw_spin_unlock_irqrestore(lock, flags);
	return fits;
}

/* What has no stocks to drain and is not forced has nothing to trace. */
static int bc_charge_plain(struct beancounter *bc, enum bc_resource res, u64 n,
			   enum bc_severity severity, struct beancounter **over)
{
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	*over = bc_find_over(bc, res, n, severity);
	if (!*over)
		bc_add(bc, res, n);
	raw_spin_unlock_irqrestore(lock, flags);
	return *over ? -ENOMEM : 0;
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
	if (!bc_is_stocked(res) && severity != BC_FORCE)
		return bc_charge_plain(bc, res, n, severity, over);
	if (res == BC_KMEMSIZE && n <= BC_STOCK_MAX)
		return bc_stock_take(bc, n) ?
			       0 :
			       bc_charge_object(bc, n, severity, over, &res);
	return bc_charge_slow(bc, res, n, severity, over);
}

/**
 * bc_try_charge_vm() - charge private and locked pages, both or none
 * @bc: payer, or NULL for nobody
 * @priv: private pages
 * @locked: locked pages
 * @severity: what to check against; not BC_FORCE
 * @over: the level that refused, on error
 * @res: the resource that was refused, on error
 *
 * Context: Interrupts are off.
 * Return: 0 or -ENOMEM.
 */
int bc_try_charge_vm(struct beancounter *bc, u64 priv, u64 locked,
		     enum bc_severity severity, struct beancounter **over,
		     enum bc_resource *res)
{
	lockdep_assert_irqs_disabled();
	if (!bc)
		return 0;
	raw_spin_lock(&bc->top->lock);
	*res = BC_PRIVVMPAGES;
	*over = priv ? bc_find_over(bc, *res, priv, severity) : NULL;
	if (!*over && locked) {
		*res = BC_LOCKEDPAGES;
		*over = bc_find_over(bc, *res, locked, severity);
	}
	if (!*over) {
		if (priv)
			__bc_add(bc, BC_PRIVVMPAGES, priv);
		bc_add(bc, BC_LOCKEDPAGES, locked);
	}
	raw_spin_unlock(&bc->top->lock);
	return *over ? -ENOMEM : 0;
}

/* bc_transfer() within a tree: for the levels above both nothing happens. */
static int bc_transfer_near(struct beancounter *from, u64 less,
			    struct beancounter *to, u64 more,
			    enum bc_resource res, enum bc_severity severity,
			    struct beancounter **over)
{
	raw_spinlock_t *lock = &to->top->lock;
	struct bc_event event = {};
	unsigned long flags;
	unsigned int zero;

	raw_spin_lock_irqsave(lock, flags);
	zero = bc_sub(from, res, less);
	*over = bc_check(to, res, more, severity, &event);
	if (*over) {
		bc_add(from, res, less);
	} else {
		bc_prepare(to, res, more, severity, &event);
		bc_add(to, res, more);
	}
	raw_spin_unlock_irqrestore(lock, flags);
	bc_put_zero(from, zero);
	bc_event_trace(&event);
	return *over ? -ENOMEM : 0;
}

/**
 * bc_transfer() - what one account was charged another takes over
 * @from: who was charged, or NULL for nobody
 * @less: units that are given back there
 * @to: payer from now on, or NULL for nobody
 * @more: units that are charged there
 * @res: resource that has no stocks
 * @severity: what to check @to against
 * @over: the level that refused, on error; for bc_refused()
 *
 * Levels above both never hold it twice or not at all.
 *
 * Context: Any in which both accounts are pinned.
 * Return: 0, or -ENOMEM and nothing is changed.
 */
int bc_transfer(struct beancounter *from, u64 less, struct beancounter *to,
		u64 more, enum bc_resource res, enum bc_severity severity,
		struct beancounter **over)
{
	if (from && to && from->top == to->top)
		return bc_transfer_near(from, less, to, more, res, severity,
					over);
	if (to && more && bc_try_charge(to, res, more, severity, over))
		return -ENOMEM;
	bc_uncharge(from, res, less);
	return 0;
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
 * from there up. The first refusal of a group is logged, by a work, because
 * the caller may hold anything.
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

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	over->res[res].failcnt_local++;
	for (b = over; b; b = b->parent)
		b->res[res].failcnt++;
	c = over->res[res];
	css = over->css;
	if (css && !css_tryget(&css->css))
		css = NULL;
	if (css && css->refusal.state == BC_REFUSAL_NONE) {
		css->refusal = (struct bc_refusal){
			.state = BC_REFUSAL_PENDING,
			.res = res,
			.requested = n,
			.counter = c,
			.pid = in_task() ? task_pid_nr(current) : 0,
		};
		/* Its lock may be held; a torn name in the log is harmless. */
		strscpy(css->refusal.comm,
			in_task() ? current->comm : "interrupt");
	}
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);

	trace_bc_refuse(over->id, bc->id, bc_resources[res].name, n, &c,
			severity);
	if (in_task() && !current->bc_active)
		current->bc_scope |= res == BC_NUMFILE ? BC_SCOPE_NO_FILE :
							 BC_SCOPE_REFUSED;
	/* The work drops the reference. */
	if (css && !schedule_work(&css->notify_work))
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

	if (!bc || !n)
		return 0;
	ret = bc_try_charge(bc, res, n, severity, &over);
	if (ret)
		bc_refused(bc, over, res, n, severity);
	return ret;
}

/**
 * bc_charge_nowait() - charge bytes on behalf of who owns an object
 * @bc: payer
 * @bytes: of kmemsize
 * @severity: what to check against
 *
 * Nobody waits for room, so it is made in the background. A refusal is counted.
 *
 * Context: Any in which @bc is pinned; does not sleep.
 * Return: false when they do not fit.
 */
bool bc_charge_nowait(struct beancounter *bc, u64 bytes,
		      enum bc_severity severity)
{
	struct beancounter *over;

	if (likely(!bc_try_charge(bc, BC_KMEMSIZE, bytes, severity, &over)))
		return true;
	WRITE_ONCE(over->want_room, true);
	bc_refused(bc, over, BC_KMEMSIZE, bytes, severity);
	return false;
}

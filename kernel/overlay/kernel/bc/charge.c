// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: charging and giving back.
 *
 * A charge counts in the group and in all its ancestors below the root. It is
 * made at all levels or at none, under the lock of the tree, and checked on
 * the new value: n more is refused when usage + n would exceed what applies.
 *
 * Before a refusal the stocks below the level that would refuse are closed and
 * their bytes returned, so nothing is refused while a freed byte waits in a
 * stock. Nothing passes the limit except by force, because the bytes in the
 * stocks count in usage. See internal.h for the locking.
 *
 * What is given back goes into a stock, or off the counters of the group and of
 * all its ancestors. With the last unit of the last resource of a group that is
 * gone its account goes.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>

#include "charge.h"

#define CREATE_TRACE_POINTS
#include <trace/events/beancounter.h>

/**
 * struct bc_event - what to trace when the lock has been dropped
 * @drained: recovered from stocks
 * @drained_at: id of the group at the top of the subtree
 * @forced: what went above a limit, NULL for nothing
 * @forced_at: id of the lowest group whose limit it was
 * @counter: of that group, before
 * @same: from this level up something is given back before it is charged, or NULL
 * @less: how much that is
 *
 * A program attached to a tracepoint may allocate, which may charge.
 */
struct bc_event {
	struct bc_sum drained;
	u64 drained_at;
	const struct bc_want *forced;
	u64 forced_at;
	struct bc_counter counter;
	const struct beancounter *same;
	u64 less;
};

static __always_inline void bc_event_init(struct bc_event *event)
{
	event->drained = (struct bc_sum){};
	event->forced = NULL;
	event->same = NULL;
	event->less = 0;
}

static void bc_event_trace(const struct bc_event *event)
{
	if (event->drained.bytes || event->drained.files ||
	    event->drained.lanes)
		trace_bc_drain(event->drained_at, &event->drained);
	if (event->forced)
		trace_bc_force(event->forced_at,
			       bc_resources[event->forced->res].name,
			       event->forced->n, &event->counter);
}

static bool bc_drain_event(struct beancounter *root, struct bc_event *event)
{
	if (!bc_drain(root, &event->drained))
		return false;
	event->drained_at = root->id;
	return true;
}

/* Does a level get more than it has given back? If not, nor do those above. */
static bool bc_grows(const struct beancounter *bc, const struct bc_want *want,
		     const struct bc_event *event)
{
	return bc && (bc != event->same || want->n > event->less);
}

/*
 * A stock hands out without asking what was checked when it was filled, so no
 * stock may be open below a level that is above its barrier. Requests that may
 * go there close them; they stay closed because bc_batch() is 0.
 */
static void bc_cross_barrier(struct beancounter *bc, const struct bc_want *want,
			     struct bc_event *event)
{
	for (; bc_grows(bc, want, event); bc = bc->parent)
		if (!bc_fits(&bc->res[want->res], want->n, BC_BARRIER))
			bc_drain_event(bc, event);
}

/* Count what a forced request pushes above the limit, level by level. */
static void bc_count_forced(struct beancounter *bc, const struct bc_want *want,
			    struct bc_event *event)
{
	u64 less = 0;

	for (; bc_grows(bc, want, event) && want->n; bc = bc->parent) {
		struct bc_counter *c = &bc->res[want->res];
		s64 room;

		if (bc == event->same)
			less = event->less;
		if (bc_fits(c, want->n, BC_LIMIT))
			continue;
		room = bc_room(c, BC_LIMIT) - (s64)less;
		if (!event->forced) {
			event->forced = want;
			event->forced_at = bc->id;
			event->counter = *c;
		}
		c->forced += want->n - less - max(room, 0);
	}
}

/* More than there can be of anything: a bug of the caller. */
static bool bc_too_much(struct beancounter *bc, struct bc_request *rq)
{
	const struct bc_want *want;

	for (want = rq->want; want < rq->want + BC_WANTS; want++) {
		if (want->n <= BC_MAX - bc->top->res[want->res].usage)
			continue;
		WARN_ON_ONCE(1);
		rq->over = bc->top;
		rq->refused = want;
		return true;
	}
	return false;
}

/* Does it fit after all? */
static bool bc_check(struct beancounter *bc, struct bc_request *rq,
		     struct bc_event *event)
{
	if (rq->severity == BC_FORCE)
		return !bc_too_much(bc, rq);
	while (unlikely(bc_find_over(bc, rq)))
		if (!bc_is_stocked(rq->refused->res) ||
		    !bc_drain_event(rq->over, event))
			return false;
	return true;
}

/* A charge under the lock is a reason to fill the stock. */
static void bc_fill_after(struct beancounter *bc, const struct bc_request *rq)
{
	u64 files = rq->want[0].res == BC_NUMFILE ? rq->want[0].n : 0;
	u64 bytes = rq->want[1].n;

	if (rq->want[0].n)
		bc_lane_fill(bc, rq->want[0].res, rq->want[0].n);
	if (rq->want[1].res == BC_KMEMSIZE && bytes && bytes <= BC_STOCK_MAX)
		bc_fill(bc, bytes + files * BC_FILE);
}

/*
 * The units in this CPU's lanes are used first: else they would count beside the
 * request, as if they were held. What was held until now is remembered.
 */
static void bc_empty_lane(struct beancounter *bc, enum bc_resource res)
{
	u64 n = bc_lane_trim(bc, res, 0);

	if (unlikely(n))
		/* A lane of its is open, so it is online. */
		bc_drop_zero(bc, bc_sub(bc, res, n));
}

/* The one charge: all of the request at all levels, or nothing of it. */
static bool bc_grant(struct beancounter *bc, struct bc_request *rq,
		     struct bc_event *event)
{
	const struct bc_want *want;

	if (unlikely(!bc_check(bc, rq, event)))
		return false;
	for (want = rq->want; want < rq->want + BC_WANTS; want++) {
		if (rq->severity != BC_BARRIER && bc_is_stocked(want->res))
			bc_cross_barrier(bc, want, event);
		if (rq->severity >= BC_EXCESS)
			bc_count_forced(bc, want, event);
		bc_add(bc, want->res, want->n);
	}
	return true;
}

/**
 * bc_try_charge() - charge under the lock of the tree, without counting a refusal
 * @bc: payer
 * @rq: the request; says who refused what, on error
 *
 * For callers who can make room and try again; they end with bc_refused().
 *
 * Context: Any in which @bc is pinned.
 * Return: 0 or -ENOMEM.
 */
int bc_try_charge(struct beancounter *bc, struct bc_request *rq)
{
	struct bc_event event;
	unsigned long flags;
	bool granted;

	bc_event_init(&event);
	bc_lock(bc, flags);
	/* Only the first of the two wants has a lane. */
	if (rq->want[0].n)
		bc_empty_lane(bc, rq->want[0].res);
	if (rq->want[1].res == BC_KMEMSIZE)
		bc_near_empty(bc);
	granted = bc_grant(bc, rq, &event);
	if (granted)
		bc_fill_after(bc, rq);
	bc_unlock(bc, flags);
	bc_event_trace(&event);
	return granted ? 0 : -ENOMEM;
}

/* The lowest level that is above both, or one of them. */
static const struct beancounter *bc_common(const struct beancounter *a,
					   const struct beancounter *b)
{
	while (!bc_below(a, b))
		b = b->parent;
	return b;
}

/* bc_transfer() within a tree: for the levels above both nothing happens. */
static int bc_transfer_near(struct beancounter *from, u64 less,
			    struct beancounter *to, struct bc_request *rq)
{
	enum bc_resource res = rq->want[0].res;
	struct bc_event event;
	unsigned long flags;
	unsigned int zero;
	bool granted;

	bc_event_init(&event);
	event.same = bc_common(from, to);
	event.less = less;
	bc_lock(to, flags);
	bc_empty_lane(from, res);
	bc_empty_lane(to, res);
	zero = bc_sub(from, res, less);
	granted = bc_grant(to, rq, &event);
	if (!granted && less)
		bc_add_unheld(from, res, less);
	bc_unlock(to, flags);
	bc_put_zero(from, zero);
	bc_event_trace(&event);
	return granted ? 0 : -ENOMEM;
}

/**
 * bc_transfer() - what one account was charged another takes over
 * @from: who was charged, or NULL for nobody
 * @less: units that are given back there
 * @to: payer from now on, or NULL for nobody
 * @rq: what is charged there, of one resource
 *
 * Levels above both never hold it twice or not at all.
 *
 * Context: Any in which both accounts are pinned.
 * Return: 0, or -ENOMEM and nothing is changed; @rq is for bc_refused() then.
 */
int bc_transfer(struct beancounter *from, u64 less, struct beancounter *to,
		struct bc_request *rq)
{
	if (from && to && from->top == to->top)
		return bc_transfer_near(from, less, to, rq);
	if (to && rq->want[0].n && bc_try_charge(to, rq))
		return -ENOMEM;
	bc_uncharge(from, rq->want[0].res, less);
	return 0;
}

static __always_inline bool bc_take_from(struct bc_stock *stock,
					 enum bc_resource res, u64 n)
{
	return res == BC_KMEMSIZE ? n <= BC_STOCK_MAX &&
					    bc_word_take(stock, n) :
				    bc_lane_take(stock, res, n);
}

/* From this CPU's words or those for all, if that is what there is to it. */
static __always_inline bool bc_take(struct beancounter *bc,
				    enum bc_resource res, u64 n)
{
	return bc_take_from(bc_stock_here(bc), res, n) ||
	       bc_take_from(&bc->near, res, n);
}

/**
 * bc_ask() - charge from a lane, or under the lock of the tree
 * @bc: payer
 * @rq: the request; says who refused what, on error
 *
 * As bc_try_charge(), for a request that is often for one resource with a lane. A
 * refusal is not counted.
 *
 * Context: Any in which @bc is pinned.
 * Return: 0 or -ENOMEM.
 */
int bc_ask(struct beancounter *bc, struct bc_request *rq)
{
	if (likely(!rq->want[1].n && rq->want[0].n &&
		   bc_take(bc, rq->want[0].res, rq->want[0].n)))
		return 0;
	return bc_try_charge(bc, rq);
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
	struct bc_request rq;

	if (!bc || !n || bc_take(bc, res, n))
		return 0;
	rq = res == BC_KMEMSIZE ? bc_object_request(n, 0, severity) :
				  BC_REQUEST(severity, res, n);
	if (likely(!bc_try_charge(bc, &rq)))
		return 0;
	bc_refused(bc, &rq);
	return -ENOMEM;
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
	struct bc_request rq = bc_object_request(bytes, 0, severity);

	if (likely(bc_take(bc, BC_KMEMSIZE, bytes) || !bc_try_charge(bc, &rq)))
		return true;
	WRITE_ONCE(rq.over->want_room, true);
	bc_refused(bc, &rq);
	return false;
}

/**
 * bc_give_back() - give back under the lock of the tree
 * @bc: payer
 * @want: what was charged, of BC_WANTS resources
 *
 * May free the account.
 *
 * Context: Any.
 */
void bc_give_back(struct beancounter *bc, const struct bc_want *want)
{
	unsigned int zero[BC_WANTS];
	unsigned long flags;
	int i;

	bc_lock(bc, flags);
	for (i = 0; i < BC_WANTS; i++) {
		enum bc_resource res = want[i].res;
		u64 n = want[i].n;

		if (n && bc_lane_keep(bc, res, n))
			n = 0;
		/* No lane took it: if one is full, most of it goes along. */
		if (n)
			n += bc_lane_trim(bc, res, bc_lane_of(res).batch);
		zero[i] = bc_sub(bc, res, n);
	}
	bc_unlock(bc, flags);
	for (i = 0; i < BC_WANTS; i++)
		bc_put_zero(bc, zero[i]);
}

/*
 * What is freed did not go into a word. If that is full, bring it down some way: this
 * is given back with the rest.
 */
static u64 bc_trim_word(atomic64_t *word)
{
	s64 old = atomic64_read(word);
	u64 new;

	while (old > BC_STOCK_KEEP) {
		new = min_t(u32, bc_bytes_of(old), BC_STOCK_KEEP) +
		      min_t(u32, bc_files_of(old), BC_STOCK_FILES_MAX / 2) *
			      BC_FILE;
		if (atomic64_try_cmpxchg(word, &old, new))
			return old - new;
	}
	return 0;
}

/*
 * May what is freed wait for the next request, and stay in the counters? With room for
 * a word of this CPU it opens that, with less the word for all CPUs.
 */
static __always_inline bool bc_keep(struct beancounter *bc, u64 n)
{
	s64 room = bc_room_all(bc, BC_KMEMSIZE);

	if (unlikely(room >= bc_stock_room &&
		     bc_word_closed(bc_stock_here(bc)) && bc_may_open(bc, n))) {
		bc_refill(bc, n);
		return true;
	}
	return room >= 0 && bc_near_keep(bc, n);
}

/* The way where words of CPUs are closed. False: with it something comes to zero. */
static bool bc_uncharge_near(struct beancounter *bc, u64 n)
{
	unsigned long flags;
	bool done;

	bc_lock(bc, flags);
	done = bc_keep(bc, n);
	if (!done && bc->res[BC_KMEMSIZE].usage > bc_bytes_of(n) &&
	    (!bc_files_of(n) || bc->res[BC_NUMFILE].usage > bc_files_of(n))) {
		/* What stays in a full word keeps the account, too. */
		n += bc_trim_word(&bc->near.word);
		bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(n));
		bc_sub(bc, BC_NUMFILE, bc_files_of(n));
		done = true;
	}
	bc_unlock(bc, flags);
	return done;
}

/**
 * bc_kmem_uncharge_slow() - give an object back under the lock of the tree
 * @bc: payer
 * @n: bytes of kmemsize, not 0, and BC_FILE or an item, see BC_ITEM_SHIFT
 *
 * May free the account.
 *
 * Context: Any.
 */
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n)
{
	struct bc_want want[BC_WANTS];

	if (unlikely(bc_item_of(n))) {
		/* Until the bytes go they keep the account. */
		bc_uncharge(bc, bc_item_of(n), 1);
		bc_kmem_uncharge(bc, bc_bytes_of(n));
		return;
	}
	if (likely(bc_word_closed(bc_stock_here(bc))) &&
	    (bc_word_give(&bc->near, n) || likely(bc_uncharge_near(bc, n))))
		return;
	n += bc_trim_word(&bc_stock_here(bc)->word);
	want[0] = (struct bc_want){ BC_NUMFILE, bc_files_of(n) };
	want[1] = (struct bc_want){ BC_KMEMSIZE, bc_bytes_of(n) };
	bc_give_back(bc, want);
}

/* A lane of this CPU that is full is trimmed; the one for all CPUs is for closed ones. */
static bool bc_lane_near_give(struct beancounter *bc, enum bc_resource res,
			      u64 n)
{
	return bc_lane_closed(bc_stock_here(bc), bc_lane_of(res)) &&
	       bc_lane_give(&bc->near, res, n);
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
	const struct bc_want want[BC_WANTS] = { { res, n } };

	if (!bc || !n)
		return;
	if (res == BC_KMEMSIZE && n <= BC_STOCK_MAX)
		bc_kmem_uncharge(bc, n);
	else if (!bc_lane_give(bc_stock_here(bc), res, n) &&
		 !bc_lane_near_give(bc, res, n))
		bc_give_back(bc, want);
}

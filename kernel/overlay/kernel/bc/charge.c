// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: charging.
 *
 * A charge counts in the group and in all its ancestors below the root. It is
 * made at all levels or at none, under the lock of the tree. The check is on the
 * new value: n more units are refused if usage + n would exceed the barrier, or
 * another bound that the severity sets.
 *
 * Before a refusal the stocks below the level that would refuse are closed and
 * their bytes returned, so no request is refused while a freed byte waits in a
 * stock. Usage includes the bytes in stocks, so no request passes the limit
 * except with BC_EXCESS or BC_FORCE. See internal.h for the locking.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>

#include "charge.h"

#define CREATE_TRACE_POINTS
#include <trace/events/beancounter.h>

/**
 * enum bc_verdict - what becomes of a request
 * @BC_GRANTED: it is charged
 * @BC_REFUSED: it does not fit, and nothing is changed
 * @BC_AGAIN: undecided, because words that matter are still open: the caller releases
 *	the lock and tries again
 */
enum bc_verdict {
	BC_GRANTED,
	BC_REFUSED,
	BC_AGAIN,
};

/**
 * struct bc_event - the state of a charge, and the data for its tracepoints
 * @draining: the group whose drain is not finished, at and below which no word is
 *	opened; NULL for none
 * @drained: amounts recovered from stocks
 * @drained_at: id of the group at and below which they were recovered
 * @forced: the amount that went above a limit, NULL for none
 * @forced_at: id of the lowest group whose limit was passed
 * @counter: of that group, before the charge
 * @same: in a transfer, the lowest level that both accounts share, or NULL
 * @less: in a transfer, the units that the old payer gives back
 *
 * The tracepoints are called after the lock is released: a program that is attached
 * to one may allocate, and so charge.
 */
struct bc_event {
	struct beancounter *draining;
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
	event->draining = NULL;
	event->drained = (struct bc_sum){};
	event->forced = NULL;
	event->same = NULL;
	event->less = 0;
}

static void bc_event_trace(const struct bc_event *event)
{
	if (bc_sum_any(&event->drained))
		trace_bc_drain(event->drained_at, &event->drained);
	if (event->forced)
		trace_bc_force(event->forced_at,
			       bc_resources[event->forced->res].name,
			       event->forced->n, &event->counter);
}

/*
 * Recover the contents of words at and below a level. Returns false if there are more
 * words than are closed in one hold of the lock. Closed words stay closed until the
 * request is decided. The level at and below which they do only moves up, so the drain
 * comes to an end.
 */
static bool bc_drain_event(struct beancounter *root, struct bc_event *event)
{
	struct bc_sum sum = {};
	bool all = bc_drain(root, &sum);

	if (bc_sum_any(&sum)) {
		bc_sum_add(&event->drained, &sum);
		event->drained_at = root->id;
	}
	if (likely(all))
		return true;
	if (!event->draining || !bc_below(root, event->draining)) {
		bc_drain_begin(root);
		if (event->draining)
			bc_drain_end(event->draining);
		event->draining = root;
	}
	return false;
}

/* The request has been decided. */
static void bc_event_done(struct bc_event *event)
{
	if (unlikely(event->draining))
		bc_drain_end(event->draining);
}

/* Does the usage of a level grow? If not, the usage of those above does not either. */
static bool bc_grows(const struct beancounter *bc, const struct bc_want *want,
		     const struct bc_event *event)
{
	return bc && (bc != event->same || want->n > event->less);
}

/*
 * Units were checked when they went into a stock and are not checked again when
 * they are taken, so no stock may be open below a level that is above its barrier.
 * A request that may pass a barrier closes the stocks; they stay closed because
 * bc_batch() is 0. Returns false if not all of them are closed yet.
 */
static bool bc_cross_barrier(struct beancounter *bc, const struct bc_want *want,
			     struct bc_event *event)
{
	for (; bc_grows(bc, want, event); bc = bc->parent)
		if (!bc_fits(&bc->res[want->res], want->n, BC_BARRIER) &&
		    !bc_drain_event(bc, event))
			return false;
	return true;
}

/* Count by how much a request goes above the limit, level by level. */
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

/* Would usage exceed BC_MAX? Then the caller has a bug. */
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

/* Decide a request, and before that close the words that matter. */
static enum bc_verdict bc_check(struct beancounter *bc, struct bc_request *rq,
				struct bc_event *event)
{
	struct beancounter *drained = NULL;
	const struct bc_want *want;

	if (rq->severity == BC_FORCE && bc_too_much(bc, rq))
		return BC_REFUSED;
	while (rq->severity != BC_FORCE && unlikely(bc_find_over(bc, rq))) {
		if (!bc_is_stocked(rq->refused->res) || rq->over == drained)
			return BC_REFUSED;
		if (!bc_drain_event(rq->over, event))
			return BC_AGAIN;
		drained = rq->over;
	}
	for (want = rq->want; want < rq->want + BC_WANTS; want++)
		if (rq->severity != BC_BARRIER && bc_is_stocked(want->res) &&
		    !bc_cross_barrier(bc, want, event))
			return BC_AGAIN;
	return BC_GRANTED;
}

/* Fill the stock after a charge under the lock, for the next requests. */
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
 * Take the units in this CPU's lanes off the counters before a charge: else they would
 * count beside the request, as if they were held. bc_lane_trim() updates maxheld.
 */
static void bc_empty_lane(struct beancounter *bc, enum bc_resource res)
{
	u64 n = bc_lane_trim(bc, res, 0);

	if (unlikely(n))
		/* The account has an open lane, so it is online: its css pins it. */
		bc_drop_zero(bc, bc_sub(bc, res, n));
}

/* Charge all of the request at all levels, or nothing of it. */
static enum bc_verdict bc_grant(struct beancounter *bc, struct bc_request *rq,
				struct bc_event *event)
{
	enum bc_verdict verdict = bc_check(bc, rq, event);
	const struct bc_want *want;

	if (unlikely(verdict != BC_GRANTED))
		return verdict;
	for (want = rq->want; want < rq->want + BC_WANTS; want++) {
		if (rq->severity >= BC_EXCESS)
			bc_count_forced(bc, want, event);
		bc_add(bc, want->res, want->n);
	}
	return BC_GRANTED;
}

/* Is the request for bytes or files, which are in the first word? */
static bool bc_wants_word(const struct bc_request *rq)
{
	return (rq->want[0].n && rq->want[0].res == BC_NUMFILE) ||
	       (rq->want[1].n && rq->want[1].res == BC_KMEMSIZE);
}

/*
 * Decide about a request under the lock of the tree; where words have to be closed in
 * parts, in several holds of it. @charge is false for who only wants to know.
 */
static bool bc_decide(struct beancounter *bc, struct bc_request *rq,
		      bool charge)
{
	enum bc_verdict verdict;
	struct bc_event event;
	unsigned long flags;

	bc_event_init(&event);
	bc_lock(bc, flags);
	for (;;) {
		/* Only the first of the two wants has a lane. */
		if (charge && rq->want[0].n)
			bc_empty_lane(bc, rq->want[0].res);
		if (charge && bc_wants_word(rq))
			bc_near_empty(bc);
		verdict = charge ? bc_grant(bc, rq, &event) :
				   bc_check(bc, rq, &event);
		if (likely(verdict != BC_AGAIN))
			break;
		bc_pause(bc, flags);
	}
	bc_event_done(&event);
	if (charge && verdict == BC_GRANTED)
		bc_fill_after(bc, rq);
	bc_unlock(bc, flags);
	bc_event_trace(&event);
	return verdict == BC_GRANTED;
}

/**
 * bc_try_charge() - charge under the lock of the tree, without counting a refusal
 * @bc: payer
 * @rq: the request; on error @rq->over and @rq->refused say who refused what
 *
 * For callers that can make room and try again; a final refusal they report with
 * bc_refused().
 *
 * Context: Any in which @bc is pinned.
 * Return: 0 or -ENOMEM.
 */
int bc_try_charge(struct beancounter *bc, struct bc_request *rq)
{
	return bc_decide(bc, rq, true) ? 0 : -ENOMEM;
}

/*
 * Is there room at all levels? This reads the counters without the lock and takes the
 * contents of words for held, so there may be room even if the answer is no.
 */
static bool bc_seems_free(const struct beancounter *bc,
			  const struct bc_want *want, enum bc_severity severity)
{
	for (; bc; bc = bc->parent)
		/* An old value is as good as one that changes right after. */
		if (!data_race(bc_fits(&bc->res[want->res], want->n, severity)))
			return false;
	return true;
}

/**
 * bc_has_room() - is there room for a request, at this moment?
 * @bc: payer
 * @rq: the request; if there is no room, @rq->over and @rq->refused say who would
 *	refuse what
 *
 * Nothing is charged, and no refusal is counted.
 *
 * Context: Any in which @bc is pinned.
 * Return: false when there is none.
 */
bool bc_has_room(struct beancounter *bc, struct bc_request *rq)
{
	const struct bc_want *row = &rq->want[0];

	if (bc_seems_free(bc, row, rq->severity) &&
	    (!rq->want[1].n || bc_seems_free(bc, &rq->want[1], rq->severity)))
		return true;
	if (!rq->want[1].n &&
	    (bc_lane_covers(bc_stock_here(bc), row->res, row->n) ||
	     bc_lane_covers(&bc->near, row->res, row->n)))
		return true;
	/* Under the lock words are drained, as for a charge. */
	return bc_decide(bc, rq, false);
}

/* The lowest level that has both accounts at or below it. */
static const struct beancounter *bc_common(const struct beancounter *a,
					   const struct beancounter *b)
{
	while (!bc_below(a, b))
		b = b->parent;
	return b;
}

/* bc_transfer() within a tree: for the common levels only the difference counts. */
static int bc_transfer_near(struct beancounter *from, u64 less,
			    struct beancounter *to, struct bc_request *rq)
{
	enum bc_resource res = rq->want[0].res;
	enum bc_verdict verdict;
	struct bc_event event;
	unsigned long flags;
	unsigned int zero;

	bc_event_init(&event);
	event.same = bc_common(from, to);
	event.less = less;
	do {
		bc_lock(to, flags);
		bc_empty_lane(from, res);
		bc_empty_lane(to, res);
		zero = bc_sub(from, res, less);
		verdict = bc_grant(to, rq, &event);
		if (verdict != BC_GRANTED && less)
			bc_add_unheld(from, res, less);
		if (verdict != BC_AGAIN)
			bc_event_done(&event);
		bc_unlock(to, flags);
		bc_put_zero(from, zero);
	} while (unlikely(verdict == BC_AGAIN));
	bc_event_trace(&event);
	return verdict == BC_GRANTED ? 0 : -ENOMEM;
}

/**
 * bc_transfer() - one account takes over the charge of another
 * @from: the old payer, or NULL for nobody
 * @less: units that are given back to @from
 * @to: payer from now on, or NULL for nobody
 * @rq: request for the units of one resource that @to is charged
 *
 * Levels above both accounts never hold the units twice, or not at all.
 *
 * Context: Any in which both accounts are pinned.
 * Return: 0, or -ENOMEM if nothing was changed; @rq is for bc_refused() then.
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
	return res == BC_KMEMSIZE ?
		       n <= BC_STOCK_MAX && bc_word_take(stock, n) :
		       bc_lane_take(stock, res, n);
}

/* Take from this CPU's words or the words for all CPUs, if these have enough. */
static __always_inline bool bc_take(struct beancounter *bc,
				    enum bc_resource res, u64 n)
{
	return bc_take_from(bc_stock_here(bc), res, n) ||
	       bc_take_from(&bc->near, res, n);
}

/**
 * bc_take_apart() - take bytes and units of a lane, each where there are enough
 * @bc: payer
 * @bytes: of kmemsize
 * @item: a resource that has a lane
 * @items: units of @item
 *
 * What is missing in the words of this CPU is taken from the words for all CPUs.
 *
 * Context: Any in which @bc is pinned.
 * Return: false, with nothing taken, when these have too little, too.
 */
bool bc_take_apart(struct beancounter *bc, u64 bytes, enum bc_resource item,
		   u64 items)
{
	struct bc_stock *stock = bc_stock_here(bc);

	/* Look first, as in bc_take_here(). */
	if (bytes > BC_STOCK_MAX)
		return false;
	if (!bc_lane_covers(stock, item, items)) {
		stock = &bc->near;
		if (!bc_lane_covers(stock, item, items))
			return false;
	}
	if (!bc_take_bytes(bc, bytes))
		return false;
	if (likely(bc_lane_take(stock, item, items)))
		return true;
	bc_kmem_uncharge(bc, bytes);
	return false;
}

/**
 * bc_ask() - charge from a lane, or under the lock of the tree
 * @bc: payer
 * @rq: the request; on error @rq->over and @rq->refused say who refused what
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

/* The rest of bc_charge(), so that the usual way through it is short. */
static noinline int bc_charge_apart(struct beancounter *bc,
				    enum bc_resource res, u64 n,
				    enum bc_severity severity)
{
	struct bc_request rq = res == BC_KMEMSIZE ?
				       bc_object_request(n, 0, severity) :
				       BC_REQUEST(severity, res, n);

	if (bc_take_from(&bc->near, res, n) || likely(!bc_try_charge(bc, &rq)))
		return 0;
	if (!bc_trying())
		bc_refused(bc, &rq);
	return -ENOMEM;
}

/**
 * bc_charge() - charge a resource to an account
 * @bc: payer, or NULL for nobody
 * @res: resource
 * @n: units of @res
 * @severity: what to check against
 *
 * The charge is made at all levels or at none. A refusal is counted.
 *
 * Context: Any in which @bc is pinned, by its css or by a charge.
 * Return: 0, or -ENOMEM when it does not fit.
 */
int bc_charge(struct beancounter *bc, enum bc_resource res, u64 n,
	      enum bc_severity severity)
{
	if (!bc || !n || likely(bc_take_from(bc_stock_here(bc), res, n)))
		return 0;
	return bc_charge_apart(bc, res, n, severity);
}

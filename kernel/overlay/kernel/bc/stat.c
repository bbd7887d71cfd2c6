// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: reading the counters, setting barriers and limits, and closing an
 * account.
 */
#include <linux/bitops.h>

#include "stock.h"
#include <trace/events/beancounter.h>

/*
 * Does the limit follow the barrier? Not if it was written, if the barrier is unlimited,
 * or if the resource is a guarantee, which has no limit. Under the lock.
 */
static bool bc_follows(const struct beancounter *bc, enum bc_resource res)
{
	return !(bc->limit_set & BIT(res)) && !bc_is_guarantee(res) &&
	       bc->res[res].barrier < BC_MAX;
}

/**
 * bc_stat_get() - all figures of one resource; sampled ones as they were added up last
 * @bc: account
 * @res: resource
 * @stat: where to put them
 *
 * For callers that read several resources and call bc_phys_sum() once before.
 *
 * Context: Any in which @bc is pinned, but under a lock of the accounts.
 */
void bc_stat_get(struct beancounter *bc, enum bc_resource res,
		 struct bc_stat *stat)
{
	unsigned long flags;
	u64 stocks, low;

	bc_lock(bc, flags);
	bc_stock_sum(bc, &flags, res, &stocks, &low);
	stat->counter = bc->res[res];
	stat->follows = bc_follows(bc, res);
	bc_unlock(bc, flags);
	/* Words may change while they are added up, but not at rest. */
	stat->held = stat->counter.usage - min(stocks, stat->counter.usage);
	if (bc_lane_of(res).bits)
		stat->counter.maxheld = max(
			stat->counter.maxheld,
			stat->counter.usage - min(low, stat->counter.usage));
}

/**
 * bc_stat_read() - all figures of one resource
 * @bc: account
 * @res: resource
 * @stat: where to put them
 *
 * Takes longer the more groups below have stocks or, for sampled resources, address
 * spaces; idle groups do not matter. The lock is released in between.
 *
 * Context: Any in which @bc is pinned, but under a lock of the accounts.
 */
void bc_stat_read(struct beancounter *bc, enum bc_resource res,
		  struct bc_stat *stat)
{
	if (bc_is_sampled(res))
		bc_phys_sum(bc);
	bc_stat_get(bc, res, stat);
}

/**
 * bc_limit_shown() - a limit as the administrator wrote it
 * @bc: account
 * @res: resource
 *
 * Context: Any in which @bc is pinned.
 * Return: Units of @res, or BC_AUTO where it follows the barrier.
 */
u64 bc_limit_shown(struct beancounter *bc, enum bc_resource res)
{
	const struct bc_counter *c = &bc->res[res];
	unsigned long flags;
	u64 limit;

	bc_lock(bc, flags);
	limit = bc_follows(bc, res) ? BC_AUTO : c->limit;
	bc_unlock(bc, flags);
	return limit;
}

/**
 * bc_limits_apply() - change barriers or limits, or reset maxheld
 * @bc: account
 * @kind: which of them
 * @limits: the new values
 *
 * A value below held is accepted: it refuses requests from now on.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_limits_apply(struct beancounter *bc, enum bc_limit_kind kind,
		     const struct bc_limits *limits)
{
	struct bc_sum sum = {};
	bool sampled = false;
	unsigned long flags;
	int i;

	bc_lock(bc, flags);
	/* The stocks were filled according to the old values. */
	bc_drain_all(bc, &flags, &sum);
	for_each_set_bit(i, &limits->set, BC_NR_RESOURCES) {
		struct bc_counter *c = &bc->res[i];

		switch (kind) {
		case BC_SET_BARRIER:
			WRITE_ONCE(c->barrier, limits->value[i]);
			if (bc_follows(bc, i))
				c->limit = bc_limit_of(c->barrier);
			else if (!(bc->limit_set & BIT(i)))
				c->limit = BC_MAX;
			break;
		case BC_SET_LIMIT:
			if (limits->value[i] == BC_AUTO) {
				bc->limit_set &= ~BIT(i);
				c->limit = bc_follows(bc, i) ?
						   bc_limit_of(c->barrier) :
						   BC_MAX;
			} else {
				bc->limit_set |= BIT(i);
				c->limit = limits->value[i];
			}
			break;
		case BC_RESET_MAXHELD:
			WRITE_ONCE(c->maxheld, bc_is_charged(i) ? c->usage : 0);
			sampled |= bc_is_sampled(i);
			break;
		}
	}
	bc_unlock(bc, flags);
	if (bc_sum_any(&sum))
		trace_bc_drain(bc->id, &sum);
	if (sampled)
		bc_phys_sum(bc);
}

/**
 * bc_close() - the group goes away: close its stocks for good
 * @bc: account
 *
 * From now on every uncharge reaches the counters at once, so the account is freed
 * with its last byte.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_close(struct beancounter *bc)
{
	struct bc_sum closed = {};
	unsigned long flags;

	bc_lock(bc, flags);
	bc->offline = true;
	while (bc->open && !bc_close_words(bc, &closed))
		bc_pause(bc, flags);
	bc_unlock(bc, flags);
}

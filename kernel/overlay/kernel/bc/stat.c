// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: reading the counters, setting barriers and limits, and the end
 * of an account.
 */
#include <linux/bitops.h>

#include "stock.h"
#include <trace/events/beancounter.h>

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
	unsigned long flags;
	u64 stocks;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	stocks = bc_stock_sum(bc, res);
	if (!bc_is_charged(res))
		bc->res[res].usage = bc_phys_sum(bc);
	stat->counter = bc->res[res];
	stat->follows = !(bc->limit_set & BIT(res)) &&
			stat->counter.barrier < BC_MAX;
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
	/* Words move while they are summed up, but not at rest. */
	stat->held = stat->counter.usage - min(stocks, stat->counter.usage);
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
	struct bc_sum sum = {};
	unsigned long flags;
	bool drained;
	int i;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	/* What the stocks hold was checked against the old values. */
	drained = bc_drain(bc, &sum);
	for_each_set_bit(i, &limits->set, BC_NR_RESOURCES) {
		struct bc_counter *c = &bc->res[i];

		switch (kind) {
		case BC_SET_BARRIER:
			c->barrier = limits->value[i];
			if (!(bc->limit_set & BIT(i)))
				c->limit = bc_limit_of(c->barrier);
			break;
		case BC_SET_LIMIT:
			if (limits->value[i] == BC_AUTO) {
				bc->limit_set &= ~BIT(i);
				c->limit = bc_limit_of(c->barrier);
			} else {
				bc->limit_set |= BIT(i);
				c->limit = limits->value[i];
			}
			break;
		case BC_RESET_MAXHELD:
			if (!bc_is_charged(i))
				c->usage = bc_phys_sum(bc);
			c->maxheld = c->usage;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
	if (drained)
		trace_bc_drain(bc->id, &sum);
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
	struct bc_sum closed = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&bc->top->lock, flags);
	bc->offline = true;
	if (bc->open)
		bc_close_words(bc, &closed);
	raw_spin_unlock_irqrestore(&bc->top->lock, flags);
}

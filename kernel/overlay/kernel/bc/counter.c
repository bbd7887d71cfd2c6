// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the arithmetic of the counters, level by level.
 *
 * All functions but bc_put_zero() and bc_drop_zero() are called under the lock of the
 * tree, and none of them decides anything: charge.c grants and refuses requests,
 * stock.c and drain.c handle the words.
 */
#include "internal.h"

static struct beancounter *bc_over(struct beancounter *bc,
				   const struct bc_want *want,
				   enum bc_severity severity)
{
	for (; bc; bc = bc->parent)
		if (!bc_fits(&bc->res[want->res], want->n, severity))
			return bc;
	return NULL;
}

/**
 * bc_find_over() - does a request fit at all levels?
 * @bc: lowest level
 * @rq: the request; @rq->over and @rq->refused say where and what does not fit
 *
 * Context: Under the lock of the tree.
 * Return: false when it fits.
 */
bool bc_find_over(struct beancounter *bc, struct bc_request *rq)
{
	const struct bc_want *want;

	lockdep_assert_held(&bc->top->lock);
	for (want = rq->want; want < rq->want + BC_WANTS; want++) {
		if (!want->n)
			continue;
		rq->over = bc_over(bc, want, rq->severity);
		if (unlikely(rq->over)) {
			rq->refused = want;
			return true;
		}
	}
	return false;
}

/**
 * bc_add() - add to the counters of all levels
 * @bc: lowest level
 * @res: resource
 * @n: units of @res
 *
 * Context: Under the lock of the tree.
 */
void bc_add(struct beancounter *bc, enum bc_resource res, u64 n)
{
	if (n)
		__bc_add(bc, res, n, true);
}

/**
 * bc_add_unheld() - add units that nobody holds to the counters
 * @bc: lowest level
 * @res: resource
 * @n: units of @res, not 0
 *
 * maxheld stays as it is: it includes the units already, or will when they are held.
 *
 * Context: Under the lock of the tree.
 */
void bc_add_unheld(struct beancounter *bc, enum bc_resource res, u64 n)
{
	__bc_add(bc, res, n, false);
}

/**
 * bc_sub() - take units off the counters of all levels
 * @bc: lowest level
 * @res: resource
 * @n: units of @res
 *
 * Context: Under the lock of the tree.
 * Return: How many of the lowest levels came to zero. The caller drops one
 * reference to each, without the lock if it may be the last one.
 */
unsigned int bc_sub(struct beancounter *bc, enum bc_resource res, u64 n)
{
	bool underflow = false;
	unsigned int zero = 0;

	lockdep_assert_held(&bc->top->lock);
	if (!n)
		return 0;
	do {
		struct bc_counter *c = &bc->res[res];

		if (unlikely(c->usage < n)) {
			underflow = true;
			c->usage = n;
		}
		c->usage -= n;
		/* When a level is at zero, all levels below it are. */
		if (unlikely(!c->usage))
			zero++;
		bc = bc->parent;
	} while (bc);
	/* There is a bug: leak the account rather than free it too early. */
	if (WARN_ONCE(underflow, "bc: %s underflow by a charge of %llu\n",
		      bc_resources[res].name, n))
		return 0;
	return zero;
}

/**
 * bc_note_peak() - update maxheld of all levels before the counters change
 * @bc: lowest level
 * @res: resource
 * @low: the least that lanes had since the counters changed last
 *
 * At some time since then each level held all of its usage but @low.
 *
 * Context: Under the lock of the tree.
 */
void bc_note_peak(struct beancounter *bc, enum bc_resource res, u64 low)
{
	for (; bc; bc = bc->parent) {
		struct bc_counter *c = &bc->res[res];
		u64 peak = c->usage - min(low, c->usage);

		if (peak > c->maxheld)
			WRITE_ONCE(c->maxheld, peak);
	}
}

/**
 * bc_put_zero() - drop the references of levels that came to zero
 * @bc: lowest level
 * @zero: what bc_sub() returned
 *
 * May free the account.
 *
 * Context: Any but under the lock of the tree.
 */
void bc_put_zero(struct beancounter *bc, unsigned int zero)
{
	struct beancounter *parent;

	for (; unlikely(zero); zero--, bc = parent) {
		parent = bc->parent;
		bc_put(bc);
	}
}

/**
 * bc_drop_zero() - bc_put_zero() where none of the references is the last
 * @bc: lowest level, which its css pins
 * @zero: what bc_sub() returned
 *
 * Context: Any.
 */
void bc_drop_zero(struct beancounter *bc, unsigned int zero)
{
	for (; zero; zero--, bc = bc->parent)
		refcount_dec(&bc->refs);
}

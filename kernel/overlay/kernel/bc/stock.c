// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the stocks, opened and filled.
 *
 * The fast path is in stock.h: one compare-and-exchange on the word of this
 * CPU. This file has the operations on words that take the lock of the tree.
 *
 * A word may be open only while no level is above its barrier, because its units
 * are handed out without a check. The words of a CPU are opened if there is room
 * enough for all CPUs, and filled in advance. The words for all CPUs are opened
 * nearer the barrier, when units are given back.
 */
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "stock.h"

s64 bc_stock_room __read_mostly;

/* A refill is the room shifted by this: one CPU's share of a quarter of it. */
static unsigned int bc_stock_share(void)
{
	return ilog2(nr_cpu_ids) + 2;
}

/**
 * bc_stock_init() - compute how near its barrier a group has no stocks of CPUs
 *
 * Context: Any; not before the number of possible CPUs is known.
 */
void bc_stock_init(void)
{
	WRITE_ONCE(bc_stock_room, BC_STOCK_MIN << bc_stock_share());
}

/* Is the group, or a level above, being drained in parts? Then no word is opened. */
static bool bc_drained(const struct beancounter *bc)
{
	for (; bc; bc = bc->parent)
		if (unlikely(bc->drains))
			return true;
	return false;
}

/*
 * How much may be left in the stock of this CPU, after a charge of bytes and files:
 * of either, if the word has less than was charged, an equal share of a part of the
 * room. Towards the barrier the share falls to nothing, and every request is checked
 * under the lock. Above the barrier of either resource no word may be open.
 */
static u64 bc_batch(struct beancounter *bc, u64 n)
{
	s64 word = atomic64_read(&raw_cpu_ptr(bc->stock)->word);
	s64 room = bc_room_all(bc, BC_KMEMSIZE);
	s64 files = bc_room_all(bc, BC_NUMFILE);
	unsigned int share = bc_stock_share();
	u64 batch = 0;

	if (room < bc_stock_room || files < 0 ||
	    bc_bytes_of(n) > BC_STOCK_BATCH || bc->offline || bc_drained(bc))
		return 0;
	word = max(word, 0);
	if (bc_bytes_of(word) < bc_bytes_of(n))
		batch = min(room >> share, BC_STOCK_BATCH);
	if (bc_files_of(word) < bc_files_of(n))
		batch += min(files >> share, BC_STOCK_FILES) * BC_FILE;
	return batch;
}

/**
 * bc_fill() - leave bytes and files in this CPU's word, if there is room
 * @bc: account
 * @n: bytes and files that were charged just now
 *
 * Context: Under the lock of the tree.
 */
void bc_fill(struct beancounter *bc, u64 n)
{
	u64 batch = bc_batch(bc, n);

	if (!batch)
		return;
	bc_add(bc, BC_NUMFILE, bc_files_of(batch));
	bc_add(bc, BC_KMEMSIZE, bc_bytes_of(batch));
	bc_refill(bc, batch);
}

/**
 * bc_may_open() - may freed units open this CPU's word?
 * @bc: account
 * @n: bytes and files
 *
 * Context: Under the lock of the tree.
 * Return: true when so much may be left in the word.
 */
bool bc_may_open(struct beancounter *bc, u64 n)
{
	return bc_bytes_of(bc_batch(bc, n)) >= bc_bytes_of(n);
}

/* A word, or a lane, is about to be opened. */
static void bc_open(struct beancounter *bc, unsigned int nr)
{
	lockdep_assert_held(&bc->top->lock);
	if (!bc->open) {
		bc->open = true;
		bc_branch_grow(bc, BC_OPEN_WORDS);
	}
	__set_bit(nr, bc->open_cpus);
}

/*
 * May units that are given back wait for the next request? They would stay in the
 * counters of all levels, so no level may be above its barrier.
 */
static bool bc_may_keep(struct beancounter *bc, enum bc_resource res)
{
	return !bc->offline && bc_room_all(bc, res) >= 0 && !bc_drained(bc);
}

/**
 * bc_refill() - leave bytes and files in this CPU's word, opening it
 * @bc: account
 * @n: bytes and files, charged already
 *
 * Context: Under the lock of the tree.
 */
void bc_refill(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);

	bc_open(bc, raw_smp_processor_id());
	while (!atomic64_try_cmpxchg(word, &old, max(old, 0) + n))
		;
}

/**
 * bc_near_keep() - leave units that are given back in the word for all CPUs, opening it
 * @bc: account
 * @n: bytes and files, which stay in the counters
 *
 * maxheld need not change, because the units were held.
 *
 * Context: Under the lock of the tree.
 * Return: false when the word is open and has no room for them, or may not be opened.
 */
bool bc_near_keep(struct beancounter *bc, u64 n)
{
	if (!bc_word_closed(&bc->near))
		return bc_near_give(bc, n);
	if ((n & BC_NEAR_FULL) || !bc_may_keep(bc, BC_KMEMSIZE) ||
	    !bc_may_keep(bc, BC_NUMFILE))
		return false;
	bc_open(bc, nr_cpu_ids);
	/* Nobody else writes to a closed word. */
	atomic64_set(&bc->near.word, n);
	return true;
}

/**
 * bc_near_empty() - take the units in the word for all CPUs off the counters
 * @bc: account
 *
 * Called before a charge in the counters, for which the word has too little: else its
 * units would count beside the request, as if they were held.
 *
 * Context: Under the lock of the tree.
 */
void bc_near_empty(struct beancounter *bc)
{
	s64 old = atomic64_read(&bc->near.word);

	if (likely(old <= 0))
		return;
	while (!atomic64_try_cmpxchg(&bc->near.word, &old, 0))
		;
	/* A group with an open word is online, so its css pins the account. */
	bc_drop_zero(bc, bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(old)));
	bc_drop_zero(bc, bc_sub(bc, BC_NUMFILE, bc_files_of(old)));
}

/* Add to a lane, opening it; the caller has set @low. */
static void bc_lane_put(struct bc_stock *stock, struct bc_lane lane, u64 n)
{
	u64 closed = bc_lane_none(lane) | bc_lane_none(lane) >> 1, new;
	atomic64_t *word = bc_lane_word(stock, lane);
	s64 old = atomic64_read(word);

	do {
		new = old + (n << lane.shift);
		if (old & bc_lane_none(lane))
			new -= closed;
	} while (!atomic64_try_cmpxchg(word, &old, new));
}

/**
 * bc_lane_fill() - leave units in this CPU's lane, if there is room
 * @bc: account
 * @res: resource
 * @n: units of it that were charged just now
 *
 * If the lane has less than was charged, an equal share of a part of the room is
 * added, as in the first word, and the lane is opened.
 *
 * Context: Under the lock of the tree.
 */
void bc_lane_fill(struct beancounter *bc, enum bc_resource res, u64 n)
{
	struct bc_stock *stock = bc_stock_here(bc);
	struct bc_lane lane = bc_lane_of(res);
	s64 room;

	if (n > lane.max || bc->offline || bc_lane_covers(stock, res, n) ||
	    bc_drained(bc))
		return;
	room = min(bc_room_all(bc, res) >> bc_stock_share(), (s64)lane.batch);
	if (room < (s64)lane.least)
		return;
	bc_add_unheld(bc, res, room);
	bc_open(bc, raw_smp_processor_id());
	/* The counters have changed just now. Others that take from the lane lower it. */
	WRITE_ONCE(stock->low[lane.nr], U32_MAX);
	bc_lane_put(stock, lane, room);
	bc_lane_lower(&stock->low[lane.nr],
		      bc_lane_has(lane, bc_lane_read(stock, lane)));
}

/**
 * bc_lane_keep() - leave units that are given back in the lane for all CPUs, opening it
 * @bc: account
 * @res: resource
 * @n: units of it, which stay in the counters
 *
 * It is not opened if there is room enough for lanes of the CPUs.
 *
 * Context: Under the lock of the tree.
 * Return: false when that lane is full, or may not be opened, or this CPU's lane is open.
 */
bool bc_lane_keep(struct beancounter *bc, enum bc_resource res, u64 n)
{
	struct bc_lane lane = bc_lane_of(res);

	if (n > lane.max || !bc_lane_closed(bc_stock_here(bc), lane))
		return false;
	if (!bc_lane_closed(&bc->near, lane))
		return bc_lane_give(&bc->near, res, n);
	if (!bc_may_keep(bc, res) ||
	    bc_room_all(bc, res) >> bc_stock_share() >= (s64)lane.least)
		return false;
	/* Until now the lane was empty, so all units in the counters were held. */
	WRITE_ONCE(bc->near.low[lane.nr], 0);
	bc_open(bc, nr_cpu_ids);
	bc_lane_put(&bc->near, lane, n);
	return true;
}

/*
 * Return the least that a lane had until now, and start again from the units that it
 * has now. Other CPUs take from the lane and put into it all the time: the minimum
 * before the exchange is returned, the minimum after it stays in @low.
 */
static u64 bc_lane_renew(struct bc_stock *stock, struct bc_lane lane)
{
	u32 *low = &stock->low[lane.nr];
	u32 old;

	if (bc_lane_closed(stock, lane))
		return 0;
	old = xchg(low, bc_lane_has(lane, bc_lane_read(stock, lane)));
	bc_lane_lower(low, bc_lane_has(lane, bc_lane_read(stock, lane)));
	return old;
}

/* Leave no more than @keep units in a lane; returns how many were taken out. */
static u64 bc_lane_cut(struct bc_stock *stock, struct bc_lane lane, u64 keep)
{
	atomic64_t *word = bc_lane_word(stock, lane);
	s64 old = atomic64_read(word);
	u64 more;

	do {
		more = bc_lane_has(lane, old);
		if (more <= keep)
			return 0;
		more -= keep;
	} while (!atomic64_try_cmpxchg(word, &old, old - (more << lane.shift)));
	return more;
}

/**
 * bc_lane_trim() - trim this CPU's lanes, and update maxheld, before the counters change
 * @bc: account
 * @res: resource
 * @keep: units that may stay in each lane: the CPU's own, and the one for all CPUs
 *
 * The units in the lanes of other CPUs count as held, so maxheld is not too low for
 * charges that have returned, unless a task moves to another CPU between the look-up of
 * a lane and the exchange. If only one CPU works for the group maxheld is exact. It is
 * updated after the cut, so that units that others took and gave back before the cut are
 * not missed.
 *
 * Context: Under the lock of the tree.
 * Return: The units that were taken out, which are still in the counters.
 */
u64 bc_lane_trim(struct beancounter *bc, enum bc_resource res, u64 keep)
{
	struct bc_stock *here = bc_stock_here(bc), *near = &bc->near;
	struct bc_lane lane = bc_lane_of(res);
	u64 more, low;

	lockdep_assert_held(&bc->top->lock);
	if (!lane.bits)
		return 0;
	more = bc_lane_cut(here, lane, keep) + bc_lane_cut(near, lane, keep);
	low = bc_lane_renew(here, lane) + bc_lane_renew(near, lane);
	bc_note_peak(bc, res, low);
	return more;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the stocks, closed and added up.
 *
 * Once the holder of the tree's lock has closed the words of a subtree, the counters
 * have what its objects hold, and no more. Many groups may have open words, so the
 * words are closed a part at a time, and the lock is released in between; closed words
 * stay closed until all of them are.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>

#include "stock.h"

/*
 * So many words are closed in one hold of the lock, and so many are added up in one. A
 * group has a word for each possible CPU. Interrupts are off meanwhile. If the words of a
 * small tree were closed in several holds, maxheld of a lane would become too high.
 */
#define BC_DRAIN_WORDS 32
#define BC_SUM_WORDS 24

/**
 * struct bc_lanes_sum - the contents of the lanes of some CPUs
 * @has: units, by the number of the lane
 * @low: the least that they were, as far as is known
 */
struct bc_lanes_sum {
	u32 has[BC_NR_LANES];
	u32 low[BC_NR_LANES];
};

/* The resource of each lane. */
static const u8 bc_lane_res[BC_NR_LANES] = {
	BC_PRIVVMPAGES,	 BC_SHMPAGES,	  BC_NUMPROC,	  BC_NUMTCPSOCK,
	BC_NUMOTHERSOCK, BC_NUMFLOCK,	  BC_NUMSIGINFO,  BC_TCPSNDBUF,
	BC_TCPRCVBUF,	 BC_OTHERSOCKBUF, BC_DGRAMRCVBUF, BC_DCACHESIZE,
};

/* The units that were in the lanes of a group leave the counters. */
static void bc_sub_lanes(struct beancounter *bc,
			 const struct bc_lanes_sum *lanes, struct bc_sum *sum)
{
	int nr;

	for (nr = 0; nr < BC_NR_LANES; nr++) {
		if (!lanes->has[nr])
			continue;
		sum->lanes = true;
		bc_note_peak(bc, bc_lane_res[nr], lanes->low[nr]);
		/* A group with an open word is online, so its css pins the account. */
		bc_drop_zero(bc, bc_sub(bc, bc_lane_res[nr], lanes->has[nr]));
	}
}

/* The least that a lane had, up to the time when its word was read as @word. */
static u64 bc_lane_low(struct bc_lane lane, const struct bc_stock *stock,
		       u64 word)
{
	return min_t(u64, READ_ONCE(stock->low[lane.nr]),
		     bc_lane_has(lane, word));
}

/* Close the lanes of one word. Returns its contents, 0 if it was closed. */
static u64 bc_close_lane_word(struct bc_stock *stock, unsigned int i)
{
	u64 word = atomic64_xchg(&stock->lanes[i], bc_lanes_closed(i));

	return word == bc_lanes_closed(i) ? 0 : word;
}

/* Add the units of a lane in a word that has been closed; @res is a constant. */
static __always_inline void bc_add_lane(const struct bc_stock *stock,
					enum bc_resource res, u64 word,
					struct bc_lanes_sum *sum)
{
	struct bc_lane lane = bc_lane_of(res);
	u32 has = bc_lane_has(lane, word);

	if (!has)
		return;
	sum->has[lane.nr] += has;
	sum->low[lane.nr] += bc_lane_low(lane, stock, word);
}

/* Close the lanes of one stock, and add up the units that were in them. */
static void bc_close_lanes(struct bc_stock *stock, struct bc_lanes_sum *sum)
{
	u64 word = bc_close_lane_word(stock, 0);

	if (word) {
		bc_add_lane(stock, BC_PRIVVMPAGES, word, sum);
		bc_add_lane(stock, BC_SHMPAGES, word, sum);
		bc_add_lane(stock, BC_NUMPROC, word, sum);
		bc_add_lane(stock, BC_NUMTCPSOCK, word, sum);
		bc_add_lane(stock, BC_NUMOTHERSOCK, word, sum);
		bc_add_lane(stock, BC_NUMFLOCK, word, sum);
		bc_add_lane(stock, BC_NUMSIGINFO, word, sum);
	}
	word = bc_close_lane_word(stock, 1);
	bc_add_lane(stock, BC_TCPSNDBUF, word, sum);
	bc_add_lane(stock, BC_TCPRCVBUF, word, sum);
	word = bc_close_lane_word(stock, 2);
	bc_add_lane(stock, BC_OTHERSOCKBUF, word, sum);
	bc_add_lane(stock, BC_DGRAMRCVBUF, word, sum);
	bc_add_lane(stock, BC_DCACHESIZE, bc_close_lane_word(stock, 3), sum);
}

/* Close up to @words words of a group. Returns how many of @words are left. */
static int bc_close_some(struct beancounter *bc, int words, struct bc_sum *sum)
{
	struct bc_lanes_sum lanes = {};
	unsigned int nr;
	u64 all = 0;

	for_each_set_bit(nr, bc->open_cpus, bc_nr_stocks()) {
		struct bc_stock *stock = bc_stock_nr(bc, nr);
		s64 word;

		if (!words)
			break;
		words--;
		word = atomic64_xchg(&stock->word, BC_STOCK_CLOSED);
		/* The first word was closed if only lanes were in use. */
		all += max(word, 0);
		bc_close_lanes(stock, &lanes);
		__clear_bit(nr, bc->open_cpus);
	}
	bc_sub_lanes(bc, &lanes, sum);
	/* A group with an open word is online, so its css pins the account. */
	bc_drop_zero(bc, bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(all)));
	bc_drop_zero(bc, bc_sub(bc, BC_NUMFILE, bc_files_of(all)));
	sum->bytes += bc_bytes_of(all);
	sum->files += bc_files_of(all);
	if (nr >= bc_nr_stocks()) {
		bc->open = false;
		bc_branch_cut(bc, BC_OPEN_WORDS);
	}
	return words;
}

/**
 * bc_close_words() - close words of one group, BC_DRAIN_WORDS at a time
 * @bc: account, online and with open words
 * @sum: their contents are added to this, and are off the counters now
 *
 * Context: Under the lock of the tree.
 * Return: true when no word of the group is open.
 */
bool bc_close_words(struct beancounter *bc, struct bc_sum *sum)
{
	lockdep_assert_held(&bc->top->lock);
	bc_close_some(bc, BC_DRAIN_WORDS, sum);
	return !bc->open;
}

/**
 * bc_drain() - recover stocks at and below a group, BC_DRAIN_WORDS at a time
 * @root: the group
 * @sum: their contents are added to this, and are off the counters now
 *
 * When it returns false, the caller releases the lock and comes back, see
 * bc_drain_begin().
 *
 * Context: Under the lock of the tree.
 * Return: true when no word is open at and below @root.
 */
bool bc_drain(struct beancounter *root, struct bc_sum *sum)
{
	struct beancounter *bc, *next;
	int words = BC_DRAIN_WORDS;

	lockdep_assert_held(&root->top->lock);
	for (bc = root; bc; bc = next) {
		/* Look up the next now: once closed, @bc may be in no list. */
		next = bc_branch_next(bc, root, BC_OPEN_WORDS);
		if (!bc->open)
			continue;
		if (!words)
			return false;
		words = bc_close_some(bc, words, sum);
		if (bc->open)
			return false;
	}
	return true;
}

/**
 * bc_drain_begin() - open no word at and below a group, until bc_drain_end()
 * @root: the group
 *
 * For a drain that takes several holds of the lock: words that were closed in one of
 * them are still closed in the next. The task that drains is not preempted until
 * bc_drain_end(), because all others have to take the lock for each request meanwhile.
 *
 * Context: Under the lock of the tree.
 */
void bc_drain_begin(struct beancounter *root)
{
	lockdep_assert_held(&root->top->lock);
	preempt_disable();
	root->drains++;
}

/**
 * bc_drain_end() - words may be opened again
 * @root: the group
 *
 * Context: Under the lock of the tree.
 */
void bc_drain_end(struct beancounter *root)
{
	lockdep_assert_held(&root->top->lock);
	root->drains--;
	preempt_enable();
}

/**
 * bc_drain_all() - recover all stocks at and below a group
 * @root: the group
 * @flags: of bc_lock()
 * @sum: their contents are added to this, and are off the counters now
 *
 * If many words are open the lock is released in between. On return none is open.
 *
 * Context: Under the lock of the tree, and no other of the accounts; @root is pinned.
 */
void bc_drain_all(struct beancounter *root, unsigned long *flags,
		  struct bc_sum *sum) __must_hold(&root->top->lock)
{
	if (likely(bc_drain(root, sum)))
		return;
	bc_drain_begin(root);
	do
		bc_pause(root, *flags);
	while (!bc_drain(root, sum));
	bc_drain_end(root);
}

/* The units of a resource in one stock, and the least that its lane had. */
static u64 bc_stock_has(const struct bc_stock *stock, enum bc_resource res,
			u64 *low)
{
	struct bc_lane lane = bc_lane_of(res);
	s64 word = max(atomic64_read(&stock->word), 0);
	u64 lanes;

	if (!lane.bits)
		return res == BC_KMEMSIZE ? bc_bytes_of(word) :
					    bc_files_of(word);
	lanes = bc_lane_read(stock, lane);
	*low += bc_lane_low(lane, stock, lanes);
	return bc_lane_has(lane, lanes);
}

/*
 * Add up the units in the stocks of one group, from number @nr on, and count down @words
 * for each. Returns the number at which it has stopped because @words is 0.
 */
static unsigned int bc_group_sum(struct beancounter *bc, enum bc_resource res,
				 unsigned int nr, int *words, u64 *sum,
				 u64 *low)
{
	for_each_set_bit_from(nr, bc->open_cpus, bc_nr_stocks()) {
		if (!*words)
			break;
		*sum += bc_stock_has(bc_stock_nr(bc, nr), res, low);
		--*words;
	}
	return nr;
}

/* Release the lock in the middle of a walk, and drop the reference of the last pause. */
static void bc_sum_pause(struct beancounter *at, struct beancounter *before,
			 unsigned long *flags) __must_hold(&at->top->lock)
{
	/* The group is in the lists, so its account is not freed. */
	refcount_inc(&at->refs);
	at->readers++;
	bc_unlock(at, *flags);
	if (before)
		bc_put(before);
	bc_lock(at, *flags);
	at->readers--;
}

/**
 * bc_stock_sum() - add up the units in the stocks at and below a group
 * @root: the group
 * @flags: of bc_lock()
 * @res: resource
 * @sum: where to store the sum, in units of @res
 * @low: where to store the least that the lanes had since the counters changed last;
 *	these units are in the counters, but were not held all the time; 0 if @res has
 *	no lane
 *
 * Words may change during the walk, but not at rest. If many are open the lock is
 * released in between; no word is closed.
 *
 * Context: Under the lock of the tree, and no other of the accounts; @root is pinned.
 */
void bc_stock_sum(struct beancounter *root, unsigned long *flags,
		  enum bc_resource res, u64 *sum, u64 *low)
	__must_hold(&root->top->lock)
{
	struct beancounter *bc = root, *next, *at = NULL;
	int words = BC_SUM_WORDS;
	unsigned int nr = 0;

	*sum = 0;
	*low = 0;
	while (bc && bc_is_stocked(res)) {
		next = bc;
		nr = bc_group_sum(bc, res, nr, &words, sum, low);
		if (nr >= bc_nr_stocks()) {
			nr = 0;
			next = bc_branch_next(bc, root, BC_OPEN_WORDS);
			/* It may be in the lists only because this walk has paused. */
			if (bc == at)
				bc_branch_cut(bc, BC_OPEN_WORDS);
		}
		if (next && !words) {
			bc_sum_pause(next, at, flags);
			at = next;
			words = BC_SUM_WORDS;
		}
		bc = next;
	}
	if (unlikely(at)) {
		bc_unlock(root, *flags);
		bc_put(at);
		bc_lock(root, *flags);
	}
}

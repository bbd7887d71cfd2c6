// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: giving back.
 *
 * Units that are given back go into a word: the word of this CPU, or near a barrier
 * the word for all CPUs. If no word takes them, they are taken off the counters of the
 * group and of all its ancestors. The account of a removed group is freed with the last
 * unit of its last resource.
 */
#include <linux/minmax.h>

#include "charge.h"

/**
 * bc_give_back() - give back units that no word took, under the lock of the tree
 * @bc: payer
 * @want: the charged amounts of BC_WANTS resources
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
		/* No lane took them: if one is full, take most of its units, too. */
		if (n)
			n += bc_lane_trim(bc, res, bc_lane_of(res).batch);
		zero[i] = bc_sub(bc, res, n);
	}
	bc_unlock(bc, flags);
	for (i = 0; i < BC_WANTS; i++)
		bc_put_zero(bc, zero[i]);
}

/*
 * A word did not take the units. If it is full, reduce it to so many bytes and files.
 * Returns the units that were taken out, which the caller gives back with the others.
 */
static u64 bc_trim_word(atomic64_t *word, s64 bytes, u32 files)
{
	s64 old = atomic64_read(word);
	u64 new;

	while (old > bytes) {
		new = min_t(u32, bc_bytes_of(old), bytes) +
		      min_t(u32, bc_files_of(old), files) * BC_FILE;
		if (atomic64_try_cmpxchg(word, &old, new))
			return old - new;
	}
	return 0;
}

/*
 * Try to keep units for the next request, so that they stay in the counters: in the
 * word of this CPU, which is opened if it may have so much, else in the word for all
 * CPUs. Returns false if neither may have them.
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

/*
 * Give back where this CPU's word is closed. Returns false, with nothing done, if a
 * counter may come to zero: then the account may go.
 */
static bool bc_uncharge_near(struct beancounter *bc, u64 n)
{
	unsigned long flags;
	bool done;

	bc_lock(bc, flags);
	done = bc_keep(bc, n);
	if (!done && bc->res[BC_KMEMSIZE].usage > bc_bytes_of(n) &&
	    (!bc_files_of(n) || bc->res[BC_NUMFILE].usage > bc_files_of(n))) {
		/* Units that stay in a full word pin the account, too. */
		n += bc_trim_word(&bc->near.word, BC_NEAR_KEEP,
				  BC_NEAR_FILES_MAX / 2);
		bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(n));
		bc_sub(bc, BC_NUMFILE, bc_files_of(n));
		done = true;
	}
	bc_unlock(bc, flags);
	return done;
}

/*
 * Give back where the word of this CPU is full, or where a counter comes to zero. The
 * word is trimmed under the lock: if the units were taken out of it before, they would
 * be neither in the word nor off the counters, and a request could be refused meanwhile
 * for which they would be enough.
 */
static void bc_uncharge_full(struct beancounter *bc, u64 n)
{
	unsigned int bytes, files;
	unsigned long flags;

	bc_lock(bc, flags);
	n += bc_trim_word(&bc_stock_here(bc)->word, BC_STOCK_KEEP,
			  BC_STOCK_FILES_MAX / 2);
	files = bc_sub(bc, BC_NUMFILE, bc_files_of(n));
	bytes = bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(n));
	bc_unlock(bc, flags);
	bc_put_zero(bc, files);
	bc_put_zero(bc, bytes);
}

/**
 * bc_kmem_uncharge_slow() - give back an object that the word of this CPU did not take
 * @bc: payer
 * @n: bytes of kmemsize, not 0, and BC_FILE or an item, see BC_ITEM_SHIFT
 *
 * May free the account.
 *
 * Context: Any.
 */
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n)
{
	if (unlikely(bc_item_of(n))) {
		/* The bytes pin the account until they are given back. */
		if (bc_item_of(n) != BC_NUMFLOCK ||
		    !bc_lane_give(bc_stock_here(bc), BC_NUMFLOCK, 1))
			bc_uncharge(bc, bc_item_of(n), 1);
		bc_kmem_uncharge(bc, bc_bytes_of(n));
		return;
	}
	if (likely(bc_word_closed(bc_stock_here(bc))) &&
	    (bc_near_give(bc, n) || likely(bc_uncharge_near(bc, n))))
		return;
	bc_uncharge_full(bc, n);
}

/* Give to the lane for all CPUs, which is used only while this CPU's lane is closed. */
static bool bc_lane_near_give(struct beancounter *bc, enum bc_resource res,
			      u64 n)
{
	struct bc_lane lane = bc_lane_of(res);

	/* If the resource has no lane, lane.max is 0. */
	return n <= lane.max && bc_lane_closed(bc_stock_here(bc), lane) &&
	       bc_lane_give(&bc->near, res, n);
}

static noinline void bc_uncharge_apart(struct beancounter *bc,
				       enum bc_resource res, u64 n)
{
	const struct bc_want want[BC_WANTS] = { { res, n } };

	if (!bc_lane_near_give(bc, res, n))
		bc_give_back(bc, want);
}

/**
 * bc_uncharge() - give a charge back
 * @bc: payer, or NULL for nobody
 * @res: resource
 * @n: units of @res
 *
 * The account of a removed group is freed with the last unit of its last resource,
 * so the caller must not touch it afterwards.
 *
 * Context: Any.
 */
void bc_uncharge(struct beancounter *bc, enum bc_resource res, u64 n)
{
	if (!bc || !n)
		return;
	if (res == BC_KMEMSIZE && n <= BC_STOCK_MAX)
		bc_kmem_uncharge(bc, n);
	else if (unlikely(!bc_lane_give(bc_stock_here(bc), res, n)))
		bc_uncharge_apart(bc, res, n);
}

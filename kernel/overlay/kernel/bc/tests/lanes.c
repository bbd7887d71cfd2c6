// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the lanes, the other words of a stock.
 *
 * As with the first word, lanes must not show, but in the time that a charge takes, and
 * in maxheld.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "util.h"

static bool bc_lane_wanted(enum bc_resource res)
{
	return bc_lane_of(res).bits;
}

static const void *bc_lane_gen_params(const void *prev, char *name)
{
	return bc_kunit_next_res(prev, name, bc_lane_wanted);
}

/* The units in this CPU's lane, or -1 when it is closed. */
static int bc_this_lane(struct beancounter *bc, enum bc_resource res)
{
	struct bc_lane lane = bc_lane_of(res);
	u64 word = bc_lane_read(raw_cpu_ptr(bc->stock), lane);

	return word & bc_lane_none(lane) ? -1 : bc_lane_has(lane, word);
}

/*
 * Every lane belongs to a stocked resource, no two lanes overlap, and each number of a
 * lane is used once. That the units of a lane come off the counter of its resource is
 * for lane_offline() to check.
 */
static void lane_table(struct kunit *test)
{
	enum bc_resource res;
	u64 all[BC_LANE_WORDS] = {}, closed[BC_LANE_WORDS] = {};
	unsigned long numbers = 0;
	int i;

	for (res = 0; res < BC_NR_RESOURCES; res++) {
		struct bc_lane lane = bc_lane_of(res);
		u64 none, bits;

		if (!lane.bits) {
			KUNIT_EXPECT_EQ(test, lane.max, 0);
			KUNIT_EXPECT_EQ(test, bc_is_stocked(res),
					res == BC_KMEMSIZE ||
						res == BC_NUMFILE);
			continue;
		}
		none = bc_lane_none(lane);
		bits = (((u64)1 << lane.bits) - 1) << lane.shift;
		KUNIT_EXPECT_TRUE(test, bc_is_stocked(res));
		KUNIT_EXPECT_LT(test, lane.nr, BC_NR_LANES);
		KUNIT_EXPECT_FALSE(test, numbers & BIT(lane.nr));
		numbers |= BIT(lane.nr);
		KUNIT_ASSERT_LT(test, lane.word, BC_LANE_WORDS);
		KUNIT_EXPECT_EQ(test, all[lane.word] & bits, 0);
		all[lane.word] |= bits;
		closed[lane.word] |= none | none >> 1;
		/* Taking lane.max from a closed lane leaves its top bit set. */
		KUNIT_EXPECT_LE(test, lane.max, 1 << (lane.bits - 2));
		/* With a refill on top of lane.max it does not look closed. */
		KUNIT_EXPECT_LT(test, lane.max + lane.batch,
				1 << (lane.bits - 2));
	}
	KUNIT_EXPECT_EQ(test, numbers, GENMASK(BC_NR_LANES - 1, 0));
	for (i = 0; i < BC_LANE_WORDS; i++)
		KUNIT_EXPECT_EQ(test, closed[i], (u64)bc_lanes_closed(i));
}

/*
 * The first charge leaves a batch in the lane. The next charges take from it, and the
 * counters of no level change.
 */
static void lane_far(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	int batch = bc_lane_of(res).batch, i;
	struct beancounter *chain[3];

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	bc_kunit_chain(test, chain, 3);
	KUNIT_EXPECT_EQ(test, bc_this_lane(chain[2], res), -1);
	BC_EXPECT_CHARGED(test, chain[2], res, 1, BC_BARRIER);
	KUNIT_EXPECT_EQ(test, bc_this_lane(chain[2], res), batch);
	KUNIT_EXPECT_EQ(test, bc_this_lane(chain[1], res), -1);
	for (i = 0; i < 3; i++) {
		BC_EXPECT_USAGE(test, chain[i], res, 1 + batch);
		BC_EXPECT_HELD(test, chain[i], res, 1);
	}
	for (i = 0; i < batch; i++)
		BC_EXPECT_CHARGED(test, chain[2], res, 1, BC_BARRIER);
	BC_EXPECT_USAGE(test, chain[0], res, 1 + batch);
	BC_EXPECT_HELD(test, chain[0], res, 1 + batch);
	KUNIT_EXPECT_EQ(test, bc_this_lane(chain[2], res), 0);
	for (i = 0; i < 1 + batch; i++)
		bc_uncharge(chain[2], res, 1);
	BC_EXPECT_HELD(test, chain[0], res, 0);
}

/* Taking from one lane changes no other, open or closed. */
static void lane_apart(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test), other;
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_stock *stock;
	int had[BC_NR_RESOURCES];

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	/* Open all other lanes: a lane that is short must not take from them. */
	for (other = 0; other < BC_NR_RESOURCES; other++)
		if (other != res && bc_lane_of(other).bits)
			BC_EXPECT_CHARGED(test, bc, other, 1, BC_BARRIER);
	for (other = 0; other < BC_NR_RESOURCES; other++)
		had[other] = bc_this_lane(bc, other);
	stock = bc_stock_here(bc);
	KUNIT_EXPECT_FALSE(test, bc_lane_take(stock, res, 1));
	KUNIT_EXPECT_FALSE(test, bc_lane_take(stock, res, bc_lane_of(res).max));
	KUNIT_EXPECT_FALSE(test, bc_lane_give(stock, res, 1));
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	while (bc_lane_take(stock, res, 1))
		;
	KUNIT_EXPECT_EQ(test, bc_this_lane(bc, res), 0);
	KUNIT_EXPECT_FALSE(test, bc_lane_take(stock, res, bc_lane_of(res).max));
	for (other = 0; other < BC_NR_RESOURCES; other++) {
		if (other == res || !bc_lane_of(other).bits)
			continue;
		KUNIT_EXPECT_EQ(test, had[other], bc_this_lane(bc, other));
		bc_uncharge(bc, other, 1);
	}
	bc_uncharge(bc, res, bc_kunit_held(bc, res));
}

/* A unit given back to a full lane is given back with all units but a batch. */
static void lane_full(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_lane lane = bc_lane_of(res);
	int i;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	for (i = 0; i < lane.max + 2; i++)
		BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	while (bc_lane_take(bc_stock_here(bc), res, 1))
		i++;
	for (; bc_this_lane(bc, res) < lane.max; i--)
		bc_uncharge(bc, res, 1);
	BC_EXPECT_USAGE(test, bc, res, lane.max + i);
	bc_uncharge(bc, res, 1);
	KUNIT_EXPECT_EQ(test, bc_this_lane(bc, res), lane.batch);
	BC_EXPECT_USAGE(test, bc, res, lane.batch + i - 1);
	BC_EXPECT_HELD(test, bc, res, i - 1);
	bc_uncharge(bc, res, i - 1);
	BC_EXPECT_HELD(test, bc, res, 0);
}

/* For a request that is more than a lane has, this CPU's lane is emptied first. */
static void lane_large(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	u64 n = bc_lane_of(res).max + 1;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_CHARGED(test, bc, res, n, BC_BARRIER);
	BC_EXPECT_USAGE(test, bc, res, n + 1);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).maxheld, n + 1);
	bc_uncharge(bc, res, n);
	bc_uncharge(bc, res, 1);
	BC_EXPECT_HELD(test, bc, res, 0);
}

/* If only one CPU works for the group, maxheld is exact in spite of the lanes. */
static void lane_maxheld(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	u64 held = 0, max = 0, n, most = 2 * bc_lane_of(res).max;
	struct beancounter *chain[3];
	struct rnd_state rnd;
	int i;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	bc_kunit_chain(test, chain, 3);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 5000; i++) {
		n = 1 + prandom_u32_state(&rnd) %
				(i % 3 ? most : bc_lane_of(res).batch);
		if (prandom_u32_state(&rnd) & 1) {
			BC_EXPECT_CHARGED(test, chain[2], res, n, BC_BARRIER);
			held += n;
		} else {
			n = min(n, held);
			bc_uncharge(chain[2], res, n);
			held -= n;
		}
		max = max(max, held);
		KUNIT_ASSERT_EQ(test, bc_kunit_counter(chain[0], res).maxheld,
				max);
		KUNIT_ASSERT_EQ(test, bc_kunit_counter(chain[2], res).maxheld,
				max);
		if (i % 500)
			continue;
		bc_kunit_set(chain[0], BC_RESET_MAXHELD, res, 0);
		bc_kunit_set(chain[2], BC_RESET_MAXHELD, res, 0);
		max = held;
	}
	bc_uncharge(chain[2], res, held);
}

/* Requests are granted to the last unit, wherever in the tree lanes have units. */
static void lane_exact(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);
	u64 unit = bc_lane_of(res).least;
	int i;

	bc_kunit_set(top, BC_SET_BARRIER, res, 1000 * unit);
	BC_EXPECT_CHARGED(test, a, res, unit, BC_BARRIER);
	BC_EXPECT_CHARGED(test, b, res, unit, BC_BARRIER);
	KUNIT_EXPECT_FALSE(test, bc_kunit_closed(a));
	for (i = 2; i < 1000; i++)
		BC_EXPECT_CHARGED(test, i & 1 ? a : b, res, unit, BC_BARRIER);
	BC_EXPECT_REFUSED(test, a, res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, b, res, 1, BC_BARRIER);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(a));
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(b));
	BC_EXPECT_USAGE(test, top, res, 1000 * unit);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, res).maxheld, 1000 * unit);
	bc_uncharge(b, res, unit);
	BC_EXPECT_CHARGED(test, a, res, unit, BC_BARRIER);
	BC_EXPECT_REFUSED(test, b, res, 1, BC_BARRIER);
	bc_uncharge(a, res, bc_kunit_held(a, res));
	bc_uncharge(b, res, bc_kunit_held(b, res));
	BC_EXPECT_HELD(test, top, res, 0);
}

/* One large request gets all the room that is left, including units in any lane. */
static void lane_returned(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);
	u64 unit = bc_lane_of(res).least;

	bc_kunit_set(top, BC_SET_BARRIER, res, 1000 * unit);
	BC_EXPECT_CHARGED(test, a, res, unit, BC_BARRIER);
	BC_EXPECT_REFUSED(test, b, res, 1000 * unit, BC_BARRIER);
	BC_EXPECT_CHARGED(test, a, res, unit, BC_BARRIER);
	KUNIT_EXPECT_GT(test, bc_this_lane(a, res), -1);
	BC_EXPECT_CHARGED(test, b, res, 998 * unit, BC_BARRIER);
	BC_EXPECT_USAGE(test, top, res, 1000 * unit);
	bc_uncharge(b, res, 998 * unit);
	bc_uncharge(a, res, 2 * unit);
}

/* Above the barrier no lane hands out units without a check. */
static void lane_above_barrier(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	u64 unit = bc_lane_of(res).least;

	bc_kunit_set(top, BC_SET_BARRIER, res, 1000 * unit);
	BC_EXPECT_CHARGED(test, a, res, unit, BC_BARRIER);
	BC_EXPECT_CHARGED(test, top, res, 1000 * unit, BC_LIMIT);
	BC_EXPECT_REFUSED(test, a, res, 1, BC_BARRIER);
	BC_EXPECT_CHARGED(test, a, res, unit, BC_FORCE);
	BC_EXPECT_REFUSED(test, a, res, 1, BC_BARRIER);
	bc_uncharge(top, res, 1000 * unit);
	bc_uncharge(a, res, 2 * unit);
}

/*
 * The lanes of a removed group are closed, and stay closed. Their units come off the
 * counter of the resource of each lane.
 */
static void lane_offline(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	bc_close(bc);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
	BC_EXPECT_USAGE(test, bc, res, 2);
	/* A charge that comes late opens no lane. */
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_USAGE(test, bc, res, 3);
	bc_uncharge(bc, res, 1);
	bc_uncharge(bc, res, 2);
	BC_EXPECT_USAGE(test, bc, res, 0);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
}

static struct kunit_case bc_lane_cases[] = {
	KUNIT_CASE(lane_table),
	KUNIT_CASE_PARAM(lane_far, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_apart, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_full, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_large, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_maxheld, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_exact, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_returned, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_above_barrier, bc_lane_gen_params),
	KUNIT_CASE_PARAM(lane_offline, bc_lane_gen_params),
	{},
};

static struct kunit_suite bc_lane_suite = {
	.name = "beancounters_lanes",
	.exit = bc_kunit_settle,
	.test_cases = bc_lane_cases,
};

kunit_test_suite(bc_lane_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the lanes, the other words of a stock.
 *
 * As those of the first word: nobody notices them, but in the time that a charge
 * takes, and in maxheld.
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

/* What this CPU has, or -1 when it is closed. */
static int bc_this_lane(struct beancounter *bc, enum bc_resource res)
{
	struct bc_lane lane = bc_lane_of(res);
	u64 word = bc_lane_read(raw_cpu_ptr(bc->stock), lane);

	return word & bc_lane_none(lane) ? -1 : bc_lane_has(lane, word);
}

/* Every lane is of a resource that is stocked, and none is in another. */
static void lane_table(struct kunit *test)
{
	enum bc_resource res;
	u64 all[BC_LANE_WORDS] = {}, closed[BC_LANE_WORDS] = {};
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
		KUNIT_ASSERT_LT(test, lane.word, BC_LANE_WORDS);
		KUNIT_EXPECT_EQ(test, all[lane.word] & bits, 0);
		all[lane.word] |= bits;
		closed[lane.word] |= none | none >> 1;
		/* Taking the most from a closed lane leaves its top bit. */
		KUNIT_EXPECT_LE(test, lane.max, 1 << (lane.bits - 2));
		/* With a refill on top it does not look closed. */
		KUNIT_EXPECT_LT(test, lane.max + lane.batch,
				1 << (lane.bits - 2));
	}
	for (i = 0; i < BC_LANE_WORDS; i++)
		KUNIT_EXPECT_EQ(test, closed[i], (u64)bc_lanes_closed(i));
}

/* The first charge leaves a batch, from which the next are taken, at no level. */
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

/* One is taken from, and all others stay what they are, open or closed. */
static void lane_apart(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test), other;
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_stock *stock;
	int had[BC_NR_RESOURCES];

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	/* The others, without this one: what is short here is taken nowhere. */
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

/* A unit that a full lane does not take takes all but a batch along. */
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

/* A request that is more than a lane holds uses the units of this CPU's lane. */
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

/* Where one CPU is at work for one group maxheld is exact, lanes or not. */
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

/* To the last unit, wherever in the tree the units of lanes are. */
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

/* The last of the room comes back from any lane, in one large piece, too. */
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

/* Above the barrier nothing is handed out without being asked for. */
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

/* With the last unit of a group that has gone its account goes. */
static void lane_offline(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	bc_close(bc);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
	BC_EXPECT_USAGE(test, bc, res, 2);
	/* A task that was on its way here opens nothing. */
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

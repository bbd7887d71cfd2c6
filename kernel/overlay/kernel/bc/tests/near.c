// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the words for all CPUs, which are open near a barrier.
 *
 * A group that sits at its barrier, or at that of a level above, takes units that it has
 * given back without the lock. This must not show, neither to the group beside it, nor
 * to a reader of its account.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include "../kmem.h"
#include "util.h"

#define BC_NEAR_ROUNDS 1000

/* Resources with stocks, except numfile: near_files() tests files with their bytes. */
static bool bc_near_wanted(enum bc_resource res)
{
	return bc_is_stocked(res) && res != BC_NUMFILE;
}

static const void *bc_near_gen_params(const void *prev, char *name)
{
	return bc_kunit_next_res(prev, name, bc_near_wanted);
}

/* The units in the words for all CPUs, 0 if they are closed. */
static u64 bc_near_has(struct beancounter *bc, enum bc_resource res)
{
	if (res == BC_KMEMSIZE)
		return max_t(s64, 0, atomic64_read(&bc->near.word));
	return bc_lane_has(bc_lane_of(res),
			   bc_lane_read(&bc->near, bc_lane_of(res)));
}

static unsigned long bc_near_locks(struct beancounter *bc)
{
	return READ_ONCE(bc->top->locks);
}

/* At the barrier of a level above, taking and giving back do not need the lock. */
static void near_no_lock(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *chain[4];
	unsigned long locks;
	int i;

	bc_kunit_chain(test, chain, 4);
	bc_kunit_set(chain[1], BC_SET_BARRIER, res, 10);
	BC_EXPECT_CHARGED(test, chain[3], res, 10, BC_BARRIER);
	BC_EXPECT_REFUSED(test, chain[3], res, 1, BC_BARRIER);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[3]));
	/* The first uncharge opens the word. */
	bc_uncharge(chain[3], res, 2);
	KUNIT_EXPECT_EQ(test, bc_near_has(chain[3], res), 2);
	locks = bc_near_locks(chain[3]);
	for (i = 0; i < BC_NEAR_ROUNDS; i++) {
		BC_EXPECT_CHARGED(test, chain[3], res, 1, BC_BARRIER);
		BC_EXPECT_CHARGED(test, chain[3], res, 1, BC_BARRIER);
		bc_uncharge(chain[3], res, 1);
		bc_uncharge(chain[3], res, 1);
	}
	KUNIT_EXPECT_EQ(test, bc_near_locks(chain[3]), locks);
	for (i = 0; i < 4; i++)
		BC_EXPECT_HELD(test, chain[i], res, 8);
	BC_EXPECT_REFUSED(test, chain[3], res, 3, BC_BARRIER);
	bc_uncharge(chain[3], res, 8);
	BC_EXPECT_HELD(test, chain[0], res, 0);
}

/* The same for open files, which come with bytes. */
static void near_files(struct kunit *test)
{
	struct beancounter *chain[2];
	const u64 file = 100 + BC_FILE;
	unsigned long locks;
	int i;

	bc_kunit_chain(test, chain, 2);
	bc_kunit_set(chain[0], BC_SET_BARRIER, BC_KMEMSIZE, 500);
	bc_kunit_set(chain[1], BC_SET_BARRIER, BC_NUMFILE, 5);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, 0,
				bc_kunit_object(chain[1], 100, 1, BC_BARRIER));
	bc_kmem_uncharge(chain[1], file);
	locks = bc_near_locks(chain[1]);
	for (i = 0; i < BC_NEAR_ROUNDS; i++) {
		preempt_disable();
		KUNIT_EXPECT_TRUE(test, bc_charge_near(chain[1], file));
		bc_kmem_uncharge(chain[1], file);
	}
	KUNIT_EXPECT_EQ(test, bc_near_locks(chain[1]), locks);
	BC_EXPECT_HELD(test, chain[0], BC_KMEMSIZE, 400);
	BC_EXPECT_HELD(test, chain[0], BC_NUMFILE, 4);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			bc_kunit_object(chain[1], 101, 1, BC_BARRIER));
	for (i = 0; i < 4; i++)
		bc_kmem_uncharge(chain[1], file);
	BC_EXPECT_HELD(test, chain[0], BC_KMEMSIZE, 0);
	BC_EXPECT_HELD(test, chain[0], BC_NUMFILE, 0);
}

/* Units that one group has given back the other gets, to the last one, and no more. */
static void near_exact(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);
	u64 i;

	bc_kunit_set(top, BC_SET_BARRIER, res, 10);
	BC_EXPECT_CHARGED(test, a, res, 6, BC_BARRIER);
	BC_EXPECT_CHARGED(test, b, res, 4, BC_BARRIER);
	for (i = 1; i <= 6; i++) {
		bc_uncharge(a, res, i);
		KUNIT_EXPECT_EQ(test, bc_near_has(a, res), i);
		BC_EXPECT_USAGE(test, top, res, 10);
		BC_EXPECT_HELD(test, top, res, 10 - i);
		BC_EXPECT_HELD(test, a, res, 6 - i);
		BC_EXPECT_REFUSED(test, b, res, i + 1, BC_BARRIER);
		KUNIT_EXPECT_TRUE(test, bc_kunit_closed(a));
		bc_uncharge(b, res, 1);
		BC_EXPECT_CHARGED(test, b, res, i + 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, a, res, 1, BC_BARRIER);
		bc_uncharge(b, res, i);
		BC_EXPECT_CHARGED(test, a, res, i, BC_BARRIER);
	}
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, res).maxheld, 10);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, res).failcnt, 12);
	bc_uncharge(a, res, 6);
	bc_uncharge(b, res, 4);
	BC_EXPECT_HELD(test, top, res, 0);
}

/* Above the barrier no word keeps units: they would be handed out without a check. */
static void near_above_barrier(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);

	bc_kunit_set(top, BC_SET_BARRIER, res, 10);
	BC_EXPECT_CHARGED(test, a, res, 10, BC_BARRIER);
	bc_uncharge(a, res, 2);
	KUNIT_EXPECT_EQ(test, bc_near_has(a, res), 2);
	/* This passes the barrier, and closes the word of @a. */
	BC_EXPECT_CHARGED(test, b, res, 5, BC_FORCE);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(a));
	BC_EXPECT_USAGE(test, top, res, 13);
	bc_uncharge(a, res, 2);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(a));
	BC_EXPECT_USAGE(test, top, res, 11);
	BC_EXPECT_REFUSED(test, a, res, 1, BC_BARRIER);
	bc_uncharge(b, res, 1);
	KUNIT_EXPECT_EQ(test, bc_near_has(b, res), 0);
	BC_EXPECT_REFUSED(test, b, res, 1, BC_BARRIER);
	bc_uncharge(a, res, 6);
	bc_uncharge(b, res, 4);
}

/* The words of a removed group keep no units. */
static void near_offline(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	bc_kunit_set(bc, BC_SET_BARRIER, res, 10);
	BC_EXPECT_CHARGED(test, bc, res, 10, BC_BARRIER);
	bc_uncharge(bc, res, 2);
	KUNIT_EXPECT_EQ(test, bc_near_has(bc, res), 2);
	bc_close(bc);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
	BC_EXPECT_USAGE(test, bc, res, 8);
	bc_uncharge(bc, res, 3);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
	BC_EXPECT_USAGE(test, bc, res, 5);
	bc_uncharge(bc, res, 5);
	BC_EXPECT_USAGE(test, bc, res, 0);
}

/* Near the barrier maxheld is exact, also that of bytes. */
static void near_maxheld(struct kunit *test)
{
	enum bc_resource res = bc_kunit_res(test);
	u64 held = 0, max = 0, n, room = 2 * nr_cpu_ids;
	struct beancounter *chain[3];
	struct rnd_state rnd;
	int i;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	bc_kunit_chain(test, chain, 3);
	bc_kunit_set(chain[1], BC_SET_BARRIER, res, room);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 5000; i++) {
		n = 1 + prandom_u32_state(&rnd) % 2;
		if (held + n > room) {
			BC_EXPECT_REFUSED(test, chain[2], res, room - held + 1,
					  BC_BARRIER);
		} else if (prandom_u32_state(&rnd) & 1) {
			BC_EXPECT_CHARGED(test, chain[2], res, n, BC_BARRIER);
			held += n;
			max = max(max, held);
			continue;
		}
		n = min(n, held);
		bc_uncharge(chain[2], res, n);
		held -= n;
		KUNIT_ASSERT_EQ(test, bc_kunit_held(chain[0], res), held);
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

/* A full word keeps a part of its units. With more room each CPU has a word again. */
static void near_full(struct kunit *test)
{
	struct beancounter *chain[2];
	u64 held = 4 * SZ_1M;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	bc_kunit_chain(test, chain, 2);
	bc_kunit_set(chain[0], BC_SET_BARRIER, BC_KMEMSIZE, held + 100);
	BC_EXPECT_CHARGED(test, chain[1], BC_KMEMSIZE, held, BC_BARRIER);
	while (bc_near_has(chain[1], BC_KMEMSIZE) + SZ_4K <= BC_NEAR_MAX) {
		bc_uncharge(chain[1], BC_KMEMSIZE, SZ_4K);
		held -= SZ_4K;
		BC_EXPECT_HELD(test, chain[0], BC_KMEMSIZE, held);
		BC_EXPECT_USAGE(test, chain[0], BC_KMEMSIZE, 4 * SZ_1M);
	}
	bc_uncharge(chain[1], BC_KMEMSIZE, SZ_4K);
	held -= SZ_4K;
	KUNIT_EXPECT_EQ(test, bc_near_has(chain[1], BC_KMEMSIZE), BC_NEAR_KEEP);
	BC_EXPECT_HELD(test, chain[0], BC_KMEMSIZE, held);
	BC_EXPECT_USAGE(test, chain[0], BC_KMEMSIZE, held + BC_NEAR_KEEP);
	bc_kunit_set(chain[0], BC_SET_BARRIER, BC_KMEMSIZE, BC_MAX);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
	bc_uncharge(chain[1], BC_KMEMSIZE, SZ_4K);
	KUNIT_EXPECT_EQ(test, bc_near_has(chain[1], BC_KMEMSIZE), 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_stock(chain[1]), SZ_4K);
	bc_uncharge(chain[1], BC_KMEMSIZE, held - SZ_4K);
	BC_EXPECT_HELD(test, chain[0], BC_KMEMSIZE, 0);
}

struct bc_near_cpu {
	struct beancounter *bc;
	enum bc_resource res;
};

static int bc_near_on_cpu(void *data)
{
	struct bc_near_cpu *on = data;
	int i;

	for (i = 0; i < BC_NEAR_ROUNDS; i++) {
		if (bc_charge(on->bc, on->res, 1, BC_BARRIER))
			return -ENOMEM;
		bc_uncharge(on->bc, on->res, 1);
	}
	return 0;
}

/* Units that were given back on one CPU are taken on another. */
static void near_other_cpu(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_near_cpu on = { .bc = bc, .res = bc_kunit_res(test) };
	unsigned long locks;
	int cpu;

	bc_kunit_set(bc, BC_SET_BARRIER, on.res, 1);
	BC_EXPECT_CHARGED(test, bc, on.res, 1, BC_BARRIER);
	bc_uncharge(bc, on.res, 1);
	BC_EXPECT_CHARGED(test, bc, on.res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, on.res, 1, BC_BARRIER);
	bc_uncharge(bc, on.res, 1);
	locks = bc_near_locks(bc);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, 0,
				smp_call_on_cpu(cpu, bc_near_on_cpu, &on,
						false));
	KUNIT_EXPECT_LE(test, bc_near_locks(bc) - locks, 2);
	BC_EXPECT_HELD(test, bc, on.res, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, on.res).maxheld, 1);
}

static struct kunit_case bc_near_cases[] = {
	KUNIT_CASE_PARAM(near_no_lock, bc_near_gen_params),
	KUNIT_CASE(near_files),
	KUNIT_CASE_PARAM(near_exact, bc_near_gen_params),
	KUNIT_CASE_PARAM(near_above_barrier, bc_near_gen_params),
	KUNIT_CASE_PARAM(near_offline, bc_near_gen_params),
	KUNIT_CASE_PARAM(near_maxheld, bc_near_gen_params),
	KUNIT_CASE(near_full),
	KUNIT_CASE_PARAM(near_other_cpu, bc_near_gen_params),
	{},
};

static struct kunit_suite bc_near_suite = {
	.name = "beancounters_near",
	.exit = bc_kunit_settle,
	.test_cases = bc_near_cases,
};

kunit_test_suite(bc_near_suite);

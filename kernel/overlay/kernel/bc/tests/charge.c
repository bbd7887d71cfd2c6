// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of requests that are granted or refused.
 *
 * They run for every resource of the table that is charged. stock.c tests how
 * stocks take part.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "util.h"

/* The next resource that is charged. */
static const void *bc_resource_gen_params(const void *prev, char *name)
{
	const struct bc_resource_desc *desc = prev;

	desc = desc ? desc + 1 : bc_resources;
	while (desc < bc_resources + BC_NR_RESOURCES &&
	       !bc_is_charged(desc - bc_resources))
		desc++;
	if (desc == bc_resources + BC_NR_RESOURCES)
		return NULL;
	strscpy(name, desc->name, KUNIT_PARAM_DESC_SIZE);
	return desc;
}

static enum bc_resource bc_param(struct kunit *test)
{
	return (const struct bc_resource_desc *)test->param_value -
	       bc_resources;
}

static void charge_defaults(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *bc = bc_alloc(NULL);
	struct bc_counter c;

	KUNIT_ASSERT_NOT_NULL(test, bc);
	c = bc_kunit_counter(bc, res);
	KUNIT_EXPECT_EQ(test, c.usage, 0);
	KUNIT_EXPECT_EQ(test, c.barrier, bc_resources[res].dfl);
	KUNIT_EXPECT_EQ(test, c.limit, bc_resources[res].dfl);
	KUNIT_EXPECT_EQ(test, c.maxheld, 0);
	KUNIT_EXPECT_EQ(test, c.failcnt, 0);
	KUNIT_EXPECT_EQ(test, c.failcnt_local, 0);
	KUNIT_EXPECT_EQ(test, c.forced, 0);
	bc_put(bc);
}

/* A request without a payer is never refused, and nothing is charged. */
static void charge_nobody(struct kunit *test)
{
	enum bc_resource res = bc_param(test);

	BC_EXPECT_CHARGED(test, NULL, res, U64_MAX, BC_BARRIER);
	bc_uncharge(NULL, res, U64_MAX);
}

/* The check is on the new held: exactly the barrier fits, one unit more does not. */
static void charge_edge(struct kunit *test)
{
	static const u64 barriers[] = { 1,	    2,		511,   4096,
					SZ_32K,	    SZ_32K + 1, SZ_1M, SZ_1G,
					BC_MAX - 1, BC_MAX };
	enum bc_resource res = bc_param(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	int i;

	for (i = 0; i < ARRAY_SIZE(barriers); i++) {
		u64 barrier = barriers[i];

		bc_kunit_set(bc, BC_SET_BARRIER, res, barrier);
		BC_EXPECT_REFUSED(test, bc, res, barrier + 1, BC_BARRIER);
		BC_EXPECT_CHARGED(test, bc, res, barrier - 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, bc, res, 2, BC_BARRIER);
		BC_EXPECT_HELD(test, bc, res, barrier - 1);
		BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
		BC_EXPECT_HELD(test, bc, res, barrier);
		bc_uncharge(bc, res, 1);
		BC_EXPECT_REFUSED(test, bc, res, 2, BC_BARRIER);
		BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
		BC_EXPECT_HELD(test, bc, res, barrier);
		bc_uncharge(bc, res, barrier);
		BC_EXPECT_HELD(test, bc, res, 0);
	}
}

/* Between the barrier and the limit only the severity decides. */
static void charge_severity(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	bc_kunit_limits(bc, res, 100000, 200000);
	BC_EXPECT_CHARGED(test, bc, res, 100000, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 100001, BC_LIMIT);
	BC_EXPECT_CHARGED(test, bc, res, 99999, BC_LIMIT);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 2, BC_LIMIT);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_LIMIT);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).forced, 0);
	BC_EXPECT_CHARGED(test, bc, res, 7, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).forced, 7);
	BC_EXPECT_HELD(test, bc, res, 200007);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	bc_uncharge(bc, res, 100008);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).forced, 7);
	bc_uncharge(bc, res, 100000);
}

/* The effective barrier is min(barrier, limit), in whatever order they were written. */
static void charge_order(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *bc;
	int i;

	for (i = 0; i < 3; i++) {
		bc = bc_kunit_alloc(test, NULL);
		if (i == 1)
			bc_kunit_set(bc, BC_SET_BARRIER, res, 50000);
		bc_kunit_set(bc, BC_SET_LIMIT, res, 20000);
		if (i == 2)
			bc_kunit_set(bc, BC_SET_BARRIER, res, 50000);
		BC_EXPECT_REFUSED(test, bc, res, 20001, BC_BARRIER);
		BC_EXPECT_REFUSED(test, bc, res, 20001, BC_LIMIT);
		BC_EXPECT_CHARGED(test, bc, res, 19999, BC_BARRIER);
		BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
		bc_uncharge(bc, res, 20000);
	}
}

static void charge_zero_limits(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	bc_kunit_limits(bc, res, 0, 10);
	BC_EXPECT_CHARGED(test, bc, res, 0, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_CHARGED(test, bc, res, 10, BC_LIMIT);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
	bc_uncharge(bc, res, 10);

	bc_kunit_limits(bc, res, 10, 0);
	BC_EXPECT_CHARGED(test, bc, res, 0, BC_LIMIT);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_FORCE);
	BC_EXPECT_HELD(test, bc, res, 1);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).forced, 1);
	bc_uncharge(bc, res, 1);
}

/* A request larger than any number is refused; nothing wraps. */
static void charge_overflow(struct kunit *test)
{
	static const u64 held[] = { 0, 1, 4096, SZ_1M, BC_MAX - 1, BC_MAX };
	enum bc_resource res = bc_param(test);
	struct beancounter *chain[2];
	int i, j;

	bc_kunit_chain(test, chain, 2);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		const u64 huge[] = { BC_MAX - held[i] + 1,
				     BC_MAX + 1,
				     BC_MAX + 2,
				     U64_MAX - held[i],
				     U64_MAX - held[i] + !!held[i],
				     U64_MAX - 1,
				     U64_MAX };

		BC_EXPECT_CHARGED(test, chain[1], res, held[i], BC_BARRIER);
		for (j = 0; j < ARRAY_SIZE(huge); j++) {
			BC_EXPECT_REFUSED(test, chain[1], res, huge[j],
					  BC_BARRIER);
			BC_EXPECT_REFUSED(test, chain[1], res, huge[j],
					  BC_LIMIT);
			BC_EXPECT_HELD(test, chain[0], res, held[i]);
			BC_EXPECT_HELD(test, chain[1], res, held[i]);
		}
		bc_uncharge(chain[1], res, held[i]);
	}
	bc_kunit_set(chain[0], BC_SET_BARRIER, res, 100);
	BC_EXPECT_CHARGED(test, chain[1], res, 100, BC_BARRIER);
	BC_EXPECT_REFUSED(test, chain[1], res, U64_MAX - 98, BC_BARRIER);
	BC_EXPECT_REFUSED(test, chain[1], res, (u64)-100, BC_BARRIER);
	BC_EXPECT_HELD(test, chain[0], res, 100);
	bc_uncharge(chain[1], res, 100);
}

static void charge_depth(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *chain[BC_KUNIT_DEPTH];
	u64 above = 0;
	int i;

	bc_kunit_chain(test, chain, BC_KUNIT_DEPTH);
	for (i = 0; i < BC_KUNIT_DEPTH; i++)
		BC_EXPECT_CHARGED(test, chain[i], res, 1000 << i, BC_BARRIER);
	for (i = BC_KUNIT_DEPTH - 1; i >= 0; i--) {
		above += 1000 << i;
		BC_EXPECT_HELD(test, chain[i], res, above);
	}
	for (i = BC_KUNIT_DEPTH - 1; i >= 0; i--) {
		bc_uncharge(chain[i], res, 1000 << i);
		above -= 1000 << i;
		BC_EXPECT_HELD(test, chain[i], res, 0);
		BC_EXPECT_HELD(test, chain[0], res, above);
	}
}

/*
 * A request that one level refuses is charged at no level. The refusal counts once, at
 * the level that refused, and in the failcnt from there up.
 */
static void charge_rollback(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *chain[BC_KUNIT_DEPTH], *bc;
	int at, i;

	bc_kunit_chain(test, chain, BC_KUNIT_DEPTH);
	bc = chain[BC_KUNIT_DEPTH - 1];
	BC_EXPECT_CHARGED(test, bc, res, 300, BC_BARRIER);
	for (at = 0; at < BC_KUNIT_DEPTH; at++) {
		bc_kunit_set(chain[at], BC_SET_BARRIER, res, 1000 - at);
		BC_EXPECT_REFUSED(test, bc, res, 701 - at, BC_BARRIER);
		for (i = 0; i < BC_KUNIT_DEPTH; i++) {
			struct bc_counter c = bc_kunit_counter(chain[i], res);

			BC_EXPECT_HELD(test, chain[i], res, 300);
			KUNIT_EXPECT_EQ(test, c.failcnt_local, i <= at);
			KUNIT_EXPECT_EQ(test, c.failcnt,
					i <= at ? at - i + 1 : 0);
		}
		BC_EXPECT_CHARGED(test, bc, res, 700 - at, BC_BARRIER);
		bc_uncharge(bc, res, 700 - at);
	}
	bc_uncharge(bc, res, 300);
}

/* If several levels would refuse, the lowest is reported. */
static void charge_lowest(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct bc_request rq = BC_REQUEST(BC_BARRIER, res, 1001);
	struct beancounter *chain[4];
	int at;

	bc_kunit_chain(test, chain, 4);
	for (at = 0; at < 4; at++) {
		bc_kunit_set(chain[at], BC_SET_BARRIER, res, 1000);
		KUNIT_EXPECT_EQ(test, -ENOMEM, bc_try_charge(chain[3], &rq));
		KUNIT_EXPECT_PTR_EQ(test, rq.over, chain[at]);
		KUNIT_EXPECT_EQ(test, rq.refused->res, res);
		/* bc_try_charge() does not count the refusal. */
		KUNIT_EXPECT_EQ(test, bc_kunit_counter(rq.over, res).failcnt,
				0);
	}
	rq.over = chain[1];
	bc_refused(chain[3], &rq);
	for (at = 0; at < 4; at++) {
		struct bc_counter c = bc_kunit_counter(chain[at], res);

		KUNIT_EXPECT_EQ(test, c.failcnt, at <= 1);
		KUNIT_EXPECT_EQ(test, c.failcnt_local, at == 1);
	}
}

/* Siblings share the barrier of the parent. */
static void charge_siblings(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);
	struct beancounter *alien = bc_kunit_alloc(test, NULL);

	bc_kunit_set(top, BC_SET_BARRIER, res, 100000);
	BC_EXPECT_CHARGED(test, alien, res, 5, BC_BARRIER);
	BC_EXPECT_CHARGED(test, a, res, 60000, BC_BARRIER);
	BC_EXPECT_REFUSED(test, b, res, 40001, BC_BARRIER);
	BC_EXPECT_CHARGED(test, b, res, 40000, BC_BARRIER);
	BC_EXPECT_REFUSED(test, a, res, 1, BC_BARRIER);
	BC_EXPECT_REFUSED(test, top, res, 1, BC_BARRIER);
	bc_uncharge(a, res, 10000);
	BC_EXPECT_CHARGED(test, b, res, 10000, BC_BARRIER);
	BC_EXPECT_HELD(test, top, res, 100000);
	BC_EXPECT_HELD(test, a, res, 50000);
	BC_EXPECT_HELD(test, b, res, 50000);
	BC_EXPECT_HELD(test, alien, res, 5);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, res).failcnt, 3);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(a, res).failcnt, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(b, res).failcnt, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(alien, res).failcnt, 0);
	bc_uncharge(alien, res, 5);
	bc_uncharge(b, res, 50000);
	bc_uncharge(a, res, 50000);
}

/* Each level counts only units above its own limit, and only once. */
static void charge_forced(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *chain[3];

	bc_kunit_chain(test, chain, 3);
	bc_kunit_set(chain[0], BC_SET_LIMIT, res, 100000);
	bc_kunit_set(chain[1], BC_SET_LIMIT, res, 500000);
	bc_kunit_set(chain[2], BC_SET_LIMIT, res, 50000);
	BC_EXPECT_CHARGED(test, chain[2], res, 80000, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[2], res).forced, 30000);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).forced, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[0], res).forced, 0);
	BC_EXPECT_CHARGED(test, chain[2], res, 80000, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[2], res).forced, 110000);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).forced, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[0], res).forced, 60000);
	BC_EXPECT_CHARGED(test, chain[0], res, 1, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[2], res).forced, 110000);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[0], res).forced, 60001);
	/* Units above the barrier, but not above the limit, do not count as forced. */
	bc_kunit_limits(chain[1], res, 0, BC_MAX);
	BC_EXPECT_CHARGED(test, chain[1], res, 1, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).forced, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).failcnt, 0);
	bc_uncharge(chain[1], res, 1);
	bc_uncharge(chain[0], res, 1);
	bc_uncharge(chain[2], res, 160000);
}

/* The requests are larger than a stock, so that maxheld is exact. */
static void charge_maxheld(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *chain[2];

	bc_kunit_chain(test, chain, 2);
	BC_EXPECT_CHARGED(test, chain[1], res, SZ_1M, BC_BARRIER);
	BC_EXPECT_CHARGED(test, chain[0], res, SZ_2M, BC_BARRIER);
	bc_uncharge(chain[1], res, SZ_512K);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).maxheld, SZ_1M);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[0], res).maxheld,
			SZ_1M + SZ_2M);

	bc_kunit_set(chain[1], BC_RESET_MAXHELD, res, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).maxheld, SZ_512K);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[0], res).maxheld,
			SZ_1M + SZ_2M);
	bc_uncharge(chain[1], res, SZ_128K);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).maxheld, SZ_512K);

	/* Refused units were never held, forced ones were. */
	bc_kunit_limits(chain[1], res, SZ_1M, SZ_1M);
	BC_EXPECT_REFUSED(test, chain[1], res, SZ_1M, BC_LIMIT);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).maxheld, SZ_512K);
	BC_EXPECT_CHARGED(test, chain[1], res, SZ_1M, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(chain[1], res).maxheld,
			SZ_512K - SZ_128K + SZ_1M);
	bc_uncharge(chain[1], res, SZ_512K - SZ_128K + SZ_1M);
	bc_uncharge(chain[0], res, SZ_2M);
}

/* A barrier or limit below held is accepted, and refuses requests from now on. */
static void charge_below_held(struct kunit *test)
{
	enum bc_resource res = bc_param(test);
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	BC_EXPECT_CHARGED(test, bc, res, 100000, BC_BARRIER);
	bc_kunit_set(bc, BC_SET_BARRIER, res, 50000);
	BC_EXPECT_HELD(test, bc, res, 100000);
	BC_EXPECT_CHARGED(test, bc, res, 0, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_LIMIT);
	bc_kunit_set(bc, BC_SET_LIMIT, res, 50000);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
	bc_uncharge(bc, res, 50001);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_BARRIER);
	bc_uncharge(bc, res, 1);
	BC_EXPECT_CHARGED(test, bc, res, 1, BC_BARRIER);
	bc_kunit_limits(bc, res, BC_MAX, BC_MAX);
	BC_EXPECT_CHARGED(test, bc, res, 100000, BC_BARRIER);
	/* Lowering the limit below held does not count as forced. */
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).forced, 0);
	bc_uncharge(bc, res, 150000);
}

/* Charges and limits of one resource do not affect the others. */
static void charge_independent(struct kunit *test)
{
	enum bc_resource res = bc_param(test), other;
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	bc_kunit_limits(bc, res, 10, 10);
	BC_EXPECT_CHARGED(test, bc, res, 20, BC_FORCE);
	BC_EXPECT_REFUSED(test, bc, res, 1, BC_LIMIT);
	for (other = 0; other < BC_NR_RESOURCES; other++) {
		struct bc_counter c = bc_kunit_counter(bc, other);

		if (other == res)
			continue;
		KUNIT_EXPECT_EQ(test, c.limit, BC_MAX);
		KUNIT_EXPECT_EQ(test, c.maxheld + c.failcnt + c.forced, 0);
		BC_EXPECT_CHARGED(test, bc, other, 20, BC_BARRIER);
		bc_uncharge(bc, other, 20);
	}
	bc_uncharge(bc, res, 20);
}

static struct kunit_case bc_charge_cases[] = {
	KUNIT_CASE_PARAM(charge_defaults, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_nobody, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_edge, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_severity, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_order, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_zero_limits, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_overflow, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_depth, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_rollback, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_lowest, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_siblings, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_forced, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_maxheld, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_below_held, bc_resource_gen_params),
	KUNIT_CASE_PARAM(charge_independent, bc_resource_gen_params),
	{},
};

static struct kunit_suite bc_charge_suite = {
	.name = "beancounters_charge",
	.exit = bc_kunit_settle,
	.test_cases = bc_charge_cases,
};

kunit_test_suite(bc_charge_suite);

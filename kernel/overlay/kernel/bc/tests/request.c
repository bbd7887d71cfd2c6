// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of requests for more than one resource, of transfers
 * between accounts, and of requests that are more than a word can hold.
 */
#include <kunit/test.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "util.h"

static void bc_expect_counts(struct kunit *test, struct beancounter *bc,
			     enum bc_resource res, u64 held, u64 max, u64 over)
{
	struct bc_counter c = bc_kunit_counter(bc, res);

	KUNIT_EXPECT_EQ(test, c.usage, held);
	KUNIT_EXPECT_EQ(test, c.maxheld, max);
	KUNIT_EXPECT_EQ(test, c.forced, over);
}

/* Returns the level that refused, or NULL when @to took over. */
static struct beancounter *bc_kunit_transfer(struct beancounter *from, u64 less,
					     struct beancounter *to, u64 more,
					     enum bc_resource res,
					     enum bc_severity severity)
{
	struct bc_request rq = BC_REQUEST(severity, res, more);

	return bc_transfer(from, less, to, &rq) ? rq.over : NULL;
}

/* A transfer between neighbours does not change the accounts above both. */
static void request_transfer(struct kunit *test)
{
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *up = bc_kunit_alloc(test, top);
	struct beancounter *a = bc_kunit_alloc(test, up);
	struct beancounter *b = bc_kunit_alloc(test, up);
	enum bc_resource res = BC_PRIVVMPAGES;

	bc_kunit_limits(top, res, 10, 10);
	bc_kunit_limits(b, res, 5, 8);
	BC_EXPECT_CHARGED(test, a, res, 10, BC_BARRIER);
	/* Refused: nothing changes. */
	KUNIT_EXPECT_PTR_EQ(test,
			    bc_kunit_transfer(a, 10, b, 10, res, BC_LIMIT), b);
	bc_expect_counts(test, a, res, 10, 10, 0);
	bc_expect_counts(test, b, res, 0, 0, 0);
	bc_expect_counts(test, top, res, 10, 10, 0);
	/* Forced: above the limit of @b, not of @top. */
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(a, 10, b, 10, res, BC_FORCE));
	bc_expect_counts(test, a, res, 0, 10, 0);
	bc_expect_counts(test, b, res, 10, 10, 2);
	bc_expect_counts(test, up, res, 10, 10, 0);
	bc_expect_counts(test, top, res, 10, 10, 0);
	/* Less is charged than was given back. */
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(b, 10, a, 4, res, BC_LIMIT));
	bc_expect_counts(test, a, res, 4, 10, 0);
	bc_expect_counts(test, b, res, 0, 10, 2);
	bc_expect_counts(test, top, res, 4, 10, 0);
	/* The usage above both does not rise, so nothing is forced there. */
	bc_kunit_limits(up, res, 1, 2);
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(a, 4, b, 4, res, BC_FORCE));
	bc_expect_counts(test, b, res, 4, 10, 2);
	bc_expect_counts(test, up, res, 4, 10, 0);
	/* More is charged than was given back: the difference is new above both. */
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(b, 4, a, 7, res, BC_FORCE));
	bc_expect_counts(test, a, res, 7, 10, 0);
	bc_expect_counts(test, up, res, 7, 10, 3);
	bc_kunit_limits(up, res, 1, 8);
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(a, 7, b, 10, res, BC_FORCE));
	bc_expect_counts(test, b, res, 10, 10, 4);
	bc_expect_counts(test, up, res, 10, 10, 5);
	bc_uncharge(b, res, 10);
}

/* Units in lanes are not held, and a transfer does not make them held. */
static void request_transfer_lanes(struct kunit *test)
{
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);
	enum bc_resource res = BC_PRIVVMPAGES;
	u64 most;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	BC_EXPECT_CHARGED(test, a, res, 20, BC_BARRIER);
	BC_EXPECT_CHARGED(test, b, res, 10, BC_BARRIER);
	/* Both accounts have a batch in their lanes of this CPU now. */
	bc_uncharge(b, res, 10);
	most = bc_kunit_counter(top, res).maxheld;
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(a, 15, b, 15, res, BC_FORCE));
	BC_EXPECT_HELD(test, a, res, 5);
	BC_EXPECT_HELD(test, b, res, 15);
	BC_EXPECT_HELD(test, top, res, 20);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(a, res).maxheld, 20);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(b, res).maxheld, 15);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, res).maxheld, most);
	bc_uncharge(a, res, 5);
	bc_uncharge(b, res, 15);
}

/* Transfers from tree to tree, and from and to nobody. */
static void request_transfer_far(struct kunit *test)
{
	struct beancounter *a = bc_kunit_alloc(test, NULL);
	struct beancounter *b = bc_kunit_alloc(test, NULL);
	enum bc_resource res = BC_LOCKEDPAGES;

	bc_kunit_limits(b, res, 5, 5);
	KUNIT_EXPECT_NULL(test,
			  bc_kunit_transfer(NULL, 3, a, 6, res, BC_LIMIT));
	bc_expect_counts(test, a, res, 6, 6, 0);
	KUNIT_EXPECT_PTR_EQ(test, bc_kunit_transfer(a, 6, b, 6, res, BC_LIMIT),
			    b);
	bc_expect_counts(test, a, res, 6, 6, 0);
	bc_expect_counts(test, b, res, 0, 0, 0);
	KUNIT_EXPECT_NULL(test, bc_kunit_transfer(a, 6, b, 6, res, BC_FORCE));
	bc_expect_counts(test, a, res, 0, 6, 0);
	bc_expect_counts(test, b, res, 6, 6, 1);
	KUNIT_EXPECT_NULL(test,
			  bc_kunit_transfer(b, 6, NULL, 6, res, BC_FORCE));
	bc_expect_counts(test, b, res, 0, 6, 1);
}

static void bc_kunit_uncharge_vm(struct beancounter *bc, u64 priv, u64 locked)
{
	const struct bc_want want[BC_WANTS] = {
		{ BC_PRIVVMPAGES, priv },
		{ BC_LOCKEDPAGES, locked },
	};

	bc_give_back(bc, want);
}

/* A request for private and locked pages charges both or none. */
static void request_vm(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_request rq = {
		.severity = BC_BARRIER,
		.want = { { BC_PRIVVMPAGES, 10 }, { BC_LOCKEDPAGES, 6 } },
	};

	bc_kunit_limits(bc, BC_PRIVVMPAGES, 10, 10);
	bc_kunit_limits(bc, BC_LOCKEDPAGES, 5, 5);
	KUNIT_EXPECT_EQ(test, bc_try_charge(bc, &rq), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rq.refused->res, BC_LOCKEDPAGES);
	KUNIT_EXPECT_PTR_EQ(test, rq.over, bc);
	bc_expect_counts(test, bc, BC_PRIVVMPAGES, 0, 0, 0);
	rq.want[0].n = 11;
	rq.want[1].n = 5;
	KUNIT_EXPECT_EQ(test, bc_try_charge(bc, &rq), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rq.refused->res, BC_PRIVVMPAGES);
	bc_expect_counts(test, bc, BC_LOCKEDPAGES, 0, 0, 0);
	rq.want[0].n = 10;
	KUNIT_EXPECT_EQ(test, bc_try_charge(bc, &rq), 0);
	bc_expect_counts(test, bc, BC_PRIVVMPAGES, 10, 10, 0);
	bc_expect_counts(test, bc, BC_LOCKEDPAGES, 5, 5, 0);
	bc_kunit_uncharge_vm(bc, 4, 0);
	BC_EXPECT_HELD(test, bc, BC_PRIVVMPAGES, 6);
	bc_kunit_uncharge_vm(bc, 6, 5);
	BC_EXPECT_HELD(test, bc, BC_PRIVVMPAGES, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, BC_PRIVVMPAGES).maxheld, 10);
	bc_expect_counts(test, bc, BC_LOCKEDPAGES, 0, 5, 0);
}

/* More bytes than half a word can hold are neither lost nor taken for files. */
static void request_many_bytes(struct kunit *test)
{
	static const u64 sizes[] = { SZ_2G - 1,		 SZ_2G,
				     SZ_2G + 1,		 4ULL * SZ_1G,
				     4ULL * SZ_1G + 100, 9ULL * SZ_1G + SZ_1K };
	struct beancounter *bc = bc_kunit_alloc(test, NULL), *payer;
	const gfp_t flags = GFP_NOWAIT | __GFP_BC;
	bool ok;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bc_kunit_limits(bc, BC_KMEMSIZE, sizes[i] - 1, sizes[i] - 1);
		set_active_bc(bc);
		payer = bc_bytes_charge(sizes[i], flags, &ok);
		set_active_bc(NULL);
		KUNIT_EXPECT_FALSE(test, ok);
		KUNIT_EXPECT_NULL(test, payer);
		BC_EXPECT_HELD(test, bc, BC_KMEMSIZE, 0);
		bc_kunit_limits(bc, BC_KMEMSIZE, sizes[i], sizes[i]);
		set_active_bc(bc);
		payer = bc_bytes_charge(sizes[i], flags, &ok);
		set_active_bc(NULL);
		KUNIT_EXPECT_TRUE(test, ok);
		KUNIT_ASSERT_PTR_EQ(test, payer, bc);
		BC_EXPECT_HELD(test, bc, BC_KMEMSIZE, sizes[i]);
		BC_EXPECT_HELD(test, bc, BC_NUMFILE, 0);
		bc_uncharge(bc, BC_KMEMSIZE, sizes[i]);
		BC_EXPECT_HELD(test, bc, BC_KMEMSIZE, 0);
	}
}

static struct kunit_case bc_request_cases[] = {
	KUNIT_CASE(request_transfer),	  KUNIT_CASE(request_transfer_lanes),
	KUNIT_CASE(request_transfer_far), KUNIT_CASE(request_vm),
	KUNIT_CASE(request_many_bytes),	  {},
};

static struct kunit_suite bc_request_suite = {
	.name = "beancounters_request",
	.exit = bc_kunit_settle,
	.test_cases = bc_request_cases,
};

kunit_test_suite(bc_request_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the life of an account.
 *
 * An account lives until its group is gone, its children are gone and its last
 * byte is given back, and no longer. An account that was freed is not in bc_list; one
 * that was freed too early is found by KASAN.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "util.h"

/* Does what the cgroup core does when a group is removed. */
static void bc_group_gone(struct beancounter *bc)
{
	bc_close(bc);
	bc_put(bc);
}

static void bc_new_chain(struct kunit *test, struct beancounter **chain,
			 int depth)
{
	int i;

	for (i = 0; i < depth; i++) {
		chain[i] = bc_alloc(i ? chain[i - 1] : NULL);
		KUNIT_ASSERT_NOT_NULL(test, chain[i]);
		KUNIT_EXPECT_TRUE(test, bc_kunit_listed(chain[i]));
	}
}

/* The first @alive of @depth accounts exist, the others do not. */
static void bc_expect_alive(struct kunit *test, struct beancounter **chain,
			    int depth, int alive)
{
	int i;

	for (i = 0; i < depth; i++)
		KUNIT_EXPECT_EQ_MSG(test, bc_kunit_listed(chain[i]), i < alive,
				    "account %d of %d", i, depth);
}

static void lifetime_empty(struct kunit *test)
{
	struct beancounter *bc;

	bc_new_chain(test, &bc, 1);
	bc_group_gone(bc);
	bc_expect_alive(test, &bc, 1, 0);
}

/* A group that failed between its allocation and going online. */
static void lifetime_never_online(struct kunit *test)
{
	struct beancounter *chain[2];

	bc_new_chain(test, chain, 2);
	bc_put(chain[1]);
	bc_expect_alive(test, chain, 2, 1);
	bc_put(chain[0]);
	bc_expect_alive(test, chain, 2, 0);
}

/* A group that used and returned everything leaves nothing behind. */
static void lifetime_used(struct kunit *test)
{
	struct beancounter *bc;
	int res;

	bc_new_chain(test, &bc, 1);
	for (res = 0; res < BC_NR_RESOURCES; res++) {
		BC_EXPECT_CHARGED(test, bc, res, 100, BC_BARRIER);
		bc_uncharge(bc, res, 100);
	}
	/* The stock pins the account only as long as the group is there. */
	KUNIT_EXPECT_GT(test, bc_kunit_stock(bc), 0);
	bc_group_gone(bc);
	bc_expect_alive(test, &bc, 1, 0);
}

/* The account is freed with the last byte, and not before. */
static void lifetime_last_byte(struct kunit *test)
{
	static const u32 sizes[] = { 1, 100, 4096, SZ_32K, SZ_32K + 1, SZ_1M };
	struct beancounter *bc;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bc_new_chain(test, &bc, 1);
		BC_EXPECT_CHARGED(test, bc, BC_KMEMSIZE, sizes[i], BC_BARRIER);
		BC_EXPECT_CHARGED(test, bc, BC_KMEMSIZE, sizes[i], BC_BARRIER);
		bc_group_gone(bc);
		bc_expect_alive(test, &bc, 1, 1);
		BC_EXPECT_USAGE(test, bc, BC_KMEMSIZE, 2 * sizes[i]);
		bc_uncharge(bc, BC_KMEMSIZE, 2 * sizes[i] - 1);
		bc_expect_alive(test, &bc, 1, 1);
		bc_uncharge(bc, BC_KMEMSIZE, 1);
		bc_expect_alive(test, &bc, 1, 0);
	}
}

/* The last file is given back with bytes that are not the last, and with the last. */
static void lifetime_last_file(struct kunit *test)
{
	struct beancounter *chain[2];
	int more;

	for (more = 0; more < 2; more++) {
		bc_new_chain(test, chain, 2);
		KUNIT_EXPECT_EQ(test, 0,
				bc_kunit_object(chain[1], 100, 1, BC_BARRIER));
		if (more)
			BC_EXPECT_CHARGED(test, chain[1], BC_KMEMSIZE, 100,
					  BC_BARRIER);
		bc_group_gone(chain[1]);
		bc_group_gone(chain[0]);
		bc_expect_alive(test, chain, 2, 2);
		bc_kmem_uncharge(chain[1], 100 + BC_FILE);
		if (more) {
			bc_expect_alive(test, chain, 2, 2);
			BC_EXPECT_USAGE(test, chain[0], BC_NUMFILE, 0);
			bc_kmem_uncharge(chain[1], 100);
		}
		bc_expect_alive(test, chain, 2, 0);
	}
}

/* A unit of any resource pins the account. */
static void lifetime_each_resource(struct kunit *test)
{
	struct beancounter *chain[2];
	int res;

	bc_new_chain(test, chain, 2);
	for (res = 0; res < BC_NR_RESOURCES; res++)
		BC_EXPECT_CHARGED(test, chain[1], res, 3, BC_BARRIER);
	bc_group_gone(chain[1]);
	bc_group_gone(chain[0]);
	for (res = 0; res < BC_NR_RESOURCES; res++) {
		bc_expect_alive(test, chain, 2, 2);
		bc_uncharge(chain[1], res, 2);
		bc_expect_alive(test, chain, 2, 2);
		bc_uncharge(chain[1], res, 1);
	}
	bc_expect_alive(test, chain, 2, 0);
}

static void lifetime_refused(struct kunit *test)
{
	struct beancounter *chain[3];

	bc_new_chain(test, chain, 3);
	bc_kunit_set(chain[0], BC_SET_LIMIT, BC_KMEMSIZE, 1000);
	BC_EXPECT_REFUSED(test, chain[2], BC_KMEMSIZE, 1001, BC_LIMIT);
	bc_group_gone(chain[2]);
	bc_expect_alive(test, chain, 3, 2);
	bc_group_gone(chain[1]);
	bc_group_gone(chain[0]);
	bc_expect_alive(test, chain, 3, 0);
}

static void lifetime_child_pins_parent(struct kunit *test)
{
	struct beancounter *chain[3];

	bc_new_chain(test, chain, 3);
	bc_group_gone(chain[0]);
	bc_group_gone(chain[1]);
	bc_expect_alive(test, chain, 3, 3);
	bc_group_gone(chain[2]);
	bc_expect_alive(test, chain, 3, 0);
}

/* The last byte of the lowest account frees the whole chain of removed groups. */
static void lifetime_chain(struct kunit *test)
{
	struct beancounter *chain[BC_KUNIT_DEPTH];
	int i;

	bc_new_chain(test, chain, BC_KUNIT_DEPTH);
	BC_EXPECT_CHARGED(test, chain[BC_KUNIT_DEPTH - 1], BC_KMEMSIZE, 5000,
			  BC_BARRIER);
	for (i = BC_KUNIT_DEPTH - 1; i >= 0; i--)
		bc_group_gone(chain[i]);
	bc_expect_alive(test, chain, BC_KUNIT_DEPTH, BC_KUNIT_DEPTH);
	bc_uncharge(chain[BC_KUNIT_DEPTH - 1], BC_KMEMSIZE, 4999);
	bc_expect_alive(test, chain, BC_KUNIT_DEPTH, BC_KUNIT_DEPTH);
	bc_uncharge(chain[BC_KUNIT_DEPTH - 1], BC_KMEMSIZE, 1);
	bc_expect_alive(test, chain, BC_KUNIT_DEPTH, 0);
}

/* It frees them up to the first account that has own charges, or still has a group. */
static void lifetime_chain_partial(struct kunit *test)
{
	struct beancounter *chain[6];
	int i;

	bc_new_chain(test, chain, 6);
	BC_EXPECT_CHARGED(test, chain[5], BC_KMEMSIZE, 10, BC_BARRIER);
	BC_EXPECT_CHARGED(test, chain[3], BC_KMEMSIZE, 10, BC_BARRIER);
	for (i = 5; i >= 2; i--)
		bc_group_gone(chain[i]);
	bc_uncharge(chain[5], BC_KMEMSIZE, 10);
	bc_expect_alive(test, chain, 6, 4);
	bc_uncharge(chain[3], BC_KMEMSIZE, 10);
	bc_expect_alive(test, chain, 6, 2);
	BC_EXPECT_HELD(test, chain[0], BC_KMEMSIZE, 0);
	bc_group_gone(chain[1]);
	bc_group_gone(chain[0]);
	bc_expect_alive(test, chain, 6, 0);
}

/* The parents go on holding the charges of a removed group. */
static void lifetime_parent_holds(struct kunit *test)
{
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *dead, *live = bc_kunit_alloc(test, top);

	bc_kunit_set(top, BC_SET_BARRIER, BC_KMEMSIZE, SZ_1M);
	dead = bc_alloc(top);
	KUNIT_ASSERT_NOT_NULL(test, dead);
	BC_EXPECT_CHARGED(test, dead, BC_KMEMSIZE, SZ_512K, BC_BARRIER);
	bc_group_gone(dead);
	BC_EXPECT_HELD(test, top, BC_KMEMSIZE, SZ_512K);
	BC_EXPECT_REFUSED(test, live, BC_KMEMSIZE, SZ_512K + 1, BC_BARRIER);
	bc_uncharge(dead, BC_KMEMSIZE, SZ_512K);
	KUNIT_EXPECT_FALSE(test, bc_kunit_listed(dead));
	/* A drain must not find the account that was freed. */
	bc_kunit_settle(test);
	BC_EXPECT_CHARGED(test, live, BC_KMEMSIZE, SZ_1M, BC_BARRIER);
	BC_EXPECT_REFUSED(test, live, BC_KMEMSIZE, 1, BC_BARRIER);
	bc_uncharge(live, BC_KMEMSIZE, SZ_1M);
}

/* A late request of a task that looked up the group before it was removed. */
static void lifetime_late_charge(struct kunit *test)
{
	struct beancounter *bc;

	bc_new_chain(test, &bc, 1);
	BC_EXPECT_CHARGED(test, bc, BC_KMEMSIZE, 100, BC_BARRIER);
	bc_close(bc);
	BC_EXPECT_CHARGED(test, bc, BC_KMEMSIZE, 50, BC_BARRIER);
	bc_put(bc);
	BC_EXPECT_CHARGED(test, bc, BC_KMEMSIZE, 50, BC_FORCE);
	bc_uncharge(bc, BC_KMEMSIZE, 100);
	bc_uncharge(bc, BC_KMEMSIZE, 99);
	bc_expect_alive(test, &bc, 1, 1);
	bc_uncharge(bc, BC_KMEMSIZE, 1);
	bc_expect_alive(test, &bc, 1, 0);
}

static void lifetime_no_group(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	KUNIT_EXPECT_NULL(test, bc_get_css(bc));
	KUNIT_EXPECT_EQ(test, bc->id, 0);
}

static struct kunit_case bc_lifetime_cases[] = {
	KUNIT_CASE(lifetime_empty),
	KUNIT_CASE(lifetime_never_online),
	KUNIT_CASE(lifetime_used),
	KUNIT_CASE(lifetime_last_byte),
	KUNIT_CASE(lifetime_last_file),
	KUNIT_CASE(lifetime_each_resource),
	KUNIT_CASE(lifetime_refused),
	KUNIT_CASE(lifetime_child_pins_parent),
	KUNIT_CASE(lifetime_chain),
	KUNIT_CASE(lifetime_chain_partial),
	KUNIT_CASE(lifetime_parent_holds),
	KUNIT_CASE(lifetime_late_charge),
	KUNIT_CASE(lifetime_no_group),
	{},
};

static struct kunit_suite bc_lifetime_suite = {
	.name = "beancounters_lifetime",
	.init = bc_kunit_pin,
	.exit = bc_kunit_settle,
	.test_cases = bc_lifetime_cases,
};

kunit_test_suite(bc_lifetime_suite);

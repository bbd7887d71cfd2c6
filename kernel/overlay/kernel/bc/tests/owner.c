// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of objects that count in a resource of their own.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "util.h"
#include "../../../mm/slab.h"

#define BC_OWNER_OBJECT 192
#define BC_OWNER_BULK 16
#define BC_OWNER_FILES 1000

/**
 * struct bc_owner_test - the context of a test
 * @bc: pays for the allocations of the test
 * @cache: each of its objects counts in numflock
 * @plain: its objects do not count
 * @other: another account that pays
 * @mine: an object for which @bc pays
 * @theirs: an object for which @other pays
 * @tasklet: checks sections in a softirq
 * @right: result of @tasklet
 * @done: completed at the end of @tasklet
 */
struct bc_owner_test {
	struct beancounter *bc;
	struct kmem_cache *cache;
	struct kmem_cache *plain;
	struct beancounter *other;
	void *mine;
	void *theirs;
	struct tasklet_struct tasklet;
	bool right;
	struct completion done;
};

static int bc_owner_init(struct kunit *test)
{
	struct bc_owner_test *ctx;

	static_branch_enable(&bc_online_key);
	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;
	ctx->cache = kmem_cache_create("bc_kunit_counted", BC_OWNER_OBJECT, 0,
				       SLAB_NO_MERGE, NULL);
	ctx->plain = kmem_cache_create("bc_kunit_uncounted", BC_OWNER_OBJECT, 0,
				       SLAB_BC | SLAB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, ctx->cache);
	KUNIT_ASSERT_NOT_NULL(test, ctx->plain);
	/* Done by hand: bc_count_objects() is __init, and gone after boot. */
	ctx->cache->flags |= SLAB_BC;
	ctx->cache->bc.charge += (u64)BC_NUMFLOCK << BC_ITEM_SHIFT;
	KUNIT_EXPECT_EQ(test, bc_object_size(ctx->cache),
			bc_object_size(ctx->plain));
	ctx->bc = bc_kunit_alloc(test, NULL);
	return 0;
}

static void bc_owner_exit(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;

	kmem_cache_destroy(ctx->cache);
	kmem_cache_destroy(ctx->plain);
}

static void bc_owner_expect(struct kunit *test, u64 items)
{
	struct bc_owner_test *ctx = test->priv;

	BC_EXPECT_HELD(test, ctx->bc, BC_NUMFLOCK, items);
	BC_EXPECT_HELD(test, ctx->bc, BC_KMEMSIZE,
		       items * bc_object_size(ctx->cache));
}

static void *bc_owner_alloc(struct kunit *test, struct kmem_cache *cache)
{
	struct bc_owner_test *ctx = test->priv;
	void *obj;

	set_active_bc(ctx->bc);
	obj = kmem_cache_alloc(cache, GFP_KERNEL);
	set_active_bc(NULL);
	return obj;
}

/* At the barrier of the count, and at that of the bytes, both are charged or none. */
static void test_counted(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	void *a, *b;

	bc_kunit_set(ctx->bc, BC_SET_BARRIER, BC_NUMFLOCK, 1);
	a = bc_owner_alloc(test, ctx->cache);
	KUNIT_EXPECT_NOT_NULL(test, a);
	bc_owner_expect(test, 1);
	KUNIT_EXPECT_NULL(test, bc_owner_alloc(test, ctx->cache));
	bc_owner_expect(test, 1);
	KUNIT_EXPECT_EQ(test, 1,
			bc_kunit_counter(ctx->bc, BC_NUMFLOCK).failcnt);
	b = bc_owner_alloc(test, ctx->plain);
	KUNIT_EXPECT_NOT_NULL(test, b);
	kmem_cache_free(ctx->plain, b);
	bc_kunit_set(ctx->bc, BC_SET_BARRIER, BC_NUMFLOCK, BC_MAX);
	bc_kunit_limits(ctx->bc, BC_KMEMSIZE, bc_object_size(ctx->cache),
			BC_MAX);
	KUNIT_EXPECT_NULL(test, bc_owner_alloc(test, ctx->cache));
	bc_owner_expect(test, 1);
	kmem_cache_free(ctx->cache, a);
	bc_owner_expect(test, 0);
}

/* An object that is refused for its bytes does not raise maxheld of its count. */
static void test_counted_maxheld(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	u64 size = bc_object_size(ctx->cache);
	void *a;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	bc_kunit_limits(ctx->bc, BC_KMEMSIZE, 2 * size, BC_MAX);
	a = bc_owner_alloc(test, ctx->cache);
	KUNIT_ASSERT_NOT_NULL(test, a);
	BC_EXPECT_CHARGED(test, ctx->bc, BC_KMEMSIZE, 1, BC_BARRIER);
	KUNIT_EXPECT_NULL(test, bc_owner_alloc(test, ctx->cache));
	KUNIT_EXPECT_EQ(test, 1,
			bc_kunit_counter(ctx->bc, BC_NUMFLOCK).maxheld);
	bc_uncharge(ctx->bc, BC_KMEMSIZE, 1);
	kmem_cache_free(ctx->cache, a);
	bc_owner_expect(test, 0);
}

/* Inside bc_try_begin() no refusal is counted. */
static void test_try_section(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	bool old;

	bc_kunit_limits(ctx->bc, BC_NUMFLOCK, 0, 0);
	old = bc_try_begin();
	KUNIT_EXPECT_NULL(test, bc_owner_alloc(test, ctx->cache));
	bc_try_end(old);
	KUNIT_EXPECT_EQ(test, 0,
			bc_kunit_counter(ctx->bc, BC_NUMFLOCK).failcnt);
	KUNIT_EXPECT_NULL(test, bc_owner_alloc(test, ctx->cache));
	KUNIT_EXPECT_EQ(test, 1,
			bc_kunit_counter(ctx->bc, BC_NUMFLOCK).failcnt);
	bc_owner_expect(test, 0);
}

/* Another task shrinks @by, and has taken all objects: does a shrink of @bc go on? */
static bool bc_owner_goes_on(struct kunit *test, struct beancounter *by,
			     struct beancounter *bc)
{
	struct bc_owner_test *ctx = test->priv;
	struct bc_shrink other = { .bc = by };
	const struct bc_want want = { BC_KMEMSIZE, 1 };
	void *p = bc_owner_alloc(test, ctx->plain);
	bool ret;

	KUNIT_EXPECT_NOT_NULL(test, p);
	current->bc.shrink = &other;
	bc_lru_took(p);
	current->bc.shrink = NULL;
	bc->shrink_after = jiffies;
	ret = bc_reclaim(bc, &want, true);
	atomic_dec(&by->shrinks);
	for (by = by->parent; by; by = by->parent)
		atomic_dec(&by->shrinks_below);
	kmem_cache_free(ctx->plain, p);
	return ret;
}

/* A shrink finds nothing: it is worth another try if others are freeing objects. */
static void test_taken_by_other(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	const struct bc_want want = { BC_KMEMSIZE, 1 };
	struct beancounter *child = bc_kunit_alloc(test, ctx->bc);
	struct beancounter *sibling = bc_kunit_alloc(test, ctx->bc);

	KUNIT_EXPECT_FALSE(test, bc_reclaim(ctx->bc, &want, true));
	KUNIT_EXPECT_TRUE(test, bc_owner_goes_on(test, ctx->bc, ctx->bc));
	KUNIT_EXPECT_TRUE(test, bc_owner_goes_on(test, child, ctx->bc));
	KUNIT_EXPECT_TRUE(test, bc_owner_goes_on(test, ctx->bc, child));
	KUNIT_EXPECT_FALSE(test, bc_owner_goes_on(test, sibling, child));
}

static void test_counted_bulk(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	void *p[BC_OWNER_BULK];
	int n;

	set_active_bc(ctx->bc);
	n = kmem_cache_alloc_bulk(ctx->cache, GFP_KERNEL, BC_OWNER_BULK, p);
	set_active_bc(NULL);
	KUNIT_ASSERT_EQ(test, BC_OWNER_BULK, n);
	bc_owner_expect(test, BC_OWNER_BULK);
	kmem_cache_free_bulk(ctx->cache, BC_OWNER_BULK, p);
	bc_owner_expect(test, 0);
	bc_kunit_set(ctx->bc, BC_SET_BARRIER, BC_NUMFLOCK, BC_OWNER_BULK - 1);
	set_active_bc(ctx->bc);
	n = kmem_cache_alloc_bulk(ctx->cache, GFP_KERNEL, BC_OWNER_BULK, p);
	set_active_bc(NULL);
	KUNIT_EXPECT_EQ(test, 0, n);
	bc_owner_expect(test, 0);
}

/* More open files in one slab than the bits of a word for them can say. */
static void test_files_bulk(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	struct kmem_cache *files;
	void **p;
	int n;

	files = kmem_cache_create("bc_kunit_files", sizeof(u64), 0,
				  SLAB_BC | SLAB_NO_MERGE, NULL);
	p = kunit_kcalloc(test, BC_OWNER_FILES, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, files);
	KUNIT_ASSERT_NOT_NULL(test, p);
	files->bc.charge += BC_FILE;
	set_active_bc(ctx->bc);
	n = kmem_cache_alloc_bulk(files, GFP_KERNEL, BC_OWNER_FILES, p);
	set_active_bc(NULL);
	KUNIT_EXPECT_EQ(test, BC_OWNER_FILES, n);
	BC_EXPECT_HELD(test, ctx->bc, BC_NUMFILE, n);
	BC_EXPECT_HELD(test, ctx->bc, BC_PRIVVMPAGES, 0);
	if (n)
		kmem_cache_free_bulk(files, n, p);
	BC_EXPECT_HELD(test, ctx->bc, BC_NUMFILE, 0);
	BC_EXPECT_HELD(test, ctx->bc, BC_PRIVVMPAGES, 0);
	BC_EXPECT_HELD(test, ctx->bc, BC_KMEMSIZE, 0);
	kmem_cache_destroy(files);
}

/* An object that nobody pays for is charged to the payer of another. */
static void test_charge_like(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	void *like = bc_owner_alloc(test, ctx->plain);
	gfp_t nobody = GFP_KERNEL | __GFP_UNCHARGED;
	void *obj;

	KUNIT_ASSERT_NOT_NULL(test, like);
	obj = kmem_cache_alloc(ctx->cache, nobody);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	BC_EXPECT_HELD(test, ctx->bc, BC_NUMFLOCK, 0);
	KUNIT_EXPECT_TRUE(test, bc_charge_like(obj, like, GFP_KERNEL));
	BC_EXPECT_HELD(test, ctx->bc, BC_NUMFLOCK, 1);
	kmem_cache_free(ctx->cache, obj);
	bc_kunit_set(ctx->bc, BC_SET_BARRIER, BC_NUMFLOCK, 0);
	obj = kmem_cache_alloc(ctx->cache, nobody);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_FALSE(test, bc_charge_like(obj, like, GFP_KERNEL));
	kmem_cache_free(ctx->cache, obj);
	kmem_cache_free(ctx->plain, like);
	bc_owner_expect(test, 0);
}

/* The payer of an object changes if a kernel thread made it in place of a softirq. */
static void test_charge_like_kthread(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	struct beancounter *other = bc_kunit_alloc(test, NULL);
	void *like, *obj = bc_owner_alloc(test, ctx->cache);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	set_active_bc(other);
	like = kmem_cache_alloc(ctx->plain, GFP_KERNEL);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, like);
	bc_owner_expect(test, 1);
	KUNIT_EXPECT_TRUE(test, current->flags & PF_KTHREAD);
	KUNIT_EXPECT_TRUE(test, bc_charge_like(obj, like, GFP_KERNEL));
	bc_owner_expect(test, 0);
	BC_EXPECT_HELD(test, other, BC_NUMFLOCK, 1);
	kmem_cache_free(ctx->cache, obj);
	kmem_cache_free(ctx->plain, like);
	BC_EXPECT_HELD(test, other, BC_KMEMSIZE, 0);
}

/* Does @bc pay for an object that is allocated here? NULL: does nobody pay? */
static bool bc_owner_is(struct bc_owner_test *ctx, const struct beancounter *bc)
{
	void *obj = kmem_cache_alloc(ctx->plain, GFP_ATOMIC | __GFP_NOWARN);
	bool right = obj && bc_object_owner(obj, NULL) == bc;

	if (obj)
		kmem_cache_free(ctx->plain, obj);
	return right;
}

/* Sections nest; a change of payer lasts to the end of the inner section. */
static bool bc_owner_sections(struct bc_owner_test *ctx)
{
	struct beancounter *outer, *inner;
	bool right;

	outer = bc_behalf_begin(ctx->mine);
	right = bc_owner_is(ctx, ctx->bc);
	inner = bc_behalf_begin(NULL);
	right &= bc_owner_is(ctx, NULL);
	__bc_behalf_change(ctx->theirs);
	right &= bc_owner_is(ctx, ctx->other);
	__bc_behalf_change(NULL);
	right &= bc_owner_is(ctx, NULL);
	__bc_behalf_change(ctx->theirs);
	bc_behalf_end(inner);
	right &= bc_owner_is(ctx, ctx->bc);
	bc_behalf_end(outer);
	return right && bc_owner_is(ctx, NULL);
}

static void bc_owner_tasklet(struct tasklet_struct *t)
{
	struct bc_owner_test *ctx =
		container_of(t, struct bc_owner_test, tasklet);

	ctx->right = bc_owner_sections(ctx);
	complete(&ctx->done);
}

/*
 * Sections work the same in a kernel thread, as that of the test, and in a softirq. No
 * reference is left.
 */
static void test_behalf(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	unsigned int refs, refs_other;

	ctx->other = bc_kunit_alloc(test, NULL);
	ctx->mine = bc_owner_alloc(test, ctx->plain);
	KUNIT_ASSERT_NOT_NULL(test, ctx->mine);
	set_active_bc(ctx->other);
	ctx->theirs = kmem_cache_alloc(ctx->plain, GFP_KERNEL);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, ctx->theirs);
	refs = refcount_read(&ctx->bc->refs);
	refs_other = refcount_read(&ctx->other->refs);

	KUNIT_EXPECT_TRUE(test, bc_owner_sections(ctx));
	KUNIT_EXPECT_FALSE(test, current->bc_scope.flags & BC_SCOPE_BEHALF);

	init_completion(&ctx->done);
	tasklet_setup(&ctx->tasklet, bc_owner_tasklet);
	tasklet_schedule(&ctx->tasklet);
	wait_for_completion(&ctx->done);
	tasklet_kill(&ctx->tasklet);
	KUNIT_EXPECT_TRUE(test, ctx->right);

	KUNIT_EXPECT_EQ(test, refs, refcount_read(&ctx->bc->refs));
	KUNIT_EXPECT_EQ(test, refs_other, refcount_read(&ctx->other->refs));
	kmem_cache_free(ctx->plain, ctx->mine);
	kmem_cache_free(ctx->plain, ctx->theirs);
	bc_owner_expect(test, 0);
	BC_EXPECT_HELD(test, ctx->other, BC_KMEMSIZE, 0);
}

/* The account is freed with its last object, whose item and bytes go back one by one. */
static void test_counted_last(struct kunit *test)
{
	struct bc_owner_test *ctx = test->priv;
	struct beancounter *bc = bc_alloc(NULL);
	void *obj;

	KUNIT_ASSERT_NOT_NULL(test, bc);
	set_active_bc(bc);
	obj = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	bc_close(bc);
	bc_put(bc);
	KUNIT_EXPECT_TRUE(test, bc_kunit_listed(bc));
	kmem_cache_free(ctx->cache, obj);
	KUNIT_EXPECT_FALSE(test, bc_kunit_listed(bc));
}

static struct kunit_case bc_owner_cases[] = {
	KUNIT_CASE(test_counted),
	KUNIT_CASE(test_try_section),
	KUNIT_CASE(test_counted_bulk),
	KUNIT_CASE(test_files_bulk),
	KUNIT_CASE(test_charge_like),
	KUNIT_CASE(test_charge_like_kthread),
	KUNIT_CASE(test_behalf),
	KUNIT_CASE(test_counted_maxheld),

	KUNIT_CASE(test_counted_last),
	KUNIT_CASE(test_taken_by_other),
	{},
};

static struct kunit_suite bc_owner_suite = {
	.name = "beancounters_owner",
	.init = bc_owner_init,
	.exit = bc_owner_exit,
	.test_cases = bc_owner_cases,
};

kunit_test_suite(bc_owner_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the hooks of the allocators.
 *
 * The thread of the test lets an account of its own pay, by set_active_bc(), and
 * allocates in every way that is charged. held must rise by exactly the charge of the
 * allocation and come back to zero, and an allocation above the barrier must fail.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "util.h"
#include "../../../mm/percpu_owner_bc.h"
#include "../../../mm/slab.h"

#define BC_KMEM_BULK 16
#define BC_KMEM_OBJECT 256

/**
 * struct bc_kmem - the context of a test
 * @bc: pays for the allocations of the test
 * @cache: its objects are charged to beancounters
 * @size: the charge of an object of @cache
 */
struct bc_kmem {
	struct beancounter *bc;
	struct kmem_cache *cache;
	u64 size;
};

static int bc_kmem_init(struct kunit *test)
{
	struct bc_kmem *ctx;

	/* Turn the hooks on, as there may be no group yet that has done so. */
	static_branch_enable(&bc_online_key);
	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;
	ctx->cache = kmem_cache_create("bc_kunit", BC_KMEM_OBJECT, 0,
				       SLAB_BC | SLAB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, ctx->cache);
	ctx->size = bc_object_size(ctx->cache);
	ctx->bc = bc_kunit_alloc(test, NULL);
	return 0;
}

static void bc_kmem_exit(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;

	if (ctx && ctx->cache)
		kmem_cache_destroy(ctx->cache);
}

static void bc_kmem_expect(struct kunit *test, u64 held)
{
	struct bc_kmem *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, held, bc_kunit_held(ctx->bc, BC_KMEMSIZE));
}

/* From here on the account pays, up to @barrier bytes. */
static void bc_kmem_pay(struct kunit *test, u64 barrier)
{
	struct bc_kmem *ctx = test->priv;

	bc_kunit_limits(ctx->bc, BC_KMEMSIZE, barrier, BC_MAX);
	set_active_bc(ctx->bc);
}

static void test_slab_object(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *a, *b;

	bc_kmem_pay(test, ctx->size);
	a = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	b = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	set_active_bc(NULL);
	KUNIT_EXPECT_NOT_NULL(test, a);
	KUNIT_EXPECT_NULL(test, b);
	bc_kmem_expect(test, ctx->size);
	KUNIT_EXPECT_PTR_EQ(test, ctx->bc, bc_object_owner(a, NULL));
	kmem_cache_free(ctx->cache, a);
	bc_kmem_expect(test, 0);
}

/* No room can be made inside a file system, so a little may exceed the limit. */
static void test_slab_in_fs(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	const int want = 1 + BC_EXCESS_MAX / ctx->size;
	void *first = NULL, *p;
	int n = 0;

	bc_kmem_pay(test, ctx->size);
	bc_kunit_set(ctx->bc, BC_SET_LIMIT, BC_KMEMSIZE, ctx->size);
	while (n <= want && (p = kmem_cache_alloc(ctx->cache, GFP_NOFS))) {
		*(void **)p = first;
		first = p;
		n++;
	}
	KUNIT_EXPECT_EQ(test, want, n);
	KUNIT_EXPECT_NULL(test, kmem_cache_alloc(ctx->cache, GFP_NOWAIT));
	set_active_bc(NULL);
	bc_kmem_expect(test, n * ctx->size);
	while ((p = first)) {
		first = *(void **)p;
		kmem_cache_free(ctx->cache, p);
	}
	bc_kmem_expect(test, 0);
}

/* Objects of a cache without a mark are charged if the allocation is marked. */
static void test_kmalloc(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *none, *memcg, *bc_only;

	bc_kmem_pay(test, BC_MAX);
	none = kmalloc(64, GFP_KERNEL);
	bc_kmem_expect(test, 0);
	memcg = kmalloc(64, GFP_KERNEL_ACCOUNT);
	bc_kmem_expect(test, bc_object_size(virt_to_slab(memcg)->slab_cache));
	kfree(memcg);
	bc_only = kmalloc(64, GFP_KERNEL_BC);
	bc_kmem_expect(test, bc_object_size(virt_to_slab(bc_only)->slab_cache));
	KUNIT_EXPECT_FALSE(test, virt_to_slab(bc_only)->slab_cache->flags &
					 SLAB_ACCOUNT);
	kfree(bc_only);
	set_active_bc(NULL);
	kfree(none);
	bc_kmem_expect(test, 0);
	KUNIT_EXPECT_EQ(test, 0ULL,
			bc_kunit_counter(ctx->bc, BC_KMEMSIZE).failcnt);
}

/* A slab of a cache without a mark gets its vector when the first object needs it. */
static void test_slab_on_demand(struct kunit *test)
{
	struct kmem_cache *cache;
	void *none, *paid;

	cache = kmem_cache_create("bc_kunit_plain", BC_KMEM_OBJECT, 0,
				  SLAB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	bc_kmem_pay(test, BC_MAX);
	none = kmem_cache_alloc(cache, GFP_KERNEL);
	bc_kmem_expect(test, 0);
	paid = kmem_cache_alloc(cache, GFP_KERNEL_BC);
	bc_kmem_expect(test, bc_object_size(cache));
	set_active_bc(NULL);
	kmem_cache_free(cache, none);
	kmem_cache_free(cache, paid);
	bc_kmem_expect(test, 0);
	kmem_cache_destroy(cache);
}

/* Slots computed from the address are those that obj_to_index() finds. */
static void test_slab_slots(struct kunit *test)
{
	static const unsigned int sizes[] = {
		8, 24, 56, 64, 96, 200, 704, 1000, 2040, 3000, 8192, 9000
	};
	struct bc_kmem *ctx = test->priv;
	void *obj[4 * BC_KMEM_BULK];
	struct kmem_cache *cache;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cache = kmem_cache_create("bc_kunit_slots", sizes[i], 0,
					  SLAB_BC | SLAB_NO_MERGE, NULL);
		KUNIT_ASSERT_NOT_NULL(test, cache);
		bc_kmem_pay(test, BC_MAX);
		for (j = 0; j < ARRAY_SIZE(obj); j++) {
			obj[j] = kmem_cache_alloc(cache, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, obj[j]);
		}
		set_active_bc(NULL);
		for (j = 0; j < ARRAY_SIZE(obj); j++)
			KUNIT_EXPECT_PTR_EQ(test, ctx->bc,
					    bc_object_owner(obj[j], NULL));
		for (j = 0; j < ARRAY_SIZE(obj); j++) {
			kmem_cache_free(cache, obj[j]);
			bc_kmem_expect(test, (ARRAY_SIZE(obj) - 1 - j) *
						     bc_object_size(cache));
		}
		kmem_cache_destroy(cache);
	}
}

/* A vector whose slots do not follow from the addresses, as those of kfence. */
static void test_slab_odd(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *a, *b;

	bc_kmem_pay(test, BC_MAX);
	a = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a);
	virt_to_slab(a)->obj_exts |= OBJEXTS_ODD;
	b = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b);
	set_active_bc(NULL);
	KUNIT_EXPECT_PTR_EQ(test, ctx->bc, bc_object_owner(a, NULL));
	KUNIT_EXPECT_PTR_EQ(test, ctx->bc, bc_object_owner(b, NULL));
	bc_kmem_expect(test, 2 * ctx->size);
	kmem_cache_free(ctx->cache, a);
	bc_kmem_expect(test, ctx->size);
	kmem_cache_free(ctx->cache, b);
	bc_kmem_expect(test, 0);
}

static void test_slab_bulk(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *p[BC_KMEM_BULK], *q[BC_KMEM_BULK];
	int n, m;

	bc_kmem_pay(test, BC_KMEM_BULK * ctx->size * 3 / 2);
	n = kmem_cache_alloc_bulk(ctx->cache, GFP_KERNEL, BC_KMEM_BULK, p);
	m = kmem_cache_alloc_bulk(ctx->cache, GFP_KERNEL, BC_KMEM_BULK, q);
	set_active_bc(NULL);
	KUNIT_EXPECT_EQ(test, BC_KMEM_BULK, n);
	KUNIT_EXPECT_EQ(test, 0, m);
	bc_kmem_expect(test, n * ctx->size);
	if (n)
		kmem_cache_free_bulk(ctx->cache, n, p);
	bc_kmem_expect(test, 0);
}

struct bc_kmem_rcu {
	struct rcu_head rcu;
	char data[64];
};

static void test_kfree_rcu(struct kunit *test)
{
	struct bc_kmem_rcu *a, *b;

	bc_kmem_pay(test, BC_MAX);
	a = kmalloc(sizeof(*a), GFP_KERNEL_BC);
	b = kmalloc(sizeof(*b), GFP_KERNEL_BC);
	set_active_bc(NULL);
	KUNIT_EXPECT_NE(test, 0ULL,
			bc_kunit_held(((struct bc_kmem *)test->priv)->bc,
				      BC_KMEMSIZE));
	kfree_rcu(a, rcu);
	kfree_rcu_mightsleep(b);
	kvfree_rcu_barrier();
	rcu_barrier();
	bc_kmem_expect(test, 0);
}

/* An object is allocated without a payer and charged later. */
static void test_charge_late(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *obj = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	void *large = kmalloc(SZ_64K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_ASSERT_NOT_NULL(test, large);
	bc_kmem_expect(test, 0);
	bc_kmem_pay(test, 0);
	KUNIT_EXPECT_FALSE(test, kmem_cache_charge(obj, GFP_KERNEL));
	bc_kmem_expect(test, 0);
	KUNIT_EXPECT_TRUE(test,
			  kmem_cache_charge(obj, GFP_KERNEL | __GFP_NOFAIL));
	bc_kmem_expect(test, ctx->size);
	/* An object that has a payer keeps it. */
	KUNIT_EXPECT_TRUE(test,
			  kmem_cache_charge(obj, GFP_KERNEL | __GFP_NOFAIL));
	bc_kmem_expect(test, ctx->size);
	KUNIT_EXPECT_TRUE(test,
			  kmem_cache_charge(large, GFP_KERNEL | __GFP_NOFAIL));
	bc_kmem_expect(test, ctx->size + SZ_64K);
	set_active_bc(NULL);
	kfree(large);
	kmem_cache_free(ctx->cache, obj);
	bc_kmem_expect(test, 0);
}

static void test_kmalloc_large(struct kunit *test)
{
	void *a, *b;

	bc_kmem_pay(test, SZ_64K);
	a = kmalloc(SZ_64K, GFP_KERNEL_BC);
	b = kmalloc(SZ_64K, GFP_KERNEL_BC);
	set_active_bc(NULL);
	KUNIT_EXPECT_NOT_NULL(test, a);
	KUNIT_EXPECT_NULL(test, b);
	bc_kmem_expect(test, SZ_64K);
	kfree(a);
	bc_kmem_expect(test, 0);
}

static void test_pages(struct kunit *test)
{
	struct page *page;
	unsigned int order;

	for (order = 0; order < 4; order++) {
		bc_kmem_pay(test, PAGE_SIZE << order);
		page = alloc_pages(GFP_KERNEL_BC, order);
		KUNIT_EXPECT_NOT_NULL(test, page);
		bc_kmem_expect(test, PAGE_SIZE << order);
		KUNIT_EXPECT_NULL(test, alloc_pages(GFP_KERNEL_BC, 0));
		set_active_bc(NULL);
		__free_pages(page, order);
		bc_kmem_expect(test, 0);
	}
}

/* The whole charge is given back, also if a reference to the page delays its free. */
static void test_pages_speculative(struct kunit *test)
{
	struct page *page;

	bc_kmem_pay(test, BC_MAX);
	page = alloc_pages(GFP_KERNEL_BC, 2);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page);
	__free_pages(page, 2);
	put_page(page);
	bc_kmem_expect(test, 0);
}

static void test_pages_bulk(struct kunit *test)
{
	struct page *pages[BC_KMEM_BULK] = {};
	unsigned long n, i;

	bc_kmem_pay(test, 4 * PAGE_SIZE);
	n = alloc_pages_bulk_array(GFP_KERNEL_BC, BC_KMEM_BULK, pages);
	set_active_bc(NULL);
	KUNIT_EXPECT_LE(test, n, 4UL);
	bc_kmem_expect(test, n * PAGE_SIZE);
	for (i = 0; i < n; i++)
		__free_page(pages[i]);
	bc_kmem_expect(test, 0);
}

static void test_split_page(struct kunit *test)
{
	struct page *page;
	int i;

	bc_kmem_pay(test, BC_MAX);
	page = alloc_pages(GFP_KERNEL_BC, 3);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	split_page(page, 3);
	bc_kmem_expect(test, 8 * PAGE_SIZE);
	for (i = 7; i >= 0; i--) {
		__free_page(page + i);
		bc_kmem_expect(test, i * PAGE_SIZE);
	}
}

static void test_pages_exact(struct kunit *test)
{
	void *p;

	bc_kmem_pay(test, BC_MAX);
	p = alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL_BC);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	bc_kmem_expect(test, 5 * PAGE_SIZE);
	free_pages_exact(p, 5 * PAGE_SIZE);
	bc_kmem_expect(test, 0);
}

static void test_vmalloc(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *a, *b;
	u64 held;

	/* The pages are charged. Memory to keep track of them is not marked. */
	bc_kmem_pay(test, 9 * PAGE_SIZE - 1);
	a = __vmalloc(8 * PAGE_SIZE, GFP_KERNEL_BC);
	held = bc_kunit_held(ctx->bc, BC_KMEMSIZE);
	KUNIT_EXPECT_EQ(test, held, 8 * PAGE_SIZE);
	b = __vmalloc(PAGE_SIZE, GFP_KERNEL_BC);
	bc_kmem_expect(test, held);
	set_active_bc(NULL);
	KUNIT_EXPECT_NOT_NULL(test, a);
	KUNIT_EXPECT_NULL(test, b);
	vfree(b);
	vfree(a);
	bc_kmem_expect(test, 0);
}

static void test_percpu(struct kunit *test)
{
	/* Larger than the free space in the chunk of early boot. */
	const size_t size = SZ_16K;
	const u64 bytes = pcpu_bc_bytes(size);
	void __percpu *p[4];
	int i;

	bc_kmem_pay(test, 3 * bytes);
	for (i = 0; i < 4; i++)
		p[i] = __alloc_percpu_gfp(size, 8,
					  GFP_KERNEL_BC | __GFP_NOWARN);
	set_active_bc(NULL);
	/* The first may have come from that chunk, which is not charged. */
	KUNIT_EXPECT_GE(test,
			bc_kunit_held(((struct bc_kmem *)test->priv)->bc,
				      BC_KMEMSIZE),
			2 * bytes);
	for (i = 0; i < 4; i++)
		free_percpu(p[i]);
	bc_kmem_expect(test, 0);
}

/* Nobody pays for the reserve, nor for objects that come from the pool. */
static void test_mempool(struct kunit *test)
{
	mempool_t *pool;
	u64 held;
	void *p;

	bc_kmem_pay(test, BC_MAX);
	pool = mempool_create_node(4, mempool_kmalloc, mempool_kfree,
				   (void *)(long)BC_KMEM_OBJECT, GFP_KERNEL_BC,
				   NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	/* The pool itself and its array of pointers are charged. */
	held = bc_object_size(virt_to_slab(pool)->slab_cache) +
	       bc_object_size(virt_to_slab(pool->elements)->slab_cache);
	bc_kmem_expect(test, held);
	p = mempool_alloc(pool, GFP_KERNEL_BC);
	KUNIT_EXPECT_NULL(test, bc_object_owner(p, NULL));
	mempool_free(p, pool);
	mempool_destroy(pool);
	set_active_bc(NULL);
	bc_kmem_expect(test, 0);
}

static void test_limit_scope(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	bool scope;
	void *p;

	bc_kmem_pay(test, 0);
	KUNIT_EXPECT_NULL(test, kmem_cache_alloc(ctx->cache, GFP_KERNEL));
	p = kmem_cache_alloc(ctx->cache, GFP_KERNEL | __GFP_BC_LIMIT);
	KUNIT_EXPECT_NOT_NULL(test, p);
	kmem_cache_free(ctx->cache, p);
	scope = bc_limit_begin(true);
	p = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, p);
	bc_limit_end(scope);
	KUNIT_EXPECT_NULL(test, kmem_cache_alloc(ctx->cache, GFP_KERNEL));
	set_active_bc(NULL);
	kmem_cache_free(ctx->cache, p);
	bc_kmem_expect(test, 0);
}

static void test_nobody(struct kunit *test)
{
	struct bc_kmem *ctx = test->priv;
	void *p;

	bc_kmem_pay(test, 0);
	set_active_bc(BC_NOBODY);
	p = kmem_cache_alloc(ctx->cache, GFP_KERNEL);
	set_active_bc(NULL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, bc_object_owner(p, NULL));
	kmem_cache_free(ctx->cache, p);
}

static struct kunit_case bc_kmem_cases[] = {
	KUNIT_CASE(test_slab_object),
	KUNIT_CASE(test_slab_in_fs),
	KUNIT_CASE(test_kmalloc),
	KUNIT_CASE(test_slab_on_demand),
	KUNIT_CASE(test_slab_slots),
	KUNIT_CASE(test_slab_odd),
	KUNIT_CASE(test_slab_bulk),
	KUNIT_CASE(test_kfree_rcu),
	KUNIT_CASE(test_charge_late),
	KUNIT_CASE(test_kmalloc_large),
	KUNIT_CASE(test_pages),
	KUNIT_CASE(test_pages_speculative),
	KUNIT_CASE(test_pages_bulk),
	KUNIT_CASE(test_split_page),
	KUNIT_CASE(test_pages_exact),
	KUNIT_CASE(test_vmalloc),
	KUNIT_CASE(test_percpu),
	KUNIT_CASE(test_mempool),
	KUNIT_CASE(test_limit_scope),
	KUNIT_CASE(test_nobody),
	{},
};

static struct kunit_suite bc_kmem_suite = {
	.name = "beancounters_kmem",
	.init = bc_kmem_init,
	.exit = bc_kmem_exit,
	.test_cases = bc_kmem_cases,
};

kunit_test_suite(bc_kmem_suite);

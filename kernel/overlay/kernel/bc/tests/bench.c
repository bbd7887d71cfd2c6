// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the cost of a charge, next to memcg.
 *
 * Loops that allocate and free one kind of object are run by writing a line to
 * bc/bench in debugfs. They run as the task that writes, so its group pays.
 * Reading the same file afterwards shows how long the fastest round took:
 *
 *   KIND MARK SIZE BATCH COUNT ROUNDS PAYERS
 *
 * KIND is slab, bulk (slab objects, BATCH of them in one call) or page, MARK
 * plain, account or bc, SIZE the bytes of an object; BATCH objects are
 * allocated and then freed, until there were COUNT in all. Writing "join" remembers the
 * group of the task; with PAYERS above 0 so many of these groups pay in turn; "forget"
 * forgets them. After "exact" no group gets stocks of CPUs, and the task's own group has
 * none any more: its charges go the way that they go near the barrier. "stocks" undoes
 * this. "slot" shows the bytes beside each object of an accounted cache, "page_ext" those
 * beside each page.
 *
 * It is built with and without beancounters and memcg, so that the same loop
 * can be run on each.
 */
#include <linux/beancounter.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/page_ext.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_BEANCOUNTERS
#include "../stock.h"
#endif

#define BC_BENCH_PAYERS 1024
#define BC_BENCH_BATCH 4096

enum bc_bench_mark {
	BC_BENCH_PLAIN,
	BC_BENCH_ACCOUNT,
	BC_BENCH_BC,
	BC_BENCH_NR_MARKS
};

static const char *const bc_bench_marks[] = { "plain", "account", "bc" };

/* The mark of a cache, and of a page; bc is 0 where beancounters are not built. */
static const slab_flags_t bc_bench_slab[] = { 0, SLAB_ACCOUNT, SLAB_BC };
static const gfp_t bc_bench_gfp[] = { 0, __GFP_ACCOUNT, __GFP_BC };

struct bc_bench;

/**
 * struct bc_bench_kind - a way to allocate
 * @name: its name in the line that is written
 * @cache: whether it needs a cache
 * @run: allocate bench->batch objects into bench->obj and free them
 */
struct bc_bench_kind {
	const char *name;
	bool cache;
	int (*run)(struct bc_bench *bench);
};

/**
 * struct bc_bench - one line that was written
 * @kind: what to allocate
 * @mark: the mark of the objects
 * @size: bytes of an object
 * @batch: objects allocated before the first is freed
 * @count: objects in a round
 * @rounds: rounds, of which the fastest counts
 * @payers: how many groups take turns, 0 for the task's own
 * @cache: of the objects
 * @gfp: flags of the allocations
 * @obj: @batch objects
 */
struct bc_bench {
	const struct bc_bench_kind *kind;
	enum bc_bench_mark mark;
	unsigned int size;
	unsigned int batch;
	unsigned int count;
	unsigned int rounds;
	unsigned int payers;
	struct kmem_cache *cache;
	gfp_t gfp;
	void *obj[BC_BENCH_BATCH];
};

/* A group that pays in its turn; protected by bc_bench_sem. */
struct bc_bench_payer {
	struct beancounter *bc;
	struct mem_cgroup *memcg;
};

static DECLARE_RWSEM(bc_bench_sem);
static struct bc_bench_payer bc_bench_payers[BC_BENCH_PAYERS];
static unsigned int bc_bench_nr_payers;

/* Cycles if there are any, which are exact under an emulator that counts instructions. */
static u64 bc_bench_clock(void)
{
	u64 cycles = get_cycles();

	return cycles ?: ktime_get_ns();
}

static noinline int bc_bench_run_slab(struct bc_bench *bench)
{
	unsigned int i, n = bench->batch;
	int ret = 0;

	for (i = 0; i < n; i++) {
		bench->obj[i] = kmem_cache_alloc(bench->cache, bench->gfp);
		if (unlikely(!bench->obj[i])) {
			ret = -ENOMEM;
			break;
		}
	}
	for (n = i, i = 0; i < n; i++)
		kmem_cache_free(bench->cache, bench->obj[i]);
	return ret;
}

static noinline int bc_bench_run_bulk(struct bc_bench *bench)
{
	if (!kmem_cache_alloc_bulk(bench->cache, bench->gfp, bench->batch,
				   bench->obj))
		return -ENOMEM;
	kmem_cache_free_bulk(bench->cache, bench->batch, bench->obj);
	return 0;
}

static noinline int bc_bench_run_page(struct bc_bench *bench)
{
	unsigned int i, n = bench->batch, order = get_order(bench->size);
	int ret = 0;

	for (i = 0; i < n; i++) {
		bench->obj[i] = alloc_pages(bench->gfp, order);
		if (unlikely(!bench->obj[i])) {
			ret = -ENOMEM;
			break;
		}
	}
	for (n = i, i = 0; i < n; i++)
		__free_pages(bench->obj[i], order);
	return ret;
}

static const struct bc_bench_kind bc_bench_kinds[] = {
	{ "slab", true, bc_bench_run_slab },
	{ "bulk", true, bc_bench_run_bulk },
	{ "page", false, bc_bench_run_page },
};

/* A round in which the groups that joined take turns, batch by batch. */
static int bc_bench_turns(struct bc_bench *bench)
{
	struct mem_cgroup *old_memcg = set_active_memcg(NULL);
	struct beancounter *old_bc = set_active_bc(NULL);
	unsigned int i, turn = 0;
	int ret = 0;

	for (i = 0; i < bench->count && !ret; i += bench->batch) {
		set_active_memcg(bc_bench_payers[turn].memcg);
		set_active_bc(bc_bench_payers[turn].bc);
		ret = bench->kind->run(bench);
		if (++turn == bench->payers)
			turn = 0;
	}
	set_active_bc(old_bc);
	set_active_memcg(old_memcg);
	return ret;
}

static int bc_bench_round(struct bc_bench *bench)
{
	unsigned int i;
	int ret = 0;

	if (bench->payers)
		return bc_bench_turns(bench);
	for (i = 0; i < bench->count && !ret; i += bench->batch)
		ret = bench->kind->run(bench);
	return ret;
}

/* The fastest round, in cycles or nanoseconds. */
static int bc_bench_rounds(struct bc_bench *bench, u64 *best)
{
	unsigned int i;
	u64 start;
	int ret;

	*best = U64_MAX;
	for (i = 0; i < bench->rounds; i++) {
		start = bc_bench_clock();
		ret = bc_bench_round(bench);
		*best = min(*best, bc_bench_clock() - start);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int bc_bench_parse(const char *line, struct bc_bench *bench)
{
	char kind[8], mark[8];
	int i;

	if (sscanf(line, "%7s %7s %u %u %u %u %u", kind, mark, &bench->size,
		   &bench->batch, &bench->count, &bench->rounds,
		   &bench->payers) != 7)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(bc_bench_kinds); i++)
		if (!strcmp(kind, bc_bench_kinds[i].name))
			bench->kind = &bc_bench_kinds[i];
	i = match_string(bc_bench_marks, BC_BENCH_NR_MARKS, mark);
	if (!bench->kind || i < 0)
		return -EINVAL;
	bench->mark = i;
	if (!in_range(bench->size, 8, SZ_64K) || !bench->rounds ||
	    !in_range(bench->batch, 1, BC_BENCH_BATCH) ||
	    bench->count % bench->batch || bench->payers > bc_bench_nr_payers)
		return -EINVAL;
	return 0;
}

static int bc_bench_run(const char *line, u64 *best, unsigned int *count)
{
	struct beancounter *old = bc_nobody_begin();
	struct bc_bench *bench __free(kvfree) = vzalloc(sizeof(*bench));
	char name[32];
	int ret;

	bc_nobody_end(old);
	if (!bench)
		return -ENOMEM;
	guard(rwsem_read)(&bc_bench_sem);
	ret = bc_bench_parse(line, bench);
	if (ret)
		return ret;
	bench->gfp = GFP_KERNEL;
	if (bench->kind->cache) {
		/* Other tasks may run the benchmark at the same time, hence the pid. */
		snprintf(name, sizeof(name), "bc_bench-%d", current->pid);
		bench->cache = kmem_cache_create(
			name, bench->size, 0,
			SLAB_NO_MERGE | bc_bench_slab[bench->mark], NULL);
		if (!bench->cache)
			return -ENOMEM;
	} else {
		bench->gfp |= bc_bench_gfp[bench->mark];
	}
	ret = bc_bench_rounds(bench, best);
	*count = bench->count;
	kmem_cache_destroy(bench->cache);
	return ret;
}

static unsigned long bc_bench_page_ext(void)
{
#ifdef CONFIG_PAGE_EXTENSION
	return page_ext_size;
#else
	return 0;
#endif
}

static int bc_bench_join(void)
{
	struct bc_bench_payer *payer;

	guard(rwsem_write)(&bc_bench_sem);
	payer = &bc_bench_payers[bc_bench_nr_payers];
	if (bc_bench_nr_payers == BC_BENCH_PAYERS)
		return -ENOSPC;
	payer->bc = bc_get_current();
	payer->memcg = get_mem_cgroup_from_mm(current->mm);
	bc_bench_nr_payers++;
	return 0;
}

static void bc_bench_forget(void)
{
	guard(rwsem_write)(&bc_bench_sem);
	while (bc_bench_nr_payers) {
		struct bc_bench_payer *payer;

		payer = &bc_bench_payers[--bc_bench_nr_payers];
		bc_put_payer(payer->bc);
		mem_cgroup_put(payer->memcg);
	}
}

static int bc_bench_exact(void)
{
#ifdef CONFIG_BEANCOUNTERS
	struct beancounter *bc = bc_get_current();
	const struct bc_limits none = {};

	if (bc == BC_NOBODY)
		return -EINVAL;
	WRITE_ONCE(bc_stock_room, S64_MAX);
	/* This closes its stocks, as any change of its limits does. */
	bc_limits_apply(bc, BC_SET_BARRIER, &none);
	bc_put_payer(bc);
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}

static void bc_bench_stocks(void)
{
#ifdef CONFIG_BEANCOUNTERS
	bc_stock_init();
#endif
}

static ssize_t bc_bench_write(struct file *file, const char __user *from,
			      size_t len, loff_t *pos)
{
	/* Nobody pays for memory that the benchmark needs itself. */
	struct beancounter *old = bc_nobody_begin();
	char *line = simple_transaction_get(file, from, len);
	unsigned int count = 0;
	u64 best = 0;
	int ret = 0;

	bc_nobody_end(old);
	if (IS_ERR(line))
		return PTR_ERR(line);
	if (!strcmp(line, "join"))
		ret = bc_bench_join();
	else if (!strcmp(line, "forget"))
		bc_bench_forget();
	else if (!strcmp(line, "exact"))
		ret = bc_bench_exact();
	else if (!strcmp(line, "stocks"))
		bc_bench_stocks();
	else if (!strcmp(line, "slot"))
		best = sizeof(struct slabobj_ext);
	else if (!strcmp(line, "page_ext"))
		best = bc_bench_page_ext();
	else
		ret = bc_bench_run(line, &best, &count);
	if (ret)
		return ret;
	simple_transaction_set(file, scnprintf(line, SIMPLE_TRANSACTION_LIMIT,
					       "%llu %u\n", best, count));
	return len;
}

static const struct file_operations bc_bench_fops = {
	.write = bc_bench_write,
	.read = simple_transaction_read,
	.release = simple_transaction_release,
};

static int __init bc_bench_init(void)
{
	struct dentry *dir = debugfs_lookup("bc", NULL) ?:
				     debugfs_create_dir("bc", NULL);

	/* The directory is the audit's, or made here; it is never removed. */
	debugfs_create_file("bench", 0600, dir, NULL, &bc_bench_fops);
	return 0;
}
late_initcall(bc_bench_init);

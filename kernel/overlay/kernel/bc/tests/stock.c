// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the stocks.
 *
 * Stocks must not show: requests are granted and refused, and figures shown, as if
 * every charge went to the counters at once.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include "util.h"

#define RES BC_KMEMSIZE

static s64 bc_this_word(struct beancounter *bc)
{
	return atomic64_read(&raw_cpu_ptr(bc->stock)->word);
}

/* Far from every barrier the first charge leaves a full batch. */
static void stock_refill_far(struct kunit *test)
{
	struct beancounter *chain[3];
	int i;

	bc_kunit_chain(test, chain, 3);
	BC_EXPECT_CHARGED(test, chain[2], RES, 100, BC_BARRIER);
	KUNIT_EXPECT_EQ(test, bc_this_word(chain[2]), BC_STOCK_BATCH);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
	for (i = 0; i < 3; i++) {
		BC_EXPECT_USAGE(test, chain[i], RES, 100 + BC_STOCK_BATCH);
		BC_EXPECT_HELD(test, chain[i], RES, 100);
	}
	/* Units in the stock are charged without changing the counters. */
	BC_EXPECT_CHARGED(test, chain[2], RES, BC_STOCK_BATCH, BC_BARRIER);
	BC_EXPECT_USAGE(test, chain[0], RES, 100 + BC_STOCK_BATCH);
	BC_EXPECT_HELD(test, chain[0], RES, 100 + BC_STOCK_BATCH);
	KUNIT_EXPECT_EQ(test, bc_this_word(chain[2]), 0);
	bc_uncharge(chain[2], RES, 100 + BC_STOCK_BATCH);
}

/*
 * The nearer the tightest barrier, the smaller is the refill, down to nothing. If all
 * CPUs got as much, at least half of the room would be left.
 */
static void stock_refill_near(struct kunit *test)
{
	u64 room, stock, last = 0;
	struct beancounter *chain[3];
	int i;

	bc_kunit_chain(test, chain, 3);
	for (room = 1; room <= SZ_1G; room += room / 3 + 1) {
		for (i = 0; i < 3; i++)
			bc_kunit_limits(chain[i], RES, BC_MAX, BC_MAX);
		bc_kunit_set(chain[room % 3],
			     room & 1 ? BC_SET_BARRIER : BC_SET_LIMIT, RES,
			     100 + room);
		BC_EXPECT_CHARGED(test, chain[2], RES, 100, BC_BARRIER);
		stock = bc_kunit_stock(chain[2]);
		KUNIT_EXPECT_GE(test, stock, last);
		KUNIT_EXPECT_LE(test, stock * nr_cpu_ids, room / 2);
		KUNIT_EXPECT_LE(test, stock, BC_STOCK_BATCH);
		if (room < BC_STOCK_MIN)
			KUNIT_EXPECT_EQ(test, stock, 0);
		else if (stock)
			KUNIT_EXPECT_GE(test, stock, BC_STOCK_MIN);
		last = stock;
		bc_kunit_set(chain[0], BC_SET_BARRIER, RES, BC_MAX);
		bc_uncharge(chain[2], RES, 100);
	}
	KUNIT_EXPECT_EQ(test, last, BC_STOCK_BATCH);
}

/* Charges in steps that stocks serve reach the barrier, and not one byte more. */
static void stock_edge(struct kunit *test)
{
	static const u32 steps[] = { 1,	   8,	   192,	   512,	      1000,
				     4096, SZ_16K, SZ_32K, SZ_32K + 1 };
	struct beancounter *chain[2];
	u64 barrier, held, rest;
	int i;

	bc_kunit_chain(test, chain, 2);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		barrier = 40 * steps[i] + 4096;
		bc_kunit_set(chain[i % 2], BC_SET_BARRIER, RES, barrier);
		for (held = 0; held + steps[i] <= barrier; held += steps[i])
			BC_EXPECT_CHARGED(test, chain[1], RES, steps[i],
					  BC_BARRIER);
		BC_EXPECT_REFUSED(test, chain[1], RES, barrier - held + 1,
				  BC_BARRIER);
		BC_EXPECT_CHARGED(test, chain[1], RES, barrier - held,
				  BC_BARRIER);
		BC_EXPECT_REFUSED(test, chain[1], RES, 1, BC_BARRIER);
		BC_EXPECT_HELD(test, chain[0], RES, barrier);
		bc_kunit_set(chain[i % 2], BC_SET_BARRIER, RES, BC_MAX);
		rest = barrier - held;
		for (; held; held -= steps[i]) {
			BC_EXPECT_HELD(test, chain[0], RES, held + rest);
			bc_uncharge(chain[1], RES, steps[i]);
		}
		bc_uncharge(chain[1], RES, rest);
		BC_EXPECT_HELD(test, chain[0], RES, 0);
	}
}

/* Changing a barrier or limit, up or down, recovers all bytes below. */
static void stock_drain(struct kunit *test)
{
	/* So far from the barrier, the share of each CPU is a full batch. */
	u64 far = SZ_1M * num_possible_cpus();
	struct beancounter *chain[4];
	int i, kind;

	bc_kunit_chain(test, chain, 4);
	for (kind = BC_SET_BARRIER; kind <= BC_SET_LIMIT; kind++) {
		bc_kunit_set(chain[0], kind, RES, BC_MAX);
		for (i = 0; i < 4; i++)
			BC_EXPECT_CHARGED(test, chain[i], RES, 100, BC_BARRIER);
		BC_EXPECT_USAGE(test, chain[0], RES,
				4 * (100 + BC_STOCK_BATCH));
		bc_kunit_set(chain[1], kind, RES, far);
		KUNIT_EXPECT_FALSE(test, bc_kunit_closed(chain[0]));
		for (i = 1; i < 4; i++) {
			KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[i]));
			BC_EXPECT_USAGE(test, chain[i], RES, 100 * (4 - i));
			BC_EXPECT_HELD(test, chain[i], RES, 100 * (4 - i));
		}
		BC_EXPECT_USAGE(test, chain[0], RES, 400 + BC_STOCK_BATCH);
		BC_EXPECT_HELD(test, chain[0], RES, 400);
		/* The next charge opens them again. */
		BC_EXPECT_CHARGED(test, chain[3], RES, 100, BC_BARRIER);
		KUNIT_EXPECT_GT(test, bc_this_word(chain[3]), 0);
		bc_uncharge(chain[3], RES, 100);
		for (i = 0; i < 4; i++)
			bc_uncharge(chain[i], RES, 100);
	}
}

/* A request succeeds that fits only after the stocks of other groups are closed. */
static void stock_siblings(struct kunit *test)
{
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *aa = bc_kunit_alloc(test, a);
	struct beancounter *b = bc_kunit_alloc(test, top);

	bc_kunit_set(top, BC_SET_BARRIER, RES, SZ_1M);
	BC_EXPECT_CHARGED(test, top, RES, 10, BC_BARRIER);
	BC_EXPECT_CHARGED(test, a, RES, 100, BC_BARRIER);
	BC_EXPECT_CHARGED(test, aa, RES, 1000, BC_BARRIER);
	KUNIT_EXPECT_GT(test, bc_kunit_stock(top), 0);
	KUNIT_EXPECT_GT(test, bc_kunit_stock(a), 0);
	KUNIT_EXPECT_GT(test, bc_kunit_stock(aa), 0);
	BC_EXPECT_REFUSED(test, b, RES, SZ_1M - 1109, BC_BARRIER);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(aa));

	BC_EXPECT_CHARGED(test, a, RES, 1, BC_BARRIER);
	bc_uncharge(a, RES, 1);
	KUNIT_EXPECT_GT(test, bc_kunit_stock(a), 0);
	BC_EXPECT_CHARGED(test, b, RES, SZ_1M - 1110, BC_BARRIER);
	BC_EXPECT_USAGE(test, top, RES, SZ_1M);
	BC_EXPECT_HELD(test, a, RES, 1100);
	BC_EXPECT_REFUSED(test, aa, RES, 1, BC_BARRIER);
	bc_uncharge(b, RES, SZ_1M - 1110);
	bc_uncharge(aa, RES, 1000);
	bc_uncharge(a, RES, 100);
	bc_uncharge(top, RES, 10);
}

/* A group that is refused at its own barrier does not close stocks of its neighbours. */
static void stock_neighbours(struct kunit *test)
{
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);

	BC_EXPECT_CHARGED(test, a, RES, 100, BC_BARRIER);
	bc_kunit_set(b, BC_SET_BARRIER, RES, 1000);
	BC_EXPECT_REFUSED(test, b, RES, 1001, BC_BARRIER);
	KUNIT_EXPECT_EQ(test, bc_kunit_stock(a), BC_STOCK_BATCH);
	bc_uncharge(a, RES, 100);
}

struct bc_on_cpu {
	struct beancounter *bc;
	u64 n;
};

static int bc_charge_on_cpu(void *data)
{
	struct bc_on_cpu *on = data;

	return bc_charge(on->bc, RES, on->n, BC_BARRIER);
}

/* The stocks of the other CPUs are recovered as well. */
static void stock_other_cpus(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_on_cpu on = { .bc = bc, .n = 100 };
	u64 barrier = SZ_1M * num_possible_cpus(), held = 0;
	int cpu;

	bc_kunit_set(bc, BC_SET_BARRIER, RES, barrier);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, 0,
				smp_call_on_cpu(cpu, bc_charge_on_cpu, &on,
						false));
		held += on.n;
	}
	KUNIT_EXPECT_EQ(test, bc_kunit_stock(bc),
			num_online_cpus() * BC_STOCK_BATCH);
	BC_EXPECT_HELD(test, bc, RES, held);
	BC_EXPECT_CHARGED(test, bc, RES, barrier - held, BC_BARRIER);
	BC_EXPECT_REFUSED(test, bc, RES, 1, BC_BARRIER);
	BC_EXPECT_HELD(test, bc, RES, barrier);
	bc_uncharge(bc, RES, barrier);
}

/* A word that is full keeps BC_STOCK_KEEP and gives back the rest. */
static void stock_full(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	BC_EXPECT_CHARGED(test, bc, RES, SZ_1M, BC_BARRIER);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
	bc_uncharge(bc, RES, BC_STOCK_BATCH);
	KUNIT_EXPECT_EQ(test, bc_this_word(bc), BC_STOCK_BATCH);
	bc_uncharge(bc, RES, BC_STOCK_MAX - BC_STOCK_BATCH);
	KUNIT_EXPECT_EQ(test, bc_this_word(bc), BC_STOCK_MAX);
	BC_EXPECT_USAGE(test, bc, RES, SZ_1M);
	BC_EXPECT_HELD(test, bc, RES, SZ_1M - BC_STOCK_MAX);
	bc_uncharge(bc, RES, 1);
	KUNIT_EXPECT_EQ(test, bc_this_word(bc), BC_STOCK_KEEP);
	BC_EXPECT_USAGE(test, bc, RES,
			SZ_1M - (BC_STOCK_MAX - BC_STOCK_KEEP) - 1);
	BC_EXPECT_HELD(test, bc, RES, SZ_1M - BC_STOCK_MAX - 1);
	bc_uncharge(bc, RES, SZ_1M - BC_STOCK_MAX - 1);
	BC_EXPECT_HELD(test, bc, RES, 0);
}

static int bc_kunit_file(struct beancounter *bc, u32 bytes)
{
	return bc_kunit_object(bc, bytes, 1, BC_BARRIER);
}

/* A file is charged with its bytes, and a refill has both. */
static void stock_files(struct kunit *test)
{
	struct beancounter *chain[2];
	int i;

	bc_kunit_chain(test, chain, 2);
	KUNIT_EXPECT_EQ(test, 0, bc_kunit_file(chain[1], 100));
	KUNIT_EXPECT_EQ(test, bc_this_word(chain[1]),
			BC_STOCK_BATCH + BC_STOCK_FILES * BC_FILE);
	for (i = 0; i < BC_STOCK_FILES; i++)
		KUNIT_EXPECT_EQ(test, 0, bc_kunit_file(chain[1], 100));
	BC_EXPECT_USAGE(test, chain[0], BC_NUMFILE, 1 + BC_STOCK_FILES);
	BC_EXPECT_HELD(test, chain[0], BC_NUMFILE, 1 + BC_STOCK_FILES);
	BC_EXPECT_HELD(test, chain[0], RES, 100 * (1 + BC_STOCK_FILES));
	/* The word has no files left, but bytes: the refill adds only files. */
	KUNIT_EXPECT_EQ(test, 0, bc_kunit_file(chain[1], 100));
	KUNIT_EXPECT_EQ(test, bc_this_word(chain[1]),
			BC_STOCK_BATCH - 100 * BC_STOCK_FILES +
				BC_STOCK_FILES * BC_FILE);
	BC_EXPECT_HELD(test, chain[0], BC_NUMFILE, 2 + BC_STOCK_FILES);
	for (i = 0; i < 2 + BC_STOCK_FILES; i++)
		bc_kmem_uncharge(chain[1], 100 + BC_FILE);
	KUNIT_EXPECT_LE(test, bc_files_of(bc_this_word(chain[1])),
			BC_STOCK_FILES_MAX);
	BC_EXPECT_HELD(test, chain[0], BC_NUMFILE, 0);
	BC_EXPECT_HELD(test, chain[0], RES, 0);
}

/* A word takes back only so many files; held counts them exactly all the time. */
static void stock_files_full(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	int i;

	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, 0, bc_kunit_file(bc, 1));
	for (i = 100; i; i--) {
		BC_EXPECT_HELD(test, bc, BC_NUMFILE, i);
		BC_EXPECT_HELD(test, bc, RES, i);
		bc_kmem_uncharge(bc, 1 + BC_FILE);
		KUNIT_EXPECT_LE(test, bc_files_of(bc_this_word(bc)),
				BC_STOCK_FILES_MAX);
	}
	BC_EXPECT_HELD(test, bc, BC_NUMFILE, 0);
	BC_EXPECT_HELD(test, bc, RES, 0);
}

/*
 * Above the barrier of the files no word opens for bytes either: a file that is
 * closed would get into it and be handed out again.
 */
static void stock_files_over(struct kunit *test)
{
	struct beancounter *chain[2];
	int i;

	bc_kunit_chain(test, chain, 2);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, 0, bc_kunit_file(chain[1], 100));
	bc_kunit_set(chain[0], BC_SET_BARRIER, BC_NUMFILE, 10);
	BC_EXPECT_CHARGED(test, chain[1], RES, 100, BC_BARRIER);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
	bc_kmem_uncharge(chain[1], 100 + BC_FILE);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_kunit_file(chain[1], 100));
	for (i = 19; i > 10; i--)
		bc_kmem_uncharge(chain[1], 100 + BC_FILE);
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_kunit_file(chain[1], 100));
	/* At the barrier the word may be open, with no file in it. */
	BC_EXPECT_CHARGED(test, chain[1], RES, 100, BC_BARRIER);
	KUNIT_EXPECT_FALSE(test, bc_kunit_closed(chain[1]));
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_kunit_file(chain[1], 100));
	bc_kmem_uncharge(chain[1], 100 + BC_FILE);
	KUNIT_EXPECT_EQ(test, 0, bc_kunit_file(chain[1], 100));
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_kunit_file(chain[1], 100));
	BC_EXPECT_HELD(test, chain[0], BC_NUMFILE, 10);
	for (i = 0; i < 10; i++)
		bc_kmem_uncharge(chain[1], 100 + BC_FILE);
	bc_uncharge(chain[1], RES, 200);
}

/* An uncharge opens the word of this CPU, but not if there is little room. */
static void stock_uncharge_opens(struct kunit *test)
{
	struct beancounter *chain[2];

	bc_kunit_chain(test, chain, 2);
	BC_EXPECT_CHARGED(test, chain[1], RES, SZ_1M, BC_BARRIER);
	bc_uncharge(chain[1], RES, 4096);
	KUNIT_EXPECT_EQ(test, bc_this_word(chain[1]), 4096);

	bc_kunit_set(chain[0], BC_SET_BARRIER, RES, SZ_1M);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
	bc_uncharge(chain[1], RES, 4096);
	KUNIT_EXPECT_LT(test, bc_this_word(chain[1]), 0);
	BC_EXPECT_HELD(test, chain[0], RES, SZ_1M - 2 * 4096);

	/* An uncharge of more than BC_STOCK_MAX does not go into a word. */
	bc_kunit_set(chain[0], BC_SET_BARRIER, RES, BC_MAX);
	bc_uncharge(chain[1], RES, BC_STOCK_MAX + 1);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
	bc_uncharge(chain[1], RES, SZ_1M - 2 * 4096 - (BC_STOCK_MAX + 1));
}

/* A removed group has no stock any more: each uncharge counts at once. */
static void stock_close(struct kunit *test)
{
	struct beancounter *chain[2];
	int i;

	bc_kunit_chain(test, chain, 2);
	for (i = 0; i < 10; i++)
		BC_EXPECT_CHARGED(test, chain[1], RES, 100, BC_BARRIER);
	BC_EXPECT_USAGE(test, chain[0], RES, 100 + BC_STOCK_BATCH);
	bc_close(chain[1]);
	BC_EXPECT_USAGE(test, chain[0], RES, 1000);
	BC_EXPECT_CHARGED(test, chain[1], RES, 100, BC_BARRIER);
	BC_EXPECT_USAGE(test, chain[0], RES, 1100);
	for (i = 10; i >= 0; i--) {
		bc_uncharge(chain[1], RES, 100);
		KUNIT_EXPECT_TRUE(test, bc_kunit_closed(chain[1]));
		BC_EXPECT_USAGE(test, chain[1], RES, 100 * i);
		BC_EXPECT_USAGE(test, chain[0], RES, 100 * i);
	}
	/* The parent is still there and has a stock of its own. */
	BC_EXPECT_CHARGED(test, chain[0], RES, 100, BC_BARRIER);
	KUNIT_EXPECT_EQ(test, bc_kunit_stock(chain[0]), BC_STOCK_BATCH);
	bc_uncharge(chain[0], RES, 100);
}

/* A charge of 0 changes nothing; in particular it does not pin the account. */
static void stock_zero(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);

	BC_EXPECT_CHARGED(test, bc, RES, 0, BC_BARRIER);
	BC_EXPECT_CHARGED(test, bc, RES, 0, BC_FORCE);
	BC_EXPECT_USAGE(test, bc, RES, 0);
	bc_close(bc);
	bc_uncharge(bc, RES, 0);
	KUNIT_EXPECT_TRUE(test, bc_kunit_closed(bc));
	BC_EXPECT_CHARGED(test, bc, RES, 100, BC_BARRIER);
	bc_uncharge(bc, RES, 100);
	BC_EXPECT_USAGE(test, bc, RES, 0);
}

/*
 * A request that may pass the barrier must not leave stocks behind from which
 * ordinary requests pass it too.
 */
static void stock_above_barrier(struct kunit *test)
{
	static const enum bc_severity severities[] = { BC_LIMIT, BC_FORCE };
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);
	int i;

	for (i = 0; i < ARRAY_SIZE(severities); i++) {
		bc_kunit_set(top, BC_SET_BARRIER, RES, SZ_1M);
		BC_EXPECT_CHARGED(test, a, RES, 100, BC_BARRIER);
		BC_EXPECT_CHARGED(test, b, RES, 100, BC_BARRIER);
		KUNIT_EXPECT_GT(test, bc_kunit_stock(a), 0);
		KUNIT_EXPECT_GT(test, bc_kunit_stock(b), 0);
		BC_EXPECT_CHARGED(test, b, RES, SZ_1M - 199, severities[i]);
		BC_EXPECT_REFUSED(test, a, RES, 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, b, RES, 1, BC_BARRIER);
		BC_EXPECT_REFUSED(test, top, RES, 1, BC_BARRIER);
		BC_EXPECT_HELD(test, top, RES, SZ_1M + 1);
		bc_uncharge(b, RES, SZ_1M - 199 + 100);
		bc_uncharge(a, RES, 100);
	}
}

/* Bytes in stocks do not count as forced above the limit. */
static void stock_forced(struct kunit *test)
{
	struct beancounter *top = bc_kunit_alloc(test, NULL);
	struct beancounter *a = bc_kunit_alloc(test, top);
	struct beancounter *b = bc_kunit_alloc(test, top);

	bc_kunit_set(top, BC_SET_LIMIT, RES, SZ_1M);
	bc_kunit_set(a, BC_SET_LIMIT, RES, SZ_512K);
	BC_EXPECT_CHARGED(test, a, RES, 100, BC_BARRIER);
	BC_EXPECT_CHARGED(test, b, RES, 100, BC_BARRIER);
	KUNIT_EXPECT_GT(test, bc_kunit_stock(a), 0);
	KUNIT_EXPECT_GT(test, bc_kunit_stock(b), 0);
	/* Exactly up to the limit of @a, and only 7 bytes above the limit of @top. */
	BC_EXPECT_CHARGED(test, a, RES, SZ_512K - 100, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(a, RES).forced, 0);
	BC_EXPECT_CHARGED(test, b, RES, SZ_512K - 100 + 7, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(a, RES).forced, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(b, RES).forced, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, RES).forced, 7);
	BC_EXPECT_CHARGED(test, a, RES, 5, BC_FORCE);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(a, RES).forced, 5);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(top, RES).forced, 12);
	bc_uncharge(b, RES, SZ_512K + 7);
	bc_uncharge(a, RES, SZ_512K + 5);
}

/* maxheld is never too low, and too high by no more than the stocks can have. */
static void stock_maxheld(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	u64 slack = num_possible_cpus() * BC_STOCK_MAX, maxheld;
	int i;

	for (i = 1; i <= 100; i++) {
		BC_EXPECT_CHARGED(test, bc, RES, 1000, BC_BARRIER);
		maxheld = bc_kunit_counter(bc, RES).maxheld;
		KUNIT_EXPECT_GE(test, maxheld, 1000 * i);
		KUNIT_EXPECT_LE(test, maxheld, 1000 * i + slack);
	}
	bc_uncharge(bc, RES, 60000);
	bc_kunit_set(bc, BC_RESET_MAXHELD, RES, 0);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, RES).maxheld, 40000);
	bc_uncharge(bc, RES, 40000);
}

static struct kunit_case bc_stock_cases[] = {
	KUNIT_CASE(stock_refill_far),	 KUNIT_CASE(stock_refill_near),
	KUNIT_CASE(stock_edge),		 KUNIT_CASE(stock_drain),
	KUNIT_CASE(stock_siblings),	 KUNIT_CASE(stock_neighbours),
	KUNIT_CASE(stock_other_cpus),	 KUNIT_CASE(stock_full),
	KUNIT_CASE(stock_files),	 KUNIT_CASE(stock_files_full),
	KUNIT_CASE(stock_files_over),	 KUNIT_CASE(stock_uncharge_opens),
	KUNIT_CASE(stock_close),	 KUNIT_CASE(stock_zero),
	KUNIT_CASE(stock_above_barrier), KUNIT_CASE(stock_forced),
	KUNIT_CASE(stock_maxheld),	 {},
};

static struct kunit_suite bc_stock_suite = {
	.name = "beancounters_stock",
	.init = bc_kunit_pin,
	.exit = bc_kunit_settle,
	.test_cases = bc_stock_cases,
};

kunit_test_suite(bc_stock_suite);

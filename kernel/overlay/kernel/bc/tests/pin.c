// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of pins that grow and shrink.
 *
 * A pin that holds pages keeps its payer, whoever adds pages or gives them back, also if
 * many threads do so at the same time.
 */
#include <kunit/test.h>
#include <linux/bc_pin.h>
#include <linux/slab.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "util.h"

#define BC_PIN_THREADS 4
#define BC_PIN_ROUNDS 20000

static int bc_pin_more_as(struct beancounter *bc, struct bc_pin *pin,
			  unsigned long pages)
{
	int ret;

	set_active_bc(bc);
	ret = bc_pin_more(pin, pages);
	set_active_bc(NULL);
	return ret;
}

static void pin_keeps_payer(struct kunit *test)
{
	struct beancounter *a = bc_kunit_alloc(test, NULL);
	struct beancounter *b = bc_kunit_alloc(test, NULL);
	struct bc_pin pin = {};

	bc_kunit_limits(a, BC_LOCKEDPAGES, 10, BC_MAX);
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more_as(a, &pin, 7));
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more_as(b, &pin, 3));
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 10);
	BC_EXPECT_HELD(test, b, BC_LOCKEDPAGES, 0);
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_pin_more_as(b, &pin, 1));
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 10);
	bc_unpin_some(&pin, 4);
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 6);
	bc_unpin_some(&pin, 6);
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 0);
	/* A pin that holds nothing has no payer. */
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more_as(b, &pin, 5));
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 0);
	BC_EXPECT_HELD(test, b, BC_LOCKEDPAGES, 5);
	bc_unpin(&pin);
	BC_EXPECT_HELD(test, b, BC_LOCKEDPAGES, 0);
}

static void pin_nobody(struct kunit *test)
{
	struct beancounter *a = bc_kunit_alloc(test, NULL);
	struct bc_pin pin = {};

	/* The thread of a test is not in a group. */
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more(&pin, 5));
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more_as(a, &pin, 3));
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more_as(a, &pin, 0));
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 3);
	bc_unpin_some(&pin, 5);
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 0);
	bc_unpin_some(&pin, 3);
	bc_unpin(&pin);
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 0);
}

static void pin_allocated(struct kunit *test)
{
	struct beancounter *a = bc_kunit_alloc(test, NULL);
	struct bc_pin *pin;

	bc_pin_clear(&pin);
	bc_pin_free(&pin);
	pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pin);
	bc_kunit_limits(a, BC_LOCKEDPAGES, 10, BC_MAX);
	set_active_bc(a);
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_pin_more(pin, 11));
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more(pin, 4));
	KUNIT_EXPECT_EQ(test, 0, bc_pin_more(pin, 6));
	set_active_bc(NULL);
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 10);
	bc_pin_free(&pin);
	KUNIT_EXPECT_NULL(test, pin);
	bc_pin_free(&pin);
	BC_EXPECT_HELD(test, a, BC_LOCKEDPAGES, 0);
	BC_EXPECT_HELD(test, a, BC_KMEMSIZE, 0);
}

/**
 * struct bc_pin_thread - one of several threads that use the same pin
 * @pin: the pin
 * @bc: pays, if this thread is the first to pin
 * @failed: how often a request was refused
 * @done: completed at the end of the thread
 */
struct bc_pin_thread {
	struct bc_pin *pin;
	struct beancounter *bc;
	int failed;
	struct completion done;
};

static int bc_pin_loop(void *data)
{
	struct bc_pin_thread *t = data;
	int i;

	set_active_bc(t->bc);
	for (i = 0; i < BC_PIN_ROUNDS; i++) {
		unsigned long pages = i % 3 + 1;

		if (bc_pin_more(t->pin, pages))
			t->failed++;
		else
			bc_unpin_some(t->pin, pages);
		if (!(i % 64))
			cond_resched();
	}
	set_active_bc(NULL);
	complete(&t->done);
	return 0;
}

static void pin_concurrent(struct kunit *test)
{
	struct bc_pin_thread *threads;
	struct bc_pin pin = {};
	struct task_struct *task;
	int i;

	threads = kunit_kcalloc(test, BC_PIN_THREADS, sizeof(*threads),
				GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, threads);
	for (i = 0; i < BC_PIN_THREADS; i++) {
		threads[i].pin = &pin;
		threads[i].bc = bc_kunit_alloc(test, NULL);
		init_completion(&threads[i].done);
	}
	for (i = 0; i < BC_PIN_THREADS; i++) {
		task = kthread_run(bc_pin_loop, &threads[i], "bc_pin/%d", i);
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&threads[i].done);
		}
	}
	for (i = 0; i < BC_PIN_THREADS; i++)
		wait_for_completion(&threads[i].done);
	for (i = 0; i < BC_PIN_THREADS; i++) {
		KUNIT_EXPECT_EQ(test, 0, threads[i].failed);
		BC_EXPECT_HELD(test, threads[i].bc, BC_LOCKEDPAGES, 0);
	}
	KUNIT_EXPECT_EQ(test, 0UL, pin.pages);
	bc_unpin(&pin);
}

static int bc_pin_kunit_init(struct kunit *test)
{
	/* Turn the hooks on, as there may be no group yet that has done so. */
	static_branch_enable(&bc_online_key);
	return 0;
}

static struct kunit_case bc_pin_cases[] = { KUNIT_CASE(pin_keeps_payer),
					    KUNIT_CASE(pin_nobody),
					    KUNIT_CASE(pin_allocated),
					    KUNIT_CASE(pin_concurrent),
					    {} };

static struct kunit_suite bc_pin_suite = {
	.name = "beancounters_pin",
	.init = bc_pin_kunit_init,
	.test_cases = bc_pin_cases,
};

kunit_test_suite(bc_pin_suite);

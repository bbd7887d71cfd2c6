// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests with several threads and an interrupt.
 *
 * The groups are kept near their barriers, where stocks are opened and closed
 * all the time. Each thread remembers its charges, so that the sums are known in
 * the end.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "util.h"

#define RES BC_KMEMSIZE
#define BC_STRESS_MMS 3
#define BC_TICK_NS 20000
#define BC_TICKS 20000
#define BC_TICK_SECONDS 2
#define BC_THREADS 6
#define BC_GROUPS 5
#define BC_OBJECTS 32
#define BC_THREAD_OPS 40000
#define BC_TOP_BARRIER SZ_1M

static const int bc_stress_parent[BC_GROUPS] = { -1, 0, 0, 1, 1 };

/*
 * The resource, its barrier, and the sizes of requests: bytes are so many that words are
 * filled and emptied, units of a resource with a lane are so few that barriers are near.
 */
struct bc_stress_kind {
	enum bc_resource res;
	u32 barrier;
	u32 small;
	u32 large;
};

static const struct bc_stress_kind bc_stress_kinds[] = {
	{ BC_KMEMSIZE, BC_TOP_BARRIER, SZ_4K, SZ_64K },
	{ BC_PRIVVMPAGES, 2048, 8, 5000 },
	{ BC_NUMPROC, 64, 2, 9 },
};

static void bc_stress_desc(const struct bc_stress_kind *kind, char *desc)
{
	strscpy(desc, bc_resources[kind->res].name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bc_stress, bc_stress_kinds, bc_stress_desc);

struct bc_stress_thread {
	struct bc_stress *stress;
	struct task_struct *task;
	struct rnd_state rnd;
	u64 refused;
	u64 granted[BC_GROUPS];
	struct {
		struct beancounter *bc;
		u64 n;
	} object[BC_OBJECTS];
};

struct bc_stress {
	const struct bc_stress_kind *kind;
	struct beancounter *group[BC_GROUPS];
	bool force;
	atomic64_t held; /* the accounts hold at least that at any time */
	atomic64_t most; /* the highest value of @held */
	atomic_t running;
	struct bc_stress_thread thread[BC_THREADS];
	struct hrtimer timer;
	u64 ticks;
	u64 tick_bytes;
};

static struct bc_stress *bc_stress_new(struct kunit *test)
{
	struct bc_stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	u64 barrier;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->kind = test->param_value ?: bc_stress_kinds;
	barrier = s->kind->barrier;
	for (i = 0; i < BC_GROUPS; i++) {
		int up = bc_stress_parent[i];

		s->group[i] =
			bc_kunit_alloc(test, up < 0 ? NULL : s->group[up]);
		bc_kunit_limits(s->group[i], s->kind->res, barrier / (i + 1),
				(barrier + barrier / 8) / (i + 1));
	}
	return s;
}

/* Every thread finishes by itself, and then waits to be stopped. */
static void bc_stress_start(struct kunit *test, struct bc_stress *s,
			    int (*fn)(void *))
{
	int i;

	atomic_set(&s->running, BC_THREADS);
	for (i = 0; i < BC_THREADS; i++) {
		struct bc_stress_thread *t = &s->thread[i];

		t->stress = s;
		prandom_seed_state(&t->rnd, 1000 + i);
		t->task = kthread_run(fn, t, "bc_kunit/%d", i);
		if (IS_ERR(t->task)) {
			t->task = NULL;
			atomic_dec(&s->running);
			KUNIT_FAIL(test, "no thread");
		}
	}
}

static int bc_stress_done(struct bc_stress_thread *t)
{
	atomic_dec(&t->stress->running);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* Wait first: a thread that is stopped before it ran does not run at all. */
static void bc_stress_stop(struct bc_stress *s)
{
	int i;

	while (atomic_read(&s->running))
		usleep_range(1000, 2000);
	for (i = 0; i < BC_THREADS; i++)
		if (s->thread[i].task)
			kthread_stop(s->thread[i].task);
}

static void bc_thread_charge(struct bc_stress_thread *t, int slot)
{
	struct bc_stress *s = t->stress;
	u32 random = prandom_u32_state(&t->rnd);
	struct beancounter *bc = s->group[random % BC_GROUPS];
	enum bc_severity severity = BC_BARRIER;
	u32 most = random & BIT(30) ? s->kind->large : s->kind->small;
	u64 n = 1 + (random >> 8) % most;
	s64 held, old;

	if (!(random >> 3 & 7))
		severity = BC_LIMIT;
	else if (s->force && (random >> 3 & 7) == 1)
		severity = BC_FORCE;
	if (bc_charge(bc, s->kind->res, n, severity)) {
		t->refused++;
		return;
	}
	t->object[slot].bc = bc;
	t->object[slot].n = n;
	held = atomic64_add_return(n, &s->held);
	old = atomic64_read(&s->most);
	while (held > old && !atomic64_try_cmpxchg(&s->most, &old, held))
		;
}

static void bc_thread_uncharge(struct bc_stress_thread *t, int slot)
{
	atomic64_sub(t->object[slot].n, &t->stress->held);
	bc_uncharge(t->object[slot].bc, t->stress->kind->res,
		    t->object[slot].n);
	t->object[slot].bc = NULL;
}

static int bc_random_thread(void *data)
{
	struct bc_stress_thread *t = data;
	int i, slot;

	for (i = 0; i < BC_THREAD_OPS; i++) {
		slot = prandom_u32_state(&t->rnd) % BC_OBJECTS;
		if (t->object[slot].bc)
			bc_thread_uncharge(t, slot);
		else
			bc_thread_charge(t, slot);
		/* Let the other threads run where there is only one CPU. */
		if (!(i % 1024))
			usleep_range(1000, 2000);
		cond_resched();
	}
	for (slot = 0; slot < BC_OBJECTS; slot++)
		if (t->object[slot].bc)
			bc_thread_uncharge(t, slot);
	return bc_stress_done(t);
}

/* Check relations that hold at any time, whatever the threads do meanwhile. */
static void bc_stress_watch(struct kunit *test, struct bc_stress *s)
{
	enum bc_resource res = s->kind->res;
	u64 limit = s->kind->barrier / 2;
	struct bc_stat stat;
	int i;

	while (atomic_read(&s->running)) {
		for (i = 0; i < BC_GROUPS; i++) {
			struct bc_counter *c = &stat.counter;

			bc_stat_read(s->group[i], res, &stat);
			KUNIT_EXPECT_LE(test, c->usage, c->limit + c->forced);
			if (!bc_lane_of(res).bits)
				KUNIT_EXPECT_LE(test, c->usage, c->maxheld);
			KUNIT_EXPECT_LE(test, stat.held, c->usage);
			KUNIT_EXPECT_LE(test, c->failcnt_local, c->failcnt);
			if (!s->force)
				KUNIT_EXPECT_EQ(test, c->forced, 0);
		}
		/* Change a barrier, back and forth, while the threads run. */
		bc_kunit_limits(s->group[2], res, limit / 2, limit);
		usleep_range(200, 400);
		bc_kunit_limits(s->group[2], res, limit, limit);
		usleep_range(200, 400);
	}
}

static void bc_stress_check(struct kunit *test, struct bc_stress *s)
{
	enum bc_resource res = s->kind->res;
	u64 refused = 0, local = 0;
	int i;

	for (i = 0; i < BC_THREADS; i++)
		refused += s->thread[i].refused;
	KUNIT_EXPECT_GT(test, refused, 0);
	for (i = BC_GROUPS - 1; i >= 0; i--) {
		BC_EXPECT_HELD(test, s->group[i], res, 0);
		bc_close(s->group[i]);
		BC_EXPECT_USAGE(test, s->group[i], res, 0);
		local += bc_kunit_counter(s->group[i], res).failcnt_local;
	}
	/* Each refusal counts once in a local failcnt, and all of them at the top. */
	KUNIT_EXPECT_EQ(test, local, refused);
	KUNIT_EXPECT_EQ(test, bc_kunit_counter(s->group[0], res).failcnt,
			refused);
	/* maxheld is never too low, whatever was taken and given back meanwhile. */
	KUNIT_EXPECT_GE(test, bc_kunit_counter(s->group[0], res).maxheld,
			atomic64_read(&s->most));
}

static void stress_threads(struct kunit *test)
{
	struct bc_stress *s = bc_stress_new(test);

	bc_stress_start(test, s, bc_random_thread);
	bc_stress_watch(test, s);
	bc_stress_stop(s);
	bc_stress_check(test, s);
}

static void stress_threads_force(struct kunit *test)
{
	struct bc_stress *s = bc_stress_new(test);

	s->force = true;
	bc_stress_start(test, s, bc_random_thread);
	bc_stress_watch(test, s);
	bc_stress_stop(s);
	bc_stress_check(test, s);
	KUNIT_EXPECT_GT(test,
			bc_kunit_counter(s->group[0], s->kind->res).forced, 0);
}

/* A thread that charges as much as it can, in ever smaller pieces, and keeps it. */
static int bc_greedy_thread(void *data)
{
	struct bc_stress_thread *t = data;
	struct bc_stress *s = t->stress;
	u64 n = SZ_4K;

	while (n) {
		u32 random = prandom_u32_state(&t->rnd);
		int i = random % BC_GROUPS;

		if (bc_charge(s->group[i], RES, n, BC_BARRIER))
			n /= 2;
		else
			t->granted[i] += n;
		if (!(random >> 8 & 15))
			usleep_range(1000, 2000);
	}
	return bc_stress_done(t);
}

/*
 * A race to the barrier: a thread stops when it is refused one byte, so in the end
 * exactly the barrier is granted.
 */
static void stress_exact(struct kunit *test)
{
	struct bc_stress *s = bc_stress_new(test);
	u64 granted[BC_GROUPS] = {}, total = 0;
	int i, j;

	for (i = 1; i < BC_GROUPS; i++)
		bc_kunit_limits(s->group[i], RES, BC_MAX, BC_MAX);
	bc_stress_start(test, s, bc_greedy_thread);
	bc_stress_stop(s);
	for (i = 0; i < BC_GROUPS; i++) {
		for (j = 0; j < BC_THREADS; j++)
			granted[i] += s->thread[j].granted[i];
		KUNIT_EXPECT_GT(test, granted[i], 0);
		total += granted[i];
	}
	KUNIT_EXPECT_EQ(test, total, BC_TOP_BARRIER);
	BC_EXPECT_HELD(test, s->group[0], RES, BC_TOP_BARRIER);
	for (i = 0; i < BC_GROUPS; i++)
		bc_uncharge(s->group[i], RES, granted[i]);
}

/* A thread whose address spaces enter groups and leave them. */
static int bc_mm_thread(void *data)
{
	struct bc_stress_thread *t = data;
	struct mm_struct *mm[BC_STRESS_MMS] = {};
	struct beancounter *in[BC_STRESS_MMS] = {};
	int i, slot;

	for (i = 0; i < BC_STRESS_MMS; i++)
		mm[i] = mm_alloc();
	for (i = 0; i < BC_THREAD_OPS; i++) {
		slot = prandom_u32_state(&t->rnd) % BC_STRESS_MMS;
		if (!mm[slot])
			continue;
		if (in[slot]) {
			bc_unlink_mm(in[slot], &mm[slot]->bc_vm);
			in[slot] = NULL;
		} else {
			in[slot] = t->stress->group[prandom_u32_state(&t->rnd) %
						    BC_GROUPS];
			bc_link_mm(in[slot], &mm[slot]->bc_vm);
		}
		if (!(i % 1024))
			usleep_range(1000, 2000);
		cond_resched();
	}
	for (i = 0; i < BC_STRESS_MMS; i++) {
		if (in[i])
			bc_unlink_mm(in[i], &mm[i]->bc_vm);
		if (mm[i])
			mmdrop(mm[i]);
	}
	return bc_stress_done(t);
}

/* Address spaces come and go while they are added up; in the end none is found. */
static void stress_mms(struct kunit *test)
{
	struct bc_stress *s = bc_stress_new(test);
	struct bc_stat stat;
	unsigned long flags;
	int i;

	bc_stress_start(test, s, bc_mm_thread);
	while (atomic_read(&s->running)) {
		for (i = 0; i < BC_GROUPS; i++)
			bc_stat_read(s->group[i], BC_PHYSPAGES, &stat);
		usleep_range(100, 200);
	}
	bc_stress_stop(s);
	for (i = 0; i < BC_GROUPS; i++) {
		KUNIT_EXPECT_TRUE(test, list_empty(&s->group[i]->mms));
		bc_lock(s->group[i], flags);
		KUNIT_EXPECT_NULL(test, bc_branch_next(s->group[i], s->group[i],
						       BC_MMS));
		bc_unlock(s->group[i], flags);
	}
}

/* A timer that charges at one tick, and gives the charge back at the next. */
static enum hrtimer_restart bc_stress_tick(struct hrtimer *timer)
{
	struct bc_stress *s = container_of(timer, struct bc_stress, timer);
	struct beancounter *bc = s->group[s->ticks / 2 % BC_GROUPS];

	if (s->tick_bytes) {
		bc_uncharge(bc, RES, s->tick_bytes);
		s->tick_bytes = 0;
	} else {
		s->tick_bytes = 1 + s->ticks * 37 % SZ_8K;
		if (bc_charge(bc, RES, s->tick_bytes, BC_BARRIER))
			s->tick_bytes = 0;
	}
	/* @ticks is even at a charge, and odd at the uncharge after it. */
	s->ticks = (s->ticks | 1) + !s->tick_bytes;
	hrtimer_forward_now(timer, ns_to_ktime(BC_TICK_NS));
	return HRTIMER_RESTART;
}

/*
 * An interrupt may come between any two instructions of a charge: there are so many
 * that it does. All charges are on one CPU, in the same groups.
 */
static void stress_irq(struct kunit *test)
{
	struct bc_stress *s = bc_stress_new(test);
	unsigned long end = jiffies + BC_TICK_SECONDS * HZ;
	u64 held = BC_TOP_BARRIER / BC_GROUPS - SZ_1K, n;
	int i;

	KUNIT_ASSERT_EQ(test, 0, bc_kunit_pin(test));
	/* The last group has no room for a stock, the other groups have. */
	BC_EXPECT_CHARGED(test, s->group[BC_GROUPS - 1], RES, held, BC_BARRIER);
	hrtimer_init(&s->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	s->timer.function = bc_stress_tick;
	hrtimer_start(&s->timer, ns_to_ktime(BC_TICK_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
	for (n = 1; READ_ONCE(s->ticks) < BC_TICKS; n++) {
		struct beancounter *bc = s->group[n / 64 % BC_GROUPS];

		if (!bc_charge(bc, RES, n % SZ_1K, BC_BARRIER))
			bc_uncharge(bc, RES, n % SZ_1K);
		if (n % 256)
			continue;
		if (time_after(jiffies, end))
			break;
		cond_resched();
	}
	hrtimer_cancel(&s->timer);
	if (s->tick_bytes)
		bc_stress_tick(&s->timer);
	bc_uncharge(s->group[BC_GROUPS - 1], RES, held);
	kunit_info(test, "%llu interrupts in %llu charges\n", s->ticks, n);
	KUNIT_EXPECT_GT(test, s->ticks, 0);
	for (i = BC_GROUPS - 1; i >= 0; i--) {
		BC_EXPECT_HELD(test, s->group[i], RES, 0);
		bc_close(s->group[i]);
		BC_EXPECT_USAGE(test, s->group[i], RES, 0);
	}
}

/* A thread that gives back, byte by byte, its share of removed groups' charges. */
static int bc_last_byte_thread(void *data)
{
	struct bc_stress_thread *t = data;
	int i;

	for (i = 0; i < 1000; i++) {
		bc_uncharge(t->stress->group[BC_GROUPS - 1 - i % 2], RES, 1);
		if (!(prandom_u32_state(&t->rnd) % 256))
			usleep_range(1000, 2000);
	}
	return bc_stress_done(t);
}

/* The thread that gives back the last byte frees the accounts, once. */
static void stress_last_byte(struct kunit *test)
{
	struct bc_stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i, round;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (round = 0; round < 10; round++) {
		for (i = 0; i < BC_GROUPS; i++) {
			int up = bc_stress_parent[i];

			s->group[i] = bc_alloc(up < 0 ? NULL : s->group[up]);
			KUNIT_ASSERT_NOT_NULL(test, s->group[i]);
		}
		for (i = BC_GROUPS - 2; i < BC_GROUPS; i++)
			BC_EXPECT_CHARGED(test, s->group[i], RES,
					  500 * BC_THREADS, BC_BARRIER);
		/* Close the stocks: else the first bytes would stay in them. */
		for (i = BC_GROUPS - 1; i >= 0; i--) {
			bc_close(s->group[i]);
			bc_put(s->group[i]);
		}
		bc_stress_start(test, s, bc_last_byte_thread);
		bc_stress_stop(s);
		for (i = 0; i < BC_GROUPS; i++)
			KUNIT_EXPECT_FALSE(test, bc_kunit_listed(s->group[i]));
	}
}

#define bc_slow ((struct kunit_attributes){ .speed = KUNIT_SPEED_SLOW })

static struct kunit_case bc_stress_cases[] = {
	KUNIT_CASE_PARAM_ATTR(stress_threads, bc_stress_gen_params, bc_slow),
	KUNIT_CASE_PARAM_ATTR(stress_threads_force, bc_stress_gen_params,
			      bc_slow),
	KUNIT_CASE_SLOW(stress_exact),
	KUNIT_CASE_SLOW(stress_mms),
	KUNIT_CASE_SLOW(stress_irq),
	KUNIT_CASE_SLOW(stress_last_byte),
	{},
};

static struct kunit_suite bc_stress_suite = {
	.name = "beancounters_stress",
	.exit = bc_kunit_settle,
	.test_cases = bc_stress_cases,
};

kunit_test_suite(bc_stress_suite);

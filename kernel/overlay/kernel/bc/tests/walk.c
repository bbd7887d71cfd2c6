// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of walks under the lock of a tree.
 *
 * No operation may take longer because there are many idle groups. The tests do not
 * compare times, but the numbers of groups and address spaces that were visited, which
 * are the same in every run.
 */
#include <kunit/test.h>
#include <linux/mm_types.h>
#include <linux/slab.h>

#include "util.h"

#define BC_WALK_GROUPS 200
#define BC_WALK_MMS 64
/* More groups than are added up, or closed, in one hold of the lock. */
#define BC_WALK_BUSY 600

/* A tree with a group at its barrier, a group beside it, and any number of idle ones. */
struct bc_walk {
	struct beancounter *top;
	struct beancounter *full;
	struct beancounter *beside;
};

static void bc_walk_make(struct kunit *test, struct bc_walk *w, int idle)
{
	struct beancounter *up;

	w->top = bc_kunit_alloc(test, NULL);
	up = bc_kunit_alloc(test, w->top);
	while (idle--)
		bc_kunit_alloc(test, idle % 2 ? w->top : up);
	w->full = bc_kunit_alloc(test, up);
	w->beside = bc_kunit_alloc(test, up);
}

static unsigned long bc_walk_visits(struct bc_walk *w)
{
	return READ_ONCE(w->top->visits);
}

/* Charge @full, and let the level @at refuse. Returns the number of visits. */
static unsigned long bc_walk_refuse(struct kunit *test, struct bc_walk *w,
				    struct beancounter *at)
{
	unsigned long before = bc_walk_visits(w);
	enum bc_resource res;
	u64 held;

	for (res = 0; res < BC_NR_RESOURCES; res++) {
		if (!bc_is_charged(res))
			continue;
		held = bc_kunit_held(at, res);
		bc_kunit_limits(at, res, held + 5000, held + 5000);
		BC_EXPECT_CHARGED(test, w->full, res, 1000, BC_BARRIER);
		BC_EXPECT_REFUSED(test, w->full, res, 5000, BC_BARRIER);
		BC_EXPECT_REFUSED(test, w->full, res, 5000, BC_LIMIT);
		BC_EXPECT_CHARGED(test, w->full, res, 5000, BC_FORCE);
		bc_uncharge(w->full, res, 6000);
		bc_kunit_limits(at, res, BC_MAX, BC_MAX);
	}
	return bc_walk_visits(w) - before;
}

static unsigned long bc_walk_read(struct bc_walk *w)
{
	unsigned long before = bc_walk_visits(w);
	enum bc_resource res;
	struct bc_stat stat;

	for (res = 0; res < BC_NR_RESOURCES; res++) {
		bc_stat_read(w->top, res, &stat);
		bc_stat_read(w->full, res, &stat);
	}
	return bc_walk_visits(w) - before;
}

/* Groups that are idle are not visited. */
static void walk_idle(struct kunit *test)
{
	struct bc_walk few, many;

	bc_walk_make(test, &few, 0);
	bc_walk_make(test, &many, BC_WALK_GROUPS);
	KUNIT_EXPECT_EQ(test, bc_walk_refuse(test, &few, few.full),
			bc_walk_refuse(test, &many, many.full));
	KUNIT_EXPECT_EQ(test, bc_walk_refuse(test, &few, few.top),
			bc_walk_refuse(test, &many, many.top));
	BC_EXPECT_CHARGED(test, few.beside, BC_KMEMSIZE, 100, BC_BARRIER);
	BC_EXPECT_CHARGED(test, many.beside, BC_KMEMSIZE, 100, BC_BARRIER);
	KUNIT_EXPECT_EQ(test, bc_walk_read(&few), bc_walk_read(&many));
	bc_uncharge(few.beside, BC_KMEMSIZE, 100);
	bc_uncharge(many.beside, BC_KMEMSIZE, 100);
}

/* A refusal at a group's own barrier does not visit groups with stocks beside it. */
static void walk_beside(struct kunit *test)
{
	struct beancounter **busy;
	unsigned long before;
	struct bc_walk w;
	int i;

	busy = kunit_kcalloc(test, BC_WALK_GROUPS, sizeof(*busy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, busy);
	bc_walk_make(test, &w, 0);
	before = bc_walk_refuse(test, &w, w.full);
	for (i = 0; i < BC_WALK_GROUPS; i++) {
		busy[i] = bc_kunit_alloc(test, w.top);
		BC_EXPECT_CHARGED(test, busy[i], BC_KMEMSIZE, 100, BC_BARRIER);
	}
	KUNIT_EXPECT_EQ(test, before, bc_walk_refuse(test, &w, w.full));
	/* A refusal above them all closes their stocks, and then they are idle. */
	KUNIT_EXPECT_GE(test, bc_walk_refuse(test, &w, w.top), BC_WALK_GROUPS);
	KUNIT_EXPECT_LT(test, bc_walk_refuse(test, &w, w.top), BC_WALK_GROUPS);
	for (i = 0; i < BC_WALK_GROUPS; i++)
		bc_uncharge(busy[i], BC_KMEMSIZE, 100);
}

/* Many groups with open words, in each of which are units that nobody holds. */
static void bc_walk_busy(struct kunit *test, struct bc_walk *w,
			 struct beancounter **busy)
{
	int i;

	for (i = 0; i < BC_WALK_BUSY; i++) {
		if (!busy[i])
			busy[i] = bc_kunit_alloc(test, w->top);
		BC_EXPECT_CHARGED(test, busy[i], BC_KMEMSIZE, 100, BC_BARRIER);
		bc_uncharge(busy[i], BC_KMEMSIZE, 100);
		KUNIT_ASSERT_FALSE(test, bc_kunit_closed(busy[i]));
	}
}

/* Their words are closed now, by so many holds of the lock that none was long. */
static void bc_walk_closed(struct kunit *test, struct bc_walk *w,
			   struct beancounter **busy, unsigned long before)
{
	int i;

	KUNIT_EXPECT_GE(test, READ_ONCE(w->top->locks) - before,
			BC_WALK_BUSY / 64);
	for (i = 0; i < BC_WALK_BUSY; i++)
		KUNIT_EXPECT_TRUE(test, bc_kunit_closed(busy[i]));
	KUNIT_EXPECT_EQ(test, w->top->drains, 0);
}

/* Although words are closed a part at a time, requests are decided exactly. */
static void walk_parts(struct kunit *test)
{
	const u64 barrier = 64 * SZ_1M;
	struct beancounter **busy;
	struct bc_request rq;
	unsigned long before;
	struct bc_walk w;
	int i;

	busy = kunit_kcalloc(test, BC_WALK_BUSY, sizeof(*busy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, busy);
	bc_walk_make(test, &w, 0);
	bc_kunit_set(w.top, BC_SET_BARRIER, BC_KMEMSIZE, barrier);

	/* The last byte is granted, and the next is refused. */
	bc_walk_busy(test, &w, busy);
	before = READ_ONCE(w.top->locks);
	BC_EXPECT_CHARGED(test, w.full, BC_KMEMSIZE, barrier, BC_BARRIER);
	bc_walk_closed(test, &w, busy, before);
	BC_EXPECT_REFUSED(test, w.full, BC_KMEMSIZE, 1, BC_BARRIER);
	BC_EXPECT_USAGE(test, w.top, BC_KMEMSIZE, barrier);
	bc_uncharge(w.full, BC_KMEMSIZE, barrier);

	/* A request that does not fit. */
	bc_walk_busy(test, &w, busy);
	before = READ_ONCE(w.top->locks);
	BC_EXPECT_REFUSED(test, w.full, BC_KMEMSIZE, barrier + 1, BC_BARRIER);
	bc_walk_closed(test, &w, busy, before);
	BC_EXPECT_HELD(test, w.top, BC_KMEMSIZE, 0);

	/* A forced request above the barrier. */
	bc_walk_busy(test, &w, busy);
	before = READ_ONCE(w.top->locks);
	BC_EXPECT_CHARGED(test, w.full, BC_KMEMSIZE, barrier + 1, BC_FORCE);
	bc_walk_closed(test, &w, busy, before);
	BC_EXPECT_REFUSED(test, busy[0], BC_KMEMSIZE, 1, BC_BARRIER);
	bc_uncharge(w.full, BC_KMEMSIZE, barrier + 1);

	/* A transfer from one group to the other. */
	bc_walk_busy(test, &w, busy);
	BC_EXPECT_CHARGED(test, w.full, BC_KMEMSIZE, 1000, BC_BARRIER);
	before = READ_ONCE(w.top->locks);
	rq = BC_REQUEST(BC_FORCE, BC_KMEMSIZE, barrier + 1);
	KUNIT_EXPECT_EQ(test, 0, bc_transfer(w.full, 1000, w.beside, &rq));
	bc_walk_closed(test, &w, busy, before);
	BC_EXPECT_HELD(test, w.full, BC_KMEMSIZE, 0);
	BC_EXPECT_HELD(test, w.top, BC_KMEMSIZE, barrier + 1);
	bc_uncharge(w.beside, BC_KMEMSIZE, barrier + 1);

	/* Writing a barrier closes all words, reading held closes none. */
	bc_walk_busy(test, &w, busy);
	before = READ_ONCE(w.top->locks);
	bc_kunit_set(w.top, BC_SET_BARRIER, BC_KMEMSIZE, BC_MAX);
	bc_walk_closed(test, &w, busy, before);
	bc_walk_busy(test, &w, busy);
	BC_EXPECT_CHARGED(test, busy[0], BC_KMEMSIZE, 1000, BC_BARRIER);
	before = READ_ONCE(w.top->locks);
	BC_EXPECT_HELD(test, w.top, BC_KMEMSIZE, 1000);
	KUNIT_EXPECT_GE(test, READ_ONCE(w.top->locks) - before,
			BC_WALK_BUSY / 64);
	for (i = 0; i < BC_WALK_BUSY; i++) {
		KUNIT_EXPECT_FALSE(test, bc_kunit_closed(busy[i]));
		KUNIT_EXPECT_EQ(test, busy[i]->readers, 0);
	}
	bc_uncharge(busy[0], BC_KMEMSIZE, 1000);
}

/* The first group, from the top, that has address spaces; NULL if none has. */
static struct beancounter *bc_walk_has_mms(struct bc_walk *w)
{
	struct beancounter *bc;
	unsigned long flags;

	bc_lock(w->top, flags);
	for (bc = w->top; bc && list_empty(&bc->mms);)
		bc = bc_branch_next(bc, w->top, BC_MMS);
	bc_unlock(w->top, flags);
	return bc;
}

static void bc_walk_mm(struct beancounter *bc, struct mm_struct *mm, bool add)
{
	unsigned long flags;

	bc_lock(bc, flags);
	if (add)
		bc_add_mm(bc, &mm->bc_vm);
	else
		bc_del_mm(bc, &mm->bc_vm);
	bc_unlock(bc, flags);
}

/* An address space that enters or leaves a group with others takes only its mms_lock. */
static void walk_mm_lock(struct kunit *test)
{
	struct mm_struct *mms[3];
	struct bc_walk w;
	unsigned long locks;
	int i;

	bc_walk_make(test, &w, 0);
	for (i = 0; i < 3; i++) {
		mms[i] = kunit_kzalloc(test, sizeof(**mms), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, mms[i]);
		INIT_LIST_HEAD(&mms[i]->bc_vm.node);
	}
	locks = READ_ONCE(w.top->locks);
	bc_link_mm(w.full, &mms[0]->bc_vm);
	KUNIT_EXPECT_EQ(test, READ_ONCE(w.top->locks), locks + 1);
	KUNIT_EXPECT_PTR_EQ(test, w.full, bc_walk_has_mms(&w));
	for (i = 0; i < 100; i++) {
		bc_link_mm(w.full, &mms[1]->bc_vm);
		bc_link_mm(w.full, &mms[2]->bc_vm);
		bc_unlink_mm(w.full, &mms[1]->bc_vm);
		bc_unlink_mm(w.full, &mms[2]->bc_vm);
	}
	KUNIT_EXPECT_EQ(test, READ_ONCE(w.top->locks), locks + 2);
	KUNIT_EXPECT_PTR_EQ(test, w.full, bc_walk_has_mms(&w));
	bc_unlink_mm(w.full, &mms[0]->bc_vm);
	KUNIT_EXPECT_EQ(test, READ_ONCE(w.top->locks), locks + 4);
	KUNIT_EXPECT_NULL(test, bc_walk_has_mms(&w));
}

/* A process that exits visits some address spaces, but not all of them. */
static void walk_exit(struct kunit *test)
{
	struct mm_struct *mm;
	unsigned long before;
	struct bc_walk w;
	int i;

	mm = kunit_kcalloc(test, BC_WALK_MMS, sizeof(*mm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mm);
	bc_walk_make(test, &w, BC_WALK_GROUPS);
	for (i = 0; i < BC_WALK_MMS; i++)
		bc_walk_mm(i % 2 ? w.full : w.beside, mm + i, true);
	before = bc_walk_visits(&w);
	bc_phys_exit(w.full, mm);
	KUNIT_EXPECT_LT(test, bc_walk_visits(&w) - before, BC_WALK_MMS / 2);
	for (i = 0; i < BC_WALK_MMS; i++)
		bc_walk_mm(i % 2 ? w.full : w.beside, mm + i, false);
	/* Without address spaces the groups are idle again. */
	before = bc_walk_visits(&w);
	bc_phys_exit(w.full, mm);
	KUNIT_EXPECT_LE(test, bc_walk_visits(&w) - before, 3);
}

static struct kunit_case bc_walk_cases[] = {
	KUNIT_CASE(walk_idle),	KUNIT_CASE(walk_beside),
	KUNIT_CASE(walk_exit),	KUNIT_CASE(walk_mm_lock),
	KUNIT_CASE(walk_parts), {},
};

static struct kunit_suite bc_walk_suite = {
	.name = "beancounters_walk",
	.exit = bc_kunit_settle,
	.test_cases = bc_walk_cases,
};

kunit_test_suite(bc_walk_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit test against a model.
 *
 * The model is the promise in its simplest form: no stocks, no locks, one
 * number per group. Whatever sequence of operations, the real thing must
 * grant, refuse, blame and show the same, to the byte.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "kunit_util.h"

#define BC_MODEL_GROUPS 9
#define BC_MODEL_OBJECTS 256
#define BC_MODEL_OPS 30000

struct bc_model_group {
	struct beancounter *bc;
	u64 held;
	u64 barrier;
	u64 limit;
	u64 maxheld;
	u64 forced;
	u64 failcnt;
	u64 failcnt_local;
};

struct bc_model_object {
	int group;
	u64 n;
};

struct bc_model {
	struct rnd_state rnd;
	u64 seed;
	int op;
	int nr_objects;
	struct bc_model_group group[BC_MODEL_GROUPS];
	struct bc_model_object object[BC_MODEL_OBJECTS];
};

/* Up to five levels, and a second tree that must not notice the first. */
static const int bc_model_parent[BC_MODEL_GROUPS] = { -1, 0, 0, 1, 1,
						      3,  5, 2, -1 };

static u32 bc_model_random(struct bc_model *m, u32 below)
{
	return prandom_u32_state(&m->rnd) % below;
}

static u64 bc_model_room(const struct bc_model_group *g,
			 enum bc_severity severity)
{
	u64 cap = g->limit;

	if (severity == BC_BARRIER && g->barrier < cap)
		cap = g->barrier;
	return cap > g->held ? cap - g->held : 0;
}

static u64 bc_model_size(struct bc_model *m, int group)
{
	int i, level = bc_model_random(m, 4);
	u64 room = 0;

	switch (bc_model_random(m, 10)) {
	case 0:
		return bc_model_random(m, 64);
	case 1:
	case 2:
		return 1 + bc_model_random(m, 512);
	case 3:
		return 4096;
	case 4:
	case 5:
		return 1 + bc_model_random(m, 8192);
	case 6:
		return 1 + bc_model_random(m, SZ_64K);
	case 7:
		/* More than anybody may have. */
		return BC_MAX + 1 + prandom_u32_state(&m->rnd);
	default:
		/* Exactly what is left at some level, or a bit more. */
		for (i = group; i >= 0; i = bc_model_parent[i])
			if (level-- >= 0)
				room = bc_model_room(&m->group[i], BC_BARRIER);
		return min_t(u64, room, SZ_4M) + bc_model_random(m, 2);
	}
}

static void bc_model_add(struct bc_model *m, int group, u64 n)
{
	int i;

	for (i = group; i >= 0; i = bc_model_parent[i]) {
		struct bc_model_group *g = &m->group[i];
		u64 room = bc_model_room(g, BC_LIMIT);

		if (n > room)
			g->forced += n - room;
		g->held += n;
		g->maxheld = max(g->maxheld, g->held);
	}
	m->object[m->nr_objects].group = group;
	m->object[m->nr_objects++].n = n;
}

static void bc_model_charge(struct kunit *test, struct bc_model *m)
{
	enum bc_severity severity = BC_BARRIER;
	int group = bc_model_random(m, BC_MODEL_GROUPS), blamed = -1, i;
	struct beancounter *bc = m->group[group].bc, *over = NULL;
	u64 n = bc_model_size(m, group);
	int ret;

	if (!bc_model_random(m, 8))
		severity = BC_LIMIT;
	else if (!bc_model_random(m, 16) && n < SZ_1M)
		severity = BC_FORCE;
	if (severity != BC_FORCE) {
		for (i = group; i >= 0; i = bc_model_parent[i])
			if (blamed < 0 &&
			    n > bc_model_room(&m->group[i], severity))
				blamed = i;
	}
	ret = bc_try_charge(bc, BC_KMEMSIZE, n, severity, &over);
	KUNIT_ASSERT_EQ_MSG(test, ret, blamed < 0 ? 0 : -ENOMEM,
			    "seed %llu op %d group %d n %llu severity %d",
			    m->seed, m->op, group, n, severity);
	if (!ret) {
		bc_model_add(m, group, n);
		return;
	}
	KUNIT_ASSERT_PTR_EQ_MSG(test, over, m->group[blamed].bc,
				"seed %llu op %d", m->seed, m->op);
	bc_refused(bc, over, BC_KMEMSIZE, n, severity);
	m->group[blamed].failcnt_local++;
	for (i = blamed; i >= 0; i = bc_model_parent[i])
		m->group[i].failcnt++;
}

static void bc_model_uncharge(struct bc_model *m)
{
	struct bc_model_object o;
	int at, i;

	at = bc_model_random(m, m->nr_objects);
	o = m->object[at];
	m->object[at] = m->object[--m->nr_objects];
	for (i = o.group; i >= 0; i = bc_model_parent[i])
		m->group[i].held -= o.n;
	bc_uncharge(m->group[o.group].bc, BC_KMEMSIZE, o.n);
}

static void bc_model_limit(struct bc_model *m)
{
	enum bc_limit_kind kind = bc_model_random(m, 3);
	struct bc_model_group *g =
		&m->group[bc_model_random(m, BC_MODEL_GROUPS)];
	u64 value;

	switch (bc_model_random(m, 6)) {
	case 0:
		value = BC_MAX;
		break;
	case 1:
		value = g->held;
		break;
	case 2:
		value = bc_model_random(m, SZ_64K);
		break;
	default:
		value = bc_model_random(m, SZ_1M);
		break;
	}
	bc_kunit_set(g->bc, kind, BC_KMEMSIZE, value);
	switch (kind) {
	case BC_SET_BARRIER:
		g->barrier = value;
		break;
	case BC_SET_LIMIT:
		g->limit = value;
		break;
	case BC_RESET_MAXHELD:
		g->maxheld = g->held;
		break;
	}
}

static void bc_model_compare(struct kunit *test, struct bc_model *m)
{
	struct bc_stat stat;
	int i;

	for (i = 0; i < BC_MODEL_GROUPS; i++) {
		struct bc_model_group *g = &m->group[i];

		bc_stat_read(g->bc, BC_KMEMSIZE, &stat);
		KUNIT_ASSERT_EQ_MSG(test, stat.held, g->held,
				    "seed %llu op %d group %d", m->seed, m->op,
				    i);
		KUNIT_ASSERT_EQ_MSG(test, stat.counter.forced, g->forced,
				    "seed %llu op %d group %d", m->seed, m->op,
				    i);
		KUNIT_ASSERT_EQ(test, stat.counter.barrier, g->barrier);
		KUNIT_ASSERT_EQ(test, stat.counter.limit, g->limit);
		KUNIT_ASSERT_EQ(test, stat.counter.failcnt, g->failcnt);
		KUNIT_ASSERT_EQ(test, stat.counter.failcnt_local,
				g->failcnt_local);
		/* What the stocks held then may be in it. */
		KUNIT_ASSERT_GE(test, stat.counter.maxheld, g->maxheld);
	}
}

static struct bc_model *bc_model_new(struct kunit *test, u64 seed)
{
	struct bc_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->seed = seed;
	prandom_seed_state(&m->rnd, seed);
	for (i = 0; i < BC_MODEL_GROUPS; i++) {
		int up = bc_model_parent[i];

		m->group[i].bc =
			bc_kunit_alloc(test, up < 0 ? NULL : m->group[up].bc);
		m->group[i].barrier = BC_MAX;
		m->group[i].limit = BC_MAX;
	}
	return m;
}

static void bc_model_run(struct kunit *test, u64 seed)
{
	struct bc_model *m = bc_model_new(test, seed);

	for (m->op = 0; m->op < BC_MODEL_OPS; m->op++) {
		u32 what = bc_model_random(m, 100);

		if (what < 4)
			bc_model_limit(m);
		else if (m->nr_objects == BC_MODEL_OBJECTS ||
			 (m->nr_objects && what < 50))
			bc_model_uncharge(m);
		else
			bc_model_charge(test, m);
		bc_model_compare(test, m);
		cond_resched();
	}
	while (m->nr_objects)
		bc_model_uncharge(m);
	bc_model_compare(test, m);
}

static const u64 bc_model_seeds[] = { 1, 2, 3, 4 };

static void bc_model_seed_name(const u64 *seed, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "seed %llu", *seed);
}

KUNIT_ARRAY_PARAM(bc_model_seed, bc_model_seeds, bc_model_seed_name);

static void model_exact(struct kunit *test)
{
	bc_model_run(test, *(const u64 *)test->param_value);
}

static struct kunit_case bc_model_cases[] = {
	KUNIT_CASE_PARAM(model_exact, bc_model_seed_gen_params),
	{},
};

static struct kunit_suite bc_model_suite = {
	.name = "beancounters_model",
	.exit = bc_kunit_settle,
	.test_cases = bc_model_cases,
};

kunit_test_suite(bc_model_suite);

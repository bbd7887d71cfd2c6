// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit test against a model.
 *
 * The model is the promise in its simplest form: no stocks, no locks, one
 * number per group and resource. In any sequence of operations, the accounts
 * must grant and refuse the same requests, at the same level, and show the same
 * numbers, to the byte.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "../kmem.h"
#include "util.h"

#define BC_MODEL_GROUPS 9
#define BC_MODEL_OBJECTS 256
#define BC_MODEL_OPS 30000

struct bc_model_counter {
	u64 held;
	u64 barrier;
	u64 limit;
	u64 maxheld;
	u64 forced;
	u64 failcnt;
	u64 failcnt_local;
};

enum bc_model_resource {
	BC_MODEL_BYTES,
	BC_MODEL_FILES,
	BC_MODEL_PAGES,
	BC_MODEL_TASKS,
	BC_MODEL_RESOURCES
};

struct bc_model_group {
	struct beancounter *bc;
	struct bc_model_counter res[BC_MODEL_RESOURCES];
};

/*
 * Bytes, with or without an open file (with one, no more bytes than a slab object has),
 * or units of a resource that has a lane.
 */
struct bc_model_object {
	int group;
	u64 n[BC_MODEL_RESOURCES];
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

static const enum bc_resource bc_model_resource[BC_MODEL_RESOURCES] = {
	BC_KMEMSIZE, BC_NUMFILE, BC_PRIVVMPAGES, BC_NUMPROC
};

/* Barriers and limits are set below this, often below held and often far above. */
static const u32 bc_model_most[BC_MODEL_RESOURCES] = { SZ_1M, 64, SZ_8K, 64 };

static u64 bc_model_room(const struct bc_model_counter *c,
			 enum bc_severity severity)
{
	u64 cap = c->limit;

	if (severity == BC_BARRIER && c->barrier < cap)
		cap = c->barrier;
	return cap > c->held ? cap - c->held : 0;
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
		/* More than BC_MAX. */
		return BC_MAX + 1 + prandom_u32_state(&m->rnd);
	default:
		/* Exactly the room at some level, or one byte more. */
		for (i = group; i >= 0; i = bc_model_parent[i])
			if (level-- >= 0)
				room = bc_model_room(&m->group[i].res[0],
						     BC_BARRIER);
		return min_t(u64, room, SZ_4M) + bc_model_random(m, 2);
	}
}

static void bc_model_add(struct bc_model *m, const struct bc_model_object *o)
{
	int i, res;

	for (i = o->group; i >= 0; i = bc_model_parent[i])
		for (res = 0; res < BC_MODEL_RESOURCES; res++) {
			struct bc_model_counter *c = &m->group[i].res[res];
			u64 room = bc_model_room(c, BC_LIMIT);

			if (o->n[res] > room)
				c->forced += o->n[res] - room;
			c->held += o->n[res];
			c->maxheld = max(c->maxheld, c->held);
		}
	m->object[m->nr_objects++] = *o;
}

/* The lowest level where a request does not fit, or -1. */
static int bc_model_blamed(struct bc_model *m, int group, int res, u64 n,
			   enum bc_severity severity)
{
	int i;

	for (i = group; i >= 0; i = bc_model_parent[i])
		if (n > bc_model_room(&m->group[i].res[res], severity))
			return i;
	return -1;
}

/*
 * Charge as a slab cache does, for the task's own group (@near) or for another one, or,
 * without a file, as other allocators do. On error @rq says who refused what.
 */
static int bc_model_try(struct beancounter *bc, struct bc_request *rq,
			bool near)
{
	u64 files = rq->want[0].n, bytes = rq->want[1].n;
	u64 n = bytes + files * BC_FILE;

	if (bytes && bytes <= BC_STOCK_MAX && bc_stock_take(bc, n))
		return 0;
	if (near) {
		preempt_disable();
		if (bc_charge_near(bc, n))
			return 0;
	}
	return bc_try_charge(bc, rq);
}

/* A random object: bytes and maybe a file, or units of a resource with a lane. */
static struct bc_model_object bc_model_object(struct bc_model *m)
{
	struct bc_model_object o = {
		.group = bc_model_random(m, BC_MODEL_GROUPS),
	};
	u64 *n = o.n;

	switch (bc_model_random(m, 4)) {
	case 0:
		n[BC_MODEL_PAGES] =
			1 + bc_model_random(m, 8) * bc_model_random(m, 1000);
		break;
	case 1:
		n[BC_MODEL_TASKS] = 1;
		break;
	default:
		n[BC_MODEL_BYTES] = bc_model_size(m, o.group);
		n[BC_MODEL_FILES] = in_range(n[BC_MODEL_BYTES], 1, SZ_16K) &&
				    !bc_model_random(m, 3);
		break;
	}
	return o;
}

/* Charge an object the way that objects of its kind are charged. */
static int bc_model_ask(struct bc_model *m, const struct bc_model_object *o,
			struct bc_request *rq, enum bc_severity severity)
{
	struct beancounter *bc = m->group[o->group].bc;
	const u64 *n = o->n;
	int res;

	for (res = BC_MODEL_PAGES; res < BC_MODEL_RESOURCES; res++) {
		if (!n[res])
			continue;
		*rq = BC_REQUEST(severity, bc_model_resource[res], n[res]);
		return bc_ask(bc, rq);
	}
	*rq = bc_object_request(n[BC_MODEL_BYTES], n[BC_MODEL_FILES], severity);
	return bc_model_try(bc, rq,
			    in_range(n[BC_MODEL_BYTES], 1, SZ_16K) &&
				    bc_model_random(m, 2));
}

static void bc_model_charge(struct kunit *test, struct bc_model *m)
{
	struct bc_model_object o = bc_model_object(m);
	enum bc_severity severity = BC_BARRIER;
	int blamed = -1, i, res;
	struct bc_request rq;
	int ret;

	if (!bc_model_random(m, 8))
		severity = BC_LIMIT;
	else if (!bc_model_random(m, 16) && o.n[BC_MODEL_BYTES] < SZ_1M)
		severity = BC_FORCE;
	/* Files are checked before their bytes. */
	for (res = BC_MODEL_TASKS; res >= 0 && severity != BC_FORCE; res--) {
		blamed = bc_model_blamed(m, o.group, res, o.n[res], severity);
		if (blamed >= 0)
			break;
	}
	ret = bc_model_ask(m, &o, &rq, severity);
	KUNIT_ASSERT_EQ_MSG(
		test, ret, blamed < 0 ? 0 : -ENOMEM,
		"seed %llu op %d group %d n %llu files %llu pages %llu tasks %llu severity %d",
		m->seed, m->op, o.group, o.n[0], o.n[1], o.n[2], o.n[3],
		severity);
	if (!ret) {
		bc_model_add(m, &o);
		return;
	}
	KUNIT_ASSERT_PTR_EQ_MSG(test, rq.over, m->group[blamed].bc,
				"seed %llu op %d", m->seed, m->op);
	KUNIT_ASSERT_EQ_MSG(test, rq.refused->res, bc_model_resource[res],
			    "seed %llu op %d", m->seed, m->op);
	KUNIT_ASSERT_EQ(test, rq.refused->n, o.n[res]);
	bc_refused(m->group[o.group].bc, &rq);
	m->group[blamed].res[res].failcnt_local++;
	for (i = blamed; i >= 0; i = bc_model_parent[i])
		m->group[i].res[res].failcnt++;
}

static void bc_model_uncharge(struct bc_model *m)
{
	struct bc_model_object o;
	int at, i, res;

	at = bc_model_random(m, m->nr_objects);
	o = m->object[at];
	m->object[at] = m->object[--m->nr_objects];
	for (i = o.group; i >= 0; i = bc_model_parent[i])
		for (res = 0; res < BC_MODEL_RESOURCES; res++)
			m->group[i].res[res].held -= o.n[res];
	if (o.n[BC_MODEL_FILES]) {
		bc_kmem_uncharge(m->group[o.group].bc,
				 o.n[BC_MODEL_BYTES] + BC_FILE);
		return;
	}
	for (res = 0; res < BC_MODEL_RESOURCES; res++)
		bc_uncharge(m->group[o.group].bc, bc_model_resource[res],
			    o.n[res]);
}

static void bc_model_limit(struct bc_model *m)
{
	enum bc_limit_kind kind = bc_model_random(m, 3);
	int group = bc_model_random(m, BC_MODEL_GROUPS);
	int res = bc_model_random(m, BC_MODEL_RESOURCES);
	struct bc_model_counter *c = &m->group[group].res[res];
	u64 value;

	switch (bc_model_random(m, 6)) {
	case 0:
		value = BC_MAX;
		break;
	case 1:
		value = c->held;
		break;
	case 2:
		value = bc_model_random(m, bc_model_most[res] / 8);
		break;
	default:
		value = bc_model_random(m, bc_model_most[res]);
		break;
	}
	bc_kunit_set(m->group[group].bc, kind, bc_model_resource[res], value);
	switch (kind) {
	case BC_SET_BARRIER:
		c->barrier = value;
		break;
	case BC_SET_LIMIT:
		c->limit = value;
		break;
	case BC_RESET_MAXHELD:
		c->maxheld = c->held;
		break;
	}
}

static void bc_model_compare_one(struct kunit *test, struct bc_model *m,
				 int group, int res)
{
	struct bc_model_counter *c = &m->group[group].res[res];
	struct bc_stat stat;

	bc_stat_read(m->group[group].bc, bc_model_resource[res], &stat);
	KUNIT_ASSERT_EQ_MSG(test, stat.held, c->held,
			    "seed %llu op %d group %d resource %d", m->seed,
			    m->op, group, res);
	KUNIT_ASSERT_EQ_MSG(test, stat.counter.forced, c->forced,
			    "seed %llu op %d group %d resource %d", m->seed,
			    m->op, group, res);
	KUNIT_ASSERT_EQ(test, stat.counter.barrier, c->barrier);
	KUNIT_ASSERT_EQ(test, stat.counter.limit, c->limit);
	KUNIT_ASSERT_EQ(test, stat.counter.failcnt, c->failcnt);
	KUNIT_ASSERT_EQ(test, stat.counter.failcnt_local, c->failcnt_local);
	/* maxheld may include units that were in stocks. */
	KUNIT_ASSERT_GE(test, stat.counter.maxheld, c->maxheld);
}

static void bc_model_compare(struct kunit *test, struct bc_model *m)
{
	int i, res;

	for (i = 0; i < BC_MODEL_GROUPS; i++)
		for (res = 0; res < BC_MODEL_RESOURCES; res++)
			bc_model_compare_one(test, m, i, res);
}

static struct bc_model *bc_model_new(struct kunit *test, u64 seed)
{
	struct bc_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i, res;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->seed = seed;
	prandom_seed_state(&m->rnd, seed);
	for (i = 0; i < BC_MODEL_GROUPS; i++) {
		int up = bc_model_parent[i];

		m->group[i].bc =
			bc_kunit_alloc(test, up < 0 ? NULL : m->group[up].bc);
		for (res = 0; res < BC_MODEL_RESOURCES; res++) {
			m->group[i].res[res].barrier = BC_MAX;
			m->group[i].res[res].limit = BC_MAX;
		}
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

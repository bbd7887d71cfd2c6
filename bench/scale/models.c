// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the simulated CPUs do. Each works in a group of its own, all of these are
 * siblings, and the levels above them are shared. What belongs to the lowest level
 * alone stays with its CPU, unless all of them share one group.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define LEVELS 4

/*
 * The places. The lock of a level and its counter of kmemsize are on one line, see
 * struct beancounter; that of another resource is on another one.
 */
#define LOCK(level) (level)
#define OTHER(level) (8 + (level))
#define LIST(nr) (16 + (nr))
#define ATOMIC(counter, level) (24 + 8 * (counter) + (level))
#define PLAIN (~0ULL << ATOMIC(0, 0))

const char *const account_names[ACCOUNTS] = {
	[TREE_LOCK] = "tree",  [GROUP_LOCKS] = "groups", [RESERVE] = "reserve",
	[ATOMICS] = "atomics", [MEMCG] = "memcg",
};

/**
 * struct request - what is charged, or given back
 * @name: in the table: OP.WHERE.@name are requests in an operation, held.@held
 *	instructions under the lock
 * @held: see there
 * @bytes: it counts in kmemsize
 * @other: it counts in another resource
 */
static const struct request {
	const char *name;
	const char *held;
	bool bytes;
	bool other;
} requests[] = {
	{ "objects", "object", true, false },
	{ "files", "file", true, true },
	{ "lanes", "lane", false, true },
	{ "lists", "list", false, false },
	{ "refills", "refill", true, false },
	{ "reserves", "refill", true, false },
};

/**
 * struct model - a program under construction
 * @inputs: the table
 * @program: to which steps are added
 * @account: the way to count
 * @shared: levels that all CPUs share
 * @ns: of an instruction
 * @pause: nanoseconds outside before each request
 */
struct model {
	const struct inputs *inputs;
	struct sim_program *program;
	enum account account;
	unsigned int shared;
	double ns;
	double pause;
};

static void hold(const struct model *m, double ns)
{
	sim_add(m->program, SIM_HOLD, 0, ns);
}

static void atomic(const struct model *m, unsigned int place)
{
	sim_add(m->program, SIM_LOCK, place, 0);
	sim_add(m->program, SIM_UNLOCK, place, 0);
}

/* The instructions under the lock, at all levels. */
static double held_at_all(const struct model *m, const struct request *rq)
{
	return inputs_get(m->inputs, "held.%s", rq->held);
}

/* Those of them that are for the levels that the benchmark's group did not have. */
static double held_above(const struct model *m, const struct request *rq)
{
	return inputs_get(m->inputs, "held.level") * (rq->bytes + rq->other) *
	       (LEVELS - 1);
}

/*
 * Is the lock of the lowest level enough? For a list it is; with a reserve it is
 * for all but filling that. The one lock of a tree is that of the uppermost level.
 */
static bool lowest(const struct model *m, const struct request *rq)
{
	if (!rq->bytes && !rq->other)
		return m->account != TREE_LOCK;
	return m->account == RESERVE && strcmp(rq->name, "reserves");
}

static void lock_lowest(const struct model *m, double ns)
{
	if (m->shared < LEVELS) {
		hold(m, inputs_get(m->inputs, "atomic") + ns);
		return;
	}
	sim_add(m->program, SIM_LOCK, LOCK(LEVELS - 1), 0);
	hold(m, ns);
	sim_add(m->program, SIM_UNLOCK, LOCK(LEVELS - 1), 0);
}

/* From the lowest level to the uppermost, and all of them are held. */
static void lock_levels(const struct model *m, bool take)
{
	enum sim_kind kind = take ? SIM_LOCK : SIM_UNLOCK;
	unsigned int level;

	if (m->account == TREE_LOCK) {
		sim_add(m->program, kind, LOCK(0), 0);
		return;
	}
	if (take && m->shared < LEVELS)
		hold(m, inputs_get(m->inputs, "atomic"));
	for (level = m->shared; level--;)
		sim_add(m->program, kind,
			LOCK(take ? level : m->shared - 1 - level), 0);
}

static void under_lock(const struct model *m, const struct request *rq)
{
	unsigned int level;

	lock_levels(m, true);
	for (level = 0; level < m->shared; level++) {
		/* The other locks come with the line. */
		if (rq->bytes && level && m->account == TREE_LOCK)
			sim_add(m->program, SIM_TOUCH, LOCK(level), 0);
		if (rq->other)
			sim_add(m->program, SIM_TOUCH, OTHER(level), 0);
	}
	if (!strcmp(rq->name, "lists") && m->shared == LEVELS) {
		/* The head, and the neighbour in the list. */
		sim_add(m->program, SIM_TOUCH, LIST(0), 0);
		sim_add(m->program, SIM_TOUCH, LIST(1), 0);
	}
	hold(m, held_at_all(m, rq) * m->ns);
	lock_levels(m, false);
}

static void walk(const struct model *m, unsigned int counter)
{
	unsigned int level;

	if (m->shared < LEVELS)
		hold(m, inputs_get(m->inputs, "atomic"));
	for (level = m->shared; level--;)
		atomic(m, ATOMIC(counter, level));
}

static void one_request(const struct model *m, const struct request *rq)
{
	sim_add(m->program, SIM_WORK, 0, m->pause);
	if (lowest(m, rq)) {
		lock_lowest(m, held_at_all(m, rq) * m->ns);
	} else if (m->account == ATOMICS) {
		hold(m, held_at_all(m, rq) * m->ns);
		if (rq->bytes)
			walk(m, 0);
		if (rq->other)
			walk(m, 1);
	} else {
		under_lock(m, rq);
	}
}

/* The fraction is a request now and then. */
static void many(const struct model *m, const struct request *rq, double nr,
		 void (*add)(const struct model *m, const struct request *rq))
{
	size_t from, at;

	for (; nr >= 1; nr--)
		add(m, rq);
	if (nr <= 0)
		return;
	at = m->program->nr;
	sim_add(m->program, SIM_SKIP, 0, 1 - nr);
	from = m->program->nr;
	add(m, rq);
	m->program->step[at].place = m->program->nr - from;
}

static void one_walk(const struct model *m, const struct request *rq)
{
	(void)rq;
	sim_add(m->program, SIM_WORK, 0, m->pause);
	hold(m, inputs_get(m->inputs, "walk") * (LEVELS - 1) * m->ns);
	walk(m, 0);
}

/* Objects come from the stock of bytes, and what a fork() touches is pages. */
static void model_memcg(struct model *m, const char *op, bool near)
{
	double pages, instructions = inputs_get(m->inputs, "%s.memcg", op);

	m->pause = instructions * m->ns;
	if (strcmp(op, "fork")) {
		sim_add(m->program, SIM_WORK, 0, m->pause);
		return;
	}
	pages = inputs_get(m->inputs, "fork.memcg.pages");
	if (!near)
		pages /= inputs_get(m->inputs, "memcg.batch");
	pages += inputs_get(m->inputs, "fork.memcg.uncharges");
	m->pause /= pages;
	many(m, NULL, pages, one_walk);
}

/* How often a request is made in an operation; what the table does not have, never. */
static double per_operation(const struct model *m, const char *op,
			    const char *where, const struct request *rq)
{
	bool reserve = m->account == RESERVE;
	const char *what = rq->name;
	double share = 1;
	char name[64];
	size_t i;

	/* A reserve is filled for each so many words that it fills, near and far. */
	if (!strcmp(what, "reserves")) {
		share = reserve ? 1 / inputs_get(m->inputs, "reserve.words") :
				  0;
		what = "refills";
	}
	if (!strcmp(what, "refills") && reserve)
		where = "far";
	snprintf(name, sizeof(name), "%s.%s.%s", op, where, what);
	for (i = 0; i < m->inputs->nr; i++)
		if (!strcmp(m->inputs->row[i].name, name))
			return m->inputs->row[i].value * share;
	return 0;
}

void model_program(struct sim_program *program, const struct inputs *inputs,
		   const char *op, const char *where, enum account account)
{
	struct model m = {
		.inputs = inputs,
		.program = program,
		.account = account,
		.shared = inputs_get(inputs, "levels.shared"),
		.ns = inputs_get(inputs, "%s.native", op) /
		      inputs_get(inputs, "%s.off", op),
	};
	double outside = inputs_get(inputs, "%s.%s", op, where), all = 0, nr;
	size_t i;

	*program = (struct sim_program){};
	if (account == MEMCG) {
		model_memcg(&m, op, !strcmp(where, "near"));
		return;
	}
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		nr = per_operation(&m, op, where, &requests[i]);
		all += nr;
		outside -= nr * (held_at_all(&m, &requests[i]) -
				 held_above(&m, &requests[i]));
	}
	/* What is left is outside, in equal parts; the last is after all requests. */
	m.pause = outside * m.ns / (all + 1);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		nr = per_operation(&m, op, where, &requests[i]);
		many(&m, &requests[i], nr, one_request);
	}
	sim_add(program, SIM_WORK, 0, m.pause);
}

void model_machine(struct sim_machine *machine, const struct inputs *inputs,
		   unsigned int cpus)
{
	*machine = (struct sim_machine){
		.cpus = cpus,
		.per_socket = inputs_get(inputs, "per_socket"),
		.near_ns = inputs_get(inputs, "move.near"),
		.far_ns = inputs_get(inputs, "move.far"),
		.handover = inputs_get(inputs, "handover"),
		.atomic_ns = inputs_get(inputs, "atomic"),
		.spread = SIM_UNIFORM,
		.plain = PLAIN,
		.seed = 0x5ca1e,
	};
}

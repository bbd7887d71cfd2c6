// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs of the simulated CPUs. Each CPU works in a group of its own; all these
 * groups are siblings, and share the levels above them. The cache lines of the lowest
 * level stay with its CPU, unless all CPUs share one group.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define LEVELS 4

/*
 * The places. The lock of a level and its counter of kmemsize are on one line, or on
 * two, see lines.lock; the counter of another resource is on another line, and so are
 * the words near the barrier.
 */
#define LOCK(level) (level)
#define OTHER(level) (8 + (level))
#define LIST(nr) (16 + (nr))
#define BYTES 20
#define NEAR 23
#define ATOMIC(counter, level) (24 + 8 * (counter) + (level))
#define PLAIN (~0ULL << NEAR)

/* The words near the barrier: one for bytes or files, and two of the lanes. */
enum kind { WORD, PAGES, ITEMS };

const char *const account_names[ACCOUNTS] = {
	[NEAR_WORDS] = "near", [TREE_LOCK] = "tree", [GROUP_LOCKS] = "groups",
	[ATOMICS] = "atomics", [MEMCG] = "memcg",
};

/**
 * struct request - a kind of charge or uncharge
 * @name: input OP.WHERE.@name is the number of such requests in an operation
 * @held: input held.@held is the number of instructions under the lock
 * @bytes: it counts in kmemsize
 * @other: it counts in another resource
 */
static const struct request {
	const char *name;
	const char *held;
	bool bytes;
	bool other;
} requests[] = {
	{ "objects", "object", true, false }, { "files", "file", true, true },
	{ "lanes", "lane", false, true },     { "lists", "list", false, false },
	{ "refills", "refill", true, false },
};

/**
 * struct model - a program under construction
 * @inputs: the table
 * @program: the program to which steps are added
 * @account: the way to count
 * @shared: levels that all CPUs share
 * @ns: nanoseconds of an instruction
 * @pause: nanoseconds outside of the lock before each request
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

/* The part of these instructions for levels that the benchmark's group did not have. */
static double held_above(const struct model *m, const struct request *rq)
{
	return inputs_get(m->inputs, "held.level") * (rq->bytes + rq->other) *
	       (LEVELS - 1);
}

/*
 * Is the lock of the group enough? For a list it is, except with TREE_LOCK. The one lock
 * of a tree is the lock of the uppermost level.
 */
static bool lowest(const struct model *m, const struct request *rq)
{
	return !rq->bytes && !rq->other && m->account != TREE_LOCK;
}

static bool one_lock(const struct model *m)
{
	return m->account == TREE_LOCK || m->account == NEAR_WORDS;
}

/* Write the head of a list, and the neighbour in it. */
static void touch_list(const struct model *m)
{
	sim_add(m->program, SIM_TOUCH, LIST(0), 0);
	sim_add(m->program, SIM_TOUCH, LIST(1), 0);
}

static void lock_lowest(const struct model *m, double ns)
{
	if (m->shared < LEVELS) {
		hold(m, inputs_get(m->inputs, "atomic") + ns);
		return;
	}
	sim_add(m->program, SIM_LOCK, LOCK(LEVELS - 1), 0);
	touch_list(m);
	hold(m, ns);
	sim_add(m->program, SIM_UNLOCK, LOCK(LEVELS - 1), 0);
}

/* Take the locks from the lowest level to the uppermost, and hold all of them. */
static void lock_levels(const struct model *m, bool take)
{
	enum sim_kind kind = take ? SIM_LOCK : SIM_UNLOCK;
	unsigned int level;

	if (one_lock(m)) {
		sim_add(m->program, kind, LOCK(0), 0);
		return;
	}
	if (take && m->shared < LEVELS)
		hold(m, inputs_get(m->inputs, "atomic"));
	for (level = m->shared; level--;)
		sim_add(m->program, kind,
			LOCK(take ? level : m->shared - 1 - level), 0);
}

/* Write the counters of all shared levels. */
static void touch_levels(const struct model *m, bool bytes, bool other)
{
	unsigned int level;

	for (level = 0; level < m->shared; level++) {
		/* Where each level has a lock, the counter comes with it. */
		if (bytes && level && one_lock(m))
			sim_add(m->program, SIM_TOUCH, LOCK(level), 0);
		if (bytes && !level && m->account == NEAR_WORDS &&
		    inputs_get(m->inputs, "lines.lock") > 1)
			sim_add(m->program, SIM_TOUCH, BYTES, 0);
		if (other)
			sim_add(m->program, SIM_TOUCH, OTHER(level), 0);
	}
}

static void under_lock(const struct model *m, const struct request *rq)
{
	lock_levels(m, true);
	touch_levels(m, rq->bytes, rq->other);
	if (!rq->bytes && !rq->other && m->shared == LEVELS)
		touch_list(m);
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

/* Add NR requests; a fraction is a request with that probability. */
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

/* Objects come from the stock of bytes; fork() touches pages, which are charged. */
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

/* An input that the table does not have is 0. */
static double input_or_0(const struct model *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static double input_or_0(const struct model *m, const char *fmt, ...)
{
	char name[64];
	va_list args;
	size_t i;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	for (i = 0; i < m->inputs->nr; i++)
		if (!strcmp(m->inputs->row[i].name, name))
			return m->inputs->row[i].value;
	return 0;
}

/* Lock or unlock the line of the words near the barrier, if other CPUs want it, too. */
static void line(const struct model *m, enum sim_kind kind)
{
	if (m->shared == LEVELS)
		sim_add(m->program, kind, NEAR, 0);
}

/*
 * Read the word, then compare-and-exchange until it succeeds or the word cannot serve
 * the request. Other CPUs may get the line before the first exchange, or before each,
 * see near.apart.
 */
static void exchange(const struct model *m, enum kind word, double n)
{
	double apart = inputs_get(m->inputs, "near.apart");
	size_t top;

	line(m, SIM_LOCK);
	sim_add(m->program, SIM_LOOK, word, 0);
	if (apart > 0)
		line(m, SIM_UNLOCK);
	top = m->program->nr;
	if (apart > 0)
		line(m, SIM_LOCK);
	if (apart <= 1)
		top = m->program->nr;
	sim_add(m->program, SIM_SWAP, word, n);
	if (apart > 1)
		line(m, SIM_UNLOCK);
	sim_add(m->program, SIM_KEPT, 1, 0);
	sim_add(m->program, SIM_BACK, m->program->nr - top, 0);
	if (apart <= 1)
		line(m, SIM_UNLOCK);
}

/* A request that the word cannot serve takes the lock: with @n < 0 it empties the word. */
static void in_counters(const struct model *m, const struct request *rq,
			enum kind word, double n)
{
	lock_levels(m, true);
	line(m, SIM_LOCK);
	sim_add(m->program, n < 0 ? SIM_EMPTY : SIM_PUT, word, n);
	line(m, SIM_UNLOCK);
	touch_levels(m, rq->bytes, rq->other);
	hold(m, held_at_all(m, rq) * m->ns);
	lock_levels(m, false);
}

static void near_request(const struct model *m, const struct request *rq,
			 enum kind word, double n)
{
	size_t from;

	sim_add(m->program, SIM_WORK, 0, m->pause);
	exchange(m, word, n);
	from = m->program->nr;
	sim_add(m->program, SIM_DONE, 0, 0);
	in_counters(m, rq, word, n);
	m->program->step[from].place = m->program->nr - from - 1;
}

/* Give back what RCU has freed by now. */
static void near_late(const struct model *m, const struct request *rq,
		      double late)
{
	size_t top, out, slow;

	if (late <= 0)
		return;
	sim_add(m->program, SIM_LATER, WORD, late);
	top = m->program->nr;
	sim_add(m->program, SIM_DUE, WORD, 0);
	out = m->program->nr;
	sim_add(m->program, SIM_DONE, 0, 0);
	line(m, SIM_LOCK);
	sim_add(m->program, SIM_DROP, WORD, m->shared == LEVELS ? 1 : 1e9);
	line(m, SIM_UNLOCK);
	slow = m->program->nr;
	sim_add(m->program, SIM_DONE, 0, 0);
	in_counters(m, rq, WORD, 1);
	m->program->step[slow].place = m->program->nr - slow - 1;
	sim_add(m->program, SIM_BACK, m->program->nr - top, 0);
	m->program->step[out].place = m->program->nr - out - 1;
}

/* Half of the requests are charges (@n < 0), the other half uncharges. */
static void near_half(const struct model *m, const char *op, const char *where,
		      double n)
{
	unsigned int i, at, half, late;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		const struct request *rq = &requests[i];

		if (!rq->bytes && !rq->other)
			continue;
		half = input_or_0(m, "%s.%s.%s", op, where, rq->name) / 2;
		late = n > 0 && !strcmp(where, "near") ?
			       input_or_0(m, "%s.late.%s", op, rq->name) :
			       0;
		if (!strcmp(rq->name, "refills"))
			continue;
		for (at = late; at < half; at++)
			near_request(m, rq,
				     rq->bytes ? WORD :
				     at	       ? ITEMS :
						 PAGES,
				     n);
		if (half)
			near_late(m, rq, late);
	}
}

static bool near_word(const struct model *m, const struct request *rq)
{
	return m->account == NEAR_WORDS && (rq->bytes || rq->other) &&
	       strcmp(rq->name, "refills");
}

/*
 * The instructions of an operation that are not under the lock. Far from the barrier
 * the measured instructions do not contain requests for lanes.
 */
static double outside(const struct model *m, const char *op, const char *where)
{
	/* The figures measured near the barrier are from before there were words. */
	bool was = !strcmp(where, "near") && m->account != NEAR_WORDS;
	double left = inputs_get(m->inputs, "%s.%s", op, was ? "near" : "far");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		const struct request *rq = &requests[i];
		double nr = input_or_0(m, "%s.%s.%s", op, where, rq->name);

		if (near_word(m, rq))
			left += nr * inputs_get(m->inputs, "near.word");
		else if (was || strcmp(rq->name, "lanes"))
			left -= nr * (held_at_all(m, rq) - held_above(m, rq));
	}
	return left;
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
	double all = 0;
	size_t i;

	*program = (struct sim_program){};
	if (account == MEMCG) {
		model_memcg(&m, op, !strcmp(where, "near"));
		return;
	}
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		all += input_or_0(&m, "%s.%s.%s", op, where, requests[i].name);
	if (account == NEAR_WORDS && !strcmp(where, "near"))
		all -= input_or_0(&m, "%s.late.objects", op);
	/* The time outside of the lock, in equal parts; the last is after all requests. */
	m.pause = outside(&m, op, where) * m.ns / (all + 1);
	if (account == NEAR_WORDS && strcmp(where, "far"))
		near_half(&m, op, where, -1);
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		if (!strcmp(where, "far") || !near_word(&m, &requests[i]))
			many(&m, &requests[i],
			     input_or_0(&m, "%s.%s.%s", op, where,
					requests[i].name),
			     one_request);
	if (account == NEAR_WORDS && strcmp(where, "far"))
		near_half(&m, op, where, 1);
	sim_add(program, SIM_WORK, 0, m.pause);
}

void model_refused(struct sim_program *program, const struct inputs *inputs,
		   enum account account, double rate)
{
	struct model m = {
		.inputs = inputs,
		.program = program,
		.account = account,
		.shared = inputs_get(inputs, "levels.shared"),
		.ns = inputs_get(inputs, "mmap.native") /
		      inputs_get(inputs, "mmap.off"),
	};
	double held = inputs_get(inputs, "held.lane") * m.ns;
	size_t top;

	*program = (struct sim_program){};
	sim_add(program, SIM_WORK, 0,
		(rate > 0 ? 1e9 / rate : 0) +
			inputs_get(inputs, "refused.native"));
	/* Close the words, in several holds of the lock; then count the refusal. */
	top = program->nr;
	lock_levels(&m, true);
	touch_levels(&m, false, true);
	if (account == NEAR_WORDS)
		sim_add(program, SIM_CLOSE, inputs_get(inputs, "close.words"),
			inputs_get(inputs, "close.one") * m.ns);
	hold(&m, held);
	lock_levels(&m, false);
	if (account == NEAR_WORDS) {
		sim_add(program, SIM_DONE, 1, 0);
		sim_add(program, SIM_BACK, program->nr - top, 0);
	}
	lock_levels(&m, true);
	touch_levels(&m, false, true);
	hold(&m, held);
	lock_levels(&m, false);
}

/* The word for an operation that charges objects of a size, or files. */
static struct sim_word bytes_word(const struct inputs *inputs, const char *op)
{
	double size;

	if (!strcmp(op, "open"))
		return (struct sim_word){ inputs_get(inputs, "near.files"),
					  inputs_get(inputs, "near.files") /
						  2 };
	size = inputs_get(inputs, "%s.object", op);
	return (struct sim_word){ inputs_get(inputs, "near.bytes") / size,
				  inputs_get(inputs, "near.bytes") / size * 3 /
					  4 };
}

void model_machine(struct sim_machine *machine, const struct inputs *inputs,
		   const char *op, unsigned int cpus)
{
	double items = inputs_get(inputs, "word.items");

	*machine = (struct sim_machine){
		.cpus = cpus,
		.per_socket = inputs_get(inputs, "per_socket"),
		.near_ns = inputs_get(inputs, "move.near"),
		.far_ns = inputs_get(inputs, "move.far"),
		.handover = inputs_get(inputs, "handover"),
		.atomic_ns = inputs_get(inputs, "atomic"),
		.spread = SIM_UNIFORM,
		.plain = PLAIN,
		.word = { [WORD] = bytes_word(inputs, op),
			  [PAGES] = { inputs_get(inputs, "word.pages"), 64 },
			  [ITEMS] = { items, (items + 1) / 2 } },
		.shared = inputs_get(inputs, "levels.shared") >= LEVELS,
		.later_ns = inputs_get(inputs, "rcu") * 1e6,
		.close_lines = inputs_get(inputs, "close.lines"),
		.seed = 0x5ca1e,
	};
}

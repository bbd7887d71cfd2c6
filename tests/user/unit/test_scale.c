// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulation of docs/scale.md, in cases whose result follows from a formula. Times
 * are in nanoseconds, and rates in operations per nanosecond.
 */
#include <math.h>
#include <stdlib.h>

#include "unit.h"

#include "models.h"

#define WORK 10000.0
#define HELD 200.0
#define MOVE 100.0

static struct sim_machine machine(unsigned int cpus, enum sim_spread spread)
{
	return (struct sim_machine){
		.cpus = cpus,
		.per_socket = SIM_CPUS,
		.near_ns = MOVE,
		.far_ns = 2 * MOVE,
		.handover = 1,
		.spread = spread,
		.seed = 1,
	};
}

/* Operations in a nanosecond of a program that works, and holds a lock for @held. */
static double rate(const struct sim_machine *m, double held, unsigned int warm)
{
	struct sim_program program = {};
	double found;

	sim_add(&program, SIM_WORK, 0, WORK);
	if (held > 0) {
		sim_add(&program, SIM_LOCK, 0, 0);
		sim_add(&program, SIM_HOLD, 0, held);
		sim_add(&program, SIM_UNLOCK, 0, 0);
	}
	found = sim_run(m, &program, warm) / 1e9;
	sim_free(&program);
	return found;
}

static void near(double found, double expected, double tolerance)
{
	if (fabs(found / expected - 1) > tolerance)
		fail_msg("%g, not %g", found, expected);
}

/* No CPU waits for another: the efficiency is 1. */
static void test_no_lock(void **state)
{
	unsigned int cpus;

	(void)state;
	for (cpus = 1; cpus <= 256; cpus *= 4) {
		struct sim_machine m = machine(cpus, SIM_FIXED);

		near(rate(&m, 0, 20), cpus / WORK, 0.000001);
	}
}

/*
 * All times are constant: no CPU waits until the lock is held all the time, and from
 * then on there is one operation for each hand-over of the lock.
 */
static void test_lock(void **state)
{
	unsigned int cpus;

	(void)state;
	for (cpus = 2; cpus <= 256; cpus *= 2) {
		struct sim_machine m = machine(cpus, SIM_FIXED);
		double each = HELD + MOVE;

		near(rate(&m, HELD, 20), fmin(cpus / (WORK + each), 1 / each),
		     0.000001);
		m.handover = 2;
		if (cpus >= 64)
			near(rate(&m, HELD, 20), 1 / (HELD + 2 * MOVE),
			     0.000001);
	}
}

/* Exponential times: the machine repairman model, M/M/1 with CPUS customers. */
static void test_repairman(void **state)
{
	static const unsigned int cpus[] = { 1, 8, 40, 50, 100 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cpus) / sizeof(*cpus); i++) {
		struct sim_machine m = machine(cpus[i], SIM_EXPONENTIAL);
		double term = 1, sum = 1;
		unsigned int n;

		m.near_ns = 0;
		for (n = 1; n <= cpus[i]; n++) {
			term *= (cpus[i] - n + 1) * HELD / WORK;
			sum += term;
		}
		near(rate(&m, HELD, 40000 / cpus[i]), (1 - 1 / sum) / HELD,
		     0.015);
	}
}

/* All CPUs count in the same line, which one CPU after the other gets. */
static void test_atomic(void **state)
{
	struct sim_machine m = machine(64, SIM_UNIFORM);
	struct sim_program program = {};

	(void)state;
	m.plain = 1;
	m.handover = 7;
	m.atomic_ns = 6;
	sim_add(&program, SIM_WORK, 0, MOVE);
	sim_add(&program, SIM_LOCK, 0, 0);
	sim_add(&program, SIM_UNLOCK, 0, 0);
	near(sim_run(&m, &program, 20) / 1e9, 1 / (MOVE + 6), 0.000001);
	/* Two CPUs, each on a socket of its own. */
	m.cpus = 2;
	m.per_socket = 1;
	program.step[0].ns = 0.001;
	near(sim_run(&m, &program, 20) / 1e9, 1 / (2 * MOVE + 6), 0.001);
	sim_free(&program);
}

/*
 * A word that all CPUs share: one CPU after the other gives a unit to it and takes one,
 * and each time the line has to move. A CPU that reads the word after it has got the
 * line never loses the exchange.
 */
static void test_word(void **state)
{
	static const double unit[] = { 1, -1 };
	struct sim_machine m = machine(64, SIM_UNIFORM);
	struct sim_program program = {};
	int i;

	(void)state;
	m.plain = 1;
	m.shared = true;
	m.word[0].max = 1000;
	sim_add(&program, SIM_WORK, 0, MOVE);
	for (i = 0; i < 2; i++) {
		sim_add(&program, SIM_LOCK, 0, 0);
		sim_add(&program, SIM_LOOK, 0, 0);
		sim_add(&program, SIM_SWAP, 0, unit[i]);
		sim_add(&program, SIM_UNLOCK, 0, 0);
		sim_add(&program, SIM_DONE, 1, 0);
		sim_add(&program, SIM_BACK, 5, 0);
	}
	near(sim_run(&m, &program, 20) / 1e9, 1 / (2 * MOVE), 0.001);
	sim_free(&program);
}

/*
 * If other CPUs get the line between reading the word and the exchange, all but one of
 * the CPUs that have read it lose: there is one success for at least as many moves of
 * the line as there are CPUs, and for at most twice as many.
 */
static void test_lost(void **state)
{
	unsigned int cpus;

	(void)state;
	for (cpus = 4; cpus <= 64; cpus *= 4) {
		struct sim_machine m = machine(cpus, SIM_UNIFORM);
		struct sim_program program = {};
		double moves;

		m.plain = 1;
		m.shared = true;
		m.word[0].max = 1000000000;
		sim_add(&program, SIM_LOCK, 0, 0);
		sim_add(&program, SIM_LOOK, 0, 0);
		sim_add(&program, SIM_UNLOCK, 0, 0);
		sim_add(&program, SIM_LOCK, 0, 0);
		sim_add(&program, SIM_SWAP, 0, 1);
		sim_add(&program, SIM_UNLOCK, 0, 0);
		sim_add(&program, SIM_DONE, 1, 0);
		sim_add(&program, SIM_BACK, 7, 0);
		moves = 1e9 / MOVE / sim_run(&m, &program, 50);
		if (moves < cpus || moves > 2 * cpus + 2)
			fail_msg("%g moves of %u CPUs", moves, cpus);
		sim_free(&program);
	}
}

/*
 * A CPU that has lost an exchange has the line, and tries again with the new value: the
 * line moves twice for each request, and no request takes the lock.
 */
static void test_again(void **state)
{
	struct sim_machine m = machine(64, SIM_UNIFORM);
	struct sim_program program = {};

	(void)state;
	m.plain = 1;
	m.shared = true;
	m.word[0].max = 1000000000;
	sim_add(&program, SIM_LOCK, 0, 0);
	sim_add(&program, SIM_LOOK, 0, 0);
	sim_add(&program, SIM_UNLOCK, 0, 0);
	sim_add(&program, SIM_LOCK, 0, 0);
	sim_add(&program, SIM_SWAP, 0, 1);
	sim_add(&program, SIM_KEPT, 1, 0);
	sim_add(&program, SIM_BACK, 2, 0);
	sim_add(&program, SIM_UNLOCK, 0, 0);
	sim_add(&program, SIM_DONE, 1, 0);
	sim_add(&program, SIM_HOLD, 0, 1000 * WORK);
	near(sim_run(&m, &program, 50) / 1e9, 1 / (2 * MOVE), 0.001);
	sim_free(&program);
}

/* Take a unit from a word, or else under a lock. */
static void take(struct sim_program *program)
{
	sim_add(program, SIM_LOOK, 0, 0);
	sim_add(program, SIM_SWAP, 0, -1);
	sim_add(program, SIM_DONE, 4, 0);
	sim_add(program, SIM_LOCK, 0, 0);
	sim_add(program, SIM_EMPTY, 0, 0);
	sim_add(program, SIM_HOLD, 0, HELD);
	sim_add(program, SIM_UNLOCK, 0, 0);
}

/* Give a unit to a word, or else open the word under the lock. */
static void give(struct sim_program *program)
{
	sim_add(program, SIM_LOOK, 0, 0);
	sim_add(program, SIM_SWAP, 0, 1);
	sim_add(program, SIM_DONE, 4, 0);
	sim_add(program, SIM_LOCK, 0, 0);
	sim_add(program, SIM_PUT, 0, 1);
	sim_add(program, SIM_HOLD, 0, HELD);
	sim_add(program, SIM_UNLOCK, 0, 0);
}

/*
 * Units that are given back late serve later requests, if the word has room for all
 * that come back at once. Without any room, each request and each unit that comes back
 * takes the lock.
 */
static void test_later(void **state)
{
	struct sim_machine m = machine(1, SIM_FIXED);
	struct sim_program program = {};

	(void)state;
	m.later_ns = 100 * WORK;
	m.warm_ns = 10000 * WORK;
	sim_add(&program, SIM_WORK, 0, WORK);
	take(&program);
	sim_add(&program, SIM_LATER, 0, 1);
	sim_add(&program, SIM_DUE, 0, 0);
	sim_add(&program, SIM_DONE, 7, 0);
	sim_add(&program, SIM_DROP, 0, 1000);
	sim_add(&program, SIM_DONE, 4, 0);
	sim_add(&program, SIM_LOCK, 0, 0);
	sim_add(&program, SIM_PUT, 0, 1);
	sim_add(&program, SIM_HOLD, 0, HELD);
	sim_add(&program, SIM_UNLOCK, 0, 0);
	sim_add(&program, SIM_BACK, 8, 0);
	near(sim_run(&m, &program, 20) / 1e9, 1 / (WORK + 2 * HELD), 0.001);
	m.word[0].max = 1000;
	near(sim_run(&m, &program, 20) / 1e9, 1 / WORK, 0.001);
	/* The word has room for 50 of the 100 units that come back at once. */
	m.word[0] = (struct sim_word){ 50, 50 };
	near(sim_run(&m, &program, 20) / 1e9, 1 / (WORK + 2 * HELD * 0.5),
	     0.002);
	sim_free(&program);
}

/*
 * The odd CPU closes the words of the other CPU now and then, which moves six lines to
 * it, one after the other. The other CPU gets them back, takes the lock for its next
 * unit, and once more to open the word.
 */
static void test_close(void **state)
{
	struct sim_machine m = machine(2, SIM_FIXED);
	struct sim_program program = {}, odd = {};
	double lost, period = 10 * WORK + MOVE + 6 * MOVE;

	(void)state;
	m.close_lines = 6;
	m.word[0].max = 1000;
	m.odd = &odd;
	m.warm_ns = 1000 * period;
	sim_add(&odd, SIM_WORK, 0, 10 * WORK);
	sim_add(&odd, SIM_LOCK, 0, 0);
	sim_add(&odd, SIM_CLOSE, 0, 0);
	sim_add(&odd, SIM_UNLOCK, 0, 0);
	sim_add(&program, SIM_WORK, 0, 0.1 * WORK);
	take(&program);
	give(&program);
	lost = 6 * MOVE + MOVE + 2 * HELD;
	near(sim_run(&m, &program, 20) / 1e9,
	     (1 - lost / period) / (0.1 * WORK), 0.001);
	sim_free(&program);
	sim_free(&odd);
}

/*
 * The odd CPU closes the words of two CPUs, one in each hold of the lock. The word of the
 * first CPU stays closed until the other is closed: in that time the first CPU takes the
 * lock twice for each operation.
 */
static void test_parts(void **state)
{
	struct sim_machine m = machine(3, SIM_FIXED);
	struct sim_program program = {}, odd = {};
	double pause = 5 * WORK, op = 0.1 * WORK, once, long_one;
	double period = 10 * WORK + pause + 2 * (MOVE + 6 * MOVE);

	(void)state;
	m.close_lines = 6;
	m.word[0].max = 1000;
	m.odd = &odd;
	m.warm_ns = 1000 * period;
	sim_add(&odd, SIM_WORK, 0, 10 * WORK);
	sim_add(&odd, SIM_LOCK, 0, 0);
	sim_add(&odd, SIM_CLOSE, 1, 0);
	sim_add(&odd, SIM_UNLOCK, 0, 0);
	sim_add(&odd, SIM_DONE, 2, 0);
	sim_add(&odd, SIM_HOLD, 0, pause);
	sim_add(&odd, SIM_BACK, 5, 0);
	sim_add(&program, SIM_WORK, 0, op);
	take(&program);
	give(&program);
	once = 6 * MOVE + MOVE + 2 * HELD;
	long_one = (pause + 6 * MOVE) * 2 * HELD / (op + 2 * HELD);
	near(sim_run(&m, &program, 20) / 1e9,
	     (2 - (2 * once + long_one) / period) / op, 0.005);
	sim_free(&program);
	sim_free(&odd);
}

/*
 * Near the barrier, before there were words for it, a file was charged and given back
 * under the lock of the tree. Besides the line of the lock, this moved five lines: those
 * of two counters at three levels, one of which is on the lock's line.
 */
static void test_near_lock(void **state)
{
	struct sim_program program;
	struct sim_machine m;
	struct inputs inputs;
	double move, held;

	(void)state;
	inputs_read(&inputs, INPUTS);
	move = inputs_get(&inputs, "move.near");
	held = inputs_get(&inputs, "held.file") *
	       inputs_get(&inputs, "open.native") /
	       inputs_get(&inputs, "open.off");
	model_machine(&m, &inputs, "open", 64);
	model_program(&program, &inputs, "open", "near", TREE_LOCK);
	near(sim_run(&m, &program, 20) / 1e9,
	     1 / (2 * (inputs_get(&inputs, "atomic") + move + 5 * move + held)),
	     0.001);
	sim_free(&program);
	inputs_free(&inputs);
}

/*
 * With words near the barrier siblings do not wait for each other: an operation takes as
 * long as far from the barrier, plus two exchanges.
 */
static void test_near_word(void **state)
{
	struct sim_program program;
	struct sim_machine m;
	struct inputs inputs;
	double each;

	(void)state;
	inputs_read(&inputs, INPUTS);
	each = (inputs_get(&inputs, "open.far") +
		2 * inputs_get(&inputs, "near.word")) *
	       inputs_get(&inputs, "open.native") /
	       inputs_get(&inputs, "open.off");
	model_machine(&m, &inputs, "open", 256);
	model_program(&program, &inputs, "open", "near", NEAR_WORDS);
	near(sim_run(&m, &program, 400) / 1e9, 256 / each, 0.01);
	sim_free(&program);
	inputs_free(&inputs);
}

/*
 * All CPUs in one group wait for the line of its words, to read a word and to exchange it,
 * when a file is opened and when it is closed; and now and then for the lock, because
 * another CPU has emptied the word. If other CPUs can get the line before each exchange,
 * most exchanges are lost.
 */
static void test_one_group(void **state)
{
	static const double apart[] = { 0, 1, 2 };
	struct inputs some, inputs, all;
	struct sim_program program;
	struct sim_machine m;
	double move, found;
	size_t i;

	(void)state;
	inputs_read(&all, INPUTS);
	inputs_scale(&some, &all, "levels.shared", 4.0 / 3);
	for (i = 0; i < sizeof(apart) / sizeof(*apart); i++) {
		inputs_scale(&inputs, &some, "near.apart", apart[i]);
		move = inputs_get(&inputs, "move.near") +
		       inputs_get(&inputs, "atomic");
		model_machine(&m, &inputs, "open", 64);
		model_program(&program, &inputs, "open", "near", NEAR_WORDS);
		found = sim_run(&m, &program, 400) / 1e9;
		found *= 2 * move;
		if (apart[i] < 2)
			near(found, 0.9 / (1 + apart[i]), 0.1);
		else if (found > 0.2)
			fail_msg("%g, though exchanges are lost", found);
		sim_free(&program);
		inputs_free(&inputs);
	}
	inputs_free(&some);
	inputs_free(&all);
}

/*
 * Memory that RCU gives back late serves later requests if the word near the barrier has
 * room for all of it; siblings that map and unmap then do not wait for each other.
 */
static void test_near_late(void **state)
{
	static const double room[] = { 1, 0.125 };
	struct inputs inputs, all;
	struct sim_program program;
	struct sim_machine m;
	double each, found;
	size_t i;

	(void)state;
	inputs_read(&all, INPUTS);
	each = (inputs_get(&all, "mmap.far") +
		6 * inputs_get(&all, "near.word")) *
	       inputs_get(&all, "mmap.native") / inputs_get(&all, "mmap.off");
	for (i = 0; i < sizeof(room) / sizeof(*room); i++) {
		inputs_scale(&inputs, &all, "near.bytes", room[i]);
		model_machine(&m, &inputs, "mmap", 8);
		m.warm_ns = 6e6 * inputs_get(&inputs, "rcu");
		model_program(&program, &inputs, "mmap", "near", NEAR_WORDS);
		found = sim_run(&m, &program, 20) / 1e9;
		if (room[i] >= 1)
			near(found, 8 / each, 0.05);
		else if (found > 0.6 * 8 / each)
			fail_msg("%g, though words are full", found);
		sim_free(&program);
		inputs_free(&inputs);
	}
	inputs_free(&all);
}

/*
 * A fork() and its end no longer take the lock of the tree for the list of address spaces:
 * where no word is empty or full, and all memory comes back at once, fork() scales.
 */
static void test_lists(void **state)
{
	static const char *const wheres[] = { "far", "near", "lanes" };
	struct inputs some, inputs, all;
	struct sim_program program;
	struct sim_machine m;
	double one;
	size_t i;

	(void)state;
	inputs_read(&all, INPUTS);
	inputs_scale(&some, &all, ".refills", 0);
	inputs_scale(&inputs, &some, ".late.objects", 0);
	for (i = 0; i < sizeof(wheres) / sizeof(*wheres); i++) {
		model_program(&program, &inputs, "fork", wheres[i], NEAR_WORDS);
		model_machine(&m, &inputs, "fork", 1);
		one = sim_run(&m, &program, 400);
		model_machine(&m, &inputs, "fork", 256);
		near(sim_run(&m, &program, 20), 256 * one, 0.01);
		sim_free(&program);
	}
	inputs_free(&inputs);
	inputs_free(&some);
	inputs_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_lock),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_repairman),
		cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_near_lock),
		cmocka_unit_test(test_near_word),
		cmocka_unit_test(test_one_group),
		cmocka_unit_test(test_near_late),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulation of docs/scale.md, where there is a formula for what it has to say.
 * Times are nanoseconds, and so are numbers of operations counted in them.
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

/* Operations in a nanosecond, of a program that works, and holds a lock if @held. */
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

/* Nobody waits for anybody: the efficiency is 1. */
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
 * Everything takes the same time always: nobody waits until the lock is held all
 * the time, and then there is one operation for each time that it is handed over.
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

/* Exponential times: the machine repairman, M/M/1 with so many customers. */
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

/* A line of which all CPUs want to count in: one after the other has it. */
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
	/* Two, each on a socket of its own. */
	m.cpus = 2;
	m.per_socket = 1;
	program.step[0].ns = 0.001;
	near(sim_run(&m, &program, 20) / 1e9, 1 / (2 * MOVE + 6), 0.001);
	sim_free(&program);
}

/*
 * Near the barrier a file is charged and given back under the lock of the tree. With
 * it come five lines, of two counters at three levels, of which one is the lock's.
 */
static void test_near(void **state)
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
	model_machine(&m, &inputs, 64);
	model_program(&program, &inputs, "open", "near", TREE_LOCK);
	near(sim_run(&m, &program, 20) / 1e9,
	     1 / (2 * (inputs_get(&inputs, "atomic") + move + 5 * move + held)),
	     0.001);
	sim_free(&program);
	inputs_free(&inputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_lock),	  cmocka_unit_test(test_lock),
		cmocka_unit_test(test_repairman), cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_near),
	};

	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale INPUTS - print the figures of docs/scale.md as a table: what is simulated, on
 * how many CPUs, the operations in a second of all CPUs together, and the efficiency,
 * which is this throughput divided by that of one CPU and by the number of CPUs.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
/* Operations of a CPU before the clock starts; fewer for programs of LONG steps. */
#define WARM 400
#define LONG 800
#define PERIODS 6
/* Long enough for a neighbour to be refused some times. */
#define WARM_NS 3e7
#define FEW 64

static const char *const ops[] = { "open", "mmap", "fork" };
static const char *const places[] = { "far", "near", "lanes" };
static const unsigned int few[] = { 1, 64, 256 };
static const unsigned int many[] = { 1,	 2,  3,	 4,  6,	 8,   12,  16,
				     24, 32, 48, 64, 96, 128, 192, 256 };

/* How often a neighbour is refused in a second; 0: as often as possible. */
static const double refusals[] = { 0, 1000, 100 };

/**
 * struct variant - a simulation with other inputs
 * @name: name of the variant
 * @part: the beginning or end of the names of the inputs that change
 * @factor: by which these inputs are multiplied
 * @room: if not 0, by which the bytes of a word near the barrier are multiplied
 * @group: all CPUs work in one group
 * @all: simulate all ways to count, and not only NEAR_WORDS
 */
static const struct variant {
	const char *name;
	const char *part;
	double factor;
	double room;
	bool group;
	bool all;
} variants[] = {
	{ "move/2", "move.", 0.5, 0, false, false },
	{ "move*2", "move.", 2, 0, false, false },
	{ "handover/2", "handover", 0.5, 0, false, false },
	{ "handover*2", "handover", 2, 0, false, false },
	{ "held/2", "held.", 0.5, 0, false, false },
	{ "held*2", "held.", 2, 0, false, false },
	{ "native/2", ".native", 0.5, 0, false, false },
	{ "native*2", ".native", 2, 0, false, false },
	{ "socket/2", "per_socket", 0.5, 0, false, false },
	{ "socket*4", "per_socket", 4, 0, false, false },
	{ "refills*0", ".refills", 0, 0, false, false },
	{ "refills*2", ".refills", 2, 0, false, false },
	{ "open-refills*50", "open.far.refills", 50, 0, false, false },
	{ "lines*2", "lines.lock", 2, 0, false, false },
	{ "near/2", "near.bytes", 0.5, 0, false, false },
	{ "near/16", "near.bytes", 0.0625, 0, false, false },
	{ "late*0", ".late.objects", 0, 0, false, false },
	{ "rcu/2", "rcu", 0.5, 0, false, false },
	{ "rcu*2", "rcu", 2, 0, false, false },
	{ "native/2-near*2", ".native", 0.5, 2, false, false },
	{ "rcu*2-near*2", "rcu", 2, 2, false, false },
	{ "one-group", NULL, 1, 0, true, true },
	{ "one-group-apart*0", "near.apart", 0, 0, true, false },
};

static double run(struct sim_machine *machine,
		  const struct sim_program *program)
{
	unsigned int warm = program->nr < LONG ? WARM : WARM / 20;

	/* With fewer CPUs each has to make more operations for the same precision. */
	if (machine->cpus < FEW)
		warm *= FEW / machine->cpus;
	return sim_run(machine, program, warm);
}

/* Units that come back late must do so some times, or their effect is not seen. */
static double warm_ns(const struct inputs *inputs, const char *op,
		      const char *where)
{
	if (strcmp(where, "near") || !strcmp(op, "open") ||
	    inputs_get(inputs, "%s.late.objects", op) <= 0)
		return 0;
	return PERIODS * 1e6 * inputs_get(inputs, "rcu");
}

static void tell(const char *variant, const char *op, const char *where,
		 enum account account, unsigned int cpus, double rate,
		 double part)
{
	printf("%s\t%s\t%s\t%s\t%u\t%.0f\t%.4f\n", variant, op, where,
	       account_names[account], cpus, rate, part);
}

static void curve(const struct inputs *inputs, const char *variant,
		  const char *op, const char *where, enum account account,
		  const unsigned int *cpus, size_t nr)
{
	struct sim_program program;
	struct sim_machine machine;
	double one = 0, rate;
	size_t i;

	model_program(&program, inputs, op, where, account);
	for (i = 0; i < nr; i++) {
		model_machine(&machine, inputs, op, cpus[i]);
		machine.warm_ns = warm_ns(inputs, op, where);
		rate = run(&machine, &program);
		if (!i)
			one = rate;
		tell(variant, op, where, account, cpus[i], rate,
		     rate / cpus[i] / one);
	}
	sim_free(&program);
}

/* One CPU is refused; all others work at full speed near the barrier. */
static void neighbour(const struct inputs *inputs, const char *op,
		      enum account account, double refused)
{
	struct sim_program program, odd;
	struct sim_machine machine;
	double one = 0, rate;
	char name[32];
	size_t i;

	snprintf(name, sizeof(name), "refused-%.0f", refused);
	model_program(&program, inputs, op, "near", account);
	model_refused(&odd, inputs, account, refused);
	for (i = 0; i < ARRAY_SIZE(few); i++) {
		unsigned int cpus = few[i];

		model_machine(&machine, inputs, op, cpus);
		if (i)
			machine.odd = &odd;
		machine.warm_ns = fmax(WARM_NS, warm_ns(inputs, op, "near"));
		rate = run(&machine, &program);
		if (!i)
			one = rate;
		else
			tell(name, op, "near", account, cpus, rate,
			     rate / (cpus - 1) / one);
	}
	sim_free(&program);
	sim_free(&odd);
}

/* A file has no lane, and memcg does not count the resources that have lanes. */
static bool has(const char *op, const char *where, enum account account)
{
	return strcmp(where, "lanes") ||
	       (strcmp(op, "open") && account != MEMCG);
}

static void all_of(const struct inputs *inputs, const char *variant,
		   enum account accounts, const unsigned int *cpus, size_t nr)
{
	enum account account;
	size_t op, where;

	for (where = 0; where < ARRAY_SIZE(places); where++)
		for (op = 0; op < ARRAY_SIZE(ops); op++)
			for (account = 0; account < accounts; account++)
				if (has(ops[op], places[where], account))
					curve(inputs, variant, ops[op],
					      places[where], account, cpus, nr);
}

static void variant(const struct inputs *inputs, const struct variant *what)
{
	struct inputs group, room, other;

	inputs_scale(&group, inputs, "levels.shared",
		     what->group ? 4.0 / 3 : 1);
	inputs_scale(&room, &group, "near.bytes", what->room ?: 1);
	inputs_scale(&other, &room, what->part ?: "levels.shared",
		     what->factor);
	all_of(&other, what->name, what->all ? ACCOUNTS : NEAR_WORDS + 1, few,
	       ARRAY_SIZE(few));
	inputs_free(&other);
	inputs_free(&room);
	inputs_free(&group);
}

int main(int argc, char **argv)
{
	struct inputs inputs;
	enum account account;
	size_t i, op;

	if (argc != 2) {
		fprintf(stderr, "Usage: scale INPUTS\n");
		return 2;
	}
	inputs_read(&inputs, argv[1]);
	printf("# Made by \"make scale\" from inputs.tsv, not by hand.\n");
	printf("# variant\top\twhere\taccount\tcpus\tin a second\tefficiency\n");
	all_of(&inputs, "base", ACCOUNTS, many, ARRAY_SIZE(many));
	for (i = 0; i < ARRAY_SIZE(variants); i++)
		variant(&inputs, &variants[i]);
	for (i = 0; i < ARRAY_SIZE(refusals); i++)
		for (op = 0; op < ARRAY_SIZE(ops); op++)
			for (account = 0; account <= TREE_LOCK; account++)
				neighbour(&inputs, ops[op], account,
					  refusals[i]);
	inputs_free(&inputs);
	return 0;
}

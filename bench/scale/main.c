// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale INPUTS - the figures of docs/scale.md, as a table: what is simulated, on how
 * many CPUs, operations in a second of all of them, and what part that is of as many
 * times what one CPU does.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
/* Operations of a CPU before the clock starts: of those with many steps fewer. */
#define WARM 400
#define LONG 800
#define PERIODS 6
/* So that a neighbour has been refused some times. */
#define WARM_NS 3e7
#define FEW 64

static const char *const ops[] = { "open", "mmap", "fork" };
static const char *const places[] = { "far", "near", "lanes" };
static const unsigned int few[] = { 1, 64, 256 };
static const unsigned int many[] = { 1,	 2,  3,	 4,  6,	 8,   12,  16,
				     24, 32, 48, 64, 96, 128, 192, 256 };

/* A neighbour is refused so many times in a second; 0: as often as it can be. */
static const double refusals[] = { 0, 1000, 100 };

/**
 * struct variant - what if an input were another
 * @name: of the variant
 * @part: how the names of the inputs begin, or end
 * @factor: by which they are multiplied
 * @room: by which the bytes of a word near the barrier are, if it is not 0
 * @group: all CPUs work in one group
 * @all: of all ways to count, and not only of the one that there is
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

	/* Fewer CPUs draw more often. */
	if (machine->cpus < FEW)
		warm *= FEW / machine->cpus;
	return sim_run(machine, program, warm);
}

/* What is late has to come back some times, or it is not seen. */
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

/* One CPU is refused, and all others do what they can, near the barrier. */
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

/* A file has no lane, and memcg counts neither that nor what has one. */
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

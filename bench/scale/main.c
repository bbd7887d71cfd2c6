// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale INPUTS - the figures of docs/scale.md, as a table: what is simulated, on how
 * many CPUs, operations in a second of all of them, and what part that is of as many
 * times what one CPU does.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
/* Requests of a CPU before the clock starts, about. */
#define WARM 400
#define FEW 64

static const char *const ops[] = { "open", "mmap", "fork" };
static const char *const places[] = { "far", "near" };
static const unsigned int few[] = { 1, 64, 256 };
static const unsigned int many[] = { 1,	 2,  3,	 4,  6,	 8,   12,  16,
				     24, 32, 48, 64, 96, 128, 192, 256 };

/**
 * struct variant - what if an input were another
 * @name: of the variant
 * @part: how the names of the inputs begin, or end
 * @factor: by which they are multiplied
 * @all: of all ways to count, and not only of the one that there is
 */
static const struct variant {
	const char *name;
	const char *part;
	double factor;
	bool all;
} variants[] = {
	{ "move/2", "move.", 0.5 },
	{ "move*2", "move.", 2 },
	{ "handover/2", "handover", 0.5 },
	{ "handover*2", "handover", 2 },
	{ "held/2", "held.", 0.5 },
	{ "held*2", "held.", 2 },
	{ "native/2", ".native", 0.5 },
	{ "native*2", ".native", 2 },
	{ "socket/2", "per_socket", 0.5 },
	{ "socket*4", "per_socket", 4 },
	{ "refills*0", ".refills", 0 },
	{ "refills*2", ".refills", 2 },
	{ "open-refills*50", "open.far.refills", 50 },
	{ "one-group", "levels.shared", 4.0 / 3, true },
};

static void curve(const struct inputs *inputs, const char *variant,
		  const char *op, const char *where, enum account account,
		  const unsigned int *cpus, size_t nr)
{
	struct sim_program program;
	struct sim_machine machine;
	double one = 0, rate;
	unsigned int warm;
	size_t i;

	model_program(&program, inputs, op, where, account);
	warm = program.nr < WARM * 2 ? WARM : WARM / 20;
	for (i = 0; i < nr; i++) {
		model_machine(&machine, inputs, cpus[i]);
		/* What is drawn by few has to be drawn more often. */
		rate = sim_run(&machine, &program,
			       warm * (cpus[i] < FEW ? FEW / cpus[i] : 1));
		if (!i)
			one = rate;
		printf("%s\t%s\t%s\t%s\t%u\t%.0f\t%.4f\n", variant, op, where,
		       account_names[account], cpus[i], rate,
		       rate / cpus[i] / one);
	}
	sim_free(&program);
}

static void all_of(const struct inputs *inputs, const char *variant,
		   enum account accounts, const unsigned int *cpus, size_t nr)
{
	enum account account;
	size_t op, where;

	for (where = 0; where < ARRAY_SIZE(places); where++)
		for (op = 0; op < ARRAY_SIZE(ops); op++)
			for (account = 0; account < accounts; account++)
				curve(inputs, variant, ops[op], places[where],
				      account, cpus, nr);
}

int main(int argc, char **argv)
{
	struct inputs inputs, other;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "Usage: scale INPUTS\n");
		return 2;
	}
	inputs_read(&inputs, argv[1]);
	printf("# Made by \"make scale\" from inputs.tsv, not by hand.\n");
	printf("# variant\top\twhere\taccount\tcpus\tin a second\tefficiency\n");
	all_of(&inputs, "base", ACCOUNTS, many, ARRAY_SIZE(many));
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		inputs_scale(&other, &inputs, variants[i].part,
			     variants[i].factor);
		all_of(&other, variants[i].name,
		       variants[i].all ? ACCOUNTS : TREE_LOCK + 1, few,
		       ARRAY_SIZE(few));
		inputs_free(&other);
	}
	inputs_free(&inputs);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the simulated CPUs do: an operation, near the barrier or far from it, counted
 * in one way or another.
 */
#ifndef BENCH_SCALE_MODELS_H
#define BENCH_SCALE_MODELS_H

#include "sim.h"

/* The ways to count. */
enum account {
	NEAR_WORDS, /* one lock for each tree, and words near the barrier: as it is */
	TREE_LOCK, /* one lock for each tree, and no words near the barrier: as it was */
	GROUP_LOCKS, /* a lock for each group, and those of all levels are taken */
	ATOMICS, /* a page_counter for each level, for whatever is charged */
	MEMCG, /* page_counter as the memory controller uses it */
	ACCOUNTS,
};

struct input {
	char *name;
	double value;
};

/**
 * struct inputs - the table inputs.tsv
 * @row: the rows
 * @nr: how many
 */
struct inputs {
	struct input *row;
	size_t nr;
};

extern const char *const account_names[ACCOUNTS];

/* inputs.c: all of it ends the program when something is missing. */
void inputs_read(struct inputs *inputs, const char *path);
double inputs_get(const struct inputs *inputs, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Copy the table, with all rows multiplied whose name ends, or begins, so. */
void inputs_scale(struct inputs *to, const struct inputs *from,
		  const char *part, double factor);
void inputs_free(struct inputs *inputs);

/* models.c */
void model_machine(struct sim_machine *machine, const struct inputs *inputs,
		   const char *op, unsigned int cpus);
/* A CPU that is refused so many times in a second, or as often as it can for 0. */
void model_refused(struct sim_program *program, const struct inputs *inputs,
		   enum account account, double rate);
void model_program(struct sim_program *program, const struct inputs *inputs,
		   const char *op, const char *where, enum account account);

#endif /* BENCH_SCALE_MODELS_H */

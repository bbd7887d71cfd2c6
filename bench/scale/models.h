/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of the simulated CPUs: an operation, near the barrier or far from it,
 * with one of several ways to count.
 */
#ifndef BENCH_SCALE_MODELS_H
#define BENCH_SCALE_MODELS_H

#include "sim.h"

/* The ways to count. */
enum account {
	NEAR_WORDS, /* one lock for each tree, and words near the barrier: the kernel now */
	TREE_LOCK, /* one lock for each tree, no words near the barrier: the kernel before */
	GROUP_LOCKS, /* a lock for each group; a charge takes the locks of all levels */
	ATOMICS, /* a page_counter for each level and resource */
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

/* inputs.c: these functions end the program when something is missing. */
void inputs_read(struct inputs *inputs, const char *path);
double inputs_get(const struct inputs *inputs, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Copy the table; rows whose name begins or ends with PART are multiplied. */
void inputs_scale(struct inputs *to, const struct inputs *from,
		  const char *part, double factor);
void inputs_free(struct inputs *inputs);

/* models.c */
void model_machine(struct sim_machine *machine, const struct inputs *inputs,
		   const char *op, unsigned int cpus);
/* A CPU that is refused RATE times in a second; 0: as often as possible. */
void model_refused(struct sim_program *program, const struct inputs *inputs,
		   enum account account, double rate);
void model_program(struct sim_program *program, const struct inputs *inputs,
		   const char *op, const char *where, enum account account);

#endif /* BENCH_SCALE_MODELS_H */

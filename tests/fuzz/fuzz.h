/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer for system calls. A program is a few calls, one on each line, as text:
 *
 *	socket 10 3 0
 *	sendto r0 netlink:5f21 80 0 0 0
 *
 * An argument is a number (hexadecimal), the result of an earlier call (r and
 * its line), or data of a kind, made from a number: the same number gives the
 * same data. So a program does the same wherever it is run.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CALLS 12 /* of a program */
#define ARGS 6
#define ERRORS 136

/* A source of random numbers: the same seed gives the same numbers. */
struct random {
	uint64_t state;
};

uint64_t next(struct random *r);
unsigned int below(struct random *r, unsigned int n);

enum arg_type { ARG_NUMBER, ARG_RESULT, ARG_DATA };

struct arg {
	enum arg_type type;
	unsigned char kind; /* of the data */
	uint64_t value; /* the number, the line, or the number that makes the data */
};

struct call {
	const struct call_kind *kind;
	struct arg args[ARGS];
};

struct program {
	int n;
	struct call calls[CALLS];
};

/* Kinds of calls (calls.c): a letter for the kind of each argument. */
struct call_kind {
	const char *name;
	int nr;
	const char *args;
};

extern const struct call_kind call_kinds[];
extern const int nr_call_kinds;

const struct call_kind *call_named(const char *name);

/* Kinds of data (data.c). */
#define DATA_ROOM 4096 /* of one argument */

int data_named(const char *name);
const char *data_name(int kind);
int data_of(char letter, struct random *r);
void data_make(int kind, uint64_t from, char *at);

/* Programs (program.c). */
void program_new(struct program *p, struct random *r);
void program_change(struct program *p, const struct program *other,
		    struct random *r);
void program_print(const struct program *p, FILE *f);
int program_read(struct program *p, FILE *f);

/*
 * The results of the calls of a program, in memory that the supervisor shares with
 * a tenant, which may write anything into it (tenant.c).
 */
struct outcome {
	int order; /* a futex */
	int ran; /* calls of the program that returned */
	int error[CALLS];
	struct program program;
};

enum { ORDER_NONE, ORDER_RUN, ORDER_DONE };

void order_set(struct outcome *o, int order);
void order_wait(struct outcome *o, int order, int ms);

/* Run the ordered programs as user @uid; does not return. */
void tenant_serve(struct outcome *o, int uid, bool namespaces)
	__attribute__((noreturn));

/* Run a program in this process. */
void execute(struct outcome *o);

/* The kept programs, and which call has returned which error (corpus.c). */
struct corpus {
	struct program *programs;
	size_t n, room;
	FILE *file; /* new programs are appended here */
	unsigned char *seen;
	long calls, pairs, granted;
};

int corpus_open(struct corpus *c, const char *path);
bool corpus_add(struct corpus *c, const struct program *p,
		const struct outcome *o);
void corpus_next(const struct corpus *c, struct program *p, struct random *r);

#endif /* FUZZ_H */

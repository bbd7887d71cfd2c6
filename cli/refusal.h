/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusals, one by one: from the kernel's tracepoint or from a recording.
 */
#ifndef BCCTL_REFUSAL_H
#define BCCTL_REFUSAL_H

#include "bcctl.h"

#define DEEPEST_STACK 64

struct refusal {
	double time; /* seconds since 1970 */
	const char *group; /* the group whose barrier or limit refused */
	const char *payer; /* the group that would have paid */
	int pid;
	const char *process;
	const char *resource;
	uint64_t requested, held, barrier, limit;
	const char *severity;
	const char *function; /* the kernel function that asked; "" if unknown */
	const char *stack[DEEPEST_STACK];
	size_t depth;
};

typedef int (*refusal_fn)(void *arg, const struct refusal *refusal);

/* refusal.c */
const char *who_asked(const char *const stack[], size_t depth);
bool refusal_concerns(const struct refusal *refusal, const char *group);
void refusal_print_json(FILE *out, const struct refusal *refusal);
int refusals_read(struct bcctl *ctl, const char *file, refusal_fn fn,
		  void *arg);

/* tracer.c: the functions return the exit status, or -1 if fn did, to stop */
struct tracer;
int tracer_open(struct bcctl *ctl, struct tracer **tracer);
int tracer_read(struct tracer *tracer, refusal_fn fn, void *arg);
int tracer_follow(struct tracer *tracer, double seconds, refusal_fn fn,
		  void *arg);
void tracer_close(struct tracer *tracer);

#endif

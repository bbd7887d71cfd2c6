/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One test for every kind of kernel object that a system call makes: see
 * bc_object_test().
 */
#ifndef BC_OBJECT_H
#define BC_OBJECT_H

#include "bc_jobs.h"

struct bc_object {
	/* Once, in the worker: what the others need. */
	bc_job prepare;
	/* In the worker: makes @n more and returns how many it has made. */
	bc_job make;
	/* In the worker: gives back all that make() made. */
	bc_job drop;
	/* At last, what prepare() made; only where things persist. */
	bc_job end;
	/* In the harness: what @n of them hold, at least and at most. */
	void (*cost)(long n, long long *low, long long *high);
	long count;
	/* How a refusal reads; any of these. */
	int errors[4];
	/* Cannot fail gracefully: held to the limit, not to the barrier. */
	bool to_limit;
	/* Outlives the process that made it. */
	bool persists;
	/* The user the worker is, 0: root. */
	uid_t uid;
};

void bc_object_test(struct bc_group *g, const struct bc_object *o);
void bc_object_refusal(struct bc_group *g, struct bc_worker *w,
		       const struct bc_object *o);

/* What a cost function asks for; skips the case when the cache is unknown. */
long long bc_need_slab(const char *cache);

/* How many objects of a cache a group holds; skips the case without bc.what. */
long bc_objects_of(const struct bc_group *g, const char *cache);

#endif /* BC_OBJECT_H */

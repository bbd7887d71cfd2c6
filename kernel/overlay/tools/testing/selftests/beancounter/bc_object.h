/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One test for every kind of kernel object that a system call makes: see
 * bc_object_test().
 */
#ifndef BC_OBJECT_H
#define BC_OBJECT_H

#include "bc_jobs.h"

struct bc_object {
	/* Once, in the worker: makes what the other jobs need. */
	bc_job prepare;
	/* In the worker: makes @n more and returns how many it has made. */
	bc_job make;
	/* In the worker: gives back all that make() made. */
	bc_job drop;
	/*
	 * In the worker, at last: removes what prepare() made; only where
	 * things persist.
	 */
	bc_job end;
	/* In the harness: how many bytes @n of them hold, at least and at most. */
	void (*cost)(long n, long long *low, long long *high);
	long count;
	/* The errors with which a request may be refused. */
	int errors[4];
	/* Cannot fail gracefully: is checked against the limit, not the barrier. */
	bool to_limit;
	/* The objects outlive the process that made them. */
	bool persists;
	/* The user that the worker runs as; 0: root. */
	uid_t uid;
};

void bc_object_test(struct bc_group *g, const struct bc_object *o);
void bc_object_refusal(struct bc_group *g, struct bc_worker *w,
		       const struct bc_object *o);

/* What an object is charged, for cost(); skips the case when the cache is unknown. */
long long bc_need_slab(const char *cache);

/* How many objects of a cache a group holds; skips the case without bc.what. */
long bc_objects_of(const struct bc_group *g, const char *cache);

#endif /* BC_OBJECT_H */

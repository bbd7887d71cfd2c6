/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unmarked objects, which are charged to the group all the same: when things
 * have been made, bc.what must list at least so many more objects of kmalloc().
 */
#ifndef BC_MARKS_H
#define BC_MARKS_H

#include "bc_object.h"

struct bc_kind {
	/* In the harness, before there is a worker. */
	void (*before)(void);
	/* In the worker, see struct bc_object. Without drop they go with the worker. */
	bc_job prepare, make, drop;
	/* In the worker, at last: removes what prepare() made, where that would stay. */
	bc_job end;
	long count;
	/* How many objects of kmalloc() all of them have, at least. */
	long unmarked;
	/* The caches in which each of them has an object besides. */
	const char *caches[6];
	/* Bytes that are charged for all of them together, besides. */
	long long (*also)(void);
};

void bc_marks_test(struct bc_group *g, const struct bc_kind *k);

/* A test of @n files that make_@fn() keeps, each with @per such objects. */
#define BC_MARKED_FILES(fn, n, per)                                        \
	static void test_##fn(struct bc_group *g)                          \
	{                                                                  \
		static const struct bc_kind k = { .make = make_##fn,       \
						  .drop = bc_drop_kept,    \
						  .count = (n),            \
						  .unmarked = (n) * (per), \
						  .caches = { "filp" } };  \
		bc_marks_test(g, &k);                                      \
	}

/*
 * In the worker: starts threads that wait for ever, and lets each of them do a
 * job, one after the other.
 */
long bc_threads_start(long n);
long bc_threads_run(long n, bc_job job);

#endif /* BC_MARKS_H */

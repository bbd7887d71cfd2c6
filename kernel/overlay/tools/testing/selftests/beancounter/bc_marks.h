/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects that nobody has marked, which the group pays for all the same:
 * bc.what must list so many more of kmalloc()'s when things have been made.
 */
#ifndef BC_MARKS_H
#define BC_MARKS_H

#include "bc_object.h"

struct bc_kind {
	/* In the harness, before there is a worker. */
	void (*before)(void);
	/* In the worker, see struct bc_object; no drop: it goes with the worker. */
	bc_job prepare, make, drop;
	/* Before it goes, where what prepare() has made would stay. */
	bc_job end;
	long count;
	/* How many objects of kmalloc() there are, at least, for all of them. */
	long unmarked;
	/* What else each of them is charged: an object of these caches. */
	const char *caches[6];
	/* And for all of them, besides. */
	long long (*also)(void);
};

void bc_marks_test(struct bc_group *g, const struct bc_kind *k);

/* A test of files that make_@fn() keeps, with @per such objects each. */
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

/* In the worker: threads that wait for ever, but once do a job, one by one. */
long bc_threads_start(long n);
long bc_threads_run(long n, bc_job job);

#endif /* BC_MARKS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One test for every operation on memory that adds pages to a resource or
 * takes some off it: see bc_ops_granted() and bc_ops_refused().
 */
#ifndef BC_OP_H
#define BC_OP_H

#include "bc_jobs.h"

struct bc_op {
	const char *name;
	/* In the worker; each returns 0 or an error. */
	bc_job prepare;
	bc_job act;
	long pages; /* how many it adds */
	bool late; /* given back by a work */
	/*
	 * In the worker, at last: removes what prepare() made; only where
	 * things persist.
	 */
	bc_job end;
};

struct bc_op_table {
	/* The resource. */
	const char *key;
	/* Another resource, to which a refused operation adds nothing. */
	const char *other;
	const struct bc_op *ops;
	size_t count;
	/* The argument of the jobs. */
	long arg;
	/* Some kernels do not have all of the operations. */
	bool optional;
	/* A refused operation leaves every area as it was. */
	bool same_maps;
	/* Something may be given back after the worker has gone. */
	bool late;
};

void bc_ops_granted(struct bc_group *g, const struct bc_op_table *t);
void bc_ops_refused(struct bc_group *g, const struct bc_op_table *t);

#endif /* BC_OP_H */

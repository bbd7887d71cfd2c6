// SPDX-License-Identifier: GPL-2.0-only
/*
 * A barrier alone: a limit that was never written is an eighth above the
 * barrier, and bounds every request that may go above a barrier.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_jobs.h"

#define PRIV "privvmpages"

static void bare(struct bc_group *g, struct bc_group *sub)
{
	bc_group_make_bare(sub, g, "bare");
}

static long long limit(const struct bc_group *g, const char *key)
{
	return bc_resource(g, key, "limit");
}

/* What the files say of such a limit, and what a write to them does. */
static void test_read_and_write(struct bc_group *g)
{
	struct bc_group a;

	bare(g, &a);
	bc_eq(bc_read_key(&a, "bc.limit", BC_KMEM), BC_MAX);
	bc_eq(limit(&a, BC_KMEM), BC_MAX);

	bc_set_barrier(&a, 1000000);
	bc_eq(bc_read_key(&a, "bc.limit", BC_KMEM), BC_AUTO);
	bc_eq(limit(&a, BC_KMEM), 1125000);
	bc_eq(bc_resource(&a, BC_KMEM, "limit_auto"), 1);
	bc_set_barrier(&a, 9);
	bc_eq(limit(&a, BC_KMEM), 11);
	bc_set_barrier(&a, 0);
	bc_eq(limit(&a, BC_KMEM), 0);

	bc_set_limit(&a, 5000);
	bc_set_barrier(&a, 800);
	bc_eq(bc_read_key(&a, "bc.limit", BC_KMEM), 5000);
	bc_eq(limit(&a, BC_KMEM), 5000);
	bc_eq(bc_write(&a, "bc.limit", BC_KMEM " max"), 0);
	bc_set_barrier(&a, 1600);
	bc_eq(bc_read_key(&a, "bc.limit", BC_KMEM), BC_MAX);

	bc_eq(bc_write(&a, "bc.limit", BC_KMEM " auto"), 0);
	bc_eq(limit(&a, BC_KMEM), 1800);
	bc_eq(bc_read_key(&a, "bc.limit", "numproc"), BC_MAX);
	bc_eq(bc_write(&a, "bc.barrier", BC_KMEM " auto"), -EINVAL);
	bc_eq(bc_write(&a, "bc.maxheld", BC_KMEM " auto"), -EINVAL);
	bc_eq(bc_read_key(&a, "bc.barrier", BC_KMEM), 1600);
	bc_group_remove(&a);
}

/*
 * Makes children that do nothing but exist, until fork() returns -1 with EAGAIN
 * or ENOMEM.
 */
static long fork_until_refused(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_fork(0) < 0)
			return i;
	}
	return i;
}

/* fork() may go above the barrier, but not above the limit. */
static void test_fork(struct bc_group *g)
{
	struct bc_group a;
	struct bc_worker w;
	long long barrier;

	bare(g, &a);
	bc_worker_start(&w, &a);
	bc_true(bc_call(&w, bc_map, 4096) >= 0);
	barrier = bc_held_of(&a, PRIV) + 100;
	bc_eq(bc_set_key(&a, "bc.barrier", PRIV, barrier), 0);
	bc_eq(bc_call(&w, fork_until_refused, 20), 0);
	bc_eq(w.error, ENOMEM);
	bc_range(bc_held_of(&a, PRIV), 0, barrier + (barrier + 7) / 8);
	bc_true(bc_read_key(&a, "bc.failcnt", PRIV) > 0);
	bc_worker_stop(&w);
	bc_group_remove(&a);
}

/* Page tables of pages that are only read, which take no other memory. */
static long read_tables(long n)
{
	char *area = mmap(NULL, (size_t)n << 21, PROT_READ,
			  BC_ANON | MAP_NORESERVE, -1, 0);
	long i, sum = 0;

	if (area == MAP_FAILED)
		return -1;
	for (i = 0; i < n; i++)
		sum += *(volatile char *)(area + (i << 21));
	return sum;
}

static void test_page_tables(struct bc_group *g)
{
	long long barrier;
	struct bc_group a;
	struct bc_worker w;

	bare(g, &a);
	bc_worker_start(&w, &a);
	barrier = bc_rest(&a) + 64 * bc_page_size();
	bc_set_barrier(&a, barrier);
	bc_call_begin(&w, read_tables, 4000);
	bc_true(!bc_call_end(&w, 20000, NULL));
	bc_true(WIFSIGNALED(w.status) && WTERMSIG(w.status) == SIGKILL);
	bc_range(bc_maxheld(&a), barrier, barrier + (barrier + 7) / 8);
	bc_eq(bc_forced(&a), 0);
	bc_held_is(&a, 0);
	bc_group_remove(&a);
}

static const struct bc_case cases[] = {
	{ "read_and_write", test_read_and_write },
	{ "fork", test_fork },
	{ "page_tables", test_page_tables },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

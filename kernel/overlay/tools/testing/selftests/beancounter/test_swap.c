// SPDX-License-Identifier: GPL-2.0-only
/*
 * swappages: the pages that address spaces have swapped out. Nothing is refused
 * for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bc_jobs.h"
#include "bc_swap.h"

#define SWAP "swappages"
#define PHYS "physpages"
#define N 512L

static char *area;

static long touch(long n)
{
	area = mmap(NULL, bc_bytes(n), BC_RW, BC_ANON, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	memset(area, 1, bc_bytes(n));
	return 0;
}

static long page_out(long n)
{
	return madvise(area, bc_bytes(n), MADV_PAGEOUT);
}

/* A page that is swapped out is no longer resident. */
static void test_held(struct bc_group *g)
{
	long long phys, swap;
	struct bc_worker w;

	bc_tmpfs();
	bc_swap_on();
	bc_worker_start(&w, g);
	bc_eq(bc_set_key(g, "bc.limit", SWAP, 0), -EINVAL);
	bc_eq(bc_call(&w, touch, N), 0);
	bc_eq(bc_held_of(g, SWAP), 0);
	phys = bc_held_of(g, PHYS);
	bc_call(&w, page_out, N);
	swap = bc_held_of(g, SWAP);
	if (swap < N / 2)
		bc_skip("nothing was swapped out");
	bc_range(swap, N / 2, N);
	bc_range(phys - bc_held_of(g, PHYS), swap - 32, swap + 32);
	bc_true(bc_resource(g, SWAP, "maxheld") >= swap);
	bc_eq(bc_write(g, "bc.maxheld", "swappages 0\n"), 0);
	bc_range(bc_resource(g, SWAP, "maxheld"), swap, swap);
	bc_worker_stop(&w);
	bc_settles(g, SWAP, 0);
	bc_eq(bc_resource(g, SWAP, "failcnt"), 0);
	bc_swap_off();
}

/* The pages that a process had swapped out when it ended, though nobody looked. */
static void test_peak(struct bc_group *g)
{
	long long before;
	struct bc_worker w;

	bc_tmpfs();
	bc_swap_on();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, touch, N), 0);
	before = bc_swap_used();
	bc_call(&w, page_out, N);
	if (bc_swap_used() - before < N / 2)
		bc_skip("nothing was swapped out");
	bc_worker_stop(&w);
	bc_true(bc_resource(g, SWAP, "maxheld") >= N / 2);
	bc_swap_off();
}

static const struct bc_case cases[] = {
	{ "held", test_held },
	{ "peak", test_peak },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

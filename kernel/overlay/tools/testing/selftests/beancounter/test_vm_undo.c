// SPDX-License-Identifier: GPL-2.0-only
/*
 * At the end of an operation on an address space the charge equals what is
 * there: also when the operation fails after it was charged, and when the
 * kernel acts by itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"

#define N 64L
#define EVENTS (N * 4096 / 32) /* a ring of more than N pages */

/* No area can be had after its pages have been charged. */
static void fails(struct bc_group *g, const char *what, bc_job prepare,
		  bc_job job)
{
	struct bc_worker w;
	long long before, fails;

	bc_worker_start(&w, g);
	if (prepare)
		bc_eq(bc_call(&w, prepare, 0), 0);
	before = bc_held_of(g, what);
	fails = bc_failcnt(g);
	bc_set_barrier(g, 1);
	bc_eq(bc_call(&w, job, 0), -1);
	bc_eq(w.error, ENOMEM);
	/* The refusal was that of the area. */
	bc_true(bc_failcnt(g) > fails);
	bc_eq(bc_resource(g, what, "failcnt"), 0);
	bc_eq(bc_held_of(g, what), before);
	bc_set_barrier(g, BC_MAX);
	bc_worker_stop(&w);
}

/* Unlike its neighbours, so that it is an area of its own. */
static long map(long unused)
{
	void *at = mmap(NULL, bc_bytes(N), PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)unused;
	return at == MAP_FAILED ? -1 : 0;
}

static void mmap_fails(struct bc_group *g)
{
	fails(g, BC_VM, NULL, map);
}

/* The last page of the heap is an area of its own, which brk() cannot extend. */
static long end_heap(long unused)
{
	char *at;

	(void)unused;
	sbrk(-(long)sbrk(0) & (bc_bytes(1) - 1));
	at = sbrk(bc_bytes(2));
	return mprotect(at + bc_bytes(1), bc_bytes(1), PROT_READ);
}

static long grow_heap(long unused)
{
	(void)unused;
	return bc_grow_brk(N);
}

static void brk_fails(struct bc_group *g)
{
	fails(g, BC_VM, end_heap, grow_heap);
}

static char *area;

static long map_area(long unused)
{
	area = mmap(NULL, bc_bytes(N), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	(void)unused;
	return area == MAP_FAILED ? -1 : 0;
}

static long protect_middle(long unused)
{
	(void)unused;
	return mprotect(area + bc_bytes(1), bc_bytes(N - 2),
			PROT_READ | PROT_WRITE);
}

static long lock_middle(long unused)
{
	(void)unused;
	return mlock(area + bc_bytes(1), bc_bytes(N - 2));
}

static void mprotect_fails(struct bc_group *g)
{
	fails(g, BC_VM, map_area, protect_middle);
}

static void mlock_fails(struct bc_group *g)
{
	fails(g, BC_LOCKED, map_area, lock_middle);
}

/*
 * The ring of an AIO context goes with it, and so does what has been mapped
 * over the ring. The kernel unmaps that without settling, so nothing that was
 * asked for before may be pending any more.
 */
static aio_context_t context;

static long setup(long unused)
{
	(void)unused;
	return syscall(SYS_io_setup, EVENTS, &context);
}

static long cover(long flags)
{
	void *at = mmap((void *)context, bc_bytes(N), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static long destroy(long unused)
{
	(void)unused;
	return syscall(SYS_io_destroy, context);
}

static void unmapped(struct bc_group *g, const char *what, long flags,
		     bc_job between)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	if (bc_call(&w, setup, 0))
		bc_skip("no aio: %s", strerror(w.error));
	before = bc_held_of(g, what);
	bc_eq(bc_call(&w, cover, flags), 0);
	bc_eq(bc_held_of(g, what), before + N);
	if (between) {
		bc_eq(bc_call(&w, between, 0), 0);
		bc_true(bc_held_of(g, what) > before + N);
		before = bc_held_of(g, what) - N;
	}
	bc_eq(bc_call(&w, destroy, 0), 0);
	bc_eq(bc_held_of(g, what), before);
	bc_worker_stop(&w);
}

static void aio_unmap(struct bc_group *g)
{
	unmapped(g, BC_VM, 0, NULL);
}

static void aio_unmap_locked(struct bc_group *g)
{
	unmapped(g, BC_LOCKED, MAP_LOCKED, NULL);
}

static void aio_unmap_brk(struct bc_group *g)
{
	unmapped(g, BC_VM, 0, grow_heap);
}

/* Much deeper than the stack of a worker is anyway. */
static long grow_stack(long unused)
{
	(void)unused;
	return bc_use_stack(4 * N) == 1 ? 0 : -1;
}

static void aio_unmap_stack(struct bc_group *g)
{
	unmapped(g, BC_VM, 0, grow_stack);
}

static const struct bc_case cases[] = {
	{ "mmap_fails", mmap_fails },
	{ "brk_fails", brk_fails },
	{ "mprotect_fails", mprotect_fails },
	{ "mlock_fails", mlock_fails },
	{ "aio_unmap", aio_unmap },
	{ "aio_unmap_locked", aio_unmap_locked },
	{ "aio_unmap_brk", aio_unmap_brk },
	{ "aio_unmap_stack", aio_unmap_stack },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

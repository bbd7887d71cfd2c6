// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockedpages: mlock() and its kin, what locks as it maps, locked segments of
 * shared memory, and memory that is pinned for I/O.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_util.h"

#define LOCKED "lockedpages"
#define VM "privvmpages"
#define N 16L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

static char *area;

static long bytes(long pages)
{
	return pages * sysconf(_SC_PAGESIZE);
}

static long sys(void *p)
{
	return p == MAP_FAILED ? -1 : 0;
}

static long long held(const struct bc_group *g)
{
	return bc_resource(g, LOCKED, "held");
}

/* Apart from what else there is: no neighbour to merge with. */
static long prepare(long n)
{
	char *p = mmap(NULL, bytes(n + 2), PROT_NONE, ANON, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	area = p + bytes(1);
	return mprotect(area, bytes(n), RW);
}

static long prep_locked(long n)
{
	return prepare(n) || mlock(area, bytes(n));
}

static long do_mlock(long n)
{
	return mlock(area, bytes(n));
}

static long do_mlock_middle(long n)
{
	return mlock(area + bytes(n / 4), bytes(n / 2));
}

static long do_mlock_onfault(long n)
{
	return mlock2(area, bytes(n), MLOCK_ONFAULT);
}

static long do_munlock(long n)
{
	return munlock(area, bytes(n));
}

static long do_munlock_middle(long n)
{
	return munlock(area + bytes(n / 4), bytes(n / 2));
}

static long do_munlockall(long unused)
{
	(void)unused;
	return munlockall();
}

static long do_unmap(long n)
{
	return munmap(area, bytes(n));
}

static long do_map(long n)
{
	return sys(mmap(NULL, bytes(n), RW, ANON | MAP_LOCKED, -1, 0));
}

static long do_map_shared(long n)
{
	return sys(mmap(NULL, bytes(n), RW,
			MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
}

static long do_over(long n)
{
	return sys(
		mmap(area, bytes(n), RW, ANON | MAP_LOCKED | MAP_FIXED, -1, 0));
}

static long do_over_unlocked(long n)
{
	return sys(mmap(area, bytes(n), RW, ANON | MAP_FIXED, -1, 0));
}

static long do_move(long n)
{
	return sys(mremap(area, bytes(n), bytes(2 * n), MREMAP_MAYMOVE));
}

static long do_dontunmap(long n)
{
	return sys(mremap(area, bytes(n), bytes(n),
			  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

static long do_shrink(long n)
{
	return sys(mremap(area, bytes(n), bytes(n / 2), 0));
}

static long prep_future(long unused)
{
	(void)unused;
	return mlockall(MCL_FUTURE | MCL_ONFAULT);
}

static long do_brk(long n)
{
	long old = syscall(SYS_brk, 0), new = old + bytes(n);

	if (syscall(SYS_brk, new) == new)
		return 0;
	errno = syscall(SYS_brk, 0) == old ? ENOMEM : EIO;
	return -1;
}

static long do_anon(long n)
{
	return sys(mmap(NULL, bytes(n), RW, ANON, -1, 0));
}

static long shm_make(long n)
{
	return shmget(IPC_PRIVATE, bytes(n), IPC_CREAT | 0600);
}

static long shm_lock(long id)
{
	return shmctl(id, SHM_LOCK, NULL);
}

static long shm_unlock(long id)
{
	return shmctl(id, SHM_UNLOCK, NULL);
}

static long shm_remove(long id)
{
	return shmctl(id, IPC_RMID, NULL);
}

static long kept = -1;

static long prep_shm(long n)
{
	kept = shm_make(n);
	return kept < 0 ? -1 : 0;
}

static long prep_shm_locked(long n)
{
	return prep_shm(n) || shm_lock(kept);
}

static long do_shm_lock(long unused)
{
	(void)unused;
	return shm_lock(kept);
}

static long do_shm_unlock(long unused)
{
	(void)unused;
	return shm_unlock(kept);
}

static long do_shm_remove(long unused)
{
	(void)unused;
	return shm_remove(kept);
}

static int ring = -1;

static long prep_ring(long n)
{
	struct io_uring_params p = {};

	ring = syscall(SYS_io_uring_setup, 4, &p);
	return ring < 0 ? -1 : prepare(n);
}

static long do_ring(long n)
{
	struct iovec iov = { area, bytes(n) };

	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS,
		       &iov, 1);
}

static long prep_ring_buffers(long n)
{
	return prep_ring(n) || do_ring(n);
}

static long do_ring_release(long unused)
{
	(void)unused;
	return syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS,
		       NULL, 0);
}

static long prep_perf(long unused)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.disabled = 1,
	};

	(void)unused;
	kept = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	return kept < 0 ? -1 : 0;
}

/* One page to control it, and a power of two. */
static long do_perf(long n)
{
	area = mmap(NULL, bytes(n + 1), RW, MAP_SHARED, kept, 0);
	return sys(area);
}

static long prep_perf_mapped(long n)
{
	return prep_perf(n) || do_perf(n);
}

static long do_perf_unmap(long n)
{
	return munmap(area, bytes(n + 1));
}

static long prep_xdp(long n)
{
	kept = socket(AF_XDP, SOCK_RAW, 0);
	return kept < 0 ? -1 : prepare(n);
}

static long do_xdp(long n)
{
	struct xdp_umem_reg reg = {
		.addr = (unsigned long)area,
		.len = bytes(n),
		.chunk_size = bytes(1),
	};

	return setsockopt(kept, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg));
}

static long prep_xdp_umem(long n)
{
	return prep_xdp(n) || do_xdp(n);
}

static long do_close(long unused)
{
	(void)unused;
	return close(kept);
}

static const struct op {
	const char *name;
	bc_job prepare;
	bc_job act;
	long pages; /* what it adds */
	bool late; /* given back by a work */
} ops[] = {
	{ "mlock", prepare, do_mlock, N },
	{ "mlock_split", prepare, do_mlock_middle, N / 2 },
	{ "mlock_again", prep_locked, do_mlock, 0 },
	{ "mlock_onfault", prepare, do_mlock_onfault, N },
	{ "munlock", prep_locked, do_munlock, -N },
	{ "munlock_split", prep_locked, do_munlock_middle, -N / 2 },
	{ "munlockall", prep_locked, do_munlockall, -N },
	{ "munmap", prep_locked, do_unmap, -N },
	{ "mmap", NULL, do_map, N },
	{ "mmap_shared", NULL, do_map_shared, N },
	{ "mmap_over", prep_locked, do_over, 0 },
	{ "mmap_over_plain", prepare, do_over, N },
	{ "mmap_over_unlocked", prep_locked, do_over_unlocked, -N },
	{ "mremap", prep_locked, do_move, N },
	{ "mremap_dontunmap", prep_locked, do_dontunmap, 0 },
	{ "mremap_shrink", prep_locked, do_shrink, -N / 2 },
	{ "future_brk", prep_future, do_brk, N },
	{ "future_mmap", prep_future, do_anon, N },
	{ "shm_lock", prep_shm, do_shm_lock, N },
	{ "shm_unlock", prep_shm_locked, do_shm_unlock, -N },
	{ "shm_remove", prep_shm_locked, do_shm_remove, -N },
	{ "uring_buffers", prep_ring, do_ring, N },
	{ "uring_release", prep_ring_buffers, do_ring_release, -N, true },
	{ "perf_ring", prep_perf, do_perf, N + 1 },
	{ "perf_unmap", prep_perf_mapped, do_perf_unmap, -N - 1 },
	{ "xdp_umem", prep_xdp, do_xdp, N },
	{ "xdp_close", prep_xdp_umem, do_close, -N, true },
};

/* false: this kernel has no such thing. */
static bool begin(struct bc_worker *w, struct bc_group *g, const struct op *o)
{
	bc_worker_start(w, g);
	if (!o->prepare || !bc_call(w, o->prepare, N))
		return true;
	if (w->error != ENOSYS && w->error != EAFNOSUPPORT)
		bc_fail(__FILE__, __LINE__, "%s: prepare: %s", o->name,
			strerror(w->error));
	bc_note("%s: not in this kernel", o->name);
	bc_worker_stop(w);
	return false;
}

static void forget_shm(struct bc_worker *w, const struct op *o)
{
	if (!strncmp(o->name, "shm_", 4))
		bc_call(w, do_shm_remove, 0);
}

static long long settled(const struct bc_group *g, long long want)
{
	int i;

	for (i = 0; i < 200 && held(g) != want; i++)
		bc_pause_ms(20);
	return held(g);
}

static void op_granted(struct bc_group *g, const struct op *o)
{
	struct bc_worker w;
	long long before;

	if (!begin(&w, g, o))
		return;
	before = held(g);
	bc_set_key(g, "bc.barrier", LOCKED,
		   before + (o->pages > 0 ? o->pages : 0));
	if (bc_call(&w, o->act, N) < 0)
		bc_fail(__FILE__, __LINE__, "%s: %s", o->name,
			strerror(w.error));
	if ((o->late ? settled(g, before + o->pages) : held(g)) !=
	    before + o->pages)
		bc_fail(__FILE__, __LINE__, "%s added %lld pages, not %ld",
			o->name, held(g) - before, o->pages);
	bc_eq(bc_resource(g, LOCKED, "failcnt"), 0);
	bc_eq(bc_resource(g, LOCKED, "forced"), 0);
	forget_shm(&w, o);
	bc_worker_stop(&w);
	bc_eq(settled(g, 0), 0);
}

static void op_refused(struct bc_group *g, const struct op *o)
{
	struct bc_worker w;
	long long before, vm;

	if (!begin(&w, g, o))
		return;
	before = held(g);
	vm = bc_resource(g, VM, "held");
	bc_set_key(g, "bc.barrier", LOCKED, before + o->pages - 1);
	if (bc_call(&w, o->act, N) != -1)
		bc_fail(__FILE__, __LINE__, "%s was not refused", o->name);
	if (w.error != ENOMEM)
		bc_fail(__FILE__, __LINE__, "%s: %s", o->name,
			strerror(w.error));
	bc_eq(held(g), before);
	/* Both or none. */
	bc_eq(bc_resource(g, VM, "held"), vm);
	bc_eq(bc_resource(g, LOCKED, "failcnt"), 1);
	forget_shm(&w, o);
	bc_worker_stop(&w);
	bc_eq(settled(g, 0), 0);
}

static void each(struct bc_group *g,
		 void (*run)(struct bc_group *g, const struct op *o),
		 bool refusable)
{
	struct bc_group sub;
	size_t i;

	for (i = 0; i < BC_COUNT(ops); i++) {
		if (refusable && ops[i].pages <= 0)
			continue;
		bc_group_make(&sub, g, ops[i].name);
		run(&sub, &ops[i]);
		bc_eq(bc_group_remove(&sub), 0);
	}
}

static void granted(struct bc_group *g)
{
	each(g, op_granted, false);
}

static void refused(struct bc_group *g)
{
	each(g, op_refused, true);
}

/* mlock() over two areas of which the second may not be locked any more. */
static long prep_two(long n)
{
	return prepare(n) || mprotect(area, bytes(n / 2), PROT_READ);
}

static void partial(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_two, N), 0);
	bc_set_key(g, "bc.barrier", LOCKED, N - 1);
	bc_eq(bc_call(&w, do_mlock, N), -1);
	bc_eq(w.error, ENOMEM);
	/* As with every failure of mlock(), the first area is locked. */
	bc_eq(held(g), N / 2);
	bc_eq(bc_call(&w, do_munlock, N), 0);
	bc_eq(held(g), 0);
	bc_worker_stop(&w);
}

static long do_mlockall(long flags)
{
	return mlockall(flags);
}

/* mlockall() says so, and what it was not granted is not in force later. */
static void all(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prepare, N), 0);
	bc_set_key(g, "bc.barrier", LOCKED, 8);
	bc_eq(bc_call(&w, do_mlockall, MCL_CURRENT | MCL_FUTURE), -1);
	bc_eq(w.error, ENOMEM);
	bc_range(held(g), 0, 8);
	bc_eq(bc_call(&w, do_munlockall, 0), 0);
	bc_eq(held(g), 0);
	bc_eq(bc_call(&w, do_mlockall, MCL_CURRENT | MCL_FUTURE), -1);
	bc_eq(bc_call(&w, do_munlockall, 0), 0);
	bc_eq(bc_call(&w, do_anon, N), 0);
	bc_set_key(g, "bc.barrier", LOCKED, BC_MAX);
	bc_eq(bc_call(&w, do_mlockall, MCL_CURRENT | MCL_ONFAULT), 0);
	bc_true(held(g) > 2 * N);
	bc_worker_stop(&w);
	bc_eq(held(g), 0);
}

/* Giving back works in a full group, too: unlocking a part needs an area. */
static void unlock_full(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_locked, N), 0);
	bc_set_key(g, "bc.barrier", "kmemsize", 0);
	bc_eq(bc_call(&w, do_munlock_middle, N), 0);
	bc_eq(held(g), N / 2);
	bc_eq(bc_call(&w, do_munlockall, 0), 0);
	bc_eq(held(g), 0);
	bc_set_key(g, "bc.barrier", "kmemsize", BC_MAX);
	bc_worker_stop(&w);
}

/* Locked in one group, unlocked from another: who locked it has paid. */
static void shm_other(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker wa, wb;
	long id;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	bc_worker_start(&wa, &a);
	bc_worker_start(&wb, &b);
	id = bc_call(&wa, shm_make, N);
	bc_true(id >= 0);
	bc_eq(bc_call(&wa, shm_lock, id), 0);
	bc_eq(held(&a), N);
	bc_eq(bc_call(&wb, shm_lock, id), 0);
	bc_eq(held(&b), 0);
	bc_eq(bc_call(&wb, shm_unlock, id), 0);
	bc_eq(held(&a), 0);
	bc_eq(held(&b), 0);
	/* It outlives the group that pays. */
	bc_eq(bc_call(&wa, shm_lock, id), 0);
	bc_worker_stop(&wa);
	bc_eq(bc_group_remove(&a), 0);
	bc_eq(held(g), N);
	bc_eq(bc_call(&wb, shm_remove, id), 0);
	bc_eq(held(g), 0);
	bc_worker_stop(&wb);
}

/* Locks are not inherited: the child holds none. */
static long do_fork(long unused)
{
	pid_t pid = fork();

	(void)unused;
	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

static void inherit(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_locked, N), 0);
	bc_set_key(g, "bc.barrier", LOCKED, N);
	bc_true(bc_call(&w, do_fork, 0) > 0);
	bc_eq(held(g), N);
	bc_group_kill(g);
}

static const struct bc_case cases[] = {
	{ "granted", granted },		{ "refused", refused },
	{ "partial", partial },		{ "all", all },
	{ "shm_other", shm_other },	{ "inherit", inherit },
	{ "unlock_full", unlock_full },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockedpages: mlock() and its kin, mappings that lock, locked segments of
 * shared memory, and memory that is pinned for I/O.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_packet.h>
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

#include "bc_op.h"

#define N 16L

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

static char *area;

/* Apart from all other areas, so that there is no neighbour to merge with. */
static long prepare(long n)
{
	char *p = mmap(NULL, bc_bytes(n + 2), PROT_NONE, BC_ANON, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	area = p + bc_bytes(1);
	return mprotect(area, bc_bytes(n), BC_RW);
}

static long prep_locked(long n)
{
	return prepare(n) || mlock(area, bc_bytes(n));
}

static long do_mlock_area(long n)
{
	return mlock(area, bc_bytes(n));
}

static long do_mlock_middle(long n)
{
	return mlock(area + bc_bytes(n / 4), bc_bytes(n / 2));
}

static long do_mlock_onfault(long n)
{
	return mlock2(area, bc_bytes(n), MLOCK_ONFAULT);
}

static long do_munlock(long n)
{
	return munlock(area, bc_bytes(n));
}

static long do_munlock_middle(long n)
{
	return munlock(area + bc_bytes(n / 4), bc_bytes(n / 2));
}

static long do_munlockall(long unused)
{
	(void)unused;
	return munlockall();
}

static long do_unmap(long n)
{
	return munmap(area, bc_bytes(n));
}

static long do_map(long n)
{
	return bc_mapped(
		mmap(NULL, bc_bytes(n), BC_RW, BC_ANON | MAP_LOCKED, -1, 0));
}

static long do_map_shared(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), BC_RW,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
}

static long do_over(long n)
{
	return bc_mapped(mmap(area, bc_bytes(n), BC_RW,
			      BC_ANON | MAP_LOCKED | MAP_FIXED, -1, 0));
}

static long do_over_unlocked(long n)
{
	return bc_mapped(
		mmap(area, bc_bytes(n), BC_RW, BC_ANON | MAP_FIXED, -1, 0));
}

static long do_move(long n)
{
	return bc_mapped(
		mremap(area, bc_bytes(n), bc_bytes(2 * n), MREMAP_MAYMOVE));
}

static long do_dontunmap(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(n),
				MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

static long do_shrink(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(n / 2), 0));
}

static long prep_future(long unused)
{
	(void)unused;
	return mlockall(MCL_FUTURE | MCL_ONFAULT);
}

static long shm_make(long n)
{
	return shmget(IPC_PRIVATE, bc_bytes(n), IPC_CREAT | 0600);
}

static long shmctl_lock(long id)
{
	return shmctl(id, SHM_LOCK, NULL);
}

static long shmctl_unlock(long id)
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
	return prep_shm(n) || shmctl_lock(kept);
}

static long do_shm_lock(long unused)
{
	(void)unused;
	return shmctl_lock(kept);
}

static long do_shm_unlock(long unused)
{
	(void)unused;
	return shmctl_unlock(kept);
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
	struct iovec iov = { area, bc_bytes(n) };

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

/* One control page, and a power of two of data pages. */
static long do_perf(long n)
{
	area = mmap(NULL, bc_bytes(n + 1), BC_RW, MAP_SHARED, kept, 0);
	return bc_mapped(area);
}

static long prep_perf_mapped(long n)
{
	return prep_perf(n) || do_perf(n);
}

static long do_perf_unmap(long n)
{
	return munmap(area, bc_bytes(n + 1));
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
		.len = bc_bytes(n),
		.chunk_size = bc_bytes(1),
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

static const struct bc_op ops[] = {
	{ "mlock", prepare, do_mlock_area, N },
	{ "mlock_split", prepare, do_mlock_middle, N / 2 },
	{ "mlock_again", prep_locked, do_mlock_area, 0 },
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
	{ "future_brk", prep_future, bc_grow_brk, N },
	{ "future_mmap", prep_future, bc_map, N },
	{ "shm_lock", prep_shm, do_shm_lock, N, .end = do_shm_remove },
	{ "shm_unlock", prep_shm_locked, do_shm_unlock, -N,
	  .end = do_shm_remove },
	{ "shm_remove", prep_shm_locked, do_shm_remove, -N },
	{ "uring_buffers", prep_ring, do_ring, N },
	{ "uring_release", prep_ring_buffers, do_ring_release, -N, true },
	{ "perf_ring", prep_perf, do_perf, N + 1 },
	{ "perf_unmap", prep_perf_mapped, do_perf_unmap, -N - 1 },
	{ "xdp_umem", prep_xdp, do_xdp, N },
	{ "xdp_close", prep_xdp_umem, do_close, -N, true },
};

static const struct bc_op_table table = {
	.key = BC_LOCKED,
	.other = BC_VM,
	.ops = ops,
	.count = BC_COUNT(ops),
	.arg = N,
	.optional = true,
	.late = true,
};

static void granted(struct bc_group *g)
{
	bc_ops_granted(g, &table);
}

static void refused(struct bc_group *g)
{
	bc_ops_refused(g, &table);
}

#define MANY 256L

static long prep_untouched(long n)
{
	if (prep_ring(0))
		return -1;
	area = mmap(NULL, bc_bytes(n), BC_RW, BC_ANON, -1, 0);
	return bc_mapped(area);
}

/* Memory that is touched first by the pin is that of user space as well. */
static void untouched(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_untouched, MANY), 0);
	before = bc_held(g);
	bc_eq(bc_call(&w, do_ring, MANY), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), MANY);
	/* Tables and the list of pages. */
	bc_range(bc_held(g) - before, 0, bc_bytes(MANY / 4));
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

#define BLOCK 8L /* pages */

/* Blocks of a packet ring are large pages on each kernel. */
static long prep_block(long unused)
{
	struct tpacket_req req = {
		.tp_block_size = bc_bytes(BLOCK),
		.tp_block_nr = 1,
		.tp_frame_size = bc_bytes(1),
		.tp_frame_nr = BLOCK,
	};

	(void)unused;
	if (prep_ring(0))
		return -1;
	kept = socket(AF_PACKET, SOCK_RAW, 0);
	if (kept < 0 ||
	    setsockopt(kept, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -1;
	area = mmap(NULL, bc_bytes(BLOCK), BC_RW, MAP_SHARED, kept, 0);
	return bc_mapped(area);
}

static long do_two_buffers(long unused)
{
	struct iovec iov[2] = { { area, bc_bytes(1) },
				{ area + bc_bytes(2), bc_bytes(1) } };

	(void)unused;
	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS,
		       iov, 2);
}

static long do_drop_first(long unused)
{
	struct iovec none = { NULL, 0 };
	struct io_uring_rsrc_update2 up = { .data = (unsigned long)&none,
					    .nr = 1 };

	(void)unused;
	return syscall(SYS_io_uring_register, ring,
		       IORING_REGISTER_BUFFERS_UPDATE, &up, sizeof(up)) -
	       1;
}

/* The large page counts once, and a further buffer in it by its own pages. */
static void same_page(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	if (bc_call(&w, prep_block, 0))
		bc_skip("no packet ring: %s", strerror(w.error));
	bc_eq(bc_call(&w, do_two_buffers, 0), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), BLOCK + 1);
	bc_eq(bc_call(&w, do_drop_first, 0), 0);
	bc_settles(g, BC_LOCKED, 1);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

/* mlock() over two areas, of which the second does not fit any more. */
static long prep_two(long n)
{
	return prepare(n) || mprotect(area, bc_bytes(n / 2), PROT_READ);
}

static void mlock_partial(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_two, N), 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, N - 1);
	bc_eq(bc_call(&w, do_mlock_area, N), -1);
	bc_eq(w.error, ENOMEM);
	/* The first area stays locked, as after every failure of mlock(). */
	bc_eq(bc_held_of(g, BC_LOCKED), N / 2);
	bc_eq(bc_call(&w, do_munlock, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_worker_stop(&w);
}

static long do_mlockall(long flags)
{
	return mlockall(flags);
}

/* mlockall() reports the refusal, and what was not granted is not in force later. */
static void mlockall_refused(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prepare, N), 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, 8);
	bc_eq(bc_call(&w, do_mlockall, MCL_CURRENT | MCL_FUTURE), -1);
	bc_eq(w.error, ENOMEM);
	bc_range(bc_held_of(g, BC_LOCKED), 0, 8);
	bc_eq(bc_call(&w, do_munlockall, 0), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_eq(bc_call(&w, do_mlockall, MCL_CURRENT | MCL_FUTURE), -1);
	bc_eq(bc_call(&w, do_munlockall, 0), 0);
	bc_eq(bc_call(&w, bc_map, N), 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, BC_MAX);
	bc_eq(bc_call(&w, do_mlockall, MCL_CURRENT | MCL_ONFAULT), 0);
	bc_true(bc_held_of(g, BC_LOCKED) > 2 * N);
	bc_worker_stop(&w);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
}

/* Unlocking a part takes another area. It must work in a full group, too. */
static void munlock_at_barrier(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_locked, N), 0);
	bc_set_barrier(g, 0);
	bc_eq(bc_call(&w, do_munlock_middle, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N / 2);
	bc_eq(bc_call(&w, do_munlockall, 0), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_set_barrier(g, BC_MAX);
	bc_worker_stop(&w);
}

/* Locked in one group, unlocked from another: the group that locked it has paid. */
static void shm_unlock_other_group(struct bc_group *g)
{
	struct bc_pair p;
	long id;

	bc_pair_start(&p, g);
	id = bc_call(&p.w1, shm_make, N);
	bc_true(id >= 0);
	bc_eq(bc_call(&p.w1, shmctl_lock, id), 0);
	bc_eq(bc_held_of(&p.one, BC_LOCKED), N);
	bc_eq(bc_call(&p.w2, shmctl_lock, id), 0);
	bc_eq(bc_held_of(&p.two, BC_LOCKED), 0);
	bc_eq(bc_call(&p.w2, shmctl_unlock, id), 0);
	bc_eq(bc_held_of(&p.one, BC_LOCKED), 0);
	bc_eq(bc_held_of(&p.two, BC_LOCKED), 0);
	/* The lock outlives the group that pays for it. */
	bc_eq(bc_call(&p.w1, shmctl_lock, id), 0);
	bc_worker_stop(&p.w1);
	bc_eq(bc_group_remove(&p.one), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N);
	bc_eq(bc_call(&p.w2, shm_remove, id), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_worker_stop(&p.w2);
}

/* Locks are not inherited: the child holds none. */
static void fork_inherits_none(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_locked, N), 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, N);
	bc_true(bc_call(&w, bc_fork, 0) > 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N);
	bc_group_kill(g);
}

#define HUGE (2L << 20)

/* A huge page that was written, or 1 when there is none. */
static long prep_huge(long unused)
{
	char buf[64], *at;

	(void)unused;
	if (bc_slurp_path("/sys/kernel/mm/transparent_hugepage/enabled", buf,
			  sizeof(buf)) <= 0 ||
	    strstr(buf, "[never]"))
		return 1;
	at = mmap(NULL, 2 * HUGE, BC_RW, BC_ANON, -1, 0);
	if (at == MAP_FAILED)
		return -1;
	area = at + HUGE - (unsigned long)at % HUGE;
	if (madvise(area, HUGE, MADV_HUGEPAGE))
		return -1;
	memset(area, 1, HUGE);
	kept = socket(AF_XDP, SOCK_RAW, 0);
	return kept < 0 ? -1 : 0;
}

static long unmap_huge(long unused)
{
	(void)unused;
	return munmap(area, HUGE);
}

/* Packet memory of one page keeps all of a huge page, also when that is unmapped. */
static void xdp_huge(struct bc_group *g)
{
	const long pages = HUGE / bc_page_size();
	struct bc_worker w;
	long ret;

	bc_worker_start(&w, g);
	ret = bc_call(&w, prep_huge, 0);
	if (ret == 1 || (ret && w.error == EAFNOSUPPORT))
		bc_skip("no huge pages, or no AF_XDP, in this kernel");
	bc_eq(ret, 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, pages - 1);
	bc_eq(bc_call(&w, do_xdp, 1), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, pages);
	bc_eq(bc_call(&w, do_xdp, 1), 0);
	bc_eq(bc_call(&w, unmap_huge, 0), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), pages);
	bc_eq(bc_call(&w, do_close, 0), 0);
	bc_settles(g, BC_LOCKED, 0);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "untouched", untouched },
	{ "same_page", same_page },
	{ "granted", granted },
	{ "refused", refused },
	{ "mlock_partial", mlock_partial },
	{ "mlockall_refused", mlockall_refused },
	{ "shm_unlock_other_group", shm_unlock_other_group },
	{ "fork_inherits_none", fork_inherits_none },
	{ "munlock_at_barrier", munlock_at_barrier },
	{ "xdp_huge", xdp_huge },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

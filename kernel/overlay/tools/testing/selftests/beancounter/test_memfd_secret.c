// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockedpages: secret memory, which its mapping does not lock and which is
 * never swapped out. The task that first touches a page pays for it until the
 * file is gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"

#define N 16L
#define TABLE (2UL << 20)

static int secret = -1, zero = -1;
static char *area;

/* All pages are in one page table, so that only the first touch needs one. */
static long prepare(long n)
{
	char *room;

	secret = syscall(SYS_memfd_secret, 0);
	if (secret < 0)
		return -1;
	zero = open("/dev/zero", O_RDONLY);
	if (zero < 0 || ftruncate(secret, bc_bytes(n)))
		return -1;
	room = mmap(NULL, 2 * TABLE, PROT_NONE, BC_ANON, -1, 0);
	if (room == MAP_FAILED)
		return -1;
	room += TABLE - (unsigned long)room % TABLE;
	area = mmap(room, bc_bytes(n), BC_RW, MAP_SHARED | MAP_FIXED, secret,
		    0);
	return bc_mapped(area);
}

/* Touched by a system call, which fails where an instruction would get a signal. */
static long touch(long n)
{
	long page = bc_page_size(), i, got = 0;

	for (i = 0; i < n && got >= 0; i++)
		got = read(zero, area + i * page, page);
	return got < 0 ? -1 : 0;
}

static long release(long n)
{
	return munmap(area, bc_bytes(n)) || close(secret);
}

/* Touches the last page in a child. Returns how the child ended. */
static long touch_last(long n)
{
	pid_t pid = fork();

	if (!pid) {
		*(volatile char *)(area + bc_bytes(n) - 1) = 1;
		_exit(0);
	}
	return bc_exit_code(pid);
}

static bool begin(struct bc_worker *w, struct bc_group *g)
{
	bc_worker_start(w, g);
	if (!bc_call(w, prepare, N))
		return true;
	bc_eq(w->error, ENOSYS);
	bc_worker_stop(w);
	bc_skip("this kernel has no secret memory");
	return false;
}

static void touched(struct bc_group *g)
{
	struct bc_worker w;

	if (!begin(&w, g))
		return;
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_set_key(g, "bc.barrier", BC_LOCKED, N);
	bc_eq(bc_call(&w, touch, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N);
	bc_eq(bc_call(&w, touch, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N);
	bc_eq(bc_resource(g, BC_LOCKED, "failcnt"), 0);
	bc_eq(bc_call(&w, release, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
	bc_worker_stop(&w);
}

static void refused(struct bc_group *g)
{
	struct bc_worker w;

	if (!begin(&w, g))
		return;
	bc_set_key(g, "bc.barrier", BC_LOCKED, N - 1);
	bc_eq(bc_call(&w, touch, N), -1);
	bc_eq(w.error, EFAULT);
	bc_eq(bc_held_of(g, BC_LOCKED), N - 1);
	/*
	 * One refusal for the page, and maybe another one when it is retried by
	 * the byte.
	 */
	bc_range(bc_resource(g, BC_LOCKED, "failcnt"), 1, 2);
	bc_eq(bc_call(&w, touch_last, N), BC_SIGNAL + SIGBUS);
	bc_eq(bc_held_of(g, BC_LOCKED), N - 1);
	bc_set_key(g, "bc.barrier", BC_LOCKED, N);
	bc_eq(bc_call(&w, touch_last, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N);
	/* The pages go with the file, and the file with the process. */
	bc_worker_stop(&w);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
}

/* The note of the payer is kernel memory, which may be refused as well. */
static void owner_refused(struct bc_group *g)
{
	struct bc_worker w;

	if (!begin(&w, g))
		return;
	bc_eq(bc_call(&w, touch, 1), 0);
	bc_set_barrier(g, 0);
	bc_eq(bc_call(&w, touch, N), -1);
	bc_eq(w.error, EFAULT);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&w, touch, N), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), N);
	bc_worker_stop(&w);
	bc_eq(bc_held_of(g, BC_LOCKED), 0);
}

#define MANY 2048L

static long touch_many(long n)
{
	const long tables = TABLE / bc_page_size();
	long i;

	for (i = 0; i < n; i += tables) {
		if (prepare(tables) || touch(tables))
			return -1;
	}
	return 0;
}

/*
 * Secret pages are not in the kernel's own address space. Its tables are made finer for
 * that, stay so, and belong to all. The first case, before the tables are fine anyway.
 */
static void kernel_tables(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	if (bc_call(&w, touch_many, MANY)) {
		bc_eq(w.error, ENOSYS);
		bc_skip("this kernel has no secret memory");
	}
	bc_eq(bc_held_of(g, BC_LOCKED), MANY);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "kernel_tables", kernel_tables },
	{ "touched", touched },
	{ "refused", refused },
	{ "owner_refused", owner_refused },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on address spaces, by several processes at a time, some of
 * them with threads. Whatever their results, the charge equals what is there,
 * and it is 0 when the processes have exited.
 *
 *   BC_FUZZ_OPS   operations of each case (default 20000)
 *   BC_FUZZ_SEED  seed; a run that fails prints its own
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bc_jobs.h"

#define ARENA 2048L /* pages */
#define PROCESSES 4
#define THREADS 2
#define ROUND 1000 /* operations of a process */
#define POPULATE_WRITE 23 /* MADV_POPULATE_WRITE */

static unsigned long seed;
static long page;
static char *arena;
static int file, secret, zero;
/* Processes move between the two groups, and start in the other one. */
static struct bc_group *home, side;
static int side_fd;

/* xorshift64*; each thread has its own. */
static unsigned long rnd(unsigned long *state, unsigned long n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 2685821657736338717UL >> 33) % n;
}

static const int prots[] = { PROT_NONE, PROT_READ, BC_RW, BC_RW,
			     BC_RW | PROT_EXEC };

static void op_map(unsigned long *s, char *at, size_t len)
{
	int flags = MAP_FIXED, fd = -1;

	flags |= rnd(s, 4) ? MAP_PRIVATE : MAP_SHARED;
	if (rnd(s, 3))
		flags |= MAP_ANONYMOUS;
	else
		fd = rnd(s, 4) ? file : secret;
	if (!rnd(s, 8))
		flags |= MAP_NORESERVE;
	if (!rnd(s, 8))
		flags |= MAP_LOCKED;
	if (!rnd(s, 16) && fd < 0 && !(flags & MAP_SHARED))
		flags |= MAP_GROWSDOWN;
	mmap(at, len, prots[rnd(s, 5)], flags, fd, page * rnd(s, 64));
}

static void op_remap(unsigned long *s, char *at, size_t len)
{
	char *to = arena + page * rnd(s, ARENA);
	size_t new_len = page * (1 + rnd(s, 32));
	int flags = 0;

	if (to + new_len > arena + ARENA * page)
		return;
	switch (rnd(s, 4)) {
	case 0:
		break;
	case 1:
		flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
		new_len = len;
		break;
	default:
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	}
	/* In place it must not grow out of the arena. */
	if (!flags && at + new_len > arena + ARENA * page)
		return;
	mremap(at, len, new_len, flags, to);
}

static void op_lock(unsigned long *s, char *at, size_t len)
{
	switch (rnd(s, 8)) {
	case 0:
		mlockall(1 + rnd(s, 7));
		break;
	case 1:
		munlockall();
		break;
	case 2:
	case 3:
		munlock(at, len);
		break;
	default:
		mlock2(at, len, rnd(s, 2) ? MLOCK_ONFAULT : 0);
	}
}

static void op_brk(unsigned long *s)
{
	static const long step[] = { -8, -1, 1, 4, 16 };
	long now = syscall(SYS_brk, 0);

	syscall(SYS_brk, now + page * step[rnd(s, 5)]);
}

static void op_advise(unsigned long *s, char *at, size_t len)
{
	static const int advice[] = { MADV_DONTFORK,   MADV_DOFORK,
				      MADV_WIPEONFORK, MADV_KEEPONFORK,
				      MADV_DONTNEED,   POPULATE_WRITE };

	madvise(at, len, advice[rnd(s, 6)]);
}

static void op_protect(unsigned long *s, char *at, size_t len)
{
	int prot = prots[rnd(s, 5)];

	if (rnd(s, 4))
		mprotect(at, len, prot);
	else
		syscall(SYS_pkey_mprotect, at, len, prot, -1);
}

/* A touch that cannot kill the process; the page may be secret memory. */
static void op_touch(char *at, size_t len)
{
	size_t done;

	for (done = 0; done < len; done += page)
		if (read(zero, at + done, 1) != 1)
			break;
}

static void op_segment(unsigned long *s, size_t len)
{
	int id = shmget(IPC_PRIVATE, len, 0600);

	if (id < 0)
		return;
	shmctl(id, SHM_LOCK, NULL);
	if (rnd(s, 2))
		shmctl(id, SHM_UNLOCK, NULL);
	shmctl(id, IPC_RMID, NULL);
}

static void op_spawn(unsigned long *s)
{
	long n = rnd(s, 150), pid = bc_clone_into(side_fd);

	if (!pid)
		/* The stack grows, which may end the child. */
		_exit(bc_use_stack(n) & 1);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Forks and maybe executes; the child does a little, or nothing. */
static void op_fork(unsigned long *s)
{
	bool program = rnd(s, 2);
	long i = rnd(s, 20);
	pid_t pid = fork();

	if (!pid) {
		if (program)
			execl("/bin/true", "true", NULL);
		for (; i; i--)
			op_map(s, arena + page * rnd(s, ARENA - 16),
			       page * (1 + rnd(s, 16)));
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void op_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void one(unsigned long *s)
{
	char *at = arena + page * rnd(s, ARENA);
	size_t len = page * (1 + rnd(s, 32));

	if (at + len > arena + ARENA * page)
		len = arena + ARENA * page - at;
	switch (rnd(s, 16)) {
	case 0 ... 4:
		op_map(s, at, len);
		break;
	case 5 ... 6:
		munmap(at, len);
		break;
	case 7 ... 9:
		op_protect(s, at, len);
		break;
	case 10 ... 11:
		op_remap(s, at, len);
		break;
	case 12:
		op_lock(s, at, len);
		break;
	case 13:
		op_brk(s);
		break;
	case 14:
		op_advise(s, at, len);
		break;
	default:
		switch (rnd(s, 32)) {
		case 0:
			op_fork(s);
			break;
		case 1:
			op_vfork();
			break;
		case 2:
			op_spawn(s);
			break;
		case 3:
			bc_group_attach(rnd(s, 2) ? &side : home, getpid());
			break;
		case 4 ... 7:
			op_segment(s, len);
			break;
		case 8 ... 15:
			op_touch(at, len);
		}
	}
}

static void *run(void *state)
{
	unsigned long s = (unsigned long)state;
	int i;

	for (i = 0; i < ROUND / THREADS; i++)
		one(&s);
	return NULL;
}

static void process(unsigned long s, bool faults)
{
	pthread_t t;

	arena = mmap(NULL, ARENA * page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	file = memfd_create("fuzz", 0);
	secret = syscall(SYS_memfd_secret, 0);
	if (secret >= 0 && ftruncate(secret, 128 * page))
		_exit(0);
	zero = open("/dev/zero", O_RDONLY);
	if (arena == MAP_FAILED || file < 0 || ftruncate(file, 128 * page))
		_exit(0);
	if (faults)
		bc_write_path("/proc/self/make-it-fail", "1");
	/* If the thread is refused, the other half is done here. */
	if ((s & 1) || pthread_create(&t, NULL, run, (void *)(s * 3 | 1)))
		run((void *)(s * 3 | 1));
	else
		pthread_detach(t);
	run((void *)(s * 5 | 1));
	_exit(0);
}

static void check(const struct bc_group *g, unsigned long s)
{
	static char line[512];
	long long privvm = bc_settled(g, BC_VM, 0, 0);
	long long locked = bc_settled(g, BC_LOCKED, 0, 0);
	long long diff;

	diff = bc_audit_settled(line, sizeof(line), bc_patience(2000));
	if (privvm || locked || diff > 0)
		bc_fail(__FILE__, __LINE__,
			"%s held %lld, %s held %lld, audit %lld (%s): BC_FUZZ_SEED=%lu",
			BC_VM, privvm, BC_LOCKED, locked, diff, line, s);
}

/*
 * A segment outlives a process that died before removing it, or whose removal
 * was made to fail.
 */
static void sweep(pid_t pid)
{
	struct shmid_ds ds;
	struct shm_info info;
	int i, id, last = shmctl(0, SHM_INFO, (void *)&info);

	for (i = 0; i <= last; i++) {
		id = shmctl(i, SHM_STAT, &ds);
		if (id >= 0 && ds.shm_cpid == pid)
			shmctl(id, IPC_RMID, NULL);
	}
}

/* Waits for one process after the other and checks the accounts. */
static void fuzz(struct bc_group *g, bool faults)
{
	const char *ops = getenv("BC_FUZZ_OPS"), *from = getenv("BC_FUZZ_SEED");
	long n = ops ? atol(ops) : 20000, done;
	pid_t pids[PROCESSES];
	int i;

	home = g;
	bc_group_make(&side, g, "side");
	side_fd = bc_sys(bc_open_file(&side, "", O_RDONLY | O_DIRECTORY));
	page = bc_page_size();
	seed = from ? strtoul(from, NULL, 0) : (unsigned long)time(NULL);
	bc_note("BC_FUZZ_SEED=%lu BC_FUZZ_OPS=%ld", seed, n);
	for (done = 0; done < n; done += PROCESSES * ROUND) {
		for (i = 0; i < PROCESSES; i++) {
			pids[i] = fork();
			if (!pids[i]) {
				/* From here on the process is charged. */
				bc_group_attach(g, getpid());
				process(seed * 7919 + done + i, faults);
			}
			bc_true(pids[i] > 0);
		}
		for (i = 0; i < PROCESSES; i++) {
			waitpid(pids[i], NULL, 0);
			sweep(pids[i]);
		}
		check(g, seed);
	}
}

static void unlimited(struct bc_group *g)
{
	fuzz(g, false);
	bc_eq(bc_resource(g, BC_VM, "failcnt"), 0);
	bc_eq(bc_resource(g, BC_LOCKED, "failcnt"), 0);
}

/* Nothing exceeds the limit, unless a process moves in, which is forced. */
static void limited(struct bc_group *g)
{
	bc_set_key(g, "bc.barrier", BC_VM, 2500);
	bc_set_key(g, "bc.limit", BC_VM, 3500);
	bc_set_key(g, "bc.limit", BC_LOCKED, 300);
	fuzz(g, false);
	bc_true(bc_resource(g, BC_VM, "failcnt") > 0);
	bc_true(bc_resource(g, BC_LOCKED, "failcnt") > 0);
	bc_range(bc_resource(g, BC_VM, "maxheld"), 2000,
		 3500 + bc_resource(g, BC_VM, "forced"));
	bc_range(bc_resource(g, BC_LOCKED, "maxheld"), 1,
		 300 + bc_resource(g, BC_LOCKED, "forced"));
}

static bool inject(const char *what, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/failslab/%s", what);
	return !bc_write_path(path, value);
}

static void injected(struct bc_group *g, bool with_limit)
{
	if (!inject("task-filter", "Y"))
		bc_skip("no fault injection in this kernel");
	inject("verbose", "0");
	inject("ignore-gfp-wait", "N");
	inject("times", "-1");
	inject("interval", "1");
	inject("probability", "3");
	if (with_limit) {
		bc_set_key(g, "bc.barrier", BC_VM, 2500);
		bc_set_key(g, "bc.limit", BC_VM, 3500);
		bc_set_key(g, "bc.limit", BC_LOCKED, 300);
	}
	fuzz(g, true);
	inject("probability", "0");
}

static void failslab(struct bc_group *g)
{
	injected(g, false);
}

static void failslab_limited(struct bc_group *g)
{
	injected(g, true);
}

static const struct bc_case cases[] = {
	{ "unlimited", unlimited },
	{ "limited", limited },
	{ "failslab", failslab },
	{ "failslab_limited", failslab_limited },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

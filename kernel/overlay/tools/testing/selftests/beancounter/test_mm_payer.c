// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which group pays for an address space: fork, vfork, threads, exec, and
 * processes that are moved to another group. The payer is the group of the
 * process that it was made for, and no other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_jobs.h"

#define N 1024L

static char *area;
static int group_fd = -1;
static struct bc_group here;

static long map(long n)
{
	area = mmap(NULL, bc_bytes(n), BC_RW, BC_ANON | MAP_NORESERVE, -1, 0);
	return bc_mapped(area);
}

static long advise(long advice)
{
	return madvise(area, bc_bytes(N), advice);
}

/* What is held, once the children that have been reaped are gone. */
static long long at_rest(const struct bc_group *g)
{
	long long held = bc_held_of(g, BC_VM);

	return bc_settled(g, BC_VM, held, held);
}

/* The child is charged what the parent is, and this goes with the child. */
static void forks(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	long pid;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, map, N), 0);
	pid = bc_call(&w, bc_fork, 0);
	bc_true(pid > 0);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	before = bc_held_of(g, BC_VM);
	pid = bc_call(&w, bc_fork, 0);
	bc_true(pid > 0);
	bc_eq(bc_held_of(g, BC_VM), 2 * before);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(g, BC_VM, before);
	bc_worker_stop(&w);
}

static void fork_refused(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	long pid;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, map, N), 0);
	pid = bc_call(&w, bc_fork, 0);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	before = at_rest(g);
	/* fork() is checked against the limit. */
	bc_set_key(g, "bc.barrier", BC_VM, before);
	bc_set_key(g, "bc.limit", BC_VM, 2 * before);
	pid = bc_call(&w, bc_fork, 0);
	bc_true(pid > 0);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(g, BC_VM, before);
	bc_set_key(g, "bc.limit", BC_VM, 2 * before - 1);
	bc_eq(bc_call(&w, bc_fork, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_held_of(g, BC_VM), before);
	bc_eq(bc_resource(g, BC_VM, "failcnt"), 1);
	bc_eq(bc_resource(g, BC_VM, "forced"), 0);
	/* Areas that are not copied do not count, not even for a moment. */
	bc_eq(bc_call(&w, advise, MADV_DONTFORK), 0);
	bc_set_key(g, "bc.maxheld", BC_VM, 0);
	bc_set_key(g, "bc.limit", BC_VM, 2 * before - N);
	pid = bc_call(&w, bc_fork, 0);
	bc_true(pid > 0);
	bc_eq(bc_held_of(g, BC_VM), 2 * before - N);
	bc_eq(bc_resource(g, BC_VM, "maxheld"), 2 * before - N);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(g, BC_VM, before);
	/* Areas that are copied as zeros count. */
	bc_eq(bc_call(&w, advise, MADV_DOFORK), 0);
	bc_eq(bc_call(&w, advise, MADV_WIPEONFORK), 0);
	bc_eq(bc_call(&w, bc_fork, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_set_key(g, "bc.limit", BC_VM, BC_MAX);
	pid = bc_call(&w, bc_fork, 0);
	bc_eq(bc_held_of(g, BC_VM), 2 * before);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_worker_stop(&w);
}

/*
 * How much of privvmpages the group has at this moment.  bc_read_key() would
 * make the stack grow, which counts as well.
 */
static long long own_held(void)
{
	char buf[512], *at;

	if (bc_slurp(&here, "bc.held", buf, sizeof(buf)) < 0)
		return -1;
	at = strstr(buf, BC_VM);
	return at ? atoll(at + strlen(BC_VM)) : -1;
}

static long do_vfork(long unused)
{
	long long in, before = own_held();
	pid_t pid;

	(void)unused;
	in = own_held();
	before = in;
	pid = vfork();
	if (!pid) {
		in = own_held();
		_exit(in == before ? 0 : 1);
	}
	waitpid(pid, NULL, 0);
	return before > 0 && own_held() == before && in == before;
}

static long do_thread(long unused)
{
	pthread_attr_t attr;
	pthread_t t;

	(void)unused;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, bc_bytes(N));
	return pthread_create(&t, &attr, bc_idle_thread, NULL) ? -1 : 0;
}

/*
 * Neither a vfork() child nor a thread has an address space of its own, but a
 * thread has a stack.
 */
static void vfork_and_thread(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	here = *g;
	bc_worker_start(&w, g);
	bc_call(&w, do_vfork, 0);
	bc_eq(bc_call(&w, do_vfork, 0), 1);
	bc_eq(bc_call(&w, do_thread, 0), 0);
	before = bc_held_of(g, BC_VM);
	bc_eq(bc_call(&w, do_thread, 0), 0);
	bc_range(bc_held_of(g, BC_VM) - before, N, N + 2);
	bc_worker_stop(&w);
}

static long spawn_into(long unused)
{
	long pid = bc_clone_into(group_fd);

	(void)unused;
	while (!pid)
		pause();
	return pid;
}

/*
 * As systemd and posix_spawn() do it: a child in the parent's address space, in
 * another group from its first instruction. It shares the parent's stack, too,
 * so there must be no function to return from twice.
 */
static long spawn_shared_into(long unused)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = group_fd,
	};
	long pid = -1;

	(void)unused;
#ifdef __x86_64__
	asm volatile("syscall"
		     : "=a"(pid)
		     : "0"(SYS_clone3), "D"(&args), "S"(sizeof(args))
		     : "rcx", "r11", "memory");
#endif
	if (!pid)
		_exit(own_held() == 0 ? 0 : 1);
	return pid;
}

/*
 * Starts a worker in one group, which spawns into another. Returns what the
 * worker has itself.
 */
static long long spawner(struct bc_worker *w, const struct bc_group *g,
			 struct bc_group *a, struct bc_group *b)
{
	long pid;

	bc_group_make(a, g, "a");
	bc_group_make(b, g, "b");
	group_fd = bc_sys(bc_open_file(b, "", O_RDONLY | O_DIRECTORY));
	here = *b;
	bc_worker_start(w, a);
	bc_eq(bc_call(w, map, N), 0);
	pid = bc_call(w, spawn_into, 0);
	bc_true(pid > 0);
	bc_eq(bc_call(w, bc_reap, pid), pid);
	bc_settles(b, BC_VM, 0);
	return bc_held_of(a, BC_VM);
}

/* From one group into another: the child is charged there, the parent here. */
static void clone_into(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long before;
	long pid;

	spawner(&w, g, &a, &b);
	/* The first call may grow the stack. */
	pid = bc_call(&w, spawn_shared_into, 0);
	bc_eq(bc_call(&w, bc_exit_code, pid), 0);
	before = bc_held_of(&a, BC_VM);
	pid = bc_call(&w, spawn_into, 0);
	bc_true(pid > 0);
	bc_eq(bc_held_of(&a, BC_VM), before);
	bc_eq(bc_held_of(&b, BC_VM), before);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(&b, BC_VM, 0);
	pid = bc_call(&w, spawn_shared_into, 0);
	bc_true(pid > 0);
	bc_eq(bc_call(&w, bc_exit_code, pid), 0);
	bc_eq(bc_held_of(&a, BC_VM), before);
	bc_eq(bc_held_of(&b, BC_VM), 0);
	bc_worker_stop(&w);
}

/* A group that has no room for the child refuses it, and no child is made. */
static void clone_into_full(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long before;
	long pid;

	before = spawner(&w, g, &a, &b);
	bc_set_key(&b, "bc.limit", BC_VM, before - 1);
	bc_eq(bc_call(&w, spawn_into, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_settles(&a, BC_VM, before);
	bc_eq(bc_held_of(&b, BC_VM), 0);
	bc_eq(bc_resource(&b, BC_VM, "failcnt"), 1);
	bc_eq(bc_resource(&b, BC_VM, "forced"), 0);
	bc_eq(bc_held_of(&b, "numproc"), 0);
	bc_set_key(&b, "bc.limit", BC_VM, before);
	pid = bc_call(&w, spawn_into, 0);
	bc_true(pid > 0);
	bc_eq(bc_held_of(&b, BC_VM), before);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_worker_stop(&w);
	bc_settles(&b, BC_VM, 0);
}

/* A whole process is moved: that is never refused, but forced if need be. */
static void moved(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long before;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	bc_worker_start(&w, &a);
	bc_eq(bc_call(&w, map, N), 0);
	bc_eq(bc_call(&w, do_thread, 0), 0);
	before = bc_held_of(&a, BC_VM);
	bc_set_key(&b, "bc.limit", BC_VM, N);
	/* The group above is not charged anything, not even for a moment. */
	bc_set_key(g, "bc.limit", BC_VM, before);
	bc_set_key(g, "bc.limit", "numproc", 2);
	bc_set_key(g, "bc.maxheld", BC_VM, 0);
	bc_eq(bc_group_attach(&b, w.pid), 0);
	bc_eq(bc_resource(g, BC_VM, "forced"), 0);
	bc_eq(bc_resource(g, BC_VM, "maxheld"), before);
	bc_eq(bc_resource(g, "numproc", "forced"), 0);
	bc_eq(bc_resource(g, "numproc", "maxheld"), 2);
	bc_eq(bc_held_of(&a, BC_VM), 0);
	bc_eq(bc_held_of(&b, BC_VM), before);
	bc_eq(bc_resource(&b, BC_VM, "forced"), before - N);
	bc_eq(bc_resource(&b, BC_VM, "failcnt"), 0);
	bc_eq(bc_held_of(&b, "numproc"), 2);
	bc_eq(bc_held_of(&a, "numproc"), 0);
	/* The group is over its limit now: nothing more is granted. */
	bc_eq(bc_call(&w, map, 1), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_group_attach(&a, w.pid), 0);
	bc_eq(bc_held_of(&a, BC_VM), before);
	bc_eq(bc_held_of(&b, BC_VM), 0);
	bc_worker_stop(&w);
	bc_settles(&a, BC_VM, 0);
}

static long leaderless(long unused)
{
	pid_t pid = fork();
	pthread_t t;

	(void)unused;
	if (!pid) {
		if (pthread_create(&t, NULL, bc_idle_thread, NULL))
			_exit(1);
		/* Only this thread. */
		syscall(SYS_exit, 0);
	}
	return pid;
}

/* The leader has exited. Its threads go on, and so does their address space. */
static void leader_gone(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long before, worker;
	char path[64], buf[4096];
	long pid;
	int i;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	bc_worker_start(&w, &a);
	pid = bc_call(&w, leaderless, 0);
	bc_true(pid > 0);
	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	for (i = 0; i < 100; i++) {
		bc_true(bc_slurp_path(path, buf, sizeof(buf)) > 0);
		if (strstr(buf, "Z (zombie)"))
			break;
		bc_pause_ms(20);
	}
	bc_true(strstr(buf, "Z (zombie)"));
	before = bc_held_of(&a, BC_VM);
	bc_eq(bc_group_attach(&b, pid), 0);
	worker = bc_held_of(&a, BC_VM);
	bc_true(bc_held_of(&b, BC_VM) > 0);
	bc_eq(bc_held_of(&b, BC_VM) + worker, before);
	kill(pid, SIGKILL);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(&b, BC_VM, 0);
	bc_worker_stop(&w);
}

static long run_true(long unused)
{
	pid_t pid = fork();

	(void)unused;
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(errno == ENOMEM ? 12 : 13);
	}
	return bc_exit_code(pid);
}

/*
 * Exec may go up to the limit, because it has no way back. At the barrier the
 * new program starts, and its loader is the first to be refused, which ends it
 * (with 127 or a fault of its own, but not with a refused exec and not by
 * SIGKILL). Where exec does not fit below the limit either, it fails with the
 * old program intact.
 */
static void exec_at_limit(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	long code;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, run_true, 0), 0);
	before = at_rest(g);
	bc_set_key(g, "bc.barrier", BC_VM, before);
	bc_set_key(g, "bc.limit", BC_VM, 4 * before);
	code = bc_call(&w, run_true, 0);
	bc_true(code == 127 || code == BC_SIGNAL + SIGSEGV);
	bc_true(bc_resource(g, BC_VM, "maxheld") > 2 * before);
	bc_set_key(g, "bc.limit", BC_VM, before);
	bc_eq(bc_call(&w, run_true, 0), -1);
	bc_set_key(g, "bc.limit", BC_VM, 2 * before);
	bc_eq(bc_call(&w, run_true, 0), 12);
	bc_settles(g, BC_VM, before);
	bc_eq(bc_resource(g, BC_VM, "forced"), 0);
	bc_worker_stop(&w);
}

static long use_stack(long pages)
{
	pid_t pid = fork();

	if (!pid)
		_exit(bc_use_stack(pages) == 1 ? 0 : 1);
	return bc_exit_code(pid);
}

/* A stack grows between barrier and limit, but not beyond: SIGSEGV. */
static void stack_growth(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, use_stack, 64), 0);
	before = at_rest(g);
	bc_set_key(g, "bc.barrier", BC_VM, 2 * before);
	bc_set_key(g, "bc.limit", BC_VM, 2 * before + 200);
	bc_eq(bc_call(&w, use_stack, 128), 0);
	bc_eq(bc_resource(g, BC_VM, "failcnt"), 0);
	bc_eq(bc_call(&w, use_stack, 512), BC_SIGNAL + SIGSEGV);
	bc_eq(bc_resource(g, BC_VM, "failcnt"), 1);
	bc_eq(bc_resource(g, BC_VM, "forced"), 0);
	bc_settles(g, BC_VM, before);
	bc_worker_stop(&w);
}

/* A process that looks at an exited one keeps its mm, but nobody pays for it. */
static void exit_mm_pinned(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	char path[64];
	long pid;
	int fd;

	bc_worker_start(&w, g);
	pid = bc_call(&w, bc_fork, 0);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	before = at_rest(g);
	pid = bc_call(&w, bc_fork, 0);
	bc_true(pid > 0);
	snprintf(path, sizeof(path), "/proc/%ld/mem", pid);
	fd = bc_sys(open(path, O_RDONLY));
	bc_eq(bc_held_of(g, BC_VM), 2 * before);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(g, BC_VM, before);
	close(fd);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "forks", forks },
	{ "fork_refused", fork_refused },
	{ "vfork_and_thread", vfork_and_thread },
	{ "clone_into", clone_into },
	{ "clone_into_full", clone_into_full },
	{ "moved", moved },
	{ "leader_gone", leader_gone },
	{ "exec_at_limit", exec_at_limit },
	{ "stack_growth", stack_growth },
	{ "exit_mm_pinned", exit_mm_pinned },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

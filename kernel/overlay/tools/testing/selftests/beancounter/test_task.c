// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and threads: made, refused, and their stacks, which the kernel
 * keeps and hands to the next task.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_object.h"

#define MAX_TASKS 64

static pid_t children[MAX_TASKS];
static long nr_children;

static long make_child(long n)
{
	pid_t parent = getpid();
	long i;

	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (getppid() == parent)
				pause();
			_exit(0);
		}
		children[nr_children++] = pid;
	}
	return i;
}

static long drop_child(long unused)
{
	(void)unused;
	while (nr_children) {
		kill(children[--nr_children], SIGKILL);
		waitpid(children[nr_children], NULL, 0);
	}
	return 0;
}

/* The stacks that tasks have now, in bytes. */
static long long kernel_stacks(void)
{
	char buf[4096], *at;

	if (bc_slurp_path("/proc/meminfo", buf, sizeof(buf)) <= 0)
		return 0;
	at = strstr(buf, "KernelStack:");
	return at ? strtoll(at + 12, NULL, 10) * 1024 : 0;
}

/*
 * The size of a stack: how much eight processes add. It is a power of two, and
 * threads of the kernel come and go meanwhile.
 */
static long long stack_size(void)
{
	static long long size;
	long long before, more;

	if (size)
		return size;
	before = kernel_stacks();
	make_child(8);
	more = (kernel_stacks() - before) / 8;
	drop_child(0);
	for (size = bc_page_size(); size * 3 / 2 < more;)
		size *= 2;
	return size;
}

/* What every process has of its own, without the address space. */
static long long process_cost(void)
{
	return bc_need_slab("task_struct") + stack_size() +
	       bc_need_slab("pid") + bc_need_slab("signal_cache") +
	       bc_need_slab("sighand_cache") + bc_need_slab("mm_struct") +
	       bc_need_slab("files_cache") + bc_need_slab("fs_cache") +
	       bc_need_slab("cred");
}

/*
 * The address space: a page table at each level at least. At most an area and
 * all the tables that the parent has, for each of its areas.
 */
static void cost_child(long n, long long *low, long long *high)
{
	char buf[4096], *at;
	long long tables = 0;

	*low = n * (process_cost() + 3 * bc_page_size());
	bc_slurp_path("/proc/self/status", buf, sizeof(buf));
	at = strstr(buf, "VmPTE:");
	if (at)
		tables = strtoll(at + 6, NULL, 10) * 1024;
	*high = n * (process_cost() + tables + 16 * bc_page_size() +
		     60 * (bc_slab_size("vm_area_struct") +
			   bc_slab_size("vma_lock") + bc_slab_size("anon_vma") +
			   2 * bc_slab_size("anon_vma_chain")));
}

static void test_fork(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_child,
		.drop = drop_child,
		.cost = cost_child,
		.count = 24,
		.errors = { ENOMEM, EAGAIN },
		.persists = true,
	};

	bc_object_test(g, &o);
}

/*
 * Threads with stacks that the program provides: no areas, and no page tables
 * for them.
 */
static char stacks[MAX_TASKS][32768] __attribute__((aligned(4096)));
static pthread_t threads[MAX_TASKS];
static long nr_threads;
static int leave;

static void *wait_to_leave(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&leave, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &leave, 0 /* wait */, 0, NULL, NULL, 0);
	return NULL;
}

static long make_thread(long n)
{
	pthread_attr_t attr;
	long i;
	int err;

	pthread_attr_init(&attr);
	for (i = 0; i < n; i++) {
		pthread_attr_setstack(&attr, stacks[nr_threads],
				      sizeof(stacks[0]));
		err = pthread_create(&threads[nr_threads], &attr, wait_to_leave,
				     NULL);
		if (err) {
			errno = err;
			break;
		}
		nr_threads++;
	}
	return i;
}

static long drop_thread(long unused)
{
	(void)unused;
	__atomic_store_n(&leave, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &leave, 1 /* wake */, MAX_TASKS, NULL, NULL, 0);
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
	__atomic_store_n(&leave, 0, __ATOMIC_SEQ_CST);
	return 0;
}

/* Besides the stack: the task, its number, and the object that accounts its delays. */
static void cost_thread(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("task_struct") + stack_size() +
		    bc_need_slab("pid"));
	*high = *low + n * (bc_slab_size("task_delay_info") + 1024);
}

static void test_thread(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_thread,
		.drop = drop_thread,
		.cost = cost_thread,
		.count = 32,
		.errors = { EAGAIN, ENOMEM },
	};

	bc_object_test(g, &o);
}

/*
 * Stacks of tasks that have exited are kept, two for each CPU, and given to the
 * next task. The group of that task pays from then on, whichever it is.
 */
static void test_cached_stack(struct bc_group *g)
{
	long long base_a, base_b, low, high;
	struct bc_group a, b;
	struct bc_worker wa, wb;
	int i;

	cost_thread(4, &low, &high);
	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	bc_worker_start(&wa, &a);
	bc_worker_start(&wb, &b);
	bc_eq(bc_call(&wa, make_thread, 8), 8);
	bc_call(&wa, drop_thread, 0);
	bc_eq(bc_call(&wb, make_thread, 4), 4);
	bc_call(&wb, drop_thread, 0);
	base_a = bc_rest(&a);
	base_b = bc_rest(&b);
	for (i = 0; i < 3; i++) {
		bc_eq(bc_call(&wa, make_thread, 8), 8);
		bc_call(&wa, drop_thread, 0);
		bc_eq(bc_call(&wb, make_thread, 4), 4);
		bc_range(bc_held(&b) - base_b, low, high);
		bc_held_is(&a, base_a);
		bc_call(&wb, drop_thread, 0);
		bc_held_is(&b, base_b);
	}
	bc_worker_stop(&wa);
	bc_worker_stop(&wb);
	bc_held_is(&a, 0);
	bc_held_is(&b, 0);
}

/* A refused fork leaves nothing behind, at whatever step it was refused. */
static void test_fork_unwind(struct bc_group *g)
{
	long long base, low, high, room;
	struct bc_worker w;
	int refused = 0;

	cost_child(1, &low, &high);
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, make_child, 1), 1);
	bc_call(&w, drop_child, 0);
	base = bc_rest(g);
	for (room = 0; room < high; room += 1024) {
		bc_set_limit(g, base + room);
		if (bc_call(&w, make_child, 1)) {
			bc_call(&w, drop_child, 0);
			if (room > low)
				break;
			continue;
		}
		refused++;
		bc_true(w.error == ENOMEM || w.error == EAGAIN);
	}
	bc_true(refused >= low / 1024 - 1);
	bc_set_limit(g, BC_MAX);
	bc_held_is(g, base);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "fork", test_fork },
	{ "thread", test_thread },
	{ "cached_stack", test_cached_stack },
	{ "fork_unwind", test_fork_unwind },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

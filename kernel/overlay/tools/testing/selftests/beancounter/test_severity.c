// SPDX-License-Identifier: GPL-2.0-only
/*
 * Barrier and limit: a request that can fail is refused at the barrier, one
 * that cannot may go up to the limit, and a page fault that is refused there
 * ends its process only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bc_object.h"

#define PROMPT_MS 5000

static char *area;

static long prepare_area(long n)
{
	area = bc_map_tables(n);
	if (!area)
		return -1;
	/* Touches a first page, so that the higher tables are there. */
	bc_touch_tables(area, 1);
	return 0;
}

static long touch(long n)
{
	return bc_touch_tables(area, n);
}

static long open_one(long unused)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)unused;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static long unmap_middle(long n)
{
	return munmap(area + ((n / 2) << 21), bc_page_size());
}

static long unmap_many(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (munmap(area + (i << 21) + 8 * bc_page_size(),
			   bc_page_size()))
			return -1;
	}
	return 0;
}

static void start(struct bc_worker *w, struct bc_group *g, long tables)
{
	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(w, g);
	bc_eq(bc_call(w, open_one, 0), 0);
	bc_eq(bc_call(w, prepare_area, tables), 0);
	bc_rest(g);
}

/* The barrier is shut: memory that was granted can be used all the same. */
static void test_fault_at_barrier(struct bc_group *g)
{
	long long held, page = bc_page_size();
	struct bc_worker w;

	start(&w, g, 300);
	held = bc_held(g);
	bc_set_barrier(g, held);
	bc_eq(bc_call(&w, open_one, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_call(&w, touch, 300), 300);
	bc_true(bc_held(g) >= held + 290 * page);
	bc_eq(bc_forced(g), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Areas apart from each other, so that the first fault in each needs an anon_vma. */
static char *areas[32];

static long prepare_areas(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		areas[i] = mmap(NULL, 3 * bc_page_size(), PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (areas[i] == MAP_FAILED ||
		    mprotect(areas[i] + bc_page_size(), bc_page_size(),
			     PROT_READ | PROT_WRITE))
			return -1;
	}
	return n;
}

static long touch_areas(long n)
{
	long i;

	for (i = 0; i < n; i++)
		*(volatile char *)(areas[i] + bc_page_size()) = 1;
	return n;
}

/* Everything that a fault needs is checked against the limit, not only tables. */
static void test_fault_new_area(struct bc_group *g)
{
	long long held;
	struct bc_worker w;

	start(&w, g, 1);
	bc_eq(bc_call(&w, prepare_areas, 32), 32);
	held = bc_held(g);
	bc_set_barrier(g, 0);
	bc_eq(bc_call(&w, open_one, 0), -1);
	bc_eq(bc_call(&w, touch_areas, 32), 32);
	bc_true(bc_held(g) >= held + 32 * bc_need_slab("anon_vma"));
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/*
 * The limit is shut: the process that touches memory is killed, at once and
 * with SIGKILL. Its neighbour in the group and its parent live, and held does
 * not exceed the limit.
 */
static void test_fault_at_limit(struct bc_group *g)
{
	struct bc_worker w, neighbour;
	long long held, begun;

	start(&neighbour, g, 1);
	start(&w, g, 4000);
	held = bc_held(g);
	bc_set_limit(g, held + 20 * bc_page_size());
	bc_reset_maxheld(g);
	begun = bc_now_ms();
	bc_call_begin(&w, touch, 4000);
	bc_true(!bc_call_end(&w, PROMPT_MS, NULL));
	bc_true(bc_worker_died(&w, 0));
	bc_true(bc_now_ms() - begun < PROMPT_MS);
	bc_true(WIFSIGNALED(w.status));
	bc_eq(WTERMSIG(w.status), SIGKILL);
	bc_true(bc_failcnt(g) > 0);
	bc_true(bc_maxheld(g) <= held + 20 * bc_page_size());
	bc_eq(bc_forced(g), 0);
	bc_eq(bc_call(&neighbour, touch, 1), 1);
	bc_set_limit(g, BC_MAX);
	bc_eq(bc_call(&neighbour, open_one, 0), 0);
	bc_worker_stop(&neighbour);
	bc_held_is(g, 0);
}

/* In a system call the same access fails with EFAULT, and nobody is killed. */
static long read_into(long n)
{
	static int fd = -1;
	ssize_t got = 0;
	long i;

	if (fd < 0)
		fd = open("/dev/zero", O_RDONLY);
	for (i = 0; i < n && got >= 0; i++)
		got = read(fd, area + (i << 21), 1);
	if (got >= 0)
		errno = 0;
	return i;
}

static void test_fault_in_kernel(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g, 400);
	bc_sys(open("/dev/zero", O_RDONLY));
	bc_call(&w, read_into, 1);
	bc_set_limit(g, bc_rest(g) + 2 * bc_slab_size("filp") +
				4 * bc_page_size());
	bc_true(bc_call(&w, read_into, 400) < 400);
	bc_eq(w.error, EFAULT);
	bc_true(bc_failcnt(g) > 0);
	bc_set_limit(g, BC_MAX);
	bc_eq(bc_call(&w, open_one, 0), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The barrier is shut: a system call can still write to memory that was granted. */
static void test_kernel_fault_at_barrier(struct bc_group *g)
{
	long long held, page = bc_page_size();
	struct bc_worker w;

	start(&w, g, 300);
	bc_eq(bc_call(&w, read_into, 1), 1);
	held = bc_rest(g);
	bc_set_barrier(g, held);
	bc_eq(bc_call(&w, open_one, 0), -1);
	bc_eq(bc_call(&w, read_into, 300), 300);
	bc_true(bc_held(g) >= held + 290 * page);
	bc_eq(bc_forced(g), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* To unmap the middle of an area makes two of it, which must work at the barrier. */
static void test_munmap(struct bc_group *g)
{
	struct bc_worker w;
	long long held;

	start(&w, g, 100);
	bc_call(&w, touch, 100);
	bc_call(&w, unmap_middle, 100);
	held = bc_rest(g);
	bc_set_barrier(g, held / 2);
	bc_eq(bc_call(&w, open_one, 0), -1);
	bc_eq(bc_call(&w, unmap_many, 90), 0);
	bc_eq(bc_forced(g), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static long protect_parts(long n)
{
	long page = bc_page_size(), i;

	for (i = 0; i < n; i++) {
		if (mprotect(area + 2 * i * page, page, PROT_READ))
			break;
	}
	return i;
}

/* At the limit this is refused, with an error. */
static void test_split_at_limit(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g, 2);
	bc_set_limit(g, bc_held(g) + 10 * bc_slab_size("vm_area_struct"));
	bc_true(bc_call(&w, protect_parts, 200) < 200);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static long map_touched(long n)
{
	area = mmap(NULL, bc_bytes(n), BC_RW,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return area == MAP_FAILED ? -1 : 0;
}

static long unmap_touched(long n)
{
	return munmap(area, bc_bytes(n));
}

/* The group gets @room bytes more, and nothing can be shrunk. */
static void fill(struct bc_group *g, long long room)
{
	long long held = bc_rest(g);

	bc_set_barrier(g, held + room);
	bc_set_limit(g, held + room);
}

/* munmap() collects many pages in pages of its own, and can do without these. */
static void test_munmap_full(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, map_touched, 64), 0);
	fill(g, 0);
	bc_eq(bc_call(&w, unmap_touched, 64), 0);
	bc_eq(bc_failcnt(g), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static long protect_second(long unused)
{
	(void)unused;
	return mprotect(area + bc_page_size(), bc_page_size(), PROT_READ);
}

/* A split first asks in a way that cannot wait, and then again: one refusal. */
static void test_split_refused_once(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, map_touched, 3), 0);
	/* Room for the area, not for what ties it to its pages. */
	fill(g, bc_need_slab("vm_area_struct") + bc_slab_size("vma_lock"));
	bc_eq(bc_call(&w, protect_second, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_failcnt(g), 1);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* A signal with a value arrives at a process at the barrier. */
static volatile sig_atomic_t got;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	got = info->si_value.sival_int;
}

static long prepare_handler(long unused)
{
	struct sigaction sa = { .sa_sigaction = on_signal,
				.sa_flags = SA_SIGINFO };

	(void)unused;
	return sigaction(SIGRTMIN, &sa, NULL);
}

static long signal_self(long value)
{
	union sigval v = { .sival_int = value };

	got = 0;
	if (sigqueue(getpid(), SIGRTMIN, v))
		return -1;
	return got;
}

static void test_signal(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g, 1);
	bc_call(&w, prepare_handler, 0);
	bc_eq(bc_call(&w, signal_self, 3), 3);
	bc_set_barrier(g, 1);
	bc_eq(bc_call(&w, open_one, 0), -1);
	bc_eq(bc_call(&w, signal_self, 7), 7);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* An exit, orderly or by a kill, asks for nothing that could be refused. */
static void test_exit(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g, 50);
	bc_call(&w, touch, 50);
	bc_set_barrier(g, 0);
	bc_eq(bc_worker_stop(&w), 0);
	bc_held_is(g, 0);

	bc_set_barrier(g, BC_MAX);
	start(&w, g, 50);
	bc_call(&w, touch, 50);
	bc_set_limit(g, 0);
	bc_sys(kill(w.pid, SIGTERM));
	bc_true(bc_worker_died(&w, PROMPT_MS));
	bc_held_is(g, 0);
	bc_set_limit(g, BC_MAX);
	start(&w, g, 50);
	bc_set_limit(g, 0);
	bc_eq(bc_worker_stop(&w), 0);
	bc_held_is(g, 0);
}

/* The same at the limit of an ancestor, which affects nothing outside that subtree. */
static void test_limit_above(struct bc_group *g)
{
	struct bc_worker w, other;
	struct bc_group in, out, leaf;

	bc_group_make(&in, g, "in");
	bc_group_make(&leaf, &in, "leaf");
	bc_group_make(&out, g, "out");
	start(&w, &leaf, 1000);
	start(&other, &out, 200);
	bc_set_limit(&in, bc_held(&in) + 10 * bc_page_size());
	bc_call_begin(&w, touch, 1000);
	bc_true(!bc_call_end(&w, PROMPT_MS, NULL));
	bc_true(WIFSIGNALED(w.status) && WTERMSIG(w.status) == SIGKILL);
	bc_true(bc_failcnt_local(&in) > 0);
	bc_eq(bc_failcnt_local(&leaf), 0);
	bc_eq(bc_call(&other, touch, 200), 200);
	bc_eq(bc_failcnt(&out), 0);
	bc_worker_stop(&other);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "fault_at_barrier", test_fault_at_barrier },
	{ "fault_new_area", test_fault_new_area },
	{ "fault_at_limit", test_fault_at_limit },
	{ "fault_in_kernel", test_fault_in_kernel },
	{ "kernel_fault_at_barrier", test_kernel_fault_at_barrier },
	{ "munmap_at_barrier", test_munmap },
	{ "split_at_limit", test_split_at_limit },
	{ "munmap_full", test_munmap_full },
	{ "split_refused_once", test_split_refused_once },
	{ "signal_at_barrier", test_signal },
	{ "exit_at_limit", test_exit },
	{ "limit_above", test_limit_above },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Together with memcg: both controllers charge the same objects, beancounters
 * first. What memcg refuses after that has to be given back, and must not count
 * as a refusal here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_object.h"

static long files(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (open("/dev/null", O_RDONLY) < 0)
			break;
	}
	return i;
}

static long pipes(long n)
{
	static char data[65536];
	int fd[2];
	long i;

	for (i = 0; i < n; i++) {
		if (pipe2(fd, O_NONBLOCK) ||
		    write(fd[1], data, sizeof(data)) < 0)
			break;
	}
	return i;
}

static long events(long n)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	long i;

	for (i = 0; i < n; i++) {
		if (epoll_ctl(ep, EPOLL_CTL_ADD, eventfd(0, 0), &ev))
			break;
	}
	return i;
}

static long forks(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_fork(0) < 0)
			break;
	}
	return i;
}

/*
 * With 2 MiB of memory.max the worker is refused or, as memcg does it, killed.
 * Either way nothing that was being allocated stays in the account.
 */
static void check_max(struct bc_group *g, bc_job job)
{
	struct bc_group sub;
	struct bc_worker w;
	long long held;
	long made;

	bc_group_make(&sub, g, "sub");
	if (!bc_enable_memory(g))
		bc_skip("no memory controller");
	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(&w, &sub);
	bc_write(&sub, "memory.swap.max", "0");
	bc_write(&sub, "memory.oom.group", "1");
	if (bc_write(&sub, "memory.max", "2M"))
		bc_skip("no memory.max");
	bc_call_begin(&w, job, 1000000);
	if (bc_call_end(&w, 60000, &made)) {
		held = bc_held(&sub);
		bc_note("%ld made, %s, held %lld", made, strerror(w.error),
			held);
	} else {
		bc_true(bc_worker_died(&w, 10000));
		bc_eq(WTERMSIG(w.status), SIGKILL);
	}
	bc_eq(bc_failcnt(&sub), 0);
	bc_true(bc_maxheld(&sub) >= 512 * BC_KIB);
	bc_group_kill(&sub);
	if (w.pid)
		bc_true(bc_worker_died(&w, 10000));
	/* The lists that memcg keeps for a group go with the memcg, later. */
	bc_rest(&sub);
	bc_eq(bc_group_remove(&sub), 0);
	bc_settles_within(g, BC_KMEM, 0, 2048);
	bc_true(bc_audit(NULL, 0) <= 0);
}

static void test_slab(struct bc_group *g)
{
	check_max(g, files);
}

static void test_pages(struct bc_group *g)
{
	check_max(g, pipes);
}

static void test_mixed(struct bc_group *g)
{
	check_max(g, events);
}

static void test_forks(struct bc_group *g)
{
	check_max(g, forks);
}

/*
 * A read does not make memcg add up what its CPUs have counted, unless that is
 * much. It does so by itself every two seconds.
 */
static long long settled_kmem(const struct bc_group *g, long long low,
			      long long high)
{
	long long end = bc_now_ms() + bc_patience(10000), kmem;

	do {
		kmem = bc_read_key(g, "memory.stat", "kernel");
		if (kmem >= low && kmem <= high)
			break;
		usleep(100000);
	} while (bc_now_ms() < end);
	return kmem;
}

/*
 * Both controllers see the same. memcg counts in pages, and only what is marked
 * for it.
 */
static void test_charged_by_both(struct bc_group *g)
{
	long long kmem, held, low, high;
	struct bc_group sub;
	struct bc_worker w;

	bc_group_make(&sub, g, "sub");
	if (!bc_enable_memory(g))
		bc_skip("no memory controller");
	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(&w, &sub);
	bc_eq(bc_call(&w, files, 3000), 3000);
	/* The blob of a security module is not marked for memcg. */
	held = bc_held(&sub) - 3000 * bc_slab_size("lsm_file_cache");
	low = held * 3 / 4;
	high = held * 5 / 4 + 64 * bc_page_size() * bc_cpus();
	kmem = settled_kmem(&sub, low, high);
	bc_range(kmem, low, high);
	bc_worker_stop(&w);
	bc_held_is(&sub, 0);
}

static const struct bc_case cases[] = {
	{ "charged_by_both", test_charged_by_both },
	{ "refuses_slab", test_slab, true },
	{ "refuses_pages", test_pages, true },
	{ "refuses_mixed", test_mixed, true },
	{ "refuses_forks", test_forks, true },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

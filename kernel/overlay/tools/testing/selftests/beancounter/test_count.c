// SPDX-License-Identifier: GPL-2.0-only
/*
 * numproc, numfile and physpages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_jobs.h"

#define N 8L

static pid_t children[64];
static int nr_children;

/* Makes @n children. Returns how many there are now. */
static long forks(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		pid_t pid = bc_fork(0);

		if (pid < 0)
			return -1;
		children[nr_children++] = pid;
	}
	return nr_children;
}

/* Kills all children, and reaps them only when told to. */
static long kills(long reap)
{
	siginfo_t info;
	int i;

	for (i = 0; i < nr_children; i++) {
		kill(children[i], SIGKILL);
		waitid(P_PID, children[i], &info,
		       WEXITED | (reap ? 0 : WNOWAIT));
	}
	if (reap)
		nr_children = 0;
	return 0;
}

static long threads(long n)
{
	pthread_t t;
	long i;
	int err;

	for (i = 0; i < n; i++) {
		err = pthread_create(&t, NULL, bc_idle_thread, NULL);
		if (err) {
			errno = err;
			return -1;
		}
	}
	return 0;
}

static void numproc(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_held_of(g, "numproc"), 1);
	bc_set_key(g, "bc.barrier", "numproc", 1 + N);
	bc_eq(bc_call(&w, forks, N), N);
	bc_eq(bc_held_of(g, "numproc"), 1 + N);
	bc_eq(bc_call(&w, forks, 1), -1);
	bc_eq(w.error, EAGAIN);
	bc_eq(bc_call(&w, threads, 1), -1);
	bc_eq(w.error, EAGAIN);
	bc_eq(bc_resource(g, "numproc", "failcnt"), 2);
	/* Dead children that have not been reaped still count. */
	bc_eq(bc_call(&w, kills, false), 0);
	bc_eq(bc_held_of(g, "numproc"), 1 + N);
	bc_eq(bc_call(&w, kills, true), 0);
	bc_settles(g, "numproc", 1);
	bc_eq(bc_call(&w, threads, N), 0);
	bc_eq(bc_held_of(g, "numproc"), 1 + N);
	bc_eq(bc_resource(g, "numproc", "maxheld"), 1 + N);
	bc_eq(bc_resource(g, "numproc", "forced"), 0);
	bc_worker_stop(&w);
	bc_settles(g, "numproc", 0);
}

static int files[256];
static int nr_files;

static long opens(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd < 0)
			return -1;
		files[nr_files++] = fd;
	}
	return 0;
}

static long pipes(long unused)
{
	(void)unused;
	if (pipe(files + nr_files))
		return -1;
	nr_files += 2;
	return 0;
}

static long closes(long unused)
{
	(void)unused;
	while (nr_files)
		close(files[--nr_files]);
	return 0;
}

static void numfile(struct bc_group *g)
{
	struct bc_group other;
	struct bc_worker w;
	long long before;

	bc_group_make(&other, g, "other");
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, opens, 0), 0);
	before = bc_held_of(g, "numfile");
	bc_set_key(g, "bc.barrier", "numfile", before + N);
	bc_eq(bc_call(&w, opens, N - 1), 0);
	/* One of the two files is refused, and nothing of the pipe is left. */
	bc_eq(bc_call(&w, pipes, 0), -1);
	bc_eq(w.error, ENFILE);
	bc_settles(g, "numfile", before + N - 1);
	bc_eq(bc_call(&w, opens, 1), 0);
	bc_eq(bc_call(&w, opens, 1), -1);
	bc_eq(w.error, ENFILE);
	bc_eq(bc_resource(g, "numfile", "failcnt"), 2);
	/* Files stay with the group that opened them. */
	bc_eq(bc_group_attach(&other, w.pid), 0);
	bc_eq(bc_held_of(&other, "numfile"), 0);
	bc_eq(bc_call(&w, closes, 0), 0);
	bc_settles(g, "numfile", before);
	bc_worker_stop(&w);
	bc_settles(g, "numfile", 0);
}

static char *area;

static long touch(long pages)
{
	area = mmap(NULL, bc_bytes(pages), BC_RW, BC_ANON, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	memset(area, 1, bc_bytes(pages));
	return 0;
}

static long untouch(long pages)
{
	return munmap(area, bc_bytes(pages));
}

static void physpages(struct bc_group *g)
{
	struct bc_group sub;
	struct bc_worker w;
	long long before;

	bc_group_make(&sub, g, "sub");
	bc_worker_start(&w, &sub);
	/* Nothing is refused for it, so a bound that suggests otherwise is an error. */
	bc_eq(bc_write(g, "bc.limit", "physpages 1"), -EINVAL);
	bc_eq(bc_write(g, "bc.barrier", "kmemsize 8M physpages 1"), -EINVAL);
	bc_eq(bc_read_key(g, "bc.barrier", BC_KMEM), BC_MAX);
	bc_eq(bc_write(g, "bc.limit", "physpages max"), 0);
	bc_eq(bc_write(g, "bc.limit", "physpages auto"), 0);
	before = bc_held_of(g, "physpages");
	bc_eq(bc_call(&w, touch, 1024), 0);
	bc_range(bc_held_of(g, "physpages") - before, 1024, 1100);
	bc_eq(bc_held_of(&sub, "physpages"), bc_held_of(g, "physpages"));
	bc_eq(bc_call(&w, untouch, 1024), 0);
	bc_range(bc_held_of(g, "physpages") - before, 0, 100);
	bc_range(bc_resource(g, "physpages", "maxheld"), before + 1024,
		 before + 1100);
	bc_worker_stop(&w);
	bc_settles(g, "physpages", 0);
	bc_eq(bc_resource(g, "physpages", "failcnt"), 0);
}

/* The peak of a process, though nobody looked at it meanwhile. */
static void physpages_peak(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, touch, 1024), 0);
	bc_eq(bc_call(&w, untouch, 1024), 0);
	bc_worker_stop(&w);
	bc_true(bc_resource(g, "physpages", "maxheld") >= 1024);
}

static const struct bc_case cases[] = {
	{ "numproc", numproc },
	{ "numfile", numfile },
	{ "physpages", physpages },
	{ "physpages_peak", physpages_peak },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * numproc, numfile, physpages, and /proc/user_beancounters that shows them.
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
#define PROC "/proc/user_beancounters"

static pid_t children[64];
static int nr_children;

/* @n children; how many there are now. */
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

/* Kills them all; reaps them only when told to. */
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
		err = pthread_create(&t, NULL, bc_idle, NULL);
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
	/* Dead, but not reaped: they count. */
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
	/* One of two: nothing of the pipe is left. */
	bc_eq(bc_call(&w, pipes, 0), -1);
	bc_eq(w.error, ENFILE);
	bc_settles(g, "numfile", before + N - 1);
	bc_eq(bc_call(&w, opens, 1), 0);
	bc_eq(bc_call(&w, opens, 1), -1);
	bc_eq(w.error, ENFILE);
	bc_eq(bc_resource(g, "numfile", "failcnt"), 2);
	/* Files stay with who opened them. */
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
	/* Nothing is refused for it. */
	bc_set_key(g, "bc.limit", "physpages", 1);
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

/* The peak of a process that nobody looked at. */
static void physpages_peak(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, touch, 1024), 0);
	bc_eq(bc_call(&w, untouch, 1024), 0);
	bc_worker_stop(&w);
	bc_true(bc_resource(g, "physpages", "maxheld") >= 1024);
}

static unsigned long long group_id(const struct bc_group *g)
{
	struct stat st;

	bc_sys(stat(g->path, &st));
	return st.st_ino;
}

static char text[1 << 20];

/* The lines of a group, 24 of them. */
static char *proc_group(const struct bc_group *g)
{
	char uid[32], *at;

	bc_true(bc_slurp_path(PROC, text, sizeof(text)) > 0);
	snprintf(uid, sizeof(uid), "%llu:  kmemsize ", group_id(g));
	at = strstr(text, uid);
	bc_true(at);
	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

/* What a row of @name says in the column. */
static long long proc_value(char *at, const char *name, int column)
{
	unsigned long long v[5];
	char row[32];
	int i;

	for (i = 0; i < 24; i++, at = strchr(at, '\n') + 1)
		if (sscanf(at + 12, "%31s %llu %llu %llu %llu %llu", row, v,
			   v + 1, v + 2, v + 3, v + 4) == 6 &&
		    !strcmp(row, name))
			return v[column];
	return -1;
}

/* Written by hand after the description of format 2.5 on 64-bit machines. */
static const char head[] =
	"Version: 2.5\n"
	"       uid  resource                     held              maxheld              barrier                limit              failcnt\n";

static const char *const rows[] = {
	"kmemsize    ", "lockedpages ", "privvmpages ", "shmpages    ",
	"dummy       ", "numproc     ", "physpages   ", "vmguarpages ",
	"oomguarpages", "numtcpsock  ", "numflock    ", "numpty      ",
	"numsiginfo  ", "tcpsndbuf   ", "tcprcvbuf   ", "othersockbuf",
	"dgramrcvbuf ", "numothersock", "dcachesize  ", "numfile     ",
	"dummy       ", "dummy       ", "dummy       ", "numiptent   ",
};

static void proc_format(struct bc_group *g)
{
	const char zeros[] =
		"                    0                    0                    0                    0                    0\n";
	char *at;
	int i;

	bc_set_key(g, "bc.barrier", "privvmpages", 65536);
	at = proc_group(g);
	bc_eq(strncmp(text, head, strlen(head)), 0);
	for (i = 0; i < 24; i++, at = strchr(at, '\n') + 1) {
		/* "%10s  %-12s" and five times " %20lu" */
		bc_eq(strchr(at, '\n') - at, 24 + 5 * 21);
		bc_eq(strncmp(at + 12, rows[i], 12), 0);
		bc_true(i == 0 || !strncmp(at, "            ", 12));
		if (!strncmp(rows[i], "dummy", 5))
			bc_eq(strncmp(at + 24, zeros, strlen(zeros)), 0);
	}
	at = proc_group(g);
	bc_eq(proc_value(at, "privvmpages", 2), 65536);
	bc_eq(proc_value(at, "privvmpages", 3), BC_MAX);
	bc_eq(proc_value(at, "kmemsize", 2), BC_MAX);
}

static void proc_values(struct bc_group *g)
{
	struct bc_worker w;
	char *at;

	bc_worker_start(&w, g);
	bc_set_key(g, "bc.limit", "numproc", 1);
	bc_eq(bc_call(&w, forks, 1), -1);
	at = proc_group(g);
	bc_eq(proc_value(at, "numproc", 0), 1);
	bc_eq(proc_value(at, "numproc", 1), 1);
	bc_eq(proc_value(at, "numproc", 3), 1);
	bc_eq(proc_value(at, "numproc", 4), 1);
	bc_eq(proc_value(at, "privvmpages", 0), bc_held_of(g, "privvmpages"));
	bc_worker_stop(&w);
}

static long count(const char *what)
{
	const char *at = text;
	long n = 0;

	for (; (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* Of the ids only its own, and of the groups below it none. */
static long in_container(long unused)
{
	(void)unused;
	if (unshare(CLONE_NEWCGROUP) ||
	    bc_slurp_path(PROC, text, sizeof(text)) < 0)
		return -1;
	return count(":  kmemsize");
}

/* Its root is gone: it does not see what is above instead. */
static long in_no_container(long unused)
{
	(void)unused;
	return open(PROC, O_RDONLY);
}

static void proc_removed(struct bc_group *g)
{
	struct bc_group sub, other;
	struct bc_worker w;

	bc_group_make(&sub, g, "sub");
	bc_group_make(&other, g, "other");
	bc_worker_start(&w, &sub);
	bc_eq(bc_call(&w, in_container, 0), 1);
	bc_eq(bc_group_attach(&other, w.pid), 0);
	bc_eq(bc_group_remove(&sub), 0);
	bc_eq(bc_call(&w, in_no_container, 0), -1);
	bc_eq(w.error, ENODEV);
	bc_worker_stop(&w);
}

static long as_nobody(long unused)
{
	(void)unused;
	return open(PROC, O_RDONLY);
}

static void proc_who(struct bc_group *g)
{
	struct bc_group sub;
	struct bc_worker w;
	struct stat st;

	bc_sys(stat(PROC, &st));
	bc_eq(st.st_mode & 07777, 0400);
	bc_group_make(&sub, g, "sub");
	bc_worker_start(&w, g);
	/* The host sees all, and itself as 0. */
	bc_true(bc_slurp_path(PROC, text, sizeof(text)) > 0);
	bc_true(count(":  kmemsize") >= 3);
	bc_true(strstr(text, "\n        0:  kmemsize "));
	bc_eq(bc_call(&w, in_container, 0), 1);
	bc_worker_stop(&w);
	bc_worker_start_as(&w, g, BC_NOBODY);
	bc_eq(bc_call(&w, as_nobody, 0), -1);
	bc_eq(w.error, EACCES);
	bc_worker_stop(&w);
}

/* More groups than fit into one read, none twice. */
static void proc_many(struct bc_group *g)
{
	struct bc_group sub[100];
	char name[16];
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		bc_group_make(&sub[i], g, name);
	}
	for (i = 0; i < 100; i++) {
		char uid[48];

		proc_group(&sub[i]);
		snprintf(uid, sizeof(uid), "%9llu:  kmemsize ",
			 group_id(&sub[i]));
		bc_eq(count(uid), 1);
	}
	for (i = 0; i < 100; i++)
		bc_eq(bc_group_remove(&sub[i]), 0);
}

static const struct bc_case cases[] = {
	{ "numproc", numproc },		  { "numfile", numfile },
	{ "physpages", physpages },	  { "physpages_peak", physpages_peak },
	{ "proc_format", proc_format },	  { "proc_values", proc_values },
	{ "proc_who", proc_who },	  { "proc_many", proc_many },
	{ "proc_removed", proc_removed },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

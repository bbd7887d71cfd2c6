// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: how long single calls of one group take while another
 * group of the same tree, on another CPU, is refused everything in a loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 10
#define PAGE 4096UL

static char *page;

static void call_fork(void)
{
	pid_t pid = CHECK(fork());

	if (!pid)
		_exit(0);
	CHECK(waitpid(pid, NULL, 0));
}

static void call_open(void)
{
	close(CHECK(open("/tmp/bench.file", O_RDWR | O_CREAT, 0600)));
}

static void call_map(void)
{
	CHECK(munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     PAGE));
}

static void call_fault(void)
{
	CHECK(madvise(page, PAGE, MADV_DONTNEED));
	*(volatile char *)page = 1;
}

static const struct call {
	const char *name;
	void (*run)(void);
	int samples; /* in a round */
} calls[] = {
	{ "fork", call_fork, 500 },
	{ "open", call_open, 2000 },
	{ "mmap", call_map, 2000 },
	{ "fault", call_fault, 2000 },
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* What all rounds took: beside a group that is busy, and beside one that is refused. */
static uint64_t *took[CALLS][2];

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set));
}

/* Everything that a group can be refused, until the process is killed. */
static void be_refused(void)
{
	for (;;) {
		if (eventfd(0, 0) >= 0 || socket(AF_UNIX, SOCK_DGRAM, 0) >= 0)
			die("a full group was granted a file");
		if (mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
			die("a full group was granted memory");
		if (fork() >= 0)
			die("a full group was granted a process");
	}
}

static void be_busy(void)
{
	for (;;)
		syscall(SYS_getppid);
}

static void full_barriers(const char *barrier)
{
	static const char *const resources[] = { "privvmpages", "numfile",
						 "numproc", "kmemsize" };
	size_t i;

	for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
		group_barrier("/tree/full", resources[i], barrier);
}

/* The other CPU's process is in its group, and ready, when this returns. */
static pid_t start_other(bool refused)
{
	int ready[2], go[2];
	pid_t pid;
	char c;

	CHECK(pipe(ready));
	CHECK(pipe(go));
	pid = CHECK(fork());
	if (!pid) {
		run_on(1);
		file_write("0", CGROUP "/tree/full/cgroup.procs");
		CHECK(write(ready[1], "", 1));
		CHECK(read(go[0], &c, 1));
		if (refused)
			be_refused();
		be_busy();
	}
	CHECK(read(ready[0], &c, 1));
	if (refused)
		full_barriers("0");
	CHECK(write(go[1], "", 1));
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
	return pid;
}

static void sample(int round, bool refused)
{
	uint64_t *at, start;
	size_t i;
	int n;

	for (i = 0; i < CALLS; i++) {
		at = took[i][refused] + round * calls[i].samples;
		for (n = 0; n < calls[i].samples; n++) {
			start = now();
			calls[i].run();
			at[n] = now() - start;
		}
	}
}

static void one_round(int round, bool refused)
{
	pid_t other = start_other(refused);

	sample(round, refused);
	CHECK(kill(other, SIGKILL));
	CHECK(waitpid(other, NULL, 0));
	if (refused)
		full_barriers("max");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void tell_call(size_t i, bool refused)
{
	size_t count = (size_t)ROUNDS * calls[i].samples;
	const char *beside = refused ? "refused" : "busy";
	uint64_t *sorted = took[i][refused];
	char name[64];

	qsort(sorted, count, sizeof(*sorted), compare);
	snprintf(name, sizeof(name), "%s-%s-p99", calls[i].name, beside);
	tell("neighbour", name, sorted[count * 99 / 100], 1);
	snprintf(name, sizeof(name), "%s-%s-p99.9", calls[i].name, beside);
	tell("neighbour", name, sorted[count * 999 / 1000], 1);
}

/* In the group beside: the rounds of both kinds in turns. */
static void measure(void)
{
	size_t i, bytes;
	int round;

	run_on(0);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < CALLS; i++) {
		bytes = (size_t)ROUNDS * calls[i].samples * sizeof(uint64_t);
		took[i][0] = calloc(1, bytes);
		took[i][1] = calloc(1, bytes);
		if (!took[i][0] || !took[i][1])
			die("no memory for the samples");
	}
	for (round = 0; round < ROUNDS; round++) {
		one_round(round, false);
		one_round(round, true);
	}
	for (i = 0; i < CALLS; i++) {
		tell_call(i, false);
		tell_call(i, true);
	}
}

void stage_neighbour(void)
{
	int status;

	if (!have_bc())
		return;
	group_make("/tree");
	group_make("/tree/full");
	group_make("/tree/good");
	fflush(stdout);
	if (CHECK(fork()) == 0) {
		file_write("0", CGROUP "/tree/good/cgroup.procs");
		measure();
		_exit(0);
	}
	CHECK(wait(&status));
	if (status)
		die("the process of the group ended with %#x", status);
	group_remove("/tree/good");
	group_remove("/tree/full");
	group_remove("/tree");
}

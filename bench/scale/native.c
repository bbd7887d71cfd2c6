// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measure on the running kernel how long the three operations of docs/scale.md take,
 * a locked instruction, and the move of a cache line from one CPU to another; and
 * count the page faults of a fork(). Prints nanoseconds, the fastest of all rounds.
 * The figures are entered into inputs.tsv by hand: "make scale" does not run this.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "/dev/shm/bench-scale"
#define ROUNDS 400
#define UNITS 100
#define TURNS 400000
#define TURNS_ROUND 500

/* 128: a cache line of its own, and the neighbour that is prefetched with it. */
static _Alignas(128) atomic_long number;
static _Alignas(128) atomic_int turn;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void call_open(void)
{
	close(open(FILE_NAME, O_RDONLY));
}

static void call_mmap(void)
{
	munmap(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	       4096);
}

static void call_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void call_atomic(void)
{
	int i;

	for (i = 0; i < UNITS; i++)
		atomic_fetch_add(&number, 1);
}

static void measure(const char *name, void (*call)(void), int times, int units)
{
	double best = 0, took;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		took = now();
		for (i = 0; i < times; i++)
			call();
		took = (now() - took) / times;
		if (!round || took < best)
			best = took;
	}
	printf("%s\t%.1f\n", name, best / units);
}

static long faults(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return self.ru_minflt + children.ru_minflt;
}

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *other(void *unused)
{
	int i;

	on_cpu(1);
	for (i = 0; i < TURNS; i++) {
		while (atomic_load_explicit(&turn, memory_order_acquire) != 1)
			;
		atomic_store_explicit(&turn, 0, memory_order_release);
	}
	return unused;
}

/* In each turn the line moves to the other CPU and back. */
static void measure_move(void)
{
	double best = 0, start, end;
	pthread_t thread;
	int i;

	on_cpu(0);
	if (pthread_create(&thread, NULL, other, NULL))
		return;
	start = now();
	for (i = 1; i <= TURNS; i++) {
		while (atomic_load_explicit(&turn, memory_order_acquire))
			;
		atomic_store_explicit(&turn, 1, memory_order_release);
		if (i % TURNS_ROUND)
			continue;
		end = now();
		if (best == 0 || end - start < best)
			best = end - start;
		start = end;
	}
	pthread_join(thread, NULL);
	printf("move\t%.1f\n", best / TURNS_ROUND / 2);
}

int main(void)
{
	long before;
	int i;

	close(open(FILE_NAME, O_CREAT | O_RDWR, 0600));
	measure("open", call_open, 200, 1);
	measure("mmap", call_mmap, 200, 1);
	measure("fork", call_fork, 20, 1);
	measure("atomic", call_atomic, 100, UNITS);
	before = faults();
	for (i = 0; i < 100; i++)
		call_fork();
	printf("faults\t%.2f\n", (faults() - before) / 100.0);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		measure_move();
	unlink(FILE_NAME);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with processes, threads, and address spaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

static long forks(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		while (!pid)
			pause();
	}
	return i;
}

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static long threads(long max)
{
	pthread_attr_t attr;
	pthread_t t;
	long i;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; more(i, max); i++) {
		err = pthread_create(&t, &attr, sleep_for_ever, NULL);
		if (err) {
			errno = err;
			break;
		}
	}
	return i;
}

/* Address space for @n pages that are 2 MiB apart: each needs a page table. */
static char *sparse(long n)
{
	char *at = mmap(NULL, (n + 1) << 21, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	at = (char *)(((unsigned long)at + (1 << 21) - 1) & -(1UL << 21));
	madvise(at, n << 21, MADV_NOHUGEPAGE);
	return at;
}

/* Page tables made by a system call, which fails where a fault would kill. */
static long page_tables(long max)
{
	char *at = sparse(max);
	int fd = open("/dev/zero", O_RDONLY);
	long i;

	for (i = 0; at && more(i, max); i++) {
		if (read(fd, at + (i << 21), 1) != 1)
			break;
	}
	return at ? i : -1;
}

static long page_tables_fault(long max)
{
	char *at = sparse(max);
	long i;

	for (i = 0; at && more(i, max); i++)
		*(volatile char *)(at + (i << 21)) = 1;
	return at ? i : -1;
}

/* Page tables for one page of a file that is mapped again and again. */
static long page_tables_shared(long max)
{
	int fd = memfd_create("m", 0), zero = open("/dev/zero", O_RDONLY);
	long page = sysconf(_SC_PAGESIZE), i;
	char *at = sparse(max);

	if (!at || ftruncate(fd, page))
		return -1;
	for (i = 0; more(i, max); i++) {
		char *p = at + (i << 21);

		if (mmap(p, page, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
		    read(zero, p, 1) != 1)
			break;
	}
	return i;
}

static long areas(long max)
{
	long page = sysconf(_SC_PAGESIZE), i;
	char *at = mmap(NULL, 2 * max * page, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (i = 0; more(i, max); i++) {
		if (mprotect(at + 2 * i * page, page, PROT_READ))
			break;
	}
	return i;
}

static long named_areas(long max)
{
	long page = sysconf(_SC_PAGESIZE), i;
	char *at = mmap(NULL, max * page, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char name[80];

	for (i = 0; more(i, max); i++) {
		snprintf(name, sizeof(name), "%070ld", i);
		if (prctl(0x53564d41 /* PR_SET_VMA */, 0, at + i * page, page,
			  name))
			return i || errno != EINVAL ? i : (errno = ENOSYS, -1);
	}
	return i;
}

/* Filters, of which the kernel keeps the original and the translated program. */
static long seccomp_filters(long max)
{
	static struct sock_filter insns[4000];
	struct sock_fprog prog = { 4000, insns };
	long i, k;

	for (i = 0; i < 4000; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, i);
	insns[3999] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_ALLOW);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (i = 0; more(i, max); i++) {
		int fd[2];
		char ok = 0;

		if (pipe(fd))
			break;
		if (!fork()) {
			for (k = 0; k < 7; k++) {
				if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
					  &prog))
					break;
			}
			ok = k == 7;
			if (write(fd[1], &ok, 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		close(fd[1]);
		if (read(fd[0], &ok, 1) != 1 || !ok) {
			errno = ENOMEM;
			break;
		}
		close(fd[0]);
	}
	return i;
}

static long perf_events(long max)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
	};
	long i;

	for (i = 0; more(i, max); i++) {
		if (syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0) < 0) {
			if (errno == EACCES)
				errno = EPERM;
			return i ? i : -1;
		}
	}
	return i;
}

/* Processes with a session each: an autogroup of the scheduler, if it has them. */
static long sessions(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid) {
			setsid();
			for (;;)
				pause();
		}
	}
	return i;
}

const struct attack task_attacks[] = {
	{ "forks", NULL, forks, 20000, .piles = "processes",
	  .charged = "tasks, stacks, address spaces, tables" },
	{ "threads", NULL, threads, 20000, .piles = "threads",
	  .charged = "tasks, stacks" },
	{ "sessions", NULL, sessions, 20000, .piles = "sessions",
	  .charged = "tasks, groups" },
	{ "page_tables", NULL, page_tables, 30000,
	  .piles = "page tables, through a system call",
	  .charged = "page tables up to the limit, then `EFAULT`" },
	{ "page_tables_fault", NULL, page_tables_fault, 30000, .deadly = true,
	  .piles = "page tables, by touching memory",
	  .charged = "page tables up to the limit, then the task is killed" },
	{ "page_tables_shared", NULL, page_tables_shared, 30000,
	  .piles = "page tables of shared pages", .charged = "page tables" },
	{ "areas", NULL, areas, 400000, .piles = "mappings",
	  .charged = "areas" },
	{ "named_areas", NULL, named_areas, 400000,
	  .piles = "mappings with names", .charged = "areas, unmarked" },
	{ "seccomp_filters", NULL, seccomp_filters, 200,
	  .piles = "seccomp filters", .charged = "unmarked" },
	{ "perf_events", NULL, perf_events, 100000, .piles = "perf events",
	  .charged = "unmarked" },
};

const size_t nr_task_attacks = sizeof(task_attacks) / sizeof(task_attacks[0]);

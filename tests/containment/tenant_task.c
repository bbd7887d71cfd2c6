// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with processes, names of paths, terminals and maps of BPF.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "tenant.h"

/* Processes that have exited, and for which nobody waits. */
static bool zombies(long i)
{
	pid_t pid = fork();

	if (!pid)
		_exit(i % 2);
	return pid > 0;
}

static void link_there(long i)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/fuse/%ld", i);
	link(path, "/tmp/link");
}

/* Threads that wait for a FUSE server with two names of paths. */
static bool second_names(long i)
{
	return (i || never_comes(4096)) && one_waiting(link_there, i);
}

#define LEVELS 32

static int command[2], reply[2];

static void sleep_there(long i)
{
	for (;;)
		pause();
	(void)i;
}

/* Take the next 63 process numbers on all levels, and give them back. */
static void skip_numbers(void)
{
	struct clone_args a = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			 CLONE_THREAD | CLONE_PIDFD,
		.pidfd = 8, /* nothing is mapped there */
	};
	int k;

	for (k = 0; k < 63; k++)
		syscall(SYS_clone3, &a, sizeof(a));
}

/* In the innermost namespace. */
static void __attribute__((noreturn)) make_threads(void)
{
	char error;

	while (read(command[0], &error, 1) == 1) {
		skip_numbers();
		error = one_waiting(sleep_there, 0) ? 0 : errno;
		if (write(reply[1], &error, 1) != 1)
			break;
	}
	_exit(0);
}

static int nest(void)
{
	int level;
	pid_t pid;

	for (level = 0; level < LEVELS && !unshare(CLONE_NEWPID); level++) {
		pid = fork();
		if (pid < 0)
			return -1;
		if (pid)
			sleep_there(0);
	}
	make_threads();
}

/* Threads in the innermost of 32 PID namespaces, with numbers far from each other. */
static bool nested_numbers(long i)
{
	char error = 0;
	pid_t pid;

	if (!i) {
		if (pipe(command) || pipe(reply))
			return false;
		pid = fork();
		if (pid < 0)
			return false;
		if (!pid)
			_exit(nest());
	}
	if (write(command[1], &error, 1) != 1 || read(reply[0], &error, 1) != 1)
		return false;
	errno = error;
	return !error;
}

/* Terminals that echo what is written to them, and whose echo nobody reads. */
static bool echoes(long i)
{
	char buf[512];
	int master, slave, k;

	slave = bc_echo_terminal(&master);
	if (slave < 0)
		return false;
	memset(buf, 'a' + i % 26, sizeof(buf));
	for (k = 0; k < 100; k++) {
		write(master, buf, sizeof(buf));
		sched_yield();
		while (read(slave, buf, sizeof(buf)) > 0)
			;
	}
	return true;
}

/* Elements of maps, which an interrupt allocates ahead; 4 maps at a time. */
static bool bpf_elements(long i)
{
	static int map[4];

	if (i < 4)
		map[i] = bc_hash_map(32768, 4096);
	return map[i % 4] >= 0 && !bc_map_add(map[i % 4], i / 4, 1000);
}

const struct attack tenant_task_attacks[] = {
	TENANT(zombies, 4000),
	{ .name = "second_names",
	  .prepare = prepare_fuse,
	  .one = second_names,
	  .max = 3000,
	  .tenant = true,
	  .spaces = CLONE_NEWUSER | CLONE_NEWNS },
	TENANT_IN(nested_numbers, 2000, 0),
	TENANT(echoes, 1000),
	TENANT(bpf_elements, 2000),
};

const size_t nr_tenant_task_attacks = BC_COUNT(tenant_task_attacks);

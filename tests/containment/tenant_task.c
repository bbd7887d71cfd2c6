// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with processes, names of paths, terminals and maps of BPF.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

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

static int open_terminal(int *master)
{
	int zero = 0, slave;
	struct termios t;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &zero))
		return -1;
	slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (slave < 0 || tcgetattr(slave, &t))
		return -1;
	cfmakeraw(&t);
	t.c_lflag = ECHO;
	return tcsetattr(slave, TCSANOW, &t) ? -1 : slave;
}

/* Terminals that echo what is written to them, and whose echo nobody reads. */
static bool echoes(long i)
{
	char buf[512];
	int master, slave, k;

	slave = open_terminal(&master);
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

static int hash_map(size_t value_size)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = 4096,
		.map_flags = BPF_F_NO_PREALLOC,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

/* Elements of maps, which an interrupt allocates ahead; 4 maps at a time. */
static bool bpf_elements(long i)
{
	static char value[32768];
	static int map[4];
	long long end = bc_now_ms() + 1000;
	int key = i / 4;
	union bpf_attr a = { .key = (long)&key, .value = (long)value };

	if (i < 4)
		map[i] = hash_map(sizeof(value));
	if (map[i % 4] < 0)
		return false;
	a.map_fd = map[i % 4];
	while (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &a, sizeof(a))) {
		/* The next tick may bring one. */
		if (errno != ENOMEM || bc_now_ms() > end)
			return false;
		usleep(1000);
	}
	return true;
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

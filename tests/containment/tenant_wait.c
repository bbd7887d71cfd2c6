// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with waiting threads: in system calls that have copied their
 * arguments, and in the middle of copying, from a file that does not answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tenant.h"

static struct iovec vector[1024];
static char byte;
static int full[2];

static bool full_pipe(void)
{
	static char page[65536];
	size_t i;

	if (full[1])
		return true;
	for (i = 0; i < BC_COUNT(vector); i++)
		vector[i] = (struct iovec){ &byte, 1 };
	return !pipe(full) && write(full[1], page, sizeof(page)) > 0;
}

static void write_vector(long i)
{
	writev(full[1], vector, BC_COUNT(vector) - i % 2);
}

/* Threads that write a vector to a full pipe. */
static bool writers(long i)
{
	return full_pipe() && one_waiting(write_vector, i);
}

static int sems;

static void wait_for_sems(long i)
{
	struct sembuf ops[500];
	size_t k;

	for (k = 0; k < BC_COUNT(ops); k++)
		ops[k] = (struct sembuf){ .sem_num = 0, .sem_op = -1 };
	semop(sems, ops, BC_COUNT(ops) - i % 2);
}

/* Threads that wait for semaphores. */
static bool semaphore_waiters(long i)
{
	if (!sems)
		sems = semget(IPC_PRIVATE, 1, 0600);
	return sems >= 0 && one_waiting(wait_for_sems, i);
}

static void wait_for_words(long i)
{
	static unsigned int words[128];
	struct {
		unsigned long long val, uaddr;
		unsigned int flags, reserved;
	} w[128];
	size_t k;

	for (k = 0; k < 128; k++) {
		w[k].val = 0;
		w[k].uaddr = (unsigned long)&words[k];
		w[k].flags = 2 | 128; /* 32 bits, private */
		w[k].reserved = 0;
	}
	syscall(449 /* futex_waitv */, w, 128 - i % 2, 0, NULL, 0);
}

/* Threads that wait for many futexes. */
static bool futex_waiters(long i)
{
	return one_waiting(wait_for_words, i);
}

/* Open one end of a FIFO by a long path. */
static void open_one_end(long i)
{
	char path[4000];

	memset(path, '/', sizeof(path));
	strcpy(path + sizeof(path) - 10, "/tmp/fifo");
	close(open(path, i % 2 ? O_RDONLY : O_RDONLY | O_NOCTTY));
}

/* Threads that wait for the other end of a FIFO. */
static bool fifo_openers(long i)
{
	if (!i && mkfifo("/tmp/fifo", 0600))
		return false;
	return one_waiting(open_one_end, i);
}

static void *nothing;
static int sysctl;

static void write_sysctl(long i)
{
	write(sysctl, nothing, (4 << 20) - 4096 - i % 2);
}

/* Threads that write a sysctl, in the middle of copying. */
static bool sysctl_writers(long i)
{
	if (!nothing) {
		sysctl = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);
		nothing = never_comes(4 << 20);
	}
	return sysctl >= 0 && nothing && one_waiting(write_sysctl, i);
}

static void set_attribute(long i)
{
	setxattr("/tmp", "user.a", nothing, 65536 - i % 2, 0);
}

/* Threads that set an attribute, in the middle of copying. */
static bool attribute_writers(long i)
{
	if (!nothing)
		nothing = never_comes(1 << 20);
	return nothing && one_waiting(set_attribute, i);
}

static void make_key(long i)
{
	syscall(SYS_add_key, "user", "name", nothing, 32767 - i % 2, -3);
}

/* Threads that add a key, in the middle of copying. */
static bool key_makers(long i)
{
	if (!nothing)
		nothing = never_comes(1 << 20);
	return nothing && one_waiting(make_key, i);
}

static void send_message(long i)
{
	static int queue;

	if (!queue)
		queue = msgget(IPC_PRIVATE, 0600);
	msgsnd(queue, nothing, 8192 - i % 2, 0);
}

/* Threads that send a message, in the middle of copying. */
static bool message_senders(long i)
{
	if (!nothing)
		nothing = never_comes(1 << 20);
	return nothing && one_waiting(send_message, i);
}

#define WITH_FUSE(what, n, also)                                               \
	{                                                                      \
		.name = #what, .prepare = prepare_fuse, .one = what, .max = n, \
		.tenant = true, .spaces = CLONE_NEWUSER | CLONE_NEWNS | (also) \
	}

const struct attack wait_attacks[] = {
	TENANT(writers, 4000),
	TENANT(semaphore_waiters, 4000),
	TENANT(futex_waiters, 4000),
	TENANT_IN(fifo_openers, 4000, CLONE_NEWNS),
	WITH_FUSE(sysctl_writers, 500, CLONE_NEWNET),
	WITH_FUSE(attribute_writers, 4000, 0),
	WITH_FUSE(key_makers, 4000, 0),
	WITH_FUSE(message_senders, 4000, CLONE_NEWIPC),
};

const size_t nr_wait_attacks = BC_COUNT(wait_attacks);

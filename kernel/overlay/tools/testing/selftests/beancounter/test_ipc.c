// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V shared memory, semaphores and messages, POSIX queues, keys.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_object.h"

static int ids[4096];
static long nr_ids;

/* Returns true when there is no object; errno says why. */
static bool keep_id(int id)
{
	if (id < 0)
		return true;
	ids[nr_ids++] = id;
	return false;
}

/* An IPC namespace of the case's own, which takes its objects with it. */
static void own_ipc(void)
{
	if (unshare(CLONE_NEWIPC))
		bc_skip("no IPC namespaces: %s", strerror(errno));
	bc_write_path("/proc/sys/kernel/shmmni", "32768");
	bc_write_path("/proc/sys/kernel/msgmni", "32000");
	bc_write_path("/proc/sys/kernel/sem", "32000 1024000000 500 32000");
}

static long make_shm(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (keep_id(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)))
			break;
	}
	return i;
}

static long drop_shm(long unused)
{
	(void)unused;
	while (nr_ids)
		shmctl(ids[--nr_ids], IPC_RMID, NULL);
	return 0;
}

/* The nodes of the trees that find @n objects by their ids, at most. */
static long long id_nodes(long n)
{
	return (n / 64 + 4) * bc_need_slab("radix_tree_node");
}

/* The structure of a segment has less than 512 bytes, and a file of tmpfs. */
static void cost_shm(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("filp") + bc_need_slab("dentry") +
		    bc_need_slab("shmem_inode_cache") + bc_kmalloc_size(192));
	*high = n * (bc_need_slab("filp") + bc_need_slab("dentry") +
		     bc_need_slab("shmem_inode_cache") + bc_kmalloc_size(512)) +
		id_nodes(n);
}

static void test_shm(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_shm,
		.drop = drop_shm,
		.cost = cost_shm,
		.count = 100,
		.errors = { ENOMEM, ENOSPC, ENFILE },
		.persists = true,
	};

	own_ipc();
	bc_object_test(g, &o);
}

/* Sets of 1000 semaphores, each with its values, a lock and two lists. */
#define SEMS 1000

static long make_sem(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (keep_id(semget(IPC_PRIVATE, SEMS, IPC_CREAT | 0600)))
			break;
	}
	return i;
}

static long drop_sem(long unused)
{
	(void)unused;
	while (nr_ids)
		semctl(ids[--nr_ids], 0, IPC_RMID);
	return 0;
}

/* 48 bytes at least; 128 with a debugged lock and cache lines of 64 bytes. */
static void cost_sem(long n, long long *low, long long *high)
{
	*low = n * SEMS * 48;
	*high = n * bc_kmalloc_size(SEMS * 192);
}

static void test_sem(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_sem,
		.drop = drop_sem,
		.cost = cost_sem,
		.count = 16,
		.errors = { ENOMEM, ENOSPC },
		.persists = true,
	};

	own_ipc();
	bc_object_test(g, &o);
}

/* SEM_UNDO on a set of 1000: an adjustment of two bytes for each. */
static long prepare_undo(long n)
{
	return make_sem(n) == n ? 0 : -1;
}

static long make_undo(long n)
{
	struct sembuf op = { .sem_num = 0, .sem_op = 1, .sem_flg = SEM_UNDO };
	long i;

	for (i = 0; i < n; i++) {
		if (semop(ids[i], &op, 1))
			break;
	}
	return i;
}

/* Removing the sets removes the adjustments, also those of zero. */
static long drop_undo(long unused)
{
	long i, n = nr_ids;

	(void)unused;
	drop_sem(0);
	for (i = 0; i < n; i++) {
		ids[i] = semget(IPC_PRIVATE, SEMS, IPC_CREAT | 0600);
		nr_ids++;
	}
	return 0;
}

static void cost_undo(long n, long long *low, long long *high)
{
	*low = n * bc_kmalloc_size(SEMS * 2);
	*high = n * bc_kmalloc_size(SEMS * 2 + 128) + bc_kmalloc_size(64);
}

static void test_undo(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_undo,
		.make = make_undo,
		.drop = drop_undo,
		.cost = cost_undo,
		.count = 16,
		.errors = { ENOMEM, ENOSPC },
		.persists = true,
		.end = drop_sem,
	};

	own_ipc();
	bc_object_test(g, &o);
}

/* Messages: of one object, or with segments of a page each. */
static long msg_size = 1000;
static int queue;

static long prepare_msg(long n)
{
	struct msqid_ds ds;

	(void)n;
	queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	if (queue < 0 || msgctl(queue, IPC_STAT, &ds))
		return -1;
	ds.msg_qbytes = 64 << 20;
	return msgctl(queue, IPC_SET, &ds);
}

static struct {
	long type;
	char text[8192];
} message = { 1, "" };

static long drop_msg_queue(long unused)
{
	(void)unused;
	return msgctl(queue, IPC_RMID, NULL);
}

static long make_msg(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (msgsnd(queue, &message, msg_size, IPC_NOWAIT))
			break;
	}
	return i;
}

static long drop_msg(long unused)
{
	(void)unused;
	while (msgrcv(queue, &message, sizeof(message.text), 0, IPC_NOWAIT) >=
	       0)
		;
	return 0;
}

/* struct msg_msg has 48 bytes. Each is an object of 1 KiB, or of 2 KiB with debug. */
static void cost_msg(long n, long long *low, long long *high)
{
	*low = n * 1000;
	*high = n * (bc_kmalloc_size(1048) + 512);
}

static void test_msg(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_msg,
		.make = make_msg,
		.drop = drop_msg,
		.cost = cost_msg,
		.count = 200,
		.errors = { ENOMEM },
		.persists = true,
		.end = drop_msg_queue,
	};

	own_ipc();
	bc_object_test(g, &o);
}

static void cost_long_msg(long n, long long *low, long long *high)
{
	*low = n * (8000 + 48);
	*high = n * 2 * bc_kmalloc_size(4096);
}

static void test_long_msg(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_msg,
		.make = make_msg,
		.drop = drop_msg,
		.cost = cost_long_msg,
		.count = 50,
		.errors = { ENOMEM },
		.persists = true,
		.end = drop_msg_queue,
	};

	msg_size = 8000;
	own_ipc();
	bc_object_test(g, &o);
}

static long make_queue(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (keep_id(msgget(IPC_PRIVATE, IPC_CREAT | 0600)))
			break;
	}
	return i;
}

static long drop_queue(long unused)
{
	(void)unused;
	while (nr_ids)
		msgctl(ids[--nr_ids], IPC_RMID, NULL);
	return 0;
}

static void cost_queue(long n, long long *low, long long *high)
{
	*low = n * bc_kmalloc_size(192);
	*high = n * bc_kmalloc_size(512) + id_nodes(n);
}

static void test_msg_queue(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_queue,
		.drop = drop_queue,
		.cost = cost_queue,
		.count = 200,
		.errors = { ENOMEM, ENOSPC },
		.persists = true,
	};

	own_ipc();
	bc_object_test(g, &o);
}

/* POSIX queues: an inode and a file. */
static long make_mqueue(long n)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 128 };
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/q%ld", nr_ids);
		if (bc_keep_fd(mq_open(name, O_CREAT | O_RDWR, 0600, &attr)))
			break;
		nr_ids++;
	}
	return i;
}

static long drop_mqueue(long unused)
{
	char name[32];

	bc_drop_kept(unused);
	while (nr_ids) {
		snprintf(name, sizeof(name), "/q%ld", --nr_ids);
		mq_unlink(name);
	}
	return 0;
}

static void cost_mqueue(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("filp") + bc_need_slab("dentry") +
		    bc_need_slab("mqueue_inode_cache"));
	*high = *low + n * bc_kmalloc_size(64);
}

static void test_mqueue(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_mqueue,
		.drop = drop_mqueue,
		.cost = cost_mqueue,
		.count = 100,
		.errors = { ENOMEM, ENFILE, ENOSPC },
		.persists = true,
	};

	own_ipc();
	bc_write_path("/proc/sys/fs/mqueue/queues_max", "10000");
	bc_object_test(g, &o);
}

/* Keys: struct key, its description and its payload, here 1000 bytes. */
static int key_ring;

static long prepare_key(long n)
{
	(void)n;
	key_ring = syscall(SYS_keyctl, 1 /* join */, NULL);
	return key_ring;
}

static long make_key(long n)
{
	static char payload[1000];
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "bc:%ld", i);
		if (syscall(SYS_add_key, "user", name, payload, sizeof(payload),
			    -3 /* session */) < 0)
			break;
	}
	return i;
}

static long drop_key(long unused)
{
	(void)unused;
	return syscall(SYS_keyctl, 7 /* clear */, -3);
}

static void cost_key(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("key_jar") + bc_kmalloc_size(1000));
	*high = n * (bc_need_slab("key_jar") + bc_kmalloc_size(1000 + 48) +
		     bc_kmalloc_size(32) + 2 * bc_kmalloc_size(256));
}

static void test_key(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_key,
		.make = make_key,
		.drop = drop_key,
		.cost = cost_key,
		.count = 100,
		.errors = { ENOMEM },
	};

	bc_write_path("/proc/sys/kernel/keys/gc_delay", "0");
	bc_object_test(g, &o);
}

static const struct bc_case cases[] = {
	{ "shm", test_shm },
	{ "sem", test_sem },
	{ "sem_undo", test_undo },
	{ "msg", test_msg },
	{ "msg_segments", test_long_msg },
	{ "msg_queue", test_msg_queue },
	{ "mqueue", test_mqueue },
	{ "key", test_key },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmarked objects of keys, POSIX queues and System V segments.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_marks.h"

/* Keys: a name and a payload each, and nodes of the ring that they are in. */
#define KEYCTL_JOIN 1
#define KEYCTL_CLEAR 7
#define KEYCTL_LINK 8
#define KEYCTL_RESTRICT 29
#define SESSION -3
#define NR_KEYS 160

static long ring, key_ids[NR_KEYS];

static long prepare_keys(long unused)
{
	(void)unused;
	return syscall(SYS_keyctl, KEYCTL_JOIN, NULL);
}

static long make_keys(long n)
{
	static char payload[100];
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "marks:%ld", i);
		key_ids[i] = syscall(SYS_add_key, "user", name, payload,
				     sizeof(payload), SESSION);
		if (key_ids[i] < 0)
			break;
	}
	return i;
}

static long drop_keys(long unused)
{
	(void)unused;
	return syscall(SYS_keyctl, KEYCTL_CLEAR, SESSION);
}

static void collect_keys(void)
{
	bc_write_path("/proc/sys/kernel/keys/gc_delay", "0");
}

static void test_key(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = collect_keys,
		.prepare = prepare_keys,
		.make = make_keys,
		.drop = drop_keys,
		.count = NR_KEYS,
		.unmarked = 2 * NR_KEYS,
		.caches = { "key_jar" },
	};

	bc_marks_test(g, &k);
}

static long prepare_links(long n)
{
	if (prepare_keys(n) < 0 || make_keys(n) != n)
		return -1;
	ring = syscall(SYS_add_key, "keyring", "links", NULL, 0, SESSION);
	return ring;
}

static long make_links(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (syscall(SYS_keyctl, KEYCTL_LINK, key_ids[i], ring))
			break;
	}
	return i;
}

static long drop_links(long unused)
{
	(void)unused;
	return syscall(SYS_keyctl, KEYCTL_CLEAR, ring);
}

static void test_key_links(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = collect_keys,
		.prepare = prepare_links,
		.make = make_links,
		.drop = drop_links,
		.count = NR_KEYS,
		.unmarked = NR_KEYS / 16,
	};

	bc_marks_test(g, &k);
}

static long make_restricted(long n)
{
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "ring:%ld", i);
		ring = syscall(SYS_add_key, "keyring", name, NULL, 0, SESSION);
		if (ring < 0 ||
		    syscall(SYS_keyctl, KEYCTL_RESTRICT, ring, NULL, NULL))
			break;
	}
	return i;
}

static void test_key_restricted(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = collect_keys,
		.prepare = prepare_keys,
		.make = make_restricted,
		.drop = drop_keys,
		.count = NR_KEYS,
		.unmarked = 2 * NR_KEYS,
		.caches = { "key_jar" },
	};

	bc_marks_test(g, &k);
}

/* Queues: one leaf for each priority, and one that a receiver allocates. */
static mqd_t queue;

static void own_ipc(void)
{
	if (unshare(CLONE_NEWIPC))
		bc_skip("no IPC namespaces: %s", strerror(errno));
	bc_write_path("/proc/sys/fs/mqueue/queues_max", "10000");
	bc_write_path("/proc/sys/fs/mqueue/msg_max", "1000");
	bc_write_path("/proc/sys/kernel/shmmni", "32768");
}

static mqd_t new_queue(long i)
{
	struct mq_attr attr = { .mq_maxmsg = 300, .mq_msgsize = 16 };
	char name[32];

	snprintf(name, sizeof(name), "/marks%ld", i);
	return mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);
}

static long prepare_queue(long unused)
{
	(void)unused;
	queue = new_queue(0);
	return queue;
}

static long make_priorities(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (mq_send(queue, "x", 1, i))
			break;
	}
	return i;
}

static long drop_priorities(long unused)
{
	char text[16];

	(void)unused;
	while (mq_receive(queue, text, sizeof(text), NULL) >= 0)
		;
	return 0;
}

static long end_queue(long unused)
{
	(void)unused;
	return mq_unlink("/marks0");
}

static void test_mqueue_send(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = own_ipc,
		.prepare = prepare_queue,
		.make = make_priorities,
		.drop = drop_priorities,
		.end = end_queue,
		.count = 250,
		.unmarked = 249,
	};

	bc_marks_test(g, &k);
}

static long make_receivers(long n)
{
	char text[16];
	long i;

	for (i = 0; i < n; i++) {
		queue = new_queue(i);
		if (bc_keep_fd(queue) ||
		    mq_receive(queue, text, sizeof(text), NULL) >= 0 ||
		    errno != EAGAIN)
			break;
	}
	return i;
}

static long drop_receivers(long unused)
{
	char name[32];
	long i;

	for (i = 0; i < bc_kept_count(); i++) {
		snprintf(name, sizeof(name), "/marks%ld", i);
		mq_unlink(name);
	}
	return bc_drop_kept(unused);
}

static void test_mqueue_receive(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = own_ipc,
		.make = make_receivers,
		.drop = drop_receivers,
		.count = 50,
		.unmarked = 50,
		.caches = { "mqueue_inode_cache" },
	};

	bc_marks_test(g, &k);
}

static int segment;
static void *attached[300];
static long nr_attached;

static long prepare_attach(long unused)
{
	(void)unused;
	segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	return segment;
}

static long make_attach(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		attached[nr_attached] = shmat(segment, NULL, 0);
		if (attached[nr_attached] == (void *)-1)
			break;
		nr_attached++;
	}
	return i;
}

static long drop_attach(long unused)
{
	(void)unused;
	while (nr_attached)
		shmdt(attached[--nr_attached]);
	return 0;
}

static long end_attach(long unused)
{
	(void)unused;
	return shmctl(segment, IPC_RMID, NULL);
}

static void test_shm_attach(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = own_ipc,
		.prepare = prepare_attach,
		.make = make_attach,
		.drop = drop_attach,
		.end = end_attach,
		.count = 200,
		.unmarked = 200,
		.caches = { "filp", "vm_area_struct" },
	};

	bc_marks_test(g, &k);
}

static const struct bc_case cases[] = {
	{ "key", test_key },
	{ "key_links", test_key_links },
	{ "key_restricted", test_key_restricted },
	{ "mqueue_send", test_mqueue_send },
	{ "mqueue_receive", test_mqueue_receive },
	{ "shm_attach", test_shm_attach },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

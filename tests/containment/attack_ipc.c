// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with System V and POSIX IPC, and with keys.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

static long sem_sets(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		if (semget(IPC_PRIVATE, 32000, IPC_CREAT | 0600) < 0)
			break;
	}
	return i;
}

static long sem_undos(long max)
{
	struct sembuf op = { .sem_op = 1, .sem_flg = SEM_UNDO };
	long i;
	int id;

	for (i = 0; more(i, max); i++) {
		id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
		if (id < 0 || semop(id, &op, 1))
			break;
	}
	return i;
}

static long messages(long max)
{
	static struct {
		long type;
		char text[60000];
	} m = { 1, "" };
	int id = -1;
	long i;

	for (i = 0; more(i, max); i++) {
		if (i % 100 == 0)
			id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
		if (id < 0 || msgsnd(id, &m, sizeof(m.text), IPC_NOWAIT))
			break;
	}
	return i;
}

static long empty_messages(long max)
{
	struct {
		long type;
		char text[1];
	} m = { 1, "" };
	int id = -1;
	long i;

	for (i = 0; more(i, max); i++) {
		if (i % 10000 == 0)
			id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
		if (id < 0 || msgsnd(id, &m, 0, IPC_NOWAIT))
			break;
	}
	return i;
}

static long segments(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		if (shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) < 0)
			break;
	}
	return i;
}

static long segment_attaches(long max)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	long i;

	for (i = 0; more(i, max); i++) {
		if (shmat(id, NULL, 0) == (void *)-1)
			break;
	}
	return i;
}

static long posix_queues(long max)
{
	struct mq_attr attr = { .mq_maxmsg = 100, .mq_msgsize = 16384 };
	static char text[16384];
	char name[32];
	long i;
	int k;

	for (i = 0; more(i, max); i++) {
		mqd_t q;

		snprintf(name, sizeof(name), "/q%ld", i);
		q = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);
		if (q == (mqd_t)-1)
			return i ? i : -1;
		for (k = 0; k < 100; k++) {
			if (mq_send(q, text, sizeof(text), k * 300))
				return i;
		}
	}
	return i;
}

/* Keys with a payload and a name each, in keyrings of 1000. */
static long keys(long max)
{
	static char payload[4000];
	long i, ring = -3;
	char name[64];

	syscall(SYS_keyctl, 1 /* join */, NULL);
	for (i = 0; more(i, max); i++) {
		if (i % 1000 == 0) {
			snprintf(name, sizeof(name), "ring%ld", i);
			ring = syscall(SYS_add_key, "keyring", name, NULL, 0,
				       -3);
		}
		snprintf(name, sizeof(name), "key%ld", i);
		if (ring < 0 || syscall(SYS_add_key, "user", name, payload,
					sizeof(payload), ring) < 0)
			return i ? i : -1;
	}
	return i;
}

/* The keys that all keyrings have: with so many a tree has the most nodes for each. */
#define MEMBERS 40

/* What keyctl() does. */
enum { JOIN = 1, SET_RIGHTS = 5, CLEAR = 7, LINK = 8, INVALIDATE = 21 };
#define ALL_RIGHTS 0x3f3f0000
#define SESSION (-3)

static long keyctl(int what, long a, long b)
{
	return syscall(SYS_keyctl, what, a, b);
}

static int nothing(void)
{
	return 0;
}

/*
 * Make a keyring that a child has as its session: or -1. To use a key, a task searches
 * all its own keyrings first, which are better kept small.
 */
static long others_keyring(void)
{
	long ring = keyctl(JOIN, 0, 0);

	if (ring < 0 || keyctl(SET_RIGHTS, ring, ALL_RIGHTS) ||
	    sit(nothing) < 0 || keyctl(JOIN, 0, 0) < 0)
		return -1;
	return ring;
}

/* Make the keys, to be found in a keyring. */
static bool make_members(long *member, long ring)
{
	char name[32];
	int k;

	for (k = 0; k < MEMBERS; k++) {
		snprintf(name, sizeof(name), "member%d", k);
		member[k] = syscall(SYS_add_key, "user", name, "x", 1, SESSION);
		if (member[k] < 0 ||
		    keyctl(SET_RIGHTS, member[k], ALL_RIGHTS) ||
		    keyctl(LINK, member[k], ring))
			return false;
	}
	return !keyctl(CLEAR, SESSION, 0);
}

/* Make a keyring with all keys, to be found in another one. */
static bool make_ring(long i, const long *member, long all)
{
	char name[32];
	long ring;
	int k;

	snprintf(name, sizeof(name), "ring%ld", i);
	ring = syscall(SYS_add_key, "keyring", name, NULL, 0, SESSION);
	if (ring < 0 || keyctl(LINK, ring, all))
		return false;
	for (k = 0; k < MEMBERS; k++) {
		if (keyctl(LINK, member[k], ring))
			return false;
	}
	return i % 16 || !keyctl(CLEAR, SESSION, 0);
}

/* Make keyrings that all have the same keys, one of which is then removed. */
static long keyring_copies(long max)
{
	long all = others_keyring(), member[MEMBERS], i;
	int error;

	if (all < 0 || !make_members(member, all))
		return -1;
	for (i = 0; more(16 * i, 16 * max); i++) {
		if (!make_ring(i, member, all))
			break;
	}
	error = errno;
	/* A kernel thread copies each keyring without it. */
	keyctl(INVALIDATE, member[0], 0);
	sleep(2);
	errno = error;
	return i;
}

const struct attack ipc_attacks[] = {
	{ "sem_sets", own_ipc, sem_sets, 50, .piles = "System V semaphores",
	  .charged = "sets" },
	{ "sem_undos", own_ipc, sem_undos, 30000, .piles = "undo lists",
	  .charged = "lists" },
	{ "messages", own_ipc, messages, 2000, .piles = "System V messages",
	  .charged = "messages" },
	{ "empty_messages", own_ipc, empty_messages, 500000,
	  .piles = "messages without content", .charged = "messages" },
	{ "segments", own_ipc, segments, 30000, .piles = "System V segments",
	  .charged = "segments, files, inodes" },
	{ "segment_attaches", own_ipc, segment_attaches, 200000,
	  .piles = "attachments of one segment", .charged = "areas, unmarked" },
	{ "posix_queues", own_ipc, posix_queues, 100,
	  .piles = "POSIX message queues, filled",
	  .charged = "messages, unmarked" },
	{ "keys", NULL, keys, 12000, .piles = "keys with content",
	  .charged = "unmarked" },
	{ "keyring_copies", NULL, keyring_copies, 20000,
	  .piles = "keyrings, which a kernel thread copies when a key has gone",
	  .charged = "unmarked" },
};

const size_t nr_ipc_attacks = sizeof(ipc_attacks) / sizeof(ipc_attacks[0]);

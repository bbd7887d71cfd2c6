// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects in unusual slabs: smaller ones, where memory is free only in single
 * pages, and those of kfence. Their payers are found in another way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <unistd.h>

#include "bc_object.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define STEP BC_MIB
#define LEAVE_KB (24 << 10) /* of memory that is in one piece */
#define PIECES 160 /* steps of which each second page is free */
#define MESSAGES 24000 /* far more than fit into what is in one piece */
#define SIZE 1900 /* with its head an object of 2 KiB */

static long long memory_kb(const char *key)
{
	char buf[8192], *at;

	if (bc_slurp_path("/proc/meminfo", buf, sizeof(buf)) <= 0)
		return -1;
	at = strstr(buf, key);
	return at ? atoll(at + strlen(key)) : -1;
}

/* Takes all free memory, and gives back every second page of a part of it. */
static void break_up(void)
{
	long page = bc_page_size(), i;
	char *at, *first[PIECES];

	if (memory_kb("MemTotal:") > 4LL << 20)
		bc_skip("too much memory to take it all");
	bc_write_path("/proc/sys/vm/overcommit_memory", "1");
	for (i = 0; memory_kb("MemFree:") > LEAVE_KB; i++) {
		at = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			bc_skip("cannot take all memory: %s", strerror(errno));
		madvise(at, STEP, MADV_NOHUGEPAGE);
		if (madvise(at, STEP, MADV_POPULATE_WRITE))
			memset(at, 1, STEP);
		if (i < PIECES)
			first[i] = at;
	}
	if (i < PIECES)
		bc_skip("not enough memory");
	for (i = 0; i < PIECES; i++) {
		for (at = first[i]; at < first[i] + STEP; at += 2 * page)
			madvise(at, page, MADV_DONTNEED);
	}
}

static int queue;

static long prepare(long unused)
{
	struct msqid_ds ds;

	(void)unused;
	queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	if (queue < 0 || msgctl(queue, IPC_STAT, &ds))
		return -1;
	ds.msg_qbytes = 1 << 30;
	return msgctl(queue, IPC_SET, &ds);
}

static struct {
	long type;
	char text[SIZE];
} message = { 1, "" };

static long make(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (msgsnd(queue, &message, SIZE, IPC_NOWAIT))
			break;
	}
	return i;
}

static long drop(long unused)
{
	(void)unused;
	while (msgrcv(queue, &message, SIZE, 0, IPC_NOWAIT) >= 0)
		;
	return 0;
}

static long end(long unused)
{
	(void)unused;
	return msgctl(queue, IPC_RMID, NULL);
}

static long long cache(const char *what)
{
	char path[96], buf[64];

	snprintf(path, sizeof(path), "/sys/kernel/slab/kmalloc-cg-2k/%s", what);
	return bc_slurp_path(path, buf, sizeof(buf)) > 0 ? atoll(buf) : 0;
}

static void small_slabs(struct bc_group *g)
{
	long long base, cost = bc_kmalloc_size(SIZE);
	struct bc_worker w;

	if (bc_config("KASAN") > 0)
		bc_skip("KASAN needs memory of its own");
	if (!cache("objs_per_slab"))
		bc_skip("no cache of messages");
	if (unshare(CLONE_NEWIPC))
		bc_skip("no IPC namespaces: %s", strerror(errno));
	bc_worker_start(&w, g);
	if (bc_call(&w, prepare, 0))
		bc_skip("cannot prepare: %s", strerror(w.error));
	bc_eq(bc_call(&w, make, 100), 100);
	bc_call(&w, drop, 0);
	break_up();
	base = bc_rest(g);
	bc_eq(bc_call(&w, make, MESSAGES), MESSAGES);
	bc_note("%lld slabs of %lld objects, usually %lld a slab",
		cache("slabs"), cache("total_objects"), cache("objs_per_slab"));
	if (cache("total_objects") >
	    cache("slabs") * (cache("objs_per_slab") - 1))
		bc_skip("memory is not in pieces");
	bc_eq(bc_held(g) - base, MESSAGES * cost);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_call(&w, drop, 0);
	bc_held_is(g, base);
	bc_call(&w, end, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* As many objects as kfence will take, one each millisecond. */
#define KFENCE "/sys/module/kfence/parameters/sample_interval"
#define FILES 100

static long churn(long ms)
{
	long long stop = bc_now_ms() + ms;
	long i;

	do {
		bc_drop_kept(0);
		for (i = 0; i < FILES; i++) {
			if (bc_keep_fd(eventfd(0, 0)))
				return -1;
		}
	} while (bc_now_ms() < stop);
	return 0;
}

static void guarded(struct bc_group *g)
{
	char was[32];
	struct bc_worker w;
	long long base, files;

	if (bc_slurp_path(KFENCE, was, sizeof(was)) <= 0)
		bc_skip("no kfence");
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, churn, 0), 0);
	files = bc_rest(g);
	bc_call(&w, bc_drop_kept, 0);
	base = bc_rest(g);
	files -= base;
	bc_true(files > 0);
	bc_write_path(KFENCE, "1");
	bc_eq(bc_call(&w, churn, 5000), 0);
	bc_write_path(KFENCE, was);
	/* They cost what they cost without guards. */
	bc_eq(bc_rest(g) - base, files);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(g, base);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "small_slabs", small_slabs },
	{ "kfence", guarded },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

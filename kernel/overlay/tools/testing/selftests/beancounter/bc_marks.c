// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts unmarked objects: see bc_marks.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bc_marks.h"

struct unmarked {
	long objects;
	long long bytes;
};

/* Counts the objects that kmalloc() has made for the group without a mark. */
static void count_unmarked(const struct bc_group *g, struct unmarked *u)
{
	char path[320], line[160], cache[64];
	long long bytes;
	long objects;
	FILE *f;

	u->objects = 0;
	u->bytes = 0;
	snprintf(path, sizeof(path), "%s/bc.what", g->path);
	f = fopen(path, "r");
	if (!f)
		bc_skip("no bc.what: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "slab kmalloc-%63s objects=%ld bytes=%lld",
			   cache, &objects, &bytes) != 3 ||
		    !strncmp(cache, "cg-", 3))
			continue;
		u->objects += objects;
		u->bytes += bytes;
	}
	fclose(f);
}

static long long all_caches(const struct bc_kind *k)
{
	long long sum = 0;
	size_t i;

	for (i = 0; i < BC_COUNT(k->caches) && k->caches[i]; i++)
		sum += bc_need_slab(k->caches[i]);
	return sum * k->count + (k->also ? k->also() : 0);
}

void bc_marks_test(struct bc_group *g, const struct bc_kind *k)
{
	long long base, rise, bytes, low = all_caches(k);
	struct unmarked before, after;
	struct bc_worker w;
	long unmarked;

	if (k->before)
		k->before();
	bc_worker_start(&w, g);
	if (k->prepare && bc_call(&w, k->prepare, k->count) < 0)
		bc_skip("cannot prepare: %s", strerror(w.error));
	if (k->drop) {
		if (bc_call(&w, k->make, k->count) != k->count)
			bc_skip("cannot make them: %s", strerror(w.error));
		bc_call(&w, k->drop, 0);
	}
	base = bc_rest(g);
	count_unmarked(g, &before);
	if (bc_call(&w, k->make, k->count) != k->count)
		bc_skip("cannot make them: %s", strerror(w.error));
	rise = bc_held(g) - base;
	count_unmarked(g, &after);
	unmarked = after.objects - before.objects;
	bytes = after.bytes - before.bytes;
	bc_note("%ld made, %lld held; %ld unmarked objects, %lld bytes",
		k->count, rise, unmarked, bytes);
	/* One or two may have been given back. */
	bc_range(unmarked, k->unmarked - 3, LONG_MAX);
	bc_range(rise, low + bytes - 1024, LLONG_MAX);
	if (k->drop) {
		bc_call(&w, k->drop, 0);
		bc_held_is(g, base);
	}
	if (k->end)
		bc_call(&w, k->end, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static sem_t thread_go, thread_done;
static bc_job thread_job;
static int thread_error;

static void *thread_run(void *arg)
{
	while (sem_wait(&thread_go))
		;
	if (thread_job((long)arg) < 0)
		thread_error = errno;
	sem_post(&thread_done);
	for (;;)
		pause();
	return NULL;
}

long bc_threads_start(long n)
{
	pthread_t t;
	long i;

	sem_init(&thread_go, 0, 0);
	sem_init(&thread_done, 0, 0);
	for (i = 0; i < n; i++) {
		if (pthread_create(&t, NULL, thread_run, (void *)i))
			return -1;
	}
	bc_pause_ms(100);
	return 0;
}

long bc_threads_run(long n, bc_job job)
{
	long i;

	thread_job = job;
	for (i = 0; i < n; i++)
		sem_post(&thread_go);
	for (i = 0; i < n; i++)
		while (sem_wait(&thread_done))
			;
	errno = thread_error;
	return errno ? 0 : n;
}

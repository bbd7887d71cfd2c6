// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what is marked: see bc_marks.h.
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

static const char *const sizes[] = { "8",   "16",  "32",  "64",	 "96",
				     "128", "192", "256", "512", "1k",
				     "2k",  "4k",  "8k" };

struct marked {
	long objects[BC_COUNT(sizes)];
};

/*
 * What lies ready in a CPU's slab counts as an object until the cache is shrunk.
 * The files stay open: to open one makes marked objects.
 */
static void count_marked(struct marked *m)
{
	static int files[BC_COUNT(sizes)][2];
	char path[96], buf[64];
	size_t i;
	ssize_t n;

	for (i = 0; i < BC_COUNT(sizes) && !files[i][0]; i++) {
		snprintf(path, sizeof(path),
			 "/sys/kernel/slab/kmalloc-bc-%s/shrink", sizes[i]);
		files[i][0] = open(path, O_WRONLY);
		snprintf(path, sizeof(path),
			 "/sys/kernel/slab/kmalloc-bc-%s/objects", sizes[i]);
		files[i][1] = open(path, O_RDONLY);
	}
	for (i = 0; i < BC_COUNT(sizes); i++) {
		if (write(files[i][0], "1", 1) != 1)
			bc_note("cannot shrink kmalloc-bc-%s", sizes[i]);
		n = pread(files[i][1], buf, sizeof(buf) - 1, 0);
		buf[n < 0 ? 0 : n] = '\0';
		m->objects[i] = strtol(buf, NULL, 10);
	}
}

static long more_marked(const struct marked *before, long long *bytes)
{
	struct marked now;
	char cache[32];
	long sum = 0, n;
	size_t i;

	count_marked(&now);
	*bytes = 0;
	for (i = 0; i < BC_COUNT(sizes); i++) {
		snprintf(cache, sizeof(cache), "kmalloc-bc-%s", sizes[i]);
		n = now.objects[i] - before->objects[i];
		sum += n;
		*bytes += n * bc_slab_size(cache);
	}
	return sum;
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
	struct marked before;
	struct bc_worker w;
	long marked;

	if (k->marked && !bc_slab_size("kmalloc-bc-64"))
		bc_skip("no caches of marked objects");
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
	count_marked(&before);
	if (bc_call(&w, k->make, k->count) != k->count)
		bc_skip("cannot make them: %s", strerror(w.error));
	rise = bc_held(g) - base;
	marked = more_marked(&before, &bytes);
	bc_note("%ld hold %lld; %ld marked objects, %lld", k->count, rise,
		marked, bytes);
	/* Somebody else may have made one or two, or given them back. */
	bc_range(marked, k->marked - 3, LONG_MAX);
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

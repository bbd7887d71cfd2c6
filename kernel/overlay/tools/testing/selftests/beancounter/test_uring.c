// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: its requests are slab objects that are allocated in bulk, eight at
 * a time, all of them or none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_object.h"
#include "bc_uring.h"

#define ENTRIES 1024
#define BATCH 8

static struct bc_uring ring;
static int event_fd;

static long open_ring(long unused)
{
	(void)unused;
	event_fd = eventfd(0, 0);
	return bc_uring_open(&ring, ENTRIES);
}

/* Polls for events that will never come: each is a request until the ring is closed. */
static long submit(long n)
{
	long done = 0, i;

	for (i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = bc_uring_add(&ring);

		sqe->opcode = IORING_OP_POLL_ADD;
		sqe->fd = event_fd;
		sqe->poll32_events = POLLIN;
	}
	while (done < n) {
		long ret = bc_uring_submit(&ring, n - done);

		if (ret < 0) {
			bc_uring_take_back(&ring, n - done);
			return done ? done : -1;
		}
		done += ret;
	}
	return done;
}

static long close_ring(long unused)
{
	(void)unused;
	bc_uring_close(&ring);
	return close(event_fd);
}

static void test_bulk(struct bc_group *g)
{
	long long base, start, req = bc_need_slab("io_kiocb");
	struct bc_worker w;
	long n;

	bc_worker_start(&w, g);
	if (bc_call(&w, open_ring, 0) < 0)
		bc_skip("no io_uring: %s", strerror(w.error));
	bc_call(&w, submit, 8);
	bc_call(&w, close_ring, 0);
	start = bc_rest(g);
	bc_eq(bc_call(&w, open_ring, 0), 0);
	bc_eq(bc_call(&w, submit, BATCH), BATCH);
	base = bc_rest(g);
	bc_eq(bc_call(&w, submit, 64 * BATCH), 64 * BATCH);
	bc_range(bc_held(g) - base, 64 * BATCH * req, 65 * BATCH * req);

	/* Room for ten, eight of them in a batch and the rest one by one. */
	bc_set_barrier(g, bc_held(g) + 10 * req);
	n = bc_call(&w, submit, 64);
	bc_range(n, 10, 10 + BATCH);
	bc_true(bc_failcnt(g) > 0);
	bc_true(bc_held(g) <= bc_read_key(g, "bc.barrier", BC_KMEM));
	n = bc_call(&w, submit, 8);
	bc_eq(n, -1);
	bc_true(w.error == EAGAIN || w.error == ENOMEM);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&w, submit, 8), 8);
	bc_call(&w, close_ring, 0);
	bc_held_is(g, start);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/*
 * The rings are pages: 64 bytes for each request, 16 for each completion, of
 * which there are twice as many.
 */
static void test_rings(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	if (bc_call(&w, open_ring, 0) < 0)
		bc_skip("no io_uring: %s", strerror(w.error));
	bc_call(&w, close_ring, 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, open_ring, 0), 0);
	bc_range(bc_held(g) - base, ENTRIES * (64 + 32),
		 ENTRIES * (64 + 32) + 128 * BC_KIB);
	bc_call(&w, close_ring, 0);
	bc_held_is(g, base);
	bc_set_barrier(g, base + 64 * BC_KIB);
	bc_eq(bc_call(&w, open_ring, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

#define BUFFERS 64

/* Makes one page again and again a ring of buffers of its own, or undoes that. */
static long do_buffers(long n, unsigned int what)
{
	static char page[4096] __attribute__((aligned(4096)));
	long i;

	for (i = 0; i < n; i++) {
		if (bc_uring_buffers(&ring, what, i, page, 1))
			break;
	}
	return i;
}

static long add_buffers(long n)
{
	return do_buffers(n, IORING_REGISTER_PBUF_RING);
}

static long remove_buffers(long n)
{
	return do_buffers(n, IORING_UNREGISTER_PBUF_RING);
}

/* The list and the array of each, and what the kernel keeps for its mapping. */
static long long buffer_size(void)
{
	/* A list of buffers with its pin, which kernels for tests keep in a list. */
	long list = 40 + 24 + (bc_config("BEANCOUNTERS_DEBUG") > 0 ? 16 : 0);

	return bc_kmalloc_size(list) + bc_kmalloc_size(8) +
	       bc_kmalloc_size(72) + bc_slab_size("vmap_area");
}

/* Starts a worker with a ring. Returns what it holds. */
static long long start_buffers(struct bc_group *g, struct bc_worker *w)
{
	bc_worker_start(w, g);
	if (bc_call(w, open_ring, 0) < 0)
		bc_skip("no io_uring: %s", strerror(w->error));
	bc_eq(bc_call(w, add_buffers, 8), 8);
	bc_eq(bc_call(w, remove_buffers, 8), 8);
	return bc_rest(g);
}

static void end_buffers(struct bc_group *g, struct bc_worker *w)
{
	bc_call(w, close_ring, 0);
	bc_worker_stop(w);
	bc_held_is(g, 0);
}

/* How many mappings the kernel has, without those that are only purged later. */
static int mappings(void)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	char line[512];
	int n = 0;

	bc_true(f);
	while (fgets(line, sizeof(line), f))
		n += !strstr(line, "unpurged");
	fclose(f);
	return n;
}

static void test_buffer_rings(struct bc_group *g)
{
	long long base, room, each = buffer_size();
	struct bc_worker w;
	int before;

	base = start_buffers(g, &w);
	bc_eq(bc_call(&w, add_buffers, BUFFERS), BUFFERS);
	bc_range(bc_held(g) - base, BUFFERS * each,
		 BUFFERS * each + 8 * BC_KIB);
	bc_eq(bc_call(&w, remove_buffers, BUFFERS), BUFFERS);
	bc_held_is(g, base);

	/* Whichever part is refused, the others are given back and unmapped. */
	before = mappings();
	for (room = 0; room < each; room += 8) {
		bc_set_limit(g, base + room);
		bc_eq(bc_call(&w, add_buffers, 1), 0);
		bc_eq(w.error, ENOMEM);
		bc_held_is(g, base);
	}
	bc_range(mappings(), before - 4, before + 4);
	bc_set_limit(g, base + each);
	bc_eq(bc_call(&w, add_buffers, 1), 1);
	bc_set_limit(g, BC_MAX);
	end_buffers(g, &w);
}

/* Unused caches make room for every part. */
static void test_buffer_rings_reclaim(struct bc_group *g)
{
	long long base, held, room, each = buffer_size();
	struct bc_worker w;

	start_buffers(g, &w);
	for (room = 0; room < each; room += 8) {
		/* bc_rest() drops caches, too. */
		base = bc_rest(g);
		bc_eq(bc_call(&w, bc_look_up, 200), 200);
		held = bc_held(g);
		bc_true(held > base);
		bc_set_barrier(g, held + room);
		bc_eq(bc_call(&w, add_buffers, 1), 1);
		bc_set_barrier(g, BC_MAX);
		bc_eq(bc_call(&w, remove_buffers, 1), 1);
	}
	end_buffers(g, &w);
}

static const struct bc_case cases[] = {
	{ "bulk_requests", test_bulk },
	{ "rings", test_rings },
	{ "buffer_rings", test_buffer_rings },
	{ "buffer_rings_reclaim", test_buffer_rings_reclaim },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

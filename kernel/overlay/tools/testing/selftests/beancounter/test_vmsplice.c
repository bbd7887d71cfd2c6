// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of user space that only a pipe has are locked memory of the group that
 * put them there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_jobs.h"

#define LOCKED "lockedpages"

static int pipe_a[2], pipe_b[2];

static long make_pipes(long unused)
{
	(void)unused;
	return pipe(pipe_a) || pipe(pipe_b) ? -1 : 0;
}

/* How many pages are in the pipe when nothing maps them any longer. */
static long splice_in(long pages)
{
	size_t len = pages * bc_page_size();
	struct iovec iov = { .iov_len = len };
	ssize_t n;

	iov.iov_base = mmap(NULL, len, BC_RW, BC_ANON, -1, 0);
	if (iov.iov_base == MAP_FAILED)
		return -1;
	memset(iov.iov_base, 1, len);
	n = vmsplice(pipe_a[1], &iov, 1, SPLICE_F_NONBLOCK);
	munmap(iov.iov_base, len);
	return n < 0 ? n : n / bc_page_size();
}

static long tee_all(long pages)
{
	ssize_t n = tee(pipe_a[0], pipe_b[1], pages * bc_page_size(),
			SPLICE_F_NONBLOCK);

	return n < 0 ? n : n / bc_page_size();
}

static long move_all(long pages)
{
	ssize_t n = splice(pipe_a[0], NULL, pipe_b[1], NULL,
			   pages * bc_page_size(), SPLICE_F_NONBLOCK);

	return n < 0 ? n : n / bc_page_size();
}

static long read_from(int fd)
{
	static char buf[65536];
	long sum = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sum += n;
	return sum / bc_page_size();
}

static long drain_a(long unused)
{
	(void)unused;
	return read_from(pipe_a[0]);
}

static long drain_b(long unused)
{
	(void)unused;
	return read_from(pipe_b[0]);
}

static void start(struct bc_worker *w, struct bc_group *g)
{
	bc_worker_start(w, g);
	bc_eq(bc_call(w, make_pipes, 0), 0);
	bc_eq(bc_held_of(g, LOCKED), 0);
}

static void test_held(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g);
	bc_eq(bc_call(&w, splice_in, 8), 8);
	bc_eq(bc_held_of(g, LOCKED), 8);
	bc_eq(bc_call(&w, drain_a, 0), 8);
	bc_settles(g, LOCKED, 0);

	bc_eq(bc_call(&w, splice_in, 8), 8);
	bc_worker_stop(&w);
	bc_settles(g, LOCKED, 0);
	bc_held_is(g, 0);
}

/* A copy shares the pages; a move takes them along. */
static void test_tee_and_splice(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g);
	bc_eq(bc_call(&w, splice_in, 6), 6);
	bc_eq(bc_call(&w, tee_all, 6), 6);
	bc_eq(bc_held_of(g, LOCKED), 6);
	bc_eq(bc_call(&w, drain_a, 0), 6);
	bc_eq(bc_held_of(g, LOCKED), 6);
	bc_eq(bc_call(&w, drain_b, 0), 6);
	bc_settles(g, LOCKED, 0);

	bc_eq(bc_call(&w, splice_in, 6), 6);
	bc_eq(bc_call(&w, move_all, 6), 6);
	bc_eq(bc_held_of(g, LOCKED), 6);
	bc_eq(bc_call(&w, drain_b, 0), 6);
	bc_settles(g, LOCKED, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static void test_refused(struct bc_group *g)
{
	struct bc_worker w;

	start(&w, g);
	bc_eq(bc_set_key(g, "bc.barrier", LOCKED, 4), 0);
	bc_eq(bc_call(&w, splice_in, 8), 4);
	bc_eq(bc_held_of(g, LOCKED), 4);
	bc_eq(bc_call(&w, splice_in, 1), -1);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_read_key(g, "bc.failcnt", LOCKED) > 0);
	bc_eq(bc_call(&w, drain_a, 0), 4);
	bc_settles(g, LOCKED, 0);
	bc_eq(bc_call(&w, splice_in, 4), 4);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "held", test_held },
	{ "tee_and_splice", test_tee_and_splice },
	{ "refused", test_refused },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

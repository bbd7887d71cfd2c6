// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of files and sockets that only a pipe has are kmemsize of the group that put
 * them there. A refusal loses nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"
#include "bc_sockbuf.h"

#define PIECE (16 * 4096L)
/* What a pin and the rest of a slab take beside the pages. */
#define REST 8192

static int file = -1, pipes[2], copy[2];
static char text[PIECE];

static long open_file(long unused)
{
	(void)unused;
	memset(text, 'f', sizeof(text));
	file = memfd_create("pages", 0);
	return file < 0 || pipe2(pipes, O_NONBLOCK) ||
	       pipe2(copy, O_NONBLOCK) || write(file, text, PIECE) != PIECE ||
	       lseek(file, 0, SEEK_SET);
}

static long take(long fd)
{
	return splice(fd < 0 ? file : fd, NULL, pipes[1], NULL, PIECE,
		      SPLICE_F_NONBLOCK);
}

static long copy_all(long unused)
{
	(void)unused;
	return tee(pipes[0], copy[1], PIECE, 0);
}

static long drain_pipe(long which)
{
	return read((which ? copy : pipes)[0], text, PIECE);
}

static long position(long unused)
{
	(void)unused;
	return lseek(file, 0, SEEK_CUR);
}

static long queued(long fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

/* Whatever is in the pipe: an error of a read from an empty one. */
static void check_pipe_empty(struct bc_worker *w)
{
	bc_eq(bc_call(w, drain_pipe, 0), -1);
	bc_eq(w->error, EAGAIN);
}

/* One charge for the pages, for as long as one of two pipes has them. */
static void held(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_file, 0), 0);
	bc_call(&w, position, 0);
	before = bc_held(g);
	bc_eq(bc_call(&w, take, -1), PIECE);
	bc_range(bc_held(g) - before, PIECE, PIECE + REST);
	bc_eq(bc_call(&w, copy_all, 0), PIECE);
	bc_range(bc_held(g) - before, PIECE, PIECE + REST);
	bc_eq(bc_call(&w, drain_pipe, 0), PIECE);
	bc_range(bc_held(g) - before, PIECE, PIECE + REST);
	bc_eq(bc_call(&w, drain_pipe, 1), PIECE);
	bc_range(bc_held(g) - before, 0, REST);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Without room for all pages fewer are taken, and that is no refusal. */
static void file_partly(struct bc_group *g)
{
	struct bc_worker w;
	long n;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_file, 0), 0);
	bc_set_barrier(g, bc_rest(g) + PIECE / 2);
	n = bc_call(&w, take, -1);
	bc_range(n, 4096, PIECE / 2);
	bc_eq(bc_call(&w, position, 0), n);
	bc_eq(bc_failcnt(g), 0);
	bc_eq(bc_call(&w, drain_pipe, 0), n);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The offset of the file stays, and the pipe is empty. */
static void file_refused(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_file, 0), 0);
	bc_set_barrier(g, bc_rest(g) + 2048);
	bc_eq(bc_call(&w, take, -1), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_call(&w, position, 0), 0);
	check_pipe_empty(&w);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&w, take, -1), PIECE);
	bc_eq(bc_call(&w, position, 0), PIECE);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Outside the group: send pages that nothing else has any more. */
static void send_pages(int out)
{
	off_t from = 0;

	bc_eq(open_file(0), 0);
	bc_eq(sendfile(out, file, &from, PIECE), PIECE);
	bc_sys(ftruncate(file, 0));
}

/* A worker with pipes and a connection: the descriptor here, and the one there. */
static int connect_worker(struct bc_worker *w, struct bc_group *g, long *there)
{
	bc_own_net();
	bc_worker_start(w, g);
	bc_eq(bc_call(w, open_file, 0), 0);
	return buf_connect_here(w, there);
}

static void disconnect(struct bc_worker *w, struct bc_group *g, int here)
{
	bc_reset_on_close(here);
	close(here);
	bc_worker_stop(w);
	bc_held_is(g, 0);
}

/* Pages that somebody outside has sent: the group pays that takes them. */
static void socket_held(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	long there, n;
	int here;

	here = connect_worker(&w, g, &there);
	send_pages(here);
	before = bc_held(g);
	n = bc_call(&w, take, there);
	bc_range(n, PIECE / 2, PIECE);
	/* The packets are no longer charged as such. */
	bc_range(bc_held(g), n, before + REST);
	bc_eq(bc_call(&w, drain_pipe, 0), n);
	bc_range(bc_held(g), 0, before - n + REST);
	disconnect(&w, g, here);
}

/* What is refused at the limit stays in the socket. */
static void socket_refused(struct bc_group *g)
{
	struct bc_worker w;
	long there;
	int here;

	here = connect_worker(&w, g, &there);
	send_pages(here);
	bc_set_limit(g, bc_rest(g) + 2048);
	bc_set_barrier(g, 1);
	bc_eq(bc_call(&w, take, there), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_call(&w, queued, there), 1);
	check_pipe_empty(&w);
	/* A group above its barrier can empty its sockets. */
	bc_set_limit(g, BC_MAX);
	bc_range(bc_call(&w, take, there), PIECE / 2, PIECE);
	disconnect(&w, g, here);
}

static long wait_for_data(long fd)
{
	return splice(fd, NULL, pipes[1], NULL, PIECE, 0);
}

/* A task that waits for data holds little meanwhile. */
static void socket_waits(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	long there, n;
	int here;

	here = connect_worker(&w, g, &there);
	before = bc_rest(g);
	bc_call_begin(&w, wait_for_data, there);
	bc_true(!bc_call_end(&w, 300, &n));
	bc_range(bc_held(g), before, before + REST);
	send_pages(here);
	bc_true(bc_call_end(&w, 5000, &n));
	bc_range(n, 1, PIECE);
	disconnect(&w, g, here);
}

static int full[2];

static void *send_it(void *unused)
{
	off_t from = 0;

	sendfile(full[0], file, &from, PIECE);
	return unused;
}

static long make_full(long unused)
{
	(void)unused;
	if (open_file(0) || socketpair(AF_UNIX, SOCK_STREAM, 0, full))
		return -1;
	while (send(full[0], text, PIECE, MSG_DONTWAIT) > 0)
		;
	return 0;
}

static long send_waiting(long unused)
{
	pthread_t thread;

	(void)unused;
	return pthread_create(&thread, NULL, send_it, NULL);
}

static long shut(long unused)
{
	(void)unused;
	return shutdown(full[0], SHUT_WR);
}

/* The pipe that sendfile() has of its own, while the socket is full. */
static void sendfile_waits(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, make_full, 0), 0);
	before = bc_held(g);
	bc_eq(bc_call(&w, send_waiting, 0), 0);
	/* The thread itself takes some 30 KiB. */
	bc_settles_within(g, BC_KMEM, before + PIECE + 16384,
			  before + PIECE + 65536);
	bc_eq(bc_call(&w, shut, 0), 0);
	bc_settles_within(g, BC_KMEM, 0, before + 49152);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "held", held },
	{ "file_partly", file_partly },
	{ "file_refused", file_refused },
	{ "socket_held", socket_held },
	{ "socket_refused", socket_refused },
	{ "socket_waits", socket_waits },
	{ "sendfile_waits", sendfile_waits },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

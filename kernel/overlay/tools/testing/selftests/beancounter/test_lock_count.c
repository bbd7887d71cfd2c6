// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often the lock of the accounts is taken, on which the CPUs of a large
 * machine would contend: far from every barrier, and next to one. A debug
 * kernel counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"

#define LOCKS "/sys/kernel/debug/bc/locks"
#define N 200L
/* So few objects are given back late at a time that a word has room for all. */
#define LATE 10L
#define ROUNDS 5
#define WORD (96 * BC_KIB) /* what stays in a word that was full */

static long map_unmap(long n)
{
	while (n--) {
		char *at = mmap(NULL, bc_page_size(), BC_RW, BC_ANON, -1, 0);

		if (at == MAP_FAILED)
			return -1;
		munmap(at, bc_page_size());
	}
	return 0;
}

static long move_brk(long n)
{
	while (n--)
		if (sbrk(bc_page_size()) == (void *)-1 ||
		    sbrk(-bc_page_size()) == (void *)-1)
			return -1;
	return 0;
}

static long open_close(long n)
{
	int fd;

	while (n--) {
		fd = open("/dev/null", O_RDONLY);
		if (fd < 0 || close(fd))
			return -1;
	}
	return 0;
}

static long make_pipe(long n)
{
	int fds[2];

	while (n--) {
		if (pipe(fds) || write(fds[1], "", 1) != 1)
			return -1;
		close(fds[0]);
		close(fds[1]);
	}
	return 0;
}

static long make_sockets(long n)
{
	while (n--) {
		int tcp = socket(AF_INET, SOCK_STREAM, 0);
		int local = socket(AF_UNIX, SOCK_DGRAM, 0);

		if (tcp < 0 || local < 0)
			return -1;
		close(tcp);
		close(local);
	}
	return 0;
}

/* Sends a packet there and back, through sockets that stay open. */
static long send_back(int *fd, long n)
{
	static char packet[1000];

	while (n--)
		if (send(fd[0], packet, sizeof(packet), 0) < 0 ||
		    recv(fd[1], packet, sizeof(packet), 0) <= 0 ||
		    send(fd[1], packet, sizeof(packet), 0) < 0 ||
		    recv(fd[0], packet, sizeof(packet), 0) <= 0)
			return -1;
	return 0;
}

static long send_unix(long n)
{
	static int fd[2];

	if (!fd[0] && socketpair(AF_UNIX, SOCK_DGRAM, 0, fd))
		return -1;
	return send_back(fd, n);
}

static long send_udp(long n)
{
	struct sockaddr_in sin[2];
	static int fd[2];

	if (!fd[0]) {
		fd[0] = bc_bound_socket(SOCK_DGRAM, &sin[0]);
		fd[1] = bc_bound_socket(SOCK_DGRAM, &sin[1]);
		if (connect(fd[0], (struct sockaddr *)&sin[1], sizeof(*sin)) ||
		    connect(fd[1], (struct sockaddr *)&sin[0], sizeof(*sin)))
			return -1;
	}
	return send_back(fd, n);
}

static long send_tcp(long n)
{
	struct sockaddr_in sin;
	static int fd[2];
	int server;

	if (!fd[0]) {
		server = bc_bound_socket(SOCK_STREAM, &sin);
		if (server < 0 || listen(server, 1))
			return -1;
		fd[0] = bc_connected_socket(SOCK_STREAM, ntohs(sin.sin_port));
		fd[1] = accept(server, NULL, NULL);
	}
	return send_back(fd, n);
}

static long make_unlink(long n)
{
	int fd;

	while (n--) {
		fd = open("name", O_CREAT | O_EXCL | O_RDWR, 0600);
		if (fd < 0 || close(fd) || unlink("name"))
			return -1;
	}
	return 0;
}

static long lock_file(long n)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	if (fd < 0)
		return -1;
	while (n--)
		if (flock(fd, LOCK_EX) || flock(fd, LOCK_UN))
			return -1;
	return close(fd);
}

static long write_file(long n)
{
	static char page[4096];
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	if (fd < 0)
		return -1;
	while (n--)
		if (pwrite(fd, page, sizeof(page), 0) != sizeof(page) ||
		    ftruncate(fd, 0))
			return -1;
	return close(fd);
}

static long fork_wait(long n)
{
	pid_t pid;

	while (n--) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (bc_exit_code(pid))
			return -1;
	}
	return 0;
}

static pid_t child;

static long fork_keep(long unused)
{
	(void)unused;
	child = fork();
	if (!child)
		pause();
	return child < 0 ? -1 : 0;
}

static long fork_end(long unused)
{
	(void)unused;
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static void *nothing(void *unused)
{
	return unused;
}

static long make_thread(long n)
{
	pthread_t thread;

	while (n--)
		if (pthread_create(&thread, NULL, nothing, NULL) ||
		    pthread_join(thread, NULL))
			return -1;
	return 0;
}

static long long locks(void)
{
	char buf[16384], *at, *end;
	long long sum = 0;

	if (bc_slurp_path(LOCKS, buf, sizeof(buf)) <= 0)
		bc_skip("no " LOCKS);
	for (at = buf; (end = strchr(at, '\n')); at = end + 1)
		sum += strtoll(strchr(at, ' '), NULL, 10);
	return sum;
}

/* In N calls, @chunk at a time; in between, late objects are given back. */
static long long locks_of(struct bc_worker *w, struct bc_group *g, bc_job job,
			  long chunk)
{
	long long before, n = 0;
	long i;

	for (i = 0; i < N; i += chunk) {
		before = locks();
		bc_eq(bc_call(w, job, chunk), 0);
		n += locks() - before;
		if (chunk < N)
			bc_rest(g);
	}
	return n;
}

/* At most @most in 100 calls, in the best of some rounds: other tasks have words, too. */
static void count(struct bc_worker *w, struct bc_group *g, const char *name,
		  bc_job job, long chunk, long most)
{
	long long n;
	int i;

	/* Makes what is made only once, and fills each word for the first time. */
	bc_eq(bc_call(w, job, 10), 0);
	for (i = 0; i < ROUNDS; i++) {
		n = locks_of(w, g, job, chunk);
		bc_note("%s: %lld.%02lld, %lld pages", name, n / N,
			n % N * 100 / N, bc_held_of(g, BC_VM));
		if (n <= most * N / 100)
			break;
	}
	bc_range(n, 0, most * N / 100);
}

static void check(struct bc_group *g, const char *name, bc_job job, long chunk,
		  long most)
{
	struct bc_worker w;

	bc_tmpfs();
	bc_worker_start(&w, g);
	count(&w, g, name, job, chunk, most);
	bc_worker_stop(&w);
}

/* The lock is not taken, except now and then for a word that is full or empty. */
static void test_far_from_barrier(struct bc_group *g)
{
	check(g, "mmap and munmap", map_unmap, N, 2);
	check(g, "brk", move_brk, N, 2);
	check(g, "open and close", open_close, N, 2);
	check(g, "pipe", make_pipe, N, 2);
	check(g, "sockets", make_sockets, LATE, 2);
	check(g, "flock", lock_file, N, 2);
	check(g, "create and unlink", make_unlink, LATE, 2);
	check(g, "write and truncate", write_file, N, 2);
	bc_own_net();
	check(g, "send and receive, UNIX", send_unix, N, 2);
	check(g, "send and receive, UDP", send_udp, N, 2);
	check(g, "send and receive, TCP", send_tcp, N, 2);
}

/* What a process takes, which is far more with the checkers of a debug kernel. */
static long long fork_bytes(struct bc_group *g)
{
	struct bc_worker w;
	long long bytes;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, fork_wait, 10), 0);
	bytes = -bc_rest(g);
	bc_eq(bc_call(&w, fork_keep, 0), 0);
	bytes += bc_held(g);
	bc_eq(bc_call(&w, fork_end, 0), 0);
	bc_worker_stop(&w);
	return bytes;
}

/*
 * An address space is put into the list of its group, which has another one.
 * Once a second an exit adds up what the group has resident.
 */
static void test_fork_and_thread(struct bc_group *g)
{
	long long bytes = fork_bytes(g);

	/*
	 * Where thread_info is on the stack, RCU frees the stack with the rest of the
	 * task: 24 KiB of each, many at a time, so that the word is full more often.
	 */
	long most = bc_config("THREAD_INFO_IN_TASK") > 0 ? 10 : 50;

	bc_note("a process: %lld bytes", bytes);
	if (bytes > WORD)
		bc_skip("a process takes more than what stays in a word");
	check(g, "fork, exit and wait", fork_wait, N, most);
	check(g, "thread", make_thread, N, most);
}

/* The same with room for one call, but not for two. */
static void near(struct bc_group *g, const char *name, bc_job job,
		 const char *resource, long long room)
{
	struct bc_worker w;
	long long barrier;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, job, 10), 0);
	barrier = bc_held_of(g, resource) + room;
	bc_eq(bc_set_key(g, "bc.barrier", resource, barrier), 0);
	count(&w, g, name, job, N, 2);
	bc_eq(bc_held_of(g, resource), barrier - room);
	bc_worker_stop(&w);
	bc_eq(bc_set_key(g, "bc.barrier", resource, BC_MAX), 0);
}

static void test_near_barrier(struct bc_group *g)
{
	near(g, "mmap and munmap", map_unmap, BC_VM, 1);
	near(g, "brk", move_brk, BC_VM, 1);
	near(g, "flock", lock_file, "numflock", 1);
	near(g, "write and truncate", write_file, BC_SHM, 1);
	near(g, "open and close", open_close, "numfile", 1);
	near(g, "pipe", make_pipe, "numfile", 2);
	near(g, "send and receive, UNIX", send_unix, "othersockbuf", 3000);
}

static const struct bc_case cases[] = {
	{ "far_from_barrier", test_far_from_barrier },
	{ "fork_and_thread", test_fork_and_thread },
	{ "near_barrier", test_near_barrier },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

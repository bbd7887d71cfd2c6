// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often the lock of the accounts is taken far from every barrier, where a
 * machine with many CPUs would meet at it. A debug kernel counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_jobs.h"

#define LOCKS "/sys/kernel/debug/bc/locks"
#define N 200L

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

/* @most in a hundred calls. */
static void check(struct bc_group *g, const char *name, bc_job job, long most)
{
	struct bc_worker w;
	long long before, n;

	bc_tmpfs();
	bc_worker_start(&w, g);
	/* What is made once, and the first refill of each word. */
	bc_eq(bc_call(&w, job, 10), 0);
	before = locks();
	bc_eq(bc_call(&w, job, N), 0);
	n = locks() - before;
	bc_note("%s: %lld.%02lld, %lld pages", name, n / N, n % N * 100 / N,
		bc_held_of(g, BC_VM));
	bc_range(n, 0, most * N / 100);
	bc_worker_stop(&w);
}

/* None, but for what a word that is full or empty takes now and then. */
static void test_none(struct bc_group *g)
{
	check(g, "mmap and munmap", map_unmap, 2);
	check(g, "brk", move_brk, 2);
	check(g, "open and close", open_close, 2);
	check(g, "pipe", make_pipe, 2);
	check(g, "sockets", make_sockets, 2);
	check(g, "flock", lock_file, 2);
	check(g, "write and truncate", write_file, 2);
}

/*
 * An address space is put into the list of its group and taken out. Once a second
 * an exit adds up what the group has resident.
 */
static void test_tasks(struct bc_group *g)
{
	check(g, "fork, exit and wait", fork_wait, 220);
	check(g, "thread", make_thread, 100);
}

static const struct bc_case cases[] = {
	{ "none", test_none },
	{ "tasks", test_tasks },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

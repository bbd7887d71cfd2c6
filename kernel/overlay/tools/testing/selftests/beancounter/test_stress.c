// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many at once, in nested groups, at the barrier all the time: the limit is
 * never passed, the sum is right whenever one looks, and nothing remains.
 *
 * BC_STRESS_SECONDS and BC_STRESS_TASKS say how long and how many.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_util.h"

#define NR_GROUPS 7 /* one, two in it, two in each of these */
#define FIRST_LEAF 3
#define LIMIT (384 * BC_KIB)
#define THREADS 2

static int number(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text && atoi(text) > 0 ? atoi(text) : otherwise;
}

static void do_files(unsigned int *seed)
{
	int fd[64], i, n = rand_r(seed) % 64;

	for (i = 0; i < n; i++) {
		fd[i] = rand_r(seed) & 1 ? open("/dev/null", O_RDONLY) :
					   eventfd(0, 0);
		if (fd[i] < 0)
			break;
	}
	while (i-- > 0)
		close(fd[i]);
}

static void do_pipe(unsigned int *seed)
{
	static char data[65536];
	int fd[2];

	if (pipe2(fd, O_NONBLOCK))
		return;
	write(fd[1], data, rand_r(seed) % sizeof(data));
	read(fd[0], data, rand_r(seed) % sizeof(data));
	close(fd[0]);
	close(fd[1]);
}

static void do_sockets(unsigned int *seed)
{
	static char data[65536];
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd))
		return;
	send(fd[0], data, rand_r(seed) % sizeof(data), MSG_NOSIGNAL);
	close(fd[0]);
	close(fd[1]);
}

static void do_areas(unsigned int *seed)
{
	long page = sysconf(_SC_PAGESIZE), i, n = rand_r(seed) % 32 + 1;
	char *at = mmap(NULL, n << 21, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return;
	madvise(at, n << 21, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i += 1 + rand_r(seed) % 4)
		*(volatile char *)(at + (i << 21)) = 1;
	munmap(at + ((n / 2) << 21), page);
	munmap(at, n << 21);
}

static void do_fork(unsigned int *seed)
{
	pid_t pid = fork();

	if (!pid) {
		do_files(seed);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void do_epoll(unsigned int *seed)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0), fd = eventfd(0, 0), i, n = rand_r(seed) % 32;

	for (i = 0; i < n && ep >= 0 && fd >= 0; i++) {
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
		epoll_ctl(ep, EPOLL_CTL_DEL, fd, &ev);
	}
	close(fd);
	close(ep);
}

static void (*const work[])(unsigned int *seed) = {
	do_files, do_pipe, do_sockets, do_areas, do_fork, do_epoll,
};

static void *churn(void *arg)
{
	unsigned int seed = (unsigned long)arg;

	for (;;)
		work[rand_r(&seed) % (sizeof(work) / sizeof(work[0]))](&seed);
	return NULL;
}

/* A task that charges and frees until it is killed; a fault may do that too. */
static pid_t start_task(const struct bc_group *g, int n)
{
	pid_t pid = fork();

	if (!pid) {
		pthread_t t;
		int i;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bc_group_attach(g, getpid());
		for (i = 1; i < THREADS; i++)
			pthread_create(&t, NULL, churn,
				       (void *)(long)(n * 100 + i));
		churn((void *)(long)(n * 100));
	}
	return pid;
}

/* What a group holds is what its children hold, and more: its own tasks'. */
static void sample(const struct bc_group *groups)
{
	int i;

	for (i = 0; i < NR_GROUPS; i++) {
		long long forced = bc_forced(&groups[i]);
		long long held = bc_held(&groups[i]);

		if (held < 0 || held > LIMIT + bc_forced(&groups[i]))
			bc_fail(__FILE__, __LINE__,
				"%s holds %lld, forced %lld", groups[i].path,
				held, forced);
	}
}

static void make_groups(struct bc_group *groups, struct bc_group *g)
{
	char name[8];
	int i;

	groups[0] = *g;
	for (i = 1; i < NR_GROUPS; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		bc_group_make(&groups[i], &groups[(i - 1) / 2], name);
		bc_set_barrier(&groups[i], LIMIT / (i < FIRST_LEAF ? 2 : 3));
	}
	for (i = 0; i < NR_GROUPS; i++)
		bc_set_limit(&groups[i], LIMIT);
	bc_set_barrier(g, LIMIT * 3 / 4);
}

static void run_stress(struct bc_group *g, bool move)
{
	int tasks = number("BC_STRESS_TASKS", 4 + 2 * bc_cpus());
	long long end, refused = 0;
	struct bc_group groups[NR_GROUPS];
	pid_t pids[256];
	int i, n = 0;

	make_groups(groups, g);
	if (tasks > 256)
		tasks = 256;
	for (i = 0; i < tasks; i++)
		pids[i] = start_task(
			&groups[FIRST_LEAF + i % (NR_GROUPS - FIRST_LEAF)], i);
	end = bc_now_ms() + 1000 * number("BC_STRESS_SECONDS", 5);
	while (bc_now_ms() < end) {
		sample(groups);
		/* Who was killed in a fault is replaced. */
		i = n++ % tasks;
		if (waitpid(pids[i], NULL, WNOHANG) == pids[i])
			pids[i] = start_task(&groups[FIRST_LEAF + i % 4], n);
		if (move)
			bc_group_attach(&groups[1 + n % (NR_GROUPS - 1)],
					pids[i]);
		bc_pause_ms(1);
	}
	for (i = 0; i < tasks; i++)
		kill(pids[i], SIGKILL);
	bc_group_kill(g);
	while (wait(NULL) > 0)
		;
	for (i = NR_GROUPS - 1; i >= 0; i--) {
		bc_held_is(&groups[i], 0);
		refused += bc_failcnt_local(&groups[i]);
	}
	bc_eq(bc_failcnt(g), refused);
	if (!refused)
		bc_fail(__FILE__, __LINE__, "nothing was refused: no stress");
	bc_note("%lld refusals, %d samples", refused, n);
}

static void test_nested(struct bc_group *g)
{
	bc_sys(prctl(PR_SET_CHILD_SUBREAPER, 1));
	run_stress(g, false);
}

/* The same, and the tasks are moved about while they run. */
static void test_moving(struct bc_group *g)
{
	bc_sys(prctl(PR_SET_CHILD_SUBREAPER, 1));
	run_stress(g, true);
}

/* The bounds are changed all the time. */
static void test_changing(struct bc_group *g)
{
	long long end = bc_now_ms() + 1000 * number("BC_STRESS_SECONDS", 5);
	unsigned int seed = 1;
	pid_t pids[8];
	int i;

	for (i = 0; i < 8; i++)
		pids[i] = start_task(g, i);
	while (bc_now_ms() < end) {
		bc_set_barrier(g, rand_r(&seed) % LIMIT);
		bc_set_limit(g, rand_r(&seed) & 1 ? BC_MAX : LIMIT);
		bc_reset_maxheld(g);
		i = rand_r(&seed) % 8;
		if (waitpid(pids[i], NULL, WNOHANG) == pids[i])
			pids[i] = start_task(g, i);
		bc_true(bc_held(g) >= 0);
	}
	for (i = 0; i < 8; i++)
		kill(pids[i], SIGKILL);
	bc_group_kill(g);
	while (wait(NULL) > 0)
		;
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "nested", test_nested },
	{ "moving", test_moving },
	{ "changing_bounds", test_changing },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

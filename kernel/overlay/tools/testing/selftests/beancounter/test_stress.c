// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many tasks at once, in nested groups, at the barrier all the time: the limit
 * is never passed, the sum is right whenever it is read, and nothing remains.
 *
 * BC_STRESS_SECONDS and BC_STRESS_TASKS say how long and how many.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_object.h"

#define NR_GROUPS 7 /* one, two in it, two in each of these */
#define FIRST_LEAF 3
#define LIMIT (384 * BC_KIB)
#define THREADS 2
#define GIVERS 32
#define HANDED BC_HANDED_MAX /* files that each of them leaves */
#define MANY_FILES 6000
#define SAMPLES 100

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
	long page = bc_page_size(), i, n = rand_r(seed) % 32 + 1;
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

static void work_once(unsigned int *seed)
{
	work[rand_r(seed) % BC_COUNT(work)](seed);
}

static void *churn(void *arg)
{
	unsigned int seed = (unsigned long)arg;

	for (;;)
		work_once(&seed);
	return NULL;
}

/* A task that charges and frees until it is killed; a refused fault may kill it, too. */
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

static void end_tasks(const struct bc_group *g, const pid_t *pids, int n)
{
	int i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	bc_group_kill(g);
	while (wait(NULL) > 0)
		;
}

/* A group holds what its children hold, and what its own tasks hold. */
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
	/* On a slow machine the seconds may be over too early. */
	while (bc_now_ms() < end || n < SAMPLES) {
		sample(groups);
		/* A task that was killed in a fault is replaced. */
		i = n++ % tasks;
		if (waitpid(pids[i], NULL, WNOHANG) == pids[i])
			pids[i] = start_task(&groups[FIRST_LEAF + i % 4], n);
		if (move)
			bc_group_attach(&groups[1 + n % (NR_GROUPS - 1)],
					pids[i]);
		bc_pause_ms(1);
	}
	end_tasks(g, pids, tasks);
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

/* The same, while the tasks are moved about. */
static void test_moving_tasks(struct bc_group *g)
{
	bc_sys(prctl(PR_SET_CHILD_SUBREAPER, 1));
	run_stress(g, true);
}

/* The bounds change all the time. */
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
	end_tasks(g, pids, 8);
	bc_held_is(g, 0);
}

/* Runs on one CPU only from now on. */
static long pin(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Works for a while on its CPU, hands over its files, and exits. */
static pid_t start_giver(int to, int cpu, unsigned int seed)
{
	pid_t pid = fork();
	int fds[HANDED], i, n = 0, rounds;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	/* Waits until the task is in its group. */
	raise(SIGSTOP);
	for (rounds = 0; rounds < 20; rounds++)
		work_once(&seed);
	for (i = 0; i < HANDED; i++) {
		fds[n] = i & 1 ? eventfd(0, 0) : epoll_create1(0);
		if (fds[n] >= 0)
			n++;
	}
	if (n)
		bc_hand_over(to, fds, n);
	_exit(0);
}

static void audit_agrees(void)
{
	char line[256];
	long long diff = bc_audit_settled(line, sizeof(line), 10000);

	if (diff > 0)
		bc_fail(__FILE__, __LINE__, "audit: %lld: %s", diff, line);
}

struct giving {
	struct bc_group removed;
	struct bc_group other;
	int pipe[2];
	int fds[2][GIVERS * HANDED];
	int n[2];
};

/* Takes all that has been handed over so far. */
static void take_over(struct giving *s, int which)
{
	int got;

	while ((got = bc_take_over(s->pipe[0], s->fds[which] + s->n[which],
				   MSG_DONTWAIT)) >= 0)
		s->n[which] += got;
}

/* One generation: a group with tasks on all CPUs, and the files that they leave. */
static void give_round(struct giving *s, struct bc_group *g, int round)
{
	int cpus = bc_cpus(), givers = cpus * 3, left, i;
	pid_t pids[GIVERS];
	char name[16];

	if (givers > GIVERS)
		givers = GIVERS;
	snprintf(name, sizeof(name), "r%d", round);
	bc_group_make(&s->removed, g, name);
	for (i = 0; i < givers; i++) {
		pids[i] = start_giver(s->pipe[1], i % cpus, round * 100 + i);
		bc_sys(pids[i]);
		bc_sys(waitpid(pids[i], NULL, WUNTRACED));
		bc_group_attach(&s->removed, pids[i]);
		kill(pids[i], SIGCONT);
	}
	for (left = givers, i = 0; left; i++) {
		/* Closes the stocks of all CPUs, and lets them open again. */
		bc_set_barrier(&s->removed, i & 1 ? BC_MAX : LIMIT);
		bc_group_attach(i & 2 ? &s->removed : &s->other,
				pids[i % givers]);
		bc_true(bc_held(g) >= 0);
		take_over(s, round & 1);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			left--;
	}
	take_over(s, round & 1);
	bc_eq(bc_group_remove(&s->removed), 0);
}

/* Closes them on any CPU, while the next tasks are at work. */
static void give_back(struct giving *s, int which)
{
	pin(which % bc_cpus());
	while (s->n[which])
		close(s->fds[which][--s->n[which]]);
}

/*
 * Groups come and go while objects of their tasks live on: charged on one CPU,
 * freed on another, drained from a third, with the payer long removed.
 */
static void test_removed_groups(struct bc_group *g)
{
	static struct giving s;
	long long end = bc_now_ms() + 1000 * number("BC_STRESS_SECONDS", 5);
	long long handed = 0;
	int round;

	bc_group_make(&s.other, g, "other");
	bc_sys(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s.pipe));
	for (round = 0; round < 4 || bc_now_ms() < end; round++) {
		give_round(&s, g, round);
		handed += s.n[round & 1];
		if (!(round % 16)) {
			/* All tasks have gone, and no group is left that could pay. */
			bc_true(!s.n[round & 1] || bc_held(g) > 0);
			audit_agrees();
		}
		give_back(&s, !(round & 1));
	}
	give_back(&s, 0);
	give_back(&s, 1);
	bc_group_remove(&s.other);
	bc_held_is(g, 0);
	bc_true(handed > round);
	bc_note("%lld files outlived %d groups", handed, round);
}

static long make_files(long n)
{
	while (n--)
		if (bc_keep_fd(eventfd(0, 0)))
			return -1;
	return bc_kept_count();
}

static long fill_with_files(long unused)
{
	(void)unused;
	while (bc_kept_count() < MANY_FILES && !bc_keep_fd(eventfd(0, 0)))
		;
	return bc_kept_count();
}

static void switch_cpu(const char *file, bool on)
{
	bc_eq(bc_write_path(file, on ? "1" : "0"), 0);
}

/*
 * The stock of a CPU that is switched off is there for the others: nothing is
 * refused while bytes are left in it.
 */
static void test_cpu_offline(struct bc_group *g)
{
	const char *file = "/sys/devices/system/cpu/cpu1/online";
	long long base, one, stock = 64 * BC_KIB;
	struct bc_worker w;

	if (bc_cpus() < 2 || access(file, W_OK))
		bc_skip("no CPU that could be switched off");
	bc_worker_start(&w, g);
	/* The mask stays with the task. */
	bc_eq(bc_call(&w, pin, 0), 0);
	bc_eq(bc_call(&w, fill_with_files, 0), MANY_FILES);
	bc_call(&w, bc_drop_kept, 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, make_files, 100), 100);
	one = (bc_held(g) - base) / 100;
	/* Far from the barrier, so that there is a stock; and most of it is freed. */
	bc_set_barrier(g, base + BC_MIB);
	bc_eq(bc_call(&w, pin, 1), 0);
	bc_call(&w, make_files, stock / one);
	bc_call(&w, bc_drop_some, stock / one);
	bc_eq(bc_call(&w, pin, 0), 0);
	switch_cpu(file, false);
	bc_held_is(g, base + 100 * one);
	bc_call(&w, fill_with_files, 0);
	bc_range(bc_held(g), base + BC_MIB - 2 * one, base + BC_MIB);
	bc_true(bc_failcnt(g) > 0);
	switch_cpu(file, true);
	bc_eq(bc_call(&w, pin, 1), 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(g, base);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static char come_path[2][320];

/* A thousand groups come and go. */
static long come_and_go(long i)
{
	long n;

	for (n = 0; n < 1000; n++)
		if (mkdir(come_path[i], 0755) || rmdir(come_path[i]))
			return -1;
	return 0;
}

/* A reader of the list of all accounts meets groups that are being removed. */
static void test_list_reader(struct bc_group *g)
{
	struct bc_worker w[2];
	static char line[256];
	long result;
	int i;

	if (bc_audit(line, sizeof(line)) < 0)
		bc_skip("no audit in this kernel");
	for (i = 0; i < 2; i++) {
		snprintf(come_path[i], sizeof(come_path[i]), "%s/come-%d",
			 g->path, i);
		bc_worker_start(&w[i], g);
		bc_call_begin(&w[i], come_and_go, i);
	}
	for (i = 0; i < 200; i++)
		bc_audit(line, sizeof(line));
	for (i = 0; i < 2; i++) {
		bc_true(bc_call_end(&w[i], bc_patience(120000), &result));
		bc_eq(result, 0);
		bc_worker_stop(&w[i]);
	}
}

static const struct bc_case cases[] = {
	{ "nested", test_nested },
	{ "moving_tasks", test_moving_tasks },
	{ "changing_bounds", test_changing },
	{ "removed_groups", test_removed_groups },
	{ "cpu_offline", test_cpu_offline },
	{ "list_reader", test_list_reader },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

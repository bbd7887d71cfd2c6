// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab objects, one by one and in bulk: files and the objects behind them,
 * timers, watches, signals, areas of memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "bc_object.h"

/* A structure of the kernel that kmalloc() allocates and whose size is not known. */
#define SMALL(max_size) bc_kmalloc_size(max_size)

static void cost_file(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("filp");
	*high = *low;
}

static void test_file(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = bc_open_null,
		.drop = bc_drop_kept,
		.cost = cost_file,
		.count = 500,
		.errors = { ENOMEM, ENFILE },
	};

	/* Its dentry must not come and go with the files of the worker. */
	bc_sys(open("/dev/null", O_RDONLY));
	bc_object_test(g, &o);
}

/* A file and a dentry on an anonymous inode, and a context of 192 bytes at most. */
static void cost_anon(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("filp") + bc_need_slab("dentry"));
	*high = *low + n * SMALL(192);
}

static long make_eventfd(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(eventfd(0, 0)))
			break;
	}
	return i;
}

static void test_eventfd(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_eventfd,
		.drop = bc_drop_kept,
		.cost = cost_anon,
		.count = 300,
		.errors = { ENOMEM, ENFILE },
	};

	bc_object_test(g, &o);
}

static long make_signalfd(long n)
{
	sigset_t set;
	long i;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (i = 0; i < n; i++) {
		if (bc_keep_fd(signalfd(-1, &set, 0)))
			break;
	}
	return i;
}

static void test_signalfd(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_signalfd,
		.drop = bc_drop_kept,
		.cost = cost_anon,
		.count = 300,
		.errors = { ENOMEM, ENFILE },
	};

	bc_object_test(g, &o);
}

static long make_timerfd(long n)
{
	struct itimerspec far = { .it_value.tv_sec = 100000 };
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(timerfd_create(CLOCK_MONOTONIC, 0)))
			break;
		timerfd_settime(bc_kept(bc_kept_count() - 1), 0, &far, NULL);
	}
	return i;
}

/* struct timerfd_ctx has a timer, an alarm and a wait queue: 512 with all debugging. */
static void cost_timerfd(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("filp") + bc_need_slab("dentry"));
	*high = *low + n * SMALL(512);
}

static void test_timerfd(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_timerfd,
		.drop = bc_drop_kept,
		.cost = cost_timerfd,
		.count = 300,
		.errors = { ENOMEM, ENFILE },
	};

	bc_object_test(g, &o);
}

/* An epoll item for each watched file; they are freed by kfree_rcu(), in bulk. */
static int epoll_fd;

static long prepare_epoll(long n)
{
	long i;

	(void)n;
	for (i = 0; i < 400; i++) {
		if (bc_keep_fd(eventfd(0, 0)))
			return -1;
	}
	return 0;
}

static long make_epoll(long n)
{
	struct epoll_event ev = { .events = EPOLLIN };
	long i;

	if (!epoll_fd)
		epoll_fd = epoll_create1(0);
	for (i = 0; i < n; i++) {
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, bc_kept(i), &ev))
			break;
	}
	return i;
}

static long drop_epoll(long unused)
{
	long i;

	(void)unused;
	for (i = 0; i < bc_kept_count(); i++)
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, bc_kept(i), NULL);
	return 0;
}

static void cost_epoll(long n, long long *low, long long *high)
{
	*low = n *
	       (bc_need_slab("eventpoll_epi") + bc_need_slab("eventpoll_pwq"));
	*high = *low + n * bc_slab_size("ep_head");
}

static void test_epoll(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_epoll,
		.make = make_epoll,
		.drop = drop_epoll,
		.cost = cost_epoll,
		.count = 400,
		.errors = { ENOMEM },
	};

	bc_object_test(g, &o);
}

/* A POSIX timer has an object for the signal that it will send. */
static timer_t timers[400];
static long nr_timers;

static long make_timer(long n)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR2 };
	long i;

	for (i = 0; i < n; i++) {
		if (timer_create(CLOCK_MONOTONIC, &ev, &timers[nr_timers]))
			break;
		nr_timers++;
	}
	return i;
}

static long drop_timer(long unused)
{
	(void)unused;
	while (nr_timers)
		timer_delete(timers[--nr_timers]);
	return 0;
}

static void cost_timer(long n, long long *low, long long *high)
{
	*low = n *
	       (bc_need_slab("posix_timers_cache") + bc_need_slab("sigqueue"));
	*high = *low;
}

static void test_timer(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_timer,
		.drop = drop_timer,
		.cost = cost_timer,
		.count = 400,
		.errors = { EAGAIN, ENOMEM },
	};

	bc_object_test(g, &o);
}

/* Queued signals: to deliver one is a request that cannot fail gracefully. */
static long prepare_sigqueue(long n)
{
	sigset_t set;

	(void)n;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

static long make_sigqueue(long n)
{
	union sigval val = { .sival_int = 1 };
	long i;

	for (i = 0; i < n; i++) {
		if (sigqueue(getpid(), SIGRTMIN, val))
			break;
	}
	return i;
}

static long drop_sigqueue(long unused)
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	(void)unused;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	return 0;
}

static void cost_sigqueue(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("sigqueue");
	*high = *low;
}

static void test_signal(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_sigqueue,
		.make = make_sigqueue,
		.drop = drop_sigqueue,
		.cost = cost_sigqueue,
		.count = 500,
		.errors = { EAGAIN },
		.to_limit = true,
	};

	bc_object_test(g, &o);
}

static const struct bc_case cases[] = {
	{ "file", test_file },
	{ "eventfd", test_eventfd },
	{ "signalfd", test_signalfd },
	{ "timerfd", test_timerfd },
	{ "epoll_kfree_rcu", test_epoll },
	{ "posix_timer", test_timer },
	{ "queued_signal", test_signal },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with files: open files, and objects that are attached to them or queued
 * in them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

static long open_files(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		if (open("/dev/null", O_RDONLY) < 0)
			break;
	}
	return i;
}

static long full_pipes(long max)
{
	static char data[65536];
	int fd[2];
	long i;

	for (i = 0; more(i, max); i++) {
		if (pipe2(fd, O_NONBLOCK))
			break;
		fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
		while (write(fd[1], data, sizeof(data)) > 0)
			;
		if (errno != EAGAIN)
			break;
	}
	return i;
}

static long event_files(long max)
{
	struct itimerspec far = { .it_value.tv_sec = 100000 };
	sigset_t set;
	long i;
	int fd;

	sigemptyset(&set);
	for (i = 0; more(i, max); i++) {
		if (i % 3 == 0)
			fd = eventfd(0, 0);
		else if (i % 3 == 1)
			fd = signalfd(-1, &set, 0);
		else
			fd = timerfd_create(CLOCK_MONOTONIC, 0);
		if (fd < 0)
			break;
		if (i % 3 == 2 && timerfd_settime(fd, 0, &far, NULL))
			break;
	}
	return i;
}

/* Many epoll instances, each watching the same thousand files. */
static long epoll_items(long max)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int files[1000], ep = -1;
	long i;

	for (i = 0; i < 1000; i++) {
		files[i] = eventfd(0, 0);
		if (files[i] < 0)
			return i;
	}
	for (i = 0; more(i, max); i++) {
		if (i % 1000 == 0)
			ep = epoll_create1(0);
		if (ep < 0 ||
		    epoll_ctl(ep, EPOLL_CTL_ADD, files[i % 1000], &ev))
			break;
	}
	return i;
}

static long epoll_nests(long max)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, last = -1;
	long i;

	for (i = 0; more(i, max); i++) {
		ep = epoll_create1(0);
		if (ep < 0)
			break;
		/* Chains of four: the fifth is refused as too deep. */
		if (i % 4 && epoll_ctl(ep, EPOLL_CTL_ADD, last, &ev))
			break;
		last = ep;
	}
	return i;
}

static void prepare_watches(void)
{
	char name[32];
	int i;

	own_tmpfs();
	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(bc_sys(open(name, O_CREAT | O_WRONLY, 0666)));
	}
}

static long inotify_watches(long max)
{
	char name[32];
	int fd = -1;
	long i;

	for (i = 0; more(i, max); i++) {
		if (i % 20000 == 0)
			fd = inotify_init1(0);
		snprintf(name, sizeof(name), "f%ld", i % 20000);
		if (fd < 0 || inotify_add_watch(fd, name, IN_ATTRIB) < 0)
			break;
	}
	return i;
}

/* A queue that nobody reads; events differ, so that none is merged. */
static long inotify_queue(long max)
{
	int fd = inotify_init1(0), file;
	long i;

	if (inotify_add_watch(fd, ".", IN_OPEN | IN_CLOSE) < 0)
		return -1;
	for (i = 0; more(i, max); i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%ld", i % 20000);
		file = open(name, O_RDONLY);
		if (file < 0)
			break;
		close(file);
	}
	return i;
}

static long fanotify_marks(long max)
{
	char name[32];
	int fd = -1;
	long i;

	for (i = 0; more(i, max); i++) {
		if (i % 20000 == 0)
			fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, 0);
		if (fd < 0)
			return i ? i : -1;
		snprintf(name, sizeof(name), "f%ld", i % 20000);
		if (fanotify_mark(fd, FAN_MARK_ADD, FAN_ATTRIB, AT_FDCWD, name))
			return i ? i : -1;
	}
	return i;
}

static long posix_locks(long max)
{
	int fd = memfd_create("locks", 0);
	long i;

	for (i = 0; more(i, max); i++) {
		struct flock fl = {
			.l_type = F_WRLCK,
			.l_start = 2 * i,
			.l_len = 1,
		};

		if (fcntl(fd, F_SETLK, &fl))
			break;
	}
	return i;
}

static long flocks(long max)
{
	char path[32];
	long i;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 memfd_create("locks", 0));
	for (i = 0; more(i, max); i++) {
		fd = open(path, O_RDONLY);
		if (fd < 0 || flock(fd, LOCK_SH))
			break;
	}
	return i;
}

static long posix_timers(long max)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	timer_t id;
	long i;

	for (i = 0; more(i, max); i++) {
		if (timer_create(CLOCK_MONOTONIC, &ev, &id))
			break;
	}
	return i;
}

static long queued_signals(long max)
{
	union sigval v = { .sival_int = 0 };
	sigset_t set;
	long i;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; more(i, max); i++) {
		if (sigqueue(getpid(), SIGRTMIN, v))
			break;
	}
	return i;
}

/* Many rings, each with the largest table of registered buffers. */
static long uring_rings(long max)
{
	struct io_uring_params p;
	long i;

	for (i = 0; more(i, max); i++) {
		struct {
			unsigned int nr, flags;
			unsigned long long r2, data, tags;
		} reg = { 16384, 1 /* sparse */, 0, 0, 0 };
		int fd;

		memset(&p, 0, sizeof(p));
		fd = syscall(SYS_io_uring_setup, 8, &p);
		if (fd < 0)
			return i ? i : -1;
		if (syscall(SYS_io_uring_register, fd, 15 /* buffers2 */, &reg,
			    sizeof(reg)))
			break;
	}
	return i;
}

/* The smallest rings, without any request. */
static long uring_empty(long max)
{
	struct io_uring_params p;
	long i;

	for (i = 0; more(i, max); i++) {
		memset(&p, 0, sizeof(p));
		if (syscall(SYS_io_uring_setup, 1, &p) < 0)
			return i ? i : -1;
	}
	return i;
}

/* One page, registered as a ring of buffers again and again. */
static long uring_buffers(long max)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct io_uring_params p;
	int fd = -1;
	long i;

	for (i = 0; more(i, max); i++) {
		struct io_uring_buf_reg reg = {
			.ring_addr = (unsigned long)page,
			.ring_entries = 1,
			.bgid = i,
		};

		/* One ring has so many group numbers. */
		if (i % 65536 == 0) {
			memset(&p, 0, sizeof(p));
			fd = syscall(SYS_io_uring_setup, 1, &p);
		}
		if (fd < 0)
			return i ? i : -1;
		if (syscall(SYS_io_uring_register, fd,
			    IORING_REGISTER_PBUF_RING, &reg, 1))
			return i ? i : -1;
	}
	return i;
}

static long userfault_files(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		if (syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY) < 0)
			return i ? i : -1;
	}
	return i;
}

static long aio_contexts(long max)
{
	aio_context_t ctx;
	long i;

	for (i = 0; more(i, max); i++) {
		ctx = 0;
		if (syscall(SYS_io_setup, 1, &ctx))
			return i ? i : -1;
	}
	return i;
}

/* Requests to poll an event that never comes. */
static long aio_requests(long max)
{
	int fd = eventfd(0, 0);
	aio_context_t ctx = 0;
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = fd, .aio_buf = POLLIN,
	}, *list = &cb;
	long i;

	if (syscall(SYS_io_setup, 200000, &ctx))
		return -1;
	for (i = 0; more(i, max); i++) {
		if (syscall(SYS_io_submit, ctx, 1, &list) != 1)
			break;
	}
	return i;
}

/* Threads that sleep in poll(), each with the tables for 20000 files. */
#define POLL_FDS 20000

static struct pollfd fds[POLL_FDS];

static void *sleep_in_poll(void *unused)
{
	(void)unused;
	poll(fds, POLL_FDS, -1);
	return NULL;
}

static long start_threads(long max, void *(*fn)(void *))
{
	static char stacks[512][16384] __attribute__((aligned(4096)));
	pthread_attr_t attr;
	pthread_t t;
	long i;
	int err;

	pthread_attr_init(&attr);
	for (i = 0; more(i, max) && i < 512; i++) {
		pthread_attr_setstack(&attr, stacks[i], sizeof(stacks[i]));
		err = pthread_create(&t, &attr, fn, NULL);
		if (err) {
			errno = err;
			break;
		}
	}
	err = errno;
	/* Give all threads time to fall asleep. */
	bc_pause_ms(1000);
	errno = err;
	return i;
}

static long poll_tables(long max)
{
	int fd = eventfd(0, 0), i;

	for (i = 0; i < POLL_FDS; i++) {
		fds[i].fd = fd;
		fds[i].events = POLLIN;
	}
	return start_threads(max, sleep_in_poll);
}

/* A bit for each of 65536 files; the kernel keeps six such maps for select(). */
static fd_set quiet[64];

static void *sleep_in_select(void *unused)
{
	(void)unused;
	select(FD_SETSIZE * 64, quiet, NULL, NULL, NULL);
	return NULL;
}

static long select_tables(long max)
{
	int pair[2];

	if (pipe(pair))
		return -1;
	((long *)quiet)[pair[0] / 64] |= 1L << (pair[0] % 64);
	/* select() looks at as many bits as the table of files has. */
	if (dup2(pair[0], FD_SETSIZE * 64 - 1) < 0)
		return -1;
	return start_threads(max < 64 ? max : 64, sleep_in_select);
}

/* Open pseudo terminals, each with data in its buffers. */
static long ptys(long max)
{
	static char data[4096];
	long i;
	int k;

	for (i = 0; more(i, max); i++) {
		int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), zero = 0,
		    tty;

		if (fd < 0 || ioctl(fd, TIOCSPTLCK, &zero))
			break;
		tty = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (tty < 0)
			break;
		/* Bounded: data that finds no buffer may be lost without an error. */
		for (k = 0; k < 64; k++) {
			if (write(tty, data, sizeof(data)) <= 0)
				break;
		}
	}
	return i;
}

/* An open file of sysfs keeps a buffer and more. */
static long sysfs_files(long max)
{
	char byte;
	long i;
	int fd;

	for (i = 0; more(i, max); i++) {
		fd = open("/sys/kernel/mm/transparent_hugepage/enabled",
			  O_RDONLY);
		if (fd < 0)
			fd = open("/sys/kernel/fscaps", O_RDONLY);
		if (fd < 0 || read(fd, &byte, 1) < 0)
			break;
	}
	return i;
}

const struct attack file_attacks[] = {
	{ "open_files", NULL, open_files, 900000, .piles = "open files",
	  .charged = "files, descriptor table" },
	{ "full_pipes", NULL, full_pipes, 2000, .piles = "pipes, filled",
	  .charged = "pipe buffers are pages" },
	{ "event_files", NULL, event_files, 200000,
	  .piles = "eventfd, timerfd, signalfd",
	  .charged = "file and context" },
	{ "epoll_items", NULL, epoll_items, 900000,
	  .piles = "epoll items, many instances watching the same files",
	  .charged = "items, wait queue entries" },
	{ "epoll_nests", NULL, epoll_nests, 200000,
	  .piles = "epoll instances watching each other",
	  .charged = "file, context, items" },
	{ "inotify_watches", prepare_watches, inotify_watches, 900000,
	  .piles = "inotify watches",
	  .charged = "marks; connectors unmarked, index unmarked" },
	{ "inotify_queue", prepare_watches, inotify_queue, 400000,
	  .piles = "inotify events that nobody reads",
	  .charged = "to the listener's group" },
	{ "fanotify_marks", prepare_watches, fanotify_marks, 900000,
	  .piles = "fanotify marks", .charged = "marks; connectors unmarked" },
	{ "posix_locks", NULL, posix_locks, 200000, .piles = "byte-range locks",
	  .charged = "unmarked" },
	{ "flocks", NULL, flocks, 200000, .piles = "flock() locks",
	  .charged = "unmarked" },
	{ "posix_timers", NULL, posix_timers, 200000, .piles = "POSIX timers",
	  .charged = "timers, signals" },
	{ "queued_signals", NULL, queued_signals, 900000,
	  .piles = "real-time signals that are blocked",
	  .charged = "signals; delivery is checked against the limit" },
	{ "uring_rings", NULL, uring_rings, 500,
	  .piles = "io_uring rings with all their tables",
	  .charged = "unmarked" },
	{ "uring_empty", NULL, uring_empty, 20000,
	  .piles = "io_uring rings with nothing in them",
	  .charged = "rings; their caches unmarked" },
	{ "uring_buffers", NULL, uring_buffers, 200000,
	  .piles = "one page, registered again and again as a ring of buffers",
	  .charged = "lists; their mappings unmarked" },
	{ "userfault_files", NULL, userfault_files, 200000,
	  .piles = "contexts of userfaultfd",
	  .charged = "files; contexts unmarked" },
	{ "aio_contexts", NULL, aio_contexts, 20000, .piles = "aio contexts",
	  .charged = "unmarked" },
	{ "aio_requests", NULL, aio_requests, 190000,
	  .piles = "aio requests that wait", .charged = "unmarked" },
	{ "poll_tables", NULL, poll_tables, 120,
	  .piles = "threads in poll() with many descriptors",
	  .charged = "unmarked" },
	{ "select_tables", NULL, select_tables, 64,
	  .piles = "threads in select() with many descriptors",
	  .charged = "unmarked" },
	{ "ptys", NULL, ptys, 1000, .piles = "pseudo terminals, filled",
	  .charged = "unmarked" },
	{ "sysfs_files", NULL, sysfs_files, 50000,
	  .piles = "open files of sysfs", .charged = "unmarked" },
};

const size_t nr_file_attacks = sizeof(file_attacks) / sizeof(file_attacks[0]);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmarked objects behind files: events, watches, asynchronous I/O, terminals.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_marks.h"

/* Files with an object behind them. */
static long make_eventfd(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(eventfd(0, 0)); i++)
		;
	return i;
}

static long make_signalfd(long n)
{
	sigset_t set;
	long i;

	sigemptyset(&set);
	for (i = 0; i < n && !bc_keep_fd(signalfd(-1, &set, 0)); i++)
		;
	return i;
}

static long make_timerfd(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(timerfd_create(CLOCK_MONOTONIC, 0));
	     i++)
		;
	return i;
}

static long make_epoll(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(epoll_create1(0)); i++)
		;
	return i;
}

static long make_setown(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(open("/dev/null", O_RDONLY)) ||
		    fcntl(bc_kept(i), F_SETOWN, getpid()))
			break;
	}
	return i;
}

BC_MARKED_FILES(eventfd, 300, 1)
BC_MARKED_FILES(signalfd, 300, 1)
BC_MARKED_FILES(timerfd, 300, 1)
BC_MARKED_FILES(epoll, 300, 1)
BC_MARKED_FILES(setown, 300, 1)

/* Each of them has an inode of its own. */
static long make_userfaultfd(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(syscall(SYS_userfaultfd, O_CLOEXEC)))
			break;
	}
	return i;
}

static void test_userfaultfd(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_userfaultfd,
		.drop = bc_drop_kept,
		.count = 300,
		.caches = { "filp", "dentry", "inode_cache",
			    "userfaultfd_ctx_cache" },
	};

	bc_marks_test(g, &k);
}

/*
 * A fork waits for the listeners of all areas that it copies, and has for each
 * of them the event that it is to be told.
 */
#define NR_AREAS 32

static pthread_t forker;

static void *fork_here(void *unused)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return unused;
}

static long make_userfault(long n)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_EVENT_FORK };
	long page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < n; i++) {
		struct uffdio_register reg = {
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		};
		int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
		void *at = mmap(NULL, page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (bc_keep_fd(fd))
			return i;
		reg.range.start = (unsigned long)at;
		reg.range.len = page;
		if (ioctl(fd, UFFDIO_API, &api) ||
		    ioctl(fd, UFFDIO_REGISTER, &reg))
			return i;
		api.features = UFFD_FEATURE_EVENT_FORK;
	}
	if (pthread_create(&forker, NULL, fork_here, NULL))
		return 0;
	bc_pause_ms(500);
	return n;
}

static void test_userfaultfd_fork(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_userfault,
		.count = NR_AREAS,
		.unmarked = NR_AREAS,
		.caches = { "filp" },
	};

	bc_marks_test(g, &k);
}

/* Asynchronous I/O: a context, the table of contexts, a request. */
#define NR_CONTEXTS 1000
#define NR_BEFORE 1500

static aio_context_t contexts[NR_BEFORE + NR_CONTEXTS];
static long nr_contexts;

static void allow_aio(void)
{
	bc_write_path("/proc/sys/fs/aio-max-nr", "10000000");
}

static long make_context(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		contexts[nr_contexts] = 0;
		if (syscall(SYS_io_setup, 1, &contexts[nr_contexts]))
			break;
		nr_contexts++;
	}
	return i;
}

static long drop_contexts(long unused)
{
	(void)unused;
	while (nr_contexts)
		syscall(SYS_io_destroy, contexts[--nr_contexts]);
	return 0;
}

/*
 * On each CPU two counters of 8 bytes and one of 4. The first 28 KiB of all
 * percpu memory have no room for the payer, so they are used up before.
 */
static long use_up(long unused)
{
	(void)unused;
	return make_context(NR_BEFORE) == NR_BEFORE ? 0 : -1;
}

static long long aio_percpu(void)
{
	return NR_CONTEXTS * bc_percpu_size(20);
}

static void test_aio_context(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = allow_aio,
		.prepare = use_up,
		.make = make_context,
		.count = NR_CONTEXTS,
		.unmarked = 2 * NR_CONTEXTS,
		.caches = { "kioctx", "filp", "dentry", "inode_cache",
			    "vm_area_struct" },
		.also = aio_percpu,
	};

	bc_marks_test(g, &k);
}

/* A ring for events is page cache that cannot be reclaimed. */
#define NR_EVENTS 4000
#define EVENT_SIZE 32

static long make_ring(long n)
{
	contexts[nr_contexts] = 0;
	return syscall(SYS_io_setup, n, &contexts[nr_contexts++]);
}

static void test_aio_ring(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	allow_aio();
	bc_worker_start(&w, g);
	if (bc_call(&w, make_context, 1) != 1)
		bc_skip("no aio: %s", strerror(w.error));
	base = bc_rest(g);
	bc_eq(bc_call(&w, make_ring, NR_EVENTS), 0);
	bc_true(bc_rest(g) - base >= NR_EVENTS * EVENT_SIZE);
	bc_call(&w, drop_contexts, 0);
	bc_true(bc_rest(g) - base < NR_EVENTS * EVENT_SIZE);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The table grows fourfold each time, here to 256, and stays with the address space. */
#define NR_TABLE 70

static void test_aio_table(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	allow_aio();
	bc_worker_start(&w, g);
	if (bc_call(&w, make_context, 10) != 10)
		bc_skip("no aio: %s", strerror(w.error));
	bc_call(&w, drop_contexts, 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, make_context, NR_TABLE), NR_TABLE);
	bc_call(&w, drop_contexts, 0);
	bc_range(bc_rest(g) - base, 256 * 8, LLONG_MAX);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static int event_fd;

static long make_aio(long n)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_POLL, .aio_buf = POLLIN },
		    *list = &cb;
	long i;

	if (!event_fd)
		event_fd = eventfd(0, 0);
	cb.aio_fildes = event_fd;
	if (!nr_contexts && syscall(SYS_io_setup, n, &contexts[nr_contexts++]))
		return 0;
	for (i = 0; i < n; i++) {
		if (syscall(SYS_io_submit, contexts[0], 1, &list) != 1)
			break;
	}
	return i;
}

static long drop_aio(long unused)
{
	drop_contexts(unused);
	contexts[0] = 0;
	return 0;
}

static void test_aio_request(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = allow_aio,
		.make = make_aio,
		.drop = drop_aio,
		.count = 500,
		.caches = { "aio_kiocb" },
	};

	bc_marks_test(g, &k);
}

/* Watches: a mark, the connector that ties it to the inode, its number. */
#define NR_WATCHES 640

static void prepare_watch(void)
{
	bc_write_path("/proc/sys/fs/inotify/max_user_watches", "1000000");
	bc_write_path("/proc/sys/fs/inotify/max_user_instances", "10000");
	bc_make_files(NR_WATCHES);
}

static long long watch_nodes(void)
{
	return NR_WATCHES / 64 * bc_need_slab("radix_tree_node");
}

static void test_inotify(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = prepare_watch,
		.make = bc_watch,
		.drop = bc_unwatch,
		.count = NR_WATCHES,
		.caches = { "inotify_inode_mark", "fsnotify_mark_connector" },
		.also = watch_nodes,
	};

	bc_marks_test(g, &k);
}

/* A terminal: two ports, two line disciplines of three pages. */
#define NR_PTYS 40

static long make_pty(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)))
			break;
	}
	return i;
}

static long long pty_pages(void)
{
	return NR_PTYS * 6 * bc_page_size();
}

static void test_pty(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_pty,
		.drop = bc_drop_kept,
		.count = NR_PTYS,
		.unmarked = 2 * NR_PTYS,
		.caches = { "filp" },
		.also = pty_pages,
	};

	bc_marks_test(g, &k);
}

/*
 * A terminal that was written to: the copy of the data, the buffer it went
 * into, and the echo.
 */
static long make_pty_write(long n)
{
	struct pollfd echo = { .events = POLLIN };
	long i;

	for (i = 0; i < n; i++) {
		echo.fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (bc_keep_fd(echo.fd) || write(echo.fd, "x\n", 2) != 2 ||
		    poll(&echo, 1, 5000) != 1)
			break;
	}
	return i;
}

BC_MARKED_FILES(pty_write, NR_PTYS, 5)

static const struct bc_case cases[] = {
	{ "eventfd", test_eventfd },
	{ "signalfd", test_signalfd },
	{ "timerfd", test_timerfd },
	{ "epoll", test_epoll },
	{ "setown", test_setown },
	{ "userfaultfd", test_userfaultfd },
	{ "userfaultfd_fork", test_userfaultfd_fork },
	{ "aio_context", test_aio_context },
	{ "aio_ring", test_aio_ring },
	{ "aio_table", test_aio_table },
	{ "aio_request", test_aio_request },
	{ "inotify", test_inotify },
	{ "pty", test_pty },
	{ "pty_write", test_pty_write },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

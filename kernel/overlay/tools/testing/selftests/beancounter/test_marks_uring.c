// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmarked objects of io_uring: rings, what is registered with them, requests,
 * threads.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_marks.h"
#include "bc_uring.h"

#define ENTRIES 64
#define NR_THREADS 16

static struct bc_uring ring;
static int event_fd;

static int new_ring(unsigned int flags)
{
	struct bc_uring r;

	return bc_uring_setup(&r, ENTRIES, flags);
}

static void allow_uring(void)
{
	bc_write_path("/proc/sys/kernel/io_uring_disabled", "0");
}

static long make_ring_setup(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(new_ring(0)); i++)
		;
	return i;
}

static long make_ring_eventfd(long n)
{
	long i;

	if (!event_fd)
		event_fd = eventfd(0, 0);
	for (i = 0; i < n; i++) {
		if (bc_keep_fd(new_ring(0)) ||
		    syscall(SYS_io_uring_register, bc_kept(i),
			    IORING_REGISTER_EVENTFD, &event_fd, 1))
			break;
	}
	return i;
}

static long make_sqpoll_thread(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(new_ring(IORING_SETUP_SQPOLL)); i++)
		;
	return i;
}

static long ring_here(long unused)
{
	(void)unused;
	return new_ring(0);
}

static long make_ring_task(long n)
{
	return bc_threads_run(n, ring_here);
}

static long open_ring(void)
{
	return bc_uring_open(&ring, ENTRIES);
}

static long close_ring(long unused)
{
	(void)unused;
	return bc_uring_close(&ring);
}

/* Submits @n requests, which @fill fills in. */
static long submit(long n, void (*fill)(struct io_uring_sqe *sqe, long i))
{
	long i;

	for (i = 0; i < n; i++)
		fill(bc_uring_add(&ring), i);
	return bc_uring_submit(&ring, n);
}

static struct {
	int64_t sec, nsec;
} far = { 100000, 0 };

static void fill_timeout(struct io_uring_sqe *sqe, long i)
{
	(void)i;
	sqe->opcode = IORING_OP_TIMEOUT;
	sqe->addr = (unsigned long)&far;
	sqe->len = 1;
}

static long make_timeout(long n)
{
	return open_ring() ? 0 : submit(n, fill_timeout);
}

#define OP_FUTEX_WAITV 53
#define FUTEX2_U32 2

static struct {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
} futexes[4];
static uint32_t futex_word;

static void fill_futex(struct io_uring_sqe *sqe, long i)
{
	(void)i;
	sqe->opcode = OP_FUTEX_WAITV;
	sqe->addr = (unsigned long)futexes;
	sqe->len = BC_COUNT(futexes);
}

static long make_futex(long n)
{
	size_t i;

	for (i = 0; i < BC_COUNT(futexes); i++) {
		futexes[i].uaddr = (unsigned long)&futex_word;
		futexes[i].flags = FUTEX2_U32;
	}
	return open_ring() ? 0 : submit(n, fill_futex);
}

/* Requests behind a timeout that does not come are prepared and never done. */
#define OP_FSETXATTR 41
#define OP_FGETXATTR 43

static int xattr_op;
static char xattr_value[32];

static void fill_xattr(struct io_uring_sqe *sqe, long i)
{
	if (i % 2 == 0) {
		fill_timeout(sqe, i);
		sqe->flags = IOSQE_IO_LINK;
		return;
	}
	sqe->opcode = xattr_op;
	sqe->fd = event_fd;
	sqe->addr = (unsigned long)"user.marks";
	sqe->off = (unsigned long)xattr_value;
	sqe->len = 8;
}

static long make_getxattr(long n)
{
	xattr_op = OP_FGETXATTR;
	return open_ring() ? 0 : submit(n, fill_xattr);
}

static long make_setxattr(long n)
{
	xattr_op = OP_FSETXATTR;
	return open_ring() ? 0 : submit(n, fill_xattr);
}

/*
 * Each request that waits for a writer takes a thread of the kernel; four of
 * them are on one CPU.
 */
static void fill_open(struct io_uring_sqe *sqe, long i)
{
	(void)i;
	sqe->opcode = IORING_OP_OPENAT;
	sqe->flags = IOSQE_ASYNC;
	sqe->fd = AT_FDCWD;
	sqe->addr = (unsigned long)"fifo";
	sqe->open_flags = O_RDONLY;
}

static void make_fifo(void)
{
	allow_uring();
	bc_tmpfs();
	bc_sys(mkfifo("fifo", 0666));
}

static long make_io_thread(long n)
{
	long done, i;

	if (open_ring())
		return 0;
	done = submit(n, fill_open);
	/* At each wake-up it makes the next of the threads. */
	for (i = 0; i < 50; i++)
		bc_pause_ms(10);
	return done;
}

static char *buffers;

static long make_buffer_ring(long n)
{
	long page = sysconf(_SC_PAGESIZE), i;

	if (open_ring())
		return 0;
	buffers = mmap(NULL, n * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	for (i = 0; i < n; i++) {
		if (bc_uring_buffers(&ring, IORING_REGISTER_PBUF_RING, i,
				     buffers + i * page, 8))
			break;
	}
	return i;
}

/* A ring has three objects, and a task that has a ring has three more. */
#define URING(fn, n, per)                                                    \
	static void test_##fn(struct bc_group *g)                            \
	{                                                                    \
		static const struct bc_kind k = { .before = allow_uring,     \
						  .make = make_##fn,         \
						  .drop = close_ring,        \
						  .count = (n),              \
						  .unmarked = (n) * (per) }; \
		bc_marks_test(g, &k);                                        \
	}

BC_MARKED_FILES(ring_setup, 20, 3)
BC_MARKED_FILES(ring_eventfd, 20, 4)
BC_MARKED_FILES(sqpoll_thread, 8, 7)
URING(timeout, 60, 1)
URING(futex, 60, 1)
URING(getxattr, 60, 1)
URING(setxattr, 60, 1)
URING(buffer_ring, 60, 1)

static void test_io_wq_worker(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = make_fifo,
		.make = make_io_thread,
		.count = 4,
		.unmarked = 6 + 4,
		.caches = { "task_struct" },
	};

	bc_marks_test(g, &k);
}

static void test_ring_per_task(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = allow_uring,
		.prepare = bc_threads_start,
		.make = make_ring_task,
		.count = NR_THREADS,
		.unmarked = 6 * NR_THREADS,
		.caches = { "filp" },
	};

	bc_marks_test(g, &k);
}

static const struct bc_case cases[] = {
	{ "ring_setup", test_ring_setup },
	{ "ring_eventfd", test_ring_eventfd },
	{ "sqpoll_thread", test_sqpoll_thread },
	{ "ring_per_task", test_ring_per_task },
	{ "timeout", test_timeout },
	{ "futex", test_futex },
	{ "getxattr", test_getxattr },
	{ "setxattr", test_setxattr },
	{ "io_wq_worker", test_io_wq_worker },
	{ "buffer_ring", test_buffer_ring },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

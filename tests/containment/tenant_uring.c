// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with io_uring: the data that waiting requests keep.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_uring.h"
#include "tenant.h"

#define DEPTH 64

static struct bc_uring ring;
static int waits_for[2];
static char value[65536], path[4000];
static struct iovec vector[1024];
static int sock[2];

static bool open_ring(void)
{
	size_t i;

	if (ring.rings)
		return true;
	for (i = 0; i < BC_COUNT(vector); i++)
		vector[i] = (struct iovec){ value, 1 };
	memset(path, '/', sizeof(path) - 1);
	if (pipe(waits_for) || socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		return false;
	return !bc_uring_open(&ring, DEPTH);
}

/* True if all @n were taken; if not, the first of the rest was refused. */
static bool submitted(long n)
{
	long taken = bc_uring_submit(&ring, n);

	if (taken >= 0 && taken < n)
		errno = ENOMEM;
	return taken == n;
}

/* Queue request number @i, linked behind a poll that never fires. */
static bool link_up(long i, void (*fill)(struct io_uring_sqe *s, long i))
{
	struct io_uring_sqe *s;
	long n = i % (DEPTH - 1);

	if (!open_ring())
		return false;
	if (!n) {
		s = bc_uring_add(&ring);
		s->opcode = IORING_OP_POLL_ADD;
		s->fd = waits_for[0];
		s->poll32_events = 1;
		s->flags = IOSQE_IO_LINK;
	}
	s = bc_uring_add(&ring);
	fill(s, i);
	if (n < DEPTH - 2) {
		s->flags |= IOSQE_IO_LINK;
		return true;
	}
	return submitted(DEPTH);
}

static void fill_setxattr(struct io_uring_sqe *s, long i)
{
	s->opcode = IORING_OP_SETXATTR;
	s->addr = (unsigned long)"user.name";
	s->addr2 = (unsigned long)value;
	s->len = 1 << (i % 4 + 13);
	s->addr3 = (unsigned long)"/";
}

/* Waiting requests to set an attribute, with its value. */
static bool uring_attributes(long i)
{
	return link_up(i, fill_setxattr);
}

static void fill_name(struct io_uring_sqe *s, long i)
{
	static const unsigned char ops[] = {
		IORING_OP_OPENAT,
		IORING_OP_UNLINKAT,
		IORING_OP_MKDIRAT,
		IORING_OP_STATX,
	};

	s->opcode = ops[i % BC_COUNT(ops)];
	s->fd = AT_FDCWD;
	s->addr = (unsigned long)path;
	if (s->opcode == IORING_OP_STATX)
		s->addr2 = (unsigned long)value;
}

/* Waiting requests with a path name. */
static bool uring_names(long i)
{
	return link_up(i, fill_name);
}

static void fill_two_names(struct io_uring_sqe *s, long i)
{
	static const unsigned char ops[] = {
		IORING_OP_LINKAT,
		IORING_OP_RENAMEAT,
		IORING_OP_SYMLINKAT,
	};

	s->opcode = ops[i % BC_COUNT(ops)];
	s->fd = AT_FDCWD;
	s->addr = (unsigned long)path;
	s->addr2 = (unsigned long)path;
	if (s->opcode != IORING_OP_SYMLINKAT)
		s->len = AT_FDCWD;
}

/* Waiting requests with two path names. */
static bool uring_pairs_of_names(long i)
{
	return link_up(i, fill_two_names);
}

static void fill_message(struct io_uring_sqe *s, long i)
{
	static struct msghdr m = { .msg_iov = vector, .msg_iovlen = 1024 };

	s->opcode = i & 1 ? IORING_OP_SENDMSG : IORING_OP_RECVMSG;
	s->fd = sock[0];
	s->addr = (unsigned long)&m;
}

/* Waiting requests with a message and its vector. */
static bool uring_messages(long i)
{
	return link_up(i, fill_message);
}

static void fill_vector(struct io_uring_sqe *s, long i)
{
	s->opcode = i & 1 ? IORING_OP_READV : IORING_OP_WRITEV;
	s->fd = waits_for[i & 1 ? 0 : 1];
	s->addr = (unsigned long)vector;
	s->len = BC_COUNT(vector);
}

/* Waiting requests with a vector of buffers. */
static bool uring_vectors(long i)
{
	return link_up(i, fill_vector);
}

#ifndef FUTEX2_SIZE_U32
#define FUTEX2_SIZE_U32 2
#endif

static unsigned int words[128];

static void fill_futexes(struct io_uring_sqe *s, long i)
{
	static struct futex_waitv w[128];

	if (!w[0].uaddr) {
		for (i = 0; i < 128; i++) {
			w[i].uaddr = (unsigned long)&words[i];
			w[i].flags = FUTEX2_SIZE_U32 | 128 /* private */;
		}
	}
	s->opcode = 53; /* IORING_OP_FUTEX_WAITV */
	s->addr = (unsigned long)w;
	s->len = 128;
}

/* Requests to wait for futexes (not linked, as they wait anyway). */
static bool uring_futexes(long i)
{
	if (!open_ring())
		return false;
	fill_futexes(bc_uring_add(&ring), i);
	return submitted(1);
}

static void fill_address(struct io_uring_sqe *s, long i)
{
	s->opcode = IORING_OP_CONNECT;
	s->fd = sock[i & 1];
	s->addr = (unsigned long)value;
	s->off = 110;
}

/* Waiting requests with a socket address. */
static bool uring_addresses(long i)
{
	return link_up(i, fill_address);
}

/* Timeouts. */
static bool uring_timeouts(long i)
{
	static struct __kernel_timespec far = { .tv_sec = 100000 };
	struct io_uring_sqe *s;

	if (!open_ring())
		return false;
	s = bc_uring_add(&ring);
	s->opcode = IORING_OP_TIMEOUT;
	s->addr = (unsigned long)&far;
	s->len = 1;
	s->user_data = i;
	return submitted(1);
}

/* Requests to poll for an event that never comes. */
static bool uring_polls(long i)
{
	struct io_uring_sqe *s;

	if (!open_ring())
		return false;
	s = bc_uring_add(&ring);
	s->opcode = IORING_OP_POLL_ADD;
	s->fd = waits_for[0];
	s->poll32_events = 1;
	s->user_data = i;
	return submitted(1);
}

/* Completions that do not fit into the completion ring. */
static bool uring_overflow(long i)
{
	struct io_uring_sqe *s;

	if (!open_ring())
		return false;
	s = bc_uring_add(&ring);
	s->opcode = IORING_OP_NOP;
	s->user_data = i;
	/* A ring with an overflow takes no more requests: go on with a new one. */
	if (bc_uring_submit(&ring, 1) == 1)
		return true;
	if (errno != EBUSY && errno != EAGAIN)
		return false;
	memset(&ring, 0, sizeof(ring));
	return open_ring();
}

/* Provided buffers, which the kernel records one by one. */
static bool uring_provided(long i)
{
	struct io_uring_sqe *s;
	struct io_uring_cqe c;

	if (!open_ring())
		return false;
	s = bc_uring_add(&ring);
	s->opcode = IORING_OP_PROVIDE_BUFFERS;
	s->fd = 1000;
	s->addr = (unsigned long)value;
	s->len = 1;
	s->off = i * 1000 % 64000;
	s->buf_group = i / 64 % 65536;
	if (bc_uring_submit(&ring, 1) != 1 || bc_uring_wait(&ring, &c))
		return false;
	errno = c.res < 0 ? -c.res : 0;
	return c.res >= 0;
}

static void *unmapped_later(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* Rings of provided buffers in memory of the process, which is unmapped. */
static bool uring_own_buffers(long i)
{
	size_t size = 32768 * 16;
	struct {
		unsigned long long addr;
		unsigned int entries;
		unsigned short group, flags;
		unsigned long long more[3];
	} reg = { .entries = 32768, .group = i };
	void *at = unmapped_later(size);

	if (!open_ring() || !at)
		return false;
	reg.addr = (unsigned long)at;
	return !syscall(SYS_io_uring_register, ring.fd,
			22 /* IORING_REGISTER_PBUF_RING */, &reg, 1) &&
	       !munmap(at, size);
}

/* Rings in memory of the process, which is unmapped. */
static bool uring_own_memory(long i)
{
	size_t rings = 64 << 10, entries = 64 << 10;
	struct io_uring_params p = { .flags = 1 << 14 /* NO_MMAP */ };
	char *at = unmapped_later(rings + entries);
	long fd;

	if (!at)
		return false;
	p.cq_off.resv2 = (unsigned long)at;
	p.sq_off.resv2 = (unsigned long)at + rings;
	fd = syscall(SYS_io_uring_setup, 1024 - i % 2, &p);
	return fd >= 0 && !munmap(at, rings + entries);
}

#define WITH_ROW(what, n)                                             \
	{                                                             \
		.name = #what, .one = what, .max = n, .tenant = true, \
		.row = "lockedpages"                                  \
	}

const struct attack uring_attacks[] = {
	TENANT(uring_attributes, 100000),     TENANT(uring_names, 100000),
	TENANT(uring_pairs_of_names, 100000), TENANT(uring_messages, 100000),
	TENANT(uring_vectors, 100000),	      TENANT(uring_futexes, 100000),
	TENANT(uring_addresses, 300000),      TENANT(uring_timeouts, 300000),
	TENANT(uring_polls, 300000),	      TENANT(uring_overflow, 1000000),
	TENANT(uring_provided, 100000),	      WITH_ROW(uring_own_buffers, 1000),
	WITH_ROW(uring_own_memory, 2000),
};

const size_t nr_uring_attacks = BC_COUNT(uring_attacks);

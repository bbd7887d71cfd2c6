// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_uring.h"

/* The completions are in the same mapping, before the array of indices. */
static size_t rings_size(const struct bc_uring *r)
{
	return r->params.sq_off.array +
	       r->params.sq_entries * sizeof(unsigned int);
}

static size_t sqes_size(const struct bc_uring *r)
{
	return r->params.sq_entries * sizeof(*r->sqes);
}

static unsigned int *at(const struct bc_uring *r, unsigned int offset)
{
	return (unsigned int *)(r->rings + offset);
}

/* Makes the ring and maps nothing of it. Returns its file. */
int bc_uring_setup(struct bc_uring *r, unsigned int entries, unsigned int flags)
{
	memset(r, 0, sizeof(*r));
	r->params.flags = flags;
	r->fd = syscall(SYS_io_uring_setup, entries, &r->params);
	return r->fd;
}

int bc_uring_open(struct bc_uring *r, unsigned int entries)
{
	if (bc_uring_setup(r, entries, 0) < 0)
		return -1;
	r->rings = mmap(NULL, rings_size(r), BC_RW, MAP_SHARED | MAP_POPULATE,
			r->fd, IORING_OFF_SQ_RING);
	r->sqes = mmap(NULL, sqes_size(r), BC_RW, MAP_SHARED | MAP_POPULATE,
		       r->fd, IORING_OFF_SQES);
	return r->rings == MAP_FAILED || r->sqes == MAP_FAILED ? -1 : 0;
}

int bc_uring_close(struct bc_uring *r)
{
	munmap(r->rings, rings_size(r));
	munmap(r->sqes, sqes_size(r));
	return close(r->fd);
}

struct io_uring_sqe *bc_uring_add(struct bc_uring *r)
{
	unsigned int *tail = at(r, r->params.sq_off.tail);
	unsigned int i = *tail & *at(r, r->params.sq_off.ring_mask);

	memset(&r->sqes[i], 0, sizeof(r->sqes[i]));
	at(r, r->params.sq_off.array)[i] = i;
	/* The kernel does not look at it before bc_uring_submit(). */
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return &r->sqes[i];
}

void bc_uring_take_back(struct bc_uring *r, long n)
{
	*at(r, r->params.sq_off.tail) -= n;
}

long bc_uring_submit(struct bc_uring *r, long n)
{
	return syscall(SYS_io_uring_enter, r->fd, n, 0, 0, NULL, 0);
}

int bc_uring_wait(struct bc_uring *r, struct io_uring_cqe *cqe)
{
	struct io_uring_cqe *cqes = (void *)at(r, r->params.cq_off.cqes);
	unsigned int *head = at(r, r->params.cq_off.head);
	unsigned int *tail = at(r, r->params.cq_off.tail);

	while (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE)) {
		if (syscall(SYS_io_uring_enter, r->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			return -1;
	}
	*cqe = cqes[*head & *at(r, r->params.cq_off.ring_mask)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return 0;
}

int bc_uring_buffers(struct bc_uring *r, unsigned int what, unsigned int bgid,
		     void *at, unsigned int entries)
{
	struct io_uring_buf_reg reg = {
		.ring_addr = (unsigned long)at,
		.ring_entries = entries,
		.bgid = bgid,
	};

	return syscall(SYS_io_uring_register, r->fd, what, &reg, 1);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Rings of io_uring, for tests that have no liburing. */
#ifndef BC_URING_H
#define BC_URING_H

#include <linux/io_uring.h>

struct bc_uring {
	int fd;
	struct io_uring_params params;
	struct io_uring_sqe *sqes;
	char *rings;
};

/*
 * All of them return 0 or, where there is more to say, a positive number; or -1
 * and errno.
 */
int bc_uring_setup(struct bc_uring *r, unsigned int entries,
		   unsigned int flags);
int bc_uring_open(struct bc_uring *r, unsigned int entries);
int bc_uring_close(struct bc_uring *r);

/* Adds a request, all zero, at the end of the queue; takes the last @n back. */
struct io_uring_sqe *bc_uring_add(struct bc_uring *r);
void bc_uring_take_back(struct bc_uring *r, long n);

/* A ring of buffers that the caller provides: IORING_(UN)REGISTER_PBUF_RING. */
int bc_uring_buffers(struct bc_uring *r, unsigned int what, unsigned int bgid,
		     void *at, unsigned int entries);

/* Submits requests. Returns how many of them the kernel has taken. */
long bc_uring_submit(struct bc_uring *r, long n);

/* Waits for the next completion. */
int bc_uring_wait(struct bc_uring *r, struct io_uring_cqe *cqe);

#endif /* BC_URING_H */

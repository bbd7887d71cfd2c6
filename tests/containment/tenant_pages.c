// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with pages of user space that no account seems to have: behind
 * mappings that cannot be written, and on their way out of sockets.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tenant.h"

/* Bytes of one object of these attacks. */
#define PIECE (64 << 10)

static char data[PIECE];

static char *map(int protection)
{
	char *at = mmap(NULL, PIECE, protection, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* Memory that was written, and can only be read from then on. */
static bool read_only_pages(long i)
{
	char *at = map(PROT_READ | PROT_WRITE);

	if (!at)
		return false;
	memset(at, i + 1, PIECE);
	return !mprotect(at, PIECE, i % 2 ? PROT_READ : PROT_NONE);
}

/* Memory that can only be read, and was written as a debugger does it. */
static bool debugged_pages(long i)
{
	static int memory = -1;
	char *at = map(i % 2 ? PROT_READ : PROT_NONE);

	if (memory < 0)
		memory = open("/proc/self/mem", O_RDWR);
	return at && pwrite(memory, data, PIECE, (off_t)(uintptr_t)at) == PIECE;
}

static int userfault(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) ? fd : -1;
}

/* Memory that can only be read, with contents from userfaultfd. */
static bool userfault_pages(long i)
{
	static int fd = -1;
	char *at = map(i % 2 ? PROT_READ : PROT_NONE);
	struct uffdio_register area = {
		.range = { (uintptr_t)at, PIECE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (uintptr_t)at,
				    .src = (uintptr_t)data,
				    .len = PIECE };

	if (fd < 0)
		fd = userfault();
	return at && !ioctl(fd, UFFDIO_REGISTER, &area) &&
	       !ioctl(fd, UFFDIO_COPY, &copy);
}

/* Send pages of a file that has no other pages then: 0, or -1. */
static int send_pages(int out)
{
	int file = memfd_create("pages", 0);
	off_t from = 0;
	int ret = -1;

	if (file < 0)
		return -1;
	if (write(file, data, PIECE) == PIECE &&
	    sendfile(out, file, &from, PIECE) == PIECE && !ftruncate(file, 0))
		ret = 0;
	close(file);
	return ret;
}

/* A connection that is used again and again: both ends. */
static int *connection(void)
{
	static int fd[2];

	if (!fd[0] && stream(0, fd)) {
		fd[0] = 0;
		return NULL;
	}
	return fd;
}

/* Take @left bytes out of a socket and forget them. */
static bool drain(int in, int left)
{
	ssize_t n;

	for (; left > 0; left -= n) {
		n = recv(in, data, left, 0);
		if (n <= 0)
			return false;
	}
	return true;
}

/* Pages that TCP maps into memory in place of copying them. */
static bool received_pages(long i)
{
	int *fd = connection(), left = PIECE;
	struct tcp_zerocopy_receive in = { 0 };
	socklen_t len = sizeof(in);
	char *at;

	if (!fd || send_pages(fd[0]))
		return false;
	at = mmap(NULL, PIECE, PROT_READ, i % 2 ? MAP_SHARED : MAP_PRIVATE,
		  fd[1], 0);
	if (at == MAP_FAILED)
		return false;
	in.address = (uintptr_t)at;
	for (; left; left -= in.length + in.recv_skip_hint) {
		in.length = left & ~(bc_page_size() - 1);
		if (getsockopt(fd[1], IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &in,
			       &len) ||
		    !drain(fd[1], in.recv_skip_hint))
			return false;
		if (!in.length && !in.recv_skip_hint)
			return drain(fd[1], left);
		in.address += in.length;
	}
	return true;
}

/* Pages that a pipe takes out of a socket, and keeps. */
static bool pages_out_of_sockets(long i)
{
	int *fd = connection(), pipes[2], left = PIECE;
	ssize_t n;

	if (!fd || send_pages(fd[0]) || pipe(pipes))
		return false;
	for (; left; left -= n) {
		n = splice(fd[1], NULL, pipes[1], NULL, left - i % 2,
			   SPLICE_F_NONBLOCK);
		if (n <= 0)
			break;
	}
	return drain(fd[1], left) && (!left || n > 0 || errno == EAGAIN);
}

static int sent, full = -1;

static void send_for_ever(long i)
{
	off_t from = 0;

	sendfile(full, sent, &from, PIECE - i % 2);
}

static int full_socket(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return -1;
	while (send(fd[0], data, PIECE, MSG_DONTWAIT) > 0)
		;
	return fd[0];
}

/* Threads that send a file to a full socket. The file is truncated meanwhile. */
static bool waiting_senders(long i)
{
	if (full < 0)
		full = full_socket();
	sent = memfd_create("pages", 0);
	if (full < 0 || sent < 0 || write(sent, data, PIECE) != PIECE ||
	    !one_waiting(send_for_ever, i))
		return false;
	/* The thread waits in the system call by then. */
	usleep(2000);
	return !ftruncate(sent, 0) && !close(sent);
}

#define PAGES(what, n)                                                \
	{                                                             \
		.name = #what, .one = what, .max = n, .tenant = true, \
		.row = "privvmpages"                                  \
	}

const struct attack pages_attacks[] = {
	PAGES(read_only_pages, 2000),	    PAGES(debugged_pages, 2000),
	PAGES(userfault_pages, 2000),	    PAGES(received_pages, 2000),
	TENANT(pages_out_of_sockets, 2000), TENANT(waiting_senders, 2000),
};

const size_t nr_pages_attacks = BC_COUNT(pages_attacks);

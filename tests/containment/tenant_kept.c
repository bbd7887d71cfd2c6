// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with memory that a request keeps: the pages that a call, a packet
 * or a server has still to do something with, and nodes that are almost empty.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"
#include "bc_uring.h"
#include "tenant.h"

/* Readaheads from one file, and the bytes of each. */
#define READS 64
#define READ_SIZE (128 << 10)

/* Pages that are being read from a FUSE server that does not answer. */
static bool kept_reads(long i)
{
	static int file;
	char path[48];

	fuse_wants = FUSE_ASYNC_READ;
	if (i % READS == 0) {
		snprintf(path, sizeof(path), "/tmp/fuse%ld", i / READS);
		if (!serve_files(path))
			return false;
		strcat(path, "/file");
		file = open(path, O_RDONLY);
	}
	if (file < 0)
		return false;
	errno = posix_fadvise(file, i % READS * READ_SIZE, READ_SIZE,
			      POSIX_FADV_WILLNEED);
	return !errno;
}

/* Bytes of one request to write. */
#define WRITE_SIZE (1024 * 1024)

static void *written;

static void write_for_ever(long i)
{
	char path[48];

	snprintf(path, sizeof(path), "/tmp/fuse/file%ld", i);
	has_returned(pwrite(open(path, O_RDWR), written, WRITE_SIZE, 0));
}

/* Pages that are being written to a FUSE server that does not answer. */
static bool kept_writes(long i)
{
	fuse_wants = FUSE_BIG_WRITES | FUSE_MAX_PAGES;
	if (!i) {
		written = calloc(1, WRITE_SIZE);
		if (!written || !serve_files("/tmp/fuse"))
			return false;
	}
	return waits(write_for_ever, i);
}

/* Pages of a message with one byte in each. */
#define SCATTERED 100

struct scattered {
	char *at;
	size_t pages;
	struct iovec iov[SCATTERED];
	struct msghdr m;
};

/* Map pages and make a message with one byte of each, at places that do not join. */
static bool scatter(struct scattered *s, size_t pages)
{
	size_t k;

	s->pages = pages;
	s->at = mmap(NULL, pages * 4096, BC_RW, BC_ANON | MAP_POPULATE, -1, 0);
	for (k = 0; k < pages; k++)
		s->iov[k] = (struct iovec){ s->at + k * 4096 + k % 16 * 8, 1 };
	s->m = (struct msghdr){ .msg_iov = s->iov, .msg_iovlen = pages };
	return s->at != MAP_FAILED;
}

/* Unmap the pages; the result is whether @sent bytes were sent. */
static bool unmapped(const struct scattered *s, long sent)
{
	int error = errno;

	munmap(s->at, s->pages * 4096);
	errno = error;
	return sent > 0;
}

/* Make a TCP connection; data for the receiver needs no more than @size: or -1. */
static int connected(int size)
{
	struct sockaddr_in sin;
	int server = bc_bound_socket(SOCK_STREAM, &sin), fd;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (server < 0 || fd < 0 || listen(server, 1) ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
	    accept(server, NULL, NULL) < 0 || close(server))
		return -1;
	return fd;
}

/* A connection whose receiver has no room left, with a large buffer to send: or -1. */
static int stalled(void)
{
	int fd = connected(1), size = 1 << 20, on = 1;
	static char fill[65536];

	if (fd < 0)
		return -1;
	while (send(fd, fill, sizeof(fill), MSG_DONTWAIT) > 0)
		;
	if (errno != EAGAIN ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -1;
	return fd;
}

/* Pages of a mapping that was removed, of each of which TCP is to send one byte. */
static bool scattered_bytes(long i)
{
	int fd = stalled();
	struct scattered s;

	if (fd < 0 || !scatter(&s, SCATTERED - i % 2))
		return false;
	return unmapped(&s, sendmsg(fd, &s.m, MSG_ZEROCOPY | MSG_DONTWAIT));
}

/* Send a message by io_uring without a copy: the bytes sent, or -1. */
static long uring_send(int fd, struct msghdr *m)
{
	static struct bc_uring ring;
	struct io_uring_sqe *s;
	struct io_uring_cqe c;

	if (!ring.rings && bc_uring_open(&ring, 8))
		return -1;
	s = bc_uring_add(&ring);
	s->opcode = IORING_OP_SENDMSG_ZC;
	s->fd = fd;
	s->addr = (unsigned long)m;
	s->len = 1;
	s->msg_flags = MSG_DONTWAIT;
	if (bc_uring_submit(&ring, 1) != 1)
		return -1;
	/* What comes before the answer is about earlier messages that have gone. */
	do {
		if (bc_uring_wait(&ring, &c))
			return -1;
	} while (c.flags & IORING_CQE_F_NOTIF);
	errno = c.res < 0 ? -c.res : 0;
	return c.res;
}

/* Pages of a mapping that was removed, one byte of each sent by io_uring. */
static bool scattered_messages(long i)
{
	int fd = stalled();
	struct scattered s;

	if (fd < 0 || !scatter(&s, SCATTERED - i % 2))
		return false;
	return unmapped(&s, uring_send(fd, &s.m));
}

/* A connection of vsock whose other end does not read: or -1. */
static int vsock_stream(void)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = 5000 };
	int server = socket(AF_VSOCK, SOCK_STREAM, 0), fd, on = 1;

	if (server < 0 || bind(server, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(server, 1))
		return -1;
	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    accept(server, NULL, NULL) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -1;
	return close(server) ? -1 : fd;
}

/* Pages of a mapping that was removed, of each of which vsock has sent one byte. */
static bool scattered_vsock(long i)
{
	static int fd;
	struct scattered s;

	/* A socket has memory for the notifications of so many messages. */
	if (i % 100 == 0)
		fd = vsock_stream();
	if (fd < 0 || !scatter(&s, 16 - i % 2))
		return false;
	return unmapped(&s, sendmsg(fd, &s.m, MSG_ZEROCOPY | MSG_DONTWAIT));
}

/* Pages of one file, and the part of each that is sent. */
#define HALVES 14
#define HALF 2048

/* Take halves of the pages of a file to a pipe, and cut the file. */
static bool halves_to_pipe(int out)
{
	static char data[HALVES * 4096];
	int file = memfd_create("halves", 0), k;
	loff_t at;
	bool done = file >= 0 &&
		    write(file, data, sizeof(data)) == sizeof(data);

	for (k = 0; k < HALVES && done; k++) {
		at = k * 4096;
		done = splice(file, &at, out, NULL, HALF, SPLICE_F_NONBLOCK) ==
		       HALF;
	}
	if (file < 0)
		return false;
	return !ftruncate(file, 0) && !close(file) && done;
}

/* Pages of a truncated file, half of each of which is in a TCP connection. */
static bool half_pages(long i)
{
	static int fd = -1;
	int ends[2];
	ssize_t n;

	(void)i;
	if (fd < 0)
		fd = connected(1 << 20);
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    pipe2(ends, O_NONBLOCK) || !halves_to_pipe(ends[1]))
		return false;
	n = splice(ends[0], NULL, fd, NULL, HALVES * HALF, SPLICE_F_NONBLOCK);
	/* The connection is full: go on with another. */
	if (n != HALVES * HALF)
		fd = -1;
	return !close(ends[0]) && !close(ends[1]) && (n > 0 || errno == EAGAIN);
}

/* Names of a directory; every third is removed again. */
#define NAMES 192

/* Nodes of a directory of tmpfs, with gaps between the numbers of its names. */
static bool sparse_directories(long i)
{
	char name[48];
	int k;

	if (!i && close(open("a", O_CREAT | O_WRONLY, 0600)))
		return false;
	for (k = 0; k < NAMES; k++) {
		snprintf(name, sizeof(name), "%lx", 4096 + i * NAMES + k);
		/* A name that changes gets the next number. */
		if (link(k % 2 ? "b" : "a", name) ||
		    rename(k % 2 ? "b" : "a", k % 2 ? "a" : "b"))
			return false;
	}
	for (k = 0; k < NAMES; k += 3) {
		snprintf(name, sizeof(name), "%lx", 4096 + i * NAMES + k);
		if (unlink(name))
			return false;
	}
	return true;
}

#define MOUNTS 400

/* As root: the group is a memory cgroup, and the tenant may make others within it. */
static void prepare_memory(void)
{
	struct bc_group parent;

	strcpy(parent.path, attacked());
	*strrchr(parent.path, '/') = '\0';
	if (!bc_enable_memory(&parent))
		bc_skip("no memory cgroups");
	prepare_delegated();
}

/* Make a group within the group and enter it. */
static bool enter(const char *name)
{
	char path[400];
	int len = snprintf(path, sizeof(path), "%s/%s", attacked(), name);

	if (mkdir(path, 0755))
		return false;
	snprintf(path + len, sizeof(path) - len, "/cgroup.procs");
	return !bc_write_path(path, "0");
}

static bool mount_many(void)
{
	char path[400];
	int k;

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", attacked());
	if (!enter("first") || bc_write_path(path, "+memory"))
		return false;
	for (k = 0; k < MOUNTS; k++) {
		snprintf(path, sizeof(path), "m%d", k);
		if (mkdir(path, 0700) ||
		    mount("none", path, "tmpfs", 0, "size=64k"))
			return false;
	}
	return true;
}

/* Memory cgroups, each with a list for each of many file systems that it has used. */
static bool groups_and_mounts(long i)
{
	char path[32];
	int k, fd;

	if (!i && !mount_many())
		return false;
	snprintf(path, sizeof(path), "g%ld", i);
	if (!enter(path))
		return false;
	for (k = 0; k < MOUNTS; k++) {
		snprintf(path, sizeof(path), "m%d/file", k);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd < 0 || close(fd) || unlink(path))
			return false;
	}
	return true;
}

#define KEPT(what, n, own, first)                               \
	.name = #what, .prepare = first, .one = what, .max = n, \
	.tenant = true, .spaces = CLONE_NEWUSER | (own)

const struct attack kept_attacks[] = {
	{ KEPT(kept_reads, 2000, CLONE_NEWNS, prepare_fuse), .files = true },
	{ KEPT(kept_writes, 200, CLONE_NEWNS, prepare_fuse), .files = true },
	{ KEPT(scattered_bytes, 1000, CLONE_NEWNET, NULL),
	  .row = "lockedpages" },
	{ KEPT(scattered_messages, 1000, CLONE_NEWNET, NULL),
	  .row = "lockedpages" },
	{ KEPT(scattered_vsock, 2000, 0, NULL), .row = "lockedpages" },
	TENANT_IN(half_pages, 5000, CLONE_NEWNET),
	/* With the time of an attack that raises the limits. */
	{ .name = "sparse_directories",
	  .prepare = own_tmpfs,
	  .one = sparse_directories,
	  .max = 5000,
	  .later = "a tree allocates its nodes with flags of its own" },
	{ .name = "groups_and_mounts",
	  .prepare = prepare_memory,
	  .one = groups_and_mounts,
	  .max = 150,
	  .tenant = true,
	  .spaces = CLONE_NEWUSER | CLONE_NEWNS },
};

const size_t nr_kept_attacks = BC_COUNT(kept_attacks);

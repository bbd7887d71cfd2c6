// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of a pipe that becomes one of the page cache: what FUSE does with the
 * answers that its server moves to it.  It is no kernel memory of the server
 * any more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_object.h"

#define PAGES 32
#define NODE 2

static int dev, pipes[2];
static char request[1 << 17];
static char data[PAGES * 4096];

static int answer(const struct fuse_in_header *in, int error, const void *data,
		  size_t len)
{
	char buf[512];
	struct fuse_out_header *out = (void *)buf;

	out->len = sizeof(*out) + len;
	out->error = error;
	out->unique = in->unique;
	if (len)
		memcpy(buf + sizeof(*out), data, len);
	return write(dev, buf, out->len) == (ssize_t)out->len ? 0 : -1;
}

static void fill_attr(struct fuse_attr *attr, unsigned long node)
{
	attr->ino = node;
	attr->nlink = 1;
	attr->mode = node == NODE ? S_IFREG | 0444 : S_IFDIR | 0555;
	attr->size = node == NODE ? PAGES * 4096 : 0;
	attr->blksize = 4096;
}

static int answer_init(const struct fuse_in_header *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = PAGES * 4096,
		.flags = FUSE_ASYNC_READ | FUSE_SPLICE_MOVE | FUSE_SPLICE_WRITE,
		.max_write = 4096,
		.max_background = 16,
	};

	return answer(in, 0, &out, sizeof(out));
}

static int answer_lookup(const struct fuse_in_header *in)
{
	struct fuse_entry_out out = { .nodeid = NODE, .entry_valid = 1000 };

	fill_attr(&out.attr, NODE);
	return answer(in, 0, &out, sizeof(out));
}

static int answer_getattr(const struct fuse_in_header *in)
{
	struct fuse_attr_out out = { .attr_valid = 1000 };

	fill_attr(&out.attr, in->nodeid);
	return answer(in, 0, &out, sizeof(out));
}

static int answer_open(const struct fuse_in_header *in)
{
	struct fuse_open_out out = { .fh = 1 };

	return answer(in, 0, &out, sizeof(out));
}

/* The head and the pages go through a pipe, and from there they are moved. */
static int answer_read(const struct fuse_in_header *in)
{
	static char page[4096];
	const struct fuse_read_in *arg = (const void *)(in + 1);
	struct fuse_out_header out = {
		.len = sizeof(out) + arg->size,
		.unique = in->unique,
	};
	unsigned int done;

	if (write(pipes[1], &out, sizeof(out)) != sizeof(out))
		return -1;
	for (done = 0; done < arg->size; done += sizeof(page)) {
		memset(page, 'A' + (arg->offset + done) / 4096, sizeof(page));
		if (write(pipes[1], page, sizeof(page)) != sizeof(page))
			return -1;
	}
	return splice(pipes[0], NULL, dev, NULL, out.len, SPLICE_F_MOVE) ==
			       (ssize_t)out.len ?
		       0 :
		       -1;
}

/* Answers until the file has been closed; how many pages were read of it. */
static long serve(long unused)
{
	const struct fuse_in_header *in = (const void *)request;
	bool open = true;
	long sent = 0;
	int err = 0;

	(void)unused;
	while (open && !err) {
		if (read(dev, request, sizeof(request)) < 0)
			return -1;
		switch (in->opcode) {
		case FUSE_INIT:
			err = answer_init(in);
			break;
		case FUSE_LOOKUP:
			err = answer_lookup(in);
			break;
		case FUSE_GETATTR:
			err = answer_getattr(in);
			break;
		case FUSE_OPEN:
			err = answer_open(in);
			break;
		case FUSE_READ:
			sent += ((const struct fuse_read_in *)(in + 1))->size;
			err = answer_read(in);
			break;
		case FUSE_RELEASE:
			err = answer(in, 0, NULL, 0);
			open = false;
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		default:
			err = answer(in, -ENOSYS, NULL, 0);
		}
	}
	return err ? -1 : sent / 4096;
}

static long prepare(long unused)
{
	(void)unused;
	if (pipe(pipes))
		return -1;
	return fcntl(pipes[1], F_SETPIPE_SZ, 1 << 18);
}

static long close_pipe(long unused)
{
	(void)unused;
	close(pipes[0]);
	return close(pipes[1]);
}

/* How many pages of the file are in the page cache. */
static int cached(int fd)
{
	unsigned char vec[PAGES];
	void *at = mmap(NULL, sizeof(data), PROT_READ, MAP_SHARED, fd, 0);
	int i, n = 0;

	if (at == MAP_FAILED || mincore(at, sizeof(data), vec))
		return -1;
	for (i = 0; i < PAGES; i++)
		n += vec[i] & 1;
	munmap(at, sizeof(data));
	return n;
}

static void test_steal(struct bc_group *g)
{
	long long base, page = bc_page_size();
	struct bc_worker w;
	char options[96];
	int fd, log, i;
	long pages;

	log = bc_sys(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
	bc_sys(lseek(log, 0, SEEK_END));
	bc_tmpfs();
	mkdir("at", 0755);
	dev = open("/dev/fuse", O_RDWR);
	if (dev < 0)
		bc_skip("no FUSE: %s", strerror(errno));
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	if (mount("try", "at", "fuse", 0, options))
		bc_skip("cannot mount FUSE: %s", strerror(errno));
	bc_worker_start(&w, g);
	bc_true(bc_call(&w, prepare, 0) >= 0);
	base = bc_rest(g);
	bc_reset_maxheld(g);
	bc_call_begin(&w, serve, 0);
	fd = bc_sys(open("at/file", O_RDONLY));
	bc_eq(read(fd, data, sizeof(data)), sizeof(data));
	/*
	 * In the page cache they are not the server's: see before it is
	 * dropped, that is without a hurry.
	 */
	bc_eq(cached(fd), PAGES);
	bc_settles_within(g, BC_KMEM, base - 2 * page, base + 4 * page);
	bc_eq(cached(fd), PAGES);
	close(fd);
	bc_true(bc_call_end(&w, 10000, &pages));
	bc_true(pages >= PAGES);
	for (i = 0; i < PAGES; i++)
		bc_eq(data[i * 4096], 'A' + i);
	/* FUSE copies a page that still looks like somebody's, and complains. */
	bc_eq(bc_log_count(log, "trying to steal weird page"), 0);
	/* In the pipe they were the server's, but for what was moved at once. */
	bc_true(bc_maxheld(g) >= base + 4 * page);
	/* The pipe keeps two pages for later. */
	bc_range(bc_rest(g) - base, -2 * page, 2 * page);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_call(&w, close_pipe, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "pipe_steal", test_steal },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

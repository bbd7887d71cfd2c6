// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a server of FUSE moves between pipes and the page cache. A page of
 * an answer becomes page cache, and is then no kernel memory of the server any
 * more. A page of a request that the server moves into a pipe is the server's, and so
 * are the pages of a request that it does not read.
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
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_object.h"

#define PAGES 32
#define NODE 2

static int dev, pipes[2], open_flags;
/* Room for a request that writes the whole file. */
static char request[1 << 18];
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
		.flags = FUSE_ASYNC_READ | FUSE_SPLICE_MOVE |
			 FUSE_SPLICE_WRITE | FUSE_BIG_WRITES,
		.max_write = sizeof(data),
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
	struct fuse_open_out out = { .fh = 1, .open_flags = open_flags };

	return answer(in, 0, &out, sizeof(out));
}

/* The head and the pages go through a pipe and are moved from there. */
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

/*
 * Answers requests up to one of this kind. Returns how many pages of the file
 * were read.
 */
static long serve(long last)
{
	const struct fuse_in_header *in = (const void *)request;
	bool on = true;
	long sent = 0;
	int err = 0;

	while (on && !err) {
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
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		default:
			err = answer(in, -ENOSYS, NULL, 0);
		}
		on = in->opcode != last;
	}
	return err ? -1 : sent / 4096;
}

/*
 * Moves requests into the pipe up to one that writes the whole file. Returns
 * its length.
 */
static long take_write(long unused)
{
	const struct fuse_in_header *in = (const void *)request;
	ssize_t size;

	(void)unused;
	for (;;) {
		size = splice(dev, NULL, pipes[1], NULL, 2 * sizeof(data), 0);
		if (size < 0 || size > (ssize_t)sizeof(data))
			return size;
		if (read(pipes[0], request, sizeof(request)) != size ||
		    answer(in, -ENOSYS, NULL, 0))
			return -1;
	}
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

static void start_server(struct bc_worker *w, const struct bc_group *g)
{
	char options[96];

	bc_tmpfs();
	mkdir("at", 0755);
	dev = open("/dev/fuse", O_RDWR);
	if (dev < 0)
		bc_skip("no FUSE: %s", strerror(errno));
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	if (mount("try", "at", "fuse", 0, options))
		bc_skip("cannot mount FUSE: %s", strerror(errno));
	bc_worker_start(w, g);
	bc_true(bc_call(w, prepare, 0) >= 0);
}

static void test_steal(struct bc_group *g)
{
	long long base, page = bc_page_size();
	struct bc_worker w;
	int fd, log, i;
	long pages;

	log = bc_sys(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
	bc_sys(lseek(log, 0, SEEK_END));
	start_server(&w, g);
	base = bc_rest(g);
	bc_reset_maxheld(g);
	bc_call_begin(&w, serve, FUSE_RELEASE);
	fd = bc_sys(open("at/file", O_RDONLY));
	bc_eq(read(fd, data, sizeof(data)), sizeof(data));
	/*
	 * In the page cache they are not charged to the server. That has to be
	 * seen before the cache is dropped, so nothing is hurried.
	 */
	bc_eq(cached(fd), PAGES);
	bc_settles_within(g, BC_KMEM, base - 2 * page, base + 4 * page);
	bc_eq(cached(fd), PAGES);
	close(fd);
	bc_true(bc_call_end(&w, 10000, &pages));
	bc_true(pages >= PAGES);
	for (i = 0; i < PAGES; i++)
		bc_eq(data[i * 4096], 'A' + i);
	/* FUSE copies a page that still looks used, and complains. */
	bc_eq(bc_log_count(log, "trying to steal weird page"), 0);
	/* In the pipe they were charged to the server, except those moved at once. */
	bc_true(bc_maxheld(g) >= base + 4 * page);
	/* The pipe keeps two pages for later. */
	bc_range(bc_rest(g) - base, -2 * page, 2 * page);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_call(&w, close_pipe, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Writes the whole file and waits for the answer. */
static pid_t start_writer(void)
{
	pid_t pid = bc_sys(fork());
	int fd;

	if (pid)
		return pid;
	close(dev);
	fd = open("at/file", O_WRONLY);
	_exit(fd < 0 || write(fd, data, sizeof(data)) < 0);
}

/*
 * A request with pages of the page cache, which a truncation takes out of the
 * file. While they are in the pipe, the server pays for them.
 */
static void test_request(struct bc_group *g)
{
	struct bc_worker w;
	long long base;
	pid_t writer;
	long size;

	start_server(&w, g);
	writer = start_writer();
	bc_eq(bc_call(&w, serve, FUSE_OPEN), 0);
	base = bc_rest(g);
	size = bc_call(&w, take_write, 0);
	bc_true(size > (long)sizeof(data));
	bc_true(bc_held(g) - base >= (long long)sizeof(data));
	bc_call(&w, close_pipe, 0);
	/* Maybe somewhat less, as what was left of earlier requests goes, too. */
	bc_range(bc_rest(g) - base, -4 * bc_page_size(), 2 * bc_page_size());
	/* The writer waits for an answer that does not come. */
	bc_worker_stop(&w);
	close(dev);
	bc_eq(waitpid(writer, NULL, 0), writer);
	bc_held_is(g, 0);
}

/* What the server tells the kernel without being asked. */
static int notify(int code, void *arg, size_t size, size_t pages)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + size + pages * 4096,
		.error = code,
	};
	struct iovec iov[3] = { { &out, sizeof(out) },
				{ arg, size },
				{ data, pages * 4096 } };

	return writev(dev, iov, 3) == (ssize_t)out.len ? 0 : -errno;
}

static long store_pages(long pages)
{
	struct fuse_notify_store_out store = { .nodeid = NODE,
					       .size = pages * 4096 };

	return notify(FUSE_NOTIFY_STORE, &store, sizeof(store), pages);
}

/* Put pages into the page cache and ask for them; they come with a request. */
static long retrieve_pages(long pages)
{
	struct fuse_notify_retrieve_out get = { .nodeid = NODE,
						.size = pages * 4096 };
	int err = store_pages(pages);

	return err ?: notify(FUSE_NOTIFY_RETRIEVE, &get, sizeof(get), 0);
}

static long read_request(long unused)
{
	(void)unused;
	return read(dev, request, sizeof(request));
}

/* The server asks for pages of the page cache, and does not read them. */
static void test_retrieve(struct bc_group *g)
{
	struct bc_worker w;
	long long base, bytes = PAGES * bc_page_size();
	long ret;
	int fd;

	start_server(&w, g);
	bc_call_begin(&w, serve, FUSE_LOOKUP);
	/* It keeps the inode, and the server is not asked when it is closed. */
	fd = bc_sys(open("at/file", O_PATH));
	bc_true(bc_call_end(&w, 10000, &ret));
	/* Twice, as the first one makes what is kept for others. */
	bc_eq(bc_call(&w, retrieve_pages, PAGES), 0);
	bc_true(bc_call(&w, read_request, 0) > bytes);
	base = bc_rest(g);
	bc_eq(bc_call(&w, retrieve_pages, PAGES), 0);
	bc_settles_within(g, BC_KMEM, base + bytes, base + bytes + 8192);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_true(bc_call(&w, read_request, 0) > bytes);
	bc_settles_within(g, BC_KMEM, base - 4096, base + 4096);
	bc_set_barrier(g, base + bytes / 2);
	bc_eq(bc_call(&w, retrieve_pages, PAGES), -ENOMEM);
	bc_settles_within(g, BC_KMEM, base - 4096, base + 4096);
	bc_eq(bc_call(&w, retrieve_pages, PAGES / 4), 0);
	bc_true(bc_call(&w, read_request, 0) > bytes / 4);
	close(fd);
	bc_worker_stop(&w);
	close(dev);
	bc_held_is(g, 0);
}

/* In the worker: a read without the page cache. */
static long read_direct(long pages)
{
	static void *at;
	int fd = open("at/file", O_RDONLY | O_DIRECT);
	ssize_t n;

	if (!at)
		at = mmap(NULL, sizeof(data), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	n = fd < 0 || at == MAP_FAILED ? -1 : read(fd, at, pages * 4096);
	n = n < 0 ? -errno : n / 4096;
	close(fd);
	return n;
}

/* The pages of a reader are locked until the server has answered. */
static void test_direct_read(struct bc_group *g)
{
	const struct fuse_in_header *in = (const void *)request;
	struct bc_worker w;
	long got;

	start_server(&w, g);
	bc_true(pipe(pipes) == 0 && fcntl(pipes[1], F_SETPIPE_SZ, 1 << 18) > 0);
	bc_call_begin(&w, read_direct, PAGES);
	bc_eq(serve(FUSE_OPEN), 0);
	do {
		bc_sys(read(dev, request, sizeof(request)));
	} while (in->opcode != FUSE_READ);
	bc_eq(bc_held_of(g, "lockedpages"), PAGES);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_eq(answer_read(in), 0);
	bc_eq(serve(FUSE_RELEASE), 0);
	bc_true(bc_call_end(&w, 10000, &got));
	bc_eq(got, PAGES);
	bc_eq(bc_held_of(g, "lockedpages"), 0);

	bc_set_key(g, "bc.barrier", "lockedpages", PAGES / 2);
	bc_call_begin(&w, read_direct, PAGES);
	bc_eq(serve(FUSE_RELEASE), 0);
	bc_true(bc_call_end(&w, 10000, &got));
	bc_eq(got, -ENOMEM);
	bc_eq(bc_held_of(g, "lockedpages"), 0);
	bc_eq(bc_read_key(g, "bc.failcnt", "lockedpages"), 1);
	bc_worker_stop(&w);
	close(dev);
	bc_held_is(g, 0);
}

/* Returns the pages of the file that go into the pipe. */
static long take_pages(long fd)
{
	return splice(fd, NULL, pipes[1], NULL, sizeof(data), 0) / 4096;
}

static long open_file(long unused)
{
	(void)unused;
	return open("at/file", O_RDONLY);
}

/*
 * A server outside the group, and a worker in it that has opened the file in a certain
 * way. Returns the worker's descriptor.
 */
static long start_reader(struct bc_worker *w, struct bc_worker *server,
			 const struct bc_group *g, int flags)
{
	long fd;

	open_flags = flags;
	start_server(server, NULL);
	bc_call_begin(server, serve, FUSE_RELEASE);
	bc_worker_start(w, g);
	bc_true(bc_call(w, prepare, 0) >= 0);
	fd = bc_call(w, open_file, 0);
	bc_true(fd >= 0);
	return fd;
}

static void stop_reader(struct bc_worker *w, struct bc_worker *server)
{
	long unused;

	bc_worker_stop(w);
	bc_call_end(server, 5000, &unused);
	umount("at");
	bc_worker_stop(server);
}

/* Pages of a file without positions are charged while a pipe has them, like others. */
static void test_stream(struct bc_group *g)
{
	struct bc_worker server, w;
	long long before;
	long fd, n;

	fd = start_reader(&w, &server, g, FOPEN_STREAM | FOPEN_NONSEEKABLE);
	before = bc_held(g);
	n = bc_call(&w, take_pages, fd);
	bc_range(n, 2, PAGES);
	bc_range(bc_held(g) - before, n * 4096, (n + PAGES) * 4096);
	bc_call(&w, close_pipe, 0);
	bc_range(bc_held(g), 0, before + 3 * 4096);
	stop_reader(&w, &server);
}

/* Map a file that is in the page cache, so that the kernel has a page to copy to. */
static char *mapping;

static long map_cached(long fd)
{
	if (pread(fd, data, sizeof(data), 0) != sizeof(data))
		return -1;
	mapping = mmap(NULL, sizeof(data), PROT_READ | PROT_WRITE, MAP_PRIVATE,
		       fd, 0);
	return mapping == MAP_FAILED || write(pipes[1], "x", 1) != 1;
}

/* Let the kernel write a page that was not touched. */
static long fill_page(long page)
{
	return read(pipes[0], mapping + page * 4096, 1);
}

/* A fault for which nobody waits needs no room for a wait. */
static void test_cached_fault(struct bc_group *g)
{
	struct bc_worker server, w;
	long fd;

	fd = start_reader(&w, &server, g, FOPEN_KEEP_CACHE);
	bc_eq(bc_call(&w, map_cached, fd), 0);
	/* Not bc_rest(), which drops the page cache. */
	bc_set_limit(g, bc_held(g) + 512 * 1024);
	bc_eq(bc_call(&w, fill_page, 3), 1);
	bc_eq(bc_failcnt(g), 0);
	bc_set_limit(g, BC_MAX);
	stop_reader(&w, &server);
}

static const struct bc_case cases[] = {
	{ "pipe_steal", test_steal },  { "pipe_request", test_request },
	{ "retrieve", test_retrieve }, { "direct_read", test_direct_read },
	{ "stream", test_stream },     { "cached_fault", test_cached_fault },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

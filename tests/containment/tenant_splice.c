// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with pages that are in no file any more, or not yet, and that a
 * call keeps while it waits for another page, which a FUSE server does not send.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "tenant.h"

/* A file of which one piece after the other is used. */
static int file;

static bool fill_piece(long i, size_t size)
{
	fuse_wants = FUSE_BIG_WRITES | FUSE_MAX_PAGES;
	if (!i)
		file = open_part(0, O_RDWR);
	return fill_part(file, i * size, size - 4096);
}

/* The size of the largest pipe. */
#define PIPE (1024 * 1024)

static void splice_for_ever(long i)
{
	loff_t from = i * PIPE;
	int fd[2];

	if (pipe(fd) || fcntl(fd[1], F_SETPIPE_SZ, PIPE) < 0)
		has_returned(-1);
	has_returned(splice(file, &from, fd[1], NULL, PIPE, 0));
}

/*
 * Threads that take pages of a file to a pipe and wait for the last; the others have
 * been cut from the file.
 */
static bool splice_wait(long i)
{
	return fill_piece(i, PIPE) && waits(splice_for_ever, i) &&
	       cut_part(file, i * PIPE, PIPE - 4096);
}

/* What sendfile() takes in one step. */
#define SENT (16 * 4096)

static void send_for_ever(long i)
{
	off_t from = i * SENT;

	has_returned(sendfile(open("/dev/null", O_WRONLY), file, &from, SENT));
}

/*
 * Threads that send pages of a file and wait for the last; the others have been cut from
 * the file.
 */
static bool sendfile_wait(long i)
{
	return fill_piece(i, SENT) && waits(send_for_ever, i) &&
	       cut_part(file, i * SENT, SENT - 4096);
}

/* Pipes with pages that were cut from a file in which one cannot seek. */
static bool nonseekable(long i)
{
	static char data[PIPE];
	int out, fd[2];
	bool done;

	fuse_wants = FUSE_BIG_WRITES | FUSE_MAX_PAGES;
	fuse_opens = FOPEN_NONSEEKABLE | FOPEN_KEEP_CACHE;
	file = open_part(i, O_RDONLY);
	out = open_part(i, O_WRONLY);
	if (file < 0 || out < 0 || pipe(fd) ||
	    fcntl(fd[1], F_SETPIPE_SZ, PIPE) < 0)
		return false;
	done = write(out, data, PIPE) == PIPE &&
	       splice(file, NULL, fd[1], NULL, PIPE, SPLICE_F_NONBLOCK) > 0;
	return done && cut_part(out, 0, PIPE) && !close(file) && !close(out) &&
	       !close(fd[1]);
}

/* Bytes that a sequential read is ahead. */
#define AHEAD (64 * 4096)

static void read_for_ever(long i)
{
	static char data[AHEAD];

	has_returned(pread(file, data, AHEAD, i * AHEAD));
}

/* Threads that read ahead from a file and wait for the first of many pages. */
static bool kept_readahead(long i)
{
	fuse_ahead = 1 << 20;
	if (!i) {
		if (!serve_files("/tmp/fuse"))
			return false;
		file = open("/tmp/fuse/file", O_RDONLY);
		errno = posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
		if (file < 0 || errno)
			return false;
	}
	return waits(read_for_ever, i);
}

/* The pages of a file that are invalidated in one step. */
#define STEP (31 * 4096)

static void read_last_page(long i)
{
	static char data[4096];

	(void)i;
	/* That page alone: what is read ahead would be charged. */
	posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
	has_returned(pread(file, data, 4096, STEP - 4096));
}

static void open_again(long i)
{
	/* Unless a server says that it need not be, what is in the cache is dropped. */
	has_returned(open_part(i, O_RDONLY));
}

/*
 * Threads that open a file again and wait for the last of its pages, to drop it; they
 * keep the others, which have been dropped.
 */
static bool open_wait(long i)
{
	fuse_wants = FUSE_BIG_WRITES | FUSE_MAX_PAGES;
	file = open_part(i, O_RDWR);
	return fill_part(file, 0, STEP - 4096) && waits(read_last_page, i) &&
	       one_waiting(open_again, i);
}

#define SPLICE(what, n)                                                \
	.name = #what, .prepare = prepare_fuse, .one = what, .max = n, \
	.tenant = true, .spaces = CLONE_NEWUSER | CLONE_NEWNS

const struct attack splice_attacks[] = {
	/* Larger pipes than these a user cannot have. */
	{ SPLICE(splice_wait, 60) },
	{ SPLICE(nonseekable, 60) },
	{ SPLICE(sendfile_wait, 1000) },
	{ SPLICE(kept_readahead, FUSE_FILE_SIZE / AHEAD), .files = true },
	{ SPLICE(open_wait, 1000) },
};

const size_t nr_splice_attacks = BC_COUNT(splice_attacks);

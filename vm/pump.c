// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the guest: carry the command's stdin, stdout and stderr between its pipes
 * and the files of the share.  A process of its own, started by init.
 *
 * The command has pipes and never sees the files, so that opening /dev/stdout
 * again or truncating it works as on any other system.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

/* How long to wait before looking for more stdin: doubled while idle. */
#define STDIN_MS_MIN 5
#define STDIN_MS_MAX 80

static char buffer[CHUNK];

/* The command's stdin: bytes [start, end) of chunk are yet to be delivered. */
static struct {
	char chunk[CHUNK];
	size_t start, end;
	off_t position;
	int wait_ms;
} in = { .wait_ms = STDIN_MS_MIN };

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= n;
	}
	return true;
}

/*
 * Copy what is in the pipe, but return even if the command never stops writing.
 * A pipe holds 1 MB at most, four chunks.  False at the end of the stream.
 */
static bool drain(int from, int to)
{
	for (int turn = 0; turn < 16; turn++) {
		ssize_t n = read(from, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		if (!write_all(to, buffer, n))
			perror("vm: output lost");
	}
	return true;
}

/* The file is opened again each time: the guest caches an open file's size. */
static ssize_t read_more(int share)
{
	ssize_t n;
	int fd;

	fd = openat(share, "stdin", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, in.chunk, sizeof(in.chunk), in.position);
	close(fd);
	return n < 0 ? 0 : n;
}

static void tell_position(int share)
{
	char text[32];
	int fd, n;

	fd = openat(share, "stdin.pos", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	n = snprintf(text, sizeof(text), "%lld\n", (long long)in.position);
	write_all(fd, text, n);
	close(fd);
}

/* Fetch the next chunk when the last one is delivered.  False at the end. */
static bool fetch_stdin(int share)
{
	bool complete;
	ssize_t n;

	if (in.start < in.end)
		return true;
	/* The mark before the data: data written before the mark is then seen. */
	complete = faccessat(share, "stdin.eof", F_OK, 0) == 0;
	n = read_more(share);
	if (n == 0) {
		in.wait_ms *= 2;
		if (in.wait_ms > STDIN_MS_MAX)
			in.wait_ms = STDIN_MS_MAX;
		return !complete;
	}
	in.wait_ms = STDIN_MS_MIN;
	in.start = 0;
	in.end = n;
	in.position += n;
	tell_position(share);
	return true;
}

/* False when the command reads no more. */
static bool deliver_stdin(int to)
{
	ssize_t n;

	if (in.start == in.end)
		return true;
	n = write(to, in.chunk + in.start, in.end - in.start);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	in.start += n;
	return true;
}

static void close_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

static int open_output(int share, const char *name)
{
	return openat(share, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		      0600);
}

int pump(struct pump_fds fds)
{
	int out = open_output(fds.share, "stdout");
	int err = open_output(fds.share, "stderr");
	bool ended = false;

	if (out < 0 || err < 0) {
		perror("vm: cannot write the command's output");
		return 1;
	}
	while (!ended) {
		struct pollfd set[] = {
			{ .fd = fds.from_stdout, .events = POLLIN },
			{ .fd = fds.from_stderr, .events = POLLIN },
			{ .fd = fds.ended, .events = POLLIN },
			{ .fd = in.start < in.end ? fds.to_stdin : -1,
			  .events = POLLOUT },
		};
		int wait = -1;

		if (fds.to_stdin >= 0 && in.start == in.end)
			wait = in.wait_ms;
		if (poll(set, 4, wait) < 0 && errno != EINTR)
			return 1;
		/* Read before the streams are drained: they get a last turn. */
		ended = set[2].revents != 0;
		if (fds.from_stdout >= 0 && !drain(fds.from_stdout, out))
			close_end(&fds.from_stdout);
		if (fds.from_stderr >= 0 && !drain(fds.from_stderr, err))
			close_end(&fds.from_stderr);
		if (fds.to_stdin >= 0 &&
		    (!fetch_stdin(fds.share) || !deliver_stdin(fds.to_stdin)))
			close_end(&fds.to_stdin);
	}
	return 0;
}

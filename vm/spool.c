// SPDX-License-Identifier: GPL-2.0-only
/*
 * On the host: the counterpart of pump.c in the guest.  The command's stdout
 * and stderr arrive in files that grow; its stdin is sent in another such file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "supervise.h"

/* How far the spooled stdin may run ahead of the guest. */
#define STDIN_AHEAD (64L << 20)
/* Free space on the disk each time this much output has been passed on. */
#define PUNCH (16L << 20)

static char buffer[CHUNK];
static int share; /* the directory, O_PATH */

/* stdout and stderr: a file of the share that grows, and where it is copied. */
static struct stream {
	const char *name;
	int from, to;
	off_t position, punched;
} streams[2] = {
	{ "stdout", -1, STDOUT_FILENO, 0, 0 },
	{ "stderr", -1, STDERR_FILENO, 0, 0 },
};

static struct {
	int spool; /* -1: nothing to spool, or everything is spooled */
	off_t size;
} in = { -1, 0 };

bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= n;
	}
	return true;
}

/* Pass on new output.  False when our own reader is gone. */
static bool pass_on(struct stream *s)
{
	ssize_t n;

	while ((n = pread(s->from, buffer, sizeof(buffer), s->position)) > 0) {
		if (!write_all(s->to, buffer, n))
			return false;
		s->position += n;
		if (s->position - s->punched >= PUNCH) {
			fallocate(s->from,
				  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  s->punched, s->position - s->punched);
			s->punched = s->position;
		}
	}
	return true;
}

bool pass_on_all(void)
{
	return pass_on(&streams[0]) & pass_on(&streams[1]);
}

void open_streams(const char *directory)
{
	int i;

	share = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (share < 0)
		die(directory);
	for (i = 0; i < 2; i++) {
		streams[i].from = openat(share, streams[i].name,
					 O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (streams[i].from < 0)
			die(streams[i].name);
	}
	if (faccessat(share, "stdin", F_OK, 0) == 0) {
		in.spool =
			openat(share, "stdin", O_WRONLY | O_APPEND | O_CLOEXEC);
		if (in.spool < 0)
			die("stdin");
	}
}

static off_t guest_position(void)
{
	char text[32] = "";
	int fd = openat(share, "stdin.pos", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoll(text);
}

bool stdin_left(void)
{
	return in.spool >= 0;
}

/* False while the guest still has enough to read. */
bool stdin_wanted(void)
{
	if (in.spool < 0)
		return false;
	return in.size < STDIN_AHEAD ||
	       in.size - guest_position() < STDIN_AHEAD;
}

void spool_stdin(void)
{
	ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));
	int mark;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && write_all(in.spool, buffer, n)) {
		in.size += n;
		return;
	}
	close(in.spool);
	in.spool = -1;
	mark = openat(share, "stdin.eof", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (mark < 0)
		die("stdin.eof");
	close(mark);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the guest: the files of the share.  Its mount is detached at once, so that
 * no process sees it, and lives on as a file descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "guest.h"
#include "job.h"

void fail(const char *what)
{
	fprintf(stderr, "vm: %s: %m\n", what);
	/* When PID 1 exits, the kernel panics, and vm/run reports that. */
	_exit(1);
}

int open_share(const char *where)
{
	int fd;

	if (!where)
		fail("no VM_SHARE on the kernel's command line");
	/* /proc, because it is certain to exist. */
	if (mount_host(where, "/proc") < 0)
		fail("mounting the share");
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || umount2("/proc", MNT_DETACH) < 0)
		fail("the share");
	return fd;
}

/* Return the whole file, with a NUL after it. */
char *read_share(int share, const char *name, size_t *size)
{
	size_t used = 0, room = 4096;
	char *data = malloc(room);
	ssize_t n;
	int fd;

	fd = openat(share, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(name);
	while (data && (n = read(fd, data + used, room - used - 1)) > 0) {
		used += n;
		if (used == room - 1) {
			room *= 2;
			data = realloc(data, room);
		}
	}
	close(fd);
	if (!data)
		fail("memory");
	data[used] = '\0';
	if (size)
		*size = used;
	return data;
}

/* Return a file of NUL-terminated strings in the form of argv and environ. */
char **read_strings(int share, const char *name)
{
	size_t size, count = 0;
	char *data = read_share(share, name, &size), *p;
	char **list;

	for (p = data; p < data + size; p++)
		count += !*p;
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		fail("memory");
	for (p = data, count = 0; p < data + size; p += strlen(p) + 1)
		list[count++] = p;
	return list;
}

void write_share(int share, const char *name, const char *data, size_t size)
{
	int fd = openat(share, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fsync(fd) < 0)
		fail(name);
	close(fd);
}

void copy_to_share(int share, const char *from, const char *name)
{
	char data[4096];
	ssize_t n;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = openat(share, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			 0600);

	if (in < 0 || out < 0) {
		fprintf(stderr, "vm: %s: %m\n", from);
		return;
	}
	while ((n = read(in, data, sizeof(data))) > 0)
		if (write(out, data, n) != n)
			fail(name);
	close(in);
	close(out);
}

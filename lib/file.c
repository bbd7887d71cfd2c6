// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Read and write files, in particular files of a group, which may be removed
 * meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "internal.h"

/* No file that is read here is so long, not even /proc/self/mountinfo. */
#define FILE_LONGEST (64u << 20)

/*
 * Read a whole file, with a buffer that the files of a group fit into: the
 * kernel makes such a file anew for each read from its beginning, so the values
 * of one read belong together.
 */
int fd_read(int fd, char **text, size_t *bytes)
{
	__cleanup_text char *buf = NULL;
	size_t size = 16384, used = 0;

	for (;;) {
		char *bigger = realloc(buf, size);
		ssize_t got;

		if (!bigger)
			return -ENOMEM;
		buf = bigger;
		got = read(fd, buf + used, size - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		used += got;
		if (size - used < size / 2)
			size *= 2;
		if (size > FILE_LONGEST)
			return -EFBIG;
	}
	buf[used] = '\0';
	*text = buf;
	buf = NULL;
	*bytes = used;
	return 0;
}

int file_read(int dir, const char *name, char **text, size_t *bytes)
{
	__cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd_read(fd, text, bytes);
}

/*
 * A file that is not there: was the group removed, or has it no account? All
 * groups have cgroup.procs.
 */
static int missing(const struct libbc_group *group)
{
	if (faccessat(group->fd, "cgroup.procs", F_OK, 0))
		return -ENODEV;
	return -EOPNOTSUPP;
}

int group_file_open(const struct libbc_group *group, const char *name,
		    int flags)
{
	int fd = openat(group->fd, name, flags | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? missing(group) : -errno;
	return fd;
}

int group_file_read(const struct libbc_group *group, const char *name,
		    char **text, size_t *bytes)
{
	__cleanup_fd int fd = group_file_open(group, name, O_RDONLY);

	if (fd < 0)
		return fd;
	return fd_read(fd, text, bytes);
}

/* A single write, which the kernel takes as a whole or not at all. */
int group_file_write(int fd, const char *text)
{
	size_t bytes = strlen(text);
	ssize_t done;

	do
		done = write(fd, text, bytes);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return (size_t)done == bytes ? 0 : -EIO;
}

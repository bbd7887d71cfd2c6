// SPDX-License-Identifier: LGPL-2.1-only
/*
 * One group: a directory that is held open, so that it stays the same group
 * even if another one gets its name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"

int group_at(int dir, const char *name, const char *path, bool captured,
	     struct libbc_group **group)
{
	struct libbc_group *new = calloc(1, sizeof(*new));
	struct stat st;
	int ret;

	if (!new)
		return -ENOMEM;
	new->captured = captured;
	new->path = strdup(path);
	new->fd = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (new->fd < 0 || fstat(new->fd, &st))
		ret = -errno;
	else
		ret = new->path ? 0 : -ENOMEM;
	if (ret) {
		libbc_group_close(new);
		return ret;
	}
	new->id = st.st_ino;
	/* Each directory below adds a link; some file systems always have 1. */
	new->leaf = st.st_nlink == 2;
	*group = new;
	return 0;
}

/*
 * The path with one slash before each part; -EINVAL for "..", which cannot be
 * the name of a group.
 */
static int normalize(const char *path, char **clean)
{
	char *to = malloc(strlen(path) + 2);

	if (!to)
		return -ENOMEM;
	*clean = to;
	for (;;) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len)
			break;
		if (len == 2 && !memcmp(path, "..", 2)) {
			free(*clean);
			*clean = NULL;
			return -EINVAL;
		}
		if (len != 1 || *path != '.') {
			*to++ = '/';
			to = mempcpy(to, path, len);
		}
		path += len;
	}
	if (to == *clean)
		*to++ = '/';
	*to = '\0';
	return 0;
}

int libbc_group_open(const struct libbc_host *host, const char *path,
		     struct libbc_group **group)
{
	__cleanup_text char *clean = NULL;
	size_t len = strlen(host->mount);
	int ret;

	/* The whole path of the directory is accepted, too. */
	if (!strncmp(path, host->mount, len) &&
	    (!path[len] || path[len] == '/'))
		path += len;
	ret = normalize(path, &clean);
	if (ret)
		return ret;
	return group_at(host->fd, clean[1] ? clean + 1 : ".", clean,
			*host->sysroot, group);
}

/* Walk through all groups, for cases where a handle cannot be opened. */
static int search_id(const struct libbc_host *host, uint64_t id,
		     struct libbc_group **group)
{
	struct libbc_group *top;
	struct libbc_walk *walk;
	int ret;

	ret = libbc_group_open(host, "/", &top);
	if (ret)
		return ret;
	ret = libbc_walk_open(top, &walk);
	libbc_group_close(top);
	if (ret)
		return ret;
	while ((ret = libbc_walk_next(walk, group)) > 0) {
		if ((*group)->id == id)
			break;
		libbc_group_close(*group);
		*group = NULL;
	}
	libbc_walk_close(walk);
	return ret > 0 ? 0 : ret ?: -ENODEV;
}

int libbc_group_open_id(const struct libbc_host *host, uint64_t id,
			struct libbc_group **group)
{
	/* FILEID_KERNFS of the kernel: the handle is the ID. */
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} u = { .handle = { .handle_bytes = sizeof(id), .handle_type = 0xfe } };
	__cleanup_fd int mount = -1;
	__cleanup_fd int fd = -1;
	char link[40], path[PATH_MAX];
	ssize_t len;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	errno = 0;
	mount = openat(host->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount >= 0 && !*host->sysroot)
		fd = open_by_handle_at(mount, &u.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE ? -ENODEV : search_id(host, id, group);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return search_id(host, id, group);
	path[len] = '\0';
	return libbc_group_open(host, path, group);
}

void libbc_group_close(struct libbc_group *group)
{
	if (!group)
		return;
	close_fd(&group->fd);
	free(group->path);
	free(group);
}

const char *libbc_group_path(const struct libbc_group *group)
{
	return group->path;
}

uint64_t libbc_group_id(const struct libbc_group *group)
{
	return group->id;
}

int libbc_group_fd(const struct libbc_group *group)
{
	return group->fd;
}

// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Groups that a program makes for the processes that it starts: make a group
 * below another one, start a process in it, and remove it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"

/* The name has to be one part of a path, and a valid name of a directory. */
static int check_name(const char *name)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (name[strcspn(name, "/\n")])
		return -EINVAL;
	return 0;
}

static int path_below(const struct libbc_group *parent, const char *name,
		      char **path)
{
	if (asprintf(path, "%s/%s", parent->path[1] ? parent->path : "", name) >
	    0)
		return 0;
	*path = NULL;
	return -ENOMEM;
}

int libbc_group_make(const struct libbc_group *parent, const char *name,
		     struct libbc_group **group)
{
	__cleanup_text char *path = NULL;
	int ret;

	ret = check_name(name);
	if (ret)
		return ret;
	if (parent->captured)
		return -EROFS;
	ret = path_below(parent, name, &path);
	if (ret)
		return ret;
	if (mkdirat(parent->fd, name, 0755))
		/* No group can be made below one that was removed. */
		return errno == ENOENT ? -ENODEV : -errno;
	ret = group_at(parent->fd, name, path, false, group);
	if (ret)
		unlinkat(parent->fd, name, AT_REMOVEDIR);
	return ret;
}

/* Remove the group by its name, if that is still the same group. */
int libbc_group_remove(const struct libbc_group *group)
{
	__cleanup_fd int above = -1;
	const char *name = strrchr(group->path, '/') + 1;
	struct stat st;

	if (group->captured)
		return -EROFS;
	if (!*name)
		return -EBUSY;
	above = openat(group->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (fstatat(above, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? -ENODEV : -errno;
	if (st.st_ino != group->id)
		return -ENODEV;
	if (unlinkat(above, name, AT_REMOVEDIR))
		return errno == ENOENT ? -ENODEV : -errno;
	return 0;
}

/* Open the path of the descriptor, which has to lead to the same directory. */
int libbc_group_open_fd(const struct libbc_host *host, int fd,
			struct libbc_group **group)
{
	char link[40], path[4096];
	size_t mount = strlen(host->mount);
	struct libbc_group *found;
	struct stat st;
	ssize_t len;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -errno;
	path[len] = '\0';
	if (strncmp(path, host->mount, mount) ||
	    (path[mount] && path[mount] != '/'))
		return -EXDEV;
	ret = libbc_group_open(host, path, &found);
	if (ret == -ENOENT || (!ret && found->id != st.st_ino)) {
		if (!ret)
			libbc_group_close(found);
		return -ENODEV;
	}
	if (!ret)
		*group = found;
	return ret;
}

/* The child is in the group from its first instruction. */
pid_t libbc_group_fork(const struct libbc_group *group)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
	};
	__cleanup_fd int fd = -1;
	pid_t pid;

	if (group->captured)
		return -EROFS;
	fd = openat(group->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	args.cgroup = fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	return pid < 0 ? -errno : pid;
}

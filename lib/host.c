// SPDX-License-Identifier: LGPL-2.1-only
/*
 * The machine: where its groups are, and whether they have accounts.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Read a file of /proc, of the machine or of the copy. */
static int proc_read(const struct libbc_host *host, const char *name,
		     char **text, size_t *bytes)
{
	__cleanup_text char *path = NULL;

	if (asprintf(&path, "%s/proc/%s", host->sysroot, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return file_read(AT_FDCWD, path, text, bytes);
}

static int find_mount(struct libbc_host *host)
{
	__cleanup_text char *text = NULL;
	__cleanup_text char *mount = NULL;
	size_t bytes;
	int ret;

	ret = proc_read(host, "self/mountinfo", &text, &bytes);
	if (!ret)
		ret = parse_mountinfo(text, &mount, &host->root);
	if (ret)
		return ret;
	if (asprintf(&host->mount, "%s%s", host->sysroot, mount) < 0) {
		host->mount = NULL;
		return -ENOMEM;
	}
	host->fd = open(host->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return host->fd < 0 ? -errno : 0;
}

int libbc_host_open(const char *sysroot, struct libbc_host **host)
{
	struct libbc_host *new = calloc(1, sizeof(*new));
	int ret = -ENOMEM;

	if (!new)
		return -ENOMEM;
	new->fd = -1;
	new->sysroot = strdup(sysroot ? sysroot : "");
	if (new->sysroot)
		ret = find_mount(new);
	if (ret) {
		libbc_host_close(new);
		return ret;
	}
	*host = new;
	return 0;
}

void libbc_host_close(struct libbc_host *host)
{
	if (!host)
		return;
	close_fd(&host->fd);
	free(host->sysroot);
	free(host->mount);
	free(host->root);
	free(host);
}

const char *libbc_host_mount(const struct libbc_host *host)
{
	return host->mount;
}

/* Does any group directly below the root have an account? */
static bool any_account(const struct libbc_host *host)
{
	int fd = openat(host->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		__cleanup_text char *name = NULL;

		if (*entry->d_name == '.')
			continue;
		if (asprintf(&name, "%s/bc.resources", entry->d_name) < 0) {
			name = NULL;
			break;
		}
		found = !faccessat(fd, name, F_OK, 0);
	}
	closedir(dir);
	return found;
}

int libbc_host_controller(const struct libbc_host *host)
{
	__cleanup_text char *cgroups = NULL;
	__cleanup_text char *cmdline = NULL;
	int state = LIBBC_CONTROLLER_ABSENT;
	size_t bytes;

	if (any_account(host))
		return LIBBC_CONTROLLER_PRESENT;
	if (!proc_read(host, "cgroups", &cgroups, &bytes))
		state = parse_proc_cgroups(cgroups);
	if (state == LIBBC_CONTROLLER_ABSENT &&
	    !proc_read(host, "cmdline", &cmdline, &bytes))
		state = parse_cmdline(cmdline);
	return state;
}

/* From the path as the process sees it to the path below the mount. */
static int from_mount(const struct libbc_host *host, char **path)
{
	size_t len = strlen(host->root);
	char *below;

	if (!strncmp(*path, "/..", 3))
		return -EXDEV;
	if (len <= 1)
		return 0;
	if (strncmp(*path, host->root, len) ||
	    ((*path)[len] && (*path)[len] != '/'))
		return -EXDEV;
	below = strdup((*path)[len] ? *path + len : "/");
	if (!below)
		return -ENOMEM;
	free(*path);
	*path = below;
	return 0;
}

int libbc_group_open_pid(const struct libbc_host *host, pid_t pid,
			 struct libbc_group **group)
{
	__cleanup_text char *text = NULL;
	__cleanup_text char *path = NULL;
	char name[32] = "self/cgroup";
	size_t bytes;
	int ret;

	if (pid < 0)
		return -EINVAL;
	if (pid)
		snprintf(name, sizeof(name), "%ld/cgroup", (long)pid);
	ret = proc_read(host, name, &text, &bytes);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	ret = parse_proc_cgroup(text, &path);
	if (!ret)
		ret = from_mount(host, &path);
	return ret ?: libbc_group_open(host, path, group);
}

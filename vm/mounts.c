// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the guest: the file systems.  The root is the host's, read-only; a
 * writable directory is a tmpfs, or one that vm/run --rw names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define MAX_DIRS 64

static struct {
	char *path, *source; /* source NULL: the host's directory, read-only */
	int fd; /* of that directory, opened before a tmpfs covered it */
} dirs[MAX_DIRS];
static int dir_count;

/* SOURCE names a directory of the host: a path on UML, "9p:TAG" on QEMU. */
int mount_host(const char *source, const char *target)
{
	if (strncmp(source, "9p:", 3))
		return mount("host", target, "hostfs", MS_NODEV, source);
	return mount(
		source + 3, target, "9p", MS_NODEV,
		"trans=virtio,version=9p2000.L,msize=262144,cache=mmap,access=any");
}

void mount_proc(void)
{
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		fail("mounting /proc");
}

static void add_dir(const char *path, const char *source, int fd)
{
	if (dir_count == MAX_DIRS)
		fail("too many directories");
	dirs[dir_count].path = strdup(path);
	dirs[dir_count].source = source ? strdup(source) : NULL;
	dirs[dir_count++].fd = fd;
}

void keep_dir(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0)
		add_dir(path, NULL, fd);
}

/* "TAG PATH" on QEMU; on UML the tag is "-", because the path is enough. */
void rw_dir(const char *id_and_path)
{
	const char *path = strchr(id_and_path, ' ') + 1;
	char source[32];

	if (id_and_path[0] == '-') {
		add_dir(path, path, -1);
		return;
	}
	snprintf(source, sizeof(source), "9p:%.*s",
		 (int)(path - id_and_path - 1), id_and_path);
	add_dir(path, source, -1);
}

/* Make the directory and its parents; any of them may exist. */
static void make_dirs(const char *path)
{
	char part[4096], *slash;

	snprintf(part, sizeof(part), "%s", path);
	for (slash = strchr(part + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
	mkdir(part, 0755);
}

static void mount_dirs(void)
{
	char self[64];
	int i;

	for (i = 0; i < dir_count; i++) {
		int rc;

		make_dirs(dirs[i].path);
		if (dirs[i].source) {
			rc = mount_host(dirs[i].source, dirs[i].path);
		} else {
			snprintf(self, sizeof(self), "/proc/self/fd/%d",
				 dirs[i].fd);
			rc = mount(self, dirs[i].path, NULL, MS_BIND, NULL);
			close(dirs[i].fd);
		}
		if (rc < 0)
			fail(dirs[i].path);
	}
}

static void try_mount(const char *type, const char *target, unsigned long flags,
		      const char *options)
{
	mkdir(target, 0755);
	/* A kernel without this file system can run the command all the same. */
	if (mount(type, target, type, flags, options) < 0 && errno != ENODEV)
		fprintf(stderr, "vm: mounting %s on %s: %m\n", type, target);
}

void mount_all(void)
{
	const unsigned long safe = MS_NOSUID | MS_NODEV;

	try_mount("sysfs", "/sys", safe | MS_NOEXEC, NULL);
	try_mount("cgroup2", "/sys/fs/cgroup", safe | MS_NOEXEC, NULL);
	try_mount("bpf", "/sys/fs/bpf", safe | MS_NOEXEC, NULL);
	try_mount("debugfs", "/sys/kernel/debug", safe | MS_NOEXEC, NULL);
	try_mount("tracefs", "/sys/kernel/tracing", safe | MS_NOEXEC, NULL);
	try_mount("devtmpfs", "/dev", MS_NOSUID, NULL);
	try_mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		  "mode=620,ptmxmode=666");
	try_mount("mqueue", "/dev/mqueue", safe | MS_NOEXEC, NULL);
	try_mount("tmpfs", "/dev/shm", safe, "mode=1777");
	try_mount("tmpfs", "/run", safe, "mode=755");
	try_mount("tmpfs", "/tmp", safe, "mode=1777");
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	mount_dirs();
}

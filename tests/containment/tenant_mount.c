// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with mounts and namespaces, as their root: file systems, and
 * objects that these keep.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tenant.h"

static bool mount_at(long i, const char *type, const char *options)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/tmp/m%ld", i);
	return !mkdir(dir, 0700) && !mount("none", dir, type, 0, options);
}

/* Mounts of tmpfs. */
static bool tmpfs_mounts(long i)
{
	return mount_at(i, "tmpfs", NULL);
}

/* Mounts of devpts, each a new instance. */
static bool devpts_mounts(long i)
{
	return mount_at(i, "devpts", "newinstance,ptmxmode=0666");
}

/* Mounts of mqueue. */
static bool mqueue_mounts(long i)
{
	return mount_at(i, "mqueue", NULL);
}

/* Mounts of ramfs. */
static bool ramfs_mounts(long i)
{
	return mount_at(i, "ramfs", NULL);
}

/* Pages of a file of ramfs, which nothing can take back. */
static bool ramfs_contents(long i)
{
	static char data[1 << 16];
	static int fd;
	int k;

	if (!i) {
		if (!mount_at(0, "ramfs", NULL))
			return false;
		fd = open("/tmp/m0/file", O_CREAT | O_WRONLY, 0600);
	}
	for (k = 0; k < 16; k++) {
		/* After a short write the next one fails. */
		if (write(fd, data, sizeof(data)) < 0)
			return false;
	}
	return true;
}

/* Symbolic links on ramfs, each with a page that nothing can take back. */
static bool ramfs_links(long i)
{
	static char target[3000];
	char name[32];

	if (!i) {
		if (!mount_at(0, "ramfs", NULL))
			return false;
		memset(target, 'x', sizeof(target) - 1);
	}
	snprintf(name, sizeof(name), "/tmp/m0/%ld", i);
	return !symlink(target, name);
}

/* Mounts of cgroup2. */
static bool group_mounts(long i)
{
	return mount_at(i, "cgroup2", NULL);
}

/* Formats of binfmt_misc for programs that do not exist. */
static bool binary_formats(long i)
{
	char text[400], magic[200];
	static int fd;
	int n;

	if (!i) {
		if (!mount_at(0, "binfmt_misc", NULL))
			return false;
		fd = open("/tmp/m0/register", O_WRONLY);
	}
	memset(magic, 'x', 100);
	magic[100] = '\0';
	n = snprintf(text, sizeof(text), ":f%ld:M::%s::/bin/true:", i, magic);
	return write(fd, text, n) == n;
}

/* Detached copies of a mount tree. */
static bool loose_trees(long i)
{
	return syscall(428 /* open_tree */, AT_FDCWD, "/tmp",
		       1 /* OPEN_TREE_CLONE */) >= 0 &&
	       i >= 0;
}

/* Contexts of file systems that are not mounted, each with a long option. */
static bool fs_options(long i)
{
	static char value[250];
	int fd = syscall(430 /* fsopen */, i & 1 ? "overlay" : "tmpfs", 0);

	memset(value, 'v', sizeof(value) - 1);
	syscall(431 /* fsconfig */, fd, 1 /* string */, "source", value, 0);
	return fd >= 0;
}

static bool make_overlay(void)
{
	char name[160];
	int k;

	mkdir("/tmp/lower", 0700);
	mkdir("/tmp/lower2", 0700);
	mkdir("/tmp/at", 0700);
	for (k = 0; k < 3000; k++) {
		snprintf(name, sizeof(name), "/tmp/lower%s/%0100d",
			 k & 1 ? "2" : "", k);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	return !mount("none", "/tmp/at", "overlay", 0,
		      "lowerdir=/tmp/lower:/tmp/lower2,userxattr");
}

/* Merged listings of an overlay directory, made anew after each change. */
static bool overlay_directories(long i)
{
	static char buf[1024];
	char name[32];
	int fd;

	if (!i && !make_overlay())
		return false;
	snprintf(name, sizeof(name), "/tmp/lower/n%ld", i);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || close(fd))
		return false;
	fd = open("/tmp/at", O_RDONLY | O_DIRECTORY);
	return fd >= 0 && syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0;
}

static int fuse_at(long i)
{
	int dev = open("/dev/fuse", O_RDWR | O_NONBLOCK);
	char options[96], dir[32];

	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	snprintf(dir, sizeof(dir), "/tmp/f%ld", i);
	mkdir(dir, 0700);
	return mount("fuse", dir, "fuse", 0, options) ? -1 : dev;
}

/* FUSE connections that nobody serves. */
static bool fuse_mounts(long i)
{
	return fuse_at(i) >= 0;
}

static void look_up(long i)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/tmp/fuse/%0200ld", i);
	stat(path, &st);
}

/* Threads that wait for a FUSE server that does not answer. */
static bool fuse_waiters(long i)
{
	return (i || never_comes(4096)) && one_waiting(look_up, i);
}

static int own_users(void)
{
	return unshare(CLONE_NEWUSER);
}

/* User namespaces, each with a map of users. */
static bool user_maps(long i)
{
	pid_t pid = sit(own_users);
	char path[64];

	if (pid < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	return !bc_write_path(path, i % 2 ? "0 0 1" : "1 0 1");
}

/* Namespaces of several kinds, each kept only by an open file. */
static bool namespaces_in_files(long i)
{
	static const int kinds[] = { CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNS,
				     CLONE_NEWCGROUP, CLONE_NEWNET };
	static const char *const files[] = { "uts", "ipc", "mnt", "cgroup",
					     "net" };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s",
		 files[i % BC_COUNT(kinds)]);
	return !unshare(kinds[i % BC_COUNT(kinds)]) &&
	       open(path, O_RDONLY) >= 0;
}

static void name_attribute(char *name, long k)
{
	sprintf(name, "user.%06lx", k);
}

/* Attributes of one size after the other, up to the barrier, of which 1 in 64 is kept. */
static bool thinned_slabs(long i)
{
	static const int size[] = { 24, 56, 88, 152, 216 };
	static char value[256];
	char name[32];
	int fd;
	long k, made;

	snprintf(name, sizeof(name), "/tmp/f%ld", i);
	fd = open(name, O_CREAT | O_RDWR, 0600);
	for (made = 0; fd >= 0 && made < 200000; made++) {
		name_attribute(name, made);
		if (fsetxattr(fd, name, value, size[i], 0))
			break;
	}
	for (k = 0; k < made; k++) {
		name_attribute(name, k);
		if (k % 64)
			fremovexattr(fd, name);
	}
	return made > 0;
}

#define MNT CLONE_NEWNS
#define WITH_FUSE(what, n)                                                     \
	{                                                                      \
		.name = #what, .prepare = prepare_fuse, .one = what, .max = n, \
		.tenant = true, .spaces = CLONE_NEWUSER | MNT                  \
	}

const struct attack mount_attacks[] = {
	TENANT_IN(tmpfs_mounts, 20000, MNT),
	TENANT_IN(devpts_mounts, 20000, MNT),
	TENANT_IN(mqueue_mounts, 20000, MNT | CLONE_NEWIPC),
	TENANT_IN(ramfs_mounts, 20000, MNT),
	TENANT_IN(ramfs_contents, 200, MNT),
	TENANT_IN(ramfs_links, 100000, MNT),
	TENANT_IN(group_mounts, 20000, MNT | CLONE_NEWCGROUP),
	TENANT_IN(binary_formats, 60000, MNT),
	TENANT_IN(loose_trees, 20000, MNT),
	TENANT_IN(fs_options, 30000, MNT),
	TENANT_IN(overlay_directories, 300, MNT),
	TENANT_LATER(thinned_slabs, 5, CLONE_NEWUSER | MNT,
		     "an object is charged, not the slab that it is in"),
	WITH_FUSE(fuse_mounts, 5000),
	WITH_FUSE(fuse_waiters, 3000),
	TENANT_IN(user_maps, 2000, 0),
	TENANT_IN(namespaces_in_files, 1000, MNT),
};

const size_t nr_mount_attacks = BC_COUNT(mount_attacks);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * File systems: what a file of tmpfs takes, names and attributes, mounts and
 * namespaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bc_object.h"

static long nr_made;

static long make_tmpfs(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = open(bc_long_name(nr_made),
			      O_CREAT | O_EXCL | O_WRONLY, 0600);

		if (fd < 0)
			break;
		close(fd);
		nr_made++;
	}
	return i;
}

static long drop_tmpfs(long unused)
{
	(void)unused;
	while (nr_made)
		unlink(bc_long_name(--nr_made));
	return 0;
}

/* A name with its head has 224 bytes at most, which is an object of 256. */
static void cost_tmpfs(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("shmem_inode_cache") + bc_need_slab("dentry") +
		    200);
	*high = *low - n * 200 + n * bc_kmalloc_size(224) +
		n * (bc_slab_size("maple_node") / 4) + bc_slab_size("filp") +
		/* SLUB debugging pads the reclaimable caches as it does others. */
		n * 192;
}

static void test_tmpfs(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_tmpfs,
		.drop = drop_tmpfs,
		.cost = cost_tmpfs,
		.count = 200,
		.errors = { ENOMEM, ENOSPC, ENFILE },
		.persists = true,
	};

	bc_tmpfs();
	bc_object_test(g, &o);
}

/* memfd: an inode that has a name in no directory. */
static long make_memfd(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(memfd_create("m", 0)))
			break;
	}
	return i;
}

static void cost_memfd(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("shmem_inode_cache") + bc_need_slab("dentry") +
		    bc_need_slab("filp"));
	*high = *low;
}

static void test_memfd(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_memfd,
		.drop = bc_drop_kept,
		.cost = cost_memfd,
		.count = 200,
		.errors = { ENOMEM, ENOSPC, ENFILE },
	};

	bc_object_test(g, &o);
}

/* Extended attributes of tmpfs are kernel memory: 4000 bytes and a name. */
static int attr_fd;

static long prepare_xattr(long n)
{
	(void)n;
	attr_fd = open("attr", O_CREAT | O_RDWR, 0600);
	return fsetxattr(attr_fd, "trusted.try", "x", 1, 0);
}

static long make_xattr(long n)
{
	static char value[4000];
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "trusted.%ld", nr_made);
		if (fsetxattr(attr_fd, name, value, sizeof(value),
			      XATTR_CREATE))
			break;
		nr_made++;
	}
	return i;
}

static long drop_xattr(long unused)
{
	char name[32];

	(void)unused;
	while (nr_made) {
		snprintf(name, sizeof(name), "trusted.%ld", --nr_made);
		fremovexattr(attr_fd, name);
	}
	return 0;
}

static long end_xattr(long unused)
{
	(void)unused;
	return unlink("attr");
}

static void cost_xattr(long n, long long *low, long long *high)
{
	*low = n * 4000;
	*high = n * (bc_kmalloc_size(4096) + bc_kmalloc_size(32));
}

static void test_xattr(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_xattr,
		.make = make_xattr,
		.drop = drop_xattr,
		.cost = cost_xattr,
		.count = 50,
		.errors = { ENOMEM, ENOSPC },
		.persists = true,
		.end = end_xattr,
	};

	bc_tmpfs();
	bc_object_test(g, &o);
}

/* Bind mounts in a mount namespace of one's own. */
static long prepare_mount(long n)
{
	(void)n;
	return mkdir("at", 0700);
}

static long make_mount(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (mount("/tmp/at", "/tmp/at", NULL, MS_BIND, NULL))
			break;
		nr_made++;
	}
	return i;
}

static long drop_mount(long unused)
{
	(void)unused;
	while (nr_made) {
		umount2("/tmp/at", MNT_DETACH);
		nr_made--;
	}
	return 0;
}

static long end_mount(long unused)
{
	(void)unused;
	return rmdir("at");
}

/* Its counters are percpu. The mount point and the device's name are small. */
static void cost_mount(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("mnt_cache");
	*high = *low + n * (bc_percpu_size(16) + bc_kmalloc_size(64) +
			    bc_kmalloc_size(8));
}

static void test_mount(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_mount,
		.make = make_mount,
		.drop = drop_mount,
		.cost = cost_mount,
		.count = 50,
		.errors = { ENOMEM },
		.persists = true,
		.end = end_mount,
	};

	bc_tmpfs();
	bc_object_test(g, &o);
}

/* Namespaces, held by open files of /proc. */
static long make_uts(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (unshare(CLONE_NEWUTS) ||
		    bc_keep_fd(open("/proc/self/ns/uts", O_RDONLY)))
			break;
	}
	return i;
}

/* The last namespace is that of the process, until it makes another. */
static long drop_uts(long unused)
{
	int fd = open("/proc/1/ns/uts", O_RDONLY);

	setns(fd, CLONE_NEWUTS);
	close(fd);
	return bc_drop_kept(unused);
}

static void cost_uts(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("uts_namespace") + bc_need_slab("filp"));
	*high = *low +
		(n + 4) * (bc_need_slab("nsproxy") + bc_need_slab("dentry") +
			   2 * bc_need_slab("inode_cache") +
			   bc_need_slab("proc_inode_cache"));
}

static void test_uts(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_uts,
		.drop = drop_uts,
		.cost = cost_uts,
		.count = 32,
		.errors = { ENOMEM, ENFILE, ENOSPC, ENOENT },
	};

	if (unshare(CLONE_NEWUTS))
		bc_skip("no UTS namespaces: %s", strerror(errno));
	bc_object_test(g, &o);
}

static const struct bc_case cases[] = {
	{ "tmpfs_file", test_tmpfs },  { "memfd", test_memfd },
	{ "xattr", test_xattr },       { "mount", test_mount },
	{ "uts_namespace", test_uts },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

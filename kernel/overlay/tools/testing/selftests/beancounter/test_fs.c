// SPDX-License-Identifier: GPL-2.0-only
/*
 * File systems: what a file of tmpfs is, names and attributes, mounts and
 * namespaces; and caches, which are shrunk before anybody is refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

/* Names of 200 characters do not fit into the dentry. */
static const char *long_name(long i)
{
	static char name[256];

	snprintf(name, sizeof(name), "%0200ld", i);
	return name;
}

static long make_tmpfs(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = open(long_name(nr_made), O_CREAT | O_EXCL | O_WRONLY,
			      0600);

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
		unlink(long_name(--nr_made));
	return 0;
}

/* The name with its head is 224 bytes at most: an object of 256. */
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

/* memfd: an inode that has no name in any directory. */
static long make_memfd(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep(memfd_create("m", 0)))
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

/* Its counters are percpu; where the mount is, and its device's name: small. */
static void cost_mount(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("mnt_cache");
	*high = *low +
		n * (16 * bc_cpus() + bc_kmalloc_size(64) + bc_kmalloc_size(8));
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
		    bc_keep(open("/proc/self/ns/uts", O_RDONLY)))
			break;
	}
	return i;
}

/* The last one is that of the process, until it makes another. */
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

/* ---------------------------------------------- reclaim before a refusal */

/* Names that are not there: sysfs remembers them, a dentry each. */
static long look_up(long n)
{
	struct stat st;
	char name[64];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/sys/kernel/no-%ld", i);
		if (!stat(name, &st) || errno != ENOENT)
			break;
	}
	return i;
}

static long create_unlink(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = open(long_name(i), O_CREAT | O_EXCL | O_WRONLY, 0600);

		if (fd < 0 || unlink(long_name(i)))
			break;
		close(fd);
	}
	return i;
}

/* Ten times as many as there is room for. */
static void check_walk(struct bc_group *g, bc_job job)
{
	long n = 10 * BC_MIB / (bc_need_slab("dentry"));
	struct bc_worker w;
	long long base;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_true(bc_call(&w, job, 10) == 10);
	base = bc_rest(g);
	bc_set_barrier(g, base + BC_MIB);
	bc_reset_maxheld(g);
	bc_eq(bc_call(&w, job, n), n);
	bc_true(bc_maxheld(g) <= base + BC_MIB);
	bc_eq(bc_failcnt(g), 0);
	bc_set_barrier(g, BC_MAX);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static void test_negative(struct bc_group *g)
{
	check_walk(g, look_up);
}

/* Inodes: those of a tree of some thousand files, each looked at. */
static long found;

static int count_one(const char *path, const struct stat *st, int flag,
		     struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)ftw;
	if (flag == FTW_NS || flag == FTW_DNR)
		return -1;
	found++;
	return 0;
}

static long walk_tree(long unused)
{
	(void)unused;
	found = 0;
	return nftw("/sys/kernel/slab", count_one, 20, FTW_PHYS) ? -1 : found;
}

static void test_walk(struct bc_group *g)
{
	long long base,
		need = bc_need_slab("inode_cache") + bc_need_slab("dentry");
	struct bc_worker w;
	long n;

	n = walk_tree(0);
	if (n * need < 5 * BC_MIB / 2)
		bc_skip("only %ld files in the tree", n);
	bc_worker_start(&w, g);
	bc_call(&w, walk_tree, 0);
	base = bc_rest(g);
	bc_set_barrier(g, base + BC_MIB / 2);
	bc_reset_maxheld(g);
	bc_eq(bc_call(&w, walk_tree, 0), n);
	bc_true(bc_maxheld(g) <= base + BC_MIB / 2);
	bc_eq(bc_failcnt(g), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static void test_create_unlink(struct bc_group *g)
{
	check_walk(g, create_unlink);
}

/* Only unused caches in the way of something real: they make room for it. */
static long open_null(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep(open("/dev/null", O_RDONLY)))
			break;
	}
	return i;
}

static void test_makes_room(struct bc_group *g)
{
	long files = BC_MIB / bc_need_slab("filp") / 2;
	struct bc_worker w;
	long long base;

	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_null, files), files);
	bc_call(&w, bc_drop_kept, 0);
	bc_call(&w, look_up, 10);
	base = bc_rest(g);
	bc_set_barrier(g, base + BC_MIB);
	/* More than the barrier lets live of names ... */
	bc_call(&w, look_up, 2 * BC_MIB / bc_need_slab("dentry"));
	bc_true(bc_held(g) > base + BC_MIB / 2);
	/* ... and they go when half of it is wanted for files. */
	bc_eq(bc_call(&w, open_null, files), files);
	bc_eq(bc_failcnt(g), 0);
	/* When there is nothing left to shrink it is a refusal. */
	bc_true(bc_call(&w, open_null, 3 * files) < 3 * files);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "tmpfs_file", test_tmpfs },
	{ "memfd", test_memfd },
	{ "xattr", test_xattr },
	{ "mount", test_mount },
	{ "uts_namespace", test_uts },
	{ "reclaim_negative_dentries", test_negative },
	{ "reclaim_inodes", test_walk },
	{ "reclaim_create_unlink", test_create_unlink },
	{ "reclaim_makes_room", test_makes_room },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmarked objects of file systems: while these are configured, when they are
 * there, and behind files of the kernel's own file systems.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_marks.h"

/* An open file of sysfs has an object, and its inode another while it is open. */
static char *sysfs[200];

static void find_sysfs(void)
{
	struct dirent *d;
	DIR *dir = opendir("/sys/kernel/slab");
	size_t n = 0;

	while (dir && n < BC_COUNT(sysfs) && (d = readdir(dir))) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		if (asprintf(&sysfs[n++], "/sys/kernel/slab/%s/order",
			     d->d_name) < 0 ||
		    asprintf(&sysfs[n++], "/sys/kernel/slab/%s/align",
			     d->d_name) < 0)
			break;
	}
	if (dir)
		closedir(dir);
	if (n < 100)
		bc_skip("sysfs has not enough files");
}

static long make_sysfs(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(open(sysfs[i], O_RDONLY)); i++)
		;
	return i;
}

static void test_sysfs(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = find_sysfs,
		.make = make_sysfs,
		.drop = bc_drop_kept,
		.count = 100,
		.unmarked = 200,
		.caches = { "filp" },
	};

	bc_marks_test(g, &k);
}

/* File systems that are being configured; and mounted, but nowhere attached. */
#define FSCONFIG_STRING 1
#define FSCONFIG_CREATE 6

static long make_fs_context(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(syscall(SYS_fsopen, "tmpfs", 0)); i++)
		;
	return i;
}

static long make_fs_context_data(long n)
{
	long i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = syscall(SYS_fsopen, "ext2", 0);
		if (bc_keep_fd(fd) || syscall(SYS_fsconfig, fd, FSCONFIG_STRING,
					      "errors", "continue", 0))
			break;
	}
	return i;
}

static long make_super_block(long n)
{
	long i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = syscall(SYS_fsopen, "tmpfs", 0);
		if (fd < 0 ||
		    syscall(SYS_fsconfig, fd, FSCONFIG_CREATE, NULL, NULL, 0) ||
		    bc_keep_fd(syscall(SYS_fsmount, fd, 0, 0)))
			break;
		close(fd);
	}
	return i;
}

BC_MARKED_FILES(fs_context, 100, 2)
BC_MARKED_FILES(fs_context_data, 100, 2)
BC_MARKED_FILES(super_block, 100, 2)

/* Files of the host that nobody has looked up yet. */
static char *host[100];

static void find_host(void)
{
	struct dirent *d;
	DIR *dir = opendir("/usr/bin");
	size_t n = 0;

	while (dir && n < BC_COUNT(host) && (d = readdir(dir))) {
		if (d->d_type == DT_REG &&
		    asprintf(&host[n++], "/usr/bin/%s", d->d_name) < 0)
			break;
	}
	if (dir)
		closedir(dir);
	if (n < BC_COUNT(host))
		bc_skip("not enough files in /usr/bin");
}

static long make_host(long n)
{
	long i;

	for (i = 0; i < n && !bc_keep_fd(open(host[i], O_PATH)); i++)
		;
	return i;
}

static void test_hostfs(struct bc_group *g)
{
	long long inode = bc_need_slab("hostfs_inode_info"), base;
	struct bc_worker w;

	find_host();
	bc_worker_start(&w, g);
	base = bc_rest(g);
	bc_eq(bc_call(&w, make_host, 100), 100);
	/* A few of them are programs that have been run. */
	bc_range(bc_held(g) - base,
		 90 * (inode + bc_need_slab("dentry")) +
			 100 * bc_need_slab("filp"),
		 LLONG_MAX);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "sysfs", test_sysfs },
	{ "fs_context", test_fs_context },
	{ "fs_context_data", test_fs_context_data },
	{ "super_block", test_super_block },
	{ "hostfs", test_hostfs, .residue = true },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

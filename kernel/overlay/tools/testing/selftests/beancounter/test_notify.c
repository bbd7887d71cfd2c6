// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects for watching and reading: inotify, dnotify, fasync, seq files, areas
 * of memory, requests of io_uring, credentials.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "bc_object.h"

#define NR_FILES 400

/*
 * A mark, and the connector that ties it to the inode (88 bytes at most). Once
 * for the instance: file, dentry, group, the overflow event, and nodes of 576
 * bytes, one for each 64 numbers.
 */
static void cost_watch(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("inotify_inode_mark");
	*high = *low + n * bc_kmalloc_size(88) + bc_need_slab("filp") +
		bc_need_slab("dentry") + bc_kmalloc_size(1024) +
		bc_kmalloc_size(128) +
		(n / 64 + 3) * bc_slab_size("radix_tree_node");
}

static void test_inotify(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = bc_watch,
		.drop = bc_unwatch,
		.cost = cost_watch,
		.count = NR_FILES,
		.errors = { ENOMEM, EMFILE, EBADF },
	};

	bc_write_path("/proc/sys/fs/inotify/max_user_watches", "1000000");
	bc_write_path("/proc/sys/fs/inotify/max_user_instances", "10000");
	bc_make_files(NR_FILES);
	bc_object_test(g, &o);
}

/* F_NOTIFY on a directory: opened once for every watch. */
static long prepare_dnotify(long n)
{
	long i;

	signal(SIGIO, SIG_IGN);
	for (i = 0; i < n; i++) {
		if (bc_keep_fd(open("/tmp", O_RDONLY | O_DIRECTORY)))
			return -1;
	}
	return 0;
}

static long make_dnotify(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (fcntl(bc_kept(i), F_NOTIFY, DN_MODIFY | DN_MULTISHOT))
			break;
	}
	return i;
}

static long drop_dnotify(long unused)
{
	long i;

	(void)unused;
	for (i = 0; i < bc_kept_count(); i++)
		fcntl(bc_kept(i), F_NOTIFY, 0);
	return 0;
}

/* One structure per file, one mark with its connector for the directory. */
static void cost_dnotify(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("dnotify_struct");
	*high = *low + bc_need_slab("dnotify_mark") + bc_kmalloc_size(88) +
		n * bc_kmalloc_size(48);
}

static void test_dnotify(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_dnotify,
		.make = make_dnotify,
		.drop = drop_dnotify,
		.cost = cost_dnotify,
		.count = 300,
		.errors = { ENOMEM },
	};

	bc_tmpfs();
	bc_object_test(g, &o);
}

/* O_ASYNC on pipes that are there already: one fasync_struct for each end. */
static long prepare_fasync(long n)
{
	int fd[2];
	long i;

	for (i = 0; i < n; i++) {
		if (pipe(fd) || bc_keep_fd(fd[0]))
			return -1;
		close(fd[1]);
	}
	return 0;
}

static long make_fasync(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (fcntl(bc_kept(i), F_SETFL, O_ASYNC))
			break;
	}
	return i;
}

static long drop_fasync(long unused)
{
	long i;

	(void)unused;
	for (i = 0; i < bc_kept_count(); i++)
		fcntl(bc_kept(i), F_SETFL, 0);
	return 0;
}

static void cost_fasync(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("fasync_cache");
	*high = *low;
}

static void test_fasync(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_fasync,
		.make = make_fasync,
		.drop = drop_fasync,
		.cost = cost_fasync,
		.count = 300,
		.errors = { ENOMEM },
	};

	bc_object_test(g, &o);
}

/* seq_file: the file of /proc, its struct seq_file and, when read, a page. */
static long make_seq(long n)
{
	char byte;
	long i;

	for (i = 0; i < n; i++) {
		int fd = open("/proc/filesystems", O_RDONLY);

		if (bc_keep_fd(fd))
			break;
		if (read(fd, &byte, 1) < 0)
			break;
	}
	return i;
}

static void cost_seq(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("filp") + bc_need_slab("seq_file") +
		    bc_kmalloc_size(bc_page_size()));
	*high = *low + n * bc_kmalloc_size(64) + n * bc_slab_size("pde_opener");
}

static void test_seq_file(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_seq,
		.drop = bc_drop_kept,
		.cost = cost_seq,
		.count = 64,
		.errors = { ENOMEM, ENFILE },
	};

	bc_sys(open("/proc/filesystems", O_RDONLY));
	bc_object_test(g, &o);
}

/* Areas that cannot be merged, with nothing in them. */
static char *areas;
static long nr_areas;

static long make_area(long n)
{
	long page = bc_page_size(), i;

	if (!areas) {
		areas = mmap(NULL, 64 << 20, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (areas == MAP_FAILED)
			return -1;
		munmap(areas, 64 << 20);
	}
	for (i = 0; i < n; i++) {
		if (mmap(areas + 2 * page * nr_areas, page, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0) == MAP_FAILED)
			break;
		nr_areas++;
	}
	return i;
}

static long drop_area(long unused)
{
	(void)unused;
	munmap(areas, 64 << 20);
	nr_areas = 0;
	return 0;
}

/* Nodes of maple trees, 256 bytes for 9 areas or more, are not charged to the group. */
static void cost_area(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("vm_area_struct") + bc_slab_size("vma_lock"));
	*high = *low + (n / 5 + 4) * bc_slab_size("maple_node");
}

static void test_vma(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_area,
		.drop = drop_area,
		.cost = cost_area,
		.count = 500,
		.errors = { ENOMEM },
	};

	bc_object_test(g, &o);
}

/*
 * Supplementary groups: 240000 bytes at once, that is a large kmalloc (a
 * compound page of 256 KiB) or, when none is free, vmalloc of 59 pages.
 */
#define NR_GIDS 60000

static gid_t gids[NR_GIDS];

static long make_groups(long n)
{
	long i;

	for (i = 0; i < NR_GIDS; i++)
		gids[i] = i + 1;
	return setgroups(NR_GIDS, gids) ? 0 : n;
}

static long drop_groups(long unused)
{
	(void)unused;
	return setgroups(0, NULL);
}

static void cost_groups(long n, long long *low, long long *high)
{
	*low = n * 59 * bc_page_size();
	*high = n * 64 * bc_page_size() + bc_need_slab("cred") +
		bc_kmalloc_size(64);
}

static void test_kmalloc_large(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_groups,
		.drop = drop_groups,
		.cost = cost_groups,
		.count = 1,
		.errors = { ENOMEM },
	};

	bc_object_test(g, &o);
}

static const struct bc_case cases[] = {
	{ "inotify", test_inotify }, { "dnotify", test_dnotify },
	{ "fasync", test_fasync },   { "seq_file", test_seq_file },
	{ "vma", test_vma },	     { "kmalloc_large", test_kmalloc_large },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

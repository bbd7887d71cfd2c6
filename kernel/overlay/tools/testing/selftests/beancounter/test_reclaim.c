// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caches are shrunk before a request is refused: a group may look at far more
 * names and files than its barrier would let it hold.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_object.h"

static long create_unlink(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		int fd = open(bc_long_name(i), O_CREAT | O_EXCL | O_WRONLY,
			      0600);

		if (fd < 0 || unlink(bc_long_name(i)))
			break;
		close(fd);
	}
	return i;
}

#define ROOM (BC_MIB / 4)

/* Looks at ten times as many as there is room for. */
static void check_walk(struct bc_group *g, bc_job job)
{
	long n = 10 * ROOM / (bc_need_slab("dentry"));
	struct bc_worker w;
	long long base;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_true(bc_call(&w, job, 10) == 10);
	base = bc_rest(g);
	bc_set_barrier(g, base + ROOM);
	bc_reset_maxheld(g);
	bc_eq(bc_call(&w, job, n), n);
	bc_true(bc_maxheld(g) <= base + ROOM);
	bc_eq(bc_failcnt(g), 0);
	bc_set_barrier(g, BC_MAX);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static void test_negative(struct bc_group *g)
{
	check_walk(g, bc_look_up);
}

/* The inodes of a tree of some thousand files, each of which is looked at. */
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
	bc_set_limit(g, base + BC_MIB / 2 + 64 * BC_KIB);
	bc_reset_maxheld(g);
	bc_eq(bc_call(&w, walk_tree, 0), n);
	/* The blob of a security module beside an inode is made with GFP_NOFS. */
	bc_true(bc_maxheld(g) <=
		base + BC_MIB / 2 + 64 * BC_KIB + bc_forced(g));
	bc_eq(bc_failcnt(g), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static void test_create_unlink(struct bc_group *g)
{
	check_walk(g, create_unlink);
}

/* Only unused caches are in the way of open files: they make room. */
static void test_makes_room(struct bc_group *g)
{
	long files = BC_MIB / bc_need_slab("filp") / 2;
	struct bc_worker w;
	long long base;

	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, bc_open_null, files), files);
	bc_call(&w, bc_drop_kept, 0);
	bc_call(&w, bc_look_up, 10);
	base = bc_rest(g);
	bc_set_barrier(g, base + BC_MIB);
	/* More names than the barrier lets live ... */
	bc_call(&w, bc_look_up, 2 * BC_MIB / bc_need_slab("dentry"));
	bc_true(bc_held(g) > base + BC_MIB / 2);
	/* ... and they go when half of it is wanted for files. */
	bc_eq(bc_call(&w, bc_open_null, files), files);
	bc_eq(bc_failcnt(g), 0);
	/* When nothing is left to shrink, the request is refused. */
	bc_true(bc_call(&w, bc_open_null, 3 * files) < 3 * files);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/*
 * A file system on a disk in memory: 8000 files of two pages in 80 directories.
 * The case makes it, so that none of it is charged to the group.
 */
#define NR_DIRS (80 * ROOM / BC_MIB)
#define PER_DIR 100

static void make_tree(void)
{
	static char data[5000];
	char name[64];
	int i, k, fd;

	for (i = 0; i < NR_DIRS; i++) {
		snprintf(name, sizeof(name), "/tmp/fs/%d", i);
		bc_sys(mkdir(name, 0755));
		for (k = 0; k < PER_DIR; k++) {
			snprintf(name, sizeof(name), "/tmp/fs/%d/%d", i, k);
			fd = bc_sys(open(name, O_CREAT | O_WRONLY, 0644));
			bc_eq(write(fd, data, sizeof(data)), sizeof(data));
			close(fd);
		}
	}
	sync();
	bc_hurry();
	bc_hurry();
}

/*
 * Done by hand: mount(8) has the device open while it mounts it, which not
 * every kernel allows.
 */
static int loop_fd = -1;

static bool attach_loop(const char *file)
{
	struct loop_config config = { .block_size = 1024 };
	int control = open("/dev/loop-control", O_RDWR);
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	loop_fd = open(path, O_RDWR);
	config.fd = open(file, O_RDWR);
	if (ioctl(loop_fd, LOOP_CONFIGURE, &config))
		return false;
	close(config.fd);
	close(loop_fd);
	loop_fd = open(path, O_RDONLY);
	return !mount(path, "fs", "ext2", 0, NULL);
}

static void mount_disk(void)
{
	int fd;

	bc_tmpfs();
	fd = bc_sys(open("disk", O_CREAT | O_RDWR, 0600));
	bc_sys(ftruncate(fd, 96 * BC_MIB));
	close(fd);
	mkdir("fs", 0755);
	if (system("PATH=$PATH:/usr/sbin:/sbin mkfs.ext2 -q -F -N 12000 disk"))
		bc_skip("no mkfs.ext2");
	if (!attach_loop("disk"))
		bc_skip("no ext2 on a loop device: %s", strerror(errno));
	make_tree();
}

static int read_one(const char *path, const struct stat *st, int flag,
		    struct FTW *ftw)
{
	static char data[8192];
	int fd;

	(void)ftw;
	if (flag == FTW_NS || flag == FTW_DNR)
		return -1;
	found++;
	if (!S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, data, sizeof(data)) != st->st_size)
		return -1;
	close(fd);
	return 0;
}

static long stat_disk(long unused)
{
	(void)unused;
	found = 0;
	return nftw("/tmp/fs", count_one, 20, FTW_PHYS) ? -1 : found;
}

static long read_disk(long unused)
{
	(void)unused;
	found = 0;
	return nftw("/tmp/fs", read_one, 20, FTW_PHYS) ? -1 : found;
}

/*
 * Blocks of the disk cannot be refused: their buffer heads go up to the limit,
 * and above it if need be. Reading ahead may be refused, which is counted but
 * not noticed by anybody. Reading may not.
 */
static void check_disk(struct bc_group *g, bc_job job)
{
	long n = 1 + 1 + NR_DIRS * (PER_DIR + 1); /* lost+found, too */
	struct bc_worker w;

	mount_disk();
	bc_worker_start(&w, g);
	bc_set_barrier(g, ROOM);
	bc_set_limit(g, ROOM + 64 * BC_KIB);
	bc_eq(bc_call(&w, job, 0), n);
	bc_true(bc_maxheld(g) <= ROOM + 64 * BC_KIB + bc_forced(g));
	/* And again, in a group whose account is full of it. */
	bc_eq(bc_call(&w, job, 0), n);
	bc_eq(bc_call(&w, job, 0), n);
	bc_true(bc_maxheld(g) <= ROOM + 64 * BC_KIB + bc_forced(g));
	if (job == stat_disk)
		bc_eq(bc_failcnt(g), 0);
	bc_worker_stop(&w);
	bc_sys(umount("/tmp/fs"));
	bc_sys(ioctl(loop_fd, LOOP_CLR_FD));
	close(loop_fd);
	bc_held_is(g, 0);
}

static void test_stat_disk(struct bc_group *g)
{
	check_disk(g, stat_disk);
}

static void test_read_disk(struct bc_group *g)
{
	check_disk(g, read_disk);
}

static const struct bc_case cases[] = {
	{ "negative_dentries", test_negative },
	{ "inodes", test_walk },
	{ "create_unlink", test_create_unlink },
	{ "makes_room", test_makes_room },
	{ "stat_ext2", test_stat_disk },
	{ "read_ext2", test_read_disk },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

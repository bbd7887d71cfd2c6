// SPDX-License-Identifier: GPL-2.0-only
/*
 * dcachesize: dentries and inodes, in addition to kmemsize. Unused ones are
 * shrunk before anything is refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_object.h"
#include "bc_util.h"

#define NAMES "dcachesize"
#define N 20L

static long made;

static const char *file_name(long i)
{
	static char name[32];

	snprintf(name, sizeof(name), "n%ld", i);
	return name;
}

/* Makes @n more empty files. Returns @n, or a negative error number. */
static long make_files(long n)
{
	long i;
	int fd;

	for (i = 0; i < n; i++, made++) {
		fd = open(file_name(made), O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	return n;
}

static long unlink_files(long n)
{
	for (; n && made; n--)
		if (unlink(file_name(--made)))
			return -errno;
	return 0;
}

static long make_directories(long n)
{
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "d%ld", i);
		if (mkdir(name, 0700))
			return -errno;
	}
	return n;
}

static long remove_directories(long n)
{
	char name[32];

	while (n--) {
		snprintf(name, sizeof(name), "d%ld", n);
		if (rmdir(name))
			return -errno;
	}
	return 0;
}

/* Inodes that have no name that anybody could look up. */
static long make_nameless(long unused)
{
	int fd[2];

	(void)unused;
	if (pipe(fd) || bc_keep_fd(fd[0]) || bc_keep_fd(fd[1]) ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) || bc_keep_fd(fd[0]) ||
	    bc_keep_fd(fd[1]) || bc_keep_fd(eventfd(0, 0)) ||
	    bc_keep_fd(memfd_create("m", 0)))
		return -errno;
	return 0;
}

/*
 * What a file of tmpfs takes: a dentry and an inode. The blob of a security
 * module beside the inode is in kmemsize only.
 */
static long long file_cost(const struct bc_group *g, struct bc_worker *w)
{
	long long most =
		bc_need_slab("dentry") + bc_need_slab("shmem_inode_cache");
	long long before = bc_held_of(g, NAMES), cost;

	bc_eq(bc_call(w, make_files, 1), 1);
	cost = bc_held_of(g, NAMES) - before;
	bc_range(cost, most - 64, most);
	return cost;
}

/* Starts a worker in a tmpfs. Returns what a file takes; there is one. */
static long long start(struct bc_worker *w, struct bc_group *g)
{
	bc_tmpfs();
	bc_worker_start(w, g);
	return file_cost(g, w);
}

/* Nothing is held, and nothing had to be dropped for that. */
static void nothing_left(struct bc_group *g)
{
	bc_settles(g, NAMES, 0);
	bc_held_is(g, 0);
}

/*
 * Each counts to the byte, and is given back when it is gone, even if RCU still
 * has it.
 */
static void test_exact_charge(struct bc_group *g)
{
	long long cost, base;
	struct bc_worker w;

	cost = start(&w, g);
	base = bc_held_of(g, NAMES);
	bc_eq(bc_call(&w, make_files, N), N);
	bc_eq(bc_held_of(g, NAMES), base + N * cost);
	bc_true(bc_held_of(g, NAMES) <= bc_held(g));
	bc_eq(bc_call(&w, make_directories, N), N);
	bc_eq(bc_held_of(g, NAMES), base + 2 * N * cost);
	bc_eq(bc_call(&w, remove_directories, N), 0);
	bc_eq(bc_call(&w, unlink_files, N + 1), 0);
	bc_settles(g, NAMES, base - cost);
	bc_true(bc_read_key(g, "bc.maxheld", NAMES) >= base + 2 * N * cost);
	bc_worker_stop(&w);
	nothing_left(g);
}

static void test_nameless_inodes(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	base = bc_held_of(g, NAMES);
	bc_eq(bc_call(&w, make_nameless, 0), 0);
	bc_eq(bc_held_of(g, NAMES), base);
	bc_worker_stop(&w);
	nothing_left(g);
}

/*
 * Exactly as many as fit are granted. A refused one leaves nothing, and then
 * there is room again.
 */
static void test_edge(struct bc_group *g)
{
	long long cost, barrier;
	struct bc_worker w;

	cost = start(&w, g);
	barrier = bc_held_of(g, NAMES) + N * cost;
	bc_set_key(g, "bc.barrier", NAMES, barrier);
	bc_eq(bc_call(&w, make_files, N), N);
	bc_eq(bc_held_of(g, NAMES), barrier);
	bc_eq(bc_call(&w, make_files, 1), -ENOMEM);
	bc_eq(bc_held_of(g, NAMES), barrier);
	bc_eq(bc_read_key(g, "bc.maxheld", NAMES), barrier);
	bc_eq(bc_read_key(g, "bc.failcnt", NAMES), 1);
	bc_eq(bc_failcnt(g), 0);
	/*
	 * The name fits. Its inode is made inside a file system, so it may go a
	 * little above.
	 */
	bc_set_key(g, "bc.barrier", NAMES, barrier + cost - 1);
	bc_eq(bc_call(&w, make_files, 1), 1);
	bc_eq(bc_held_of(g, NAMES), barrier + cost);
	bc_eq(bc_call(&w, make_files, 1), -ENOMEM);
	bc_eq(bc_read_key(g, "bc.failcnt", NAMES), 2);
	bc_eq(bc_call(&w, unlink_files, 2), 0);
	bc_settles(g, NAMES, barrier - cost);
	bc_eq(bc_call(&w, make_files, 1), 1);
	bc_call(&w, unlink_files, N + 1);
	bc_set_key(g, "bc.barrier", NAMES, BC_MAX);
	bc_worker_stop(&w);
	nothing_left(g);
}

/* A level above refuses, and one child cannot have the room of the other. */
static void test_hierarchy(struct bc_group *g)
{
	struct bc_pair p;
	long long cost;

	bc_tmpfs();
	bc_pair_start(&p, g);
	cost = file_cost(&p.one, &p.w1);
	bc_eq(bc_call(&p.w1, unlink_files, 1), 0);
	bc_settles(&p.one, NAMES, 0);
	bc_set_key(g, "bc.barrier", NAMES, bc_held_of(g, NAMES) + N * cost);
	bc_eq(bc_call(&p.w1, make_files, N), N);
	bc_eq(bc_call(&p.w2, make_directories, 1), -ENOMEM);
	bc_eq(bc_read_key(&p.two, "bc.failcnt.local", NAMES), 0);
	bc_eq(bc_read_key(g, "bc.failcnt.local", NAMES), 1);
	bc_eq(bc_call(&p.w1, unlink_files, N), 0);
	bc_settles(&p.one, NAMES, 0);
	bc_eq(bc_call(&p.w2, make_directories, N), N);
	bc_eq(bc_call(&p.w2, remove_directories, N), 0);
	bc_pair_stop(&p);
	bc_set_key(g, "bc.barrier", NAMES, BC_MAX);
	nothing_left(g);
	bc_pair_remove(&p);
}

/* Unused names make room: nothing is refused, and other groups keep theirs. */
static void test_shrink_unused(struct bc_group *g)
{
	long long room = 64 * BC_KIB, base;
	struct bc_worker w;
	long n = 10 * room / bc_need_slab("dentry");

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, bc_look_up, 10), 10);
	base = bc_held_of(g, NAMES);
	bc_true(base > 0);
	bc_set_key(g, "bc.barrier", NAMES, base + room);
	bc_set_key(g, "bc.maxheld", NAMES, 0);
	bc_eq(bc_call(&w, bc_look_up, n), n);
	bc_true(bc_read_key(g, "bc.maxheld", NAMES) <= base + room);
	bc_eq(bc_read_key(g, "bc.failcnt", NAMES), 0);
	bc_eq(bc_failcnt(g), 0);
	bc_set_key(g, "bc.barrier", NAMES, BC_MAX);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
	bc_settles(g, NAMES, 0);
}

/* A full group loses its own unused names, and no others. */
static void test_shrink_own_only(struct bc_group *g)
{
	struct bc_pair p;
	long long cost, had;

	bc_tmpfs();
	bc_pair_start(&p, g);
	bc_eq(bc_call(&p.w2, bc_look_up, 100), 100);
	had = bc_held_of(&p.two, NAMES);
	cost = file_cost(&p.one, &p.w1);
	bc_set_key(&p.one, "bc.barrier", NAMES,
		   bc_held_of(&p.one, NAMES) + N * cost);
	bc_eq(bc_call(&p.w1, make_files, N), N);
	bc_eq(bc_call(&p.w1, make_files, 1), -ENOMEM);
	bc_eq(bc_held_of(&p.two, NAMES), had);
	bc_call(&p.w1, unlink_files, N + 1);
	bc_pair_stop(&p);
	bc_held_is(g, 0);
	bc_settles(g, NAMES, 0);
	bc_pair_remove(&p);
}

/*
 * A name that does not fit into its dentry has memory of its own. If that is
 * refused, the dentry no longer counts.
 */
static long look_long(long unused)
{
	struct stat st;

	(void)unused;
	return stat(bc_long_name(0), &st) ? -errno : 0;
}

static void test_long_name_undo(struct bc_group *g)
{
	long long cost = bc_need_slab("dentry"), held, names;
	struct bc_worker w;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, look_long, 0), -ENOENT);
	bc_eq(bc_call(&w, look_long, 0), -ENOENT);
	held = bc_rest(g);
	names = bc_held_of(g, NAMES);
	bc_set_barrier(g, held + cost + 16);
	bc_eq(bc_call(&w, look_long, 0), -ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_eq(bc_held_of(g, NAMES), names);
	bc_set_barrier(g, BC_MAX);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
	bc_settles(g, NAMES, 0);
}

static const struct bc_case cases[] = {
	{ "exact_charge", test_exact_charge },
	{ "nameless_inodes", test_nameless_inodes },
	{ "edge", test_edge },
	{ "hierarchy", test_hierarchy },
	{ "shrink_unused", test_shrink_unused },
	{ "shrink_own_only", test_shrink_own_only },
	{ "long_name_undo", test_long_name_undo },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

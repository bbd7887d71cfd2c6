// SPDX-License-Identifier: GPL-2.0-only
/*
 * File locks and leases are charged, although memcg does not charge them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bc_object.h"

#ifndef F_OFD_SETLK
#define F_OFD_SETLK 37
#endif

/* A file that is gone with its last opener, and its locks with it. */
static int lock_fd;

static long prepare_fd(long n)
{
	(void)n;
	lock_fd = memfd_create("locks", MFD_CLOEXEC);
	return lock_fd;
}

static int lock_range(int cmd, int type, long start, long len)
{
	struct flock fl = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = len,
	};

	return fcntl(lock_fd, cmd, &fl);
}

static long make_locks(int cmd, long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (lock_range(cmd, F_WRLCK, 2 * i, 1))
			break;
	}
	return i;
}

static long make_posix(long n)
{
	return make_locks(F_SETLK, n);
}

static long drop_posix(long unused)
{
	(void)unused;
	return lock_range(F_SETLK, F_UNLCK, 0, 0);
}

static long make_ofd(long n)
{
	return make_locks(F_OFD_SETLK, n);
}

static long drop_ofd(long unused)
{
	(void)unused;
	return lock_range(F_OFD_SETLK, F_UNLCK, 0, 0);
}

/* The lock context of the inode is there since the first lock. */
static void cost_lock(long n, long long *low, long long *high)
{
	*low = n * bc_need_slab("file_lock_cache");
	*high = *low;
}

static void test_posix(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_fd,
		.make = make_posix,
		.drop = drop_posix,
		.cost = cost_lock,
		.count = 400,
		.errors = { ENOLCK, ENOMEM },
	};

	bc_object_test(g, &o);
}

static void test_ofd(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_fd,
		.make = make_ofd,
		.drop = drop_ofd,
		.cost = cost_lock,
		.count = 400,
		.errors = { ENOLCK, ENOMEM },
	};

	bc_object_test(g, &o);
}

/* flock(): one lock for every opener. */
static long prepare_openers(long n)
{
	long i;

	lock_fd = open("locks", O_CREAT | O_RDWR, 0600);
	for (i = 0; i < n; i++) {
		if (bc_keep_fd(open("locks", O_RDONLY)))
			return -1;
	}
	return unlink("locks");
}

static long make_flock(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (flock(bc_kept(i), LOCK_SH | LOCK_NB))
			break;
	}
	return i;
}

static long drop_flock(long unused)
{
	long i;

	(void)unused;
	for (i = 0; i < bc_kept_count(); i++)
		flock(bc_kept(i), LOCK_UN);
	return 0;
}

static void test_flock(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_openers,
		.make = make_flock,
		.drop = drop_flock,
		.cost = cost_lock,
		.count = 300,
		.errors = { ENOLCK, ENOMEM },
	};

	bc_tmpfs();
	bc_object_test(g, &o);
}

/* Leases, each on a file of its own that nobody has open for writing. */
static long prepare_lease(long n)
{
	long i;

	signal(SIGIO, SIG_IGN);
	for (i = 0; i < n; i++) {
		close(open("lease", O_CREAT | O_EXCL | O_WRONLY, 0600));
		if (bc_keep_fd(open("lease", O_RDONLY)) || unlink("lease"))
			return -1;
	}
	return 0;
}

static long make_lease(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (fcntl(bc_kept(i), F_SETLEASE, F_RDLCK))
			break;
	}
	return i;
}

static long drop_lease(long unused)
{
	long i;

	(void)unused;
	for (i = 0; i < bc_kept_count(); i++)
		fcntl(bc_kept(i), F_SETLEASE, F_UNLCK);
	return 0;
}

static void cost_lease(long n, long long *low, long long *high)
{
	*low = n * (bc_need_slab("file_lease_cache") +
		    bc_need_slab("fasync_cache"));
	*high = *low + n * bc_kmalloc_size(64); /* the owner of a file, kept */
}

static void test_lease(struct bc_group *g)
{
	static const struct bc_object o = {
		.prepare = prepare_lease,
		.make = make_lease,
		.drop = drop_lease,
		.cost = cost_lease,
		.count = 200,
		.errors = { ENOMEM, ENOLCK },
	};

	bc_tmpfs();
	bc_object_test(g, &o);
}

/*
 * Unlocking must not need room: a whole lock, one end of it, and its middle,
 * which makes two locks of one.
 */
static long unlock_all(long unused)
{
	(void)unused;
	return lock_range(F_SETLK, F_UNLCK, 0, 0);
}

static long unlock_end(long unused)
{
	(void)unused;
	return lock_range(F_SETLK, F_UNLCK, 9000, 1000);
}

static long unlock_middle(long unused)
{
	(void)unused;
	return lock_range(F_SETLK, F_UNLCK, 5000, 10);
}

static long lock_one(long unused)
{
	(void)unused;
	return lock_range(F_SETLK, F_WRLCK, 0, 10000);
}

static void test_unlock(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_call(&w, prepare_fd, 0);
	bc_eq(bc_call(&w, lock_one, 0), 0);
	bc_set_barrier(g, bc_rest(g));
	bc_eq(bc_call(&w, unlock_end, 0), 0);
	bc_eq(bc_call(&w, unlock_middle, 0), 0);
	bc_eq(bc_call(&w, unlock_all, 0), 0);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "posix_lock", test_posix },
	{ "ofd_lock", test_ofd },
	{ "flock", test_flock },
	{ "lease", test_lease },
	{ "unlock_at_barrier", test_unlock },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

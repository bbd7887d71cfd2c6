// SPDX-License-Identifier: GPL-2.0-only
/*
 * A group that was given to a user or a container: its owner may make groups in
 * it and be stricter there, but cannot loosen the bounds that he was given.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_object.h"

static const char *const bounds[] = { "bc.barrier", "bc.limit" };
static struct bc_group given, made;

/* Gives a user the directory and the files he needs, as the documentation says. */
static void give_to_user(struct bc_group *g)
{
	static const char *const files[] = {
		"",
		"cgroup.procs",
		"cgroup.subtree_control",
		"cgroup.threads",
	};
	char path[400];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", g->path, files[i]);
		bc_sys(chown(path, BC_NOBODY_UID, BC_NOBODY_UID));
	}
}

static long write_bounds(long unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < 2; i++) {
		int err = bc_set_key(&given, bounds[i], BC_KMEM, BC_MAX);

		if (err != -EACCES && err != -EPERM) {
			errno = -err;
			return i + 1;
		}
	}
	return bc_set_key(&given, "bc.maxheld", BC_KMEM, 0) == -EACCES ? 0 : 3;
}

static long make_sub(long unused)
{
	(void)unused;
	if (mkdir(made.path, 0755))
		return -1;
	if (bc_set_key(&made, "bc.barrier", BC_KMEM, BC_MIB) ||
	    bc_set_key(&made, "bc.limit", BC_KMEM, BC_MAX))
		return -2;
	return bc_group_attach(&made, getpid());
}

/*
 * The files of the given group stay root's; those of groups that the user makes
 * are his.
 */
static void test_user(struct bc_group *g)
{
	long n = 300, file = bc_need_slab("filp");
	struct bc_worker w;

	bc_sys(open("/dev/null", O_RDONLY));
	bc_group_make(&given, g, "given");
	strcpy(made.path, given.path);
	strcat(made.path, "/made");
	give_to_user(&given);
	bc_set_limit(&given, 2 * BC_MIB);
	bc_worker_start_as(&w, &given, BC_NOBODY_UID);
	bc_eq(bc_call(&w, write_bounds, 0), 0);
	bc_eq(bc_call(&w, make_sub, 0), 0);
	bc_eq(bc_call(&w, bc_open_null, n), n);
	bc_true(bc_held(&made) >= n * file);
	/* His own barrier applies first, and that of the given group in any case. */
	bc_true(bc_call(&w, bc_open_null, 10000) < 10000);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt_local(&made) > 0);
	bc_set_barrier(&made, BC_MAX);
	bc_true(bc_call(&w, bc_open_null, 10000) < 10000);
	bc_true(bc_failcnt_local(&given) > 0);
	bc_true(bc_held(&given) <= 2 * BC_MIB);
	bc_call(&w, bc_drop_kept, 0);
	bc_eq(bc_call(&w, write_bounds, 0), 0);
}

/* Root of a user namespace, in a cgroup namespace with nsdelegate. */
static long enter_namespaces(long unused)
{
	char map[64];

	(void)unused;
	snprintf(map, sizeof(map), "0 %d 1", BC_NOBODY_UID);
	if (unshare(CLONE_NEWUSER))
		return -1;
	bc_write_path("/proc/self/setgroups", "deny");
	if (bc_write_path("/proc/self/uid_map", map) ||
	    bc_write_path("/proc/self/gid_map", map))
		return -2;
	return unshare(CLONE_NEWCGROUP);
}

/* Real root in a cgroup namespace of its own, which is the root of a container. */
static long enter_cgroup_ns(long unused)
{
	(void)unused;
	return unshare(CLONE_NEWCGROUP);
}

/* Any error will do, as long as the value stays. */
static long loosen(long unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < 2; i++) {
		if (!bc_set_key(&given, bounds[i], BC_KMEM, BC_MAX))
			return i + 1;
	}
	return 0;
}

static void check_namespace(struct bc_group *g, bc_job enter, uid_t uid)
{
	struct bc_worker w;

	bc_group_make(&given, g, "given");
	give_to_user(&given);
	bc_set_barrier(&given, 3 * BC_MIB);
	bc_set_limit(&given, 4 * BC_MIB);
	bc_worker_start_as(&w, &given, uid);
	if (bc_call(&w, enter, 0))
		bc_skip("no namespaces: %s", strerror(w.error));
	bc_eq(bc_call(&w, loosen, 0), 0);
	bc_eq(bc_read_key(&given, "bc.barrier", BC_KMEM), 3 * BC_MIB);
	bc_eq(bc_read_key(&given, "bc.limit", BC_KMEM), 4 * BC_MIB);
}

static void test_user_ns(struct bc_group *g)
{
	bc_write_path("/proc/sys/user/max_user_namespaces", "1000");
	check_namespace(g, enter_namespaces, BC_NOBODY_UID);
}

/* Only with nsdelegate is a cgroup namespace a border for root. */
static void test_cgroup_ns(struct bc_group *g)
{
	if (mount(NULL, bc_root(), NULL, MS_REMOUNT, "nsdelegate"))
		bc_skip("cgroup2 cannot be mounted nsdelegate: %s",
			strerror(errno));
	check_namespace(g, enter_cgroup_ns, 0);
}

static const struct bc_case cases[] = {
	{ "user", test_user },
	{ "user_namespace", test_user_ns },
	{ "cgroup_namespace", test_cgroup_ns },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

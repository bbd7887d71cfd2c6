// SPDX-License-Identifier: GPL-2.0-only
/*
 * The payer is the group that asked, for as long as the object lives, wherever
 * the process goes and whatever becomes of the group.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_object.h"

/* When the process moves, its open files stay with the group it was in. */
static void test_migration(struct bc_group *g)
{
	long long base, held, file = bc_need_slab("filp");
	struct bc_group a, b;
	struct bc_worker w;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	base = bc_start_warm(&w, &a, 300);
	bc_eq(bc_call(&w, bc_open_null, 100), 100);
	held = bc_held(&a);
	bc_eq(held, base + 100 * file);
	bc_eq(bc_group_attach(&b, w.pid), 0);
	bc_eq(bc_held(&a), held);
	bc_eq(bc_held(&b), 0);
	bc_eq(bc_held(g), held);
	bc_eq(bc_call(&w, bc_open_null, 50), 50);
	bc_eq(bc_held(&a), held);
	bc_eq(bc_held(&b), 50 * file);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(&a, base);
	bc_held_is(&b, 0);
	bc_worker_stop(&w);
	bc_held_is(&a, 0);
	bc_held_is(g, 0);
}

/* From the root, where nothing is charged, into a group and back. */
static void test_from_root(struct bc_group *g)
{
	long long file = bc_need_slab("filp");
	struct bc_group root;
	struct bc_worker w;

	snprintf(root.path, sizeof(root.path), "%s", bc_root());
	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(&w, NULL);
	bc_group_attach(&root, w.pid);
	bc_eq(bc_call(&w, bc_open_null, 300), 300);
	bc_group_attach(g, w.pid);
	bc_eq(bc_held(g), 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_eq(bc_call(&w, bc_open_null, 100), 100);
	bc_eq(bc_held(g), 100 * file);
	bc_group_attach(&root, w.pid);
	bc_eq(bc_call(&w, bc_open_null, 100), 100);
	bc_eq(bc_held(g), 100 * file);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(g, 0);
}

static long long stat_key(const struct bc_group *g, const char *key)
{
	char buf[4096], *at;

	bc_slurp(g, "cgroup.stat", buf, sizeof(buf));
	at = strstr(buf, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* The last step of a removal is a work item, which other controllers may delay. */
static void check_none_dying(const struct bc_group *g)
{
	const char *key = "nr_dying_subsys_bc ";
	long long end = bc_now_ms() + 10000;

	if (stat_key(g, key) < 0) {
		if (bc_config("MEMCG") != 0)
			return;
		key = "nr_dying_descendants ";
	}
	while (stat_key(g, key) && bc_now_ms() < end)
		bc_pause_ms(10);
	bc_eq(stat_key(g, key), 0);
}

/*
 * A group is removed while files that it has paid for are open. It goes for
 * good, and its parents hold the charge until the files are closed.
 */
static void test_rmdir(struct bc_group *g)
{
	long long base, held, file = bc_need_slab("filp");
	struct bc_group mid, leaf;
	struct bc_worker w;

	bc_group_make(&mid, g, "mid");
	bc_group_make(&leaf, &mid, "leaf");
	base = bc_start_warm(&w, &leaf, 300);
	bc_eq(bc_call(&w, bc_open_null, 100), 100);
	bc_group_attach(g, w.pid);
	held = bc_held(g);
	bc_eq(held, base + 100 * file);
	bc_sys(bc_group_remove(&leaf));
	bc_eq(bc_held(&mid), held);
	bc_eq(bc_held(g), held);
	bc_sys(bc_group_remove(&mid));
	bc_eq(bc_held(g), held);
	bc_true(bc_audit(NULL, 0) <= 0);
	check_none_dying(g);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(g, base);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* A thousand groups come and go, and each leaves something for a while. */
static void test_many(struct bc_group *g)
{
	long long file = bc_need_slab("filp"), base;
	struct bc_group sub;
	struct bc_worker w;
	char name[32];
	int i;

	base = bc_start_warm(&w, g, 300);
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "sub%d", i);
		bc_group_make(&sub, g, name);
		bc_eq(bc_group_attach(&sub, w.pid), 0);
		bc_eq(bc_call(&w, bc_open_null, 1), 1);
		bc_eq(bc_held(&sub), file);
		bc_eq(bc_group_attach(g, w.pid), 0);
		bc_sys(bc_group_remove(&sub));
	}
	bc_eq(bc_held(g), base + 300 * file);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(g, base);
}

/*
 * A file is passed to another group over a socket and closed here: the payer
 * stays the same.
 */
static int pass_pair[2];

static long send_file(long unused)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)unused;
	if (bc_hand_over(pass_pair[0], &fd, 1))
		return -1;
	return close(fd);
}

static long receive_file(long unused)
{
	int fds[BC_HANDED_MAX];

	(void)unused;
	if (bc_take_over(pass_pair[1], fds, 0) != 1)
		return -1;
	return bc_keep_fd(fds[0]);
}

static void test_passed(struct bc_group *g)
{
	long long base_a, base_b, file = bc_need_slab("filp");
	struct bc_group a, b;
	struct bc_worker wa, wb;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	bc_sys(socketpair(AF_UNIX, SOCK_STREAM, 0, pass_pair));
	base_a = bc_start_warm(&wa, &a, 300);
	base_b = bc_start_warm(&wb, &b, 300);
	bc_eq(bc_call(&wa, send_file, 0), 0);
	/* While it is being passed: file, message, list of files. */
	bc_true(bc_held(&a) >=
		base_a + file + bc_slab_size("skbuff_head_cache"));
	bc_eq(bc_call(&wb, receive_file, 0), 0);
	bc_held_is(&a, base_a + file);
	bc_held_is(&b, base_b);
	bc_worker_stop(&wa);
	bc_held_is(&a, file);
	bc_call(&wb, bc_drop_kept, 0);
	bc_held_is(&a, 0);
	bc_worker_stop(&wb);
	bc_held_is(g, 0);
}

/*
 * The group of the watcher pays for events, not that of the writer, whether
 * memcg can tell the two apart or not.
 */
static int watch_fd, watched_fd;

static long watch_tmp(long unused)
{
	(void)unused;
	watch_fd = inotify_init1(IN_NONBLOCK);
	return inotify_add_watch(watch_fd, "/tmp",
				 IN_OPEN | IN_CLOSE | IN_CREATE);
}

static long cause_events(long n)
{
	char name[64];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%ld", "a-name-of-some-length-",
			 i % 2);
		watched_fd = open(name, O_RDONLY);
		close(watched_fd);
	}
	return 0;
}

static long unwatch_tmp(long unused)
{
	(void)unused;
	return close(watch_fd);
}

static void remote(struct bc_group *g, bool memory)
{
	long long base_a, base_b, before;
	struct bc_group a, b;
	struct bc_worker wa, wb;

	bc_tmpfs();
	close(bc_sys(open("a-name-of-some-length-0", O_CREAT | O_RDWR, 0600)));
	close(bc_sys(open("a-name-of-some-length-1", O_CREAT | O_RDWR, 0600)));
	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	if (memory)
		bc_enable_memory(g);
	before = bc_start_warm(&wa, &a, 300);
	bc_start_warm(&wb, &b, 300);
	bc_call(&wb, cause_events, 10);
	base_b = bc_rest(&b);
	bc_true(bc_call(&wa, watch_tmp, 0) >= 0);
	base_a = bc_rest(&a);
	bc_call(&wb, cause_events, 1000);
	/* Each open and each close is an event with a name of 32 bytes. */
	bc_range(bc_held(&a) - base_a, 2000 * 64, 2000 * bc_kmalloc_size(128));
	bc_held_is(&b, base_b);
	bc_call(&wa, unwatch_tmp, 0);
	bc_held_is(&a, before);
	bc_worker_stop(&wa);
	bc_worker_stop(&wb);
	bc_held_is(&a, 0);
	bc_held_is(&b, 0);
}

static void test_remote(struct bc_group *g)
{
	remote(g, false);
}

static void test_remote_memory(struct bc_group *g)
{
	if (!bc_config("MEMCG"))
		bc_skip("no memory controller");
	remote(g, true);
}

/* clone3(CLONE_INTO_CGROUP): what the child allocates is charged to its new group. */
static long into_child(long fd)
{
	pid_t pid = bc_clone_into(fd);

	if (!pid) {
		int i;

		for (i = 0; i < 200; i++)
			open("/dev/null", O_RDONLY);
		for (;;)
			pause();
	}
	return pid;
}

static long reap(long pid)
{
	return waitpid(pid, NULL, 0);
}

static void test_clone_into(struct bc_group *g)
{
	long long file = bc_need_slab("filp");
	long long end = bc_now_ms() + 10000;
	struct bc_group a, b;
	struct bc_worker w;
	long pid;
	int fd;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	fd = bc_sys(open(b.path, O_RDONLY | O_DIRECTORY));
	bc_start_warm(&w, &a, 300);
	pid = bc_call(&w, into_child, fd);
	if (pid < 0 && w.error == ENOSYS)
		bc_skip("no clone3()");
	bc_true(pid > 0);
	while (bc_held(&b) < 200 * file && bc_now_ms() < end)
		bc_pause_ms(2);
	bc_true(bc_held(&b) >= 200 * file);
	/* The parent made the process itself, so its group pays for that. */
	bc_true(bc_held(&a) >= bc_need_slab("task_struct"));
	bc_group_kill(&b);
	bc_eq(bc_call(&w, reap, pid), pid);
	bc_held_is(&b, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "migration", test_migration },
	{ "from_root", test_from_root },
	{ "rmdir", test_rmdir },
	{ "many_groups", test_many },
	{ "passed_file", test_passed },
	{ "remote_charge", test_remote },
	{ "remote_charge_memory", test_remote_memory },
	{ "clone_into_cgroup", test_clone_into },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

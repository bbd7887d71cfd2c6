// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmguarpages and oomguarpages: what a group was guaranteed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "bc_jobs.h"

#define VMGUAR "vmguarpages"
#define OOMGUAR "oomguarpages"
#define N 128L
/* A process has some private pages before it touches any memory. */
#define SLACK 512L

static char *area;

/* More memory than there is: the usual rule of overcommit refuses it. */
static long too_much(void)
{
	struct sysinfo info;
	long pages;

	bc_sys(sysinfo(&info));
	pages = (info.totalram + info.totalswap) * info.mem_unit /
		bc_page_size();
	bc_eq(bc_write_path("/proc/sys/vm/overcommit_memory", "0"), 0);
	return pages + 1024;
}

static long map_private(long n)
{
	area = mmap(NULL, bc_bytes(n), BC_RW, BC_ANON, -1, 0);
	return bc_mapped(area);
}

static long map_shared(long n)
{
	area = mmap(NULL, bc_bytes(n), BC_RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	return bc_mapped(area);
}

/* The area becomes writable after it was mapped. */
static long make_writable(long n)
{
	area = mmap(NULL, bc_bytes(n), PROT_NONE, BC_ANON, -1, 0);
	if (area == MAP_FAILED)
		return -2;
	if (!mprotect(area, bc_bytes(n), BC_RW))
		return 0;
	munmap(area, bc_bytes(n));
	return -1;
}

static long grow(long n)
{
	char *old = mmap(NULL, bc_bytes(1), BC_RW, BC_ANON, -1, 0);

	if (old == MAP_FAILED)
		return -2;
	area = mremap(old, bc_bytes(1), bc_bytes(n), MREMAP_MAYMOVE);
	if (area != MAP_FAILED)
		return 0;
	munmap(old, bc_bytes(1));
	return -1;
}

static long unmap(long n)
{
	return munmap(area, bc_bytes(n));
}

static const struct {
	const char *name;
	bc_job ask;
} ways[] = {
	{ "mmap", map_private },
	{ "mprotect", make_writable },
	{ "mremap", grow },
};

/* The guarantee is exact to the page, for each way to ask for private memory. */
static void test_overcommit(struct bc_group *g)
{
	long n = too_much();
	struct bc_worker w;
	long long held;
	size_t i;

	bc_worker_start(&w, g);
	for (i = 0; i < BC_COUNT(ways); i++) {
		held = bc_held_of(g, BC_VM);
		bc_note("%s", ways[i].name);
		bc_eq(bc_call(&w, ways[i].ask, n), -1);
		bc_eq(w.error, ENOMEM);
		bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, held + n - 1), 0);
		bc_eq(bc_call(&w, ways[i].ask, n), -1);
		bc_eq(w.error, ENOMEM);
		bc_eq(bc_held_of(g, BC_VM), held);
		bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, held + n), 0);
		bc_eq(bc_call(&w, ways[i].ask, n), 0);
		bc_eq(bc_held_of(g, BC_VM), held + n);
		bc_eq(bc_call(&w, unmap, n), 0);
		bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, BC_MAX), 0);
	}
	/* A guarantee counts nothing and refuses nothing. */
	bc_eq(bc_held_of(g, VMGUAR), 0);
	bc_eq(bc_resource(g, VMGUAR, "failcnt"), 0);
	bc_eq(bc_resource(g, BC_VM, "failcnt"), 0);
	bc_worker_stop(&w);
}

static long fork_once(long unused)
{
	pid_t pid = fork();

	(void)unused;
	if (!pid)
		_exit(0);
	return bc_exit_code(pid);
}

/* The copy that fork() makes is private memory, too. */
static void test_fork(struct bc_group *g)
{
	long n = too_much();
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, 4 * n), 0);
	bc_eq(bc_call(&w, map_private, n), 0);
	bc_eq(bc_call(&w, fork_once, 0), 0);
	bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, bc_held_of(g, BC_VM)), 0);
	bc_eq(bc_call(&w, fork_once, 0), -1);
	bc_eq(w.error, ENOMEM);
	bc_worker_stop(&w);
}

/* Memory that is not private was not guaranteed. */
static void test_shared_memory(struct bc_group *g)
{
	long n = too_much();
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, 16 * n), 0);
	bc_eq(bc_call(&w, map_shared, n), -1);
	bc_eq(w.error, ENOMEM);
	bc_worker_stop(&w);
}

/* A guarantee is for all groups below it, and for none beside it. */
static void test_subtree(struct bc_group *g)
{
	struct bc_group one, two;
	long n = too_much();
	struct bc_worker w;

	bc_group_make(&one, g, "one");
	bc_group_make(&two, g, "two");
	bc_worker_start(&w, &one);
	bc_eq(bc_set_key(&two, "bc.barrier", VMGUAR, 16 * n), 0);
	bc_eq(bc_call(&w, map_private, n), -1);
	bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, 16 * n), 0);
	bc_eq(bc_call(&w, map_private, n), 0);
	bc_eq(bc_call(&w, unmap, n), 0);
	/* The group that the process moves to has the guarantee. */
	bc_eq(bc_set_key(g, "bc.barrier", VMGUAR, BC_MAX), 0);
	bc_eq(bc_group_attach(&two, w.pid), 0);
	bc_eq(bc_call(&w, map_private, n), 0);
	bc_worker_stop(&w);
}

static struct bc_group given, made;

/* Returns 0 when no guarantee could be given. */
static long promise(long unused)
{
	(void)unused;
	if (mkdir(made.path, 0755))
		return -1;
	if (bc_set_key(&made, "bc.barrier", VMGUAR, 1000) != -EPERM)
		return 1;
	if (bc_set_key(&made, "bc.barrier", OOMGUAR, 1000) != -EPERM)
		return 2;
	/* A write takes effect as a whole or not at all. */
	if (bc_write(&made, "bc.barrier", "numfile 100\noomguarpages 1\n") !=
		    -EPERM ||
	    bc_read_key(&made, "bc.barrier", "numfile") != BC_MAX)
		return 3;
	/* What was read may be written back, and 0 is no guarantee. */
	if (bc_write(&made, "bc.barrier", "numfile 100\noomguarpages max\n") ||
	    bc_set_key(&made, "bc.barrier", VMGUAR, 0))
		return 4;
	return 0;
}

/* A user who was given a group can make groups in it, but guarantee them nothing. */
static void test_delegated(struct bc_group *g)
{
	static const char *const files[] = {
		"",
		"/cgroup.procs",
		"/cgroup.subtree_control",
	};
	struct bc_worker w;
	char path[400];
	size_t i;

	bc_group_make(&given, g, "given");
	strcpy(made.path, given.path);
	strcat(made.path, "/made");
	for (i = 0; i < BC_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s%s", given.path, files[i]);
		bc_sys(chown(path, BC_NOBODY_UID, BC_NOBODY_UID));
	}
	bc_worker_start_as(&w, &given, BC_NOBODY_UID);
	bc_eq(bc_call(&w, promise, 0), 0);
	/* The administrator may give one; the user may make it smaller then. */
	bc_eq(bc_set_key(&made, "bc.barrier", VMGUAR, 1000), 0);
	bc_worker_stop(&w);
}

static long touch(long n)
{
	if (map_private(n))
		return -1;
	memset(area, 1, bc_bytes(n));
	return 0;
}

/* The OOM killer has to take one of the two. */
static void oom(struct bc_worker *dies, struct bc_worker *lives)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	if (fd < 0 || write(fd, "f", 1) != 1)
		bc_skip("no OOM killer to call: %s", strerror(errno));
	close(fd);
	bc_true(bc_worker_died(dies, 20000));
	bc_true(!bc_worker_died(lives, 500));
	bc_worker_stop(lives);
}

/* Two groups. The first has more than the second, and both more than all others. */
static struct bc_group big, small;
static struct bc_worker w_big, w_small;

static void two_groups(struct bc_group *g)
{
	bc_group_make(&big, g, "big");
	bc_group_make(&small, g, "small");
	bc_worker_start(&w_big, &big);
	bc_worker_start(&w_small, &small);
	bc_eq(bc_call(&w_big, touch, 64 * N), 0);
	bc_eq(bc_call(&w_small, touch, 32 * N), 0);
	bc_range(bc_held_of(&big, OOMGUAR), 64 * N, 64 * N + SLACK);
	bc_range(bc_held_of(&small, OOMGUAR), 32 * N, 32 * N + SLACK);
	bc_true(bc_held_of(g, OOMGUAR) >= 96 * N);
}

static void test_oom_no_guarantee(struct bc_group *g)
{
	two_groups(g);
	oom(&w_big, &w_small);
}

static void test_oom_spared(struct bc_group *g)
{
	two_groups(g);
	bc_eq(bc_set_key(&big, "bc.barrier", OOMGUAR, 64 * N + 2 * SLACK), 0);
	oom(&w_small, &w_big);
}

static void test_oom_most_above(struct bc_group *g)
{
	two_groups(g);
	bc_eq(bc_set_key(&big, "bc.barrier", OOMGUAR, 48 * N), 0);
	bc_eq(bc_set_key(&small, "bc.barrier", OOMGUAR, 1 * N), 0);
	oom(&w_small, &w_big);
}

/* The best guarantee on the way up counts: that of the group above spares both. */
static void test_oom_parent_guarantee(struct bc_group *g)
{
	struct bc_group other;
	struct bc_worker w;

	bc_group_make(&other, g, "other");
	bc_group_make(&made, g, "made");
	bc_worker_start(&w, &other);
	bc_eq(bc_call(&w, touch, 16 * N), 0);
	two_groups(&made);
	bc_eq(bc_set_key(&made, "bc.barrier", OOMGUAR, 96 * N + 4 * SLACK), 0);
	bc_eq(bc_set_key(&big, "bc.barrier", OOMGUAR, 1), 0);
	oom(&w, &w_big);
	bc_true(!bc_worker_died(&w_small, 0));
	bc_worker_stop(&w_small);
}

static const struct bc_case cases[] = {
	{ "overcommit", test_overcommit },
	{ "fork", test_fork },
	{ "shared_memory", test_shared_memory },
	{ "subtree", test_subtree },
	{ "delegated", test_delegated },
	{ "oom_no_guarantee", test_oom_no_guarantee },
	{ "oom_spared", test_oom_spared },
	{ "oom_most_above", test_oom_most_above },
	{ "oom_parent_guarantee", test_oom_parent_guarantee },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

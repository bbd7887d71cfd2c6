// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmarked objects of processes, their sockets and their namespaces: filters,
 * addresses, users, areas, page directories.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_marks.h"

/*
 * Filters of system calls: the filter, and the program as it was given, which
 * takes two objects more. One filter of a thread may have a listener.
 */
static bool saved_programs;

static void need_seccomp(void)
{
	saved_programs = bc_config("CHECKPOINT_RESTORE") != 0;
	if (!saved_programs)
		bc_skip("no programs are kept");
}

static int filter(unsigned int flags)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { BC_COUNT(insns), insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static long make_filter(long n)
{
	long i;

	for (i = 0; i < n && !filter(0); i++)
		;
	return i;
}

static void test_seccomp(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = need_seccomp,
		.make = make_filter,
		.count = 60,
		.unmarked = 240,
	};

	bc_marks_test(g, &k);
}

#define NR_THREADS 16

static long listener(long unused)
{
	(void)unused;
	return filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static long make_listener(long n)
{
	return bc_threads_run(n, listener);
}

static void test_seccomp_listener(struct bc_group *g)
{
	static const struct bc_kind k = {
		.before = need_seccomp,
		.prepare = bc_threads_start,
		.make = make_listener,
		.count = NR_THREADS,
		.unmarked = 5 * NR_THREADS,
		.caches = { "filp" },
	};

	bc_marks_test(g, &k);
}

/* Sockets: their addresses, and sockets that are being passed in a message. */
static long bind_some(long n, bool autobind)
{
	static long nr;
	long i;
	int fd;

	for (i = 0; i < n; i++) {
		struct sockaddr_un sun = { .sun_family = AF_UNIX };
		socklen_t len = sizeof(sun.sun_family);

		if (!autobind)
			len += 1 + sprintf(sun.sun_path + 1, "marks-%ld", nr++);
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		if (bc_keep_fd(fd) || bind(fd, (struct sockaddr *)&sun, len))
			break;
	}
	return i;
}

static long make_unix_address(long n)
{
	return bind_some(n, false);
}

static long make_unix_autobind(long n)
{
	return bind_some(n, true);
}

BC_MARKED_FILES(unix_address, 300, 1)
BC_MARKED_FILES(unix_autobind, 300, 1)

static long make_scm_rights(long n)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int size = 8 << 20, pair[2], fd;
	long i;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) ||
	    bc_keep_fd(pair[0]) || bc_keep_fd(pair[1]))
		return 0;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	for (i = 0; i < n; i++) {
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		if (fd < 0 || sendmsg(pair[0], &msg, 0) != 1)
			break;
		close(fd);
	}
	return i;
}

BC_MARKED_FILES(scm_rights, 200, 1)

/* Objects that a protocol keeps for each network namespace. */
static long make_net(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (unshare(CLONE_NEWNET) ||
		    bc_keep_fd(open("/proc/self/ns/net", O_RDONLY)))
			break;
	}
	return i;
}

static void test_net_namespace(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_net,
		.count = 8,
		.unmarked = 8 * 9,
		.caches = { "net_namespace" },
	};

	bc_marks_test(g, &k);
}

/* A user for whom something is counted exists as long as a file refers to him. */
static long make_user_struct(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (syscall(SYS_setresuid, 100000 + i, 0, 0) ||
		    bc_keep_fd(open("/dev/null", O_RDONLY)))
			break;
	}
	syscall(SYS_setresuid, 0, 0, 0);
	return i;
}

BC_MARKED_FILES(user_struct, 200, 1)

/* Areas with names, and with a policy. */
#define NR_AREAS 400

static char *areas;

static long make_names(long n)
{
	long page = sysconf(_SC_PAGESIZE), i;
	char name[32];

	areas = mmap(NULL, n * page, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "marks%ld", i);
		if (prctl(0x53564d41 /* PR_SET_VMA */, 0, areas + i * page,
			  page, name))
			break;
	}
	return i;
}

static long drop_areas(long unused)
{
	(void)unused;
	return munmap(areas, NR_AREAS * sysconf(_SC_PAGESIZE));
}

static void test_vma_name(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_names,
		.drop = drop_areas,
		.count = NR_AREAS,
		.unmarked = NR_AREAS,
		.caches = { "vm_area_struct" },
	};

	bc_marks_test(g, &k);
}

static long set_policies(long n, int kind)
{
	long page = sysconf(_SC_PAGESIZE), i;
	unsigned long node = 1;

	areas = mmap(NULL, n * page, PROT_READ,
		     kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (i = 0; i < n; i += 2) {
		if (syscall(SYS_mbind, areas + i * page, page, 3, &node, 64, 0))
			return 0;
	}
	return n;
}

static long make_policies(long n)
{
	return set_policies(n, MAP_PRIVATE);
}

static long make_shared_policies(long n)
{
	return set_policies(n, MAP_SHARED);
}

static long long half_policies(void)
{
	return NR_AREAS / 2 * bc_need_slab("numa_policy");
}

static long long half_nodes(void)
{
	return NR_AREAS / 2 *
	       (bc_need_slab("numa_policy") +
		bc_need_slab("shared_policy_node"));
}

static void test_vma_policy(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_policies,
		.drop = drop_areas,
		.count = NR_AREAS,
		.caches = { "vm_area_struct" },
		.also = half_policies,
	};

	bc_marks_test(g, &k);
}

static void test_shared_policy(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_shared_policies,
		.drop = drop_areas,
		.count = NR_AREAS,
		.caches = { "vm_area_struct" },
		.also = half_nodes,
	};

	bc_marks_test(g, &k);
}

static long make_perf(long n)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};
	long i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
		if (bc_keep_fd(fd))
			break;
	}
	return i;
}

static void test_perf_event(struct bc_group *g)
{
	static const struct bc_kind k = {
		.make = make_perf,
		.drop = bc_drop_kept,
		.count = 100,
		.caches = { "filp", "dentry", "perf_event" },
	};

	bc_marks_test(g, &k);
}

/*
 * Page directories: files keep the address spaces of processes that have
 * exited, so nothing else is left of these. The files belong to the case, not
 * to the processes.
 */
#define NR_SPACES 20

static pid_t spaces[NR_SPACES];

static long make_spaces(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		spaces[i] = fork();
		if (spaces[i] < 0)
			break;
		while (!spaces[i])
			pause();
	}
	return i;
}

static long end_spaces(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		kill(spaces[i], SIGKILL);
		waitpid(spaces[i], NULL, 0);
	}
	return 0;
}

static long pid_of(long i)
{
	return spaces[i];
}

static void test_page_directory(struct bc_group *g)
{
	long long mm = bc_need_slab("mm_struct"), base;
	int fds[NR_SPACES], i;
	struct bc_worker w;
	char path[64];

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, make_spaces, NR_SPACES), NR_SPACES);
	bc_call(&w, end_spaces, NR_SPACES);
	base = bc_rest(g);
	bc_eq(bc_call(&w, make_spaces, NR_SPACES), NR_SPACES);
	for (i = 0; i < NR_SPACES; i++) {
		snprintf(path, sizeof(path), "/proc/%ld/mem",
			 bc_call(&w, pid_of, i));
		fds[i] = bc_sys(open(path, O_RDONLY));
	}
	bc_call(&w, end_spaces, NR_SPACES);
	bc_range(bc_rest(g) - base, NR_SPACES * (mm + bc_page_size()),
		 NR_SPACES * (mm + 5 * bc_page_size()));
	for (i = 0; i < NR_SPACES; i++)
		close(fds[i]);
	bc_held_is(g, base);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "seccomp", test_seccomp },
	{ "seccomp_listener", test_seccomp_listener },
	{ "unix_address", test_unix_address },
	{ "unix_autobind", test_unix_autobind },
	{ "scm_rights", test_scm_rights },
	{ "net_namespace", test_net_namespace },
	{ "user_struct", test_user_struct },
	{ "vma_name", test_vma_name },
	{ "vma_policy", test_vma_policy },
	{ "shared_policy", test_shared_policy },
	{ "perf_event", test_perf_event },
	{ "page_directory", test_page_directory },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tenant: a process in the group, of a user without privileges, perhaps root
 * of namespaces of his own. It runs one program after the other, each in a child,
 * and kills the processes that a program leaves.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bc_util.h"
#include "fuzz.h"

#define PROGRAM_MS 200
#define CALL_MS 10 /* a call that waits longer is interrupted */

void order_set(struct outcome *o, int order)
{
	__atomic_store_n(&o->order, order, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &o->order, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
}

/* Wait while the order is @order, for @ms at most. */
void order_wait(struct outcome *o, int order, int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	if (__atomic_load_n(&o->order, __ATOMIC_SEQ_CST) == order)
		syscall(SYS_futex, &o->order, FUTEX_WAIT, order, &ts, NULL, 0);
}

static int __attribute__((noreturn)) sit(void *unused)
{
	(void)unused;
	for (;;)
		syscall(SYS_pause);
}

/* A new task only sleeps; one that shares memory gets a stack of its own. */
static long new_task(long nr, unsigned long *a)
{
	static char stack[4096];
	long ret;

	if (nr == SYS_clone) {
		if (a[0] & CLONE_VM)
			return clone(sit, stack + sizeof(stack) - 64,
				     a[0] & ~(CLONE_VFORK | CLONE_SETTLS), NULL,
				     (void *)a[2], NULL, (void *)a[3]);
		a[0] &= ~CLONE_VFORK;
		a[1] = 0;
	}
	ret = syscall(nr, a[0], a[1], a[2], a[3], a[4]);
	if (!ret)
		sit(NULL);
	return ret;
}

static long one_call(const struct call *c, const long *results, char *room)
{
	unsigned long a[ARGS];
	long nr = c->kind->nr;
	int i;

	for (i = 0; i < ARGS; i++, room += DATA_ROOM) {
		a[i] = c->args[i].value;
		if (c->args[i].type == ARG_RESULT)
			a[i] = results[c->args[i].value % CALLS];
		if (c->args[i].type == ARG_DATA) {
			data_make(c->args[i].kind, c->args[i].value, room);
			a[i] = (unsigned long)room;
		}
	}
	if (nr == SYS_fork || nr == SYS_clone || nr == SYS_clone3)
		return new_task(nr, a);
	return syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Open the same files under the same numbers, for calls that take a file. */
static void some_files(void)
{
	struct io_uring_params p = { 0 };
	int pair[2], fd;

	for (fd = 0; fd < 64; fd++)
		close(fd);
	for (fd = 0; fd < 3; fd++)
		open("/dev/null", O_RDWR);
	open("/dev/zero", O_RDWR);
	pipe(pair);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	memfd_create("file", MFD_ALLOW_SEALING);
	eventfd(0, EFD_NONBLOCK);
	epoll_create1(0);
	socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
	syscall(SYS_io_uring_setup, 8, &p);
}

void execute(struct outcome *o)
{
	struct program p = o->program;
	long results[CALLS] = { 0 };
	char *room;
	int i;

	room = mmap((void *)0x10000000, CALLS * ARGS * DATA_ROOM,
		    PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (room == MAP_FAILED)
		return;
	some_files();
	for (i = 0; i < p.n; i++) {
		errno = 0;
		results[i] = one_call(&p.calls[i], results,
				      room + i * ARGS * DATA_ROOM);
		o->error[i] = results[i] == -1 ? errno : 0;
		o->ran = i + 1;
	}
}

static void interrupt(int unused)
{
	(void)unused;
}

/* Interrupt calls that wait, so that the next ones are made, too. */
static void hurry(void)
{
	struct itimerval often = { { 0, CALL_MS * 1000 },
				   { 0, CALL_MS * 1000 } };
	struct sigaction act = { .sa_handler = interrupt };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void child(struct outcome *o)
{
	sigset_t none;

	hurry();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execute(o);
	_exit(0);
}

/* Wait until the child ends, or its time is over. */
static void wait_for(pid_t pid)
{
	struct timespec step = { 0, 20 * 1000000 };
	long long end = bc_now_ms() + PROGRAM_MS;
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (bc_now_ms() < end) {
		if (waitpid(pid, &status, WNOHANG) == pid &&
		    (WIFEXITED(status) || WIFSIGNALED(status)))
			return;
		sigtimedwait(&set, NULL, &step);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
}

static void run_one(struct outcome *o)
{
	pid_t pid = fork();

	if (!pid)
		child(o);
	/* The account is full of objects that earlier programs have left. */
	if (pid < 0)
		_exit(2);
	wait_for(pid);
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
}

static void own_places(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/tmp", "tmpfs", 0, "mode=1777,size=64m") ||
	    chdir("/tmp"))
		_exit(3);
	mkdir("d0", 0777);
	mkdir("d1", 0777);
}

static void become(int uid)
{
	struct rlimit files = { 4096, 4096 }, tasks = { 200, 200 };

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_NPROC, &tasks);
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(3);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Become root of new namespaces only. */
static void become_root(int uid)
{
	char map[32];

	if (unshare(CLONE_NEWUSER))
		_exit(4);
	snprintf(map, sizeof(map), "0 %d 1", uid);
	bc_write_path("/proc/self/setgroups", "deny");
	bc_write_path("/proc/self/uid_map", map);
	bc_write_path("/proc/self/gid_map", map);
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWPID | CLONE_NEWCGROUP))
		_exit(4);
	mount("none", "/tmp", "tmpfs", 0, "mode=1777,size=64m");
	chdir("/tmp");
	mkdir("d0", 0777);
	mkdir("d1", 0777);
}

/* Become the first process of the PID namespace: when it ends all others do. */
static void first_process(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		_exit(2);
	if (pid) {
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 5);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mount("proc", "/proc", "proc", 0, NULL);
}

void tenant_serve(struct outcome *o, int uid, bool namespaces)
{
	sigset_t set;

	own_places();
	become(uid);
	if (namespaces) {
		become_root(uid);
		first_process();
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		if (__atomic_load_n(&o->order, __ATOMIC_SEQ_CST) != ORDER_RUN) {
			order_wait(o, ORDER_NONE, 1000);
			order_wait(o, ORDER_DONE, 1000);
			continue;
		}
		run_one(o);
		order_set(o, ORDER_DONE);
	}
}

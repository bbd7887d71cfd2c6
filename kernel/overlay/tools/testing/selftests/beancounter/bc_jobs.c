// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that more than one program has, and their helpers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "bc_jobs.h"

static int kept[16384];
static long nr_kept;

bool bc_keep_fd(int fd)
{
	if (fd < 0)
		return true;
	kept[nr_kept++] = fd;
	return false;
}

int bc_kept(long i)
{
	return kept[i];
}

long bc_kept_count(void)
{
	return nr_kept;
}

/* Closes the last @n of them. */
long bc_drop_some(long n)
{
	while (nr_kept && n-- > 0)
		close(kept[--nr_kept]);
	return 0;
}

long bc_drop_kept(long unused)
{
	(void)unused;
	return bc_drop_some(nr_kept);
}

/* Keeps up to @n more, each a struct file and nothing else. Returns how many. */
long bc_open_null(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(open("/dev/null", O_RDONLY)))
			break;
	}
	return i;
}

/*
 * Starts a worker that has everything but the files for bc_open_null(@n).
 * Returns what is held.
 */
long long bc_start_warm(struct bc_worker *w, const struct bc_group *g, long n)
{
	/* Its dentry must not come and go with the files of the worker. */
	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(w, g);
	bc_eq(bc_call(w, bc_open_null, n), n);
	bc_call(w, bc_drop_kept, 0);
	return bc_rest(g);
}

const char *bc_long_name(long i)
{
	static char name[256];

	snprintf(name, sizeof(name), "%0200ld", i);
	return name;
}

long bc_look_up(long n)
{
	struct stat st;
	char name[64];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/sys/kernel/no-%ld", i);
		if (!stat(name, &st) || errno != ENOENT)
			break;
	}
	return i;
}

void bc_make_files(int n)
{
	char name[32];
	int i;

	bc_tmpfs();
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(bc_sys(open(name, O_CREAT | O_WRONLY, 0666)));
	}
}

static int watch_fd = -1;

long bc_watch(long n)
{
	char name[32];
	long i;

	if (watch_fd < 0)
		watch_fd = inotify_init1(IN_NONBLOCK);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%ld", i);
		if (inotify_add_watch(watch_fd, name, IN_DELETE_SELF) < 0)
			break;
	}
	return i;
}

long bc_unwatch(long unused)
{
	(void)unused;
	close(watch_fd);
	watch_fd = -1;
	return 0;
}

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int) * BC_HANDED_MAX)];
};

int bc_hand_over(int to, const int *fds, int n)
{
	union control control = {};
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * n),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * n);
	return sendmsg(to, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Returns how many came with a message, or -1 when there is no message. */
int bc_take_over(int from, int *fds, int flags)
{
	union control control;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int n;

	if (recvmsg(from, &msg, flags) <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c)
		return 0;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), sizeof(int) * n);
	return n;
}

/* The result of a job from that of mmap() or mremap(). */
long bc_mapped(const void *at)
{
	return at == MAP_FAILED ? -1 : 0;
}

long bc_map(long pages)
{
	return bc_mapped(mmap(NULL, bc_bytes(pages), BC_RW, BC_ANON, -1, 0));
}

long bc_grow_brk(long pages)
{
	long old = syscall(SYS_brk, 0), new = old + bc_bytes(pages);

	if (syscall(SYS_brk, new) == new)
		return 0;
	/* When brk() is refused, it returns the old break. */
	errno = syscall(SYS_brk, 0) == old ? ENOMEM : EIO;
	return -1;
}

/* Returns 1, or -1 at the end of the stack. */
__attribute__((noinline)) long bc_use_stack(long pages)
{
	char frame[4096];

	*(volatile char *)frame = 1;
	if (pages > 1 && bc_use_stack(pages - 1) < 0)
		return -1;
	return *(volatile char *)frame;
}

/* Room for @n page tables, aligned to what one of them maps; or NULL. */
char *bc_map_tables(long n)
{
	char *area = mmap(NULL, (n + 1) << 21, BC_RW, BC_ANON | MAP_NORESERVE,
			  -1, 0);

	if (area == MAP_FAILED)
		return NULL;
	area = (char *)(((unsigned long)area + (1 << 21) - 1) & -(1UL << 21));
	madvise(area, n << 21, MADV_NOHUGEPAGE);
	return area;
}

/* Touches one page for each table. */
long bc_touch_tables(char *area, long n)
{
	long i;

	for (i = 0; i < n; i++)
		*(volatile char *)(area + (i << 21)) = 1;
	return n;
}

/* A child that does nothing until it is killed. */
long bc_fork(long unused)
{
	pid_t pid = fork();

	(void)unused;
	while (!pid)
		pause();
	return pid;
}

long bc_reap(long pid)
{
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0);
}

/* The exit code; BC_SIGNAL plus the signal that killed it; -1 without such a child. */
long bc_exit_code(long pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? BC_SIGNAL + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* fork() of a child that is in another group from its first instruction. */
long bc_clone_into(int group_fd)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = group_fd,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* A thread that does nothing until its process is killed. */
void *bc_idle_thread(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

int bc_echo_terminal(int *master)
{
	int zero = 0, slave;
	struct termios t;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &zero))
		return -1;
	slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (slave < 0 || tcgetattr(slave, &t))
		return -1;
	cfmakeraw(&t);
	t.c_lflag = ECHO;
	return tcsetattr(slave, TCSANOW, &t) ? -1 : slave;
}

int bc_hash_map(size_t value_size, int entries)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = sizeof(int),
		.value_size = value_size,
		.max_entries = entries,
		.map_flags = BPF_F_NO_PREALLOC,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

int bc_map_add(int map, int key, int ms)
{
	static char value[65536];
	long long end = bc_now_ms() + ms;
	union bpf_attr a = { .map_fd = map,
			     .key = (long)&key,
			     .value = (long)value };

	while (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &a, sizeof(a))) {
		if (errno != ENOMEM || bc_now_ms() > end)
			return -1;
		usleep(1000);
	}
	return 0;
}

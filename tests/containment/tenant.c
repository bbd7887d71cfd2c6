// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tenants: the limits and namespaces they have before they attack, and their
 * neighbour.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_net.h"
#include "tenant.h"

int become_root(int also)
{
	char map[64];
	int uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER))
		return -1;
	bc_write_path("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %d 1", uid);
	bc_write_path("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %d 1", gid);
	bc_write_path("/proc/self/gid_map", map);
	return unshare(also);
}

/* The resource limits of a login, with each soft limit raised to the hard one. */
static int login_limits(void)
{
	char text[32];
	rlim_t tasks;
	size_t i;

	if (bc_slurp_path("/proc/sys/kernel/threads-max", text, sizeof(text)) <=
	    0)
		return -1;
	tasks = strtoul(text, NULL, 10) / 2;

	const struct {
		int which;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_NOFILE, 524288 },    { RLIMIT_NPROC, tasks },
		{ RLIMIT_SIGPENDING, tasks }, { RLIMIT_MSGQUEUE, 819200 },
		{ RLIMIT_MEMLOCK, 8 << 20 },
	};

	for (i = 0; i < BC_COUNT(limits); i++) {
		struct rlimit r;

		if (getrlimit(limits[i].which, &r))
			return -1;
		if (r.rlim_max > limits[i].most)
			r.rlim_max = limits[i].most;
		r.rlim_cur = r.rlim_max;
		if (setrlimit(limits[i].which, &r))
			return -1;
	}
	return 0;
}

static int loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ret;

	ret = ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return ret;
}

int tenant_begin(const struct attack *a)
{
	if (login_limits())
		return -1;
	if (!a->spaces)
		return 0;
	if (become_root(a->spaces & ~CLONE_NEWUSER))
		return -1;
	if (a->spaces & CLONE_NEWNET && loopback_up())
		return -1;
	if (a->spaces & CLONE_NEWNS)
		return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		       mount("none", "/tmp", "tmpfs", 0, NULL) || chdir("/tmp");
	return 0;
}

/* Returns the number of the first call that fails, 0 if none does. */
long calls_outside(long unused)
{
	int fd[2], status;
	char byte = 1;
	void *page;
	pid_t pid;

	if (pipe(fd) || write(fd[1], &byte, 1) != 1 ||
	    read(fd[0], &byte, 1) != 1)
		return 1;
	close(fd[0]);
	close(fd[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ||
	    send(fd[1], &byte, 1, 0) != 1)
		return 2;
	close(fd[0]);
	close(fd[1]);
	page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (page == MAP_FAILED || munmap(page, 1 << 20))
		return 3;
	pid = fork();
	if (!pid)
		_exit(7);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 7)
		return 4;
	/* Closing it waits for work that all share. */
	fd[0] = inotify_init();
	if (fd[0] < 0 || inotify_add_watch(fd[0], "/", IN_CREATE) < 0 ||
	    close(fd[0]))
		return 5;
	return 0 * unused;
}

struct waiting {
	void (*call)(long i);
	long i;
};

static void *wait_there(void *arg)
{
	struct waiting *w = arg;

	w->call(w->i);
	return NULL;
}

bool one_waiting(void (*call)(long i), long i)
{
	struct waiting *w = malloc(sizeof(*w));
	pthread_attr_t attr;
	pthread_t thread;

	if (!w)
		return false;
	*w = (struct waiting){ call, i };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	errno = pthread_create(&thread, &attr, wait_there, w);
	pthread_attr_destroy(&attr);
	return !errno;
}

bool send_packets(void)
{
	struct sockaddr_in to = bc_loopback(9);
	static char data[1000];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), k;

	if (fd < 0)
		return false;
	for (k = 0; k < 100; k++)
		sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to,
		       sizeof(to));
	return !close(fd);
}

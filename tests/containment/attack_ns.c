// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with namespaces, which any user can make as root of a user namespace of
 * his own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

pid_t sit(int (*job)(void))
{
	char err = 0;
	int fd[2];
	pid_t pid;

	if (pipe(fd))
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		err = job() ? errno : 0;
		/* Without a page for the byte the reader has to see the pipe close. */
		if (write(fd[1], &err, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fd[1]);
	if (read(fd[0], &err, 1) != 1 || err) {
		errno = err ? err : ENOMEM;
		return -1;
	}
	close(fd[0]);
	return pid;
}

/* Children that run @job once and then sleep. */
static long sitting(long max, int (*job)(void))
{
	long i;

	for (i = 0; more(i, max); i++)
		if (sit(job) < 0)
			return i || errno != EPERM ? i : -1;
	return i;
}

static int new_user(void)
{
	return become_root(0);
}

static int new_mount(void)
{
	return become_root(CLONE_NEWNS);
}

static int new_ipc(void)
{
	return become_root(CLONE_NEWIPC | CLONE_NEWUTS);
}

static int new_net(void)
{
	return become_root(CLONE_NEWNET);
}

static int new_pid(void)
{
	if (become_root(CLONE_NEWPID))
		return -1;
	if (!fork()) {
		for (;;)
			pause();
	}
	return 0;
}

static long user_namespaces(long max)
{
	return sitting(max, new_user);
}

static long mount_namespaces(long max)
{
	return sitting(max, new_mount);
}

static long ipc_namespaces(long max)
{
	return sitting(max, new_ipc);
}

static long net_namespaces(long max)
{
	return sitting(max, new_net);
}

static long pid_namespaces(long max)
{
	return sitting(max, new_pid);
}

static int private_tmp(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("none", "/tmp", "tmpfs", 0, NULL);
}

/* Bind mounts of one directory. */
static long bind_mounts(long max)
{
	long i;

	if (become_root(CLONE_NEWNS) || private_tmp())
		return -1;
	mkdir("/tmp/at", 0700);
	for (i = 0; more(i, max); i++) {
		if (mount("/tmp", "/tmp/at", NULL, MS_BIND, NULL))
			break;
	}
	return i;
}

/* File systems, each with a super block of its own. */
static long super_blocks(long max)
{
	char name[32];
	long i;

	if (become_root(CLONE_NEWNS) || private_tmp())
		return -1;
	for (i = 0; more(i, max); i++) {
		snprintf(name, sizeof(name), "/tmp/%ld", i);
		if (mkdir(name, 0700) || mount("none", name, "tmpfs", 0, NULL))
			break;
	}
	return i;
}

static long fs_contexts(long max)
{
	long i;
	int fd;

	if (become_root(CLONE_NEWNS))
		return -1;
	for (i = 0; more(i, max); i++) {
		fd = syscall(SYS_fsopen, "tmpfs", 0);
		if (fd < 0)
			return i ? i : -1;
		syscall(SYS_fsconfig, fd, 1 /* string */, "source",
			"a-source-of-some-length-that-is-kept", 0);
	}
	return i;
}

/* Rings of packet sockets: kernel pages, as many as the socket requests. */
static long packet_rings(long max)
{
	struct tpacket_req req = {
		.tp_block_size = 1 << 16,
		.tp_block_nr = 16,
		.tp_frame_size = 1 << 11,
		.tp_frame_nr = 16 << 5,
	};
	long i;
	int fd;

	if (become_root(CLONE_NEWNET))
		return -1;
	for (i = 0; more(i, max); i++) {
		fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
		if (fd < 0)
			return i ? i : -1;
		if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req,
			       sizeof(req)))
			break;
	}
	return i;
}

const struct attack ns_attacks[] = {
	{ "user_namespaces", allow_namespaces, user_namespaces, 2000,
	  .piles = "user namespaces", .charged = "namespaces" },
	{ "mount_namespaces", allow_namespaces, mount_namespaces, 2000,
	  .piles = "mount namespaces", .charged = "mounts" },
	{ "ipc_namespaces", allow_namespaces, ipc_namespaces, 2000,
	  .piles = "IPC namespaces", .charged = "namespaces" },
	{ "pid_namespaces", allow_namespaces, pid_namespaces, 2000,
	  .piles = "PID namespaces", .charged = "namespaces" },
	{ "net_namespaces", allow_namespaces, net_namespaces, 300,
	  .piles = "network namespaces", .charged = "unmarked" },
	{ "bind_mounts", allow_namespaces, bind_mounts, 90000,
	  .piles = "mounts", .charged = "mounts" },
	{ "super_blocks", allow_namespaces, super_blocks, 20000,
	  .piles = "file systems", .charged = "unmarked" },
	{ "fs_contexts", allow_namespaces, fs_contexts, 50000,
	  .piles = "file system contexts", .charged = "unmarked" },
	{ "packet_rings", allow_namespaces, packet_rings, 64,
	  .piles = "rings of packet sockets", .charged = "unmarked" },
};

const size_t nr_ns_attacks = sizeof(ns_attacks) / sizeof(ns_attacks[0]);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with files and processes: pages that nobody maps any more,
 * rings, filters, sessions, groups.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/if_alg.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tenant.h"

#define PIPE_PAGES 16

/* Pipes with pages of a mapping that was removed. */
static bool vmsplice_pages(long i)
{
	size_t size = PIPE_PAGES * bc_page_size();
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct iovec iov = { at, size };
	int fd[2];

	if (at == MAP_FAILED || pipe2(fd, O_NONBLOCK))
		return false;
	at[0] = i;
	return vmsplice(fd[1], &iov, 1, 0) > 0 && !munmap(at, size);
}

/* Pipes with pages of a truncated file. */
static bool truncated_pages(long i)
{
	int fd[2], file = memfd_create("pages", 0);
	size_t size = PIPE_PAGES * bc_page_size();
	static char page[4096];
	loff_t from = 0;
	size_t k;

	if (file < 0 || pipe2(fd, O_NONBLOCK))
		return false;
	for (k = 0; k < size; k += sizeof(page)) {
		page[0] = i;
		if (write(file, page, sizeof(page)) < 0)
			return false;
	}
	return splice(file, &from, fd[1], NULL, size, 0) > 0 &&
	       !ftruncate(file, 0) && !close(file);
}

/* Make a file in memory, every page of it written: its descriptor, or -1. */
static int full_file(size_t size)
{
	int file = memfd_create("pages", 0);
	static char page[4096];
	size_t k;

	page[0] = 1;
	for (k = 0; file >= 0 && k < size; k += sizeof(page)) {
		if (write(file, page, sizeof(page)) < 0) {
			close(file);
			return -1;
		}
	}
	return file;
}

/* Send a file and truncate it: pages that the socket took at once stay there. */
static bool spliced_to(int socket, size_t size)
{
	int file = full_file(size);
	off_t from = 0;

	return file >= 0 && sendfile(socket, file, &from, size) > 0 &&
	       !ftruncate(file, 0) && !close(file);
}

/* Sockets with pages of a truncated file. */
static bool spliced_to_sockets(long i)
{
	int fd[2];

	return !socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) &&
	       spliced_to(fd[i % 2], 128 << 10);
}

/* Corked datagrams with pages of a truncated file. */
static bool corked_pages(long i)
{
	size_t size = 15 * 4096;
	int fd[2], out = socket(AF_INET, SOCK_DGRAM, 0), on = 1, file;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9 + i % 2),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	loff_t from = 0;
	bool done;

	file = full_file(size);
	if (file < 0 || out < 0 || pipe2(fd, O_NONBLOCK) ||
	    setsockopt(out, IPPROTO_UDP, UDP_CORK, &on, sizeof(on)) ||
	    connect(out, (struct sockaddr *)&to, sizeof(to)) ||
	    splice(file, &from, fd[1], NULL, size, 0) <= 0)
		return false;
	done = splice(fd[0], NULL, out, NULL, size, SPLICE_F_MORE) > 0;
	return !ftruncate(file, 0) && !close(file) && !close(fd[0]) &&
	       !close(fd[1]) && done;
}

/* Pages of a truncated file to be encrypted, whose result is never read. */
static bool spliced_to_cipher(long i)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG,
				   .salg_type = "skcipher",
				   .salg_name = "cbc(aes)" };
	static const char key[16] = { 1 };
	int bound = socket(AF_ALG, SOCK_SEQPACKET, 0), fd;

	if (bound < 0 || bind(bound, (struct sockaddr *)&sa, sizeof(sa)) ||
	    setsockopt(bound, SOL_ALG, ALG_SET_KEY, key, sizeof(key)))
		return false;
	fd = accept(bound, NULL, NULL);
	close(bound);
	return fd >= 0 && spliced_to(fd, (16 - i % 2) * 4096);
}

/* Pages of a truncated file in a copy of a pipe, which was closed. */
static bool copied_pages(long i)
{
	size_t size = PIPE_PAGES * 4096;
	int fd[2], copy[2], file = full_file(size);
	loff_t from = 0;

	if (file < 0 || pipe2(fd, O_NONBLOCK) || pipe2(copy, O_NONBLOCK) ||
	    splice(file, &from, fd[1], NULL, size, 0) <= 0 ||
	    tee(fd[0], copy[1], size - i % 2, 0) <= 0)
		return false;
	return !ftruncate(file, 0) && !close(file) && !close(fd[0]) &&
	       !close(fd[1]);
}

/* Rings of empty pipes, as large as a tenant may have them. */
static bool pipe_rings(long i)
{
	int fd[2];

	if (pipe(fd))
		return false;
	/* Refused when the pipes of the user have too many pages in all. */
	if (fcntl(fd[1], F_SETPIPE_SZ, 1 << (12 + i % 9)) < 0)
		return errno == EPERM;
	return true;
}

/* Files with an owner that is told by a signal. */
static bool signalled_files(long i)
{
	static int first;
	int fd;

	fd = i % 2 ? dup(first) : socket(AF_UNIX, SOCK_DGRAM, 0);
	if (!(i % 2))
		first = fd;
	return fd >= 0 && !fcntl(fd, F_SETOWN, getpid()) &&
	       !fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
}

/* Leases of files. */
static bool file_leases(long i)
{
	char path[32];
	int fd = memfd_create("lease", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || open(path, O_RDONLY) < 0 || close(fd))
		return false;
	fd += 1 + 0 * i;
	return !fcntl(fd, F_SETLEASE, F_RDLCK);
}

/* Requests for notification of changes of a directory (F_NOTIFY). */
static bool directory_notes(long i)
{
	static const char *const dirs[] = { "/", "/proc", "/dev", "/sys" };
	int fd = open(dirs[i % 4], O_RDONLY | O_DIRECTORY);

	return fd >= 0 && !fcntl(fd, F_NOTIFY, DN_MODIFY | DN_MULTISHOT);
}

/* Open seq files that were read in part, each with its buffer. */
static bool read_in_part(long i)
{
	static const char *const files[] = {
		"/proc/self/maps",
		"/proc/self/smaps",
		"/proc/self/mountinfo",
		"/proc/net/unix",
	};
	char byte;
	int fd = open(files[i % 4], O_RDONLY);

	return fd >= 0 && read(fd, &byte, 1) >= 0;
}

static int inotify_of(long i)
{
	static int fd;

	if (i % 10000 == 0)
		fd = inotify_init1(0);
	return fd;
}

/* Events in inotify queues of default length. */
static bool inotify_default(long i)
{
	char name[32];
	int fd = inotify_of(i);

	if (i % 10000 == 0 && inotify_add_watch(fd, ".", IN_ALL_EVENTS) < 0)
		return false;
	snprintf(name, sizeof(name), "some-file-%ld", i);
	fd = open(name, O_CREAT | O_RDONLY, 0600);
	return fd >= 0 && !close(fd) && !unlink(name);
}

#define FILES 2000

static void prepare_files(void)
{
	char name[32];
	int i;

	own_tmpfs();
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(bc_sys(open(name, O_CREAT | O_WRONLY, 0644)));
	}
}

static int new_rules(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE,
	};

	return syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
}

static bool add_rule(int set, long i)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
	};
	char name[32];
	bool done;

	snprintf(name, sizeof(name), "f%ld", i % FILES);
	rule.parent_fd = open(name, O_PATH);
	done = rule.parent_fd >= 0 &&
	       !syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH,
			&rule, 0);
	close(rule.parent_fd);
	return done;
}

/* Landlock rules, in rulesets that are not enforced. */
static bool landlock_rules(long i)
{
	static int set;

	if (i % FILES == 0)
		set = new_rules();
	return set >= 0 && add_rule(set, i);
}

/* Fork a child that runs @job once and then sleeps. */
static bool sits(bool (*job)(void))
{
	int fd[2];
	char err = 0;
	pid_t pid;

	if (pipe(fd))
		return false;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		err = job() ? 0 : errno;
		/* Without a page for the byte the reader has to see the pipe close. */
		if (write(fd[1], &err, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fd[1]);
	if (pid < 0 || read(fd[0], &err, 1) != 1 || err) {
		close(fd[0]);
		errno = err ? err : ENOMEM;
		return false;
	}
	return !close(fd[0]);
}

static bool new_session(void)
{
	return setsid() >= 0;
}

/* Processes with a session each, which is an autogroup of the scheduler. */
static bool autogroups(long i)
{
	return sits(new_session) || i < 0;
}

/* Enforce sixteen nested rulesets; each domain copies all rules before it. */
static bool restrict_self(void)
{
	int set, k, n;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (n = 0; n < 16; n++) {
		set = new_rules();
		for (k = 0; k < 64; k++) {
			if (!add_rule(set, 64 * n + k))
				return false;
		}
		if (syscall(SYS_landlock_restrict_self, set, 0))
			return false;
		close(set);
	}
	return true;
}

/* Processes with a Landlock domain each. */
static bool landlock_domains(long i)
{
	return sits(restrict_self) || i < 0;
}

static bool listen_to_self(void)
{
	static struct sock_filter insns[4096];
	struct sock_fprog prog = { 4096, insns };
	int k;

	for (k = 0; k < 4096; k++)
		insns[k] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							SECCOMP_RET_ALLOW);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog) >= 0;
}

/* Processes with a seccomp filter each, and a listener file for it. */
static bool seccomp_listeners(long i)
{
	return sits(listen_to_self) || i < 0;
}

#ifndef O_NOTIFICATION_PIPE
#define O_NOTIFICATION_PIPE O_EXCL
#endif
#define IOC_WATCH_QUEUE_SET_SIZE _IO('W', 0x60)

/* Notification queues, whose pages are allocated at once. */
static bool watch_queues(long i)
{
	int fd[2];

	if (pipe2(fd, O_NOTIFICATION_PIPE))
		return false;
	return !ioctl(fd[0], IOC_WATCH_QUEUE_SET_SIZE, 256 + 0 * i);
}

void prepare_delegated(void)
{
	static const char *const files[] = { "", "/cgroup.procs",
					     "/cgroup.subtree_control",
					     "/cgroup.threads" };
	char path[400];
	size_t i;

	for (i = 0; i < BC_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s%s", attacked(), files[i]);
		bc_sys(chown(path, BC_NOBODY_UID, BC_NOBODY_UID));
	}
}

/* Cgroups in a delegated group. */
static bool delegated_groups(long i)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/g%ld", attacked(), i);
	return !mkdir(path, 0755);
}

const struct attack tenant_file_attacks[] = {
	{ .name = "vmsplice_pages",
	  .one = vmsplice_pages,
	  .max = 2000,
	  .tenant = true,
	  .row = "lockedpages" },
	TENANT(truncated_pages, 2000),
	TENANT(copied_pages, 2000),
	TENANT(spliced_to_sockets, 2000),
	TENANT(corked_pages, 2000),
	TENANT(spliced_to_cipher, 2000),
	TENANT(pipe_rings, 20000),
	TENANT(signalled_files, 100000),
	TENANT(file_leases, 60000),
	TENANT(directory_notes, 60000),
	TENANT(read_in_part, 20000),
	{ .name = "inotify_default",
	  .prepare = own_tmpfs,
	  .one = inotify_default,
	  .max = 200000,
	  .tenant = true },
	{ .name = "landlock_rules",
	  .prepare = prepare_files,
	  .one = landlock_rules,
	  .max = 100000,
	  .tenant = true },
	TENANT(autogroups, 2000),
	{ .name = "landlock_domains",
	  .prepare = prepare_files,
	  .one = landlock_domains,
	  .max = 2000,
	  .tenant = true },
	TENANT(seccomp_listeners, 2000),
	TENANT(watch_queues, 5000),
	{ .name = "delegated_groups",
	  .prepare = prepare_delegated,
	  .one = delegated_groups,
	  .max = 20000,
	  .tenant = true },
};

const size_t nr_tenant_file_attacks = BC_COUNT(tenant_file_attacks);

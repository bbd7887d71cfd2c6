// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group of a command: made before the command starts, and removed after it
 * has ended, together with the processes that it left.
 *
 * A separate process, the janitor, makes the group and then waits on a socket
 * pair. When bcctl ends in any way, SIGKILL included, its end is closed, and
 * the janitor removes the group if it is still there.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "run.h"

/* How long processes may take to die, in milliseconds. */
#define PATIENCE 10000

static int open_in(const char *directory, const char *name, int flags)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, flags | O_CLOEXEC);
}

/* cgroup.events says "populated 0" when there is no process, here and below. */
static bool empty(int events)
{
	char text[256];
	ssize_t got = pread(events, text, sizeof(text) - 1, 0);

	if (got < 0)
		return true;
	text[got] = '\0';
	return strstr(text, "populated 0");
}

/* Kill everything in the group; false if something would not die. */
bool job_group_kill(const char *directory)
{
	int kill_fd = open_in(directory, "cgroup.kill", O_WRONLY);
	int events = open_in(directory, "cgroup.events", O_RDONLY);
	bool done = events < 0;
	int waited;

	if (kill_fd >= 0 && !done && !empty(events))
		done = write(kill_fd, "1", 1) < 0 && errno == ENODEV;
	for (waited = 0; !done && waited <= PATIENCE; waited += 100) {
		struct pollfd wait = { .fd = events, .events = POLLPRI };

		done = empty(events);
		if (!done)
			poll(&wait, 1, 100);
	}
	if (kill_fd >= 0)
		close(kill_fd);
	if (events >= 0)
		close(events);
	return done;
}

/* Remove the groups below first. An exiting process keeps a group busy. */
bool job_group_remove(const char *directory)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	struct dirent *entry;
	DIR *dir = opendir(directory);
	int i;

	while (dir && (entry = readdir(dir))) {
		char path[4096];
		struct stat st;

		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (!lstat(path, &st) && S_ISDIR(st.st_mode))
			job_group_remove(path);
	}
	if (dir)
		closedir(dir);
	for (i = 0; i < 100; i++) {
		if (!rmdir(directory) || errno == ENOENT)
			return true;
		if (errno != EBUSY)
			return false;
		nanosleep(&moment, NULL);
	}
	return false;
}

static void keep_watch(const char *directory, int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), error = 0, i;
	char byte;

	setsid();
	prctl(PR_SET_NAME, "bcctl-janitor");
	for (i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	if (mkdir(directory, 0755))
		error = errno;
	if (send(fd, &error, sizeof(error), MSG_NOSIGNAL) != sizeof(error)) {
		if (!error)
			rmdir(directory);
		_exit(0);
	}
	if (error)
		_exit(0);
	/* A byte means that bcctl has removed the group already. */
	if (read(fd, &byte, 1) != 1) {
		job_group_kill(directory);
		job_group_remove(directory);
	}
	_exit(0);
}

/* Start the janitor and have it make the group. */
static int hire(struct job_group *made)
{
	sigset_t all, before;
	int fds[2], error;
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	made->janitor = fork();
	if (!made->janitor) {
		close(fds[0]);
		keep_watch(made->directory, fds[1]);
	}
	error = made->janitor < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	made->janitor_fd = fds[0];
	if (error)
		return error;
	do
		got = read(fds[0], &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	return got == sizeof(error) ? -error : -EIO;
}

static int explain_make(struct bcctl *ctl, const struct job_group *made,
			int error)
{
	char above[4096];

	snprintf(above, sizeof(above), "%s", made->path);
	*strrchr(above, '/') = '\0';
	switch (-error) {
	case EEXIST:
		fail(ctl, "there is a group %s already", made->path);
		hint("take another --name, or remove it: rmdir %s",
		     made->directory);
		break;
	case EACCES:
	case EPERM:
		explain_file(ctl, *above ? above : "/", "cgroup.procs", error,
			     true);
		hint("or let systemd delegate a group to you: systemd-run --user --scope -p Delegate=yes bcctl run ...");
		break;
	case ENOENT:
		fail(ctl, "cannot make group %s: there is no group %s",
		     made->path, above);
		break;
	default:
		fail(ctl, "cannot make group %s: %s", made->directory,
		     strerror(-error));
	}
	return ctl->failure;
}

static int name_group(struct bcctl *ctl, const char *name,
		      struct job_group *made)
{
	struct libbc_group *own;
	const char *above;
	int ret;

	if (name && *name == '/') {
		ret = asprintf(&made->path, "%s", name);
	} else {
		ret = target_open(ctl, ".", &own);
		if (ret)
			return ret;
		above = libbc_group_path(own);
		above = above[1] ? above : "";
		ret = name ? asprintf(&made->path, "%s/%s", above, name) :
			     asprintf(&made->path, "%s/bcctl-%ld", above,
				      (long)getpid());
		libbc_group_close(own);
	}
	if (ret < 0)
		made->path = NULL;
	if (ret >= 0)
		ret = asprintf(&made->directory, "%s%s",
			       libbc_host_mount(ctl->host), made->path);
	if (ret < 0)
		made->directory = NULL;
	return ret < 0 ? no_memory(ctl) : 0;
}

int job_group_make(struct bcctl *ctl, const char *name, struct job_group *made)
{
	int ret;

	*made = (struct job_group){ .janitor_fd = -1, .janitor = -1 };
	if (name && (!*name || strstr(name, "..") || strchr(name, '\n')))
		return bad_usage(ctl,
				 "--name \"%s\" cannot be the name of a group",
				 name);
	ret = need_host(ctl) ?: name_group(ctl, name, made);
	if (ret)
		return ret;
	ret = hire(made);
	if (ret)
		return explain_make(ctl, made, ret);
	ret = libbc_group_open(ctl->host, made->path, &made->group);
	return ret ? explain_open(ctl, made->path, ret) : 0;
}

/* Remove the group, then let the janitor go. */
void job_group_end(const struct bcctl *ctl, struct job_group *made)
{
	if (made->group) {
		if (!job_group_kill(made->directory))
			fail(ctl, "processes in %s could not be killed",
			     made->path);
		if (!job_group_remove(made->directory)) {
			fail(ctl, "cannot remove %s: %s", made->directory,
			     strerror(errno));
			hint("echo 1 >%s/cgroup.kill; rmdir %s",
			     made->directory, made->directory);
		}
		if (write(made->janitor_fd, "x", 1) != 1)
			warn("the janitor process of %s had ended already",
			     made->path);
	}
	libbc_group_close(made->group);
	if (made->janitor_fd >= 0)
		close(made->janitor_fd);
	if (made->janitor > 0)
		waitpid(made->janitor, NULL, 0);
	free(made->path);
	free(made->directory);
}

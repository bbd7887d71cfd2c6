// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set limits so that even SIGKILL leaves either all old ones or all new ones.
 *
 * Barriers and limits are two files, and a process that is killed between two
 * writes cannot finish them. So a child process writes, which no signal of a
 * terminal reaches: when bcctl is killed, the child has either not begun or
 * goes on to the end. If the child is killed, bcctl writes itself, which leads
 * to the new limits from any state that the child may have left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bcctl.h"

static void writer(int (*work)(void *arg), void *arg, int report)
{
	int ret;

	setsid();
	prctl(PR_SET_NAME, "bcctl-set");
	ret = work(arg);
	fflush(stdout);
	_exit(write(report, &ret, sizeof(ret)) == sizeof(ret) ? 0 : 1);
}

/* work() runs in a child: only its return value comes back. */
int guarded(int (*work)(void *arg), void *arg)
{
	sigset_t all, before;
	int pipes[2], ret;
	ssize_t got;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	fflush(stdout);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (!pid) {
		/* SIGPIPE is blocked: bcctl may be gone by now. */
		writer(work, arg, pipes[1]);
	}
	close(pipes[1]);
	if (pid < 0) {
		ret = -errno;
	} else {
		do
			got = read(pipes[0], &ret, sizeof(ret));
		while (got < 0 && errno == EINTR);
		waitpid(pid, NULL, 0);
		if (got != sizeof(ret))
			ret = work(arg);
	}
	close(pipes[0]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

struct one {
	const struct libbc_settings *settings;
	const struct libbc_group *group;
};

static int apply_one(void *arg)
{
	const struct one *one = arg;

	return libbc_settings_apply(one->settings, one->group);
}

int guarded_apply(const struct libbc_settings *settings,
		  const struct libbc_group *group)
{
	struct one one = { settings, group };

	return guarded(apply_one, &one);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * killat [-c] N COMMAND... - run a command and kill it with SIGKILL at its Nth
 * stop at the entry or the return of a system call; with -c kill the process
 * that it forks instead. Then wait for all processes that are left behind.
 * Exits with 0 when the process was killed, 3 when it had ended before.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char **argv, int child)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[0], argv);
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		exit(2);
	/* EXITKILL: when killat is killed by a timeout, so is the command. */
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       (void *)(long)(PTRACE_O_EXITKILL |
			      (child ? PTRACE_O_TRACEFORK : 0)));
	ptrace(child ? PTRACE_CONT : PTRACE_SYSCALL, pid, NULL, NULL);
	return pid;
}

/* The signal that caused a stop, or 0 if tracing caused it. */
static long signal_of(int status)
{
	int number = WSTOPSIG(status);

	return number == SIGTRAP || number == SIGSTOP ? 0 : number;
}

int main(int argc, char **argv)
{
	int child = argc > 1 && !strcmp(argv[1], "-c"), status, killed = 0;
	long left = argc > 2 + child ? atol(argv[1 + child]) : 0;
	pid_t pid, command;

	if (left <= 0)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	command = start(argv + 2 + child, child);
	while ((pid = wait4(-1, &status, __WALL, NULL)) > 0 || errno == EINTR) {
		int watched = (pid == command) != child;

		if (pid <= 0 || !WIFSTOPPED(status))
			continue;
		if (watched && !killed && !--left) {
			kill(pid, SIGKILL);
			killed = 1;
			continue;
		}
		ptrace(watched ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL,
		       (void *)signal_of(status));
	}
	return killed ? 0 : 3;
}

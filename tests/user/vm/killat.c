// SPDX-License-Identifier: GPL-2.0-only
/*
 * killat N COMMAND... - run a command and kill it with SIGKILL at its Nth stop
 * at a system call, at the entry or at the return. Then wait for everybody that
 * it has left behind. Exits with 0 when it was killed, 3 when it had ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long left = argc > 2 ? atol(argv[1]) : 0;
	int status, killed = 0;
	pid_t pid;

	if (left <= 0)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[2], argv + 2);
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 2;
	while (!killed) {
		int number = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);

		if (!left--) {
			kill(pid, SIGKILL);
			killed = 1;
		} else if (ptrace(PTRACE_SYSCALL, pid, NULL,
				  (void *)(long)number)) {
			return 2;
		}
		if (waitpid(pid, &status, 0) != pid)
			return 2;
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return killed ? 0 : 3;
}

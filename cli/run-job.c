// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start the command of "bcctl run" inside the group, wait for it, and pass on
 * the signals that bcctl gets.
 *
 * The command stays in bcctl's process group, so that it may use the terminal
 * and gets the signals of the terminal's keys directly: these are not passed
 * on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "run.h"

static const int forwarded[] = { SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
				 SIGUSR2, SIGCONT, SIGWINCH, SIGTSTP };

/* What the child reports to bcctl if it could not start the command. */
struct trouble {
	enum { TROUBLE_USER, TROUBLE_EXEC } where;
	int error;
};

/*
 * This must not allocate anything, because the group may be full. bcctl has
 * written a byte to the pipe before, so that the pipe has a page already.
 */
static void complain(int report, struct trouble trouble)
{
	ssize_t done = write(report, &trouble, sizeof(trouble));

	_exit(done == sizeof(trouble) ? EXIT_CANNOT_EXEC : EXIT_RUN_FAILED);
}

static void become(const struct passwd *user, int report)
{
	struct trouble trouble = { .where = TROUBLE_USER };

	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) ||
	    setuid(user->pw_uid)) {
		trouble.error = errno;
		complain(report, trouble);
	}
	setenv("HOME", user->pw_dir, 1);
	setenv("USER", user->pw_name, 1);
	setenv("LOGNAME", user->pw_name, 1);
}

static void start(const struct job *job, const struct passwd *user,
		  const sigset_t *mask, int report)
{
	struct trouble trouble = { .where = TROUBLE_EXEC };

	sigprocmask(SIG_SETMASK, mask, NULL);
	if (user)
		become(user, report);
	execvp(job->argv[0], job->argv);
	trouble.error = errno;
	complain(report, trouble);
}

static void forward(pid_t pid, const struct signalfd_siginfo *info)
{
	bool from_terminal = info->ssi_code == SI_KERNEL;

	if (!from_terminal)
		kill(pid, info->ssi_signo);
	/* Stop as the command does, or the shell would wait. */
	if (info->ssi_signo == SIGTSTP)
		raise(SIGSTOP);
}

/* The account is read often at first, and less often the longer this runs. */
#define FIRST_INTERVAL_MS 10
#define LOOKS_BEFORE_LONGER 400

/* Record the account for the picture. A failure does not stop the command. */
static void look(struct job *job, const struct job_group *made)
{
	struct libbc_account *account = NULL;

	if (libbc_account_read(made->group, 0, &account))
		return;
	recording_add(job->recording, wall_clock(), made->path, account, NULL);
	libbc_account_free(account);
}

/* Record until a signal comes. */
static void look_on(struct job *job, const struct job_group *made, int signals)
{
	struct pollfd wait = { .fd = signals, .events = POLLIN };

	do {
		look(job, made);
		job->looks++;
	} while (!poll(&wait, 1,
		       FIRST_INTERVAL_MS
			       << (job->looks / LOOKS_BEFORE_LONGER > 9 ?
					   9 :
					   job->looks / LOOKS_BEFORE_LONGER)));
}

static int wait_for(pid_t pid, int signals, struct job *job,
		    const struct job_group *made)
{
	int status;

	for (;;) {
		struct signalfd_siginfo info;
		pid_t ended = wait4(pid, &status, WNOHANG, &job->usage);

		if (ended == pid)
			return status;
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (job->recording)
			look_on(job, made, signals);
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGCHLD)
			forward(pid, &info);
	}
}

static int explain_clone(struct bcctl *ctl, const struct job_group *made,
			 int error)
{
	fail(ctl, "cannot start a process in group %s: %s", made->path,
	     strerror(error));
	switch (error) {
	case ENOMEM:
	case EAGAIN:
		hint("the barrier of the group, or of a group above it, is too low for a single process");
		break;
	case EBUSY:
	case EOPNOTSUPP:
		hint("the group above has controllers in cgroup.subtree_control and processes of its own, or is threaded");
		break;
	case EACCES:
	case EPERM:
		hint("you need permission to write cgroup.procs in the nearest group above both yours and this one");
		break;
	case ENOSYS:
		hint("the kernel is older than 5.7");
		break;
	}
	return ctl->failure;
}

static int explain_trouble(struct bcctl *ctl, struct job *job,
			   const struct trouble *trouble)
{
	job->exec_error = trouble->error;
	if (trouble->where == TROUBLE_USER) {
		fail(ctl, "cannot become user %s: %s", job->user,
		     strerror(trouble->error));
		hint("run it as root");
		return job->status = ctl->failure;
	}
	fail(ctl, "cannot run %s: %s", job->argv[0], strerror(trouble->error));
	if (trouble->error == ENOMEM)
		hint("its group may be too small for it");
	job->status = trouble->error == ENOENT ? EXIT_NOT_FOUND :
						 EXIT_CANNOT_EXEC;
	return 0;
}

static void finish(struct job *job, int status)
{
	if (WIFSIGNALED(status)) {
		job->signal = WTERMSIG(status);
		job->status = 128 + job->signal;
	} else {
		job->status = WEXITSTATUS(status);
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Nothing calls getpwnam() again before the process has been started. */
static int find_user(struct bcctl *ctl, const char *name,
		     const struct passwd **user)
{
	*user = NULL;
	if (!name)
		return 0;
	errno = 0;
	*user = getpwnam(name);
	if (*user)
		return 0;
	fail(ctl, "there is no user %s", name);
	hint("getent passwd");
	return ctl->failure;
}

/* From here on signals are read and not delivered. */
static int catch_signals(sigset_t *before)
{
	sigset_t wanted;
	size_t i;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	for (i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(&wanted, forwarded[i]);
	sigprocmask(SIG_BLOCK, &wanted, before);
	return signalfd(-1, &wanted, SFD_CLOEXEC);
}

/* Has the child reported trouble, instead of becoming the command? */
static bool in_trouble(int report, struct trouble *trouble)
{
	char byte;
	ssize_t got;

	do
		got = read(report, &byte, 1);
	while (got < 0 && errno == EINTR);
	do
		got = read(report, trouble, sizeof(*trouble));
	while (got < 0 && errno == EINTR);
	return got == sizeof(*trouble);
}

static int follow(struct bcctl *ctl, struct job *job,
		  const struct job_group *made, pid_t pid, int signals,
		  int report)
{
	struct trouble trouble;
	bool never_ran = in_trouble(report, &trouble);
	int status = wait_for(pid, signals, job, made);

	if (status < 0)
		return fail(ctl, "cannot wait for process %ld: %s", (long)pid,
			    strerror(-status));
	/* Record the last refusals, which may be the reason for its end. */
	if (job->recording)
		look(job, made);
	finish(job, status);
	return never_ran ? explain_trouble(ctl, job, &trouble) : 0;
}

int job_run(struct bcctl *ctl, struct job *job, const struct job_group *made)
{
	int signals, pipes[2], ret;
	const struct passwd *user;
	sigset_t before;
	pid_t pid;

	ret = find_user(ctl, job->user, &user);
	if (ret)
		return ret;
	if (pipe2(pipes, O_CLOEXEC) || write(pipes[1], "", 1) != 1)
		return fail(ctl, "cannot make a pipe: %s", strerror(errno));
	/* Record this state: the command may end before the next reading. */
	if (job->recording)
		look(job, made);
	signals = catch_signals(&before);
	job->seconds = now();
	pid = libbc_group_fork(made->group);
	if (!pid)
		start(job, user, &before, pipes[1]);
	ret = pid < 0 ? explain_clone(ctl, made, -pid) : 0;
	close(pipes[1]);
	if (!ret)
		ret = follow(ctl, job, made, pid, signals, pipes[0]);
	job->seconds = now() - job->seconds;
	close(pipes[0]);
	close(signals);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * On the host: start the guest, carry the command's stdin, stdout and stderr
 * through the files of the share (job.h), and end the guest with all its
 * processes when it has to end.
 *
 *   supervise [-t SECONDS] [-i] SHARE LOG COMMAND...
 *
 * COMMAND runs in a session of its own with its output in LOG.  With -i its
 * file descriptor 3 is a console for this terminal; Ctrl-] ends the guest.
 * Exits with 0 when the guest ended by itself, 124 after a timeout, 125 when
 * the guest could not be started, 128+N when signal N asked to stop.  A line in
 * SHARE/ended says how the guest ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "supervise.h"

static char buffer[CHUNK];

void die(const char *what)
{
	fprintf(stderr, "supervise: %s: %s\n", what, strerror(errno));
	exit(125);
}

/*
 * The kernel's log goes through a pipe to a process of its own: UML needs a
 * file that can be polled, and loses lines when it has to wait for the reader
 * of our stdout.
 */
static int start_log(const char *name, pid_t *pid)
{
	int file = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int ends[2];
	ssize_t n;

	if (file < 0 || pipe2(ends, O_CLOEXEC) < 0)
		die(name);
	*pid = fork();
	if (*pid < 0)
		die("fork");
	if (*pid == 0) {
		close(ends[1]);
		setsid();
		while ((n = read(ends[0], buffer, sizeof(buffer))) > 0)
			write_all(file, buffer, n);
		_exit(0);
	}
	close(file);
	close(ends[0]);
	return ends[1];
}

static void run_guest(char **argv, int log, int console, sigset_t *mask)
{
	struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_RDONLY);

	if (null < 0)
		die("/dev/null");
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	if (console >= 0)
		dup2(console, 3);
	close_range(console >= 0 ? 4 : 3, ~0U, 0);
	execvp(argv[0], argv);
	die(argv[0]);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

struct run {
	pid_t guest, logger;
	int signals, changes, console;
	long long start, deadline; /* in ms; deadline 0: none */
	const char *words; /* why we ended the guest */
};

/* The kernel's log may not say why the guest ended: write what the host saw. */
static void tell_end(const struct run *run, const char *share, int status)
{
	long long took = now_ms() - run->start;
	char name[4096];
	FILE *file;

	snprintf(name, sizeof(name), "%s/ended", share);
	file = fopen(name, "we");
	if (!file)
		return;
	if (run->words)
		fputs(run->words, file);
	else if (WIFSIGNALED(status))
		fprintf(file, "signal %d (%s) ended it", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		fprintf(file, "it ended by itself with status %d",
			WEXITSTATUS(status));
	fprintf(file, " after %lld.%lld s\n", took / 1000, took / 100 % 10);
	fclose(file);
}

static bool guest_ended(pid_t guest)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, guest, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == guest;
}

/* Wait for an event and handle it.  Negative to go on, else our exit status. */
static int turn(struct run *run)
{
	struct pollfd set[] = {
		{ .fd = run->signals, .events = POLLIN },
		{ .fd = run->changes, .events = POLLIN },
		{ .fd = stdin_wanted() ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = run->console, .events = POLLIN },
		{ .fd = run->console < 0 ? -1 : STDIN_FILENO,
		  .events = POLLIN },
	};
	long long wait = stdin_left() && set[2].fd < 0 ? 20 : 60000;

	if (run->deadline && run->deadline - now_ms() < wait)
		wait = run->deadline - now_ms();
	if (wait < 0)
		return 124;
	if (poll(set, 5, wait) < 0 && errno != EINTR)
		die("poll");
	if (set[0].revents) {
		struct signalfd_siginfo info;

		if (read(run->signals, &info, sizeof(info)) == sizeof(info) &&
		    info.ssi_signo != SIGCHLD)
			return 128 + info.ssi_signo;
		/* The guest is not reaped here: its status is read at the end. */
		if (guest_ended(run->guest))
			return 0;
	}
	if (set[1].revents && read(run->changes, buffer, sizeof(buffer)) < 0 &&
	    errno != EAGAIN)
		die("inotify");
	if (!pass_on_all())
		return 128 + SIGPIPE;
	if (set[2].revents)
		spool_stdin();
	if (set[3].revents && !console_to_terminal(&run->console))
		run->console = -1;
	if (set[4].revents && run->console >= 0) {
		run->words = terminal_to_console(run->console);
		/* If the guest has just ended, that is why the console is closed. */
		if (run->words && guest_ended(run->guest))
			run->words = NULL;
		else if (run->words)
			return 128 + SIGINT;
	}
	return -1;
}

static void watch(struct run *run, sigset_t *old)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		/* A shell's background job ignores some of them. */
		signal(ends[i], SIG_DFL);
		sigaddset(&mask, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &mask, old);
	signal(SIGPIPE, SIG_IGN);
	/* When vm/run dies, so must the guest. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	run->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (run->signals < 0 || run->changes < 0)
		die("watching the guest");
}

int main(int argc, char **argv)
{
	struct run run = { .console = -1 };
	bool interactive = false;
	int option, result, log, status = 0, ends[2] = { -1, -1 };
	long timeout = 0;
	sigset_t mask;

	while ((option = getopt(argc, argv, "+t:i")) != -1) {
		if (option == 't')
			timeout = atol(optarg);
		else if (option == 'i')
			interactive = true;
		else
			return 125;
	}
	if (argc - optind < 3)
		return 125;
	watch(&run, &mask);
	open_streams(argv[optind]);
	if (inotify_add_watch(run.changes, argv[optind], IN_MODIFY) < 0)
		die(argv[optind]);
	if (interactive &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		die("console");
	run.console = ends[0];
	log = start_log(argv[optind + 1], &run.logger);
	run.guest = fork();
	if (run.guest < 0)
		die("fork");
	if (run.guest == 0)
		run_guest(argv + optind + 2, log, ends[1], &mask);
	close(log);
	if (interactive) {
		close(ends[1]);
		raw_terminal();
	}
	run.start = now_ms();
	if (timeout)
		run.deadline = run.start + timeout * 1000;
	do {
		result = turn(&run);
	} while (result < 0);
	/* The guest's session is one process group, which is killed as a whole. */
	if (!guest_ended(run.guest) && !run.words)
		run.words = "it was ended from outside";
	kill(-run.guest, SIGKILL);
	waitpid(run.guest, &status, 0);
	tell_end(&run, argv[optind], status);
	waitpid(run.logger, NULL, 0);
	if (!pass_on_all() && result == 0)
		result = 128 + SIGPIPE;
	while (run.console >= 0 && console_to_terminal(&run.console))
		;
	restore_terminal();
	return result;
}

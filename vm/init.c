// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the guest: mount the file systems that a Linux program expects, run
 * one command, write its exit status to the share, power off.
 *
 * The kernel's command line says, through the environment, where the share is
 * (job.h): VM_SHARE=DIR on UML, VM_SHARE=9p:TAG on QEMU.  Words of the job:
 *
 *   cwd DIR        run the command there
 *   keep DIR       show the host's DIR even though a tmpfs covers it
 *   rw ID DIR      make the host's DIR writable (ID is the 9p tag)
 *   stdin          there is something on stdin
 *   merge          stdout and stderr are one stream
 *   tty N          use console N for stdin (bit 0), stdout (1), stderr (2)
 *   winsize R C    of that console
 *   kmemleak       look for leaks afterwards
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "job.h"

static struct job job = { .cwd = "/" };

static void read_job(void)
{
	char *text = read_share(job.share, "job", NULL), *line, *save;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *argument = strchr(line, ' ');

		if (argument)
			*argument++ = '\0';
		if (!strcmp(line, "cwd"))
			job.cwd = argument;
		else if (!strcmp(line, "keep"))
			keep_dir(argument);
		else if (!strcmp(line, "rw"))
			rw_dir(argument);
		else if (!strcmp(line, "stdin"))
			job.has_stdin = true;
		else if (!strcmp(line, "merge"))
			job.merge = true;
		else if (!strcmp(line, "kmemleak"))
			job.kmemleak = true;
		else if (!strcmp(line, "tty"))
			job.tty = atoi(argument);
		else if (!strcmp(line, "winsize"))
			sscanf(argument, "%hu %hu", &job.rows, &job.columns);
	}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		perror("vm: no loopback network");
	close(fd);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "vm: %s: %m\n", path);
	close(fd);
}

/* The file descriptors of the command's stdio. */
struct stdio {
	int command[3]; /* what the command gets, or -1: /dev/null */
	struct pump_fds pump;
	int ended[2];
};

static void stream(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		fail("pipe");
}

static void make_stdio(struct stdio *io)
{
	int fds[2];

	*io = (struct stdio){
		.command = { -1, -1, -1 },
		.pump = { job.share, -1, -1, -1, -1 },
	};
	stream(io->ended);
	io->pump.ended = io->ended[0];
	if (job.has_stdin && !(job.tty & 1)) {
		stream(fds);
		io->command[0] = fds[0];
		io->pump.to_stdin = fds[1];
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
	}
	if (!(job.tty & 2)) {
		stream(fds);
		io->command[1] = fds[1];
		io->pump.from_stdout = fds[0];
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
	}
	if (job.merge && !(job.tty & 6)) {
		io->command[2] = io->command[1];
	} else if (!(job.tty & 4)) {
		stream(fds);
		io->command[2] = fds[1];
		io->pump.from_stderr = fds[0];
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
	}
}

static int open_tty(void)
{
	struct winsize size = { .ws_row = job.rows, .ws_col = job.columns };
	int fd = open(getenv("VM_TTY") ?: "/dev/console", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("the interactive console");
	ioctl(fd, TIOCSCTTY, 1);
	if (size.ws_row && size.ws_col)
		ioctl(fd, TIOCSWINSZ, &size);
	return fd;
}

static void run_command(struct stdio *io)
{
	char **argv = read_strings(job.share, "argv");
	char **env = read_strings(job.share, "env");
	int tty = -1, null, i;

	setsid();
	if (job.tty)
		tty = open_tty();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (i = 0; i < 3; i++) {
		int fd = job.tty & (1 << i) ? tty : io->command[i];

		dup2(fd < 0 ? null : fd, i);
	}
	environ = env;
	if (chdir(job.cwd) < 0) {
		fprintf(stderr, "vm: %s: %m\n", job.cwd);
		_exit(126);
	}
	put("/proc/self/oom_score_adj", "0\n");
	execvp(argv[0], argv);
	fprintf(stderr, "vm: %s: %m\n", argv[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

static pid_t start(void (*child)(struct stdio *), struct stdio *io)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0)
		child(io);
	return pid;
}

static void run_pump(struct stdio *io)
{
	int i;

	/*
	 * Only the command may hold these ends: the other side takes their closing
	 * for the end of the stream or of the command.
	 */
	for (i = 0; i < 3; i++)
		if (io->command[i] >= 0)
			close(io->command[i]);
	close(io->ended[1]);
	signal(SIGPIPE, SIG_IGN);
	_exit(pump(io->pump));
}

/* Reap every orphan of the guest until this one child has ended. */
static int reap_until(pid_t wanted)
{
	int status;
	pid_t pid;

	do {
		pid = wait(&status);
		if (pid < 0 && errno != EINTR)
			fail("wait");
	} while (pid != wanted);
	return status;
}

static int run(void)
{
	pid_t pump_pid, command;
	struct stdio io;
	int status, i;

	make_stdio(&io);
	command = start(run_command, &io);
	pump_pid = start(run_pump, &io);
	for (i = 0; i < 3; i++)
		if (io.command[i] >= 0)
			close(io.command[i]);
	if (io.pump.to_stdin >= 0)
		close(io.pump.to_stdin);
	status = reap_until(command);
	close(io.ended[1]);
	reap_until(pump_pid);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* kmemleak does not report objects younger than five seconds. */
static void find_leaks(void)
{
	put("/sys/kernel/debug/kmemleak", "scan\n");
	sleep(6);
	put("/sys/kernel/debug/kmemleak", "scan\n");
	copy_to_share(job.share, "/sys/kernel/debug/kmemleak", "kmemleak");
}

int main(void)
{
	char text[16];
	int status;

	signal(SIGPIPE, SIG_DFL);
	job.share = open_share(getenv("VM_SHARE"));
	mount_proc();
	read_job();
	mount_all();
	loopback_up();
	sethostname("vm", 2);
	put("/proc/sys/kernel/panic_on_oops", "1\n");
	put("/proc/self/oom_score_adj", "-1000\n");
	if (job.kmemleak)
		put("/sys/kernel/debug/kmemleak", "clear\n");
	status = run();
	if (job.kmemleak)
		find_leaks();
	snprintf(text, sizeof(text), "%d\n", status);
	write_share(job.share, "status", text, strlen(text));
	reboot(RB_POWER_OFF);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vm/run, the supervisor on the host and PID 1 in the guest exchange data
 * through files in one directory, the share:
 *
 *   job         from vm/run: one "word [argument]" per line, see init.c
 *   argv, env   from vm/run: strings that end in NUL
 *   stdin       from the supervisor: grows as the runner's stdin is read
 *   stdin.eof   from the supervisor: stdin will not grow any more
 *   stdin.pos   from the guest: how much of stdin it has read, in decimal
 *   stdout      from the guest: grows as the command writes
 *   stderr      from the guest: likewise
 *   kmemleak    from the guest: leaks found, when asked to look for them
 *   status      from the guest: the command's exit status, written last
 *
 * A console would not do: it is shared with the kernel's log, translates
 * newlines, and loses bytes when it is busy.
 */
#ifndef VM_JOB_H
#define VM_JOB_H

#define CHUNK (256 * 1024)

/* guest: pump.c */
struct pump_fds {
	int share; /* the share, O_PATH */
	int to_stdin; /* write end of the command's stdin, or -1 */
	int from_stdout; /* read ends of its stdout and stderr, or -1 */
	int from_stderr;
	int ended; /* reads as EOF once the command has ended */
};

int pump(struct pump_fds fds);

#endif /* VM_JOB_H */

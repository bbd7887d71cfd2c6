/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VM_SUPERVISE_H
#define VM_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>

void die(const char *what) __attribute__((noreturn));

/* The command's stdin, stdout and stderr (spool.c) */
void open_streams(const char *directory);
bool write_all(int fd, const char *data, size_t size);

/* Pass on what has grown.  False when nobody reads us any more. */
bool pass_on_all(void);

/* Is there more of stdin to spool, and should it be now? */
bool stdin_left(void);
bool stdin_wanted(void);
void spool_stdin(void);

/* The user's terminal, for an interactive guest (terminal.c) */
void raw_terminal(void);
void restore_terminal(void);

/* Carry what is there.  False at the end of it. */
bool console_to_terminal(int *console);
/* Likewise.  NULL to go on, else why the guest is to end. */
const char *terminal_to_console(int console);

#endif /* VM_SUPERVISE_H */

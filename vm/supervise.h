/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VM_SUPERVISE_H
#define VM_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>

void die(const char *what) __attribute__((noreturn));

/* The command's stdin, stdout and stderr (spool.c) */
void open_streams(const char *directory);
bool write_all(int fd, const char *data, size_t size);

/* Pass on new output.  False when our own reader is gone. */
bool pass_on_all(void);

/* Is there more of stdin to spool, and should it be spooled now? */
bool stdin_left(void);
bool stdin_wanted(void);
void spool_stdin(void);

/* The user's terminal, for an interactive guest (terminal.c) */
void raw_terminal(void);
void restore_terminal(void);

/* Copy the console's output.  False at its end. */
bool console_to_terminal(int *console);
/* Copy the user's input.  NULL to go on, else the reason to end the guest. */
const char *terminal_to_console(int console);

#endif /* VM_SUPERVISE_H */

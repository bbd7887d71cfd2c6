/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VM_SUPERVISE_H
#define VM_SUPERVISE_H

#include <stdbool.h>

/* The user's terminal, for an interactive guest (terminal.c) */
void raw_terminal(void);
void restore_terminal(void);

/* Carry what is there.  False at the end of it, or after Ctrl-]. */
bool console_to_terminal(int *console);
bool terminal_to_console(int console);

#endif /* VM_SUPERVISE_H */

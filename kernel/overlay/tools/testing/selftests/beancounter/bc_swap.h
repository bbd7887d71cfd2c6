/* SPDX-License-Identifier: GPL-2.0-only */
/* Swap space of the case's own. */
#ifndef BC_SWAP_H
#define BC_SWAP_H

/* On a loop device over a file of the current directory; skips the case without. */
void bc_swap_on(void);
void bc_swap_off(void);

/* How many pages are swapped out now, of all processes. */
long long bc_swap_used(void);

#endif /* BC_SWAP_H */

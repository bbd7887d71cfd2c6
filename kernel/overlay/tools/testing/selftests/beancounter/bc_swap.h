/* SPDX-License-Identifier: GPL-2.0-only */
/* A place to swap to, of the case's own. */
#ifndef BC_SWAP_H
#define BC_SWAP_H

/* On a loop device over a file of the current directory; or skip. */
void bc_swap_on(void);
void bc_swap_off(void);

/* Pages that are there now, of everybody. */
long long bc_swap_used(void);

#endif /* BC_SWAP_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: an object that remembers who pays for what is allocated for it later,
 * perhaps in an interrupt.
 */
#ifndef _LINUX_BC_PAYER_H
#define _LINUX_BC_PAYER_H

#include <linux/beancounter.h>

/**
 * struct bc_payer - who pays for what an object allocates later
 * @bc: the account with a reference, BC_NOBODY, or NULL for who allocates then
 *
 * Empty without the option. A copy has no reference of its own.
 */
struct bc_payer {
#ifdef CONFIG_BEANCOUNTERS
	struct beancounter *bc;
#endif
};

#ifdef CONFIG_BEANCOUNTERS

/**
 * bc_payer_get() - let the current group pay for what an object allocates later
 * @payer: of the object
 *
 * Context: Process context.
 */
static inline void bc_payer_get(struct bc_payer *payer)
{
	payer->bc = bc_get_current();
}

/**
 * bc_payer_begin() - allocate for an object
 * @payer: of the object
 *
 * Context: As set_active_bc().
 * Return: What set_active_bc() restores.
 */
static inline struct beancounter *bc_payer_begin(const struct bc_payer *payer)
{
	return set_active_bc(payer->bc);
}

/**
 * bc_payer_put() - drop the reference of bc_payer_get()
 * @payer: of the object, or all zero
 *
 * Context: Any.
 */
static inline void bc_payer_put(const struct bc_payer *payer)
{
	bc_put_payer(payer->bc);
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_payer_get(payer) ((void)0)
#define bc_payer_begin(payer) NULL
#define bc_payer_put(payer) ((void)0)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_PAYER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: charging and giving back.
 */
#ifndef _KERNEL_BC_CHARGE_H
#define _KERNEL_BC_CHARGE_H

#include "stock.h"

int bc_try_charge(struct beancounter *bc, struct bc_request *rq);
int bc_ask(struct beancounter *bc, struct bc_request *rq);
int bc_transfer(struct beancounter *from, u64 less, struct beancounter *to,
		struct bc_request *rq);
bool bc_charge_nowait(struct beancounter *bc, u64 bytes,
		      enum bc_severity severity);
void bc_give_back(struct beancounter *bc, const struct bc_want *want);
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n);

static __always_inline void bc_kmem_uncharge(struct beancounter *bc, u64 n)
{
	if (unlikely(!bc_stock_give(bc, n)))
		bc_kmem_uncharge_slow(bc, n);
}

#endif /* _KERNEL_BC_CHARGE_H */

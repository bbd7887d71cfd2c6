/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: charging and giving back.
 */
#ifndef _KERNEL_BC_CHARGE_H
#define _KERNEL_BC_CHARGE_H

#include "stock.h"

int bc_try_charge(struct beancounter *bc, struct bc_request *rq);
int bc_ask(struct beancounter *bc, struct bc_request *rq);
bool bc_has_room(struct beancounter *bc, struct bc_request *rq);
void bc_refused_nowait(struct beancounter *bc, const struct bc_request *rq);
int bc_transfer(struct beancounter *from, u64 less, struct beancounter *to,
		struct bc_request *rq);
bool bc_charge_nowait(struct beancounter *bc, u64 bytes,
		      enum bc_severity severity);
bool bc_charge_buffer(struct beancounter *bc, enum bc_resource row, u64 bytes,
		      enum bc_severity severity);
void bc_give_back(struct beancounter *bc, const struct bc_want *want);
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n);

static __always_inline void bc_kmem_uncharge(struct beancounter *bc, u64 n)
{
	if (unlikely(!bc_stock_give(bc, n)))
		bc_kmem_uncharge_slow(bc, n);
}

/* Take bytes and files from the word of this CPU, or from the word for all CPUs. */
static inline bool bc_take_bytes(struct beancounter *bc, u64 n)
{
	return bc_stock_take(bc, n) || bc_near_take(bc, n);
}

/* Take the bytes, and the file or item that comes with them, without the lock. */
static inline bool bc_take_object(struct beancounter *bc, u64 bytes,
				  enum bc_resource item, u64 items)
{
	struct bc_stock *stock = bc_stock_here(bc);

	if (bytes > BC_STOCK_MAX)
		return false;
	if (!items || item == BC_NUMFILE)
		return bc_take_bytes(bc, bytes + items * BC_FILE);
	/* Look first: bytes that are taken and put back could be missed meanwhile. */
	if (!bc_lane_covers(stock, item, items)) {
		stock = &bc->near;
		if (!bc_lane_covers(stock, item, items))
			return false;
	}
	if (!bc_take_bytes(bc, bytes))
		return false;
	if (likely(bc_lane_take(stock, item, items)))
		return true;
	bc_kmem_uncharge(bc, bytes);
	return false;
}

#endif /* _KERNEL_BC_CHARGE_H */

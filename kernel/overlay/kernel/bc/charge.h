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
bool bc_buffer_apart(struct beancounter *bc, enum bc_resource row, u64 bytes,
		     enum bc_severity severity);
bool bc_take_apart(struct beancounter *bc, u64 bytes, enum bc_resource item,
		   u64 items);
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

/*
 * Take bytes and units of a lane, both from the words of this CPU: the short way in
 * front of bc_take_apart(), where @item is a constant.
 */
static __always_inline bool bc_take_here(struct beancounter *bc, u64 bytes,
					 enum bc_resource item, u64 items)
{
	struct bc_stock *stock = bc_stock_here(bc);
	struct bc_lane lane = bc_lane_of(item);

	/* Look first: bytes that are taken and put back could be missed meanwhile. */
	if (bytes > BC_STOCK_MAX ||
	    !bc_lane_spares(lane, bc_lane_read(stock, lane), items) ||
	    !bc_word_take(stock, bytes))
		return false;
	if (likely(bc_lane_take(stock, item, items)))
		return true;
	bc_kmem_uncharge(bc, bytes);
	return false;
}

#endif /* _KERNEL_BC_CHARGE_H */

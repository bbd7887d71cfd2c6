// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: charges of callers that cannot wait for room.
 *
 * Buffers of sockets are charged in softirqs and under the lock of the socket, and an
 * object may be charged to another group than that of the task. Nobody waits there: a
 * refusal is counted, and room is made in the background.
 */
#include "charge.h"

/**
 * bc_refused_nowait() - count the refusal of a request that cannot wait
 * @bc: payer
 * @rq: the request that was refused
 *
 * Room is made in the background.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_refused_nowait(struct beancounter *bc, const struct bc_request *rq)
{
	if (rq->refused->res == BC_KMEMSIZE)
		WRITE_ONCE(rq->over->want_room, true);
	bc_refused(bc, rq);
}

static bool bc_ask_nowait(struct beancounter *bc, struct bc_request *rq)
{
	if (likely(!bc_try_charge(bc, rq)))
		return true;
	bc_refused_nowait(bc, rq);
	return false;
}

/**
 * bc_charge_nowait() - charge bytes where the caller cannot wait for room
 * @bc: payer
 * @bytes: of kmemsize
 * @severity: what to check against
 *
 * Context: Any in which @bc is pinned; does not sleep.
 * Return: false when they do not fit.
 */
bool bc_charge_nowait(struct beancounter *bc, u64 bytes,
		      enum bc_severity severity)
{
	struct bc_request rq = bc_object_request(bytes, 0, severity);

	return likely(bytes <= BC_STOCK_MAX && bc_take_bytes(bc, bytes)) ||
	       bc_ask_nowait(bc, &rq);
}

/**
 * bc_buffer_apart() - the rest of bc_charge_buffer()
 * @bc: payer
 * @row: the other resource, beside kmemsize
 * @bytes: of both
 * @severity: what to check against
 *
 * Context: Any in which @bc is pinned; does not sleep.
 * Return: false, with nothing charged, when they do not fit in one of the two.
 */
bool bc_buffer_apart(struct beancounter *bc, enum bc_resource row, u64 bytes,
		     enum bc_severity severity)
{
	struct bc_request rq = bc_item_request(row, bytes, bytes, severity);

	return bc_take_apart(bc, bytes, row, bytes) || bc_ask_nowait(bc, &rq);
}

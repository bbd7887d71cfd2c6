/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: counters, and requests to them.
 */
#ifndef _KERNEL_BC_COUNTER_H
#define _KERNEL_BC_COUNTER_H

#include <linux/beancounter.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

/* The kind of a resource, from the table: a constant if @res is one. */
static __always_inline enum bc_kind_of bc_kind_of(enum bc_resource res)
{
#define BC_RESOURCE(id, name, unit, kind, dfl) [BC_##id] = kind,
	static const u8 kinds[] = {
#include <linux/bc_resources.h>
	};
#undef BC_RESOURCE

	return kinds[res];
}

/* Does a part of the resource sit in the stocks? */
static __always_inline bool bc_is_stocked(enum bc_resource res)
{
	return bc_kind_of(res) == BC_STOCKED;
}

/* Is the resource charged? Others are sampled, or not counted, as vmguarpages. */
static __always_inline bool bc_is_charged(enum bc_resource res)
{
	return bc_kind_of(res) <= BC_CHARGED;
}

/* Is the resource added up from the address spaces when it is read? */
static __always_inline bool bc_is_sampled(enum bc_resource res)
{
	return bc_kind_of(res) == BC_SAMPLED || res == BC_OOMGUARPAGES;
}

/* Is the barrier of the resource a promise? Then nothing is refused for it. */
static __always_inline bool bc_is_guarantee(enum bc_resource res)
{
	return bc_kind_of(res) == BC_GUARANTEE;
}

/**
 * struct bc_counter - one resource of one beancounter
 * @usage: units charged here and below, including those that sit in stocks
 * @barrier: ordinary requests are refused above it
 * @limit: requests are refused above it, except for BC_EXCESS and BC_FORCE
 * @maxheld: highest @usage since the last reset, less the units that were in lanes,
 *	see bc_lane_trim()
 * @failcnt: requests refused here and below
 * @failcnt_local: requests refused because of this very counter
 * @forced: sum of the units above @limit that were charged by force
 *
 * In units of the resource; all written under bc->top->lock. Who reads a single one without
 * it, with READ_ONCE() or data_race(), gets a value that was right at some moment: stores
 * of such words are not torn.
 */
struct bc_counter {
	u64 usage;
	u64 barrier;
	u64 limit;
	u64 maxheld;
	u64 failcnt;
	u64 failcnt_local;
	u64 forced;
};

/* One request is for up to two resources: a file and bytes, private and locked. */
#define BC_WANTS 2

/**
 * struct bc_want - an amount of one resource
 * @res: resource
 * @n: units of it; 0 for nothing
 */
struct bc_want {
	enum bc_resource res;
	u64 n;
};

/**
 * struct bc_request - a request to an account, granted as a whole or not at all
 * @severity: what to check against
 * @want: the amounts, in the order in which they are checked
 * @over: the level that refused the request, if one did
 * @refused: the entry of @want that did not fit there
 */
struct bc_request {
	enum bc_severity severity;
	struct bc_want want[BC_WANTS];
	struct beancounter *over;
	const struct bc_want *refused;
};

/* A request for one resource; the caller fills in the second, if there is one. */
#define BC_REQUEST(_severity, _res, _n)       \
	((struct bc_request){                 \
		.severity = (_severity),      \
		.want = { { (_res), (_n) } }, \
	})

/* How far BC_EXCESS may go above a limit, in bytes. */
#define BC_EXCESS_MAX ((u64)SZ_64K)

/* How many more units fit at a level; negative if it has too many. Under the lock. */
static __always_inline s64 bc_room(const struct bc_counter *c,
				   enum bc_severity severity)
{
	u64 cap = c->limit;

	if (severity < BC_LIMIT)
		cap = min(cap, c->barrier);
	if (severity == BC_EXCESS)
		cap = min(cap + BC_EXCESS_MAX, BC_MAX);
	/* The upper half of the gap is kept for requests of BC_LIMIT. */
	if (severity == BC_GAP)
		cap += (c->limit - cap) / 2;
	return cap - c->usage;
}

static __always_inline bool bc_fits(const struct bc_counter *c, u64 n,
				    enum bc_severity severity)
{
	s64 room = bc_room(c, severity);

	return !n || (room >= 0 && n <= (u64)room);
}

#endif /* _KERNEL_BC_COUNTER_H */

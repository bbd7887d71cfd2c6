/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: helpers of the KUnit tests.
 *
 * The tests use accounts without a cgroup, from bc_alloc(), so nothing else
 * charges them and every number is known.
 */
#ifndef _KERNEL_BC_KUNIT_UTIL_H
#define _KERNEL_BC_KUNIT_UTIL_H

#include <kunit/test.h>

#include "../charge.h"

#define BC_KUNIT_DEPTH 8

/* Macros, so that a failure names the line of the test. */
#define BC_EXPECT_CHARGED(test, bc, res, n, severity) \
	KUNIT_EXPECT_EQ(test, 0, bc_charge(bc, res, n, severity))
#define BC_EXPECT_REFUSED(test, bc, res, n, severity) \
	KUNIT_EXPECT_EQ(test, -ENOMEM, bc_charge(bc, res, n, severity))
#define BC_EXPECT_HELD(test, bc, res, n) \
	KUNIT_EXPECT_EQ(test, (u64)(n), bc_kunit_held(bc, res))
#define BC_EXPECT_USAGE(test, bc, res, n) \
	KUNIT_EXPECT_EQ(test, (u64)(n), bc_kunit_counter(bc, res).usage)

struct beancounter *bc_kunit_alloc(struct kunit *test,
				   struct beancounter *parent);
void bc_kunit_chain(struct kunit *test, struct beancounter **chain, int depth);
void bc_kunit_set(struct beancounter *bc, enum bc_limit_kind kind,
		  enum bc_resource res, u64 value);
void bc_kunit_limits(struct beancounter *bc, enum bc_resource res, u64 barrier,
		     u64 limit);
struct bc_counter bc_kunit_counter(struct beancounter *bc,
				   enum bc_resource res);
u64 bc_kunit_held(struct beancounter *bc, enum bc_resource res);
u64 bc_kunit_stock(struct beancounter *bc);
bool bc_kunit_closed(struct beancounter *bc);
bool bc_kunit_listed(const struct beancounter *bc);
int bc_kunit_pin(struct kunit *test);
int bc_kunit_object(struct beancounter *bc, u64 bytes, u64 files,
		    enum bc_severity severity);
void bc_kunit_settle(struct kunit *test);
const void *bc_kunit_next_res(const void *prev, char *name,
			      bool (*wanted)(enum bc_resource res));
enum bc_resource bc_kunit_res(struct kunit *test);

#endif /* _KERNEL_BC_KUNIT_UTIL_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: giving back.
 *
 * What is given back goes into a stock, or off the counters of the group and of
 * all its ancestors, under the lock of the tree. With the last unit of the last
 * resource of a group that is gone its account goes.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>

#include "internal.h"

/* See bc_sub(). */
static __always_inline unsigned int __bc_sub(struct beancounter *bc,
					     enum bc_resource res, u64 n)
{
	bool underflow = false;
	unsigned int zero = 0;

	lockdep_assert_held(&bc->top->lock);
	do {
		struct bc_counter *c = &bc->res[res];

		if (unlikely(c->usage < n)) {
			underflow = true;
			c->usage = n;
		}
		c->usage -= n;
		/* Then all levels below are at zero, too. */
		if (unlikely(!c->usage))
			zero++;
		bc = bc->parent;
	} while (bc);
	/* A bug somewhere: rather leak an account than free it too early. */
	if (WARN_ONCE(underflow, "bc: %s underflow by a charge of %llu\n",
		      bc_resources[res].name, n))
		return 0;
	return zero;
}

/**
 * bc_sub() - take off the counters of all levels
 * @bc: lowest level
 * @res: resource
 * @n: units of @res
 *
 * Context: Under the lock of the tree.
 * Return: How many of the lowest levels came to zero. The caller drops the
 * reference of each, without the lock if it may be the last.
 */
unsigned int bc_sub(struct beancounter *bc, enum bc_resource res, u64 n)
{
	return n ? __bc_sub(bc, res, n) : 0;
}

/**
 * bc_put_zero() - drop the references of levels that came to zero
 * @bc: lowest level
 * @zero: what bc_sub() returned
 *
 * May free the account.
 *
 * Context: Any but under the lock of the tree.
 */
void bc_put_zero(struct beancounter *bc, unsigned int zero)
{
	struct beancounter *parent;

	for (; zero--; bc = parent) {
		parent = bc->parent;
		bc_put(bc);
	}
}

/**
 * bc_uncharge_vm() - give private or locked pages back
 * @bc: payer, which the caller keeps
 * @res: resource
 * @n: pages, not 0
 *
 * Context: Interrupts are off.
 */
void bc_uncharge_vm(struct beancounter *bc, enum bc_resource res, u64 n)
{
	unsigned int zero;

	lockdep_assert_irqs_disabled();
	raw_spin_lock(&bc->top->lock);
	zero = __bc_sub(bc, res, n);
	raw_spin_unlock(&bc->top->lock);
	/* Each of them is kept by the one below, and the lowest by the caller. */
	for (; unlikely(zero); zero--, bc = bc->parent)
		refcount_dec(&bc->refs);
}

/* A closed stock and room for an open one: the freed bytes open it. */
static noinline void bc_reopen(struct beancounter *bc, u64 n, s64 room)
{
	if (bc_bytes_of(bc_batch(bc, n, room)) < n)
		return;
	__bc_add(bc, BC_KMEMSIZE, n);
	bc_refill(bc, n);
}

/* From a full stock, or the last bytes or files. */
static noinline void bc_uncharge_object(struct beancounter *bc, u64 n)
{
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned int zero, zero_files;
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	n += bc_trim_stock(bc);
	zero_files = bc_sub(bc, BC_NUMFILE, bc_files_of(n));
	zero = bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(n));
	raw_spin_unlock_irqrestore(lock, flags);
	bc_put_zero(bc, zero_files);
	bc_put_zero(bc, zero);
}

/* What is more at the lowest level is more at all. The room is the tightest. */
static __always_inline s64 bc_sub_more(struct beancounter *bc,
				       enum bc_resource res, u64 n)
{
	s64 room = BC_MAX;

	do {
		struct bc_counter *c = &bc->res[res];

		c->usage -= n;
		room = min(room, bc_room(c, BC_BARRIER));
		bc = bc->parent;
	} while (bc);
	return room;
}

/**
 * bc_kmem_uncharge_slow() - give an object back under the lock of the tree
 * @bc: payer
 * @n: bytes of kmemsize, not 0, and BC_FILE for an open file
 *
 * May free the account. The usual case, near the barrier where words are closed,
 * is short.
 *
 * Context: Any.
 */
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n)
{
	u32 bytes = bc_bytes_of(n), files = bc_files_of(n);
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned long flags;
	bool more;
	s64 room;

	if (!bc_stock_closed(bc)) {
		bc_uncharge_object(bc, n);
		return;
	}
	/* As in bc_charge_near(). */
	local_irq_save(flags);
	raw_spin_lock(lock);
	more = bc->res[BC_KMEMSIZE].usage > bytes &&
	       (!files || bc->res[BC_NUMFILE].usage > files);
	if (likely(more)) {
		room = bc_sub_more(bc, BC_KMEMSIZE, bytes);
		if (files)
			bc_sub_more(bc, BC_NUMFILE, files);
		if (unlikely(room - bytes >= bc_stock_room &&
			     bc_stock_closed(bc)))
			bc_reopen(bc, bytes, room);
	}
	raw_spin_unlock(lock);
	local_irq_restore(flags);
	if (unlikely(!more))
		bc_uncharge_object(bc, n);
}

/**
 * bc_uncharge_slow() - give back under the lock of the tree
 * @bc: payer
 * @res: resource
 * @n: units of @res
 *
 * May free the account.
 *
 * Context: Any.
 */
void bc_uncharge_slow(struct beancounter *bc, enum bc_resource res, u64 n)
{
	raw_spinlock_t *lock = &bc->top->lock;
	unsigned long flags;
	unsigned int zero;

	if (!n)
		return;
	raw_spin_lock_irqsave(lock, flags);
	zero = bc_sub(bc, res, n);
	raw_spin_unlock_irqrestore(lock, flags);
	if (unlikely(zero))
		bc_put_zero(bc, zero);
}

/**
 * bc_uncharge() - give a charge back
 * @bc: who was charged, or NULL for nobody
 * @res: resource
 * @n: units of @res
 *
 * With the last unit of the last resource of a group that is gone the account
 * is freed, so the caller must not touch it afterwards.
 *
 * Context: Any.
 */
void bc_uncharge(struct beancounter *bc, enum bc_resource res, u64 n)
{
	if (!bc || !n)
		return;
	if (res == BC_KMEMSIZE && n <= BC_STOCK_MAX)
		bc_kmem_uncharge(bc, n);
	else
		bc_uncharge_slow(bc, res, n);
}

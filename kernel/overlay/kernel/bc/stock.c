// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the stocks, opened and closed.
 *
 * The fast path is in internal.h: one compare-and-exchange on the word of this
 * CPU. Here is what happens to the words under the lock of the tree.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "internal.h"

static struct beancounter *bc_first_open(struct beancounter *root)
{
	return root->nr_open ? root : NULL;
}

/* The next group with open words in the subtree, in pre-order. */
static struct beancounter *bc_next_open(struct beancounter *pos,
					struct beancounter *root)
{
	struct beancounter *next;

	list_for_each_entry(next, &pos->children, sibling)
		if (next->nr_open)
			return next;
	for (; pos != root; pos = pos->parent) {
		next = pos;
		list_for_each_entry_continue(next, &pos->parent->children,
					     sibling)
			if (next->nr_open)
				return next;
	}
	return NULL;
}

static void bc_mark_open(struct beancounter *bc, bool open)
{
	struct beancounter *b;

	bc->open = open;
	for (b = bc; b; b = b->parent)
		b->nr_open += open ? 1 : -1;
}

/**
 * bc_close_words() - close the stock of one group
 * @bc: account, online and open
 *
 * Context: Under the lock of the tree.
 * Return: The bytes that were in it, which are off the counters now.
 */
s64 bc_close_words(struct beancounter *bc)
{
	struct beancounter *b = bc;
	unsigned int zero;
	s64 bytes = 0;
	unsigned int cpu;

	lockdep_assert_held(&bc->top->lock);
	bc_mark_open(bc, false);
	for_each_set_bit(cpu, bc->open_cpus, nr_cpu_ids) {
		atomic64_t *word = &per_cpu_ptr(bc->stock, cpu)->bytes;

		bytes += atomic64_xchg(word, BC_STOCK_CLOSED);
	}
	bitmap_zero(bc->open_cpus, nr_cpu_ids);
	/* An open group is online: none of these references is the last. */
	for (zero = bc_sub(bc, BC_KMEMSIZE, bytes); zero--; b = b->parent)
		refcount_dec(&b->refs);
	return bytes;
}

/**
 * bc_drain() - recover all stocks at and below a group
 * @root: the group
 *
 * Context: Under the lock of the tree.
 * Return: The bytes that were in them, which are off the counters now.
 */
u64 bc_drain(struct beancounter *root)
{
	struct beancounter *bc;
	s64 bytes = 0;

	for (bc = bc_first_open(root); bc; bc = bc_next_open(bc, root))
		if (bc->open)
			bytes += bc_close_words(bc);
	return bytes;
}

/**
 * bc_stock_sum() - what sits in the stocks at and below a group
 * @root: the group
 *
 * Context: Under the lock of the tree. Words move meanwhile, but not at rest.
 * Return: Bytes.
 */
u64 bc_stock_sum(struct beancounter *root)
{
	struct beancounter *bc;
	u64 bytes = 0;
	unsigned int cpu;

	for (bc = bc_first_open(root); bc; bc = bc_next_open(bc, root)) {
		struct bc_stock __percpu *stock = bc->stock;

		for_each_set_bit(cpu, bc->open_cpus, nr_cpu_ids)
			bytes += atomic64_read(&per_cpu_ptr(stock, cpu)->bytes);
	}
	return bytes;
}

/**
 * bc_refill_size() - how much may be left in the stock of this CPU
 * @bc: account
 * @n: bytes to be charged besides
 *
 * See bc_batch().
 *
 * Context: Under the lock of the tree.
 * Return: Bytes, 0 for no stock.
 */
u64 bc_refill_size(struct beancounter *bc, u64 n)
{
	return bc_batch(bc, n, bc_room_all(bc));
}

/**
 * bc_refill() - leave bytes in this CPU's word, opening it
 * @bc: account
 * @bytes: charged already
 *
 * Context: Under the lock of the tree.
 */
void bc_refill(struct beancounter *bc, s64 bytes)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->bytes;
	s64 old = atomic64_read(word);

	lockdep_assert_held(&bc->top->lock);
	if (!bc->open)
		bc_mark_open(bc, true);
	__set_bit(raw_smp_processor_id(), bc->open_cpus);
	while (!atomic64_try_cmpxchg(word, &old, max_t(s64, old, 0) + bytes))
		;
}

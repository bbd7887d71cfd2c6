// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the stocks, opened and closed.
 *
 * The fast path is in stock.h: one compare-and-exchange on the word of this
 * CPU. Here is what happens to the words under the lock of the tree.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "stock.h"

s64 bc_stock_room __read_mostly;

/* A refill is the room shifted by this: of a quarter, the share of a CPU. */
static unsigned int bc_stock_share(void)
{
	return ilog2(nr_cpu_ids) + 2;
}

/**
 * bc_stock_init() - how near the barrier of a group it has no stock
 *
 * Context: Any; not before the number of possible CPUs is known.
 */
void bc_stock_init(void)
{
	WRITE_ONCE(bc_stock_room, BC_STOCK_MIN << bc_stock_share());
}

/**
 * bc_close_words() - close the stock of one group
 * @bc: account, online and open
 * @sum: to which to add what was in it, which is off the counters now
 *
 * Context: Under the lock of the tree.
 */
void bc_close_words(struct beancounter *bc, struct bc_sum *sum)
{
	unsigned int cpu;
	u64 all = 0;

	lockdep_assert_held(&bc->top->lock);
	bc->open = false;
	bc_branch_cut(bc, BC_OPEN_WORDS);
	for_each_set_bit(cpu, bc->open_cpus, nr_cpu_ids)
		all += atomic64_xchg(&per_cpu_ptr(bc->stock, cpu)->word,
				     BC_STOCK_CLOSED);
	bitmap_zero(bc->open_cpus, nr_cpu_ids);
	/* An open group is online. */
	bc_drop_zero(bc, bc_sub(bc, BC_KMEMSIZE, bc_bytes_of(all)));
	bc_drop_zero(bc, bc_sub(bc, BC_NUMFILE, bc_files_of(all)));
	sum->bytes += bc_bytes_of(all);
	sum->files += bc_files_of(all);
}

/**
 * bc_drain() - recover all stocks at and below a group
 * @root: the group
 * @sum: to which to add what was in them, which is off the counters now
 *
 * Context: Under the lock of the tree.
 * Return: Was there anything?
 */
bool bc_drain(struct beancounter *root, struct bc_sum *sum)
{
	struct bc_sum drained = {};
	struct beancounter *bc, *next;

	for (bc = root; bc; bc = next) {
		/* Closed, it is in no list to go on from. */
		next = bc_branch_next(bc, root, BC_OPEN_WORDS);
		if (bc->open)
			bc_close_words(bc, &drained);
	}
	sum->bytes += drained.bytes;
	sum->files += drained.files;
	return drained.bytes || drained.files;
}

/**
 * bc_stock_sum() - what sits in the stocks at and below a group
 * @root: the group
 * @res: resource
 *
 * Context: Under the lock of the tree. Words move meanwhile, but not at rest.
 * Return: Units of @res.
 */
u64 bc_stock_sum(struct beancounter *root, enum bc_resource res)
{
	struct beancounter *bc;
	unsigned int cpu;
	u64 sum = 0;

	if (!bc_is_stocked(res))
		return 0;
	for (bc = root; bc; bc = bc_branch_next(bc, root, BC_OPEN_WORDS)) {
		struct bc_stock __percpu *stock = bc->stock;

		for_each_set_bit(cpu, bc->open_cpus, nr_cpu_ids) {
			u64 n = atomic64_read(&per_cpu_ptr(stock, cpu)->word);

			sum += res == BC_KMEMSIZE ? bc_bytes_of(n) :
						    bc_files_of(n);
		}
	}
	return sum;
}

/*
 * How much may be left in the stock of this CPU, after a charge of bytes and
 * files: an equal share of a part of the rest, of what the word is short of.
 * Towards the barrier it falls to nothing, and every request is checked under the
 * lock. Above the barrier of either resource no word may be open.
 */
static u64 bc_batch(struct beancounter *bc, u64 n)
{
	s64 word = atomic64_read(&raw_cpu_ptr(bc->stock)->word);
	s64 room = bc_room_all(bc, BC_KMEMSIZE);
	s64 files = bc_room_all(bc, BC_NUMFILE);
	unsigned int share = bc_stock_share();
	u64 batch = 0;

	if (room < bc_stock_room || files < 0 ||
	    bc_bytes_of(n) > BC_STOCK_BATCH || bc->offline)
		return 0;
	word = max(word, 0);
	if (bc_bytes_of(word) < bc_bytes_of(n))
		batch = min(room >> share, BC_STOCK_BATCH);
	if (bc_files_of(word) < bc_files_of(n))
		batch += min(files >> share, BC_STOCK_FILES) * BC_FILE;
	return batch;
}

/**
 * bc_fill() - leave something in this CPU's word, if there is room
 * @bc: account
 * @n: bytes and files that were charged just now
 *
 * Context: Under the lock of the tree.
 */
void bc_fill(struct beancounter *bc, u64 n)
{
	u64 batch = bc_batch(bc, n);

	if (!batch)
		return;
	bc_add(bc, BC_NUMFILE, bc_files_of(batch));
	bc_add(bc, BC_KMEMSIZE, bc_bytes_of(batch));
	bc_refill(bc, batch);
}

/**
 * bc_may_open() - may what is freed open this CPU's word?
 * @bc: account
 * @n: bytes and files
 *
 * Context: Under the lock of the tree.
 * Return: true when so much may be left in it.
 */
bool bc_may_open(struct beancounter *bc, u64 n)
{
	return bc_bytes_of(bc_batch(bc, n)) >= bc_bytes_of(n);
}

/**
 * bc_refill() - leave something in this CPU's word, opening it
 * @bc: account
 * @n: bytes and files, charged already
 *
 * Context: Under the lock of the tree.
 */
void bc_refill(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);

	lockdep_assert_held(&bc->top->lock);
	if (!bc->open) {
		bc->open = true;
		bc_branch_grow(bc, BC_OPEN_WORDS);
	}
	__set_bit(raw_smp_processor_id(), bc->open_cpus);
	while (!atomic64_try_cmpxchg(word, &old, max(old, 0) + n))
		;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that were taken out of a file, while the task waits for the next
 * one. Included by truncate.c.
 */
#ifndef MM_TRUNCATE_BC_H
#define MM_TRUNCATE_BC_H

#include <linux/bc_pin.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>

#ifdef CONFIG_BEANCOUNTERS

/**
 * bc_batch_lock() - lock the next folio of a batch
 * @folio: the folio
 * @fbatch: the batch
 * @done: number of folios before it, which are no longer in the file
 *
 * If another task reads the folio from a FUSE server that does not answer, the lock is
 * never granted, and only the batch keeps the folios before it. The group pays for them
 * meanwhile, unless it is full.
 *
 * Context: Process context; may sleep, but does not reclaim.
 */
static void bc_batch_lock(struct folio *folio, const struct folio_batch *fbatch,
			  unsigned int done)
{
	struct bc_pin pin = {};

	if (folio_trylock(folio))
		return;
	if (bc_online())
		bc_hold_batch(&pin, fbatch, done);
	folio_lock(folio);
	bc_unpin(&pin);
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_batch_lock(folio, fbatch, done) folio_lock(folio)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* MM_TRUNCATE_BC_H */

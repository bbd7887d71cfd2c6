/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the payer of a hash table that grows in a worker. Included by
 * rhashtable.c.
 */
#ifndef LIB_RHASHTABLE_BC_H
#define LIB_RHASHTABLE_BC_H

#include <linux/beancounter.h>
#include <linux/rhashtable.h>

static struct bucket_table *bucket_table_alloc(struct rhashtable *ht,
					       size_t nbuckets, gfp_t gfp);

/*
 * The payer of the object that contains the table pays. A full group does without a
 * new table; but a nested one, which would be tried for ever, is replaced at nobody's
 * cost.
 */
static inline struct bucket_table *
bc_bucket_table_alloc(struct rhashtable *ht, const struct bucket_table *old_tbl,
		      unsigned int size)
{
	struct beancounter *payer = bc_behalf_begin(ht);
	struct bucket_table *tbl = bucket_table_alloc(ht, size, GFP_KERNEL);

	bc_behalf_end(payer);
	if (!tbl && bc_online() && old_tbl->nest)
		tbl = bucket_table_alloc(ht, size, GFP_KERNEL);
	return tbl;
}

/* There is no new table: what does the caller of bc_bucket_table_alloc() return? */
static inline int bc_rehash_error(const struct bucket_table *old_tbl)
{
	return bc_online() && !old_tbl->nest ? 0 : -ENOMEM;
}

#endif /* LIB_RHASHTABLE_BC_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages of secret memory, which are always locked. Included by filemap.c.
 */
#ifndef MM_FILEMAP_BC_H
#define MM_FILEMAP_BC_H

#include <linux/bc_pin.h>
#include <linux/secretmem.h>

/* A folio enters the page cache: charge it if it is one of secret memory. */
static inline int bc_pin_secret(struct address_space *mapping,
				struct folio *folio, gfp_t gfp)
{
	return secretmem_mapping(mapping) ? bc_pin_folio(folio, gfp) : 0;
}

/* It does not enter the page cache after all. */
static inline void bc_unpin_secret(struct address_space *mapping,
				   struct folio *folio)
{
	if (secretmem_mapping(mapping))
		bc_unpin_folio(folio);
}

#endif /* MM_FILEMAP_BC_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: shmpages, the pages of files that exist in memory only.
 *
 * A page is charged when it is added to the file and given back when it leaves the
 * file: by truncation, a hole, the end of the file. In between it may be swapped out
 * and in, which changes nothing. The payer of the inode pays for pages of all tasks. The
 * inode keeps this payer as long as it exists, so no field is needed to give the charge
 * back to the right account.
 */
#include <linux/bc_shm.h>
#include <linux/kfence.h>
#include <linux/shmem_fs.h>
#include <linux/xarray.h>

#include "../../mm/slab.h"
#include "charge.h"

/* Is a refusal counted? Not if the caller has a fallback, as for a huge page. */
static bool bc_shm_counts(u64 pages)
{
	return pages == 1 && !(current->bc_scope.flags & BC_SCOPE_TRY);
}

/* See bc_shm_charge(). */
bool __bc_shm_charge(const struct inode *inode, u64 pages)
{
	struct beancounter *bc = bc_object_owner(inode, NULL);
	struct bc_request rq = BC_REQUEST(BC_BARRIER, BC_SHMPAGES, pages);

	if (!bc || !bc_ask(bc, &rq))
		return true;
	if (bc_shm_counts(pages))
		bc_refused(bc, &rq);
	return false;
}

/* See bc_shm_uncharge(). */
void __bc_shm_uncharge(const struct inode *inode, u64 pages)
{
	bc_uncharge(bc_object_owner(inode, NULL), BC_SHMPAGES, pages);
}

#if defined(CONFIG_BEANCOUNTERS_DEBUG) && defined(CONFIG_SHMEM)

/**
 * bc_shm_is_cache() - are the objects of a slab cache inodes of such files?
 * @s: the cache
 *
 * The cache of these inodes has a constructor, so it is not merged with another.
 *
 * Context: Any.
 * Return: true if they are.
 */
bool bc_shm_is_cache(const struct kmem_cache *s)
{
	return !strcmp(s->name, "shmem_inode_cache");
}

/* Count the entries of a file: each is a folio, or stands for one swapped out. */
static s64 bc_shm_entries(struct address_space *mapping)
{
	XA_STATE(xas, &mapping->i_pages, 0);
	s64 pages = 0;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, ULONG_MAX) {
		if (xas_retry(&xas, entry))
			continue;
		pages += xa_is_value(entry) ? BIT(xas_get_order(&xas)) :
					      folio_nr_pages(entry);
	}
	rcu_read_unlock();
	return pages;
}

/**
 * bc_shm_audit() - count the pages of a file again
 * @slab: of its inode
 * @i: index of the inode in @slab
 *
 * Two figures may differ. Pages that were never written to may have been dropped, and
 * still be counted as allocated. Pages that could not be read from swap have an entry in
 * the file, but are not counted as allocated. So the larger figure is right.
 *
 * Context: Nothing else runs; the object has an owner.
 * Return: How many pages are charged.
 */
u64 bc_shm_audit(const struct slab *slab, unsigned int i)
{
	struct shmem_inode_info *info = bc_object_at(slab, i);

	return max3((s64)info->alloced, bc_shm_entries(&info->vfs_inode.i_data),
		    0LL);
}

#endif

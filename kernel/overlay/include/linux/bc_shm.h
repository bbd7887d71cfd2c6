/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: shmpages, what is in files that exist in memory only.
 *
 * Files of tmpfs and memfds, System V segments, shared anonymous memory, objects of
 * graphics drivers: pages that are nobody's private memory and that stay when nobody
 * maps them. Who pays for the inode pays for its pages, resident or swapped out.
 */
#ifndef _LINUX_BC_SHM_H
#define _LINUX_BC_SHM_H

#include <linux/beancounter.h>

struct inode;

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_shm_charge(const struct inode *inode, u64 pages);
void __bc_shm_uncharge(const struct inode *inode, u64 pages);

/**
 * bc_shm_charge() - charge pages of a file to the payer of its inode
 * @inode: of the file
 * @pages: how many
 *
 * Context: Any; does not sleep.
 * Return: false when the group may not have them.
 */
static inline bool __must_check bc_shm_charge(const struct inode *inode,
					      long pages)
{
	return !bc_online() || __bc_shm_charge(inode, pages);
}

/**
 * bc_shm_uncharge() - give pages of a file back
 * @inode: of the file
 * @pages: how many
 *
 * Context: Any.
 */
static inline void bc_shm_uncharge(const struct inode *inode, long pages)
{
	if (bc_online())
		__bc_shm_uncharge(inode, pages);
}

#else /* CONFIG_BEANCOUNTERS */

/* No functions: even an empty one makes the compiler lay out code otherwise. */
#define bc_shm_charge(inode, pages) (true)
#define bc_shm_uncharge(inode, pages) \
	do {                          \
	} while (0)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_SHM_H */

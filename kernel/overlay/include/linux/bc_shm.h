/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: shmpages, the pages of files that exist in memory only.
 *
 * These are files of tmpfs and memfds, System V segments, shared anonymous memory, and
 * objects of graphics drivers: their pages are nobody's private memory and stay when
 * nobody maps them. The payer of the inode pays for its pages, resident or swapped out.
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

/* Macros, because even an empty function changes the layout of the caller's code. */
#define bc_shm_charge(inode, pages) (true)
#define bc_shm_uncharge(inode, pages) \
	do {                          \
	} while (0)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_SHM_H */

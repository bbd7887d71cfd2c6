/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: dcachesize, the cache of names.
 *
 * Dentries and inodes count in bytes, for the payer of the object, from their
 * initialization to the moment from which on nobody can find them. Those of sockets,
 * pipes and the like have no name and do not count: their file systems cannot be
 * mounted.
 */
#ifndef _LINUX_BC_NAMES_H
#define _LINUX_BC_NAMES_H

#include <linux/beancounter.h>
#include <linux/fs.h>

#ifdef CONFIG_BEANCOUNTERS

bool __must_check __bc_names_charge(const void *obj, gfp_t flags);
void __bc_names_uncharge(const void *obj);
void iterate_supers_trylock(void (*f)(struct super_block *sb, void *arg),
			    void *arg);

/* Do the names of a file system count? */
static inline bool bc_names_count(const struct super_block *sb)
{
	/* SB_NOUSER never changes, but other flags do, as in a remount. */
	return !data_race(sb->s_flags & SB_NOUSER);
}

/**
 * bc_names_charge() - count a dentry or an inode in the cache of names
 * @sb: of its file system
 * @obj: the dentry or inode
 * @flags: of its allocation
 *
 * Unused dentries and inodes of the group are shrunk before a name is refused. An inode
 * is made inside a file system, which allocates with GFP_NOFS: nothing can wait for
 * room there, so the inode may go a little above the limit.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when its payer may not have it.
 */
static inline bool __must_check bc_names_charge(const struct super_block *sb,
						const void *obj, gfp_t flags)
{
	return !bc_online() || !bc_names_count(sb) ||
	       __bc_names_charge(obj, flags);
}

/**
 * bc_names_uncharge() - a dentry or an inode is in the cache of names no longer
 * @sb: of its file system
 * @obj: the dentry or inode, not freed yet
 *
 * Context: Any.
 */
static inline void bc_names_uncharge(const struct super_block *sb,
				     const void *obj)
{
	if (bc_online() && bc_names_count(sb))
		__bc_names_uncharge(obj);
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_names_charge(sb, obj, flags) true
static inline void bc_names_uncharge(const struct super_block *sb,
				     const void *obj)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_NAMES_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: a walk over superblocks for reclaim. Included by super.c, behind the
 * other walks.
 */
#ifndef FS_SUPER_BC_H
#define FS_SUPER_BC_H

#include <linux/bc_names.h>

#ifdef CONFIG_BEANCOUNTERS

/**
 * iterate_supers_trylock() - call a function for the superblocks at hand
 * @f: the function
 * @arg: argument to pass to it
 *
 * Like iterate_supers(), for reclaim: superblocks that cannot be locked at
 * once are passed over, because the caller may be the one who holds the lock.
 *
 * Context: Process context; may sleep.
 */
void iterate_supers_trylock(void (*f)(struct super_block *sb, void *arg),
			    void *arg)
{
	struct super_block *sb, *p = NULL;

	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, s_list) {
		if (super_flags(sb, SB_DYING))
			continue;

		sb->s_count++;
		spin_unlock(&sb_lock);

		if (super_trylock_shared(sb)) {
			f(sb, arg);
			super_unlock_shared(sb);
		}

		spin_lock(&sb_lock);
		if (p)
			__put_super(p);
		p = sb;
	}
	if (p)
		__put_super(p);
	spin_unlock(&sb_lock);
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* FS_SUPER_BC_H */

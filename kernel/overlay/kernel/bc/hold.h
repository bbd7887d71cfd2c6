/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: where interrupts are turned off, and for how long.
 *
 * The code of the accounts turns interrupts off with the macros in this file only, but
 * for the lists of debug kernels. With CONFIG_BEANCOUNTERS_HOLD each use of a macro
 * remembers the longest time for which interrupts were off from there; a section inside
 * another one counts as a part of that. If the caller had turned interrupts off, the time
 * in the section counts all the same. The time for which a CPU waits for a lock counts
 * with bc_lock() only.
 */
#ifndef _KERNEL_BC_HOLD_H
#define _KERNEL_BC_HOLD_H

#include <linux/irqflags.h>
#include <linux/spinlock.h>

#ifdef CONFIG_BEANCOUNTERS_HOLD
#include <linux/llist.h>

/**
 * struct bc_hold - a place in the code from which interrupts are off
 * @func: name of the function
 * @line: number of the line
 * @listed: the place was reached, and is in the list of such places
 * @longest: in cycles or ns, since the last reset; a race may lose a value
 * @node: entry in that list
 */
struct bc_hold {
	const char *func;
	unsigned int line;
	bool listed;
	u64 longest;
	struct llist_node node;
};

void bc_hold_enter(struct bc_hold *hold);
void bc_hold_leave(void);

#define bc_hold_begin()                           \
	do {                                      \
		static struct bc_hold bc_here = { \
			.func = __func__,         \
			.line = __LINE__,         \
		};                                \
		bc_hold_enter(&bc_here);          \
	} while (0)
#define bc_hold_end() bc_hold_leave()
#else
#define bc_hold_begin() \
	do {            \
	} while (0)
#define bc_hold_end() \
	do {          \
	} while (0)
#endif

#define bc_irq_save(flags)             \
	do {                           \
		local_irq_save(flags); \
		bc_hold_begin();       \
	} while (0)

#define bc_irq_restore(flags)             \
	do {                              \
		bc_hold_end();            \
		local_irq_restore(flags); \
	} while (0)

/* Any raw spinlock but that of a tree, for which there is bc_lock(). */
#define bc_raw_lock(lock, flags)                    \
	do {                                        \
		raw_spin_lock_irqsave(lock, flags); \
		bc_hold_begin();                    \
	} while (0)

#define bc_raw_unlock(lock, flags)                       \
	do {                                             \
		bc_hold_end();                           \
		raw_spin_unlock_irqrestore(lock, flags); \
	} while (0)

#define bc_spin_lock(lock, flags)               \
	do {                                    \
		spin_lock_irqsave(lock, flags); \
		bc_hold_begin();                \
	} while (0)

#define bc_spin_unlock(lock, flags)                  \
	do {                                         \
		bc_hold_end();                       \
		spin_unlock_irqrestore(lock, flags); \
	} while (0)

#endif /* _KERNEL_BC_HOLD_H */

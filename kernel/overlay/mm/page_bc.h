/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hook of the page allocator. Included by page_alloc.c.
 */
#ifndef MM_PAGE_BC_H
#define MM_PAGE_BC_H

#include <linux/beancounter.h>

#ifdef CONFIG_BEANCOUNTERS

/**
 * bc_was_refused() - was a request of the task refused?
 *
 * In that case its group is full, not the machine, and the log needs no warning.
 *
 * Context: Any.
 * Return: true if a request of this task was refused since its last page fault.
 */
static inline bool bc_was_refused(void)
{
	return bc_online() && in_task() &&
	       (current->bc_scope & BC_SCOPE_REFUSED);
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_was_refused(void)
{
	return false;
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* MM_PAGE_BC_H */

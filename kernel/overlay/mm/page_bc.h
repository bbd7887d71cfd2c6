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
	       (current->bc_scope.flags & BC_SCOPE_REFUSED);
}

/**
 * bc_charge_new_page() - charge a block of pages that was just allocated
 * @page: first page of the block, or NULL
 * @order: size of the block
 * @gfp: flags of the allocation
 *
 * Context: Any; may sleep and reclaim when @gfp allows it.
 * Return: @page, or NULL after the block was freed when the group may not have it.
 */
static __always_inline struct page *
bc_charge_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	if (bc_online() && bc_gfp_charged(gfp) && page &&
	    unlikely(bc_page_charge(page, order, gfp) != 0)) {
		__free_pages(page, order);
		return NULL;
	}
	return page;
}

#else /* CONFIG_BEANCOUNTERS */

static inline bool bc_was_refused(void)
{
	return false;
}

#define bc_charge_new_page(page, order, gfp) (page)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* MM_PAGE_BC_H */

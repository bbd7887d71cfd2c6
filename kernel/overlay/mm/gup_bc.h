/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that get_user_pages() has, while it waits for the next one.
 * Included by gup.c.
 *
 * The next page may be one of a FUSE file whose server does not answer. Another thread
 * can unmap the pages before it meanwhile, and then nobody would pay for them. Few pages
 * are covered by what a task pays that waits for FUSE, see fs/fuse/file_bc.h.
 */
#ifndef MM_GUP_BC_H
#define MM_GUP_BC_H

#include <linux/bc_pin.h>

#ifdef CONFIG_BEANCOUNTERS

#define BC_GUP_FEW (BC_FAULT_BYTES >> PAGE_SHIFT)

/**
 * bc_gup_remaining_pages() - __gup_longterm_locked(), with its pages as locked memory
 * @before: pages that the caller has already got
 * @mm: as there
 * @start: as there
 * @nr_pages: as there
 * @pages: as there
 * @locked: as there
 * @gup_flags: as there
 *
 * The charge ends with the call. Callers that keep the pages ask for them afterwards.
 * Drivers that ask before use pin_user_pages(), which does not come here.
 *
 * Context: Process context; may sleep.
 * Return: As there. When the group may not have all pages, a few of them for I/O, and
 * -ENOMEM if @before is not 0 or the pages are to be kept for long.
 */
static long bc_gup_remaining_pages(unsigned long before, struct mm_struct *mm,
				   unsigned long start, unsigned long nr_pages,
				   struct page **pages, int *locked,
				   unsigned int gup_flags)
{
	struct bc_pin pin = {};
	long ret;

	if (!bc_online() || !pages || before + nr_pages <= BC_GUP_FEW)
		goto go;
	if (before || (gup_flags & FOLL_LONGTERM)) {
		ret = bc_pin(&pin, before + nr_pages);
		if (ret)
			return ret;
	} else if (bc_try(bc_pin(&pin, nr_pages))) {
		nr_pages = BC_GUP_FEW;
	}
go:
	ret = __gup_longterm_locked(mm, start, nr_pages, pages, locked,
				    gup_flags);
	bc_unpin(&pin);
	return ret;
}

#define bc_gup_longterm_locked(...) bc_gup_remaining_pages(0, __VA_ARGS__)

/**
 * bc_gup_refused() - was the rest of a range refused?
 * @ret: what bc_gup_remaining_pages() returned
 * @pages: the pages that the caller had got before
 * @before: how many
 * @gup_flags: of the call
 *
 * Context: Process context.
 * Return: true if so. The pages are given back then, and @ret is the right error: callers
 * that keep the pages for long need all of them.
 */
static bool bc_gup_refused(long ret, struct page **pages, unsigned long before,
			   unsigned int gup_flags)
{
	if (!bc_online() || ret != -ENOMEM || !(gup_flags & FOLL_LONGTERM))
		return false;
	unpin_user_pages(pages, before);
	return true;
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_gup_longterm_locked(...) __gup_longterm_locked(__VA_ARGS__)
#define bc_gup_refused(ret, pages, before, gup_flags) false
#define bc_gup_remaining_pages(before, ...) __gup_longterm_locked(__VA_ARGS__)

#endif /* CONFIG_BEANCOUNTERS */

#endif /* MM_GUP_BC_H */

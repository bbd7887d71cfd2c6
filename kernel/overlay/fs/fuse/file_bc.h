/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what a task keeps while it waits for a FUSE server. Included by file.c.
 */
#ifndef FS_FUSE_FILE_BC_H
#define FS_FUSE_FILE_BC_H

#include <linux/bc_pin.h>
#include <linux/pagemap.h>

#ifdef CONFIG_BEANCOUNTERS

static void fuse_readahead(struct readahead_control *rac);

/* Most pages are in the page cache, and then the task does not wait. */
static bool bc_fuse_waits(const struct vm_fault *vmf)
{
	struct folio *folio =
		filemap_get_folio(vmf->vma->vm_file->f_mapping, vmf->pgoff);
	bool waits;

	if (IS_ERR(folio))
		return true;
	waits = !folio_test_uptodate(folio) || folio_test_locked(folio);
	folio_put(folio);
	return waits;
}

/**
 * bc_fuse_fault() - a page of a mapping of a file is missing
 * @vmf: the fault
 *
 * The server may never answer. When the kernel itself reads or writes the mapping, in
 * copy_to_user() or get_user_pages(), it may have references to memory that others give
 * up meanwhile: pages that were pinned before, a packet that was taken out of a socket,
 * pages of a file that was truncated. The group pays for as much as that can be.
 *
 * Context: As the fault of an area; may sleep.
 * Return: As filemap_fault(). VM_FAULT_SIGBUS when the group may not have the memory:
 * the system call fails with EFAULT.
 */
static vm_fault_t bc_fuse_fault(struct vm_fault *vmf)
{
	struct bc_pin pin = {};
	vm_fault_t ret;
	int err;

	if (bc_online() && !(vmf->flags & FAULT_FLAG_USER) &&
	    bc_fuse_waits(vmf)) {
		bool old = bc_limit_begin(true);

		err = bc_hold_bytes(&pin, BC_FAULT_BYTES);
		bc_limit_end(old);
		if (err)
			return VM_FAULT_SIGBUS;
	}
	ret = filemap_fault(vmf);
	bc_unpin(&pin);
	return ret;
}

/**
 * bc_fuse_readahead() - pages are to be read ahead
 * @rac: the pages, which are locked until they are in a request
 *
 * Each request keeps its own pages longer. But the first one may wait, and all are in
 * the page cache for nobody to take back meanwhile.
 *
 * Context: Process context; may sleep.
 */
static void bc_fuse_readahead(struct readahead_control *rac)
{
	struct bc_pin pin = {};

	/* If it is refused, a page is read when it is needed. */
	if (bc_try(bc_hold_bytes(&pin, readahead_length(rac))))
		return;
	fuse_readahead(rac);
	bc_unpin(&pin);
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_fuse_fault filemap_fault
#define bc_fuse_readahead fuse_readahead

#endif /* CONFIG_BEANCOUNTERS */

#endif /* FS_FUSE_FILE_BC_H */

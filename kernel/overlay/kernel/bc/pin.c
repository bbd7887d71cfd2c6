// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: lockedpages that no address space has in its locked_vm.
 *
 * Locked SysV segments, pages that a ring or a socket keeps pinned for I/O,
 * secret memory. They outlive the mapping, often the process, so they stay with
 * the group that asked for them, as kernel objects do.
 */
#include <linux/bc_vm.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

#ifdef CONFIG_BEANCOUNTERS_DEBUG
LIST_HEAD(bc_pins);
DEFINE_RAW_SPINLOCK(bc_pins_lock);

static void bc_pin_list(struct bc_pin *pin)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_pins_lock, flags);
	list_add_tail(&pin->node, &bc_pins);
	raw_spin_unlock_irqrestore(&bc_pins_lock, flags);
}

static void bc_pin_unlist(struct bc_pin *pin)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_pins_lock, flags);
	list_del(&pin->node);
	raw_spin_unlock_irqrestore(&bc_pins_lock, flags);
}
#else
static void bc_pin_list(struct bc_pin *pin)
{
}

static void bc_pin_unlist(struct bc_pin *pin)
{
}
#endif

/**
 * __bc_pin() - charge locked pages to the current group
 * @pin: where to remember it
 * @pages: how many
 *
 * See bc_pin().
 *
 * Context: Any; does not sleep.
 * Return: 0 or -ENOMEM.
 */
int __bc_pin(struct bc_pin *pin, unsigned long pages)
{
	struct beancounter *bc;
	int ret;

	pin->pages = 0;
	if (!pages)
		return 0;
	bc = bc_get_current();
	if (bc == BC_NOBODY)
		return 0;
	ret = bc_charge(bc, BC_LOCKEDPAGES, pages, BC_BARRIER);
	if (!ret) {
		pin->bc = bc;
		pin->pages = pages;
		bc_pin_list(pin);
	}
	/* From here the charge keeps the account. */
	bc_put_payer(bc);
	return ret;
}
EXPORT_SYMBOL_GPL(__bc_pin);

/**
 * __bc_unpin() - give locked pages back
 * @pin: holds some
 *
 * See bc_unpin().
 *
 * Context: Any.
 */
void __bc_unpin(struct bc_pin *pin)
{
	bc_pin_unlist(pin);
	bc_uncharge(pin->bc, BC_LOCKEDPAGES, pin->pages);
	pin->pages = 0;
}
EXPORT_SYMBOL_GPL(__bc_unpin);

/**
 * __bc_pin_folio() - charge a folio that is locked by what it is
 * @folio: new, with nothing in its private
 * @gfp: how to allocate the note of who pays
 *
 * See bc_pin_folio().
 *
 * Context: Process context; may sleep if @gfp says so.
 * Return: 0 or -EDQUOT.
 */
int __bc_pin_folio(struct folio *folio, gfp_t gfp)
{
	struct bc_pin *pin =
		kzalloc(sizeof(*pin), (gfp & GFP_KERNEL) | __GFP_BC);

	if (!pin)
		return -EDQUOT;
	if (__bc_pin(pin, folio_nr_pages(folio))) {
		kfree(pin);
		return -EDQUOT;
	}
	folio->private = pin;
	return 0;
}

/**
 * bc_unpin_folio() - give a folio back that is about to be freed
 * @folio: one that bc_pin_folio() succeeded for, ever; once
 *
 * Context: Any.
 */
void bc_unpin_folio(struct folio *folio)
{
	struct bc_pin *pin = folio->private;

	if (!pin)
		return;
	folio->private = NULL;
	bc_unpin(pin);
	kfree(pin);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: lockedpages that no address space has in its locked_vm.
 *
 * These are locked SysV segments, pages that a ring, a socket or a device keeps pinned
 * for I/O, and secret memory. They outlive the mapping, and often the process, so their
 * charge stays with the group that asked for them, as for kernel objects.
 */
#include <linux/bc_pin.h>
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/pagevec.h>
#include <linux/slab.h>

#include "internal.h"

/*
 * These protect @bc, @res and @pages of pins between bc_pin_more() and bc_unpin_some().
 * Each lock serves many pins.
 */
#define BC_PIN_LOCK_BITS 6
static raw_spinlock_t bc_pin_locks[1 << BC_PIN_LOCK_BITS] = {
	[0 ...(1 << BC_PIN_LOCK_BITS) - 1] =
		__RAW_SPIN_LOCK_UNLOCKED(bc_pin_locks)
};

static raw_spinlock_t *bc_pin_lock(const struct bc_pin *pin)
{
	return &bc_pin_locks[hash_ptr(pin, BC_PIN_LOCK_BITS)];
}

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
 * __bc_pin() - charge the current group for an object, mostly for its locked pages
 * @pin: where to store the charge
 * @res: resource
 * @pages: units of @res
 *
 * See bc_pin() and bc_hold().
 *
 * Context: Any; does not sleep.
 * Return: 0 or -ENOMEM.
 */
int __bc_pin(struct bc_pin *pin, enum bc_resource res, unsigned long pages)
{
	struct beancounter *bc;
	int ret;

	pin->pages = 0;
	if (!pages)
		return 0;
	bc = bc_get_current();
	if (bc == BC_NOBODY)
		return 0;
	ret = bc_charge(bc, res, pages, BC_BARRIER);
	if (!ret) {
		pin->bc = bc;
		pin->res = res;
		pin->pages = pages;
		bc_pin_list(pin);
	}
	/* From here on the charge pins the account. */
	bc_put_payer(bc);
	return ret;
}
EXPORT_SYMBOL_GPL(__bc_pin);

/**
 * bc_folio_pages() - how many pages one page keeps from being freed
 * @page: the page
 * @last: the folio that was counted last; that of @page afterwards
 *
 * Context: Any.
 * Return: The pages of its folio, 0 if that is @last; 1 for a page of hugetlbfs, which
 * has a pool of its own.
 */
unsigned long bc_folio_pages(struct page *page, const struct folio **last)
{
	const struct folio *folio = page_folio(page);
	bool counted = folio == *last;

	*last = folio;
	if (folio_test_hugetlb(folio))
		return 1;
	return counted ? 0 : folio_nr_pages(folio);
}

/* See bc_pin_folios(). */
int __bc_pin_folios(struct bc_pin *pin, struct page **pages, unsigned long n)
{
	const struct folio *last = NULL;
	unsigned long sum = 0;

	while (n--)
		sum += bc_folio_pages(*pages++, &last);
	return __bc_pin(pin, BC_LOCKEDPAGES, sum);
}
EXPORT_SYMBOL_GPL(__bc_pin_folios);

/* See bc_unpin(). */
void __bc_unpin(struct bc_pin *pin)
{
	bc_pin_unlist(pin);
	bc_uncharge(pin->bc, pin->res, pin->pages);
	pin->pages = 0;
}
EXPORT_SYMBOL_GPL(__bc_unpin);

/* The payer of a pin, or the current group if it has none; with a reference. */
static struct beancounter *bc_pin_payer(struct bc_pin *pin)
{
	struct beancounter *bc = NULL;
	unsigned long flags;

	bc_raw_lock(bc_pin_lock(pin), flags);
	if (pin->pages) {
		/* The charge pins the account until the lock is released. */
		bc = pin->bc;
		refcount_inc(&bc->refs);
	}
	bc_raw_unlock(bc_pin_lock(pin), flags);
	return bc ?: bc_get_current();
}

/* Returns false if the pin holds pages by now for which another group pays. */
static bool bc_pin_add(struct bc_pin *pin, struct beancounter *bc,
		       unsigned long pages)
{
	unsigned long flags;
	bool added;

	bc_raw_lock(bc_pin_lock(pin), flags);
	added = !pin->pages || pin->bc == bc;
	if (added) {
		if (!pin->pages)
			bc_pin_list(pin);
		pin->bc = bc;
		pin->res = BC_LOCKEDPAGES;
		pin->pages += pages;
	}
	bc_raw_unlock(bc_pin_lock(pin), flags);
	return added;
}

/* See bc_pin_more(). */
int __bc_pin_more(struct bc_pin *pin, unsigned long pages)
{
	struct beancounter *bc;
	bool done = false;
	int ret = 0;

	while (pages && !ret && !done) {
		bc = bc_pin_payer(pin);
		if (bc == BC_NOBODY)
			return 0;
		ret = bc_charge(bc, BC_LOCKEDPAGES, pages, BC_BARRIER);
		if (!ret) {
			done = bc_pin_add(pin, bc, pages);
			if (!done)
				bc_uncharge(bc, BC_LOCKEDPAGES, pages);
		}
		bc_put_payer(bc);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(__bc_pin_more);

/* See bc_unpin_some(). */
void __bc_unpin_some(struct bc_pin *pin, unsigned long pages)
{
	struct beancounter *bc;
	unsigned long flags;

	bc_raw_lock(bc_pin_lock(pin), flags);
	bc = pin->bc;
	pages = min(pages, pin->pages);
	pin->pages -= pages;
	if (pages && !pin->pages)
		bc_pin_unlist(pin);
	bc_raw_unlock(bc_pin_lock(pin), flags);
	if (pages)
		bc_uncharge(bc, BC_LOCKEDPAGES, pages);
}
EXPORT_SYMBOL_GPL(__bc_unpin_some);

/**
 * __bc_pin_free() - give back the charge of a pin that was allocated
 * @pin: the pin
 *
 * See bc_pin_free().
 *
 * Context: Any.
 */
void __bc_pin_free(struct bc_pin *pin)
{
	bc_unpin(pin);
	kfree(pin);
}

/* See bc_pin_folio(). */
int __bc_pin_folio(struct folio *folio, gfp_t gfp)
{
	struct bc_pin *pin =
		kzalloc(sizeof(*pin), (gfp & GFP_KERNEL) | __GFP_BC);

	if (!pin)
		return -EDQUOT;
	if (__bc_pin(pin, BC_LOCKEDPAGES, folio_nr_pages(folio))) {
		kfree(pin);
		return -EDQUOT;
	}
	folio->private = pin;
	return 0;
}

/**
 * bc_unpin_folio() - give back the charge for a folio that is about to be freed
 * @folio: folio for which bc_pin_folio() has succeeded; called once
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

/**
 * struct bc_shared_pin - a pin that several objects share
 * @pin: the charge
 * @refs: number of these objects
 */
struct bc_shared_pin {
	struct bc_pin pin;
	refcount_t refs;
};

static struct bc_shared_pin *bc_shared_alloc(void)
{
	struct bc_shared_pin *shared;

	shared = kzalloc(sizeof(*shared), GFP_KERNEL | __GFP_BC);
	if (shared)
		refcount_set(&shared->refs, 1);
	return shared;
}

/**
 * bc_pin_shared() - charge locked pages for an object that can be copied
 * @pinp: where to store the pin, which holds nothing when nobody pays
 * @pages: how many
 *
 * Context: Process context; may sleep.
 * Return: 0, or -ENOMEM, with NULL stored in @pinp.
 */
int bc_pin_shared(struct bc_pin **pinp, unsigned long pages)
{
	struct bc_shared_pin *shared = bc_shared_alloc();

	*pinp = NULL;
	if (!shared)
		return -ENOMEM;
	if (__bc_pin(&shared->pin, BC_LOCKEDPAGES, pages)) {
		kfree(shared);
		return -ENOMEM;
	}
	*pinp = &shared->pin;
	return 0;
}

/* Let @pin hold bytes of kmemsize for which @bc was charged. */
static void bc_pin_take(struct bc_pin *pin, struct beancounter *bc, u64 bytes)
{
	pin->bc = bc;
	pin->res = BC_KMEMSIZE;
	pin->pages = bytes;
	bc_pin_list(pin);
}

/* See bc_hold_bytes(). */
int __bc_hold_bytes(struct bc_pin *pin, u64 bytes)
{
	struct beancounter *bc;
	bool ok;

	pin->pages = 0;
	if (!bytes)
		return 0;
	bc = bc_bytes_charge(bytes, GFP_KERNEL | __GFP_BC, &ok);
	if (bc)
		bc_pin_take(pin, bc, bytes);
	return ok ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(__bc_hold_bytes);

/**
 * bc_hold_batch() - charge folios to kmemsize that only a batch keeps
 * @pin: where to store the charge; holds nothing yet, and nothing after a refusal
 * @fbatch: the batch, with folios and values
 * @nr: how many of its entries
 *
 * Up to the limit. The memory is there, so a refusal is not counted.
 *
 * Context: Process context; does not sleep.
 */
void bc_hold_batch(struct bc_pin *pin, const struct folio_batch *fbatch,
		   unsigned int nr)
{
	struct beancounter *bc;
	u64 bytes = 0;
	bool ok;

	while (nr--) {
		if (!xa_is_value(fbatch->folios[nr]))
			bytes += folio_size(fbatch->folios[nr]);
	}
	if (!bytes)
		return;
	bc = bc_try(bc_bytes_charge(bytes, GFP_NOWAIT | __GFP_BC_LIMIT, &ok));
	if (bc)
		bc_pin_take(pin, bc, bytes);
}

/* See bc_hold_pages(). */
int __bc_hold_pages(struct bc_pin *pin, unsigned int *nr)
{
	u64 bytes = (u64)*nr << PAGE_SHIFT;

	if (*nr > 1 && !bc_try(__bc_hold_bytes(pin, bytes)))
		return 0;
	*nr = 1;
	return __bc_hold_bytes(pin, PAGE_SIZE);
}
EXPORT_SYMBOL_GPL(__bc_hold_pages);

/**
 * bc_pin_bytes() - charge bytes of kmemsize for an object that can be copied
 * @pinp: where to store the pin; NULL when nobody pays
 * @bytes: how many
 *
 * Context: Process context; may sleep and reclaim.
 * Return: 0, or -ENOMEM, with NULL stored in @pinp.
 */
int bc_pin_bytes(struct bc_pin **pinp, u64 bytes)
{
	struct bc_shared_pin *shared;
	struct beancounter *bc;
	bool ok;

	*pinp = NULL;
	bc = bc_bytes_charge(bytes, GFP_KERNEL | __GFP_BC, &ok);
	if (!bc)
		return ok ? 0 : -ENOMEM;
	shared = bc_shared_alloc();
	if (!shared) {
		bc_uncharge(bc, BC_KMEMSIZE, bytes);
		return -ENOMEM;
	}
	bc_pin_take(&shared->pin, bc, bytes);
	*pinp = &shared->pin;
	return 0;
}

/* Charge @bytes more to the payer of a pin; if it is the current group, make room. */
static int bc_pin_grow(struct bc_pin *pin, u64 bytes, enum bc_severity severity)
{
	struct beancounter *bc = NULL;
	bool ok = false;

	if (severity == BC_BARRIER)
		bc = bc_bytes_charge(bytes, GFP_KERNEL | __GFP_BC, &ok);
	if (bc == pin->bc)
		return 0;
	/* The task has moved, or there was no room. */
	bc_uncharge(bc, BC_KMEMSIZE, bytes);
	if (severity == BC_BARRIER && !ok)
		return -ENOMEM;
	return bc_charge(pin->bc, BC_KMEMSIZE, bytes, severity);
}

/**
 * bc_pin_set() - let a pin of bc_pin_bytes() hold more or fewer bytes
 * @pin: the pin, which nobody else uses yet; NULL when nobody pays
 * @bytes: how many
 * @severity: what to check against, if they are more
 *
 * Context: Process context; may sleep and reclaim when @severity is BC_BARRIER.
 * Return: 0, or -ENOMEM with @pin as it was.
 */
int bc_pin_set(struct bc_pin *pin, u64 bytes, enum bc_severity severity)
{
	if (!pin)
		return 0;
	if (!bytes) {
		bc_unpin(pin);
		return 0;
	}
	if (bytes > pin->pages &&
	    bc_pin_grow(pin, bytes - pin->pages, severity))
		return -ENOMEM;
	if (bytes < pin->pages)
		bc_uncharge(pin->bc, pin->res, pin->pages - bytes);
	pin->pages = bytes;
	return 0;
}

/**
 * bc_pin_get() - one more object shares the charge of bc_pin_shared()
 * @pin: the pin, or NULL
 *
 * Context: Any.
 */
void bc_pin_get(struct bc_pin *pin)
{
	if (pin)
		refcount_inc(
			&container_of(pin, struct bc_shared_pin, pin)->refs);
}

/**
 * bc_unpin_shared() - one object less shares the charge of bc_pin_shared()
 * @pin: the pin, or NULL
 *
 * Context: Any.
 */
void bc_unpin_shared(struct bc_pin *pin)
{
	struct bc_shared_pin *shared =
		container_of(pin, struct bc_shared_pin, pin);

	if (!pin || !refcount_dec_and_test(&shared->refs))
		return;
	bc_unpin(pin);
	kfree(shared);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the hooks of what an object holds for its maker, mostly locked memory.
 */
#ifndef _LINUX_BC_PIN_H
#define _LINUX_BC_PIN_H

#include <linux/beancounter.h>

struct folio;
struct folio_batch;
struct iov_iter;
struct page;
struct sk_buff;
struct ubuf_info;

/**
 * struct bc_zerocopy - what the notification of a send without a copy has charged
 * @pin: the pages; first, because bc_pin_free() may free the whole
 * @last: the folio of the last of them
 *
 * Protected by the lock of the socket. Nothing without beancounters.
 */
struct bc_zerocopy {
#ifdef CONFIG_BEANCOUNTERS
	struct bc_pin pin;
	const struct folio *last;
#endif
};

#ifdef CONFIG_BEANCOUNTERS

/*
 * What a task pays that waits for a FUSE server in a page fault of the kernel: as much as
 * it may keep from being freed meanwhile.
 */
#define BC_FAULT_BYTES (1024UL * 1024)

int __must_check __bc_pin(struct bc_pin *pin, enum bc_resource res,
			  unsigned long pages);
int __must_check __bc_hold_bytes(struct bc_pin *pin, u64 bytes);
int __must_check __bc_hold_pages(struct bc_pin *pin, unsigned int *nr);
void bc_hold_batch(struct bc_pin *pin, const struct folio_batch *fbatch,
		   unsigned int nr);
void __bc_unpin(struct bc_pin *pin);
int __must_check __bc_pin_more(struct bc_pin *pin, unsigned long pages);
void __bc_unpin_some(struct bc_pin *pin, unsigned long pages);
void __bc_pin_free(struct bc_pin *pin);
int __must_check __bc_pin_folio(struct folio *folio, gfp_t gfp);
void bc_unpin_folio(struct folio *folio);
int __must_check bc_pin_shared(struct bc_pin **pinp, unsigned long pages);
int __must_check bc_pin_bytes(struct bc_pin **pinp, u64 bytes);
int __must_check __bc_pin_folios(struct bc_pin *pin, struct page **pages,
				 unsigned long n);
int bc_pin_set(struct bc_pin *pin, u64 bytes, enum bc_severity severity);
void bc_pin_get(struct bc_pin *pin);
void bc_unpin_shared(struct bc_pin *pin);

unsigned long bc_folio_pages(struct page *page, const struct folio **last);
int bc_zerocopy_pin(struct bc_zerocopy *zc, const struct sk_buff *skb,
		    unsigned int orig_len);
int bc_notif_charge(struct ubuf_info *uarg, const struct sk_buff *skb,
		    unsigned int orig_len);
int __must_check __bc_zerocopy_charge(struct ubuf_info *uarg,
				      struct sk_buff *skb,
				      unsigned int orig_len);

/**
 * bc_pin() - charge memory that an object other than an address space locks
 * @pin: of the object; holds nothing yet
 * @pages: how many
 *
 * The current group pays until bc_unpin(), even if the task moves.
 *
 * Context: Any; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int __must_check bc_pin(struct bc_pin *pin, unsigned long pages)
{
	return bc_online() ? __bc_pin(pin, BC_LOCKEDPAGES, pages) : 0;
}

/**
 * bc_pin_folios() - charge pages of user space that an object keeps
 * @pin: of the object; holds nothing yet
 * @pages: the pages, in the order of their addresses
 * @n: number of entries in @pages
 *
 * One page keeps all of its folio, which is charged once for pages beside each other;
 * except in hugetlbfs, whose pages are counted one by one.
 * The current group pays until bc_unpin(), even if the task moves.
 *
 * Context: Any; does not sleep.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int __must_check bc_pin_folios(struct bc_pin *pin,
					     struct page **pages,
					     unsigned long n)
{
	return bc_online() ? __bc_pin_folios(pin, pages, n) : 0;
}

/**
 * bc_hold() - charge an object for a resource other than memory
 * @pin: of the object; holds nothing yet
 * @res: resource, not one that has stocks
 * @n: units of @res
 *
 * The current group pays until bc_unpin(), even if the task moves.
 *
 * Context: Any; does not sleep.
 * Return: 0 or -ENOMEM.
 */
static inline int __must_check bc_hold(struct bc_pin *pin, enum bc_resource res,
				       unsigned long n)
{
	return bc_online() ? __bc_pin(pin, res, n) : 0;
}

/**
 * bc_hold_bytes() - charge bytes of kmemsize for an object
 * @pin: of the object; holds nothing yet
 * @bytes: how many
 *
 * The current group pays until bc_unpin(), even if the task moves.
 *
 * Context: Process context; may sleep and reclaim.
 * Return: 0 or -ENOMEM.
 */
static inline int __must_check bc_hold_bytes(struct bc_pin *pin, u64 bytes)
{
	return bc_online() ? __bc_hold_bytes(pin, bytes) : 0;
}

/**
 * bc_hold_pages() - charge pages to kmemsize for an object, or at least one of them
 * @pin: of the object; holds nothing yet
 * @nr: how many; afterwards 1, if the group may not have more
 *
 * As bc_hold_bytes().
 *
 * Context: Process context; may sleep and reclaim.
 * Return: 0 or -ENOMEM.
 */
static inline int __must_check bc_hold_pages(struct bc_pin *pin,
					     unsigned int *nr)
{
	return bc_online() ? __bc_hold_pages(pin, nr) : 0;
}

/**
 * bc_unpin() - give back the charge of bc_pin() or bc_hold()
 * @pin: of the object; may hold nothing
 *
 * Context: Any.
 */
static inline void bc_unpin(struct bc_pin *pin)
{
	if (pin->pages)
		__bc_unpin(pin);
}

static inline void bc_pin_init(struct bc_pin *pin)
{
	pin->pages = 0;
}

/**
 * bc_pin_more() - charge locked memory for an object that may hold some already
 * @pin: of the object
 * @pages: how many more
 *
 * The payer of @pin pays, or the current group if @pin holds nothing, until
 * bc_unpin_some() or bc_unpin().
 *
 * Context: Any; does not sleep. May run at the same time as itself and as
 * bc_unpin_some() for the same @pin.
 * Return: 0, or -ENOMEM when the group may not have them.
 */
static inline int __must_check bc_pin_more(struct bc_pin *pin,
					   unsigned long pages)
{
	return bc_online() ? __bc_pin_more(pin, pages) : 0;
}

/**
 * bc_unpin_some() - give back a part of the charge of bc_pin_more()
 * @pin: of the object
 * @pages: how many
 *
 * A pin does not remember pages that were pinned without a payer, so the pages that
 * are given back first count as the charged ones.
 *
 * Context: Any.
 */
static inline void bc_unpin_some(struct bc_pin *pin, unsigned long pages)
{
	if (READ_ONCE(pin->pages))
		__bc_unpin_some(pin, pages);
}

/**
 * bc_pin_clear() - an object has no pin yet
 * @pinp: where a pin is stored that is allocated when it is needed
 *
 * Context: Any.
 */
static inline void bc_pin_clear(struct bc_pin **pinp)
{
	*pinp = NULL;
}

/**
 * bc_pin_free() - give back the charge of a pin that was allocated, and free it
 * @pinp: of the object; may hold nothing, or be NULL
 *
 * Context: Any.
 */
static inline void bc_pin_free(struct bc_pin **pinp)
{
	if (*pinp)
		__bc_pin_free(*pinp);
	*pinp = NULL;
}

/**
 * bc_zerocopy_charge() - charge pages that a packet sends without a copy
 * @uarg: the notification that says when they are sent, or NULL
 * @skb: the packet
 * @orig_len: its length before the pages were added
 *
 * They are locked memory of the current group until the notification. One page keeps
 * all of its folio.
 *
 * Context: Process context; may sleep.
 * Return: 0; -ENOBUFS, which tells users of MSG_ZEROCOPY to send a copy, or -ENOMEM from
 * io_uring, when the group may not have them.
 */
static inline int __must_check bc_zerocopy_charge(struct ubuf_info *uarg,
						  struct sk_buff *skb,
						  unsigned int orig_len)
{
	return bc_online() && uarg ? __bc_zerocopy_charge(uarg, skb, orig_len) :
				     0;
}

int bc_zerocopy_fits(struct sk_buff *skb, struct iov_iter *from,
		     unsigned int orig_len, int ret);

/**
 * bc_pin_folio() - charge a folio that is always locked, as one of secret memory
 * @folio: new; its private is still unused, and gets the pin
 * @gfp: flags for the allocation of the pin
 *
 * The current group pays until bc_unpin_folio().
 *
 * Context: Process context; may sleep if @gfp says so.
 * Return: 0, or -EDQUOT when the group may not have it: in a fault that error becomes
 * SIGBUS, whereas -ENOMEM would be tried again for ever.
 */
static inline int __must_check bc_pin_folio(struct folio *folio, gfp_t gfp)
{
	return bc_online() ? __bc_pin_folio(folio, gfp) : 0;
}

#else /* CONFIG_BEANCOUNTERS */

static inline int __must_check bc_pin(struct bc_pin *pin, unsigned long pages)
{
	return 0;
}

static inline int __must_check bc_pin_folios(struct bc_pin *pin,
					     struct page **pages,
					     unsigned long n)
{
	return 0;
}

static inline int __must_check bc_hold(struct bc_pin *pin, enum bc_resource res,
				       unsigned long n)
{
	return 0;
}

static inline int __must_check bc_hold_bytes(struct bc_pin *pin, u64 bytes)
{
	return 0;
}

static inline void bc_unpin(struct bc_pin *pin)
{
}

static inline void bc_pin_init(struct bc_pin *pin)
{
}

static inline int __must_check bc_pin_more(struct bc_pin *pin,
					   unsigned long pages)
{
	return 0;
}

static inline void bc_unpin_some(struct bc_pin *pin, unsigned long pages)
{
}

static inline void bc_pin_clear(struct bc_pin **pinp)
{
}

static inline void bc_pin_free(struct bc_pin **pinp)
{
}

#define bc_zerocopy_fits(skb, from, orig_len, ret) ((void)(orig_len), (ret))
#define bc_hold_pages(pin, nr) 0

static inline int __must_check bc_pin_folio(struct folio *folio, gfp_t gfp)
{
	return 0;
}

static inline void bc_unpin_folio(struct folio *folio)
{
}

#endif /* CONFIG_BEANCOUNTERS */

#endif /* _LINUX_BC_PIN_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the stocks, taken from and given to.
 *
 * The words are opened and closed in stock.c. What is here is the way that
 * almost every charge and almost everything that is given back goes.
 */
#ifndef _KERNEL_BC_STOCK_H
#define _KERNEL_BC_STOCK_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/sizes.h>

#include "internal.h"

/*
 * What an object or a page is charged is one number, as a word of a stock is:
 * bytes of kmemsize, and for an open file one of numfile.
 */
#define BC_FILE BIT_ULL(32)

/* What one refill leaves in a stock at most, and the most that is put into it. */
#define BC_STOCK_BATCH ((s64)SZ_16K)
#define BC_STOCK_MAX ((s64)SZ_32K - 1)
#define BC_STOCK_FILES 8
#define BC_STOCK_FILES_MAX 15
/* A refill of less than this is not worth a stock. */
#define BC_STOCK_MIN ((s64)SZ_512)
/*
 * In an open word these bits are zero in both halves, whatever a refill left
 * there. What is taken though it is not there sets one of them. So they are set
 * in a closed word, and twice over: taking less than a quarter of what a half
 * can hold leaves one.
 */
#define BC_STOCK_NONE (BIT_ULL(63) | BIT_ULL(31))
#define BC_STOCK_CLOSED ((s64)(BC_STOCK_NONE | BC_STOCK_NONE >> 1))
/* What putting something into a word must not set: then it is full, or closed. */
#define BC_STOCK_FULL ~((u64)BC_STOCK_MAX | (u64)BC_STOCK_FILES_MAX * BC_FILE)

/**
 * struct bc_stock - what one CPU may hand out on its own
 * @word: BC_STOCK_CLOSED, or 0 to BC_STOCK_MAX bytes and 0 to
 *	BC_STOCK_FILES_MAX files, plus a refill when frees slipped in before it
 */
struct bc_stock {
	atomic64_t word;
};

/**
 * struct bc_sum - what many words hold
 * @bytes: of kmemsize
 * @files: of numfile
 */
struct bc_sum {
	u64 bytes;
	u64 files;
};

/*
 * What an object of a cache counts in one number: its bytes, and BC_FILE if it is an
 * open file. An object that counts one in another resource has that from here on; it
 * is more than a word can hold, so every step that uses words passes it on.
 */
#define BC_ITEM_SHIFT 40

/* What is wanted of kmemsize and of the resource of an item, which is looked at first. */
static __always_inline struct bc_request
bc_item_request(enum bc_resource item, u64 items, u64 bytes,
		enum bc_severity severity)
{
	struct bc_request rq = BC_REQUEST(severity, item, items);

	rq.want[1] = (struct bc_want){ BC_KMEMSIZE, bytes };
	return rq;
}

static __always_inline struct bc_request
bc_object_request(u64 bytes, u64 files, enum bc_severity severity)
{
	return bc_item_request(BC_NUMFILE, files, bytes, severity);
}

static __always_inline u32 bc_bytes_of(u64 n)
{
	return n;
}

static __always_inline u32 bc_files_of(u64 n)
{
	return n / BC_FILE;
}

/* The resource in which an object counts that no word can hold; 0 for none. */
static __always_inline enum bc_resource bc_item_of(u64 n)
{
	BUILD_BUG_ON(BC_KMEMSIZE);
	return n >> BC_ITEM_SHIFT;
}

/*
 * Take from this CPU's word. That the task may move to another CPU between the
 * look-up and the exchange is harmless: it is a word of the same group.
 */
static __always_inline bool bc_stock_take(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);
	u64 rest = old - n;

	return !(rest & BC_STOCK_NONE) &&
	       atomic64_try_cmpxchg(word, &old, rest);
}

/* Put into this CPU's word; false when it is closed or full. */
static __always_inline bool bc_stock_give(struct beancounter *bc, u64 n)
{
	atomic64_t *word = &raw_cpu_ptr(bc->stock)->word;
	s64 old = atomic64_read(word);
	u64 sum = old + n;

	return !(sum & BC_STOCK_FULL) && atomic64_try_cmpxchg(word, &old, sum);
}

/* Does this CPU's word take nothing? Under the lock, which opens it. */
static __always_inline bool bc_stock_closed(struct beancounter *bc)
{
	return atomic64_read(&raw_cpu_ptr(bc->stock)->word) < 0;
}

/* stock.c */
/* With less room than this many bytes at some level there is no stock. */
extern s64 bc_stock_room;
void bc_stock_init(void);
void bc_close_words(struct beancounter *bc, struct bc_sum *sum);
bool bc_drain(struct beancounter *root, struct bc_sum *sum);
u64 bc_stock_sum(struct beancounter *root, enum bc_resource res);
bool bc_may_open(struct beancounter *bc, u64 n);
void bc_fill(struct beancounter *bc, u64 n);
void bc_refill(struct beancounter *bc, u64 n);

/* charge.c */
void bc_kmem_uncharge_slow(struct beancounter *bc, u64 n);

static __always_inline void bc_kmem_uncharge(struct beancounter *bc, u64 n)
{
	if (unlikely(!bc_stock_give(bc, n)))
		bc_kmem_uncharge_slow(bc, n);
}

#endif /* _KERNEL_BC_STOCK_H */

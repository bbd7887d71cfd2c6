/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the stocks, taken from and given to.
 *
 * The words are opened in stock.c and closed in drain.c. The functions here are the
 * fast path: almost every charge and uncharge needs only them.
 */
#ifndef _KERNEL_BC_STOCK_H
#define _KERNEL_BC_STOCK_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/sizes.h>

#include "internal.h"

/*
 * The charge of an object or a page is one number with the layout of a stock's first
 * word: bytes of kmemsize, and one of numfile for an open file.
 */
#define BC_FILE BIT_ULL(32)

/*
 * A refill leaves at most BC_STOCK_BATCH bytes in a word. Frees fill it up to
 * BC_STOCK_MAX, which is a little more than a fork() takes and the exit gives back.
 */
#define BC_STOCK_BATCH ((s64)SZ_64K)
#define BC_STOCK_MAX ((s64)SZ_128K - 1)
/* A full word keeps so many bytes, so that it can both take and give. */
#define BC_STOCK_KEEP ((s64)SZ_64K + SZ_32K)
#define BC_STOCK_FILES 8
#define BC_STOCK_FILES_MAX 15
/* A refill of less than this is not worth a stock. */
#define BC_STOCK_MIN ((s64)SZ_512)
/*
 * In an open word the bits of BC_STOCK_NONE are zero in both halves, whatever a refill
 * left there. Taking more than a half has sets its bit. A closed word has these bits
 * set, and the next lower ones, too: then one bit of each half stays set when less than
 * a quarter of what it can hold is taken.
 */
#define BC_STOCK_NONE (BIT_ULL(63) | BIT_ULL(31))
#define BC_STOCK_CLOSED ((s64)(BC_STOCK_NONE | BC_STOCK_NONE >> 1))
/* If putting units into a word would set one of these bits, it is full, or closed. */
#define BC_STOCK_FULL ~((u64)BC_STOCK_MAX | (u64)BC_STOCK_FILES_MAX * BC_FILE)

/*
 * The word for all CPUs takes more, because RCU gives thousands of objects back at a
 * time. Its size is bounded, because the levels above count the units in it as held in
 * their maxheld.
 */
#define BC_NEAR_MAX ((s64)SZ_2M - 1)
#define BC_NEAR_KEEP ((s64)SZ_1M + SZ_512K)
#define BC_NEAR_FILES_MAX 127
#define BC_NEAR_FULL ~((u64)BC_NEAR_MAX | (u64)BC_NEAR_FILES_MAX * BC_FILE)

/**
 * struct bc_sum - the contents of many words
 * @bytes: of kmemsize
 * @files: of numfile
 * @lanes: the lanes were not all empty
 */
struct bc_sum {
	u64 bytes;
	u64 files;
	bool lanes;
};

static inline void bc_sum_add(struct bc_sum *sum, const struct bc_sum *more)
{
	sum->bytes += more->bytes;
	sum->files += more->files;
	sum->lanes |= more->lanes;
}

static inline bool bc_sum_any(const struct bc_sum *sum)
{
	return sum->bytes || sum->files || sum->lanes;
}

/**
 * struct bc_lane - the place of a resource in a stock's words of lanes
 * @nr: number of the lane
 * @word: index of its word
 * @shift: its lowest bit in that word
 * @bits: number of its bits; the upper two are zero while the lane is open
 * @max: the most that frees leave in it, one less than a power of two
 * @batch: the most that one refill leaves in it
 * @least: a refill of less than this is not worth a lane
 *
 * A lane never has more than a quarter of what its bits can hold, so that taking
 * more units than it has sets the top bit, as in the first word. The subtraction
 * borrows from the lane above then, but its result is not stored.
 */
struct bc_lane {
	u8 nr;
	u8 word;
	u8 shift;
	u8 bits;
	u32 max;
	u32 batch;
	u32 least;
};

/* Pages: an area has many of them, so the lane is larger than one for items. */
#define BC_LANE_PAGES .bits = 16, .max = 4095, .batch = 64, .least = 1
/* Items, which come and go one by one. */
#define BC_LANE_ITEMS .bits = 6, .max = 7, .batch = 4, .least = 1
/* Bytes, as in the first word. */
#define BC_LANE_BYTES                                             \
	.bits = 32, .max = BC_STOCK_MAX, .batch = BC_STOCK_BATCH, \
	.least = BC_STOCK_MIN

/* The lane of a resource: a constant if @res is one; .bits is 0 if it has none. */
static __always_inline struct bc_lane bc_lane_of(enum bc_resource res)
{
	static const struct bc_lane lanes[BC_NR_RESOURCES] = {
		[BC_PRIVVMPAGES] = { 0, 0, .shift = 0, BC_LANE_PAGES },
		[BC_SHMPAGES] = { 1, 0, .shift = 16, BC_LANE_PAGES },
		[BC_NUMPROC] = { 2, 0, .shift = 32, BC_LANE_ITEMS },
		[BC_NUMTCPSOCK] = { 3, 0, .shift = 38, BC_LANE_ITEMS },
		[BC_NUMOTHERSOCK] = { 4, 0, .shift = 44, BC_LANE_ITEMS },
		[BC_NUMFLOCK] = { 5, 0, .shift = 50, BC_LANE_ITEMS },
		[BC_NUMSIGINFO] = { 6, 0, .shift = 56, BC_LANE_ITEMS },
		[BC_TCPSNDBUF] = { 7, 1, .shift = 0, BC_LANE_BYTES },
		[BC_TCPRCVBUF] = { 8, 1, .shift = 32, BC_LANE_BYTES },
		[BC_OTHERSOCKBUF] = { 9, 2, .shift = 0, BC_LANE_BYTES },
		[BC_DGRAMRCVBUF] = { 10, 2, .shift = 32, BC_LANE_BYTES },
		[BC_DCACHESIZE] = { 11, 3, .shift = 0, BC_LANE_BYTES },
	};

	return lanes[res];
}

/* Two bits of each lane of a word, as in BC_STOCK_CLOSED. */
static __always_inline s64 bc_lanes_closed(unsigned int word)
{
	static const u64 closed[BC_LANE_WORDS] = {
		0x30c30c30c000c000ULL,
		0xc0000000c0000000ULL,
		0xc0000000c0000000ULL,
		0x00000000c0000000ULL,
	};

	return closed[word];
}

static __always_inline atomic64_t *bc_lane_word(struct bc_stock *stock,
						struct bc_lane lane)
{
	return &stock->lanes[lane.word];
}

static __always_inline u64 bc_lane_read(const struct bc_stock *stock,
					struct bc_lane lane)
{
	return atomic64_read(&stock->lanes[lane.word]);
}

/* The top bit of a lane, which is set while the lane is closed. */
static __always_inline u64 bc_lane_none(struct bc_lane lane)
{
	return BIT_ULL(lane.shift + lane.bits - 1);
}

/* The bits of a lane, closed or not. */
static __always_inline u32 bc_lane_bits(struct bc_lane lane, u64 word)
{
	return (word >> lane.shift) & (BIT_ULL(lane.bits) - 1);
}

/* The units in a lane, 0 if it is closed. */
static __always_inline u32 bc_lane_has(struct bc_lane lane, u64 word)
{
	return word & bc_lane_none(lane) ? 0 : bc_lane_bits(lane, word);
}

/*
 * The charge of an object, as one number, has its bytes, and BC_FILE if it is an open
 * file. If the object counts as an item of another resource, the number of that
 * resource starts at this bit. Such a charge is more than a word can hold, so the
 * exchange on a word fails, and the item is taken from its lane. So many files have the
 * bit as well: bulks that large are charged and given back in other ways.
 */
#define BC_ITEM_SHIFT 40

/* A request for items and for bytes; the items are checked first. */
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
	return n & U32_MAX;
}

static __always_inline u32 bc_files_of(u64 n)
{
	return n / BC_FILE;
}

/* The resource in which an object counts as an item, but for numfile; 0 for none. */
static __always_inline enum bc_resource bc_item_of(u64 n)
{
	BUILD_BUG_ON(BC_KMEMSIZE);
	return n >> BC_ITEM_SHIFT;
}

/*
 * This CPU's words. The task may move to another CPU between the look-up and the
 * exchange, which is harmless: the words belong to the same group.
 */
static __always_inline struct bc_stock *bc_stock_here(struct beancounter *bc)
{
	return raw_cpu_ptr(bc->stock);
}

/* Take from a word; false when it is closed or has too little. */
static __always_inline bool bc_word_take(struct bc_stock *stock, u64 n)
{
	s64 old = atomic64_read(&stock->word);
	u64 rest;

	do {
		rest = old - n;
		if (rest & BC_STOCK_NONE)
			return false;
	} while (unlikely(!atomic64_try_cmpxchg(&stock->word, &old, rest)));
	return true;
}

/* Put into a word; false when it is closed or full, which @full detects. */
static __always_inline bool bc_word_give(struct bc_stock *stock, u64 n,
					 u64 full)
{
	s64 old = atomic64_read(&stock->word);
	u64 sum;

	do {
		sum = old + n;
		if (sum & full)
			return false;
	} while (unlikely(!atomic64_try_cmpxchg(&stock->word, &old, sum)));
	return true;
}

static __always_inline bool bc_stock_take(struct beancounter *bc, u64 n)
{
	return bc_word_take(bc_stock_here(bc), n);
}

static __always_inline bool bc_stock_give(struct beancounter *bc, u64 n)
{
	return bc_word_give(bc_stock_here(bc), n, BC_STOCK_FULL);
}

/* The same for the word for all CPUs. */
static __always_inline bool bc_near_take(struct beancounter *bc, u64 n)
{
	return bc_word_take(&bc->near, n);
}

static __always_inline bool bc_near_give(struct beancounter *bc, u64 n)
{
	return bc_word_give(&bc->near, n, BC_NEAR_FULL);
}

/* Does a lane have so many units? The answer may be old, unless interrupts are off. */
static __always_inline bool bc_lane_covers(struct bc_stock *stock,
					   enum bc_resource res, u64 n)
{
	struct bc_lane lane = bc_lane_of(res);

	return n <= lane.max &&
	       bc_lane_has(lane, bc_lane_read(stock, lane)) >= n;
}

/* Lower the least that a lane had to the units that it has now. */
static __always_inline void bc_lane_lower(u32 *low, u32 has)
{
	u32 old = READ_ONCE(*low);

	while (unlikely(has < old) && !try_cmpxchg(low, &old, has))
		;
}

/* Would a lane be open still, if so many units were taken? */
static __always_inline bool bc_lane_spares(struct bc_lane lane, u64 word, u64 n)
{
	/* If the resource has no lane, lane.max is 0. */
	return n <= lane.max &&
	       !((word - (n << lane.shift)) & bc_lane_none(lane));
}

/* Take from a lane, as bc_word_take() does from the word. */
static __always_inline bool bc_lane_take(struct bc_stock *stock,
					 enum bc_resource res, u64 n)
{
	struct bc_lane lane = bc_lane_of(res);
	atomic64_t *word = bc_lane_word(stock, lane);
	s64 old = atomic64_read(word);
	u64 rest;

	/*
	 * Update @low before the exchange, because an interrupt right after it may
	 * change the counters, and again afterwards, because another CPU may have
	 * changed them in between. A value that is too low does no harm.
	 */
	do {
		if (!bc_lane_spares(lane, old, n))
			return false;
		rest = old - (n << lane.shift);
		bc_lane_lower(&stock->low[lane.nr], bc_lane_bits(lane, rest));
	} while (unlikely(!atomic64_try_cmpxchg(word, &old, rest)));
	bc_lane_lower(&stock->low[lane.nr], bc_lane_bits(lane, rest));
	return true;
}

/* Put into a lane; false when it is closed or full, or there is none. */
static __always_inline bool bc_lane_give(struct bc_stock *stock,
					 enum bc_resource res, u64 n)
{
	struct bc_lane lane = bc_lane_of(res);
	atomic64_t *word = bc_lane_word(stock, lane);
	s64 old;

	if (n > lane.max)
		return false;
	old = atomic64_read(word);
	do {
		/* The bits of a closed lane are far above the maximum. */
		if (bc_lane_bits(lane, old) + n > lane.max)
			return false;
	} while (unlikely(
		!atomic64_try_cmpxchg(word, &old, old + (n << lane.shift))));
	return true;
}

/* Is a word closed? Under the lock, without which no word is opened. */
static __always_inline bool bc_word_closed(const struct bc_stock *stock)
{
	return atomic64_read(&stock->word) < 0;
}

static __always_inline bool bc_lane_closed(const struct bc_stock *stock,
					   struct bc_lane lane)
{
	return bc_lane_read(stock, lane) & bc_lane_none(lane);
}

/*
 * The stocks of a group by number: one for each CPU, and behind them the one for all
 * CPUs.
 */
static inline unsigned int bc_nr_stocks(void)
{
	return nr_cpu_ids + 1;
}

static inline struct bc_stock *bc_stock_nr(struct beancounter *bc,
					   unsigned int nr)
{
	return nr < nr_cpu_ids ? per_cpu_ptr(bc->stock, nr) : &bc->near;
}

/* drain.c */
bool bc_close_words(struct beancounter *bc, struct bc_sum *sum);
bool bc_drain(struct beancounter *root, struct bc_sum *sum);
void bc_drain_begin(struct beancounter *root);
void bc_drain_end(struct beancounter *root);
void bc_drain_all(struct beancounter *root, unsigned long *flags,
		  struct bc_sum *sum);
void bc_stock_sum(struct beancounter *root, unsigned long *flags,
		  enum bc_resource res, u64 *sum, u64 *low);

/* stock.c */
/*
 * No CPU has a stock while some level has less room than this many bytes. Written at boot;
 * the benchmark changes it, for which an old value is as good.
 */
extern s64 bc_stock_room;
void bc_stock_init(void);
bool bc_may_open(struct beancounter *bc, u64 n);
void bc_fill(struct beancounter *bc, u64 n);
void bc_refill(struct beancounter *bc, u64 n);
bool bc_near_keep(struct beancounter *bc, u64 n);
void bc_near_empty(struct beancounter *bc);
void bc_lane_fill(struct beancounter *bc, enum bc_resource res, u64 n);
bool bc_lane_keep(struct beancounter *bc, enum bc_resource res, u64 n);
u64 bc_lane_trim(struct beancounter *bc, enum bc_resource res, u64 keep);

#endif /* _KERNEL_BC_STOCK_H */

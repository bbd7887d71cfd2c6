/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the stocks, taken from and given to.
 *
 * The words are opened in stock.c and closed in drain.c. What is here is the way that
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

/*
 * A refill leaves so many bytes in a word at most, and a word takes so many that
 * are freed: some more than a fork() takes, and its end gives back.
 */
#define BC_STOCK_BATCH ((s64)SZ_64K)
#define BC_STOCK_MAX ((s64)SZ_128K - 1)
/* So much stays in a word that was full, to be taken and given back again. */
#define BC_STOCK_KEEP ((s64)SZ_64K + SZ_32K)
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

/*
 * The word for all CPUs takes more: what waits for RCU comes back thousands of objects
 * at a time. It is not all that a group can do without, as what is in it counts as
 * held in the maxheld of the levels above.
 */
#define BC_NEAR_MAX ((s64)SZ_2M - 1)
#define BC_NEAR_KEEP ((s64)SZ_1M + SZ_512K)
#define BC_NEAR_FILES_MAX 127
#define BC_NEAR_FULL ~((u64)BC_NEAR_MAX | (u64)BC_NEAR_FILES_MAX * BC_FILE)

/**
 * struct bc_sum - what many words hold
 * @bytes: of kmemsize
 * @files: of numfile
 * @lanes: there is something in lanes
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
 * struct bc_lane - where in the words of lanes of a stock a resource is
 * @nr: its number
 * @word: in which of the words
 * @shift: its lowest bit there
 * @bits: how many it has, the upper two of which are zero while it is open
 * @max: the most that is put into it, one less than a power of two
 * @batch: what one refill leaves in it at most
 * @least: a refill of less than this is not worth a lane
 *
 * A lane never has more than a quarter of what its bits can hold, so that taking
 * more than there is sets the top bit, as in the first word. The lane above lends a
 * bit then, but a word in which this happens is not stored.
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

/* Pages, because areas come and go by some of them. */
#define BC_LANE_PAGES .bits = 16, .max = 4095, .batch = 64, .least = 1
/* Items, one by one. */
#define BC_LANE_ITEMS .bits = 6, .max = 7, .batch = 4, .least = 1
/* Bytes, as in the first word. */
#define BC_LANE_BYTES                                             \
	.bits = 32, .max = BC_STOCK_MAX, .batch = BC_STOCK_BATCH, \
	.least = BC_STOCK_MIN

/* Of a resource that is known it is a constant; @bits is 0 where there is none. */
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

/* The top bit of a lane: it is set while that is closed. */
static __always_inline u64 bc_lane_none(struct bc_lane lane)
{
	return BIT_ULL(lane.shift + lane.bits - 1);
}

/* The bits of a lane, closed or not. */
static __always_inline u32 bc_lane_bits(struct bc_lane lane, u64 word)
{
	return (word >> lane.shift) & (BIT_ULL(lane.bits) - 1);
}

/* The units in a lane, none if it is closed. */
static __always_inline u32 bc_lane_has(struct bc_lane lane, u64 word)
{
	return word & bc_lane_none(lane) ? 0 : bc_lane_bits(lane, word);
}

/*
 * What an object of a cache counts in one number: its bytes, and BC_FILE if it is an
 * open file. An object that counts one in another resource has that from here on; it
 * is more than a word can hold, so every step that uses words passes it on.
 */
#define BC_ITEM_SHIFT 40

/* A request for bytes and for an item, of which the item is checked first. */
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

/* The resource in which an object counts that no word can hold; 0 for none. */
static __always_inline enum bc_resource bc_item_of(u64 n)
{
	BUILD_BUG_ON(BC_KMEMSIZE);
	return n >> BC_ITEM_SHIFT;
}

/*
 * This CPU's words. That the task may move to another CPU between the look-up and
 * the exchange is harmless: they are words of the same group.
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

/* Put into a word; false when it is closed or full, which has some of the bits. */
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

/* The same of the word for all CPUs. */
static __always_inline bool bc_near_take(struct beancounter *bc, u64 n)
{
	return bc_word_take(&bc->near, n);
}

static __always_inline bool bc_near_give(struct beancounter *bc, u64 n)
{
	return bc_word_give(&bc->near, n, BC_NEAR_FULL);
}

/* Are there so many units in a lane? Only now, if interrupts are on. */
static __always_inline bool bc_lane_covers(struct bc_stock *stock,
					   enum bc_resource res, u64 n)
{
	struct bc_lane lane = bc_lane_of(res);

	return n <= lane.max &&
	       bc_lane_has(lane, bc_lane_read(stock, lane)) >= n;
}

/* The least that a lane had, when it has so many units. */
static __always_inline void bc_lane_lower(u32 *low, u32 has)
{
	u32 old = READ_ONCE(*low);

	while (unlikely(has < old) && !try_cmpxchg(low, &old, has))
		;
}

/* Take from a lane, as bc_word_take() does from the word. */
static __always_inline bool bc_lane_take(struct bc_stock *stock,
					 enum bc_resource res, u64 n)
{
	struct bc_lane lane = bc_lane_of(res);
	atomic64_t *word = bc_lane_word(stock, lane);
	u64 rest;
	s64 old;

	/* Where there is no lane the most is 0. */
	if (n > lane.max)
		return false;
	old = atomic64_read(word);
	/*
	 * Before, for who changes the counters in an interrupt right after, and after,
	 * for who changed them in between: twice too low is no harm.
	 */
	do {
		rest = old - (n << lane.shift);
		if (rest & bc_lane_none(lane))
			return false;
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
		/* Closed, it has far more. */
		if (bc_lane_bits(lane, old) + n > lane.max)
			return false;
	} while (unlikely(
		!atomic64_try_cmpxchg(word, &old, old + (n << lane.shift))));
	return true;
}

/* Does a word take nothing? Under the lock, which opens it. */
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
 * The words of a group by number: those of each CPU, and behind them the ones for
 * all CPUs.
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
void bc_close_words(struct beancounter *bc, struct bc_sum *sum);
bool bc_drain(struct beancounter *root, struct bc_sum *sum);
void bc_drain_begin(struct beancounter *root);
void bc_drain_end(struct beancounter *root);
void bc_drain_all(struct beancounter *root, unsigned long *flags,
		  struct bc_sum *sum);
void bc_stock_sum(struct beancounter *root, unsigned long *flags,
		  enum bc_resource res, u64 *sum, u64 *low);

/* stock.c */
/* A CPU has no stock while some level has less room than this many bytes. */
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: bc.what, the parts of a group's kmemsize.
 *
 * The file bc.what adds up, by cache and by kind, the charges of a group and of the
 * groups below it. The machine goes on meanwhile, so pages are seen one after the
 * other, not all at the same time. A reading looks at each page of the machine, in
 * steps between which the task may be interrupted, preempted or killed; there is one
 * reading at a time.
 *
 * A slab may be freed while it is looked at. The CPU that frees it waits until a part of
 * its objects has been looked at, see bc_slab_wait().
 */
#include <linux/hash.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../../mm/internal.h"
#include "../../mm/percpu_owner_bc.h"
#include "../../mm/slab.h"
#include "internal.h"

/* Enough for a line of each cache; a walk takes too long to repeat it. */
#define BC_WHAT_BUFFER SZ_64K
/* Pages between two calls of cond_resched(). */
#define BC_WHAT_STEP 1024
#define BC_WHAT_BITS 10
/*
 * So many objects of a slab are looked at while interrupts are off; or so many percpu
 * areas, in a part of a chunk with so many units of PCPU_MIN_ALLOC_SIZE.
 */
#define BC_WHAT_OBJECTS 64
#define BC_WHAT_AREAS 32
#define BC_WHAT_UNITS 8192

enum bc_what_kind {
	BC_WHAT_PAGETABLES,
	BC_WHAT_STACKS,
	BC_WHAT_PAGES,
	BC_WHAT_PERCPU,
	BC_WHAT_BUFFERS,
	BC_WHAT_NR
};

static const char *const bc_what_names[BC_WHAT_NR] = {
	[BC_WHAT_PAGETABLES] = "pagetables", [BC_WHAT_STACKS] = "stacks",
	[BC_WHAT_PAGES] = "pages",	     [BC_WHAT_PERCPU] = "percpu",
	[BC_WHAT_BUFFERS] = "buffers",
};

/**
 * struct bc_what_row - objects of one cache, or blocks of one kind
 * @cache: NULL for a kind and for a free row
 * @objects: how many
 * @bytes: charged for them
 */
struct bc_what_row {
	struct kmem_cache *cache;
	u64 objects;
	u64 bytes;
};

/**
 * struct bc_what - a reading
 * @root: the group
 * @kind: rows of charges other than slab objects
 * @cache: rows of slab objects, hashed by the address of the cache
 */
struct bc_what {
	struct beancounter *root;
	struct bc_what_row kind[BC_WHAT_NR];
	struct bc_what_row cache[1 << BC_WHAT_BITS];
};

static DEFINE_MUTEX(bc_what_mutex);
/* The slab that the holder of bc_what_mutex looks at now. */
static struct slab *bc_what_slab_now;

/**
 * bc_slab_wait() - wait until bc.what no longer looks at a slab that is being freed
 * @slab: its page is no longer marked as a slab, and its vector is freed next
 *
 * Context: Any. Waits no longer than it takes to look at BC_WHAT_OBJECTS objects, with
 * interrupts off.
 */
void bc_slab_wait(const struct slab *slab)
{
	/* Pairs with smp_mb() in bc_what_slab(): at least one side sees the other. */
	smp_mb();
	while (unlikely(READ_ONCE(bc_what_slab_now) == slab))
		cpu_relax();
}

static void bc_what_add(struct bc_what_row *row, u64 objects, u64 bytes)
{
	row->objects += objects;
	row->bytes += bytes;
}

/* The row of a cache, or NULL if there are more caches than rows. */
static struct bc_what_row *bc_what_cache(struct bc_what *what,
					 struct kmem_cache *s)
{
	unsigned int i, at = hash_ptr(s, BC_WHAT_BITS);

	for (i = 0; i < ARRAY_SIZE(what->cache); i++) {
		struct bc_what_row *row =
			&what->cache[(at + i) % ARRAY_SIZE(what->cache)];

		if (row->cache == s || !row->cache) {
			row->cache = s;
			return row;
		}
	}
	return NULL;
}

/* Objects from number @i on. Returns false if these were the last ones of the slab. */
static bool bc_what_objects(struct bc_what *what, struct slab *slab,
			    unsigned int i)
{
	struct slabobj_ext *vector = slab_obj_exts(slab);
	unsigned int end = i + BC_WHAT_OBJECTS;
	struct bc_what_row *row = NULL;
	struct kmem_cache *s = NULL;

	/* The number of objects shares its word with counters that may change. */
	for (; vector && i < data_race(slab->objects + 0U) && i < end; i++) {
		struct beancounter *bc = READ_ONCE(vector[i].owner.bc);

		/* RCU keeps the account if the object is freed now. */
		if (!bc || !bc_below(bc, what->root))
			continue;
		if (!s) {
			/* An object with a payer was allocated, so its slab is set up. */
			smp_rmb();
			s = READ_ONCE(slab->slab_cache);
			row = bc_what_cache(what, s);
		}
		if (row)
			bc_what_add(row, 1, bc_object_size(s));
	}
	return vector && i < slab->objects;
}

/* Between two parts the slab may be freed, and its page may become another slab. */
static void bc_what_slab(struct bc_what *what, struct folio *folio)
{
	struct slab *slab = folio_slab(folio);
	unsigned long flags;
	unsigned int i;
	bool more = true;

	for (i = 0; more; i += BC_WHAT_OBJECTS) {
		/* An interrupt that frees this very slab would wait for ever. */
		bc_irq_save(flags);
		WRITE_ONCE(bc_what_slab_now, slab);
		/* Pairs with smp_mb() in bc_slab_wait(). */
		smp_mb();
		more = folio_test_slab(folio) && bc_what_objects(what, slab, i);
		/* All reads are done before the slab may be freed. */
		smp_store_release(&bc_what_slab_now, NULL);
		bc_irq_restore(flags);
	}
}

static void bc_what_block(struct bc_what *what, struct page *page)
{
	enum bc_what_kind kind = BC_WHAT_PAGES;
	struct beancounter *bc;
	unsigned int order;

	bc = bc_page_owner(page, &order);
	if (!bc || !bc_below(bc, what->root))
		return;
	if (PageTable(page))
		kind = BC_WHAT_PAGETABLES;
	bc_what_add(&what->kind[kind], 1, PAGE_SIZE << order);
}

static void bc_what_page(struct bc_what *what, struct page *page)
{
	struct folio *folio;

	if (bc_page_paid(page)) {
		bc_what_block(what, page);
	} else if (!PageTail(page)) {
		folio = (struct folio *)page;
		if (folio_test_slab(folio))
			bc_what_slab(what, folio);
	}
}

/* Under rcu_read_lock(), which keeps the accounts; dropped between steps. */
static int bc_what_zone(struct bc_what *what, struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn, n = 0;

	while (pfn < zone_end_pfn(zone)) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page) {
			pfn = ALIGN(pfn + 1, pageblock_nr_pages);
			continue;
		}
		/* The word has flags of the page, too, which change at any time. */
		if (data_race(page_zone(page)) == zone)
			bc_what_page(what, page);
		pfn++;
		if (++n % BC_WHAT_STEP)
			continue;
		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
		/* The signal may be sent at this moment. */
		if (data_race(fatal_signal_pending(current)))
			return -EINTR;
	}
	return 0;
}

/*
 * Areas of one chunk, from unit @start on, under pcpu_lock. Returns the unit to go on with,
 * 0 at the end of the chunk. No payer is stored inside an area, where a part may begin.
 */
static unsigned int bc_what_areas(struct bc_what *what,
				  struct pcpu_chunk *chunk, unsigned int start)
{
	unsigned int end, i, units = pcpu_chunk_map_bits(chunk);
	unsigned int stop = min(start + BC_WHAT_UNITS, units);

	if (!chunk->obj_exts)
		return 0;
	for (i = 0; i < BC_WHAT_AREAS; i++) {
		struct beancounter *bc;

		start = find_next_bit(chunk->alloc_map, stop, start);
		if (start >= stop)
			return stop < units ? stop : 0;
		end = find_next_bit(chunk->bound_map, units, start + 1);
		/* A new area gets its payer after pcpu_lock was released. */
		bc = READ_ONCE(chunk->obj_exts[start].owner.bc);
		if (bc && bc_below(bc, what->root))
			bc_what_add(&what->kind[BC_WHAT_PERCPU], 1,
				    pcpu_bc_bytes((end - start) *
						  PCPU_MIN_ALLOC_SIZE));
		start = end;
	}
	return start;
}

/* The chunk with the lowest address from @at on, under pcpu_lock. */
static struct pcpu_chunk *bc_what_chunk(unsigned long at)
{
	struct pcpu_chunk *chunk, *found = NULL;
	int slot;

	for (slot = 0; slot < pcpu_nr_slots; slot++)
		list_for_each_entry(chunk, &pcpu_chunk_lists[slot], list)
			if ((unsigned long)chunk >= at &&
			    (!found || chunk < found))
				found = chunk;
	return found;
}

/*
 * pcpu_lock protects the lists of chunks, and is released after some areas. Meanwhile
 * chunks may come and go, or move to other lists, so the walk is in the order of their
 * addresses.
 */
static void bc_what_percpu(struct bc_what *what)
{
	struct pcpu_chunk *chunk;
	unsigned long flags, at = 0;
	unsigned int unit = 0;

	do {
		bc_spin_lock(&pcpu_lock, flags);
		chunk = bc_what_chunk(at);
		if (chunk) {
			/* Is it the one in which the last part ended? */
			if ((unsigned long)chunk != at)
				unit = 0;
			unit = bc_what_areas(what, chunk, unit);
			at = (unsigned long)chunk + !unit;
		}
		bc_spin_unlock(&pcpu_lock, flags);
		cond_resched();
	} while (chunk);
}

/*
 * The bytes of a task's stack, if the group pays for it. A stack is pages that were
 * charged one by one, or as a block.
 */
static u64 bc_what_stack(struct bc_what *what, struct task_struct *task)
{
	struct beancounter *bc = NULL;
	unsigned int order;
	struct page *page;
	void *stack;

	stack = try_get_task_stack(task);
	if (!stack)
		return 0;
	page = is_vmalloc_addr(stack) ? vmalloc_to_page(stack) :
					virt_to_page(stack);
	if (page)
		bc = bc_page_owner(page, &order);
	put_task_stack(task);
	return bc && bc_below(bc, what->root) ? THREAD_SIZE : 0;
}

static void bc_what_stacks(struct bc_what *what)
{
	struct bc_what_row *pages = &what->kind[BC_WHAT_PAGES];
	struct task_struct *leader, *task;
	u64 bytes;

	rcu_read_lock();
	for_each_process_thread(leader, task) {
		bytes = bc_what_stack(what, task);
		if (!bytes)
			continue;
		bc_what_add(&what->kind[BC_WHAT_STACKS], 1, bytes);
		pages->bytes -= min(pages->bytes, bytes);
	}
	rcu_read_unlock();
}

static int bc_what_read(struct bc_what *what)
{
	struct zone *zone;
	int ret = 0;

	rcu_read_lock();
	for_each_populated_zone(zone) {
		ret = bc_what_zone(what, zone);
		if (ret)
			break;
	}
	rcu_read_unlock();
	if (ret)
		return ret;
	bc_what_percpu(what);
	bc_what_stacks(what);
	return 0;
}

/* The rest of held are buffers of sockets and pipes, of which there is no list. */
static void bc_what_buffers(struct bc_what *what)
{
	struct bc_stat stat;
	u64 sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(what->cache); i++)
		sum += what->cache[i].bytes;
	for (i = 0; i < BC_WHAT_BUFFERS; i++)
		sum += what->kind[i].bytes;
	bc_stat_read(what->root, BC_KMEMSIZE, &stat);
	if (stat.held > sum)
		bc_what_add(&what->kind[BC_WHAT_BUFFERS], 0, stat.held - sum);
}

static void bc_what_print(struct seq_file *seq, const struct bc_what *what)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(what->cache); i++) {
		const struct bc_what_row *row = &what->cache[i];

		if (row->bytes)
			seq_printf(
				seq,
				"slab %s objects=%llu bytes=%llu reclaimable=%d\n",
				row->cache->name, row->objects, row->bytes,
				!!(row->cache->flags & SLAB_RECLAIM_ACCOUNT));
	}
	for (i = 0; i < BC_WHAT_NR; i++)
		if (what->kind[i].bytes)
			seq_printf(
				seq,
				"%s - objects=%llu bytes=%llu reclaimable=0\n",
				bc_what_names[i], what->kind[i].objects,
				what->kind[i].bytes);
}

/**
 * bc_what_open() - check who may read bc.what
 * @of: the open file
 *
 * A reading costs the whole machine time, and shows the names of kernel caches.
 *
 * Context: Process context.
 * Return: 0, or -EACCES for all but the administrator of the machine.
 */
int bc_what_open(struct kernfs_open_file *of)
{
	return file_ns_capable(of->file, &init_user_ns, CAP_SYS_ADMIN) ?
		       0 :
		       -EACCES;
}

/**
 * bc_what_show() - read bc.what
 * @seq: of the file
 * @v: unused
 *
 * Prints a line for each cache and kind: kind, name, objects, bytes, and whether
 * shrinkers take such objects back.
 *
 * Context: Process context, may sleep.
 * Return: 0, -EINTR, or -ENOMEM.
 */
int bc_what_show(struct seq_file *seq, void *v)
{
	struct bc_what *what;
	int ret;

	/* If the buffer is too small, ask for a larger one before any work is done. */
	if (seq->size < BC_WHAT_BUFFER) {
		seq->count = seq->size;
		return 0;
	}
	what = kvzalloc(sizeof(*what), GFP_KERNEL);
	if (!what)
		return -ENOMEM;
	what->root = css_bc(seq_css(seq));
	ret = mutex_lock_killable(&bc_what_mutex);
	if (ret)
		goto free;
	/* No cache is destroyed while its name is needed. */
	mutex_lock(&slab_mutex);
	ret = bc_what_read(what);
	if (!ret) {
		bc_what_buffers(what);
		bc_what_print(seq, what);
	}
	mutex_unlock(&slab_mutex);
	mutex_unlock(&bc_what_mutex);
free:
	kvfree(what);
	return ret;
}

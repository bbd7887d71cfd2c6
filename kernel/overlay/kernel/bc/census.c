// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the census.
 *
 * The census lists, by call site, allocations that the kernel did for tasks of groups,
 * that still exist, and that nobody pays for. Each of them is either in the table of
 * exemptions in docs/containment.md, or a hole. It is controlled by writing to bc/census
 * in debugfs: "on" forgets the old records and begins to record, "all" does the same and
 * records paid allocations as well, "off" ends it. Reading lists the allocations that
 * exist now, or existed at the end. The census is for tests: it has one lock and two
 * tables of fixed size, and saves a stack trace for each allocation.
 *
 * An object or a page is looked up by its address. Its payer is looked up when the list
 * is read, because some are charged after their allocation.
 */
#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/interrupt.h>
#include <linux/jhash.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kmem.h"
#include "../../mm/slab.h"

#define BC_CENSUS_BITS 18
#define BC_CENSUS_SITE_BITS 12
#define BC_CENSUS_DEPTH 12

/* Why nobody pays, as far as it is known at the allocation. */
enum bc_census_why {
	BC_CENSUS_HOLE,
	BC_CENSUS_INTERRUPT,
	BC_CENSUS_NOBODY,
	BC_CENSUS_DISOWNED,
	BC_CENSUS_MARKED,
	BC_CENSUS_RESERVE,
	BC_CENSUS_MOVABLE,
	BC_CENSUS_RECLAIMABLE,
	BC_CENSUS_CACHE,
	BC_CENSUS_PAID,
	BC_CENSUS_NR
};

static const char *const bc_census_names[BC_CENSUS_NR] = {
	[BC_CENSUS_HOLE] = "hole",
	[BC_CENSUS_INTERRUPT] = "interrupt",
	[BC_CENSUS_NOBODY] = "nobody",
	[BC_CENSUS_DISOWNED] = "disowned",
	[BC_CENSUS_MARKED] = "marked",
	[BC_CENSUS_RESERVE] = "reserve",
	[BC_CENSUS_MOVABLE] = "movable",
	[BC_CENSUS_RECLAIMABLE] = "reclaimable",
	[BC_CENSUS_CACHE] = "cache",
	[BC_CENSUS_PAID] = "paid",
};

/**
 * struct bc_census_site - a call site, and its allocations
 * @stack: its callers, the innermost first; 0 after the last
 * @why: the reason why nobody pays
 * @objects: number of its allocations that exist; computed by the reader
 * @bytes: sum of their sizes; computed by the reader
 */
struct bc_census_site {
	unsigned long stack[BC_CENSUS_DEPTH];
	enum bc_census_why why;
	u64 objects;
	u64 bytes;
};

/**
 * struct bc_census_entry - an object or a block of pages
 * @at: its address, or that of its struct page; 0 if the entry is free
 * @site: index of the call site
 * @bytes: its size
 */
struct bc_census_entry {
	unsigned long at;
	unsigned int site;
	unsigned int bytes;
};

/**
 * struct bc_census - the records
 * @entry: hash table by address; a collision takes the next free entry
 * @site: hash table by stack
 * @entries: number of used entries of @entry
 * @lost: number of allocations for which one of the two tables was full
 */
struct bc_census {
	struct bc_census_entry entry[1 << BC_CENSUS_BITS];
	struct bc_census_site site[1 << BC_CENSUS_SITE_BITS];
	unsigned int entries;
	u64 lost;
};

DEFINE_STATIC_KEY_FALSE(bc_census_key);
EXPORT_SYMBOL_GPL(bc_census_key);
static DEFINE_RAW_SPINLOCK(bc_census_lock);
/* Serializes turning the census on and off, and readers. */
static DEFINE_MUTEX(bc_census_mutex);
/*
 * Record paid allocations, too; written under the mutex while the census is off, but an
 * allocation that began before may still read it.
 */
static bool bc_census_all;
/* Allocated once and never freed, so that recording needs only the lock. */
static struct bc_census *bc_census;

static unsigned int bc_census_slot(unsigned long at)
{
	return hash_long(at, BC_CENSUS_BITS);
}

static unsigned int bc_census_next(unsigned int i)
{
	return (i + 1) & ((1 << BC_CENSUS_BITS) - 1);
}

/* The entry of an address, or the free entry where it would go. */
static struct bc_census_entry *bc_census_find(unsigned long at)
{
	unsigned int i = bc_census_slot(at);

	while (bc_census->entry[i].at && bc_census->entry[i].at != at)
		i = bc_census_next(i);
	return &bc_census->entry[i];
}

/* Free an entry. Those behind it move up, unless they are in their own slot already. */
static void bc_census_remove(struct bc_census_entry *entry)
{
	unsigned int hole = entry - bc_census->entry, i = hole, home;
	const unsigned int mask = (1 << BC_CENSUS_BITS) - 1;

	for (;;) {
		i = bc_census_next(i);
		if (!bc_census->entry[i].at)
			break;
		home = bc_census_slot(bc_census->entry[i].at);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		bc_census->entry[hole] = bc_census->entry[i];
		hole = i;
	}
	bc_census->entry[hole].at = 0;
	bc_census->entries--;
}

/* The index of a call site, or -1 if the table is full. */
static int bc_census_site(const unsigned long *stack, enum bc_census_why why)
{
	const unsigned int nr = ARRAY_SIZE(bc_census->site);
	unsigned int i, at;

	at = jhash(stack, sizeof(bc_census->site[0].stack), why) % nr;
	for (i = 0; i < nr / 4; i++, at = (at + 1) % nr) {
		struct bc_census_site *site = &bc_census->site[at];

		if (!site->stack[0]) {
			memcpy(site->stack, stack, sizeof(site->stack));
			site->why = why;
			return at;
		}
		if (site->why == why &&
		    !memcmp(site->stack, stack, sizeof(site->stack)))
			return at;
	}
	return -1;
}

static void bc_census_add(unsigned long at, unsigned int bytes,
			  enum bc_census_why why)
{
	unsigned long stack[BC_CENSUS_DEPTH] = {}, flags;
	struct bc_census_entry *entry;
	int site;

	stack_trace_save(stack, BC_CENSUS_DEPTH, 0);
	raw_spin_lock_irqsave(&bc_census_lock, flags);
	site = bc_census_site(stack, why);
	if (site < 0 ||
	    bc_census->entries >= ARRAY_SIZE(bc_census->entry) / 2) {
		bc_census->lost++;
	} else {
		entry = bc_census_find(at);
		bc_census->entries += !entry->at;
		*entry = (struct bc_census_entry){ at, site, bytes };
	}
	raw_spin_unlock_irqrestore(&bc_census_lock, flags);
}

/* Does a task of a group allocate, or an interrupt while such a task runs? */
static bool bc_census_counts(void)
{
	bool counts;

	if (in_nmi() || (current->flags & PF_KTHREAD))
		return false;
	rcu_read_lock();
	counts = css_bc(task_css(current, bc_cgrp_id));
	rcu_read_unlock();
	return counts;
}

/* The reason as far as it is the same for objects and pages. */
static enum bc_census_why bc_census_context(gfp_t flags)
{
	if (flags & __GFP_UNCHARGED)
		return BC_CENSUS_MARKED;
	if (!in_task())
		return BC_CENSUS_INTERRUPT;
	if (current->flags & PF_MEMALLOC)
		return BC_CENSUS_RESERVE;
	return current->bc.active == BC_NOBODY ? BC_CENSUS_NOBODY :
						 BC_CENSUS_HOLE;
}

static enum bc_census_why bc_census_object(const struct kmem_cache *s,
					   gfp_t flags)
{
	if (s->flags & SLAB_RECLAIM_ACCOUNT)
		return BC_CENSUS_RECLAIMABLE;
	if (s->flags & (SLAB_NO_OBJ_EXT | SLAB_NOLEAKTRACE | SLAB_BC_NOCHARGE))
		return BC_CENSUS_CACHE;
	return bc_census_context(flags);
}

/* See bc_census_objects(). */
void __bc_census_objects(struct kmem_cache *s, gfp_t flags, size_t nr, void **p)
{
	size_t i;

	if (!bc_census_counts())
		return;
	for (i = 0; i < nr; i++) {
		if (!bc_object_owner(p[i], NULL))
			bc_census_add((unsigned long)p[i], s->size,
				      bc_census_object(s, flags));
		else if (READ_ONCE(bc_census_all))
			bc_census_add((unsigned long)p[i], s->size,
				      BC_CENSUS_PAID);
	}
}

/* See bc_census_page(). */
void __bc_census_page(struct page *page, unsigned int order, gfp_t flags)
{
	enum bc_census_why why = bc_census_context(flags);

	if ((bc_page_paid(page) && !READ_ONCE(bc_census_all)) ||
	    !bc_census_counts())
		return;
	if (flags & __GFP_MOVABLE)
		why = BC_CENSUS_MOVABLE;
	if (bc_page_paid(page))
		why = BC_CENSUS_PAID;
	bc_census_add((unsigned long)page, PAGE_SIZE << order, why);
}

/* See bc_census_disowned(). */
void __bc_census_disowned(const void *obj, unsigned int bytes)
{
	if (bc_census_counts())
		bc_census_add((unsigned long)obj, bytes, BC_CENSUS_DISOWNED);
}

/* See bc_census_free(). */
void __bc_census_free(const void *at)
{
	struct bc_census_entry *entry;
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_census_lock, flags);
	entry = bc_census_find((unsigned long)at);
	if (entry->at)
		bc_census_remove(entry);
	raw_spin_unlock_irqrestore(&bc_census_lock, flags);
}
EXPORT_SYMBOL_GPL(__bc_census_free);

/* Is @at the address of a struct page? Slab objects are never in the same memory. */
static bool bc_census_is_page(unsigned long at)
{
	return !virt_addr_valid((void *)at) ||
	       !folio_test_slab(virt_to_folio((void *)at));
}

/* The entry is removed when its object or block is freed, so these may be accessed. */
static bool bc_census_paid(const struct bc_census_entry *entry)
{
	void *at = (void *)entry->at;

	if (bc_census_is_page(entry->at))
		return bc_page_paid((struct page *)at) ||
		       folio_test_slab(page_folio((struct page *)at));
	return bc_object_owner(at, NULL);
}

/* List an entry that was recorded as paid if it is still paid, others if they are not. */
static bool bc_census_listed(const struct bc_census_entry *entry)
{
	bool paid = bc_census->site[entry->site].why == BC_CENSUS_PAID;

	return bc_census_paid(entry) == paid;
}

/* Add up the entries that are listed. Takes the lock for one entry at a time. */
static void bc_census_sum(void)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bc_census->site); i++) {
		bc_census->site[i].objects = 0;
		bc_census->site[i].bytes = 0;
	}
	for (i = 0; i < ARRAY_SIZE(bc_census->entry); i++) {
		struct bc_census_entry *entry = &bc_census->entry[i];

		raw_spin_lock_irqsave(&bc_census_lock, flags);
		if (entry->at && bc_census_listed(entry)) {
			bc_census->site[entry->site].objects++;
			bc_census->site[entry->site].bytes += entry->bytes;
		}
		raw_spin_unlock_irqrestore(&bc_census_lock, flags);
	}
}

/* Frames of the census itself, on top of every stack; their number differs by machine. */
static bool bc_census_own_frame(const char *name)
{
	return strstr(name, "stack_trace") ||
	       strstarts(name, "bc_census_add") ||
	       strstarts(name, "__bc_census");
}

static void bc_census_print(struct seq_file *m,
			    const struct bc_census_site *site)
{
	const char *between = "";
	char name[KSYM_NAME_LEN];
	int i;

	if (!site->objects)
		return;
	seq_printf(m, "%s bytes=%llu objects=%llu from=",
		   bc_census_names[site->why], site->bytes, site->objects);
	for (i = 0; i < BC_CENSUS_DEPTH && site->stack[i]; i++) {
		snprintf(name, sizeof(name), "%ps", (void *)site->stack[i]);
		if (bc_census_own_frame(name))
			continue;
		seq_printf(m, "%s%s", between, name);
		between = "<";
	}
	seq_putc(m, '\n');
}

static int bc_census_show(struct seq_file *m, void *v)
{
	unsigned int i;

	mutex_lock(&bc_census_mutex);
	if (bc_census) {
		if (static_key_enabled(&bc_census_key))
			bc_census_sum();
		for (i = 0; i < ARRAY_SIZE(bc_census->site); i++)
			bc_census_print(m, &bc_census->site[i]);
		/* Without the lock: it may be rising at this moment. */
		seq_printf(m, "lost=%llu\n", data_race(bc_census->lost));
	}
	mutex_unlock(&bc_census_mutex);
	return 0;
}

static int bc_census_on(bool all)
{
	unsigned long flags;

	if (!bc_census)
		bc_census = vzalloc(sizeof(*bc_census));
	if (!bc_census)
		return -ENOMEM;
	static_branch_disable(&bc_census_key);
	raw_spin_lock_irqsave(&bc_census_lock, flags);
	memset(bc_census, 0, sizeof(*bc_census));
	raw_spin_unlock_irqrestore(&bc_census_lock, flags);
	WRITE_ONCE(bc_census_all, all);
	static_branch_enable(&bc_census_key);
	return 0;
}

/* Once it is off, frees are not seen, so add up before: no entry may be accessed later. */
static void bc_census_off(void)
{
	if (!static_key_enabled(&bc_census_key))
		return;
	bc_census_sum();
	static_branch_disable(&bc_census_key);
}

/* A hole on purpose, for tests: an object and a page that a tasklet allocates. */
static void *bc_census_hole;
static struct page *bc_census_page_hole;

static void bc_census_fill(void)
{
	kfree(bc_census_hole);
	bc_census_hole = NULL;
	if (bc_census_page_hole)
		__free_page(bc_census_page_hole);
	bc_census_page_hole = NULL;
}

static void bc_census_dig(struct tasklet_struct *unused)
{
	bc_census_fill();
	bc_census_hole = kmalloc(192, GFP_ATOMIC);
	bc_census_page_hole = alloc_page(GFP_ATOMIC);
}

static DECLARE_TASKLET(bc_census_tasklet, bc_census_dig);

/* Run the tasklet on this CPU now, so that it interrupts this very task. */
static void bc_census_dig_here(void)
{
	local_bh_disable();
	tasklet_schedule(&bc_census_tasklet);
	local_bh_enable();
	tasklet_unlock_wait(&bc_census_tasklet);
}

static ssize_t bc_census_write(struct file *file, const char __user *ubuf,
			       size_t size, loff_t *pos)
{
	char buf[8] = {};
	int ret = 0;

	if (size >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, size))
		return -EFAULT;
	strim(buf);
	mutex_lock(&bc_census_mutex);
	if (!strcmp(buf, "on") || !strcmp(buf, "all"))
		ret = bc_census_on(buf[0] == 'a');
	else if (!strcmp(buf, "off"))
		bc_census_off();
	else if (!strcmp(buf, "dig"))
		bc_census_dig_here();
	else if (!strcmp(buf, "fill"))
		bc_census_fill();
	else
		ret = -EINVAL;
	mutex_unlock(&bc_census_mutex);
	return ret ?: size;
}

static int bc_census_open(struct inode *inode, struct file *file)
{
	return single_open(file, bc_census_show, NULL);
}

static const struct file_operations bc_census_fops = {
	.open = bc_census_open,
	.read = seq_read,
	.write = bc_census_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * bc_census_init() - make the file
 * @dir: of debugfs
 *
 * Context: During boot.
 */
void __init bc_census_init(struct dentry *dir)
{
	debugfs_create_file("census", 0600, dir, NULL, &bc_census_fops);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the audit.
 *
 * Counts again, from first principles, what every account holds: walks all
 * objects of all slabs, all pages and all percpu areas, sums up what each owner
 * pays for, and compares with the counters. The machine is stopped meanwhile,
 * so nothing moves; a difference remains only where a task was stopped between
 * charging and storing the owner, and at rest there is none.
 */
#include <linux/align.h>
#include <linux/debugfs.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>

#include "internal.h"
#include "../../mm/internal.h"
#include "../../mm/percpu-internal.h"
#include "../../mm/slab.h"

/* One audit at a time; protects the audit fields of all accounts. */
static DEFINE_MUTEX(bc_audit_mutex);

static void bc_audit_found(struct beancounter *bc, u64 bytes)
{
	for (; bc; bc = bc->parent)
		bc->audit_found += bytes;
}

/* Free objects have no owner, so the free list does not matter. */
static void bc_audit_slab(struct slab *slab)
{
	struct slabobj_ext *exts = slab_obj_exts(slab);
	unsigned int i;

	for (i = 0; exts && i < slab->objects; i++)
		bc_audit_found(exts[i].bc, bc_object_size(slab->slab_cache));
}

static void bc_audit_page(struct page *page)
{
	struct folio *folio = page_folio(page);
	unsigned int order = 0;
	struct beancounter *bc;

	if (folio_test_slab(folio)) {
		if (folio_page(folio, 0) == page)
			bc_audit_slab(folio_slab(folio));
		return;
	}
	bc = bc_page_owner(page, &order);
	bc_audit_found(bc, PAGE_SIZE << order);
}

/* Areas start where the boundary map and the allocation map are both set. */
static void bc_audit_chunk(struct pcpu_chunk *chunk)
{
	unsigned int start, end, bits = pcpu_chunk_map_bits(chunk);

	if (!chunk->obj_exts)
		return;
	for_each_set_bit(start, chunk->alloc_map, bits) {
		struct beancounter *bc = chunk->obj_exts[start].bc;

		if (!bc)
			continue;
		end = find_next_bit(chunk->bound_map, bits, start + 1);
		bc_audit_found(bc, (u64)(end - start) * PCPU_MIN_ALLOC_SIZE *
					   num_possible_cpus());
	}
}

static void bc_audit_percpu(void)
{
	struct pcpu_chunk *chunk;
	int slot;

	for (slot = 0; slot < pcpu_nr_slots; slot++)
		list_for_each_entry(chunk, &pcpu_chunk_lists[slot], list)
			bc_audit_chunk(chunk);
}

/* Memory is there or not in pieces of this size, see SUBSECTION_SHIFT. */
#define BC_AUDIT_HOLE PFN_DOWN(SZ_2M)

/*
 * Holes and free blocks are passed over. A free page has no owner, and what a
 * bug left in one is charged and not found: a difference.
 */
static void bc_audit_zone(struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn;

	while (pfn < zone_end_pfn(zone)) {
		struct page *page = pfn_to_online_page(pfn);
		unsigned int order = 0;

		if (!page) {
			pfn = ALIGN(pfn + 1, BC_AUDIT_HOLE);
			continue;
		}
		if (page_zone(page) == zone) {
			if (PageBuddy(page))
				order = buddy_order(page);
			else
				bc_audit_page(page);
		}
		pfn += 1UL << order;
	}
}

static int bc_audit_stopped(void *unused)
{
	struct beancounter *bc;
	struct bc_stat stat;
	struct zone *zone;

	list_for_each_entry(bc, &bc_list, list)
		bc->audit_found = 0;
	for_each_populated_zone(zone)
		bc_audit_zone(zone);
	bc_audit_percpu();
	list_for_each_entry(bc, &bc_list, list) {
		bc_stat_read(bc, BC_KMEMSIZE, &stat);
		bc->audit_held = stat.held;
	}
	return 0;
}

static void bc_audit_print_path(struct seq_file *m, struct cgroup *cgrp)
{
	char *buf;
	size_t size = seq_get_buf(m, &buf);
	int len = size ? cgroup_path(cgrp, buf, size) : -E2BIG;

	/* Too little room makes seq_file call again with more. */
	seq_commit(m, len < 0 || len >= size ? -1 : len);
}

static s64 bc_audit_print(struct seq_file *m, struct beancounter *bc)
{
	s64 difference = bc->audit_found - bc->audit_held;
	struct bc_css *css = bc_get_css(bc);

	if (css) {
		bc_audit_print_path(m, css->css.cgroup);
		css_put(&css->css);
	} else {
		seq_printf(m, "id:%llu (removed)", bc->id);
	}
	seq_printf(m, " %s held=%llu recount=%llu difference=%lld\n",
		   bc_resources[BC_KMEMSIZE].name, bc->audit_held,
		   bc->audit_found, difference);
	return difference;
}

/* The account after @pos that is still alive, with a reference; drops @pos. */
static struct beancounter *bc_list_next(struct beancounter *pos)
{
	struct beancounter *next = pos;
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_list_lock, flags);
	next = list_prepare_entry(pos, &bc_list, list);
	list_for_each_entry_continue(next, &bc_list, list)
		if (refcount_inc_not_zero(&next->refs))
			break;
	if (list_entry_is_head(next, &bc_list, list))
		next = NULL;
	raw_spin_unlock_irqrestore(&bc_list_lock, flags);
	if (pos)
		bc_put(pos);
	return next;
}

static int bc_audit_show(struct seq_file *m, void *v)
{
	struct beancounter *bc = NULL;
	u64 total = 0;

	mutex_lock(&bc_audit_mutex);
	stop_machine(bc_audit_stopped, NULL, NULL);
	while ((bc = bc_list_next(bc)))
		total += abs(bc_audit_print(m, bc));
	mutex_unlock(&bc_audit_mutex);
	seq_printf(m, "total difference=%llu\n", total);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bc_audit);

static int __init bc_audit_init(void)
{
	if (!bc_disabled())
		debugfs_create_file("audit", 0400,
				    debugfs_create_dir("bc", NULL), NULL,
				    &bc_audit_fops);
	return 0;
}
late_initcall(bc_audit_init);

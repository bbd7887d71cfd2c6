// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the audit.
 *
 * The audit counts again, from first principles, what every account holds: it walks
 * all objects of all slabs, all pages and percpu areas, all areas of all address
 * spaces, all pins, sockets and network namespaces, and all tasks, adds up their
 * charges by owner, and compares the sums with the counters. The machine is stopped
 * meanwhile, so nothing changes; a difference remains only if a task was stopped
 * between charging and storing the owner, and at rest there is none.
 */
#include <linux/align.h>
#include <linux/debugfs.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <net/bc_net_types.h>

#include "../../mm/internal.h"
#include "../../mm/percpu_owner_bc.h"
#include "../../mm/slab.h"
#include "internal.h"

/**
 * struct bc_audit - an account in an audit
 * @found: the units that were counted again, here and below, by resource
 * @held: the units according to the counters, by resource
 */
struct bc_audit {
	u64 found[BC_NR_RESOURCES];
	u64 held[BC_NR_RESOURCES];
};

/**
 * struct bc_audit_table - all accounts in an audit
 * @nr: number of rows
 * @row: a row for each account, zeroed
 */
struct bc_audit_table {
	size_t nr;
	struct bc_audit *row;
};

/* Rows for accounts that are created before the machine is stopped. */
#define BC_AUDIT_SPARE 16

/* One audit at a time. */
static DEFINE_MUTEX(bc_audit_mutex);

static void bc_audit_found(struct beancounter *bc, enum bc_resource res, u64 n)
{
	for (; bc; bc = bc->parent)
		bc->audit->found[res] += n;
}

static void bc_audit_shm(const struct slab *slab, unsigned int i,
			 struct beancounter *bc)
{
#ifdef CONFIG_SHMEM
	if (bc_shm_is_cache(slab->slab_cache))
		bc_audit_found(bc, BC_SHMPAGES, bc_shm_audit(slab, i));
#endif
}

/* Free objects have no owner, so the free list does not matter. */
static void bc_audit_slab(struct slab *slab)
{
	struct slabobj_ext *exts = slab_obj_exts(slab);
	unsigned int i;

	for (i = 0; exts && i < slab->objects; i++) {
		if (!exts[i].owner.bc)
			continue;
		bc_audit_found(exts[i].owner.bc, BC_KMEMSIZE,
			       bc_object_size(slab->slab_cache));
		if (bc_object_item(slab->slab_cache))
			bc_audit_found(exts[i].owner.bc,
				       bc_object_item(slab->slab_cache), 1);
		bc_audit_shm(slab, i, exts[i].owner.bc);
		bc_audit_found(exts[i].owner.bc, BC_DCACHESIZE,
			       bc_names_audit(slab, i));
	}
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
	bc_audit_found(bc, BC_KMEMSIZE, PAGE_SIZE << order);
}

/* A percpu area starts where the boundary map and the allocation map are both set. */
static void bc_audit_chunk(struct pcpu_chunk *chunk)
{
	unsigned int start, end, bits = pcpu_chunk_map_bits(chunk);

	if (!chunk->obj_exts)
		return;
	for_each_set_bit(start, chunk->alloc_map, bits) {
		struct beancounter *bc = chunk->obj_exts[start].owner.bc;

		if (!bc)
			continue;
		end = find_next_bit(chunk->bound_map, bits, start + 1);
		bc_audit_found(
			bc, BC_KMEMSIZE,
			pcpu_bc_bytes((end - start) * PCPU_MIN_ALLOC_SIZE));
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

/* Holes in the memory are multiples of this size, see SUBSECTION_SHIFT. */
#define BC_AUDIT_HOLE PFN_DOWN(SZ_2M)

/*
 * Holes and free blocks are skipped. A free page has no owner: if a bug freed one
 * that is still charged, the charge is not found, and shows as a difference.
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

/*
 * An address space whose lock is held for writing is in the middle of an
 * operation: its charges are taken to be right.
 */
static void bc_audit_mm(struct beancounter *bc, struct bc_vm *vm)
{
	struct mm_struct *mm = container_of(vm, struct mm_struct, bc_vm);
	unsigned long priv = 0, locked = 0;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, mm, 0);
	/* After a failed fork() the tree of areas may have entries that are not areas. */
	if (test_bit(MMF_UNSTABLE, &mm->flags) || !mmap_read_trylock(mm)) {
		priv = vm->charged;
		locked = vm->locked;
	} else {
		for_each_vma(vmi, vma) {
			if (bc_vm_is_private(vma->vm_flags))
				priv += vma_pages(vma);
			if (vma->vm_flags & VM_LOCKED)
				locked += vma_pages(vma);
		}
		mmap_read_unlock(mm);
	}
	bc_audit_found(bc, BC_PRIVVMPAGES, priv);
	bc_audit_found(bc, BC_LOCKEDPAGES, locked);
}

static void bc_audit_vm(void)
{
	struct beancounter *bc;
	struct bc_pin *pin;
	struct bc_vm *vm;

	list_for_each_entry(bc, &bc_list, list)
		list_for_each_entry(vm, &bc->mms, node)
			if (!bc_phys_is_mark(vm))
				bc_audit_mm(bc, vm);
	list_for_each_entry(pin, &bc_pins, node)
		bc_audit_found(pin->bc, pin->res, pin->pages);
}

static void bc_audit_net(void)
{
#ifdef CONFIG_NET
	struct beancounter *bc;
	struct bc_sock_sum sum;
	struct bc_netns *ns;
	struct bc_sock *s;
	u64 entries;
	int i;

	list_for_each_entry(s, &bc_socks, node) {
		bc = bc_sock_audit(s, &sum);
		bc_audit_found(bc, BC_KMEMSIZE, sum.bytes);
		for (i = 0; i < ARRAY_SIZE(sum.row); i++)
			bc_audit_found(bc, sum.row[i].res, sum.row[i].n);
		if (s->item)
			bc_audit_found(bc, s->item, 1);
	}
	list_for_each_entry(ns, &bc_nets, node) {
		bc = bc_net_audit(ns, &entries);
		bc_audit_found(bc, BC_NUMIPTENT, entries);
	}
#endif
}

static void bc_audit_tasks(void)
{
	struct task_struct *leader, *task;

	rcu_read_lock();
	for_each_process_thread(leader, task)
		bc_audit_found(css_bc(task_css(task, bc_cgrp_id)), BC_NUMPROC,
			       1);
	rcu_read_unlock();
}

static int bc_audit_stopped(void *arg)
{
	struct bc_audit_table *table = arg;
	struct beancounter *bc;
	struct bc_stat stat;
	struct zone *zone;
	size_t n = 0;
	int i;

	list_for_each_entry(bc, &bc_list, list) {
		if (n == table->nr)
			return -EAGAIN;
		bc->audit = &table->row[n++];
	}
	for_each_populated_zone(zone)
		bc_audit_zone(zone);
	bc_audit_percpu();
	bc_audit_vm();
	bc_audit_net();
	bc_audit_tasks();
	list_for_each_entry(bc, &bc_list, list)
		for (i = 0; i < BC_NR_RESOURCES; i++) {
			if (!bc_is_charged(i))
				continue;
			bc_stat_read(bc, i, &stat);
			bc->audit->held[i] = stat.held;
		}
	return 0;
}

static void bc_audit_print_path(struct seq_file *m, struct cgroup *cgrp)
{
	char *buf;
	size_t size = seq_get_buf(m, &buf);
	int len = size ? cgroup_path(cgrp, buf, size) : -E2BIG;

	/* If the buffer is too small, seq_file calls again with a larger one. */
	seq_commit(m, len < 0 || len >= size ? -1 : len);
}

/* Resources that are added up when they are read have no counter to compare. */
static u64 bc_audit_print(struct seq_file *m, struct beancounter *bc)
{
	struct bc_css *css = bc_get_css(bc);
	u64 total = 0;
	int i;

	for (i = 0; i < BC_NR_RESOURCES; i++) {
		s64 difference = bc->audit->found[i] - bc->audit->held[i];

		if (!bc_is_charged(i))
			continue;
		if (css)
			bc_audit_print_path(m, css->css.cgroup);
		else
			seq_printf(m, "id:%llu (removed)", bc_id(bc));
		seq_printf(m, " %s held=%llu recount=%llu difference=%lld\n",
			   bc_resources[i].name, bc->audit->held[i],
			   bc->audit->found[i], difference);
		total += abs(difference);
	}
	if (css)
		css_put(&css->css);
	return total;
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

static size_t bc_list_count(void)
{
	unsigned long flags;
	size_t n;

	raw_spin_lock_irqsave(&bc_list_lock, flags);
	n = list_count_nodes(&bc_list);
	raw_spin_unlock_irqrestore(&bc_list_lock, flags);
	return n;
}

/* Run the audit, with rows for all accounts that exist once the machine has stopped. */
static int bc_audit_run(struct bc_audit_table *table)
{
	int ret;

	do {
		kvfree(table->row);
		table->nr = bc_list_count() + BC_AUDIT_SPARE;
		table->row =
			kvcalloc(table->nr, sizeof(*table->row), GFP_KERNEL);
		if (!table->row)
			return -ENOMEM;
		ret = stop_machine(bc_audit_stopped, table, NULL);
	} while (ret == -EAGAIN);
	return ret;
}

static int bc_audit_show(struct seq_file *m, void *v)
{
	struct bc_audit_table table = {};
	struct beancounter *bc = NULL;
	u64 total = 0;
	int ret;

	mutex_lock(&bc_audit_mutex);
	ret = bc_audit_run(&table);
	while (!ret && (bc = bc_list_next(bc)))
		/* An account without a row is newer than the audit. */
		if (bc->audit)
			total += bc_audit_print(m, bc);
	kvfree(table.row);
	mutex_unlock(&bc_audit_mutex);
	if (!ret)
		seq_printf(m, "total difference=%llu\n", total);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(bc_audit);

/* How often the lock of each tree was taken: "<id of the cgroup> <times>". */
static int bc_locks_show(struct seq_file *m, void *v)
{
	struct beancounter *bc;
	unsigned long flags;

	raw_spin_lock_irqsave(&bc_list_lock, flags);
	list_for_each_entry(bc, &bc_list, list)
		if (bc->top == bc)
			seq_printf(m, "%llu %lu\n", bc_id(bc),
				   READ_ONCE(bc->locks));
	raw_spin_unlock_irqrestore(&bc_list_lock, flags);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bc_locks);

static int __init bc_audit_init(void)
{
	struct dentry *dir;

	if (bc_disabled())
		return 0;
	dir = debugfs_create_dir("bc", NULL);
	debugfs_create_file("audit", 0400, dir, NULL, &bc_audit_fops);
	debugfs_create_file("locks", 0400, dir, NULL, &bc_locks_fops);
	if (IS_ENABLED(CONFIG_BEANCOUNTERS_CENSUS))
		bc_census_init(dir);
	return 0;
}
late_initcall(bc_audit_init);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: kmemsize, its payers, and the pages of the kernel.
 *
 * The payer is stored with the charged memory: for a slab object beside its slab, see
 * slab.c, for a block of pages in a word of page_ext of its first page. Uncharging
 * needs nothing else, in particular not the current task.
 *
 * A block of pages is charged its full size.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page_ext.h>
#include <linux/sched/mm.h>

#include "kmem.h"

/* Room is made so many times at most before a request is refused. */
#define BC_RECLAIM_RETRIES 8

#ifdef CONFIG_MEMCG
/*
 * The payer where memcg knows that the kernel works for another task: loop,
 * buffer heads, bpf. Where the memory controller is not enabled down to the
 * groups, memcg names one of their ancestors: if it would name the same one
 * for the task itself, the task's group is the better guess. A request on behalf of
 * the root is charged to nobody, not to the task that happens to run.
 */
static struct beancounter *bc_remote_memcg(void)
{
	struct mem_cgroup *memcg;

	memcg = in_task() ? current->active_memcg :
			    this_cpu_read(int_active_memcg);
	if (likely(!memcg))
		return NULL;
	if (in_task() && memcg == mem_cgroup_from_task(current))
		return NULL;
	return css_bc(cgroup_e_css(memcg->css.cgroup, &bc_cgrp_subsys)) ?:
		       BC_NOBODY;
}

/**
 * bc_get_memcg() - the account of the cgroup of a memory cgroup
 * @memcg: the memory cgroup
 *
 * For memory that any task allocates for @memcg, see set_active_bc().
 *
 * Context: Any in which @memcg is pinned.
 * Return: The account with a reference for bc_put_payer(), or BC_NOBODY.
 */
struct beancounter *bc_get_memcg(struct mem_cgroup *memcg)
{
	struct beancounter *bc;

	rcu_read_lock();
	bc = css_bc(cgroup_e_css(memcg->css.cgroup, &bc_cgrp_subsys));
	if (!bc || !refcount_inc_not_zero(&bc->refs))
		bc = BC_NOBODY;
	rcu_read_unlock();
	return bc;
}
#else
static struct beancounter *bc_remote_memcg(void)
{
	return NULL;
}
#endif

/* The payer for allocations in this context, or NULL. */
static struct beancounter *bc_current(void)
{
	struct beancounter *bc;

	if (in_task())
		bc = current->bc.active;
	else
		bc = bc_on_behalf() ? raw_cpu_read(bc_softirq_payer) :
				      raw_cpu_read(bc_irq_payer);
	if (likely(!bc))
		bc = bc_remote_memcg();
	if (unlikely(bc))
		return bc == BC_NOBODY ? NULL : bc;
	if (unlikely(!in_task() || (current->flags & PF_KTHREAD)))
		return NULL;
	return bc_own();
}

/**
 * bc_get_current() - remember the current group as a payer
 *
 * For memory that is allocated later on its behalf, see set_active_bc().
 *
 * Context: Process context.
 * Return: The account with a reference for bc_put_payer(), or BC_NOBODY.
 */
struct beancounter *bc_get_current(void)
{
	struct beancounter *bc;

	rcu_read_lock();
	bc = bc_current();
	if (!bc || !refcount_inc_not_zero(&bc->refs))
		bc = BC_NOBODY;
	rcu_read_unlock();
	return bc;
}

/**
 * bc_put_payer() - drop the reference of bc_get_current()
 * @bc: the account, BC_NOBODY, or NULL
 *
 * Context: Any.
 */
void bc_put_payer(struct beancounter *bc)
{
	if (bc && bc != BC_NOBODY)
		bc_put(bc);
}

/*
 * Is this an unmarked request made inside a file system, or on the way to a device? To
 * refuse it could break the file system for all its users.
 */
static __always_inline bool bc_gfp_in_io(gfp_t flags)
{
	const gfp_t io = __GFP_IO | __GFP_FS;

	if (bc_gfp_marked(flags))
		return false;
	return (current->flags & (PF_MEMALLOC_NOFS | PF_MEMALLOC_NOIO)) ||
	       (gfpflags_allow_blocking(flags) && (flags & io) != io);
}

static __always_inline enum bc_severity bc_gfp_severity(gfp_t flags)
{
	if (unlikely(flags & __GFP_NOFAIL))
		return BC_FORCE;
	if (unlikely(!in_task())) {
		if (flags & __GFP_BC_LIMIT)
			return BC_LIMIT;
		return bc_gfp_marked(flags) ? BC_BARRIER : BC_GAP;
	}
	if (unlikely((current->flags & PF_MEMALLOC) || bc_gfp_in_io(flags)))
		return BC_FORCE;
	if ((flags & __GFP_BC_LIMIT) ||
	    (current->bc_scope.flags & BC_SCOPE_LIMIT) ||
	    (current->flags & PF_EXITING))
		return BC_LIMIT;
	return bc_gfp_marked(flags) ? BC_BARRIER : BC_GAP;
}

/*
 * May the allocation wait for room to be made, and enter file systems? A task does not
 * have to make room in another group than its own.
 */
static bool bc_may_reclaim(struct beancounter *bc, gfp_t flags)
{
	flags = current_gfp_context(flags);
	return gfpflags_allow_blocking(flags) && (flags & __GFP_FS) &&
	       !(flags & __GFP_NORETRY) && in_task() &&
	       (!current->bc.active ||
		bc == css_bc(task_css(current, bc_cgrp_id)));
}

/*
 * Is this a marked request that could wait for room, but is made inside a file system?
 * Room is made in the background then, and meanwhile the request may go above the
 * barrier. If the file system itself allocates with GFP_NOFS, as ext4 does for an
 * inode, the request even passes the limit as long as the excess is small: there may be
 * no room only because of the group's own unused inodes. If the restriction comes from
 * a section (memalloc_nofs_save()), the request gets no more than BC_GAP: inotify has
 * such a section, too.
 */
static bool bc_in_fs(enum bc_severity severity, gfp_t flags)
{
	return severity == BC_BARRIER && in_task() &&
	       gfpflags_allow_blocking(flags) &&
	       !(current_gfp_context(flags) & __GFP_FS);
}

/* Was a resource refused that unused dentries and inodes take up? */
static bool bc_shrinks(const struct bc_request *rq)
{
	return rq->refused->res == BC_KMEMSIZE ||
	       rq->refused->res == BC_DCACHESIZE;
}

/*
 * Charge under the lock, and make room before a refusal if possible. Under
 * rcu_read_lock(), which is dropped while room is made.
 */
static bool bc_kmem_charge_slow(struct beancounter *bc, struct bc_request *rq,
				gfp_t flags)
{
	int ret, retries = BC_RECLAIM_RETRIES;

	rq->severity = bc_gfp_severity(flags);
	ret = bc_try_charge(bc, rq);
	if (likely(!ret))
		return true;

	/* The caller of this first try has a fallback, whose refusal counts; see bc_gfp_try(). */
	if ((flags & __GFP_NORETRY) && (flags & __GFP_NOWARN))
		return false;

	if (bc_shrinks(rq) && !bc_may_reclaim(bc, flags)) {
		if (bc_in_fs(rq->severity, flags)) {
			bc_ask_room(rq->over);
			rq->severity = flags & __GFP_FS ? BC_GAP : BC_EXCESS;
			ret = bc_try_charge(bc, rq);
		}
		if (ret)
			WRITE_ONCE(rq->over->want_room, true);
	} else if (bc_shrinks(rq) && refcount_inc_not_zero(&bc->refs)) {
		rcu_read_unlock();
		while (ret && bc_shrinks(rq) && retries-- &&
		       bc_reclaim(rq->over, rq->refused, true))
			ret = bc_try_charge(bc, rq);
		rcu_read_lock();
		/* RCU keeps the account for the rest of this function. */
		bc_put(bc);
	}
	if (ret && !bc_trying())
		bc_refused(bc, rq);
	return !ret;
}

/* Take the bytes, and the file or item that comes with them, without the lock. */
static bool bc_take_object(struct beancounter *bc, u64 bytes,
			   enum bc_resource item, u64 items)
{
	if (!items || item == BC_NUMFILE)
		return bytes <= BC_STOCK_MAX &&
		       bc_take_bytes(bc, bytes + items * BC_FILE);
	return bc_take_apart(bc, bytes, item, items);
}

/**
 * bc_charge_object() - charge the payer for allocations in this context
 * @bytes: of kmemsize, any number
 * @item: a resource in which the allocation counts as well
 * @items: units of @item, 0 for nothing
 * @flags: of the allocation
 * @payer: where to store the payer; NULL for nobody
 *
 * This is the complete path: it may charge another group than the task's, make room,
 * and refuse.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have them.
 */
bool bc_charge_object(u64 bytes, enum bc_resource item, u64 items, gfp_t flags,
		      struct beancounter **payer)
{
	struct bc_request rq = bc_item_request(item, items, bytes, BC_BARRIER);
	struct beancounter *bc;
	bool ok = true;

	rcu_read_lock();
	bc = bc_current();
	if (bc && !bc_take_object(bc, bytes, item, items))
		ok = bc_kmem_charge_slow(bc, &rq, flags);
	/* From here on the charge pins the account. */
	rcu_read_unlock();
	*payer = bc;
	return ok;
}

/**
 * bc_charge_names() - count an object in the cache of names as well
 * @bc: its payer
 * @bytes: its charge in kmemsize
 * @flags: of its allocation
 *
 * As bc_charge_object(), for an object that is charged already.
 *
 * Context: Any in which @bc is pinned; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have it.
 */
bool bc_charge_names(struct beancounter *bc, u64 bytes, gfp_t flags)
{
	struct bc_request rq = BC_REQUEST(BC_BARRIER, BC_DCACHESIZE, bytes);
	bool ok;

	if (likely(!bc_ask(bc, &rq)))
		return true;
	rcu_read_lock();
	ok = bc_kmem_charge_slow(bc, &rq, flags);
	rcu_read_unlock();
	return ok;
}

/**
 * bc_charge_near_file() - bc_charge_near() for open files
 * @bc: payer
 * @bytes: of kmemsize
 * @files: of numfile, not 0
 *
 * A function of its own, so that the path without a file needs fewer registers.
 *
 * Context: Preemption is off, and on again on return.
 * Return: false, with nothing charged, when they do not fit at some level.
 */
bool bc_charge_near_file(struct beancounter *bc, u32 bytes, u32 files)
{
	return __bc_charge_near(bc, bytes, files);
}

/* The word of page_ext: address of the account | order of the charged block. */
#define BC_PAGE_ORDER_MASK (__alignof__(struct beancounter) - 1)

static bool bc_page_need(void)
{
	return !bc_disabled();
}

struct page_ext_operations bc_page_ops = {
	.size = sizeof(unsigned long),
	.need = bc_page_need,
};

/*
 * The word of an allocated page, or NULL. With vmemmap this is a short form of
 * page_ext_get(): the section of an allocated page stays, so no RCU is needed. Bit 0
 * says that the section goes offline nevertheless, which happens only to a page with a
 * hardware error.
 */
static __always_inline unsigned long *bc_page_word(const struct page *page)
{
#ifdef CONFIG_SPARSEMEM_VMEMMAP
	unsigned long pfn = page_to_pfn(page), nr = pfn_to_section_nr(pfn);
	struct mem_section *section =
		&mem_section[SECTION_NR_TO_ROOT(nr)][nr & SECTION_ROOT_MASK];
	unsigned long base = (unsigned long)READ_ONCE(section->page_ext);

	if (unlikely(!base || (base & 1)))
		return NULL;
	return (unsigned long *)(base + page_ext_size * pfn +
				 bc_page_ops.offset);
#else
	struct page_ext *ext = page_ext_get(page);
	unsigned long *word;

	if (unlikely(!ext))
		return NULL;
	word = page_ext_data(ext, &bc_page_ops);
	page_ext_put(ext);
	return word;
#endif
}

static __always_inline bool
bc_page_set(struct page *page, struct beancounter *bc, unsigned int order)
{
	unsigned long *word = bc_page_word(page);

	BUILD_BUG_ON(MAX_PAGE_ORDER > BC_PAGE_ORDER_MASK);
	BUILD_BUG_ON_MSG(
		LRU_REFS_WIDTH != __LRU_REFS_WIDTH,
		"PG_bc leaves too few bits of page->flags for MGLRU: lower NODES_SHIFT or NR_CPUS");
	if (unlikely(!word))
		return false;
	VM_WARN_ON_ONCE_PAGE(*word, page);
	*word = (unsigned long)bc | order;
	set_bit(PG_bc, &page->flags);
	return true;
}

static __always_inline unsigned long bc_page_clear(struct page *page)
{
	unsigned long *word = bc_page_word(page), old;

	clear_bit(PG_bc, &page->flags);
	if (WARN_ON_ONCE(!word))
		return 0;
	old = *word;
	*word = 0;
	return old;
}

static struct beancounter *bc_word_owner(unsigned long word)
{
	return (struct beancounter *)(word & ~BC_PAGE_ORDER_MASK);
}

/**
 * bc_page_owner() - who pays for a page?
 * @page: first page of a block
 * @order: where to store the order the block was charged with
 *
 * Context: Any.
 * Return: The payer, or NULL for nobody.
 */
struct beancounter *bc_page_owner(const struct page *page, unsigned int *order)
{
	struct page_ext *ext;
	unsigned long word;

	if (!bc_page_paid(page))
		return NULL;
	ext = page_ext_get(page);
	if (!ext)
		return NULL;
	word = READ_ONCE(*(unsigned long *)page_ext_data(ext, &bc_page_ops));
	page_ext_put(ext);
	*order = word & BC_PAGE_ORDER_MASK;
	return bc_word_owner(word);
}

/* The page has no word: early in boot, or while its memory goes offline. */
static noinline int bc_page_ownerless(struct beancounter *bc,
				      unsigned int order, gfp_t flags)
{
	bc_uncharge(bc, BC_KMEMSIZE, PAGE_SIZE << order);
	return flags & __GFP_NOFAIL ? 0 : -ENOMEM;
}

static noinline int bc_page_charge_slow(struct page *page, unsigned int order,
					gfp_t flags)
{
	struct beancounter *bc;

	if (!bc_charge_object(PAGE_SIZE << order, 0, 0, flags, &bc))
		return -ENOMEM;
	if (!bc || likely(bc_page_set(page, bc, order)))
		return 0;
	return bc_page_ownerless(bc, order, flags);
}

static noinline int bc_page_charge_short(struct page *page, unsigned int order,
					 gfp_t flags, struct beancounter *bc)
{
	if (unlikely(!bc_charge_near(bc, (u32)(PAGE_SIZE << order))))
		return bc_page_charge_slow(page, order, flags);
	if (likely(bc_page_set(page, bc, order)))
		return 0;
	return bc_page_ownerless(bc, order, flags);
}

/* See bc_page_charge(). */
int __bc_page_charge(struct page *page, unsigned int order, gfp_t flags)
{
	struct beancounter *bc;

	switch (bc_charge_own(PAGE_SIZE << order, &bc)) {
	case BC_OWN_CHARGED:
		if (!bc || likely(bc_page_set(page, bc, order)))
			return 0;
		return bc_page_ownerless(bc, order, flags);
	case BC_OWN_SHORT:
		return bc_page_charge_short(page, order, flags, bc);
	default:
		return bc_page_charge_slow(page, order, flags);
	}
}

/*
 * See bc_page_uncharge(). Gives back the whole charge of the block together with the
 * first page, whatever part of the block is being freed: tail pages of a block that is
 * not compound and is freed piece by piece have no payer.
 */
void __bc_page_uncharge(struct page *page)
{
	unsigned long word = bc_page_clear(page);

	if (likely(word))
		bc_kmem_uncharge(bc_word_owner(word),
				 PAGE_SIZE << (word & BC_PAGE_ORDER_MASK));
}

/**
 * bc_page_move() - let another group pay for a block of pages
 * @page: first page of the block
 * @order: size of the block
 * @bc: payer from now on, or NULL for nobody
 * @severity: what to check against
 *
 * Context: Any in which @bc is pinned; does not sleep.
 * Return: false when the group may not have it; the old payer goes on paying then.
 */
bool bc_page_move(struct page *page, unsigned int order, struct beancounter *bc,
		  enum bc_severity severity)
{
	if (bc && !bc_charge_nowait(bc, PAGE_SIZE << order, severity))
		return false;
	bc_page_uncharge(page);
	return !bc || bc_page_set(page, bc, order) ||
	       !bc_page_ownerless(bc, order, 0);
}

/* See bc_page_split(). */
void __bc_page_split(struct page *page, unsigned int order)
{
	struct beancounter *bc = bc_word_owner(bc_page_clear(page));
	unsigned int i;

	/* The bytes stay charged, page by page, and pin the account. */
	for (i = 0; i < 1U << order; i++)
		if (WARN_ON_ONCE(!bc_page_set(page + i, bc, 0)))
			bc_uncharge(bc, BC_KMEMSIZE, PAGE_SIZE);
}

/**
 * bc_bytes_charge() - charge bytes that are neither object nor page
 * @bytes: how many
 * @flags: of the allocation
 * @ok: set to false when the group may not have them
 *
 * For allocators that store the payer themselves; they give the bytes back
 * with bc_uncharge() of BC_KMEMSIZE.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: The payer, or NULL for nobody.
 */
struct beancounter *bc_bytes_charge(u64 bytes, gfp_t flags, bool *ok)
{
	struct beancounter *bc;

	*ok = bc_charge_object(bytes, 0, 0, flags, &bc);
	return *ok ? bc : NULL;
}

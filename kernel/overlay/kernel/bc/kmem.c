// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: kmemsize, the slab objects and pages of the kernel.
 *
 * Every charged object knows its payer: a slab object in the vector that its
 * slab has beside it (struct slabobj_ext), a block of pages in a word of
 * page_ext of its first page. Uncharging needs nothing else, in particular not
 * the current task.
 *
 * A slab object is charged its share of the slab, debugging and alignment and
 * its slot in the vector included, a block of pages its full size.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page_ext.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <trace/events/beancounter.h>

#include "internal.h"
#include "../../mm/slab.h"

/* How often room is made before a request is refused. */
#define BC_RECLAIM_RETRIES 8

#ifdef CONFIG_MEMCG
/*
 * Who pays where memcg knows that the kernel works for somebody else: loop,
 * buffer heads, bpf. Where the memory controller is not enabled down to the
 * groups, memcg names one of their ancestors: if that is what it would name
 * for the task itself, the task's group is the better guess. What the root
 * asked for is not to be paid by whoever happens to run.
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
#else
static struct beancounter *bc_remote_memcg(void)
{
	return NULL;
}
#endif

/* The group that pays for what is allocated here and now, or NULL. */
static __always_inline struct beancounter *bc_current(void)
{
	struct beancounter *bc;

	bc = in_task() ? current->bc_active : NULL;
	if (likely(!bc))
		bc = bc_remote_memcg();
	if (unlikely(bc))
		return bc == BC_NOBODY ? NULL : bc;
	if (unlikely(!in_task() || (current->flags & PF_KTHREAD)))
		return NULL;
	return css_bc(task_css(current, bc_cgrp_id));
}

/**
 * bc_get_current() - remember the current group as a payer
 *
 * For what is allocated later on its behalf, see set_active_bc().
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
 * bc_put_payer() - forget what bc_get_current() returned
 * @bc: the account, BC_NOBODY, or NULL
 *
 * Context: Any.
 */
void bc_put_payer(struct beancounter *bc)
{
	if (bc && bc != BC_NOBODY)
		bc_put(bc);
}

static __always_inline enum bc_severity bc_gfp_severity(gfp_t flags)
{
	if (unlikely(flags & __GFP_NOFAIL))
		return BC_FORCE;
	if (unlikely(!in_task()))
		return flags & __GFP_BC_LIMIT ? BC_LIMIT : BC_BARRIER;
	if (unlikely(current->flags & PF_MEMALLOC))
		return BC_FORCE;
	if ((flags & __GFP_BC_LIMIT) || current->bc_limit_scope ||
	    (current->flags & PF_EXITING))
		return BC_LIMIT;
	return BC_BARRIER;
}

/*
 * May the allocation wait for room to be made, and enter file systems? Nobody
 * has to make room in the group of somebody else.
 */
static bool bc_may_reclaim(struct beancounter *bc, gfp_t flags)
{
	flags = current_gfp_context(flags);
	return gfpflags_allow_blocking(flags) && (flags & __GFP_FS) &&
	       !(flags & __GFP_NORETRY) && in_task() &&
	       (!current->bc_active ||
		bc == css_bc(task_css(current, bc_cgrp_id)));
}

/* The fast path took nothing: charge @bytes, making room where that is due. */
static noinline int bc_kmem_charge_slow(struct beancounter *bc, u64 bytes,
					gfp_t flags)
{
	enum bc_severity severity = bc_gfp_severity(flags);
	int retries = BC_RECLAIM_RETRIES;
	struct beancounter *over;
	int ret;

	ret = bc_charge_slow(bc, BC_KMEMSIZE, bytes, severity, &over);
	if (likely(!ret))
		return 0;

	/* A first try whose caller falls back: the fallback's refusal counts. */
	if ((flags & __GFP_NORETRY) && (flags & __GFP_NOWARN))
		return -ENOMEM;

	if (bc_may_reclaim(bc, flags) && refcount_inc_not_zero(&bc->refs)) {
		rcu_read_unlock();
		while (ret && retries-- && bc_reclaim(over, bytes))
			ret = bc_charge_slow(bc, BC_KMEMSIZE, bytes, severity,
					     &over);
		rcu_read_lock();
		/* RCU keeps it for what follows. */
		bc_put(bc);
	}
	if (ret)
		bc_refused(bc, over, BC_KMEMSIZE, bytes, severity);
	return ret;
}

/* Under rcu_read_lock(), which may be dropped on the way. */
static __always_inline int bc_kmem_charge(struct beancounter *bc, u64 bytes,
					  gfp_t flags)
{
	if (likely(bytes <= BC_STOCK_MAX && bc_stock_take(bc, bytes)))
		return 0;
	return bc_kmem_charge_slow(bc, bytes, flags);
}

/**
 * bc_object_size() - what an object is charged
 * @s: its cache
 *
 * For small objects the slot is no small matter: 16 bytes beside memcg.
 *
 * Context: Any.
 * Return: Bytes.
 */
unsigned int bc_object_size(const struct kmem_cache *s)
{
	return s->size + sizeof(struct slabobj_ext);
}

/* The slot for the owner of an object, or NULL when there is no memory for it. */
static __always_inline struct slabobj_ext *
bc_slab_slot(struct kmem_cache *s, struct slab *slab, void *obj, gfp_t flags)
{
	struct slabobj_ext *exts = slab_obj_exts(slab);

	if (unlikely(!exts)) {
		if (alloc_slab_obj_exts(slab, s, flags, false))
			return NULL;
		exts = slab_obj_exts(slab);
	}
	return exts + obj_to_index(s, slab, obj);
}

/**
 * bc_slab_charge() - charge new objects of a slab cache to the current group
 * @s: the cache
 * @flags: of the allocation
 * @nr: number of objects
 * @p: the objects; a single one may be NULL
 *
 * All or none. An object whose owner cannot be stored is not handed out, or a
 * group short of memory would get it for free.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have them; the caller frees them, which
 * gives back what was charged.
 */
bool bc_slab_charge(struct kmem_cache *s, gfp_t flags, size_t nr, void **p)
{
	struct slabobj_ext *slot;
	struct beancounter *bc;
	size_t i;

	if (unlikely(!*p))
		return true;

	rcu_read_lock();
	bc = bc_current();
	if (!bc) {
		rcu_read_unlock();
		return true;
	}
	if (bc_kmem_charge(bc, (u64)bc_object_size(s) * nr, flags)) {
		rcu_read_unlock();
		return false;
	}
	/* From here on the bytes pin bc. */
	rcu_read_unlock();

	for (i = 0; i < nr; i++) {
		slot = bc_slab_slot(s, virt_to_slab(p[i]), p[i], flags);
		if (likely(slot))
			slot->bc = bc;
		else if (flags & __GFP_NOFAIL)
			bc_uncharge(bc, BC_KMEMSIZE, bc_object_size(s));
		else
			break;
	}
	if (likely(i == nr))
		return true;
	bc_uncharge(bc, BC_KMEMSIZE, (u64)bc_object_size(s) * (nr - i));
	return false;
}

/**
 * bc_slab_uncharge() - objects of one slab are about to be freed
 * @s: the cache
 * @slab: the slab of all of them
 * @p: the objects
 * @nr: number of objects
 *
 * Context: Any.
 */
void bc_slab_uncharge(struct kmem_cache *s, struct slab *slab, void **p, int nr)
{
	struct slabobj_ext *exts = slab_obj_exts(slab);
	struct beancounter *last = NULL;
	u64 bytes = 0;
	int i;

	if (!exts)
		return;
	/* Neighbours in a bulk mostly have the same owner: give back at once. */
	for (i = 0; i < nr; i++) {
		struct slabobj_ext *slot = exts + obj_to_index(s, slab, p[i]);
		struct beancounter *bc = slot->bc;

		if (!bc)
			continue;
		slot->bc = NULL;
		if (bc != last) {
			if (bytes)
				bc_uncharge(last, BC_KMEMSIZE, bytes);
			last = bc;
			bytes = 0;
		}
		bytes += bc_object_size(s);
	}
	if (bytes)
		bc_uncharge(last, BC_KMEMSIZE, bytes);
}

/**
 * bc_slab_charge_late() - charge an object allocated before by somebody else
 * @obj: from a slab cache or kmalloc()
 * @flags: as if it were allocated now
 *
 * For an object that was born in an interrupt and is handed to a process now.
 * What has a payer keeps it.
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: false when the group may not have it.
 */
bool bc_slab_charge_late(void *obj, gfp_t flags)
{
	struct folio *folio = virt_to_folio(obj);
	struct slabobj_ext *exts;
	struct kmem_cache *s;
	struct slab *slab;

	if (!folio_test_slab(folio))
		return PageBc(folio_page(folio, 0)) ||
		       !__bc_page_charge(folio_page(folio, 0),
					 folio_order(folio), flags);
	slab = folio_slab(folio);
	s = slab->slab_cache;
	/* They must not have a vector that may lie in the very same slab. */
	if (is_kmalloc_normal(s))
		return true;
	exts = slab_obj_exts(slab);
	if (exts && exts[obj_to_index(s, slab, obj)].bc)
		return true;
	return bc_slab_charge(s, flags, 1, &obj);
}

/**
 * bc_object_owner() - who pays for a slab object?
 * @obj: the object, or an address inside it
 * @size: where to store what was charged for it, or NULL
 *
 * Context: Any in which the object cannot be freed.
 * Return: The payer, or NULL for nobody.
 */
struct beancounter *bc_object_owner(const void *obj, unsigned int *size)
{
	struct slab *slab = virt_to_slab(obj);
	struct slabobj_ext *exts = slab ? slab_obj_exts(slab) : NULL;

	if (!exts)
		return NULL;
	if (size)
		*size = bc_object_size(slab->slab_cache);
	return exts[obj_to_index(slab->slab_cache, slab, (void *)obj)].bc;
}

/* The word of page_ext: address of the account | order it was charged with. */
#define BC_PAGE_ORDER_MASK (__alignof__(struct beancounter) - 1)

static bool bc_page_need(void)
{
	return !bc_disabled();
}

struct page_ext_operations bc_page_ops = {
	.size = sizeof(unsigned long),
	.need = bc_page_need,
};

static bool bc_page_set(struct page *page, struct beancounter *bc,
			unsigned int order)
{
	struct page_ext *ext = page_ext_get(page);
	unsigned long *word;

	BUILD_BUG_ON(MAX_PAGE_ORDER > BC_PAGE_ORDER_MASK);
	if (unlikely(!ext))
		return false;
	word = page_ext_data(ext, &bc_page_ops);
	VM_WARN_ON_ONCE_PAGE(*word, page);
	*word = (unsigned long)bc | order;
	page_ext_put(ext);
	SetPageBc(page);
	return true;
}

static unsigned long bc_page_clear(struct page *page)
{
	struct page_ext *ext = page_ext_get(page);
	unsigned long *word, old;

	ClearPageBc(page);
	if (WARN_ON_ONCE(!ext))
		return 0;
	word = page_ext_data(ext, &bc_page_ops);
	old = *word;
	*word = 0;
	page_ext_put(ext);
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

	if (!PageBc(page))
		return NULL;
	ext = page_ext_get(page);
	if (!ext)
		return NULL;
	word = READ_ONCE(*(unsigned long *)page_ext_data(ext, &bc_page_ops));
	page_ext_put(ext);
	*order = word & BC_PAGE_ORDER_MASK;
	return bc_word_owner(word);
}

/**
 * __bc_page_charge() - see bc_page_charge()
 * @page: first page of the block
 * @order: size of the block
 * @flags: of the allocation
 *
 * Context: Any; may sleep and reclaim when @flags allow it.
 * Return: 0 or -ENOMEM.
 */
int __bc_page_charge(struct page *page, unsigned int order, gfp_t flags)
{
	u64 bytes = PAGE_SIZE << order;
	struct beancounter *bc;
	int ret;

	rcu_read_lock();
	bc = bc_current();
	if (!bc) {
		rcu_read_unlock();
		return 0;
	}
	ret = bc_kmem_charge(bc, bytes, flags);
	rcu_read_unlock();
	if (ret)
		return ret;
	/* Early in boot or while its memory goes offline a page has no word. */
	if (unlikely(!bc_page_set(page, bc, order))) {
		bc_uncharge(bc, BC_KMEMSIZE, bytes);
		return flags & __GFP_NOFAIL ? 0 : -ENOMEM;
	}
	return 0;
}

/**
 * __bc_page_uncharge() - see bc_page_uncharge()
 * @page: first page of a charged block
 *
 * Gives back what was charged with the first page, whatever part of the block
 * is being freed: tail pages of a block that was not compound and is freed
 * piecemeal have no payer.
 *
 * Context: Any.
 */
void __bc_page_uncharge(struct page *page)
{
	unsigned long word = bc_page_clear(page);

	bc_uncharge(bc_word_owner(word), BC_KMEMSIZE,
		    PAGE_SIZE << (word & BC_PAGE_ORDER_MASK));
}

/**
 * __bc_page_split() - see bc_page_split()
 * @page: first page of a charged block
 * @order: size of the block
 *
 * Context: Any.
 */
void __bc_page_split(struct page *page, unsigned int order)
{
	struct beancounter *bc = bc_word_owner(bc_page_clear(page));
	unsigned int i;

	/* The bytes stay charged, page by page; they are the reference. */
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

	*ok = true;
	rcu_read_lock();
	bc = bc_current();
	if (bc && bc_kmem_charge(bc, bytes, flags)) {
		*ok = false;
		bc = NULL;
	}
	rcu_read_unlock();
	return bc;
}

/**
 * bc_fault_kill() - end a task whose page fault was refused memory
 *
 * There is no error a user access can return, and trying again would spin,
 * because nothing but the group itself can make room. Called where the fault
 * ran out of memory; tells whether a beancounter was the reason.
 *
 * Context: The faulting task, without locks.
 * Return: true when the task has been sent SIGKILL.
 */
bool bc_fault_kill(void)
{
	if (!bc_online() || !current->bc_refused)
		return false;
	current->bc_refused = false;
	trace_bc_fault_kill(task_pid_nr(current));
	pr_info_ratelimited(
		"bc: %s[%d] killed: its group is at its kmemsize limit and a page fault needs kernel memory\n",
		current->comm, task_pid_nr(current));
	force_sig(SIGKILL);
	return true;
}

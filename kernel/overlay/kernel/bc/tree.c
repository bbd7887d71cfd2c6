// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: groups below a group that have open words or address spaces.
 *
 * Most groups of a large tree are idle, and no operation under the lock of the tree
 * may take longer because of them. So no walk visits all children of a group: for
 * each kind of thing that walks look for, a group has a list of only those children
 * that have such a thing, or have one below them. A group enters these lists with its
 * first thing and leaves them with its last, in at most as many steps as the tree has
 * levels.
 *
 * A group in such a list cannot be freed: a group with open words is online, an address
 * space and a walk that has paused at a group hold a reference, and a child pins its
 * parent.
 *
 * The address spaces of a group are in a list with a lock of its own, which nests
 * inside the lock of the tree. To add the first address space to the list, or to remove
 * the last, takes both locks. So whether a list is empty does not change under the lock
 * of the tree.
 */
#include "internal.h"

/* Does neither the group nor any group below it have something of a kind? */
static bool bc_idle(const struct beancounter *bc, enum bc_kind kind)
{
	if (!hlist_empty(&bc->branch[kind].children))
		return false;
	return kind == BC_OPEN_WORDS ? !bc->open && !bc->readers :
				       list_empty(&bc->mms);
}

static struct beancounter *bc_branch_entry(struct hlist_node *node,
					   enum bc_kind kind)
{
	struct bc_branch *branch;

	if (!node)
		return NULL;
	branch = hlist_entry(node, struct bc_branch, node);
	return container_of(branch - kind, struct beancounter, branch[0]);
}

/**
 * bc_branch_grow() - a group has something of a kind now
 * @bc: the group
 * @kind: the kind
 *
 * The group may have had some before. New groups are added at the head of the list, so
 * that a walk does not meet groups that are added after it has begun.
 *
 * Context: Under the lock of the tree.
 */
void bc_branch_grow(struct beancounter *bc, enum bc_kind kind)
{
	lockdep_assert_held(&bc->top->lock);
	for (; bc->parent && hlist_unhashed(&bc->branch[kind].node);
	     bc = bc->parent)
		hlist_add_head(&bc->branch[kind].node,
			       &bc->parent->branch[kind].children);
}

/**
 * bc_branch_cut() - a group may have nothing of a kind any more
 * @bc: the group
 * @kind: the kind
 *
 * Context: Under the lock of the tree.
 */
void bc_branch_cut(struct beancounter *bc, enum bc_kind kind)
{
	lockdep_assert_held(&bc->top->lock);
	for (; bc->parent && bc_idle(bc, kind); bc = bc->parent)
		hlist_del_init(&bc->branch[kind].node);
}

/**
 * bc_branch_next() - the next group that has something of a kind, or has it below
 * @pos: the group at which the walk is; @root at first
 * @root: the group at the top of the walk
 * @kind: the kind
 *
 * The walk is in pre-order. @pos may lose its things once the next group is known.
 *
 * Context: Under the lock of the tree.
 * Return: The group, or NULL at the end.
 */
struct beancounter *bc_branch_next(struct beancounter *pos,
				   struct beancounter *root, enum bc_kind kind)
{
	struct beancounter *next;

	lockdep_assert_held(&root->top->lock);
	bc_count_visit(root);
	next = bc_branch_entry(pos->branch[kind].children.first, kind);
	for (; !next && pos != root; pos = pos->parent)
		next = bc_branch_entry(pos->branch[kind].node.next, kind);
	return next;
}

/**
 * bc_add_mm() - a group pays for an address space
 * @bc: the group, pinned as long as @vm is in its list
 * @vm: the address space
 *
 * @vm is added at the head of the list, so that a walk does not meet address spaces that
 * are added after it has begun.
 *
 * Context: Under the lock of the tree.
 */
void bc_add_mm(struct beancounter *bc, struct bc_vm *vm)
{
	lockdep_assert_held(&bc->top->lock);
	raw_spin_lock(&bc->mms_lock);
	list_add(&vm->node, &bc->mms);
	raw_spin_unlock(&bc->mms_lock);
	bc_branch_grow(bc, BC_MMS);
}

/**
 * bc_del_mm() - a group does not pay for an address space any more
 * @bc: the group
 * @vm: the address space
 *
 * Context: Under the lock of the tree.
 */
void bc_del_mm(struct beancounter *bc, struct bc_vm *vm)
{
	lockdep_assert_held(&bc->top->lock);
	raw_spin_lock(&bc->mms_lock);
	list_del_init(&vm->node);
	raw_spin_unlock(&bc->mms_lock);
	bc_branch_cut(bc, BC_MMS);
}

/**
 * bc_link_mm() - bc_add_mm(), without the lock of the tree if @vm is not the first
 * @bc: the group, pinned as long as @vm is in its list
 * @vm: the address space
 *
 * So a fork() in a group that has processes does not wait for other groups.
 *
 * Context: Any but under a lock of the accounts.
 */
void bc_link_mm(struct beancounter *bc, struct bc_vm *vm)
{
	unsigned long flags;
	bool first;

	bc_raw_lock(&bc->mms_lock, flags);
	first = list_empty(&bc->mms);
	if (!first)
		list_add(&vm->node, &bc->mms);
	bc_raw_unlock(&bc->mms_lock, flags);
	if (!first)
		return;
	bc_lock(bc, flags);
	bc_add_mm(bc, vm);
	bc_unlock(bc, flags);
}

/**
 * bc_unlink_mm() - bc_del_mm(), without the lock of the tree if @vm is not the last
 * @bc: the group
 * @vm: the address space
 *
 * Context: Any but under a lock of the accounts.
 */
void bc_unlink_mm(struct beancounter *bc, struct bc_vm *vm)
{
	unsigned long flags;
	bool last;

	bc_raw_lock(&bc->mms_lock, flags);
	last = list_is_singular(&bc->mms);
	if (!last)
		list_del_init(&vm->node);
	bc_raw_unlock(&bc->mms_lock, flags);
	if (!last)
		return;
	bc_lock(bc, flags);
	bc_del_mm(bc, vm);
	bc_unlock(bc, flags);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: system calls with two paths. Included by namei.c.
 */
#ifndef FS_NAMEI_BC_H
#define FS_NAMEI_BC_H

#include <linux/beancounter.h>
#include <linux/fs.h>

/**
 * bc_second_name() - a task that has the name of a path in memory has another
 * @name: the other, or an error
 *
 * A name is exempt, as a thread has one only for the time of a system call, which can
 * be long. Where a system call has two of them, the second one is charged.
 *
 * Context: Process context; may sleep and reclaim.
 * Return: 0, or -ENOMEM when the group may not have it.
 */
static inline int bc_second_name(struct filename *name)
{
	void *obj = name;

	if (!bc_online() || IS_ERR_OR_NULL(name))
		return 0;
	if (name->name != name->iname)
		obj = (void *)name->name;
	return bc_slab_charge_late(obj, GFP_KERNEL) ? 0 : -ENOMEM;
}

#endif /* FS_NAMEI_BC_H */

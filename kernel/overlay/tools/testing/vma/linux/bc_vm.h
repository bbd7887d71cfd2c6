/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: nothing is charged in the tests of mm/vma.c, which find this header in
 * place of include/linux/bc_vm.h.
 */
#ifndef _TEST_BC_VM_H
#define _TEST_BC_VM_H

struct bc_vm_sum {};

static inline bool bc_limit_begin(bool on)
{
	(void)on;

	return false;
}

static inline void bc_limit_end(bool old)
{
	(void)old;
}

static inline void bc_vm_sum_init(struct bc_vm_sum *sum)
{
	(void)sum;
}

static inline void bc_vm_sum_add(struct bc_vm_sum *sum, vm_flags_t flags,
				 unsigned long pages)
{
	(void)sum;
	(void)flags;
	(void)pages;
}

static inline void bc_vm_sum_unmapped(struct mm_struct *mm,
				      struct bc_vm_sum *sum)
{
	(void)mm;
	(void)sum;
}

static inline void bc_vm_give_back(struct mm_struct *mm)
{
	(void)mm;
}

static inline void bc_vm_settle(struct mm_struct *mm)
{
	(void)mm;
}

#endif /* _TEST_BC_VM_H */

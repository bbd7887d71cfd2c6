/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: the charge of a percpu area.
 */
#ifndef MM_PERCPU_OWNER_BC_H
#define MM_PERCPU_OWNER_BC_H

#include <linux/beancounter.h>
#include <linux/cpumask.h>

#include "percpu-internal.h"

/* The bytes on each CPU, and the area's slots in the chunk's vector of owners. */
static inline u64 pcpu_bc_bytes(size_t size)
{
	return (u64)size * num_possible_cpus() +
	       size / PCPU_MIN_ALLOC_SIZE * sizeof(struct pcpuobj_ext);
}

#endif /* MM_PERCPU_OWNER_BC_H */

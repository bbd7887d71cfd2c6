// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: for how long interrupts are off, at the longest.
 *
 * /sys/kernel/debug/bc/hold has a line "<function>:<line> <longest>" for each place from
 * which interrupts were off since the last reset, in cycles or, where there are none, in
 * nanoseconds. Under an emulator that counts instructions a cycle is an instruction. A
 * write of anything resets the file.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>

#include "hold.h"

/**
 * struct bc_hold_cpu - the section that a CPU is in
 * @hold: where the outermost section began
 * @depth: how many sections the CPU is in
 * @start: when @hold was reached
 *
 * Used with interrupts off, by the CPU itself.
 */
struct bc_hold_cpu {
	struct bc_hold *hold;
	unsigned int depth;
	u64 start;
};

static DEFINE_PER_CPU(struct bc_hold_cpu, bc_hold_cpu);
/* Places that were reached; nobody leaves the list. */
static LLIST_HEAD(bc_holds);

static u64 bc_hold_clock(void)
{
	u64 cycles = get_cycles();

	return cycles ?: ktime_get_mono_fast_ns();
}

/**
 * bc_hold_enter() - interrupts are off from here
 * @hold: the place
 *
 * Context: Interrupts are off.
 */
void bc_hold_enter(struct bc_hold *hold)
{
	struct bc_hold_cpu *now = this_cpu_ptr(&bc_hold_cpu);

	if (now->depth++)
		return;
	now->hold = hold;
	now->start = bc_hold_clock();
}

/**
 * bc_hold_leave() - the section ends, and interrupts are turned on next
 *
 * Context: Interrupts are off.
 */
void bc_hold_leave(void)
{
	u64 end = bc_hold_clock();
	struct bc_hold_cpu *now = this_cpu_ptr(&bc_hold_cpu);
	struct bc_hold *hold = now->hold;

	if (--now->depth)
		return;
	end -= now->start;
	if (end <= READ_ONCE(hold->longest))
		return;
	WRITE_ONCE(hold->longest, end);
	if (!READ_ONCE(hold->listed) && !xchg(&hold->listed, true))
		llist_add(&hold->node, &bc_holds);
}

static int bc_hold_show(struct seq_file *m, void *v)
{
	struct bc_hold *hold;
	u64 longest;

	llist_for_each_entry(hold, READ_ONCE(bc_holds.first), node) {
		longest = READ_ONCE(hold->longest);
		if (longest)
			seq_printf(m, "%s:%u %llu\n", hold->func, hold->line,
				   longest);
	}
	return 0;
}

static ssize_t bc_hold_write(struct file *file, const char __user *from,
			     size_t len, loff_t *pos)
{
	struct bc_hold *hold;

	llist_for_each_entry(hold, READ_ONCE(bc_holds.first), node)
		WRITE_ONCE(hold->longest, 0);
	return len;
}
DEFINE_SHOW_STORE_ATTRIBUTE(bc_hold);

static int __init bc_hold_init(void)
{
	struct dentry *dir = debugfs_lookup("bc", NULL) ?:
				     debugfs_create_dir("bc", NULL);

	/* The directory is the audit's, or made here; it is never removed. */
	debugfs_create_file("hold", 0600, dir, NULL, &bc_hold_fops);
	return 0;
}
late_initcall(bc_hold_init);

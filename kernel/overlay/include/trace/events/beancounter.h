/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bc

#if !defined(_TRACE_BEANCOUNTER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_BEANCOUNTER_H

#include <linux/beancounter.h>
#include <linux/tracepoint.h>

struct bc_counter;
struct bc_sum;

TRACE_DEFINE_ENUM(BC_BARRIER);
TRACE_DEFINE_ENUM(BC_GAP);
TRACE_DEFINE_ENUM(BC_LIMIT);
TRACE_DEFINE_ENUM(BC_EXCESS);
TRACE_DEFINE_ENUM(BC_FORCE);

#define show_bc_severity(s)              \
	__print_symbolic(s,              \
		{ BC_BARRIER, "barrier" }, \
		{ BC_GAP, "gap" },       \
		{ BC_LIMIT, "limit" },   \
		{ BC_EXCESS, "excess" }, \
		{ BC_FORCE, "force" })

/**
 * bc_refuse - a request was refused
 * @group: id of the cgroup whose barrier or limit refused
 * @payer: id of the cgroup that would have paid
 * @name: resource
 * @requested: units of the resource
 * @c: the counter of @group at the refusal
 * @severity: what the request was checked against
 *
 * The name of the task is in the record and not in the text, where every line
 * begins with it: who reads records would have to look it up, perhaps too late.
 */
TRACE_EVENT(bc_refuse,

	TP_PROTO(u64 group, u64 payer, const char *name, u64 requested,
		 const struct bc_counter *c, int severity),

	TP_ARGS(group, payer, name, requested, c, severity),

	TP_STRUCT__entry(
		__field(u64, group)
		__field(u64, payer)
		__string(resource, name)
		__field(u64, requested)
		__field(u64, held)
		__field(u64, barrier)
		__field(u64, limit)
		__field(int, severity)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->group = group;
		__entry->payer = payer;
		__assign_str(resource);
		__entry->requested = requested;
		__entry->held = c->usage;
		__entry->barrier = c->barrier;
		__entry->limit = c->limit;
		__entry->severity = severity;
		memcpy(__entry->comm, current->comm, TASK_COMM_LEN);
	),

	TP_printk("group=%llu payer=%llu resource=%s requested=%llu held=%llu barrier=%llu limit=%llu severity=%s",
		  __entry->group, __entry->payer, __get_str(resource),
		  __entry->requested, __entry->held, __entry->barrier,
		  __entry->limit, show_bc_severity(__entry->severity))
);

/**
 * bc_force - a forced request went above the limit
 * @group: id of the cgroup whose limit was passed
 * @name: resource
 * @requested: units of the resource
 * @c: the counter of @group before the request
 */
TRACE_EVENT(bc_force,

	TP_PROTO(u64 group, const char *name, u64 requested,
		 const struct bc_counter *c),

	TP_ARGS(group, name, requested, c),

	TP_STRUCT__entry(
		__field(u64, group)
		__string(resource, name)
		__field(u64, requested)
		__field(u64, held)
		__field(u64, limit)
	),

	TP_fast_assign(
		__entry->group = group;
		__assign_str(resource);
		__entry->requested = requested;
		__entry->held = c->usage;
		__entry->limit = c->limit;
	),

	TP_printk("group=%llu resource=%s requested=%llu held=%llu limit=%llu",
		  __entry->group, __get_str(resource), __entry->requested,
		  __entry->held, __entry->limit)
);

/**
 * bc_drain - the per-CPU stocks of a subtree were recovered
 * @group: id of the cgroup at the top of the subtree
 * @sum: how much was in them
 */
TRACE_EVENT(bc_drain,

	TP_PROTO(u64 group, const struct bc_sum *sum),

	TP_ARGS(group, sum),

	TP_STRUCT__entry(
		__field(u64, group)
		__field(u64, bytes)
		__field(u64, files)
	),

	TP_fast_assign(
		__entry->group = group;
		__entry->bytes = sum->bytes;
		__entry->files = sum->files;
	),

	TP_printk("group=%llu bytes=%llu files=%llu", __entry->group,
		  __entry->bytes, __entry->files)
);

/**
 * bc_reclaim - room was made in a group before refusing
 * @group: id of the cgroup that is full
 * @wanted: bytes to free
 * @freed: bytes freed
 */
TRACE_EVENT(bc_reclaim,

	TP_PROTO(u64 group, u64 wanted, u64 freed),

	TP_ARGS(group, wanted, freed),

	TP_STRUCT__entry(
		__field(u64, group)
		__field(u64, wanted)
		__field(u64, freed)
	),

	TP_fast_assign(
		__entry->group = group;
		__entry->wanted = wanted;
		__entry->freed = freed;
	),

	TP_printk("group=%llu wanted=%llu freed=%llu", __entry->group,
		  __entry->wanted, __entry->freed)
);

/**
 * bc_fault_kill - a task ends because a fault of it was refused memory
 * @pid: of the task
 */
TRACE_EVENT(bc_fault_kill,

	TP_PROTO(int pid),

	TP_ARGS(pid),

	TP_STRUCT__entry(
		__field(int, pid)
	),

	TP_fast_assign(
		__entry->pid = pid;
	),

	TP_printk("pid=%d", __entry->pid)
);

#endif /* _TRACE_BEANCOUNTER_H */

/* This part must be outside protection */
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE beancounter
#include <trace/define_trace.h>

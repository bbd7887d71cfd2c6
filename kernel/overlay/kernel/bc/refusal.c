// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: what follows a refusal.
 *
 * A refusal is counted and traced at once. Because the caller may hold any lock, work
 * items do the rest: they write the log, wake up the pollers of the failcnt files, and
 * make room if the request could not wait for it.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <trace/events/beancounter.h>

#include "stock.h"

#define BC_ROOM_PAUSE (HZ / 10)
/* Between notifications, so that refusals in a loop do not keep the machine busy. */
#define BC_NOTIFY_PAUSE (HZ / 20)
/* Groups for which room is made at the same time: many may be at their barriers. */
#define BC_ROOM_GROUPS 4
static struct workqueue_struct *bc_room_wq;
struct workqueue_struct *bc_wake_wq;

static DEFINE_RATELIMIT_STATE(bc_log_limit, DEFAULT_RATELIMIT_INTERVAL,
			      DEFAULT_RATELIMIT_BURST);

static void bc_log_refusal(struct bc_css *bcs)
{
	const struct bc_refusal *r = &bcs->refusal;
	char barrier[BC_VALUE_LEN], limit[BC_VALUE_LEN];
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);

	if (path && cgroup_path(bcs->css.cgroup, path, PATH_MAX) < 0)
		strscpy(path, "?", PATH_MAX);
	pr_info("bc: %s: %s refused for %s[%d]: requested %llu, held %llu, barrier %s, limit %s (logged once per group)\n",
		path ?: "?", bc_resources[r->res].name, r->comm, r->pid,
		r->requested, r->counter.usage,
		bc_value_print(r->counter.barrier, barrier),
		bc_value_print(r->counter.limit, limit));
	kfree(path);
}

static void bc_notify_work(struct work_struct *work)
{
	struct bc_css *bcs =
		container_of(work, struct bc_css, notify_work.work);
	struct cgroup_subsys_state *css;

	WRITE_ONCE(bcs->notify_after, jiffies + BC_NOTIFY_PAUSE);

	/* If the ratelimit drops this message, the group's next refusal logs it. */
	if (bcs->refusal.state == BC_REFUSAL_PENDING &&
	    __ratelimit(&bc_log_limit)) {
		WRITE_ONCE(bcs->refusal.state, BC_REFUSAL_LOGGED);
		bc_log_refusal(bcs);
	}
	cgroup_file_notify(&bcs->failcnt_local_file);
	for (css = &bcs->css; css->parent; css = css->parent)
		cgroup_file_notify(&css_to_bc(css)->failcnt_file);
	/* If the room work was queued, it drops the reference. */
	if (!bcs->bc || !xchg(&bcs->bc->want_room, false) ||
	    !queue_work(bc_room_wq, &bcs->room_work))
		css_put(&bcs->css);
}

static void bc_room_work(struct work_struct *work)
{
	struct bc_css *bcs = container_of(work, struct bc_css, room_work);
	const struct bc_want want = { BC_KMEMSIZE, BC_STOCK_BATCH };

	if (time_after_eq(jiffies, bcs->room_after)) {
		bc_reclaim(bcs->bc, &want, false);
		bcs->room_after = jiffies + BC_ROOM_PAUSE;
	}
	css_put(&bcs->css);
}

/**
 * bc_ask_room() - let room be made in the background
 * @bc: the account that is full, pinned by the caller
 *
 * Context: Process context; does not sleep.
 */
void bc_ask_room(struct beancounter *bc)
{
	struct bc_css *css = bc_get_css(bc);

	/* The work drops the reference. */
	if (css && !queue_work(bc_room_wq, &css->room_work))
		css_put(&css->css);
}

/**
 * bc_refusal_init() - prepare the report of refusals for a new group
 * @bcs: the group
 *
 * Context: Before anybody else knows the group.
 */
void bc_refusal_init(struct bc_css *bcs)
{
	INIT_DELAYED_WORK(&bcs->notify_work, bc_notify_work);
	bcs->notify_after = jiffies;
	INIT_WORK(&bcs->room_work, bc_room_work);
	bcs->room_after = jiffies;
}

/**
 * bc_refusal_start() - make the workqueues that make room and wake those who wait
 *
 * Context: During boot.
 * Return: 0 or -ENOMEM.
 */
int __init bc_refusal_start(void)
{
	bc_room_wq = alloc_workqueue("bc_room", WQ_UNBOUND, BC_ROOM_GROUPS);
	bc_wake_wq = alloc_workqueue("bc_wake", WQ_UNBOUND, 0);
	return bc_room_wq && bc_wake_wq ? 0 : -ENOMEM;
}

/* Notify at once; after a recent notification wait until the pause is over. */
static unsigned long bc_notify_delay(const struct bc_css *bcs)
{
	long left = READ_ONCE(bcs->notify_after) - jiffies;

	return clamp(left, 0L, (long)BC_NOTIFY_PAUSE);
}

/* The first refusal of a group is kept for the log. Under the lock. */
static void bc_refusal_keep(struct bc_refusal *refusal,
			    const struct bc_want *want,
			    const struct bc_counter *c)
{
	if (READ_ONCE(refusal->state) != BC_REFUSAL_NONE)
		return;
	*refusal = (struct bc_refusal){
		.state = BC_REFUSAL_PENDING,
		.res = want->res,
		.requested = want->n,
		.counter = *c,
		.pid = in_task() ? task_pid_nr(current) : 0,
	};
	/* No task_lock(), which the caller may hold; a torn name is harmless. */
	data_race(strscpy(refusal->comm,
			  in_task() ? current->comm : "interrupt"));
}

/**
 * bc_refused() - count, trace and report a refusal
 * @bc: the payer
 * @rq: the request; @rq->over and @rq->refused say what did not fit where
 *
 * The refusal counts once in the local failcnt, at the level that refused, and in the
 * failcnt of all levels from there up. The first refusal of a group is logged.
 *
 * Context: Any in which @bc is pinned.
 */
void bc_refused(struct beancounter *bc, const struct bc_request *rq)
{
	const struct bc_want *want = rq->refused;
	struct beancounter *over = rq->over, *b;
	struct bc_counter c;
	unsigned long flags;
	struct bc_css *css;

	bc_lock(bc, flags);
	over->res[want->res].failcnt_local++;
	for (b = over; b; b = b->parent)
		b->res[want->res].failcnt++;
	c = over->res[want->res];
	css = over->css;
	if (css && !css_tryget(&css->css))
		css = NULL;
	if (css)
		bc_refusal_keep(&css->refusal, want, &c);
	bc_unlock(bc, flags);

	trace_bc_refuse(over->id, bc->id, bc_resources[want->res].name, want->n,
			&c, rq->severity);
	if (in_task() && !current->bc.active)
		current->bc_scope.flags |= want->res == BC_NUMFILE ?
						   BC_SCOPE_NO_FILE :
						   BC_SCOPE_REFUSED;
	/* The work drops the reference. */
	if (css && !queue_delayed_work(bc_wake_wq, &css->notify_work,
				       bc_notify_delay(css)))
		css_put(&css->css);
}

/**
 * bc_fault_kill() - end a task whose page fault was refused memory
 *
 * A user access cannot return an error, and trying again would spin, because only
 * the group itself can make room. Called where the fault ran out of memory; finds out
 * whether a beancounter was the reason.
 *
 * Context: The faulting task, without locks.
 * Return: true when the task has been sent SIGKILL.
 */
bool bc_fault_kill(void)
{
	if (!bc_online() || !(current->bc_scope.flags & BC_SCOPE_REFUSED))
		return false;
	current->bc_scope.flags &= ~BC_SCOPE_REFUSED;
	trace_bc_fault_kill(task_pid_nr(current));
	pr_info_ratelimited(
		"bc: %s[%d] killed: its group is at its kmemsize limit and a page fault needs kernel memory\n",
		current->comm, task_pid_nr(current));
	force_sig(SIGKILL);
	return true;
}

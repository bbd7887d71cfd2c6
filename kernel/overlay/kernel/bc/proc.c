// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: /proc/user_beancounters, format 2.5.
 *
 * What tools have read since 2005: for each group the same rows in the same
 * order, those of resources that are not counted as zeros. The host sees all
 * groups, the root as group 0; who is in a cgroup namespace sees its root, which
 * is the group of the container. The number of a group is the id of its cgroup.
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "internal.h"

/* The rows in the order of the original; "dummy" holds the place of a number. */
static const char *const bc_proc_rows[] = {
	"kmemsize",	"lockedpages",	"privvmpages", "shmpages",
	"dummy",	"numproc",	"physpages",   "vmguarpages",
	"oomguarpages", "numtcpsock",	"numflock",    "numpty",
	"numsiginfo",	"tcpsndbuf",	"tcprcvbuf",   "othersockbuf",
	"dgramrcvbuf",	"numothersock", "dcachesize",  "numfile",
	"dummy",	"dummy",	"dummy",       "numiptent",
};

static void bc_proc_row(struct seq_file *m, const char *uid, const char *name,
			struct beancounter *bc)
{
	struct bc_stat stat = {};
	int res = bc_resource_find(name);

	if (bc && res >= 0)
		bc_stat_read(bc, res, &stat);
	else if (res >= 0)
		stat.counter = (struct bc_counter){ .barrier = BC_MAX,
						    .limit = BC_MAX };
	seq_printf(m, "%10s  %-12s %20llu %20llu %20llu %20llu %20llu\n", uid,
		   name, stat.held, stat.counter.maxheld, stat.counter.barrier,
		   stat.counter.limit, stat.counter.failcnt);
}

static void bc_proc_group(struct seq_file *m, struct beancounter *bc)
{
	char uid[24];
	int i;

	snprintf(uid, sizeof(uid), "%llu:", bc ? bc->id : 0);
	for (i = 0; i < ARRAY_SIZE(bc_proc_rows); i++)
		bc_proc_row(m, i ? "" : uid, bc_proc_rows[i], bc);
}

static struct cgroup *bc_proc_root(void)
{
	struct cgroup_namespace *ns = current->nsproxy->cgroup_ns;
	struct cgroup *cgrp = &cgrp_dfl_root.cgrp;

	if (ns != &init_cgroup_ns)
		cgrp = ns->root_cset->dfl_cgrp;
	return cgrp;
}

/**
 * struct bc_proc_file - one that has opened it
 * @root: the group it sees at the top, with a reference
 * @at: the group at which the last buffer ended, with a reference, or NULL
 * @pos: the number of @at
 */
struct bc_proc_file {
	struct cgroup_subsys_state *root;
	struct cgroup_subsys_state *at;
	loff_t pos;
};

/* Where the last buffer ended this one begins, without counting from the top. */
static void *bc_proc_start(struct seq_file *m, loff_t *pos) __acquires(RCU)
{
	struct bc_proc_file *file = m->private;
	struct cgroup_subsys_state *css;
	loff_t n = *pos;

	rcu_read_lock();
	if (file->at && file->pos == n)
		return file->at;
	if (file->root->parent)
		return n ? NULL : file->root;
	css_for_each_descendant_pre(css, file->root)
		if (!n--)
			return css;
	return NULL;
}

static void *bc_proc_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct bc_proc_file *file = m->private;

	++*pos;
	return file->root->parent ? NULL :
				    css_next_descendant_pre(v, file->root);
}

static void bc_proc_stop(struct seq_file *m, void *v) __releases(RCU)
{
	struct bc_proc_file *file = m->private;
	struct cgroup_subsys_state *old = file->at, *css = v;

	/* One that is going away just now is looked for from the top. */
	file->at = css && css_tryget(css) ? css : NULL;
	file->pos = m->index;
	rcu_read_unlock();
	if (old)
		css_put(old);
}

static int bc_proc_show(struct seq_file *m, void *v)
{
	struct bc_proc_file *file = m->private;
	struct beancounter *bc = css_bc(v);

	if (v == file->root) {
		seq_puts(m, "Version: 2.5\n");
		seq_printf(m, "%10s  %-12s %20s %20s %20s %20s %20s\n", "uid",
			   "resource", "held", "maxheld", "barrier", "limit",
			   "failcnt");
	}
	/* Not online yet: it has no number. */
	if (!bc || bc->id)
		bc_proc_group(m, bc);
	return 0;
}

static const struct seq_operations bc_proc_seq = {
	.start = bc_proc_start,
	.next = bc_proc_next,
	.stop = bc_proc_stop,
	.show = bc_proc_show,
};

static int bc_proc_open(struct inode *inode, struct file *file)
{
	struct user_namespace *ns = current_user_ns();
	struct cgroup *root = bc_proc_root();
	struct cgroup_subsys_state *css;
	struct bc_proc_file *private;

	if (!ns_capable(ns, CAP_DAC_OVERRIDE) ||
	    !ns_capable(ns, CAP_DAC_READ_SEARCH))
		return -EACCES;
	css = cgroup_get_e_css(root, &bc_cgrp_subsys);
	/* Of a cgroup that was removed it gives an ancestor. */
	if (css->cgroup != root) {
		css_put(css);
		return -ENODEV;
	}
	private = __seq_open_private(file, &bc_proc_seq, sizeof(*private));
	if (!private) {
		css_put(css);
		return -ENOMEM;
	}
	private->root = css;
	return 0;
}

static int bc_proc_release(struct inode *inode, struct file *file)
{
	struct bc_proc_file *private =
		((struct seq_file *)file->private_data)->private;

	if (private->at)
		css_put(private->at);
	css_put(private->root);
	return seq_release_private(inode, file);
}

static const struct proc_ops bc_proc_ops = {
	.proc_open = bc_proc_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = bc_proc_release,
};

static int __init bc_proc_init(void)
{
	if (!bc_disabled())
		proc_create("user_beancounters", 0400, NULL, &bc_proc_ops);
	return 0;
}
fs_initcall(bc_proc_init);

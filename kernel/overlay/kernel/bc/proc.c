// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: /proc/user_beancounters, format 2.5, and /proc/bc.
 *
 * This is the format that tools have read since 2005: for each group the same rows in
 * the same order. The host sees all groups, the root as group 0; a process in a cgroup
 * namespace sees the root of the namespace, which is the group of the container.
 *
 * The number of a group is the low half of its cgroup's id, because old parsers
 * read an int. kernfs never gives the same low half to two nodes that exist, and none
 * above INT_MAX; the high half counts how often the low half has wrapped around.
 *
 * Installers take /proc/user_beancounters for the sign of an OpenVZ guest, so the files
 * exist only with bc_proc=on.
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

/* proc has no public interface for directories with entries made on demand. */
#include "../../fs/proc/internal.h"
#include "internal.h"

/* The rows in the order of the original, where "dummy" stands for an unused number. */
static const char *const bc_proc_rows[] = {
	"kmemsize",	"lockedpages",	"privvmpages", "shmpages",
	"dummy",	"numproc",	"physpages",   "vmguarpages",
	"oomguarpages", "numtcpsock",	"numflock",    "numpty",
	"numsiginfo",	"tcpsndbuf",	"tcprcvbuf",   "othersockbuf",
	"dgramrcvbuf",	"numothersock", "dcachesize",  "numfile",
	"dummy",	"dummy",	"dummy",       "numiptent",
};

static bool bc_proc_is_dummy(const char *name)
{
	return !strcmp(name, "dummy");
}

static bool bc_proc_has_row(const char *name)
{
	return match_string(bc_proc_rows, ARRAY_SIZE(bc_proc_rows), name) >= 0;
}

/* A resource that the kernel does not count is shown as unlimited, with nothing held. */
static void bc_proc_row(struct seq_file *m, const char *uid, const char *name,
			struct beancounter *bc)
{
	struct bc_stat stat = { .counter = { .barrier = BC_MAX,
					     .limit = BC_MAX } };
	int res = bc_resource_find(name);

	if (bc_proc_is_dummy(name))
		stat = (struct bc_stat){};
	else if (bc && res >= 0)
		bc_stat_read(bc, res, &stat);
	/* The local failcnt, so that a sum over groups counts each refusal once. */
	seq_printf(m, "%10s  %-12s %20llu %20llu %20llu %20llu %20llu\n", uid,
		   name, stat.held, stat.counter.maxheld, stat.counter.barrier,
		   stat.counter.limit, stat.counter.failcnt_local);
}

/* @full: without the dummies, but with the resources that the format does not have. */
static void bc_proc_group(struct seq_file *m, struct beancounter *bc,
			  const char *uid, bool full)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bc_proc_rows); i++) {
		if (full && bc_proc_is_dummy(bc_proc_rows[i]))
			continue;
		bc_proc_row(m, i ? "" : uid, bc_proc_rows[i], bc);
	}
	for (i = 0; full && i < BC_NR_RESOURCES; i++)
		if (!bc_proc_has_row(bc_resources[i].name))
			bc_proc_row(m, "", bc_resources[i].name, bc);
}

static u32 bc_proc_number(const struct beancounter *bc)
{
	return bc ? (u32)bc_id(bc) : 0;
}

static struct cgroup *bc_proc_root(void)
{
	struct cgroup_namespace *ns = current->nsproxy->cgroup_ns;
	struct cgroup *cgrp = &cgrp_dfl_root.cgrp;

	if (ns != &init_cgroup_ns)
		cgrp = ns->root_cset->dfl_cgrp;
	return cgrp;
}

enum bc_proc_kind {
	BC_PROC_UBC, /* /proc/user_beancounters */
	BC_PROC_ALL, /* /proc/bc/resources */
	BC_PROC_ONE, /* /proc/bc/NUMBER/resources */
};

/**
 * struct bc_proc_file - an open file
 * @kind: which file it is
 * @alone: nothing below @root is shown
 * @root: the topmost group that it shows, with a reference
 * @at: the group at which the last buffer ended, with a reference, or NULL
 * @pos: the number of @at
 */
struct bc_proc_file {
	enum bc_proc_kind kind;
	bool alone;
	struct cgroup_subsys_state *root;
	struct cgroup_subsys_state *at;
	loff_t pos;
};

/* A buffer begins where the last one ended, without counting from the top. */
static void *bc_proc_start(struct seq_file *m, loff_t *pos) __acquires(RCU)
{
	struct bc_proc_file *file = m->private;
	struct cgroup_subsys_state *css;
	loff_t n = *pos;

	rcu_read_lock();
	if (file->at && file->pos == n)
		return file->at;
	if (file->alone)
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
	return file->alone ? NULL : css_next_descendant_pre(v, file->root);
}

static void bc_proc_stop(struct seq_file *m, void *v) __releases(RCU)
{
	struct bc_proc_file *file = m->private;
	struct cgroup_subsys_state *old = file->at, *css = v;

	/* Without a reference, as @css is being removed, start walks from the top. */
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
	char uid[16] = "";

	if (v == file->root && file->kind != BC_PROC_ONE) {
		seq_puts(m, "Version: 2.5\n");
		seq_printf(m, "%10s  %-12s %20s %20s %20s %20s %20s\n", "uid",
			   "resource", "held", "maxheld", "barrier", "limit",
			   "failcnt");
	}
	/* A group that is not online yet has no number. */
	if (bc && !bc_id(bc))
		return 0;
	if (file->kind != BC_PROC_ONE)
		snprintf(uid, sizeof(uid), "%u:", bc_proc_number(bc));
	bc_proc_group(m, bc, uid, file->kind != BC_PROC_UBC);
	return 0;
}

static const struct seq_operations bc_proc_seq = {
	.start = bc_proc_start,
	.next = bc_proc_next,
	.stop = bc_proc_stop,
	.show = bc_proc_show,
};

/* The css of the cgroup itself, with a reference, or NULL when it was removed. */
static struct cgroup_subsys_state *bc_proc_css(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css;

	css = cgroup_get_e_css(cgrp, &bc_cgrp_subsys);
	/* For a cgroup that was removed this is the css of an ancestor. */
	if (css->cgroup == cgrp)
		return css;
	css_put(css);
	return NULL;
}

/* Takes over the reference to @css. */
static int bc_proc_open_css(struct file *file, enum bc_proc_kind kind,
			    struct cgroup_subsys_state *css)
{
	struct user_namespace *ns = current_user_ns();
	struct bc_proc_file *private;
	int ret = -EACCES;

	if (!css)
		return -ENODEV;
	if (!ns_capable(ns, CAP_DAC_OVERRIDE) ||
	    !ns_capable(ns, CAP_DAC_READ_SEARCH))
		goto out_put;
	ret = -ENOMEM;
	private = __seq_open_private(file, &bc_proc_seq, sizeof(*private));
	if (!private)
		goto out_put;
	private->kind = kind;
	private->alone = kind == BC_PROC_ONE || css->parent;
	private->root = css;
	return 0;

out_put:
	css_put(css);
	return ret;
}

static int bc_proc_open(struct inode *inode, struct file *file)
{
	return bc_proc_open_css(file, (uintptr_t)pde_data(inode),
				bc_proc_css(bc_proc_root()));
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

/*
 * /proc/bc has a directory for each group. Its inodes and dentries exist only while
 * they are used: a lookup finds the group by its number and makes an inode that has the
 * cgroup's id, and the dentry goes with its last user. Processes in other namespaces may
 * find a dentry that is in use, so every step of a path, and open(), checks whether the
 * process may see the group.
 */

/* The group with the id, 0 for the root, or NULL if the task may not see it. */
static struct cgroup_subsys_state *bc_proc_find(u64 id)
{
	struct cgroup *root = bc_proc_root();
	struct cgroup_subsys_state *css;
	struct cgroup *cgrp;

	if (root != &cgrp_dfl_root.cgrp)
		return id == cgroup_id(root) ? bc_proc_css(root) : NULL;
	if (!id)
		return bc_proc_css(root);
	cgrp = cgroup_get_from_id(id);
	if (IS_ERR(cgrp))
		return NULL;
	css = cgrp == root ? NULL : bc_proc_css(cgrp);
	cgroup_put(cgrp);
	return css;
}

static u64 bc_proc_inode_id(const struct inode *inode)
{
	return (uintptr_t)inode->i_private;
}

static bool bc_proc_sees(u64 id)
{
	struct cgroup_subsys_state *css = bc_proc_find(id);

	if (css)
		css_put(css);
	return css;
}

/* Find the id of the group with the number, 0 for the root, if the task may see it. */
static bool bc_proc_id(u32 number, u64 *id)
{
	u32 rounds = READ_ONCE(bc_id_rounds), round;

	for (round = 0; round <= rounds; round++) {
		*id = number ? (u64)round << 32 | number : 0;
		if (bc_proc_sees(*id))
			return true;
	}
	return false;
}

static int bc_proc_revalidate(struct dentry *dentry, unsigned int flags)
{
	if (flags & LOOKUP_RCU)
		return -ECHILD;
	return bc_proc_sees(bc_proc_inode_id(d_inode(dentry))) ? 1 : -ENOENT;
}

static const struct dentry_operations bc_proc_dentry_ops = {
	.d_revalidate = bc_proc_revalidate,
	.d_delete = always_delete_dentry,
};

/* Inode numbers below those that /proc itself uses, and never 0. */
static unsigned long bc_proc_ino(u64 id, umode_t type)
{
	return type == DT_DIR ? (u32)id + 2UL : (u32)id | BIT(31);
}

static struct dentry *bc_proc_splice(struct dentry *dentry, u64 id,
				     umode_t mode,
				     const struct inode_operations *iops,
				     const struct file_operations *fops)
{
	struct inode *inode = new_inode(dentry->d_sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_ino = bc_proc_ino(id, fs_umode_to_dtype(mode));
	inode->i_mode = mode;
	inode->i_op = iops;
	inode->i_fop = fops;
	inode->i_private = (void *)(uintptr_t)id;
	set_nlink(inode, S_ISDIR(mode) ? 2 : 1);
	simple_inode_init_ts(inode);
	return proc_splice_unmountable(inode, dentry, &bc_proc_dentry_ops);
}

static int bc_proc_one_open(struct inode *inode, struct file *file)
{
	return bc_proc_open_css(file, BC_PROC_ONE,
				bc_proc_find(bc_proc_inode_id(inode)));
}

static const struct file_operations bc_proc_one_fops = {
	.open = bc_proc_one_open,
	.read_iter = seq_read_iter,
	.splice_read = copy_splice_read,
	.llseek = seq_lseek,
	.release = bc_proc_release,
};

static const struct inode_operations bc_proc_one_iops = {
	.setattr = proc_nochmod_setattr,
};

#define BC_PROC_ONE_NAME "resources"

static struct dentry *bc_proc_group_lookup(struct inode *dir,
					   struct dentry *dentry,
					   unsigned int flags)
{
	u64 id = bc_proc_inode_id(dir);

	/* The directory may come from a process that sees more groups, as an open file. */
	if (strcmp(dentry->d_name.name, BC_PROC_ONE_NAME) || !bc_proc_sees(id))
		return ERR_PTR(-ENOENT);
	return bc_proc_splice(dentry, id, S_IFREG | 0400, &bc_proc_one_iops,
			      &bc_proc_one_fops);
}

static int bc_proc_group_readdir(struct file *file, struct dir_context *ctx)
{
	u64 id = bc_proc_inode_id(file_inode(file));

	if (!dir_emit_dots(file, ctx))
		return 0;
	if (ctx->pos == 2 &&
	    dir_emit(ctx, BC_PROC_ONE_NAME, strlen(BC_PROC_ONE_NAME),
		     bc_proc_ino(id, DT_REG), DT_REG))
		ctx->pos++;
	return 0;
}

static const struct file_operations bc_proc_group_fops = {
	.read = generic_read_dir,
	.iterate_shared = bc_proc_group_readdir,
	.llseek = generic_file_llseek,
};

static const struct inode_operations bc_proc_group_iops = {
	.lookup = bc_proc_group_lookup,
	.setattr = proc_nochmod_setattr,
};

static struct dentry *
bc_proc_dir_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	u32 number = name_to_int(&dentry->d_name);
	u64 id;

	if (number == ~0U)
		return proc_lookup(dir, dentry, flags);
	if (!bc_proc_id(number, &id))
		return ERR_PTR(-ENOENT);
	return bc_proc_splice(dentry, id, S_IFDIR | 0500, &bc_proc_group_iops,
			      &bc_proc_group_fops);
}

/* The position of a group is this plus the id of its css; files come before. */
#define BC_PROC_FIRST 256

/* Find the number of the first visible group from @pos on; @pos is moved to it. */
static bool bc_proc_next_number(loff_t *pos, u32 *number)
{
	struct cgroup *root = bc_proc_root();
	struct cgroup_subsys_state *css;
	bool seen = false;
	int id;

	/* The position may be too large, because lseek() accepts any. */
	if (*pos - BC_PROC_FIRST >= INT_MAX)
		return false;
	id = *pos - BC_PROC_FIRST;
	rcu_read_lock();
	while (!seen && (css = idr_get_next(&bc_cgrp_subsys.css_idr, &id))) {
		*pos = BC_PROC_FIRST + id++;
		*number = bc_proc_number(css_bc(css));
		/*
		 * The css stays online a moment longer than the cgroup. Both flags, and
		 * others beside them, may change at this moment.
		 */
		seen = (READ_ONCE(css->cgroup->self.flags) & CSS_ONLINE) &&
		       (READ_ONCE(css->flags) & CSS_ONLINE) &&
		       (root == &cgrp_dfl_root.cgrp || css->cgroup == root);
	}
	rcu_read_unlock();
	return seen;
}

static int bc_proc_dir_readdir(struct file *file, struct dir_context *ctx)
{
	char name[16];
	u32 number;

	if (ctx->pos < BC_PROC_FIRST) {
		if (proc_readdir(file, ctx) <= 0)
			return 0;
		ctx->pos = BC_PROC_FIRST;
	}
	for (; bc_proc_next_number(&ctx->pos, &number); ctx->pos++) {
		int len = snprintf(name, sizeof(name), "%u", number);

		if (!dir_emit(ctx, name, len, bc_proc_ino(number, DT_DIR),
			      DT_DIR))
			break;
	}
	return 0;
}

static const struct file_operations bc_proc_dir_fops = {
	.read = generic_read_dir,
	.iterate_shared = bc_proc_dir_readdir,
	.llseek = generic_file_llseek,
};

static const struct inode_operations bc_proc_dir_iops = {
	.lookup = bc_proc_dir_lookup,
	.setattr = proc_nochmod_setattr,
};

static void __init bc_proc_dir_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir_mode("bc", 0500, NULL);

	if (!dir)
		return;
	proc_create_data("resources", 0400, dir, &bc_proc_ops,
			 (void *)BC_PROC_ALL);
	dir->proc_iops = &bc_proc_dir_iops;
	dir->proc_dir_ops = &bc_proc_dir_fops;
}

static bool bc_proc_wanted __initdata;

static int __init bc_proc_setup(char *str)
{
	bc_proc_wanted = !strcmp(str, "on");
	if (!bc_proc_wanted && strcmp(str, "off"))
		pr_warn("bc: bc_proc=%s is unknown, there is no /proc/user_beancounters: say on or off\n",
			str);
	return 1;
}
__setup("bc_proc=", bc_proc_setup);

static int __init bc_proc_init(void)
{
	if (bc_disabled() || !bc_proc_wanted)
		return 0;
	proc_create_data("user_beancounters", 0400, NULL, &bc_proc_ops,
			 (void *)BC_PROC_UBC);
	bc_proc_dir_init();
	return 0;
}
fs_initcall(bc_proc_init);

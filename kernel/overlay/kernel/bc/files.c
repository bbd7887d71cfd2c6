// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: the files of a group.
 *
 * Every file but bc.resources and bc.what is flat-keyed, one line per resource. A write
 * has lines of the same form, or several of them joined to one. It is checked as a whole
 * before any part of it takes effect.
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "stock.h"

/**
 * bc_value_print() - format a barrier or limit for the files
 * @value: in units of the resource
 * @buf: of BC_VALUE_LEN bytes
 *
 * Context: Any.
 * Return: @buf.
 */
const char *bc_value_print(u64 value, char *buf)
{
	if (value == BC_AUTO)
		strscpy(buf, "auto", BC_VALUE_LEN);
	else if (value >= BC_MAX)
		strscpy(buf, "max", BC_VALUE_LEN);
	else
		snprintf(buf, BC_VALUE_LEN, "%llu", value);
	return buf;
}

/* "max", "auto", or digits, with one letter of K, M, G, T, P, E after them for bytes. */
static int bc_value_parse(char *str, enum bc_unit unit, u64 *value)
{
	static const char suffixes[] = "KMGTPE";
	size_t digits = strspn(str, "0123456789");
	const char *suffix = NULL;
	unsigned int shift = 0;

	if (!strcmp(str, "max")) {
		*value = BC_MAX;
		return 0;
	}
	if (!strcmp(str, "auto")) {
		*value = BC_AUTO;
		return 0;
	}
	if (!digits)
		return -EINVAL;
	if (str[digits]) {
		suffix = strchr(suffixes, toupper(str[digits]));
		if (!suffix || str[digits + 1] || unit != BC_BYTES)
			return -EINVAL;
		shift = 10 * (suffix - suffixes + 1);
		str[digits] = '\0';
	}
	if (kstrtou64(str, 10, value) ||
	    check_shl_overflow(*value, shift, value) || *value > BC_MAX)
		return -EINVAL;
	return 0;
}

int bc_resource_find(const char *name)
{
	int i;

	for (i = 0; i < BC_NR_RESOURCES; i++)
		if (!strcmp(name, bc_resources[i].name))
			return i;
	return -EINVAL;
}

/* "resource value", separated by one or more blanks; the rest of the line is left. */
static int bc_pair_parse(char **line, struct bc_limits *limits)
{
	char *name = strsep(line, " \t"), *value;
	int res;

	if (!*line)
		return -EINVAL;
	*line = skip_spaces(*line);
	value = strsep(line, " \t");
	if (*line)
		*line = skip_spaces(*line);
	res = bc_resource_find(name);
	if (res < 0 || test_and_set_bit(res, &limits->set))
		return -EINVAL;
	return bc_value_parse(value, bc_resources[res].unit,
			      &limits->value[res]);
}

/*
 * A line may have several pairs, for programs that can write only one line to a file, as
 * container runtimes whose options have one value for each key.
 */
static int bc_line_parse(char *line, struct bc_limits *limits)
{
	int ret;

	do
		ret = bc_pair_parse(&line, limits);
	while (!ret && line);
	return ret;
}

/**
 * bc_limits_parse() - parse a write to bc.barrier, bc.limit or bc.maxheld
 * @buf: NUL-terminated; modified
 * @limits: the result; undefined on error
 *
 * One or more pairs "resource value", in one line or several, each resource at
 * most once.
 *
 * Context: Any.
 * Return: 0, or -EINVAL when anything in @buf is malformed.
 */
int bc_limits_parse(char *buf, struct bc_limits *limits)
{
	char *line;
	int ret;

	limits->set = 0;
	buf = strim(buf);
	while ((line = strsep(&buf, "\n"))) {
		ret = bc_line_parse(strim(line), limits);
		if (ret)
			return ret;
	}
	return 0;
}

/* Does a write raise a guarantee of the group, or give it a new one? */
static bool bc_promises(const struct beancounter *bc,
			const struct bc_limits *limits)
{
	int i;

	for_each_set_bit(i, &limits->set, BC_NR_RESOURCES)
		if (bc_is_guarantee(i) && limits->value[i] < BC_MAX &&
		    limits->value[i] > bc_guarantee(bc, i))
			return true;
	return false;
}

/*
 * May the value be written? A resource that is only counted has no limit, so a write
 * that would seem to set one is an error.
 */
static bool bc_value_allowed(enum bc_resource res, enum bc_limit_kind kind,
			     u64 value)
{
	if (kind == BC_RESET_MAXHELD)
		return !value;
	if (value == BC_AUTO)
		return kind == BC_SET_LIMIT;
	if (bc_is_guarantee(res) && kind == BC_SET_BARRIER)
		return true;
	return bc_is_charged(res) || value == BC_MAX;
}

/* Keeps guarantees from changing between the check of a write and the write. */
static DEFINE_MUTEX(bc_promise_mutex);

/*
 * A user to whom a group was delegated may not raise its guarantees, nor restore one
 * that the administrator has taken back meanwhile.
 */
static int bc_barriers_apply(struct kernfs_open_file *of,
			     const struct bc_limits *limits)
{
	struct beancounter *bc = css_bc(of_css(of));
	int ret = 0;

	mutex_lock(&bc_promise_mutex);
	if (bc_promises(bc, limits) &&
	    !file_ns_capable(of->file, &init_user_ns, CAP_SYS_RESOURCE))
		ret = -EPERM;
	else
		bc_limits_apply(bc, BC_SET_BARRIER, limits);
	mutex_unlock(&bc_promise_mutex);
	return ret;
}

static bool bc_names_guarantee(const struct bc_limits *limits)
{
	int i;

	for_each_set_bit(i, &limits->set, BC_NR_RESOURCES)
		if (bc_is_guarantee(i))
			return true;
	return false;
}

static ssize_t bc_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
			enum bc_limit_kind kind)
{
	struct bc_limits limits;
	int ret, i;

	if (strlen(buf) != nbytes)
		return -EINVAL;
	ret = bc_limits_parse(buf, &limits);
	if (ret)
		return ret;
	for_each_set_bit(i, &limits.set, BC_NR_RESOURCES)
		if (!bc_value_allowed(i, kind, limits.value[i]))
			return -EINVAL;
	if (kind == BC_SET_BARRIER && bc_names_guarantee(&limits))
		ret = bc_barriers_apply(of, &limits);
	else
		bc_limits_apply(css_bc(of_css(of)), kind, &limits);
	return ret ?: nbytes;
}

static ssize_t bc_barrier_write(struct kernfs_open_file *of, char *buf,
				size_t nbytes, loff_t off)
{
	return bc_write(of, buf, nbytes, BC_SET_BARRIER);
}

static ssize_t bc_limit_write(struct kernfs_open_file *of, char *buf,
			      size_t nbytes, loff_t off)
{
	return bc_write(of, buf, nbytes, BC_SET_LIMIT);
}

static ssize_t bc_maxheld_write(struct kernfs_open_file *of, char *buf,
				size_t nbytes, loff_t off)
{
	return bc_write(of, buf, nbytes, BC_RESET_MAXHELD);
}

enum bc_column {
	BC_HELD,
	BC_MAXHELD,
	BC_BARRIER_VALUE,
	BC_LIMIT_VALUE,
	BC_FAILCNT,
	BC_FAILCNT_LOCAL,
};

/*
 * Read one figure. A single number, which was right at some time, is read without the
 * lock of the tree. held is added up, and so is maxheld of a resource with a lane. The
 * caller has taken the samples of sampled resources.
 */
static u64 bc_column(struct beancounter *bc, enum bc_resource res,
		     enum bc_column column)
{
	const struct bc_counter *c = &bc->res[res];
	struct bc_stat stat;

	switch (column) {
	case BC_HELD:
		bc_stat_get(bc, res, &stat);
		return stat.held;
	case BC_MAXHELD:
		if (!bc_lane_of(res).bits)
			return READ_ONCE(c->maxheld);
		bc_stat_get(bc, res, &stat);
		return stat.counter.maxheld;
	case BC_BARRIER_VALUE:
		return READ_ONCE(c->barrier);
	case BC_LIMIT_VALUE:
		return bc_limit_shown(bc, res);
	case BC_FAILCNT:
		return READ_ONCE(c->failcnt);
	case BC_FAILCNT_LOCAL:
		return READ_ONCE(c->failcnt_local);
	}
	return 0;
}

static int bc_column_show(struct seq_file *seq, void *v)
{
	struct beancounter *bc = css_bc(seq_css(seq));
	enum bc_column column = seq_cft(seq)->private;
	char value[BC_VALUE_LEN];
	int i;

	if (column == BC_HELD || column == BC_MAXHELD)
		bc_phys_sum(bc);
	for (i = 0; i < BC_NR_RESOURCES; i++)
		seq_printf(seq, "%s %s\n", bc_resources[i].name,
			   bc_value_print(bc_column(bc, i, column), value));
	return 0;
}

static int bc_resources_show(struct seq_file *seq, void *v)
{
	struct beancounter *bc = css_bc(seq_css(seq));
	char barrier[BC_VALUE_LEN], limit[BC_VALUE_LEN];
	struct bc_stat stat;
	int i;

	bc_phys_sum(bc);
	for (i = 0; i < BC_NR_RESOURCES; i++) {
		const struct bc_counter *c = &stat.counter;

		bc_stat_get(bc, i, &stat);
		seq_printf(
			seq,
			"%s held=%llu maxheld=%llu barrier=%s limit=%s failcnt=%llu forced=%llu%s\n",
			bc_resources[i].name, stat.held, c->maxheld,
			bc_value_print(c->barrier, barrier),
			bc_value_print(c->limit, limit), c->failcnt, c->forced,
			stat.follows ? " limit_auto=1" : "");
	}
	return 0;
}

struct cftype bc_files[] = {
	{
		.name = "held",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = BC_HELD,
		.seq_show = bc_column_show,
	},
	{
		.name = "maxheld",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = BC_MAXHELD,
		.seq_show = bc_column_show,
		.write = bc_maxheld_write,
	},
	{
		.name = "barrier",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = BC_BARRIER_VALUE,
		.seq_show = bc_column_show,
		.write = bc_barrier_write,
	},
	{
		.name = "limit",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = BC_LIMIT_VALUE,
		.seq_show = bc_column_show,
		.write = bc_limit_write,
	},
	{
		.name = "failcnt",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = BC_FAILCNT,
		.file_offset = offsetof(struct bc_css, failcnt_file),
		.seq_show = bc_column_show,
	},
	{
		.name = "failcnt.local",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = BC_FAILCNT_LOCAL,
		.file_offset = offsetof(struct bc_css, failcnt_local_file),
		.seq_show = bc_column_show,
	},
	{
		.name = "resources",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = bc_resources_show,
	},
	{
		.name = "what",
		.flags = CFTYPE_NOT_ON_ROOT,
		.open = bc_what_open,
		.seq_show = bc_what_show,
	},
	{}
};

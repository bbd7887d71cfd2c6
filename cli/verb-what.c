// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl what - show what the kernel memory of a group consists of.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "table.h"

#define FILE_NAME "bc.what"

enum {
	COL_KIND,
	COL_NAME,
	COL_OBJECTS,
	COL_SIZE,
	COL_SHARE,
	COL_RECLAIM,
};

static const struct column columns[] = {
	[COL_KIND] = { "KIND", TEXT, 0,
		       "slab, pages, pagetables, stacks, percpu, buffers (of sockets)" },
	[COL_NAME] = { "NAME", TEXT, 0, "name of the slab cache, or -" },
	[COL_OBJECTS] = { "OBJECTS", NUMBER, SCOLS_FL_RIGHT,
			  "the number of objects" },
	[COL_SIZE] = { "SIZE", NUMBER, SCOLS_FL_RIGHT,
		       "the amount charged for all of them" },
	[COL_SHARE] = { "SHARE%", NUMBER, SCOLS_FL_RIGHT,
			"percent of the sum of all lines" },
	[COL_RECLAIM] = { "RECLAIMABLE", TEXT, 0,
			  "whether the kernel frees unused objects when the group is full" },
	{ NULL },
};

/* A line of the file. */
struct row {
	char kind[16], name[64];
	unsigned long long objects, bytes;
	int reclaimable;
};

struct rows {
	struct row *v;
	size_t count;
	unsigned long long bytes; /* of all */
};

static int by_size(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int kind;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	kind = strcmp(x->kind, y->kind);
	return kind ? kind : strcmp(x->name, y->name);
}

static int parse_line(const struct bcctl *ctl, const char *line,
		      struct row *row)
{
	if (sscanf(line, "%15s %63s objects=%llu bytes=%llu reclaimable=%d",
		   row->kind, row->name, &row->objects, &row->bytes,
		   &row->reclaimable) == 5)
		return 0;
	return fail(ctl, "%s: this line is not understood: %s", FILE_NAME,
		    line);
}

static int parse(const struct bcctl *ctl, char *text, struct rows *rows)
{
	char *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct row *more =
			reallocarray(rows->v, rows->count + 1, sizeof(*more));

		if (!more)
			return no_memory(ctl);
		rows->v = more;
		if (parse_line(ctl, line, &more[rows->count]))
			return ctl->failure;
		rows->bytes += more[rows->count++].bytes;
	}
	if (rows->count)
		qsort(rows->v, rows->count, sizeof(*rows->v), by_size);
	return 0;
}

static int explain(const struct bcctl *ctl, const struct libbc_group *group,
		   int error)
{
	const char *path = libbc_group_path(group);

	if (error == EACCES || error == EPERM) {
		fail(ctl,
		     "%s%s/%s is for the administrator of the machine only",
		     libbc_host_mount(ctl->host), path, FILE_NAME);
		hint("sudo bcctl what %s", path);
		return ctl->failure;
	}
	if (error == ENOENT &&
	    !faccessat(libbc_group_fd(group), "bc.resources", F_OK, 0)) {
		fail(ctl,
		     "%s%s/%s is not there: this kernel does not break kernel memory down",
		     libbc_host_mount(ctl->host), path, FILE_NAME);
		hint("boot a newer kernel; \"uname -r\" tells which one runs");
		return ctl->failure;
	}
	return explain_file(ctl, path, FILE_NAME,
			    error == ENOENT ? -EOPNOTSUPP : -error, false);
}

static int read_rows(const struct bcctl *ctl, const struct libbc_group *group,
		     struct rows *rows)
{
	int fd = openat(libbc_group_fd(group), FILE_NAME, O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "re");
	char *text;
	int ret;

	if (!in) {
		ret = explain(ctl, group, errno);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	text = read_all(in);
	ret = text ? parse(ctl, text, rows) : explain(ctl, group, errno);
	free(text);
	fclose(in);
	return ret;
}

static int add_row(struct table *table, const struct rows *rows,
		   const struct row *row)
{
	struct libscols_line *line = table_line(table, NULL);
	bool slab = !strcmp(row->kind, "slab");
	int ret;

	if (!line)
		return no_memory(table->ctl);
	ret = table_set(table, line, COL_KIND, row->kind);
	if (!ret)
		ret = table_set(table, line, COL_NAME, row->name);
	/* Buffers are only a sum, without a number of objects. */
	if (!ret && (slab || row->objects))
		ret = table_set_number(table, line, COL_OBJECTS,
				       (long long)row->objects);
	if (!ret)
		ret = table_set_value(table, line, COL_SIZE, row->bytes,
				      LIBBC_BYTES);
	if (!ret)
		ret = table_set_number(
			table, line, COL_SHARE,
			(long long)(row->bytes * 100 /
				    (rows->bytes ? rows->bytes : 1)));
	if (!ret)
		ret = table_set(table, line, COL_RECLAIM,
				row->reclaimable ? "yes" : "no");
	return ret;
}

static int print(struct bcctl *ctl, const struct rows *rows, long most)
{
	struct table table;
	size_t i;
	int ret;

	ret = table_new(ctl, &table, "what", columns,
			"KIND,NAME,OBJECTS,SIZE,SHARE%,RECLAIMABLE", false);
	for (i = 0; i < rows->count && (most < 0 || i < (size_t)most) && !ret;
	     i++)
		ret = add_row(&table, rows, &rows->v[i]);
	if (!ret)
		ret = table_print(&table);
	table_free(&table);
	return ret;
}

static int run_what(struct bcctl *ctl)
{
	struct libbc_group *group = NULL;
	struct rows rows = { NULL };
	const char *value;
	long most = -1;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = parse_count(ctl, "--lines", value, &most);
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc != 1)
		return bad_usage(ctl, "one GROUP is needed");
	ret = target_open(ctl, ctl->argv[0], &group);
	if (!ret)
		ret = read_rows(ctl, group, &rows);
	if (!ret)
		ret = print(ctl, &rows, most);
	free(rows.v);
	libbc_group_close(group);
	return ret;
}

static const struct opt opts[] = {
	{ 'n', "lines", "N", "only the N largest" },
	{ 0 },
};

const struct verb what_verb = {
	.name = "what",
	.args = "GROUP|PID|.",
	.summary = "show what a group's kernel memory consists of",
	.about =
		"Break down the kmemsize of a group and those below it by slab cache and by kind, the\n"
		"largest first. Only the administrator of the machine may do so. The kernel looks at\n"
		"each page of the machine for it, which takes some 30 ms for each gigabyte.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES | TAKES_TABLE,
	.columns = columns,
	.run = run_what,
};

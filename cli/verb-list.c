// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl list - show the tree of groups and what needs attention.
 */
#define _GNU_SOURCE
#include <string.h>

#include "columns.h"
#include "seen.h"

/* Most numbers fit into this width: 1023.9K */
#define NUMBER_WIDTH 7

enum { OPT_ALL = OPT_OWN };

/* A group, before it is printed. */
struct entry {
	const struct node *node;
	struct entry *parent;
	struct entry *children, *next; /* below it, and beside it */
	size_t count; /* of its children */
	enum state worst; /* here and below */
	int fullest; /* percent, here and below */
	bool shown;
	struct libscols_line *line;
};

struct view {
	struct bcctl *ctl;
	struct snapshot snapshot;
	struct entry *entries;
	struct entry tops; /* its children have no group above them here */
	bool all, flat, since;
	size_t folded;
};

static void judge(struct view *view)
{
	size_t i, j;

	for (i = view->snapshot.count; i-- > 0;) {
		struct entry *entry = &view->entries[i], *above = entry->parent;
		const struct libbc_account *account = entry->node->account;

		for (j = 0; account && j < libbc_account_count(account); j++) {
			const struct libbc_resource *resource =
				libbc_account_get(account, j);
			enum state state = resource_state(resource);
			int full = fill_percent(
				resource,
				libbc_resource_value(resource, LIBBC_HELD));

			if (state > entry->worst)
				entry->worst = state;
			if (full > entry->fullest)
				entry->fullest = full;
		}
		/* Groups directly below the top are always there. */
		entry->shown = entry->shown || view->all ||
			       entry->worst > STATE_OK || !above ||
			       !above->parent;
		if (!above)
			continue;
		above->shown = above->shown || entry->shown;
		if (entry->worst > above->worst)
			above->worst = entry->worst;
		if (entry->fullest > above->fullest)
			above->fullest = entry->fullest;
	}
}

static int prepare(struct view *view)
{
	size_t i;

	view->entries =
		calloc(view->snapshot.count + 1, sizeof(*view->entries));
	if (!view->entries)
		return no_memory(view->ctl);
	for (i = 0; i < view->snapshot.count; i++) {
		struct entry *entry = &view->entries[i], *above;
		int parent = view->snapshot.nodes[i].parent;

		entry->node = &view->snapshot.nodes[i];
		entry->parent = parent < 0 ? NULL : &view->entries[parent];
		entry->fullest = -1;
		above = entry->parent ? entry->parent : &view->tops;
		entry->next = above->children;
		above->children = entry;
		above->count++;
	}
	judge(view);
	return 0;
}

/* Worse first, then fuller, then by resource as the kernel has them. */
static int compare_resources(const void *a, const void *b)
{
	const struct libbc_resource *const *x = a, *const *y = b;
	int worse = (int)resource_state(*y) - (int)resource_state(*x);

	if (worse)
		return worse;
	return fill_percent(*y, libbc_resource_value(*y, LIBBC_HELD)) -
	       fill_percent(*x, libbc_resource_value(*x, LIBBC_HELD));
}

/*
 * The resources of a group that are shown, worst first: those worth seeing, or
 * the first one if there are none. The caller frees the list.
 */
static const struct libbc_resource **
interesting(const struct view *view, const struct node *node, size_t *count)
{
	const struct libbc_resource **list;
	size_t i, n;

	n = node->account ? libbc_account_count(node->account) : 0;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return NULL;
	for (i = 0; i < n; i++)
		list[i] = libbc_account_get(node->account, i);
	qsort(list, n, sizeof(*list), compare_resources);
	*count = n;
	if (view->all)
		return list;
	for (*count = 0; *count < n; (*count)++)
		if (resource_state(list[*count]) == STATE_OK)
			break;
	if (!*count && n)
		*count = 1;
	return list;
}

/* The cells of all resources of a group, one below the other, as one cell. */
static char *join(const struct view *view, int column, const struct node *node,
		  const struct libbc_resource **list, size_t count)
{
	/* Align several numbers; the table itself aligns a single one. */
	int width = count > 1 && account_columns[column].kind == NUMBER ?
			    NUMBER_WIDTH :
			    0;
	char *text = strdup(""), *cell, *more;
	size_t i;

	for (i = 0; i < count && text; i++) {
		cell = account_cell(view->ctl, column, node, list[i]);
		if (!cell || asprintf(&more, "%s%s%*s", text, i ? "\n" : "",
				      width, cell) < 0)
			more = NULL;
		free(cell);
		free(text);
		text = more;
	}
	return text;
}

static const char *tree_name(const struct entry *entry)
{
	const char *path = entry->node->path;

	return entry->parent && path[1] ? strrchr(path, '/') + 1 : path;
}

static int tree_line(struct view *view, struct table *table,
		     struct entry *entry)
{
	const struct libbc_resource **list;
	const char *color = state_color(entry->worst);
	size_t count = 0, i;

	entry->line =
		table_line(table, entry->parent ? entry->parent->line : NULL);
	list = interesting(view, entry->node, &count);
	if (!entry->line || !list) {
		free(list);
		return no_memory(view->ctl);
	}
	for (i = 0; i < table->count; i++) {
		int column = table->chosen[i];
		char *cell =
			column == COL_GROUP ?
				strdup(tree_name(entry)) :
				join(view, column, entry->node, list,
				     (column == COL_ID || column == COL_UID) &&
						     count ?
					     1 :
					     count);

		if (!cell || scols_line_refer_data(entry->line, i, cell)) {
			free(list);
			return no_memory(view->ctl);
		}
	}
	if (color && count && resource_state(list[0]) != STATE_OK)
		scols_line_set_color(entry->line, color);
	free(list);
	return 0;
}

static int flat_lines(struct view *view, struct table *table,
		      struct entry *entry)
{
	const struct libbc_resource **list;
	size_t count = 0, i;
	int ret = 0;

	list = interesting(view, entry->node, &count);
	if (!list)
		return no_memory(view->ctl);
	for (i = 0; i < count && !ret; i++) {
		struct libscols_line *line = table_line(table, NULL);

		ret = line ? account_line(table, line, entry->node, list[i]) :
			     no_memory(view->ctl);
	}
	free(list);
	return ret;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	if ((*x)->worst != (*y)->worst)
		return (int)(*y)->worst - (int)(*x)->worst;
	if ((*x)->fullest != (*y)->fullest)
		return (*y)->fullest - (*x)->fullest;
	return strcmp((*x)->node->path, (*y)->node->path);
}

/* The groups directly below one, the worst first, each with those below it. */
static int lines_below(struct view *view, struct table *table,
		       const struct entry *above)
{
	struct entry **list = calloc(above->count + 1, sizeof(*list)), *entry;
	size_t count = 0, i;
	int ret = 0;

	if (!list)
		return no_memory(view->ctl);
	for (entry = above->children; entry; entry = entry->next)
		list[count++] = entry;
	qsort(list, count, sizeof(*list), compare_entries);
	for (i = 0; i < count && !ret; i++) {
		if (!list[i]->shown)
			view->folded++;
		else if (view->flat)
			ret = flat_lines(view, table, list[i]);
		else
			ret = tree_line(view, table, list[i]);
		if (!ret)
			ret = lines_below(view, table, list[i]);
	}
	free(list);
	return ret;
}

static int print(struct view *view)
{
	struct bcctl *ctl = view->ctl;
	struct table table;
	int ret;

	view->flat = ctl->json || ctl->raw;
	ret = table_new(
		ctl, &table, "groups", account_columns,
		ctl->json ?
			"GROUP,RESOURCE,UNIT,STATE,HELD,MAXHELD,BARRIER,LIMIT,FAILCNT,LOCAL,FORCED,ID" :
			"GROUP,RESOURCE,STATE,HELD,USE%,MAXHELD,BARRIER,LIMIT,FAILCNT",
		true);
	if (!ret)
		ret = lines_below(view, &table, &view->tops);
	if (!ret)
		ret = table_print(&table);
	if (!ret && view->folded && !view->flat && !ctl->noheadings)
		printf("%zu more with nothing to report (--all shows them)\n",
		       view->folded);
	table_free(&table);
	return ret;
}

static int run_list(struct bcctl *ctl)
{
	struct view view = { .ctl = ctl };
	struct libbc_group *top = NULL;
	const char *value;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0) {
		if (id == 'r')
			view.since = true;
		else
			view.all = true;
	}
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top);
	if (!ret)
		ret = snapshot_take(ctl, top, -1, &view.snapshot);
	if (!ret && view.since)
		ret = seen_since(ctl, libbc_group_path(top), &view.snapshot);
	if (!ret)
		ret = prepare(&view);
	if (!ret)
		ret = print(&view);
	free(view.entries);
	snapshot_free(&view.snapshot);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ 'r', "refused", NULL, "count refusals since the last list -r" },
	{ OPT_ALL, "all", NULL, "show all groups with all resources" },
	{ 0 },
};

const struct verb list_verb = {
	.name = "list",
	.args = "[GROUP|PID|.]",
	.summary =
		"show the tree of groups and what needs attention (the default)",
	.about =
		"Show all groups, or GROUP and those below it, with the resources that were refused\n"
		"or are near their barrier, the worst first. The other groups are only counted.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES | TAKES_TABLE,
	.columns = account_columns,
	.run = run_list,
};

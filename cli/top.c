// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of "bcctl top": looked at, compared with the last time, sorted.
 */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "top.h"

const struct column top_columns[] = {
	[TOP_GROUP] = { "GROUP", TEXT, 0, "the group" },
	[TOP_RESOURCE] = { "RESOURCE", TEXT, 0, "the resource" },
	[TOP_STATE] = { "STATE", TEXT, 0,
			"refused, over, near the barrier, or ok" },
	[TOP_HELD] = { "HELD", NUMBER, SCOLS_FL_RIGHT, "what is charged now" },
	[TOP_CHANGE] = { "HELD/s", NUMBER, SCOLS_FL_RIGHT,
			 "how fast that grows, or falls" },
	[TOP_USE] = { "USE%", NUMBER, SCOLS_FL_RIGHT,
		      "held, in percent of the barrier" },
	[TOP_MAXHELD] = { "MAXHELD", NUMBER, SCOLS_FL_RIGHT,
			  "the highest that held was" },
	[TOP_BARRIER] = { "BARRIER", NUMBER, SCOLS_FL_RIGHT,
			  "ordinary requests are refused above it" },
	[TOP_LIMIT] = { "LIMIT", NUMBER, SCOLS_FL_RIGHT,
			"all requests are refused above it" },
	[TOP_FAILCNT] = { "FAILCNT", NUMBER, SCOLS_FL_RIGHT,
			  "requests refused, in the group and below" },
	[TOP_RATE] = { "FAIL/s", NUMBER, SCOLS_FL_RIGHT,
		       "how many that are in a second" },
	{ NULL },
};

/* Only the same group tells a rate: its number is part of what it is. */
static void rates(const struct top *top, const struct node *node,
		  struct row *row)
{
	const char *name = libbc_resource_name(row->resource);
	const struct libbc_resource *old;

	old = node && node->account ? libbc_account_find(node->account, name) :
				      NULL;
	if (!old || top->seconds <= 0)
		return;
	row->rate =
		((double)libbc_resource_value(row->resource, LIBBC_FAILCNT) -
		 (double)libbc_resource_value(old, LIBBC_FAILCNT)) /
		top->seconds;
	row->change = ((double)libbc_resource_value(row->resource, LIBBC_HELD) -
		       (double)libbc_resource_value(old, LIBBC_HELD)) /
		      top->seconds;
}

static int by_number(double a, double b)
{
	return a < b ? -1 : a > b;
}

static int by_field(const struct row *a, const struct row *b,
		    enum libbc_field field)
{
	uint64_t x = libbc_resource_value(a->resource, field);
	uint64_t y = libbc_resource_value(b->resource, field);

	return x < y ? -1 : x > y;
}

static int by_column(const struct row *a, const struct row *b, int column)
{
	switch (column) {
	case TOP_RESOURCE:
		return -strcmp(libbc_resource_name(a->resource),
			       libbc_resource_name(b->resource));
	case TOP_STATE:
		return (int)resource_state(a->resource) -
		       (int)resource_state(b->resource);
	case TOP_HELD:
		return by_field(a, b, LIBBC_HELD);
	case TOP_CHANGE:
		return by_number(a->change, b->change);
	case TOP_USE:
		return fill_percent(a->resource,
				    libbc_resource_value(a->resource,
							 LIBBC_HELD)) -
		       fill_percent(b->resource,
				    libbc_resource_value(b->resource,
							 LIBBC_HELD));
	case TOP_MAXHELD:
		return by_field(a, b, LIBBC_MAXHELD);
	case TOP_BARRIER:
		return by_field(a, b, LIBBC_BARRIER);
	case TOP_LIMIT:
		return by_field(a, b, LIBBC_LIMIT);
	case TOP_FAILCNT:
		return by_field(a, b, LIBBC_FAILCNT);
	case TOP_RATE:
		return by_number(a->rate, b->rate);
	}
	/* Names begin with A, where numbers begin with the largest. */
	return -strcmp(a->node->path, b->node->path);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct top *top = arg;
	int order = by_column(a, b, top->sort);

	if (!order)
		order = by_column(a, b, TOP_HELD);
	if (!order)
		order = by_column(a, b, TOP_GROUP);
	return top->ascending ? order : -order;
}

static int make_rows(struct top *top)
{
	size_t i, j, most = 0, near = 0;

	for (i = 0; i < top->now.count; i++)
		if (top->now.nodes[i].account)
			most += libbc_account_count(top->now.nodes[i].account);
	free(top->rows);
	top->count = 0;
	top->rows = calloc(most + 1, sizeof(*top->rows));
	if (!top->rows)
		return no_memory(top->ctl);
	for (i = 0; i < top->now.count; i++) {
		const struct node *node = &top->now.nodes[i], *old;

		old = snapshot_find(&top->before, node->id, node->path, &near);
		near++;
		for (j = 0;
		     node->account && j < libbc_account_count(node->account);
		     j++) {
			struct row row = { node,
					   libbc_account_get(node->account, j),
					   0, 0 };

			if (!top->all &&
			    !libbc_resource_value(row.resource, LIBBC_HELD) &&
			    !libbc_resource_value(row.resource, LIBBC_FAILCNT))
				continue;
			rates(top, old, &row);
			top->rows[top->count++] = row;
		}
	}
	qsort_r(top->rows, top->count, sizeof(*top->rows), compare, top);
	return 0;
}

int top_look(struct top *top)
{
	struct timespec ts;
	double now;
	int ret;

	snapshot_free(&top->before);
	top->before = top->now;
	top->now = (struct snapshot){ NULL };
	ret = snapshot_take(top->ctl, top->group, -1, &top->now);
	if (ret)
		return ret;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec + ts.tv_nsec / 1e9;
	top->seconds = top->taken > 0 ? now - top->taken : 0;
	top->taken = now;
	return make_rows(top);
}

static int set_change(struct table *table, struct libscols_line *line,
		      double change, enum libbc_unit unit)
{
	char buf[LIBBC_SIZE_LEN], text[LIBBC_SIZE_LEN + 1];
	uint64_t size = (uint64_t)(change < 0 ? -change : change);

	snprintf(text, sizeof(text), "%s%s", change < 0 && size ? "-" : "",
		 value_text(table->ctl, size, unit, buf));
	return table_set(table, line, TOP_CHANGE, text);
}

static int set_row(struct table *table, struct libscols_line *line,
		   const struct row *row)
{
	const struct libbc_resource *resource = row->resource;
	enum libbc_unit unit = libbc_resource_unit(resource);
	enum state state = resource_state(resource);
	uint64_t held = libbc_resource_value(resource, LIBBC_HELD);
	int use = fill_percent(resource, held);
	char rate[32];

	snprintf(rate, sizeof(rate), "%.1f", row->rate);
	if (use >= 0 && table_set_number(table, line, TOP_USE, use))
		return -1;
	if (state_color(state))
		scols_line_set_color(line, state_color(state));
	return table_set(table, line, TOP_GROUP, row->node->path) ||
	       table_set(table, line, TOP_RESOURCE,
			 libbc_resource_name(resource)) ||
	       table_set(table, line, TOP_STATE, state_name(state)) ||
	       table_set_value(table, line, TOP_HELD, held, unit) ||
	       set_change(table, line, row->change, unit) ||
	       table_set_value(table, line, TOP_MAXHELD,
			       libbc_resource_value(resource, LIBBC_MAXHELD),
			       unit) ||
	       table_set_value(table, line, TOP_BARRIER,
			       libbc_resource_value(resource, LIBBC_BARRIER),
			       unit) ||
	       table_set_value(table, line, TOP_LIMIT,
			       libbc_resource_value(resource, LIBBC_LIMIT),
			       unit) ||
	       table_set_value(table, line, TOP_FAILCNT,
			       libbc_resource_value(resource, LIBBC_FAILCNT),
			       LIBBC_ITEMS) ||
	       table_set(table, line, TOP_RATE, rate);
}

/* A table of all rows; to be freed by the caller, also after an error. */
int top_table(struct top *top, struct table *table)
{
	size_t i;
	int ret;

	ret = table_new(
		top->ctl, table, "top", top_columns,
		"GROUP,RESOURCE,HELD,HELD/s,USE%,MAXHELD,BARRIER,FAILCNT,FAIL/s",
		false);
	for (i = 0; i < top->count && !ret; i++) {
		struct libscols_line *line = table_line(table, NULL);

		if (!line || set_row(table, line, &top->rows[i]))
			ret = no_memory(top->ctl);
	}
	return ret;
}

void top_free(struct top *top)
{
	snapshot_free(&top->now);
	snapshot_free(&top->before);
	libbc_group_close(top->group);
	free(top->rows);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of "bcctl top": read, compared with the last reading, and sorted.
 */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "columns.h"
#include "top.h"

const struct column top_columns[] = {
	[TOP_GROUP] = { "GROUP", TEXT, 0, "the group" },
	[TOP_RESOURCE] = { "RESOURCE", TEXT, 0, "the resource" },
	[TOP_STATE] = { "STATE", TEXT, 0,
			"refused in the last minute, over, near, or ok" },
	[TOP_HELD] = { "HELD", NUMBER, SCOLS_FL_RIGHT,
		       "the amount charged now" },
	[TOP_CHANGE] = { "HELD/s", NUMBER, SCOLS_FL_RIGHT,
			 "how fast held grows, or falls", 85 },
	[TOP_USE] = { "USE%", NUMBER, SCOLS_FL_RIGHT,
		      "held, in percent of the barrier", 30 },
	[TOP_MAXHELD] = { "MAXHELD", NUMBER, SCOLS_FL_RIGHT,
			  "the highest value of held", 82 },
	[TOP_BARRIER] = { "BARRIER", NUMBER, SCOLS_FL_RIGHT,
			  "ordinary requests are refused above it", 20 },
	[TOP_LIMIT] = { "LIMIT", NUMBER, SCOLS_FL_RIGHT,
			"all requests are refused above it", 62 },
	[TOP_FAILCNT] = { "FAILCNT", NUMBER, SCOLS_FL_RIGHT,
			  "requests refused, in the group and below", 65 },
	[TOP_RATE] = { "FAIL/s", NUMBER, SCOLS_FL_RIGHT, "refusals per second",
		       45 },
	[TOP_FILL] = { "FILL", TEXT, 0, "held, as a bar up to the barrier",
		       70 },
	[TOP_HISTORY] = { "HISTORY", TEXT, 0,
			  "how full it was, the oldest reading first", 60 },
	[TOP_REFUSED] = { "REFUSED", TEXT, SCOLS_FL_RIGHT,
			  "refusals per second, or time since the last one" },
	{ NULL },
};

/* A rate needs two readings of the same group; "node" is NULL without one. */
static void compare_with(struct top *top, const struct node *node,
			 struct row *row)
{
	const char *name = libbc_resource_name(row->resource);
	const struct libbc_resource *old = NULL;
	const struct trail *trail = NULL;
	struct trail *new = (struct trail *)row->trail;
	size_t i, count;

	count = node && node->account ? libbc_account_count(node->account) : 0;
	for (i = 0; i < count && !old; i++) {
		old = libbc_account_get(node->account, i);
		if (strcmp(libbc_resource_name(old), name))
			old = NULL;
		else
			trail = &top->trails_before[node->first + i];
	}
	if (old && top->seconds > 0) {
		row->rate = ((double)libbc_resource_value(row->resource,
							  LIBBC_FAILCNT) -
			     (double)libbc_resource_value(old, LIBBC_FAILCNT)) /
			    top->seconds;
		row->change = ((double)libbc_resource_value(row->resource,
							    LIBBC_HELD) -
			       (double)libbc_resource_value(old, LIBBC_HELD)) /
			      top->seconds;
	}
	trail_add(new, trail, row->resource, row->rate, top->taken);
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

static int by_column(const struct top *top, const struct row *a,
		     const struct row *b, int column)
{
	switch (column) {
	case TOP_RESOURCE:
		return -strcmp(libbc_resource_name(a->resource),
			       libbc_resource_name(b->resource));
	case TOP_STATE:
		return (int)row_state(top, a) - (int)row_state(top, b);
	case TOP_HELD:
		return by_field(a, b, LIBBC_HELD);
	case TOP_CHANGE:
		return by_number(a->change, b->change);
	case TOP_REFUSED:
		return by_number(a->rate, b->rate) ?:
			       by_number(a->trail->refused, b->trail->refused);
	case TOP_FILL:
	case TOP_HISTORY:
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
	/* Names begin with A, but numbers begin with the largest. */
	return -strcmp(a->node->path, b->node->path);
}

static int compare(const void *a, const void *b, void *arg)
{
	/* Rows that are equal here are ordered by what needs attention. */
	static const int then[] = { TOP_STATE, TOP_USE, TOP_HELD, TOP_GROUP };
	const struct top *top = arg;
	int order = by_column(top, a, b, top->sort);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(then) && !order; i++)
		order = by_column(top, a, b, then[i]);
	return top->ascending ? order : -order;
}

static bool wanted(const struct top *top, const struct row *row)
{
	if (*top->filter && !strcasestr(row->node->path, top->filter) &&
	    !strcasestr(libbc_resource_name(row->resource), top->filter))
		return false;
	return top->all || libbc_resource_value(row->resource, LIBBC_HELD) ||
	       libbc_resource_value(row->resource, LIBBC_FAILCNT);
}

static void rows_of(struct top *top, const struct node *node,
		    const struct node *before)
{
	size_t i;

	for (i = 0; node->account && i < libbc_account_count(node->account);
	     i++) {
		struct row row = {
			.node = node,
			.resource = libbc_account_get(node->account, i),
			.trail = &top->trails[node->first + i],
		};

		compare_with(top, before, &row);
		if (wanted(top, &row))
			top->rows[top->count++] = row;
	}
}

static int make_rows(struct top *top)
{
	size_t most = top->now.resources + 1, i, near = 0;

	free(top->rows);
	free(top->trails_before);
	top->trails_before = top->trails;
	top->count = 0;
	top->rows = calloc(most, sizeof(*top->rows));
	top->trails = calloc(most, sizeof(*top->trails));
	if (!top->rows || !top->trails)
		return no_memory(top->ctl);
	for (i = 0; i < top->now.count; i++) {
		const struct node *node = &top->now.nodes[i];

		rows_of(top, node,
			snapshot_find(&top->before, node->id, node->path,
				      &near));
		near++;
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

static int set_row(const struct top *top, struct table *table,
		   struct libscols_line *line, const struct row *row)
{
	const struct libbc_resource *resource = row->resource;
	enum libbc_unit unit = libbc_resource_unit(resource);
	enum state state = row_state(top, row);
	uint64_t held = libbc_resource_value(resource, LIBBC_HELD);
	int use = fill_percent(resource, held);
	char *bar = NULL, *history = NULL, rate[32], refused[32];
	int ret;

	snprintf(rate, sizeof(rate), "%.1f", row->rate);
	trail_refused(top, row, refused, sizeof(refused));
	if (table_has(table, TOP_FILL))
		bar = fill_bar(resource);
	if (table_has(table, TOP_HISTORY))
		history = trail_history(row);
	if (state_color(state))
		scols_line_set_color(line, state_color(state));
	ret = (use >= 0 && table_set_number(table, line, TOP_USE, use)) ||
	      table_set(table, line, TOP_GROUP, row->node->path) ||
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
	      table_set(table, line, TOP_RATE, rate) ||
	      table_set(table, line, TOP_FILL, bar ? bar : "") ||
	      table_set(table, line, TOP_HISTORY, history ? history : "") ||
	      table_set(table, line, TOP_REFUSED, refused);
	free(bar);
	free(history);
	return ret;
}

/* A table of all rows; to be freed by the caller, also after an error. */
int top_table(struct top *top, const char *columns, struct table *table)
{
	size_t i;
	int ret;

	ret = table_new(top->ctl, table, "top", top_columns, columns, false);
	for (i = 0; i < top->count && !ret; i++) {
		struct libscols_line *line = table_line(table, NULL);

		if (!line || set_row(top, table, line, &top->rows[i]))
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
	free(top->trails);
	free(top->trails_before);
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <langinfo.h>
#include <string.h>

#include "columns.h"

#define BAR_WIDTH 10

const struct column account_columns[] = {
	[COL_GROUP] = { "GROUP", TEXT, SCOLS_FL_TREE, "the group" },
	[COL_RESOURCE] = { "RESOURCE", TEXT, SCOLS_FL_WRAP, "the resource" },
	[COL_UNIT] = { "UNIT", TEXT, SCOLS_FL_WRAP,
		       "of the resource: bytes, pages or items" },
	[COL_STATE] = { "STATE", TEXT, SCOLS_FL_WRAP,
			"refused, over, near the barrier, or ok" },
	[COL_HELD] = { "HELD", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
		       "the amount charged now", 30 },
	[COL_USE] = { "USE%", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
		      "held, in percent of the barrier", 40 },
	[COL_BAR] = { "FILL", TEXT, SCOLS_FL_WRAP, "USE% as a bar", 80 },
	[COL_MAXHELD] = { "MAXHELD", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			  "the highest value of held", 70 },
	[COL_MAXUSE] = { "MAX%", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			 "maxheld, in percent of the barrier" },
	[COL_BARRIER] = { "BARRIER", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			  "ordinary requests are refused above it", 20 },
	[COL_LIMIT] = { "LIMIT", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			"all requests are refused above it", 60 },
	[COL_FAILCNT] = { "FAILCNT", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			  "requests refused, in the group and below" },
	[COL_LOCAL] = { "LOCAL", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			"requests refused by this very group" },
	[COL_FORCED] = { "FORCED", NUMBER, SCOLS_FL_RIGHT | SCOLS_FL_WRAP,
			 "amount charged above the limit by force" },
	[COL_ID] = { "ID", NUMBER, SCOLS_FL_RIGHT, "number of the group" },
	[COL_UID] = { "UID", NUMBER, SCOLS_FL_RIGHT,
		      "its number in /proc/user_beancounters" },
	[COL_WHAT] = { "WHAT", TEXT, SCOLS_FL_WRAP, "what the resource is",
		       90 },
	{ NULL },
};

/* The bar of a resource: "" without a barrier, NULL if out of memory. */
char *fill_bar(const struct libbc_resource *resource)
{
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	int percent = fill_percent(resource,
				   libbc_resource_value(resource, LIBBC_HELD));
	int full = percent > 100 ? BAR_WIDTH : percent * BAR_WIDTH / 100, i;
	char *bar = malloc(4 * BAR_WIDTH + 1), *to = bar;

	if (!bar)
		return NULL;
	*to = '\0';
	for (i = 0; percent >= 0 && i < BAR_WIDTH; i++)
		if (utf8)
			to = stpcpy(to, i < full ? "█" : "░");
		else
			to = stpcpy(to, i < full ? "#" : "-");
	return bar;
}

static char *percent_cell(const struct libbc_resource *resource,
			  enum libbc_field field)
{
	int percent =
		fill_percent(resource, libbc_resource_value(resource, field));
	char *text = NULL;

	if (percent < 0)
		return strdup("");
	return asprintf(&text, "%d", percent) < 0 ? NULL : text;
}

static char *value_cell(const struct bcctl *ctl,
			const struct libbc_resource *resource,
			enum libbc_field field, enum libbc_unit unit)
{
	char buf[LIBBC_SIZE_LEN];

	if (!libbc_resource_has(resource, field))
		return strdup("");
	return strdup(value_text(ctl, libbc_resource_value(resource, field),
				 unit, buf));
}

static char *number_cell(uint64_t number)
{
	char *text;

	return asprintf(&text, "%llu", (unsigned long long)number) < 0 ? NULL :
									 text;
}

char *account_cell(const struct bcctl *ctl, int column, const struct node *node,
		   const struct libbc_resource *resource)
{
	const char *name = libbc_resource_name(resource);
	enum libbc_unit unit = libbc_resource_unit(resource);

	switch (column) {
	case COL_GROUP:
		return strdup(node->path);
	case COL_RESOURCE:
		return strdup(name);
	case COL_UNIT:
		return strdup(libbc_unit_name(unit));
	case COL_STATE:
		return strdup(state_name(resource_state(resource)));
	case COL_HELD:
		return value_cell(ctl, resource, LIBBC_HELD, unit);
	case COL_USE:
		return percent_cell(resource, LIBBC_HELD);
	case COL_BAR:
		return fill_bar(resource);
	case COL_MAXHELD:
		return value_cell(ctl, resource, LIBBC_MAXHELD, unit);
	case COL_MAXUSE:
		return percent_cell(resource, LIBBC_MAXHELD);
	case COL_BARRIER:
		return value_cell(ctl, resource, LIBBC_BARRIER, unit);
	case COL_LIMIT:
		return value_cell(ctl, resource, LIBBC_LIMIT, unit);
	case COL_FAILCNT:
		return value_cell(ctl, resource, LIBBC_FAILCNT, LIBBC_ITEMS);
	case COL_LOCAL:
		return value_cell(ctl, resource, LIBBC_FAILCNT_LOCAL,
				  LIBBC_ITEMS);
	case COL_FORCED:
		return value_cell(ctl, resource, LIBBC_FORCED, unit);
	case COL_ID:
		return number_cell(node->id);
	case COL_UID:
		return number_cell(node_uid(node));
	case COL_WHAT:
		return strdup(resource_text(name));
	}
	return strdup("");
}

int account_line(struct table *table, struct libscols_line *line,
		 const struct node *node, const struct libbc_resource *resource)
{
	const char *color = state_color(resource_state(resource));
	size_t i;

	for (i = 0; i < table->count; i++) {
		char *cell = account_cell(table->ctl, table->chosen[i], node,
					  resource);

		if (!cell || scols_line_refer_data(line, i, cell))
			return no_memory(table->ctl);
	}
	if (color)
		scols_line_set_color(line, color);
	return 0;
}

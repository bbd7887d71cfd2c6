// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "table.h"

static const char *column_name(const void *from, size_t index)
{
	const struct column *columns = from;

	return columns[index].name;
}

static int column_index(const struct column *columns, const char *name,
			size_t len)
{
	int i;

	for (i = 0; columns[i].name; i++)
		if (strlen(columns[i].name) == len &&
		    !strncasecmp(columns[i].name, name, len))
			return i;
	return -1;
}

static int unknown_column(const struct bcctl *ctl, const struct column *columns,
			  const char *name, size_t len)
{
	char upper[64];
	const char *close;
	size_t i;

	snprintf(upper, sizeof(upper), "%.*s", (int)len, name);
	for (i = 0; upper[i]; i++)
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] -= 'a' - 'A';
	misuse(ctl, "%s has no column %.*s", ctl->verb->name, (int)len, name);
	close = nearest(upper, column_name, columns);
	if (close)
		hint("did you mean %s?", close);
	hint("bcctl %s --help", ctl->verb->name);
	return ctl->misuse;
}

/* Which columns: "NAME,NAME", after a "+" in addition to those chosen. */
static int choose(const struct bcctl *ctl, struct table *table,
		  const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ",");
		int i = column_index(table->columns, names, len);

		if (i < 0)
			return unknown_column(ctl, table->columns, names, len);
		if (table->count == MOST_COLUMNS)
			return misuse(ctl, "more than %d columns",
				      MOST_COLUMNS);
		table->chosen[table->count++] = i;
		names += len + (names[len] == ',');
	}
	return 0;
}

static int add_columns(struct table *table, bool tree)
{
	const struct bcctl *ctl = table->ctl;
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct column *column = &table->columns[table->chosen[i]];
		int flags = column->flags;
		struct libscols_column *cl;

		if (!tree || ctl->json || ctl->raw)
			flags &= ~(SCOLS_FL_TREE | SCOLS_FL_WRAP);
		cl = scols_table_new_column(table->scols, column->name, 0,
					    flags);
		if (!cl)
			return -ENOMEM;
		if (column->kind == NUMBER)
			scols_column_set_json_type(cl, SCOLS_JSON_NUMBER);
		if (flags & SCOLS_FL_WRAP) {
			scols_column_set_safechars(cl, "\n");
			scols_column_set_wrapfunc(cl, scols_wrapnl_chunksize,
						  scols_wrapnl_nextchunk, NULL);
		}
	}
	return 0;
}

int table_new(const struct bcctl *ctl, struct table *table, const char *name,
	      const struct column *columns, const char *chosen, bool tree)
{
	const char *output = ctl->output ? ctl->output : chosen;
	const char *color = getenv("NO_COLOR");
	int ret;

	*table = (struct table){ .ctl = ctl, .columns = columns };
	if (*output == '+') {
		ret = choose(ctl, table, chosen);
		if (ret)
			return ret;
		output++;
	}
	ret = choose(ctl, table, output);
	if (ret)
		return ret;
	if (!table->count)
		return bad_usage(ctl, "--output names no column");
	table->scols = scols_new_table();
	if (!table->scols)
		return no_memory(ctl);
	scols_table_set_name(table->scols, name);
	scols_table_enable_json(table->scols, ctl->json);
	scols_table_enable_raw(table->scols, ctl->raw);
	scols_table_enable_noheadings(table->scols, ctl->noheadings);
	scols_table_enable_colors(table->scols,
				  isatty(STDOUT_FILENO) && !(color && *color));
	if (!isatty(STDOUT_FILENO))
		scols_table_set_termwidth(table->scols, 400);
	return add_columns(table, tree) ? no_memory(ctl) : 0;
}

bool table_has(const struct table *table, int column)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		if (table->chosen[i] == column)
			return true;
	return false;
}

struct libscols_line *table_line(struct table *table,
				 struct libscols_line *parent)
{
	return scols_table_new_line(table->scols, parent);
}

int table_set(struct table *table, struct libscols_line *line, int column,
	      const char *text)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < table->count && !ret; i++)
		if (table->chosen[i] == column)
			ret = scols_line_set_data(line, i, text);
	return ret;
}

int table_set_value(struct table *table, struct libscols_line *line, int column,
		    uint64_t value, enum libbc_unit unit)
{
	char buf[LIBBC_SIZE_LEN];

	return table_set(table, line, column,
			 value_text(table->ctl, value, unit, buf));
}

int table_set_number(struct table *table, struct libscols_line *line,
		     int column, long long number)
{
	char buf[LIBBC_SIZE_LEN];

	snprintf(buf, sizeof(buf), "%lld", number);
	return table_set(table, line, column, buf);
}

int table_print(struct table *table)
{
	int ret = scols_print_table(table->scols);

	if (ret)
		return fail(table->ctl, "cannot print the table: %s",
			    strerror(ret < 0 ? -ret : EIO));
	return 0;
}

void table_free(struct table *table)
{
	scols_unref_table(table->scols);
}

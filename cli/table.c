// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <wchar.h>

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

/* Add the columns "NAME,NAME" to those that have been chosen. */
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

	*table = (struct table){ .ctl = ctl,
				 .columns = columns,
				 .foldable = !ctl->output };
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

/* The columns of a terminal that a text takes; control characters take none. */
static size_t text_width(const char *text, size_t bytes)
{
	size_t width = 0, done = 0;
	mbstate_t state = { 0 };

	while (done < bytes) {
		wchar_t letter;
		size_t len =
			mbrtowc(&letter, text + done, bytes - done, &state);
		int columns;

		if (!len || len > bytes - done) {
			memset(&state, 0, sizeof(state));
			len = 1;
			columns = 1;
		} else {
			columns = wcwidth(letter);
		}
		width += columns > 0 ? columns : 0;
		done += len;
	}
	return width;
}

/* The width that the longest line would take if there were room. */
static int measure(struct table *table, size_t *width)
{
	int colors = scols_table_colors_wanted(table->scols), ret;
	char *text = NULL, *line, *next;

	scols_table_enable_colors(table->scols, 0);
	scols_table_set_termwidth(table->scols, 4096);
	ret = scols_print_table_to_string(table->scols, &text);
	scols_table_enable_colors(table->scols, colors);
	if (ret)
		return no_memory(table->ctl);
	*width = 0;
	for (line = text; line; line = next) {
		size_t bytes = strcspn(line, "\n"), columns;

		next = line[bytes] ? line + bytes + 1 : NULL;
		while (bytes && line[bytes - 1] == ' ')
			bytes--;
		columns = text_width(line, bytes);
		if (columns > *width)
			*width = columns;
	}
	free(text);
	return 0;
}

/* Leave out the least important column; false if none may be left out. */
static bool fold_one(struct table *table)
{
	struct libscols_column *least = NULL;
	int most = 0;
	size_t i;

	for (i = 0; i < table->count; i++) {
		struct libscols_column *cl =
			scols_table_get_column(table->scols, i);
		int fold = table->columns[table->chosen[i]].fold;

		if (scols_column_is_hidden(cl) || fold <= most)
			continue;
		least = cl;
		most = fold;
	}
	if (least)
		scols_column_set_flags(least, scols_column_get_flags(least) |
						      SCOLS_FL_HIDDEN);
	return least;
}

/* Cut off the beginning of a path, because its end tells more. */
static int keep_end(struct libscols_cell *cell, size_t width)
{
	const char *text = scols_cell_get_data(cell), *dots = "..";
	size_t len = text ? strlen(text) : 0, skip = 0;
	char *shorter;
	int ret;

	if (text_width(text ? text : "", len) <= width)
		return 0;
	while (skip < len && text_width(text + skip, len - skip) > width - 2)
		do
			skip++;
		while ((text[skip] & 0xc0) == 0x80);
	if (asprintf(&shorter, "%s%s", dots, text + skip) < 0)
		return -ENOMEM;
	ret = scols_cell_refer_data(cell, shorter);
	if (ret)
		free(shorter);
	return ret;
}

/* Make the first column narrower: paths can be of any length. */
static int shorten(struct table *table, size_t too_much)
{
	struct libscols_column *cl = scols_table_get_column(table->scols, 0);
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;
	size_t widest = 0;
	int ret = 0;

	if (!iter)
		return no_memory(table->ctl);
	while (!scols_table_next_line(table->scols, iter, &line)) {
		const char *text = scols_cell_get_data(
			scols_line_get_column_cell(line, cl));
		size_t width = text ? text_width(text, strlen(text)) : 0;

		if (width > widest)
			widest = width;
	}
	scols_reset_iter(iter, SCOLS_ITER_FORWARD);
	while (!ret && widest > too_much + 4 &&
	       !scols_table_next_line(table->scols, iter, &line))
		ret = keep_end(scols_line_get_column_cell(line, cl),
			       widest - too_much);
	scols_free_iter(iter);
	return ret ? no_memory(table->ctl) : 0;
}

/**
 * table_fit - make a table fit into a terminal
 * @table: the table
 * @width: of the terminal
 *
 * Unless the user has chosen the columns, the least important ones are left
 * out, and then the names of groups lose their beginning.
 *
 * Return: 0 or the exit status.
 */
int table_fit(struct table *table, size_t width)
{
	size_t needed = 0;
	int ret = 0;

	while (!(ret = measure(table, &needed)) && needed > width)
		if (!table->foldable || !fold_one(table))
			break;
	if (!ret && table->foldable && needed > width &&
	    table->columns[table->chosen[0]].kind == TEXT)
		ret = shorten(table, needed - width);
	scols_table_set_termwidth(table->scols, width);
	return ret;
}

/* An empty table would print nothing, and that would look like a mistake. */
static void print_headings(const struct table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		printf("%s%s", i ? " " : "",
		       table->columns[table->chosen[i]].name);
	putchar('\n');
}

int table_print(struct table *table)
{
	const struct bcctl *ctl = table->ctl;
	struct winsize size;
	int ret;

	if (!scols_table_get_nlines(table->scols) && !ctl->json) {
		if (!ctl->noheadings)
			print_headings(table);
		return 0;
	}
	if (!ctl->json && !ctl->raw &&
	    !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col) {
		ret = table_fit(table, size.ws_col);
		if (ret)
			return ret;
	}
	ret = scols_print_table(table->scols);
	if (ret)
		return fail(ctl, "cannot print the table: %s",
			    strerror(ret < 0 ? -ret : EIO));
	return 0;
}

void table_free(struct table *table)
{
	scols_unref_table(table->scols);
}

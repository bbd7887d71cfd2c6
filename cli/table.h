/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables, on a terminal, for scripts and as JSON, with libsmartcols.
 */
#ifndef BCCTL_TABLE_H
#define BCCTL_TABLE_H

#include <libsmartcols.h>

#include "bcctl.h"

enum { MOST_COLUMNS = 24 };

enum column_kind { TEXT, NUMBER };

struct column {
	const char *name;
	enum column_kind kind;
	int flags; /* SCOLS_FL_* */
	const char *text;
	int fold; /* without room, the column with the highest is left out */
};

struct table {
	const struct bcctl *ctl;
	struct libscols_table *scols;
	const struct column *columns;
	int chosen[MOST_COLUMNS]; /* the columns of the table, in order */
	size_t count;
	bool foldable; /* the user has not chosen the columns */
};

/* A tree is drawn in a column with SCOLS_FL_TREE, but not in JSON or raw. */
int table_new(const struct bcctl *ctl, struct table *table, const char *name,
	      const struct column *columns, const char *chosen, bool tree);
bool table_has(const struct table *table, int column);
struct libscols_line *table_line(struct table *table,
				 struct libscols_line *parent);
int table_set(struct table *table, struct libscols_line *line, int column,
	      const char *text);
int table_set_value(struct table *table, struct libscols_line *line, int column,
		    uint64_t value, enum libbc_unit unit);
int table_set_number(struct table *table, struct libscols_line *line,
		     int column, long long number);
int table_fit(struct table *table, size_t width);
int table_print(struct table *table);
void table_free(struct table *table);

#endif

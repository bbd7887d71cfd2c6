/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The columns that describe a resource, the same in all verbs.
 */
#ifndef BCCTL_COLUMNS_H
#define BCCTL_COLUMNS_H

#include "snapshot.h"
#include "table.h"

enum {
	COL_GROUP,
	COL_RESOURCE,
	COL_UNIT,
	COL_STATE,
	COL_HELD,
	COL_USE,
	COL_BAR,
	COL_MAXHELD,
	COL_MAXUSE,
	COL_BARRIER,
	COL_LIMIT,
	COL_FAILCNT,
	COL_LOCAL,
	COL_FORCED,
	COL_ID,
	COL_UID,
	COL_WHAT,
};

extern const struct column account_columns[];

/* One cell, in a buffer that the caller frees; NULL if out of memory. */
char *account_cell(const struct bcctl *ctl, int column, const struct node *node,
		   const struct libbc_resource *resource);
int account_line(struct table *table, struct libscols_line *line,
		 const struct node *node,
		 const struct libbc_resource *resource);
char *fill_bar(const struct libbc_resource *resource);

#endif

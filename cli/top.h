/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of "bcctl top" share.
 */
#ifndef BCCTL_TOP_H
#define BCCTL_TOP_H

#include "snapshot.h"
#include "table.h"

enum {
	TOP_GROUP,
	TOP_RESOURCE,
	TOP_STATE,
	TOP_HELD,
	TOP_CHANGE,
	TOP_USE,
	TOP_MAXHELD,
	TOP_BARRIER,
	TOP_LIMIT,
	TOP_FAILCNT,
	TOP_RATE,
	TOP_COLUMNS,
};

extern const struct column top_columns[];

/* One resource of one group, now and since the last look. */
struct row {
	const struct node *node;
	const struct libbc_resource *resource;
	double rate; /* refusals a second */
	double change; /* of held, in a second */
};

struct top {
	struct bcctl *ctl;
	struct libbc_group *group; /* what is looked at */
	struct snapshot now, before;
	double seconds; /* between them; 0 for the first look */
	double taken; /* when "now" was, by the monotonic clock */
	struct row *rows;
	size_t count;
	int sort; /* TOP_... */
	bool ascending, all;
};

int top_look(struct top *top);
int top_table(struct top *top, struct table *table);
void top_free(struct top *top);

/* top-screen.c */
int top_screen(struct top *top, double interval);

#endif

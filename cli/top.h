/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the parts of "bcctl top" share.
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
	TOP_FILL,
	TOP_HISTORY,
	TOP_REFUSED,
	TOP_COLUMNS,
};

extern const struct column top_columns[];

/* The number of readings that are kept: four minutes, at one in two seconds. */
#define TRAIL_LENGTH 120

struct trail {
	double refused; /* when the last refusal was seen; 0 for never */
	unsigned int looks;
	unsigned char level[TRAIL_LENGTH]; /* percent, the oldest first */
};

/* One resource of one group, now and since the last reading. */
struct row {
	const struct node *node;
	const struct libbc_resource *resource;
	double rate; /* refusals a second */
	double change; /* of held, in a second */
	const struct trail *trail;
};

struct top {
	struct bcctl *ctl;
	struct libbc_group *group; /* the top of the groups that are shown */
	struct snapshot now, before;
	/* Of all resources of all groups in the snapshot, one after the other. */
	struct trail *trails, *trails_before;
	double seconds; /* between now and before; 0 for the first reading */
	double taken; /* when "now" was taken, by the monotonic clock */
	struct row *rows;
	size_t count;
	int sort; /* TOP_... */
	bool ascending, all;
	char filter[64]; /* in the name of the group or of the resource */
};

int top_look(struct top *top);
int top_table(struct top *top, const char *columns, struct table *table);
void top_free(struct top *top);

/* top-trail.c */
void trail_add(struct trail *trail, const struct trail *before,
	       const struct libbc_resource *resource, double rate, double now);
enum state row_state(const struct top *top, const struct row *row);
void trail_refused(const struct top *top, const struct row *row, char *text,
		   size_t size);
char *trail_history(const struct row *row);

/* top-screen.c */
int top_screen(struct top *top, double interval);

#endif

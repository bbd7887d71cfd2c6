/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounts over time: recorded, read back, drawn.
 */
#ifndef BCCTL_RECORDING_H
#define BCCTL_RECORDING_H

#include "bcctl.h"

/* The values from a time on, until the next point. */
struct point {
	double time; /* seconds since 1970 */
	uint64_t held, barrier, limit, failcnt;
};

/* One resource of one group. */
struct series {
	char *group, *resource;
	struct point *v;
	size_t count, room;
};

struct recording {
	struct series *v;
	size_t count;
	double begin, end;
};

double wall_clock(void);

/*
 * Add the values of an account that have changed. If "out" is not NULL, also
 * print a line of JSON for each of these resources. Returns 0 or -ENOMEM.
 */
int recording_add(struct recording *recording, double time, const char *group,
		  const struct libbc_account *account, FILE *out);
/* Read a file of such lines; "-" is stdin. Returns the exit status. */
int recording_read(struct bcctl *ctl, const char *file,
		   struct recording *recording);
/*
 * The series of a group and a resource. If these leave a choice, being NULL, it
 * is the series with the most refusals, or else the fullest one.
 */
const struct series *recording_choose(const struct recording *recording,
				      const char *group, const char *resource);
void recording_free(struct recording *recording);

/* plot.c: draw an SVG or PNG file, depending on its name. */
int plot_check(const struct bcctl *ctl, const char *file);
int plot_write(const struct bcctl *ctl, const struct recording *recording,
	       const struct series *series, const char *title,
	       const char *file);

#endif

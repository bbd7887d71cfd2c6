/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounts over time: recorded, read back, drawn.
 */
#ifndef BCCTL_RECORDING_H
#define BCCTL_RECORDING_H

#include "bcctl.h"

/* What changed at a time; it stays so until the next point. */
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
 * Take what is new in an account; with "out", print it there, too, one line of
 * JSON for each resource that has changed. 0 or -ENOMEM.
 */
int recording_add(struct recording *recording, double time, const char *group,
		  const struct libbc_account *account, FILE *out);
/* A file with such lines; "-" is stdin. The exit status. */
int recording_read(struct bcctl *ctl, const char *file,
		   struct recording *recording);
/*
 * The series of a group and a resource, which may be NULL: then it is what was
 * refused most often, or else what was fullest.
 */
const struct series *recording_choose(const struct recording *recording,
				      const char *group, const char *resource);
void recording_free(struct recording *recording);

/* plot.c: an SVG or PNG file, by its name. */
int plot_check(const struct bcctl *ctl, const char *file);
int plot_write(const struct bcctl *ctl, const struct recording *recording,
	       const struct series *series, const char *title,
	       const char *file);

#endif

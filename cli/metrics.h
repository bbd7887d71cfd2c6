/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All accounts as text for Prometheus.
 */
#ifndef BCCTL_METRICS_H
#define BCCTL_METRICS_H

#include "snapshot.h"

struct metrics_options {
	bool openmetrics; /* in place of the text format, version 0.0.4 */
	bool only_limited; /* resources that have a barrier or a limit */
	long depth; /* how far below the group; negative: all */
};

/* The text, to be freed by the caller; the exit status, 0 for success. */
int metrics_text(struct bcctl *ctl, const struct libbc_group *top,
		 const struct metrics_options *options, char **text,
		 size_t *bytes);

#endif

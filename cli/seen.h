/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters at the time of the last "bcctl list -r".
 */
#ifndef BCCTL_SEEN_H
#define BCCTL_SEEN_H

#include "snapshot.h"

/*
 * Save the counters of a snapshot for the next call, and reduce those in the
 * snapshot to the increase since the last call. "top" is the path of the group
 * at the top of the snapshot. Returns the exit status.
 */
int seen_since(struct bcctl *ctl, const char *top, struct snapshot *snapshot);

#endif

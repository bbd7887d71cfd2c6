/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was counted when somebody last looked.
 */
#ifndef BCCTL_SEEN_H
#define BCCTL_SEEN_H

#include "snapshot.h"

/*
 * Make the counters of a snapshot those since the last call, and remember them
 * for the next one. "top" is where the snapshot begins. The exit status.
 */
int seen_since(struct bcctl *ctl, const char *top, struct snapshot *snapshot);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Put the policy into force.
 */
#ifndef BCCTL_APPLY_H
#define BCCTL_APPLY_H

#include "policy.h"
#include "refusal.h"

/* The number of failed groups that are named one by one. */
#define MOST_FAILURES 10

struct apply {
	struct bcctl *ctl;
	const char *from; /* --from, or NULL */
	bool dry_run, diff;
	struct policy policy;
	size_t matched, changed, failed;
};

/* apply.c */
int apply_load(struct apply *apply);
int apply_group(struct apply *apply, const struct libbc_group *group);
int apply_below(struct apply *apply, const struct libbc_group *top);

/* keeper.c */
int keep(struct apply *apply);

/* refusal-log.c */
struct refusal_log;
struct refusal_log *refusal_log_new(void);
void refusal_log_free(struct refusal_log *log);
void refusal_log_add(struct refusal_log *log, const struct refusal *refusal);
void refusal_log_tick(struct refusal_log *log);

#endif

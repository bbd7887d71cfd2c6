/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings that cannot work, or not as somebody may think.
 */
#ifndef BCCTL_RULES_H
#define BCCTL_RULES_H

#include "bcctl.h"

/* How bad it is, as vzcfgvalidate(8) says it. */
enum severity { RULE_ADVICE, RULE_WARNING, RULE_ERROR };

struct finding {
	enum severity severity;
	const char *name; /* of the resource */
	const char *text; /* what is wrong */
	bool fixable;
	uint64_t barrier, limit; /* with which nothing is, if it is fixable */
};

/* What is looked at: an account, and settings that come on top of it. */
struct plan {
	const struct libbc_account *account; /* NULL: only the settings count */
	const struct specs *specs;
};

bool plan_has(const struct plan *plan, const char *name);
uint64_t plan_value(const struct plan *plan, const char *name,
		    enum libbc_field field);

typedef void (*finding_fn)(void *arg, const struct finding *finding);

/* Rules that combine resources; "all", or those that the settings concern. */
void rules_of_many(const struct plan *plan, bool all, finding_fn fn, void *arg);
/* Rules about one resource by itself. */
void rules_of_one(const struct plan *plan, const char *name, finding_fn fn,
		  void *arg);

#endif

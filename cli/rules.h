/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings that cannot work, or that do not work as intended.
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
	uint64_t barrier, limit; /* of the repair, if it is fixable */
};

/* The values to check: an account, and settings that replace values of it. */
struct plan {
	const struct libbc_account *account; /* NULL: only the settings count */
	const struct specs *specs;
};

bool plan_has(const struct plan *plan, const char *name);
uint64_t plan_value(const struct plan *plan, const char *name,
		    enum libbc_field field);

typedef void (*finding_fn)(void *arg, const struct finding *finding);

/* Rules about several resources: all, or those that the settings concern. */
void rules_of_many(const struct plan *plan, bool all, finding_fn fn, void *arg);
/* Rules about one resource by itself. */
void rules_of_one(const struct plan *plan, const char *name, finding_fn fn,
		  void *arg);

#endif

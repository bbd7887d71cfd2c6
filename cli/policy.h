/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy: which groups get which limits, from files that outlive the groups.
 */
#ifndef BCCTL_POLICY_H
#define BCCTL_POLICY_H

#include "bcctl.h"

#define POLICY_DIRECTORY SYSCONFDIR "/bcctl/groups.d"

/* A heading "[PATTERN]" and the lines below it. */
struct section {
	char *pattern; /* of a path, "/system.slice/web-*.service" */
	char *file;
	unsigned int line;
	size_t order; /* in which it was read */
	char *profile;
	unsigned int profile_line;
	struct specs specs;
	struct libbc_settings *settings; /* specs, for the library */
};

struct policy {
	struct section *v; /* the most specific ones first */
	size_t count;
};

/* policy.c */
int policy_load(struct bcctl *ctl, const char *from,
		const struct libbc_account *account, struct policy *policy);
const struct section *policy_find(const struct policy *policy,
				  const char *path);
const struct section *policy_named(const struct policy *policy,
				   const char *pattern);
void policy_free(struct policy *policy);
int policy_path(const struct bcctl *ctl, const char *from, char **path);

/* policy-read.c: read one file; the number of mistakes is added to *errors */
int policy_read(struct bcctl *ctl, const char *path,
		const struct libbc_account *account, struct policy *policy,
		size_t *errors);

#endif

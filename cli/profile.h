/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BCCTL_PROFILE_H
#define BCCTL_PROFILE_H

#include "bcctl.h"

struct profile {
	char *name, *text;
};

struct profiles {
	struct profile *v;
	size_t count;
};

int profiles_load(const struct bcctl *ctl, struct profiles *profiles);
void profiles_free(struct profiles *profiles);
const struct profile *profile_find(const struct bcctl *ctl,
				   const struct profiles *profiles,
				   const char *name);
int profile_parse(const struct bcctl *ctl, const struct profile *profile,
		  const struct libbc_account *account, struct specs *specs,
		  size_t *left_out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BCCTL_ADVISE_H
#define BCCTL_ADVISE_H

#include "bcctl.h"

/* A copy of bc.resources, or the JSON of "show" or "run". */
int account_from_text(const char *text, struct libbc_account **account);

/* target.c */
int account_from_file(const struct bcctl *ctl, const char *file,
		      struct libbc_account **account);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration files of containers of OpenVZ and Virtuozzo.
 */
#ifndef BCCTL_VECONFIG_H
#define BCCTL_VECONFIG_H

#include "bcctl.h"

/* Read the settings of a file; "-" is stdin. Returns the exit status. */
int veconfig_read(const struct bcctl *ctl, const char *file,
		  struct specs *specs);
/*
 * Remove, with a message, settings that are for the memory controller,
 * resources that the kernel does not have, and unlimited guarantees.
 */
void veconfig_fit(const struct bcctl *ctl, const struct libbc_group *group,
		  const struct libbc_account *account, struct specs *specs);
/* Write these settings into the file, and keep everything else in it. */
int veconfig_rewrite(const struct bcctl *ctl, const char *file,
		     const struct specs *specs);

#endif

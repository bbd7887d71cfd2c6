/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration files of containers of OpenVZ and Virtuozzo.
 */
#ifndef BCCTL_VECONFIG_H
#define BCCTL_VECONFIG_H

#include "bcctl.h"

/* The resources that the file sets; "-" is stdin. The exit status. */
int veconfig_read(const struct bcctl *ctl, const char *file,
		  struct specs *specs);
/*
 * Say what is for the memory controller and take it out, as well as what the
 * kernel does not have, which is named.
 */
void veconfig_fit(const struct bcctl *ctl, const struct libbc_group *group,
		  const struct libbc_account *account, struct specs *specs);
/* Put these settings into the file, which keeps everything else. */
int veconfig_rewrite(const struct bcctl *ctl, const char *file,
		     const struct specs *specs);

#endif

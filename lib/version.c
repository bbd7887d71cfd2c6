// SPDX-License-Identifier: LGPL-2.1-only
#include "internal.h"

const char *libbc_version(void)
{
	return VERSION;
}

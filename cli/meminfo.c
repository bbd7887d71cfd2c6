// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory the machine has.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bcctl.h"

/* In bytes. The exit status, after a message. */
int meminfo_read(const struct bcctl *ctl, uint64_t *ram, uint64_t *swap)
{
	char path[4096], line[256];
	uint64_t value;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/meminfo",
		 ctl->sysroot ? ctl->sysroot : "");
	file = fopen(path, "re");
	if (!file)
		return fail(ctl, "cannot open %s: %s", path, strerror(errno));
	*ram = 0;
	*swap = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemTotal: %" SCNu64 " kB", &value) == 1)
			*ram = value * 1024;
		if (sscanf(line, "SwapTotal: %" SCNu64 " kB", &value) == 1)
			*swap = value * 1024;
	}
	fclose(file);
	return *ram ? 0 : fail(ctl, "%s has no line MemTotal", path);
}

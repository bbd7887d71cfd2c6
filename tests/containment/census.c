// SPDX-License-Identifier: GPL-2.0-only
/*
 * The census of an attack: allocations that the attacker has caused, that exist at the
 * measurement, and that nobody pays for, by call site. It is taken with BC_CENSUS in the
 * environment, on a kernel with CONFIG_BEANCOUNTERS_CENSUS; tests/census sums it up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"

#define CENSUS "/sys/kernel/debug/bc/census"
/* A call site with fewer bytes than this gets no line. */
#define WORTH 65536

void census_begin(void)
{
	int error;

	if (!getenv("BC_CENSUS"))
		return;
	error = bc_write_path(CENSUS, "on");
	if (error)
		bc_skip("no census: %s", strerror(-error));
}

static void note_line(char *line, const char *attack)
{
	char *bytes = strstr(line, "bytes=");

	if (!strncmp(line, "lost=", strlen("lost=")) && strcmp(line, "lost=0"))
		bc_note("census: %s: %s", attack, line);
	else if (bytes && atoll(bytes + strlen("bytes=")) >= WORTH)
		bc_note("census: %s: %s", attack, line);
}

void census_note(const char *attack)
{
	static char list[1 << 20];
	char *line, *rest = list;

	if (!getenv("BC_CENSUS") ||
	    bc_slurp_path(CENSUS, list, sizeof(list)) <= 0)
		return;
	while ((line = strsep(&rest, "\n")))
		note_line(line, attack);
	bc_write_path(CENSUS, "off");
}

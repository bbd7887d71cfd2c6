// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history of a resource since "bcctl top" was started: how full it was, and
 * when a request was last refused.
 */
#define _GNU_SOURCE
#include <langinfo.h>
#include <string.h>

#include "top.h"

/* A resource is shown as refused for so long after the last refusal. */
#define RECENT_SECONDS 60
/* Cells of the history; each shows the highest of several readings. */
#define CELLS 12

static int level_of(const struct libbc_resource *resource)
{
	uint64_t held = libbc_resource_value(resource, LIBBC_HELD);
	uint64_t most = effective_barrier(resource);
	uint64_t level;

	/* Without a barrier, compare with maxheld. */
	if (most == LIBBC_MAX)
		most = libbc_resource_value(resource, LIBBC_MAXHELD);
	if (!most)
		return 0;
	level = held >= most ? 100 : (uint64_t)((__uint128_t)held * 100 / most);
	return (int)level;
}

void trail_add(struct trail *trail, const struct trail *before,
	       const struct libbc_resource *resource, double rate, double now)
{
	if (before)
		*trail = *before;
	if (trail->looks == TRAIL_LENGTH) {
		memmove(trail->level, trail->level + 1, TRAIL_LENGTH - 1);
		trail->looks--;
	}
	trail->level[trail->looks++] = (unsigned char)level_of(resource);
	if (rate > 0)
		trail->refused = now;
}

enum state row_state(const struct top *top, const struct row *row)
{
	if (row->trail->refused > 0 &&
	    top->taken - row->trail->refused < RECENT_SECONDS)
		return STATE_REFUSED;
	return resource_fill_state(row->resource);
}

/* "12.5/s" while requests are refused, then the time since the last refusal. */
void trail_refused(const struct top *top, const struct row *row, char *text,
		   size_t size)
{
	double ago = top->taken - row->trail->refused;

	*text = '\0';
	if (row->rate > 0)
		snprintf(text, size, "%.1f/s", row->rate);
	else if (row->trail->refused > 0 && ago < 60)
		snprintf(text, size, "%.0f s ago", ago);
	else if (row->trail->refused > 0 && ago < 3600)
		snprintf(text, size, "%.0f min ago", ago / 60);
	else if (row->trail->refused > 0)
		snprintf(text, size, "%.0f h ago", ago / 3600);
	else if (libbc_resource_value(row->resource, LIBBC_FAILCNT))
		snprintf(text, size, "before");
}

/* The oldest on the left. */
char *trail_history(const struct row *row)
{
	static const char *const blocks[] = { " ",	"\u2581", "\u2582",
					      "\u2583", "\u2584", "\u2585",
					      "\u2586", "\u2587", "\u2588" };
	static const char *const letters[] = { " ", ".", ":", "-", "=",
					       "+", "*", "%", "#" };
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	const struct trail *trail = row->trail;
	unsigned int each = TRAIL_LENGTH / CELLS, i, j;
	char *text = malloc(4 * CELLS + 1), *to = text;

	if (!text)
		return NULL;
	*to = '\0';
	/* While there are few readings, each has a cell of its own. */
	if (trail->looks <= CELLS)
		each = 1;
	for (i = 0; i < trail->looks; i += each) {
		int most = 0, step;

		for (j = i; j < i + each && j < trail->looks; j++)
			if (trail->level[j] > most)
				most = trail->level[j];
		step = (most * 8 + 99) / 100;
		to = stpcpy(to, utf8 ? blocks[step] : letters[step]);
	}
	return text;
}

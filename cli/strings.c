// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suggestions for misspelt names.
 */
#include <string.h>

#include "bcctl.h"

#define LONGEST 64

/* How many letters have to be changed, added or taken away. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], len = strlen(b), i, j;

	if (len > LONGEST)
		return LONGEST;
	for (j = 0; j <= len; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (j = 0; j < len; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[len];
}

/**
 * nearest - the candidate that is most like the name
 * @name: what was written
 * @candidate: gives the candidates one by one, then NULL
 * @from: passed to @candidate
 *
 * Return: the candidate, or NULL when none is like it.
 */
const char *nearest(const char *name,
		    const char *(*candidate)(const void *from, size_t index),
		    const void *from)
{
	size_t best = strlen(name) / 2 + 1, i;
	const char *found = NULL, *text;

	for (i = 0; (text = candidate(from, i)); i++) {
		size_t d = distance(name, text);

		/* The beginning of a name is what people remember. */
		if (strlen(name) >= 3 && !strncmp(name, text, strlen(name)))
			d = 1;
		if (d < best) {
			best = d;
			found = text;
		}
	}
	return found;
}

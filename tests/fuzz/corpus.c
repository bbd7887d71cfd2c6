// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs that are kept: those in which a call returned an error, or success,
 * that no call of that name has returned before. So the errors of a call lead
 * further, until the call succeeds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static int keep(struct corpus *c, const struct program *p)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		void *more = realloc(c->programs, room * sizeof(*p));

		if (!more)
			return -1;
		c->programs = more;
		c->room = room;
	}
	c->programs[c->n++] = *p;
	return 0;
}

int corpus_open(struct corpus *c, const char *path)
{
	struct program p;
	int got;

	c->seen = calloc(nr_call_kinds, ERRORS);
	c->file = fopen(path, "a+");
	if (!c->seen || !c->file)
		return -1;
	rewind(c->file);
	while ((got = program_read(&p, c->file)) > 0) {
		if (keep(c, &p))
			return -1;
	}
	if (got < 0) {
		fprintf(stderr, "fuzz: %s: not a program, after %zu others\n",
			path, c->n);
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Keep a program if one of its results is new; true if it is. */
bool corpus_add(struct corpus *c, const struct program *p,
		const struct outcome *o)
{
	int ran = o->ran, i, error;
	bool new = false;

	for (i = 0; i < ran && i < p->n; i++) {
		unsigned char *seen;

		error = o->error[i];
		if (error < 0 || error >= ERRORS)
			continue;
		c->calls++;
		c->granted += !error;
		seen = &c->seen[(p->calls[i].kind - call_kinds) * ERRORS +
				error];
		if (!*seen) {
			*seen = 1;
			c->pairs++;
			new = true;
		}
	}
	if (!new || keep(c, p))
		return new;
	program_print(p, c->file);
	fprintf(c->file, "\n");
	fflush(c->file);
	return true;
}

/* The next program: mostly a kept one, changed. */
void corpus_next(const struct corpus *c, struct program *p, struct random *r)
{
	if (!c->n || !below(r, 4)) {
		program_new(p, r);
		return;
	}
	*p = c->programs[below(r, c->n)];
	program_change(p, &c->programs[below(r, c->n)], r);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Programs: making, changing, printing and reading them. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* A random number; those at which something may happen are more likely. */
static uint64_t number(struct random *r)
{
	static const uint64_t edges[] = {
		0,	    1,	     2,		 3,	     4,
		7,	    8,	     16,	 64,	     100,
		255,	    256,     512,	 1024,	     4095,
		4096,	    4097,    8192,	 65535,	     65536,
		1 << 20,    1 << 24, 0x7fffffff, 0x80000000, 0xffffffff,
		1ULL << 32, -1ULL,   -2ULL,	 -100ULL,
	};

	switch (below(r, 4)) {
	case 0:
		return edges[below(r, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return 1ULL << below(r, 33);
	case 2:
		return below(r, 64);
	default:
		return below(r, 2) ? below(r, 4096) : next(r);
	}
}

static void flags(struct arg *a, struct random *r)
{
	int n = below(r, 3);

	a->value = 0;
	while (n--)
		a->value |= 1ULL << below(r, 32);
}

/* A file: the result of an earlier call, or a number that may be open. */
static void file(struct arg *a, int line, struct random *r)
{
	if (line && below(r, 4)) {
		a->type = ARG_RESULT;
		a->value = below(r, line);
	} else {
		a->value = below(r, 8) ? 3 + below(r, 12) : number(r);
	}
}

static void argument(struct arg *a, char letter, int line, struct random *r)
{
	int kind;

	memset(a, 0, sizeof(*a));
	switch (letter) {
	case 'i':
		a->value = number(r);
		return;
	case 'k': /* one of few: a command, a type, a kind */
		a->value = below(r, 8) ? below(r, 48) : number(r);
		return;
	case 'g':
		flags(a, r);
		return;
	case 'z': /* the size of the data */
		a->value = below(r, 8) ? below(r, 512) : number(r);
		return;
	case 'F':
		file(a, line, r);
		return;
	case 'D': /* the directory where a path begins */
		a->value = below(r, 4) ? -100ULL : 3 + below(r, 8);
		return;
	case 'P': /* a process: itself */
		a->value = below(r, 4) ? 0 : number(r);
		return;
	case 'A': /* an address to map at */
		a->value = below(r, 2) ? 0 : 0x20000000 + below(r, 64) * 4096;
		return;
	}
	kind = below(r, 8) ? data_of(letter, r) : data_of('b', r);
	if (kind < 0 || !below(r, 12)) {
		a->value = below(r, 4) ? 0 : number(r);
		return;
	}
	a->type = ARG_DATA;
	a->kind = kind;
	a->value = below(r, 1 << 20);
}

static void new_call(struct call *c, int line, struct random *r)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->kind = &call_kinds[below(r, nr_call_kinds)];
	for (i = 0; i < strlen(c->kind->args); i++)
		argument(&c->args[i], c->kind->args[i], line, r);
}

void program_new(struct program *p, struct random *r)
{
	int i;

	p->n = 2 + below(r, CALLS - 1);
	for (i = 0; i < p->n; i++)
		new_call(&p->calls[i], i, r);
}

/* Join the first calls of one program and the last of the other. */
static void splice(struct program *p, const struct program *other,
		   struct random *r)
{
	int first = below(r, p->n) + 1, from = below(r, other->n), i;

	for (i = first; i < CALLS && from < other->n; i++, from++)
		p->calls[i] = other->calls[from];
	p->n = i;
}

void program_change(struct program *p, const struct program *other,
		    struct random *r)
{
	int times = 1 + below(r, 3), line, arg;

	while (times--) {
		line = below(r, p->n);
		switch (below(r, 6)) {
		case 0:
			if (p->n < CALLS) {
				new_call(&p->calls[p->n], p->n, r);
				p->n++;
			}
			break;
		case 1:
			new_call(&p->calls[line], line, r);
			break;
		case 2:
			splice(p, other, r);
			break;
		case 3: /* the same once more */
			if (p->n < CALLS) {
				p->calls[p->n] = p->calls[line];
				p->n++;
			}
			break;
		default:
			if (!*p->calls[line].kind->args)
				break;
			arg = below(r, strlen(p->calls[line].kind->args));
			argument(&p->calls[line].args[arg],
				 p->calls[line].kind->args[arg], line, r);
		}
	}
}

void program_print(const struct program *p, FILE *f)
{
	const struct arg *a;
	int i;

	for (i = 0; i < p->n; i++) {
		const struct call *c = &p->calls[i];

		fprintf(f, "%s", c->kind->name);
		for (a = c->args; a < c->args + strlen(c->kind->args); a++) {
			if (a->type == ARG_RESULT)
				fprintf(f, " r%llu", (long long)a->value);
			else if (a->type == ARG_DATA)
				fprintf(f, " %s:%llx", data_name(a->kind),
					(long long)a->value);
			else
				fprintf(f, " %llx", (long long)a->value);
		}
		fprintf(f, "\n");
	}
}

static int read_arg(struct arg *a, const char *text)
{
	const char *colon = strchr(text, ':');
	char name[32], *end;
	int kind;

	memset(a, 0, sizeof(*a));
	if (text[0] == 'r' && text[1] >= '0' && text[1] <= '9') {
		a->type = ARG_RESULT;
		a->value = strtoull(text + 1, &end, 10);
		return *end || a->value >= CALLS ? -1 : 0;
	}
	if (colon) {
		snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
		kind = data_named(name);
		if (kind < 0)
			return -1;
		a->type = ARG_DATA;
		a->kind = kind;
		text = colon + 1;
	}
	a->value = strtoull(text, &end, 16);
	return *end ? -1 : 0;
}

static int read_call(struct call *c, char *line)
{
	char *save = NULL, *word = strtok_r(line, " \n", &save);
	size_t i;

	memset(c, 0, sizeof(*c));
	c->kind = word ? call_named(word) : NULL;
	if (!c->kind)
		return -1;
	for (i = 0; i < strlen(c->kind->args); i++) {
		word = strtok_r(NULL, " \n", &save);
		if (!word || read_arg(&c->args[i], word))
			return -1;
	}
	return 0;
}

/* Read the next program, up to an empty line: 1, 0 at the end, -1 if it is wrong. */
int program_read(struct program *p, FILE *f)
{
	char line[512];

	memset(p, 0, sizeof(*p));
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (line[0] == '\n') {
			if (p->n)
				return 1;
			continue;
		}
		if (p->n == CALLS || read_call(&p->calls[p->n], line))
			return -1;
		p->n++;
	}
	return p->n > 0;
}

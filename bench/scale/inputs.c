// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the table inputs.tsv: NAME, VALUE and more columns, separated by tabs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"

static void add(struct inputs *inputs, const char *name, double value)
{
	inputs->row =
		realloc(inputs->row, (inputs->nr + 1) * sizeof(*inputs->row));
	if (inputs->row)
		inputs->row[inputs->nr].name = strdup(name);
	if (!inputs->row || !inputs->row[inputs->nr].name) {
		perror("scale");
		exit(1);
	}
	inputs->row[inputs->nr++].value = value;
}

void inputs_read(struct inputs *inputs, const char *path)
{
	char line[512], name[64];
	FILE *file = fopen(path, "r");
	double value;

	*inputs = (struct inputs){};
	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file)) {
		if (*line == '#' || *line == '\n')
			continue;
		if (sscanf(line, "%63s %lf", name, &value) != 2) {
			fprintf(stderr, "%s: not NAME and VALUE: %s", path,
				line);
			exit(1);
		}
		add(inputs, name, value);
	}
	fclose(file);
}

static const struct input *find(const struct inputs *inputs, const char *name)
{
	size_t i;

	for (i = 0; i < inputs->nr; i++)
		if (!strcmp(inputs->row[i].name, name))
			return &inputs->row[i];
	return NULL;
}

double inputs_get(const struct inputs *inputs, const char *fmt, ...)
{
	const struct input *row;
	char name[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	row = find(inputs, name);
	if (row)
		return row->value;
	fprintf(stderr, "scale: there is no input %s\n", name);
	exit(1);
}

static int ends(const char *name, const char *part)
{
	size_t all = strlen(name), some = strlen(part);

	return all >= some && !strcmp(name + all - some, part);
}

void inputs_scale(struct inputs *to, const struct inputs *from,
		  const char *part, double factor)
{
	size_t i, found = 0;

	*to = (struct inputs){};
	for (i = 0; i < from->nr; i++) {
		const struct input *row = &from->row[i];
		int is = ends(row->name, part) ||
			 !strncmp(row->name, part, strlen(part));

		found += is;
		add(to, row->name, is ? row->value * factor : row->value);
	}
	if (found)
		return;
	fprintf(stderr, "scale: no input's name begins or ends with %s\n",
		part);
	exit(1);
}

void inputs_free(struct inputs *inputs)
{
	while (inputs->nr)
		free(inputs->row[--inputs->nr].name);
	free(inputs->row);
	*inputs = (struct inputs){};
}

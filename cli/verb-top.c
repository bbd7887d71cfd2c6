// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl top - show the accounts live.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "top.h"

enum { OPT_BATCH = OPT_OWN, OPT_ALL, OPT_REVERSE };

struct options {
	bool batch;
	double interval;
	long count;
};

static const char *sort_name(const void *from, size_t index)
{
	const struct column *columns = from;

	return columns[index].name;
}

static int choose_sort(struct bcctl *ctl, struct top *top, const char *name)
{
	const char *close;
	int i;

	for (i = 0; i < TOP_COLUMNS; i++)
		if (!strcasecmp(top_columns[i].name, name)) {
			top->sort = i;
			return 0;
		}
	misuse(ctl, "--sort: there is no column %s", name);
	close = nearest(name, sort_name, top_columns);
	if (close)
		hint("did you mean %s?", close);
	hint("bcctl top --help");
	return ctl->misuse;
}

static int take(struct bcctl *ctl, struct top *top, struct options *options,
		int id, const char *value)
{
	switch (id) {
	case OPT_BATCH:
		options->batch = true;
		break;
	case OPT_ALL:
		top->all = true;
		break;
	case OPT_REVERSE:
		top->ascending = true;
		break;
	case 'n':
		return parse_count(ctl, "-n", value, &options->count);
	case 'd':
		return parse_seconds(ctl, "-d", value, &options->interval);
	case 'f':
		snprintf(top->filter, sizeof(top->filter), "%s", value);
		break;
	case 's':
		return choose_sort(ctl, top, value);
	}
	return 0;
}

static void pause_for(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	nanosleep(&ts, NULL);
}

/* Print tables, one below the other; all but the first have rates. */
static int batch(struct top *top, const struct options *options)
{
	long i;
	int ret;

	for (i = 0; options->count <= 0 || i < options->count; i++) {
		struct table table;

		if (i) {
			pause_for(options->interval);
			if (!top->ctl->json)
				putchar('\n');
		}
		ret = top_look(top);
		if (ret)
			return ret;
		ret = top_table(
			top,
			"GROUP,RESOURCE,HELD,HELD/s,USE%,MAXHELD,BARRIER,FAILCNT,FAIL/s",
			&table);
		if (!ret)
			ret = table_print(&table);
		table_free(&table);
		fflush(stdout);
		if (ret || ferror(stdout))
			return ret;
	}
	return 0;
}

static int run_top(struct bcctl *ctl)
{
	struct options options = { .interval = 2, .count = 0 };
	struct top top = { .ctl = ctl, .sort = TOP_REFUSED };
	const char *value;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = take(ctl, &top, &options, id, value);
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	if (!options.batch && (options.count || ctl->json || ctl->raw))
		return bad_usage(ctl, "-n, --json and --raw need --batch");
	if (!options.batch && !isatty(STDOUT_FILENO))
		return bad_usage(ctl,
				 "the output is not a terminal: take --batch");
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top.group);
	if (!ret)
		ret = options.batch ? batch(&top, &options) :
				      top_screen(&top, options.interval);
	top_free(&top);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_BATCH, "batch", NULL, "print tables instead of drawing" },
	{ 'n', "iterations", "N", "with --batch: end after N tables" },
	{ 'd', "delay", "SECONDS", "read the accounts this often (2)" },
	{ 's', "sort", "COLUMN",
	  "sort by this column, the largest first (REFUSED)" },
	{ 'f', "filter", "TEXT",
	  "only groups and resources with TEXT in their name" },
	{ OPT_REVERSE, "reverse", NULL, "sort the smallest first" },
	{ OPT_ALL, "all", NULL,
	  "show resources of which nothing is held, too" },
	{ 0 },
};

const struct verb top_verb = {
	.name = "top",
	.args = "[GROUP|PID|.]",
	.summary = "show the accounts live",
	.about =
		"Show, again and again, what groups hold and how often they are refused. Keys:\n"
		"left and right sort by another column, Enter goes into a group, Backspace out of\n"
		"it, / filters, p shows the processes of a group, h shows all keys.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES | TAKES_TABLE,
	.columns = top_columns,
	.run = run_top,
};

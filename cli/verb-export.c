// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl export - OpenMetrics text of all groups.
 */
#define _GNU_SOURCE
#include <string.h>

#include "snapshot.h"

static const struct metric {
	const char *name, *type, *help;
	enum libbc_field field;
} metrics[] = {
	{ "beancounter_held", "gauge", "What is charged now.", LIBBC_HELD },
	{ "beancounter_maxheld", "gauge", "The highest that held was.",
	  LIBBC_MAXHELD },
	{ "beancounter_barrier", "gauge",
	  "Ordinary requests are refused above it.", LIBBC_BARRIER },
	{ "beancounter_limit", "gauge", "All requests are refused above it.",
	  LIBBC_LIMIT },
	{ "beancounter_failcnt", "counter",
	  "Requests refused, in the group and below.", LIBBC_FAILCNT },
	{ "beancounter_failcnt_local", "counter",
	  "Requests refused by this very group.", LIBBC_FAILCNT_LOCAL },
	{ "beancounter_forced", "counter",
	  "What went above the limit by force.", LIBBC_FORCED },
};

/* A value of a label: the three letters that have to be written otherwise. */
static void print_label(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '\\':
			fputs("\\\\", out);
			break;
		case '"':
			fputs("\\\"", out);
			break;
		case '\n':
			fputs("\\n", out);
			break;
		default:
			fputc(*text, out);
		}
}

static void print_sample(FILE *out, const struct metric *metric,
			 const struct node *node,
			 const struct libbc_resource *resource)
{
	uint64_t value = libbc_resource_value(resource, metric->field);
	enum libbc_unit unit = libbc_resource_unit(resource);

	if (!libbc_resource_has(resource, metric->field))
		return;
	fprintf(out, "%s%s{group=\"", metric->name,
		*metric->type == 'c' ? "_total" : "");
	print_label(out, node->path);
	fprintf(out, "\",resource=\"");
	print_label(out, libbc_resource_name(resource));
	fprintf(out, "\",unit=\"%s\"} ", libbc_unit_name(unit));
	if (value == LIBBC_MAX)
		fputs("+Inf\n", out);
	else
		fprintf(out, "%llu\n", (unsigned long long)value);
}

static void print_node(FILE *out, const struct metric *metric,
		       const struct node *node)
{
	size_t i,
		count = node->account ? libbc_account_count(node->account) : 0;

	for (i = 0; i < count; i++)
		print_sample(out, metric, node,
			     libbc_account_get(node->account, i));
}

static void print_metrics(FILE *out, const struct snapshot *snapshot)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		const struct metric *metric = &metrics[i];

		fprintf(out, "# TYPE %s %s\n# HELP %s %s\n", metric->name,
			metric->type, metric->name, metric->help);
		for (j = 0; j < snapshot->count; j++)
			print_node(out, metric, &snapshot->nodes[j]);
	}
	fputs("# EOF\n", out);
}

static int export(struct bcctl *ctl, const struct snapshot *snapshot,
		  const char *file)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int ret = 0;

	if (!out)
		return no_memory(ctl);
	print_metrics(out, snapshot);
	if (fclose(out))
		ret = no_memory(ctl);
	else if (file)
		ret = write_atomically(ctl, file, text, bytes);
	else
		fwrite(text, 1, bytes, stdout);
	free(text);
	return ret;
}

static int run_export(struct bcctl *ctl)
{
	const char *value, *file = NULL;
	struct libbc_group *top = NULL;
	struct snapshot snapshot = { NULL };
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0)
		file = value;
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top);
	if (!ret)
		ret = snapshot_take(ctl, top, &snapshot);
	if (!ret)
		ret = export(ctl, &snapshot, file);
	snapshot_free(&snapshot);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ 'f', "file", "FILE", "write FILE, as a whole or not at all" },
	{ 0 },
};

const struct verb export_verb = {
	.name = "export",
	.args = "[GROUP|PID|.]",
	.summary = "all accounts as OpenMetrics text",
	.about =
		"Write the accounts of all groups, or of GROUP and those below it, as OpenMetrics\n"
		"text, for the textfile collector of node_exporter among others.",
	.opts = opts,
	.run = run_export,
};

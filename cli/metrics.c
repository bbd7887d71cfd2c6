// SPDX-License-Identifier: GPL-2.0-only
/*
 * All accounts as text for Prometheus: one table of metrics.
 *
 * A metric family has one unit, so that bytes and items are two families of the
 * same metric; pages are converted to bytes. An unlimited value has no sample,
 * because no number stands for it.
 */
#define _GNU_SOURCE
#include <string.h>

#include "labels.h"
#include "metrics.h"

enum amount { BYTES, ITEMS, REQUESTS, NR_AMOUNTS };

static const struct metric {
	const char *name, *help;
	enum libbc_field field;
	bool counter;
	bool requests; /* counted one by one, whatever the resource is */
} metrics[] = {
	{ "beancounter_held", "Amount charged to the group now.", LIBBC_HELD },
	{ "beancounter_maxheld", "Highest value of held.", LIBBC_MAXHELD },
	{ "beancounter_barrier",
	  "Ordinary requests are refused above it; absent if unlimited.",
	  LIBBC_BARRIER },
	{ "beancounter_limit",
	  "All requests are refused above it; absent if unlimited.",
	  LIBBC_LIMIT },
	{ "beancounter_failcnt",
	  "Requests refused by the group and by those below it.", LIBBC_FAILCNT,
	  .counter = true, .requests = true },
	{ "beancounter_failcnt_local", "Requests refused by this very group.",
	  LIBBC_FAILCNT_LOCAL, .counter = true, .requests = true },
	{ "beancounter_forced",
	  "Amount charged above the limit because it could not be refused.",
	  LIBBC_FORCED, .counter = true },
};

static const char *const suffixes[] = {
	[BYTES] = "_bytes",
	[ITEMS] = "_items",
	[REQUESTS] = "",
};

static const char *const label_names[] = {
	[LABEL_UNIT] = "unit",
	[LABEL_CONTAINER] = "container",
	[LABEL_POD] = "pod",
};

struct text {
	FILE *out;
	const struct metrics_options *options;
	const struct snapshot *snapshot;
	char **labels; /* of each group, without the resource */
};

/* Print the value of a label; three characters have to be escaped. */
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

/* The labels that all samples of a group share, made once. */
static char *group_labels(const char *path)
{
	struct labels labels;
	char *text = NULL;
	size_t bytes = 0, i;
	FILE *out;

	if (labels_of(path, &labels))
		return NULL;
	out = open_memstream(&text, &bytes);
	if (out) {
		fputs("group=\"", out);
		print_label(out, path);
		fputc('"', out);
		for (i = 0; i < NR_LABELS; i++) {
			if (!labels.value[i])
				continue;
			fprintf(out, ",%s=\"", label_names[i]);
			print_label(out, labels.value[i]);
			fputc('"', out);
		}
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	labels_free(&labels);
	return text;
}

static enum amount amount_of(const struct metric *metric,
			     const struct libbc_resource *resource)
{
	if (metric->requests)
		return REQUESTS;
	return libbc_resource_unit(resource) == LIBBC_ITEMS ? ITEMS : BYTES;
}

static bool wanted(const struct text *text,
		   const struct libbc_resource *resource)
{
	return !text->options->only_limited ||
	       effective_barrier(resource) != LIBBC_MAX;
}

static void print_sample(const struct text *text, const struct metric *metric,
			 enum amount amount, const char *labels,
			 const struct libbc_resource *resource)
{
	uint64_t value = libbc_resource_value(resource, metric->field);
	char number[LIBBC_SIZE_LEN];

	if (!libbc_resource_has(resource, metric->field) ||
	    value == LIBBC_MAX || amount_of(metric, resource) != amount ||
	    !wanted(text, resource))
		return;
	fprintf(text->out, "%s%s%s{%s,resource=\"", metric->name,
		suffixes[amount], metric->counter ? "_total" : "", labels);
	print_label(text->out, libbc_resource_name(resource));
	libbc_size_format(value,
			  metric->requests ? LIBBC_ITEMS :
					     libbc_resource_unit(resource),
			  LIBBC_SIZE_PLAIN, number);
	fprintf(text->out, "\"} %s\n", number);
}

/* In OpenMetrics a counter's family does not have the _total of its samples. */
static void print_head(const struct text *text, const struct metric *metric,
		       enum amount amount)
{
	const char *suffix = suffixes[amount], *total = "";

	if (metric->counter && !text->options->openmetrics)
		total = "_total";
	fprintf(text->out, "# HELP %s%s%s %s\n# TYPE %s%s%s %s\n", metric->name,
		suffix, total, metric->help, metric->name, suffix, total,
		metric->counter ? "counter" : "gauge");
	if (text->options->openmetrics && *suffix)
		fprintf(text->out, "# UNIT %s%s %s\n", metric->name, suffix,
			suffix + 1);
}

static void print_family(const struct text *text, const struct metric *metric,
			 enum amount amount)
{
	size_t i, j;

	print_head(text, metric, amount);
	for (i = 0; i < text->snapshot->count; i++) {
		const struct libbc_account *account =
			text->snapshot->nodes[i].account;

		for (j = 0; account && j < libbc_account_count(account); j++)
			print_sample(text, metric, amount, text->labels[i],
				     libbc_account_get(account, j));
	}
}

static void print_all(const struct text *text)
{
	enum amount amount;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(metrics); i++)
		for (amount = 0; amount < NR_AMOUNTS; amount++)
			if (metrics[i].requests ? amount == REQUESTS :
						  amount != REQUESTS)
				print_family(text, &metrics[i], amount);
	if (text->options->openmetrics)
		fputs("# EOF\n", text->out);
}

static int print_snapshot(struct bcctl *ctl, struct text *text)
{
	size_t i, count = text->snapshot->count;
	int ret = 0;

	text->labels = calloc(count + 1, sizeof(*text->labels));
	for (i = 0; text->labels && i < count && !ret; i++) {
		text->labels[i] = group_labels(text->snapshot->nodes[i].path);
		ret = text->labels[i] ? 0 : no_memory(ctl);
	}
	if (!text->labels)
		return no_memory(ctl);
	if (!ret)
		print_all(text);
	for (i = 0; i < count; i++)
		free(text->labels[i]);
	free(text->labels);
	return ret;
}

int metrics_text(struct bcctl *ctl, const struct libbc_group *top,
		 const struct metrics_options *options, char **text,
		 size_t *bytes)
{
	struct snapshot snapshot;
	struct text state = { .options = options, .snapshot = &snapshot };
	int ret;

	ret = snapshot_take(ctl, top, options->depth, &snapshot);
	if (ret)
		return ret;
	*text = NULL;
	state.out = open_memstream(text, bytes);
	if (state.out) {
		ret = print_snapshot(ctl, &state);
		if (fclose(state.out) && !ret)
			ret = no_memory(ctl);
	} else {
		ret = no_memory(ctl);
	}
	if (ret)
		free(*text);
	snapshot_free(&snapshot);
	return ret;
}

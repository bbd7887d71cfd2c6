// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl export - write all accounts for Prometheus, once.
 */
#include "metrics.h"

enum { OPT_OPENMETRICS = OPT_OWN, OPT_DEPTH, OPT_ONLY_LIMITED };

static int take(struct bcctl *ctl, struct metrics_options *options,
		const char **file, int id, const char *value)
{
	switch (id) {
	case 'f':
		*file = value;
		break;
	case OPT_OPENMETRICS:
		options->openmetrics = true;
		break;
	case OPT_DEPTH:
		return parse_count(ctl, "--depth", value, &options->depth);
	case OPT_ONLY_LIMITED:
		options->only_limited = true;
		break;
	}
	return 0;
}

static int run_export(struct bcctl *ctl)
{
	struct metrics_options options = { .depth = -1 };
	const char *value, *file = NULL;
	struct libbc_group *top = NULL;
	char *text = NULL;
	size_t bytes = 0;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = take(ctl, &options, &file, id, value);
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top);
	if (!ret)
		ret = metrics_text(ctl, top, &options, &text, &bytes);
	if (!ret && file)
		ret = write_atomically(ctl, file, text, bytes);
	else if (!ret)
		fwrite(text, 1, bytes, stdout);
	if (!ret)
		free(text);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ 'f', "file", "FILE", "write FILE, as a whole or not at all" },
	{ OPT_OPENMETRICS, "openmetrics", NULL, "write OpenMetrics text" },
	{ OPT_DEPTH, "depth", "N", "only groups down to N levels below" },
	{ OPT_ONLY_LIMITED, "only-limited", NULL,
	  "only resources that have a barrier or a limit" },
	{ 0 },
};

const struct verb export_verb = {
	.name = "export",
	.args = "[GROUP|PID|.]",
	.summary = "write all accounts as text for Prometheus",
	.about =
		"Write the accounts of all groups, or of GROUP and those below it, in the text\n"
		"format of Prometheus, for the textfile collector of node_exporter among others.",
	.opts = opts,
	.run = run_export,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl run - run a command in a group of its own.
 */
#include <string.h>

#include "run.h"

enum { OPT_NAME = OPT_OWN, OPT_USER, OPT_REPORT, OPT_REPORT_FILE, OPT_PLOT };

struct options {
	/* The texts of -l: later options may say how to read them. */
	const char **texts;
	size_t count;
	struct specs limits;
	const char *name, *file, *picture;
	struct recording recording;
	enum report report;
	struct job job;
};

static int take(struct bcctl *ctl, struct options *options, int id,
		const char *value)
{
	switch (id) {
	case 'l':
		options->texts[options->count++] = value;
		break;
	case OPT_NAME:
		options->name = value;
		break;
	case OPT_USER:
		options->job.user = value;
		break;
	case OPT_REPORT_FILE:
		options->file = value;
		break;
	case OPT_PLOT:
		options->picture = value;
		options->job.recording = &options->recording;
		return plot_check(ctl, value);
	case OPT_REPORT:
		options->report = REPORT_TEXT;
		if (value && !strcmp(value, "json"))
			options->report = REPORT_JSON;
		else if (value && strcmp(value, "text"))
			return bad_usage(ctl, "--report=%s: it is text or json",
					 value);
		break;
	}
	return 0;
}

static int limit(struct bcctl *ctl, const struct options *options,
		 const struct job_group *made)
{
	struct libbc_account *account = NULL;
	int ret;

	ret = account_read(ctl, made->group, 0, &account);
	if (!ret)
		ret = specs_known(ctl, &options->limits, account);
	if (!ret) {
		rules_check(ctl, made->group, account, &options->limits);
		ret = specs_apply(ctl, &options->limits, made->group);
	}
	libbc_account_free(account);
	return ret;
}

/* A failure does not change the exit status, which is that of the command. */
static void draw(struct bcctl *ctl, const struct options *options)
{
	const struct series *series =
		recording_choose(&options->recording, NULL, NULL);
	char title[512];

	if (!series)
		return;
	snprintf(title, sizeof(title), "%s: %s", options->job.argv[0],
		 resource_text(series->resource)[0] ?
			 resource_text(series->resource) :
			 series->resource);
	plot_write(ctl, &options->recording, series, title, options->picture);
}

static int run_in(struct bcctl *ctl, struct options *options,
		  struct job_group *made)
{
	struct refusals *before = NULL;
	struct job *job = &options->job;
	int ret;

	ret = limit(ctl, options, made);
	if (!ret)
		ret = refusals_begin(ctl, made, &before);
	if (!ret)
		ret = job_run(ctl, job, made);
	if (!ret) {
		/* Processes that are left belong to the account, too. */
		job_group_kill(made->directory);
		ret = report(ctl, options->report, options->file, job, made,
			     before);
		if (options->picture)
			draw(ctl, options);
	}
	refusals_free(before);
	return ret ? ret : job->status;
}

static int run_run(struct bcctl *ctl)
{
	struct options options = { .report = REPORT_NONE };
	struct job_group made;
	const char *value;
	size_t i;
	int id, ret = 0;

	ctl->failure = EXIT_RUN_FAILED;
	ctl->misuse = EXIT_RUN_FAILED;
	options.texts = calloc(ctl->argc, sizeof(*options.texts));
	if (!options.texts)
		return no_memory(ctl);
	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = take(ctl, &options, id, value);
	if (!ret && id < 0) {
		free(options.texts);
		return ctl->failure;
	}
	for (i = 0; !ret && i < options.count; i++)
		ret = specs_add(ctl, &options.limits, NULL, options.texts[i]);
	if (!ret && !ctl->argc)
		ret = bad_usage(ctl, "a COMMAND is needed");
	if (!ret && ctl->sysroot) {
		ret = fail(ctl, "nothing can be run in a copy of a machine");
		hint("leave out --sysroot");
	}
	if (!ret) {
		options.job.argv = ctl->argv;
		ret = job_group_make(ctl, options.name, &made);
		if (!ret)
			ret = run_in(ctl, &options, &made);
		job_group_end(ctl, &made);
	}
	recording_free(&options.recording);
	specs_free(&options.limits);
	free(options.texts);
	return ret;
}

static const struct opt opts[] = {
	{ 'l', "limit", "RES=BAR[:LIM]",
	  "set this barrier and limit; may be repeated" },
	{ OPT_BYTES, "bytes", NULL,
	  "plain numbers are bytes, in options and in output" },
	{ OPT_PAGES, "pages", NULL,
	  "plain numbers for resources in pages are pages" },
	{ OPT_NAME, "name", "NAME", "name of the group, below that of bcctl" },
	{ OPT_USER, "user", "USER", "run the command as this user" },
	{ OPT_REPORT, "report", "[=text|json]",
	  "report at the end what it needed and was refused" },
	{ OPT_REPORT_FILE, "report-file", "FILE",
	  "write the report to FILE instead of stderr" },
	{ OPT_PLOT, "plot", "FILE",
	  "draw how much it held over time, FILE.svg or FILE.png" },
	{ 0 },
};

const struct verb run_verb = {
	.name = "run",
	.args = "[--] COMMAND [ARGUMENT]...",
	.summary = "run a command in a group of its own",
	.about =
		"Make a group, run a command in it from its first instruction, and remove the group\n"
		"with all processes that are left in it. The exit status is that of the command;\n"
		"128+N when signal N ended it; 126 or 127 when it could not be run or found; 125 when\n"
		"bcctl itself failed. If something was refused, a report is printed in any case.",
	.opts = opts,
	.takes = TAKES_COMMAND,
	.run = run_run,
};

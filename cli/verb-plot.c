// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl plot - draw a picture of a recording.
 */
#include <string.h>

#include "recording.h"

enum { OPT_GROUP = OPT_OWN };

struct options {
	const char *picture, *group, *resource;
};

static int plot(struct bcctl *ctl, const struct options *options,
		const char *file)
{
	struct recording recording = { NULL };
	const struct series *series;
	char title[512];
	int ret;

	ret = recording_read(ctl, file, &recording);
	if (!ret) {
		series = recording_choose(&recording, options->group,
					  options->resource);
		if (!series)
			ret = fail(ctl, "%s has no data of %s%s%s", file,
				   options->group ? options->group :
						    "any group",
				   options->resource ? " for " : "",
				   options->resource ? options->resource : "");
	}
	if (!ret) {
		snprintf(title, sizeof(title), "%s: %s", series->group,
			 resource_text(series->resource)[0] ?
				 resource_text(series->resource) :
				 series->resource);
		ret = plot_write(ctl, &recording, series, title,
				 options->picture);
	}
	recording_free(&recording);
	return ret;
}

static int run_plot(struct bcctl *ctl)
{
	struct options options = { NULL };
	const char *value;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0) {
		if (id == OPT_GROUP)
			options.group = value;
		else if (id == 'r')
			options.resource = value;
		else
			options.picture = value;
	}
	if (id < 0)
		return ctl->failure;
	if (ctl->argc != 1 || !options.picture)
		return bad_usage(ctl, "a FILE and --picture are needed");
	ret = plot_check(ctl, options.picture);
	return ret ? ret : plot(ctl, &options, ctl->argv[0]);
}

static const struct opt opts[] = {
	{ 'p', "picture", "FILE", "the picture, FILE.svg or FILE.png" },
	{ 'r', "resource", "RESOURCE", "draw this resource" },
	{ OPT_GROUP, "group", "GROUP", "draw this group" },
	{ 0 },
};

const struct verb plot_verb = {
	.name = "plot",
	.args = "FILE",
	.summary = "draw a picture of a recording",
	.about =
		"Draw with gnuplot how much a group held over time, its barrier and limit, and a tick\n"
		"for each time it refused. Without --resource, draw the resource with the most\n"
		"refusals, or else the fullest one. FILE is a recording; - is standard input.",
	.opts = opts,
	.run = run_plot,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl record - record the account of a group over time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "recording.h"
#include "snapshot.h"

enum { OPT_FOR = OPT_OWN, OPT_BELOW };

struct options {
	double interval, seconds;
	bool below;
};

static volatile sig_atomic_t ended;

static void on_signal(int signal)
{
	(void)signal;
	ended = 1;
}

static void end_by_signal(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int take(struct bcctl *ctl, const struct options *options,
		const struct libbc_group *top, struct recording *recording)
{
	struct snapshot snapshot;
	double now = wall_clock();
	size_t i;
	int ret;

	ret = snapshot_take(ctl, top, options->below ? -1 : 0, &snapshot);
	if (ret)
		return ret;
	for (i = 0; i < snapshot.count && !ret; i++)
		if (snapshot.nodes[i].account)
			ret = recording_add(recording, now,
					    snapshot.nodes[i].path,
					    snapshot.nodes[i].account, stdout);
	/* Nothing in it: the group was removed, which ends the recording. */
	if (!snapshot.count)
		ended = 1;
	snapshot_free(&snapshot);
	fflush(stdout);
	if (ret)
		return no_memory(ctl);
	if (ferror(stdout))
		ended = 1;
	return 0;
}

static void pause_for(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	nanosleep(&ts, NULL);
}

static int record(struct bcctl *ctl, const struct options *options,
		  const struct libbc_group *top)
{
	struct recording recording = { NULL };
	double begin = wall_clock(), next = begin, now;
	int ret;

	end_by_signal();
	do {
		ret = take(ctl, options, top, &recording);
		next += options->interval;
		now = wall_clock();
		if (options->seconds > 0 && next > begin + options->seconds)
			next = begin + options->seconds;
		if (!ret && !ended && next > now)
			pause_for(next - now);
	} while (!ret && !ended &&
		 (options->seconds <= 0 ||
		  wall_clock() < begin + options->seconds));
	recording_free(&recording);
	return ret;
}

static int run_record(struct bcctl *ctl)
{
	struct options options = { .interval = 1 };
	struct libbc_group *top = NULL;
	const char *value;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0) {
		if (id == OPT_BELOW)
			options.below = true;
		else if (id == OPT_FOR)
			ret = parse_seconds(ctl, "--for", value,
					    &options.seconds);
		else
			ret = parse_seconds(ctl, "-d", value,
					    &options.interval);
	}
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc != 1)
		return bad_usage(ctl, "one GROUP is needed");
	ret = target_open(ctl, ctl->argv[0], &top);
	if (!ret)
		ret = record(ctl, &options, top);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ 'd', "delay", "SECONDS", "read the account this often (1)" },
	{ OPT_FOR, "for", "SECONDS", "end after that time" },
	{ OPT_BELOW, "below", NULL, "record the groups below it, too" },
	{ 0 },
};

const struct verb record_verb = {
	.name = "record",
	.args = "GROUP|PID|.",
	.summary = "record the account of a group over time",
	.about =
		"Print a line of JSON whenever something in the account of a group has changed,\n"
		"until the group is removed or a signal comes. \"bcctl plot\" draws the recording.",
	.opts = opts,
	.run = run_record,
};

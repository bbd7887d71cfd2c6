// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl watch - refusals as they happen.
 */
#include <time.h>

#include "refusal.h"

enum { OPT_FOR = OPT_OWN };

struct watch {
	struct bcctl *ctl;
	const char *group; /* NULL: all */
	long left; /* negative: no end */
};

static void print_text(const struct bcctl *ctl, const struct refusal *refusal)
{
	enum libbc_unit unit = libbc_unit_of(refusal->resource);
	char requested[LIBBC_SIZE_LEN], held[LIBBC_SIZE_LEN];
	char bound[LIBBC_SIZE_LEN], clock[16];
	bool at_limit = refusal->severity[0] == 'l';
	time_t seconds = (time_t)refusal->time;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s.%03d %s %s[%d] %s %s held %s %s %s", clock,
	       (int)((refusal->time - seconds) * 1000), refusal->group,
	       refusal->process, refusal->pid, refusal->resource,
	       value_text(ctl, refusal->requested, unit, requested),
	       value_text(ctl, refusal->held, unit, held),
	       at_limit ? "limit" : "barrier",
	       value_text(ctl,
			  at_limit || refusal->limit < refusal->barrier ?
				  refusal->limit :
				  refusal->barrier,
			  unit, bound));
	if (*refusal->function)
		printf(" %s", refusal->function);
	putchar('\n');
}

static int on_refusal(void *arg, const struct refusal *refusal)
{
	struct watch *watch = arg;

	if (!refusal_concerns(refusal, watch->group))
		return 0;
	if (watch->ctl->json)
		refusal_print_json(stdout, refusal);
	else
		print_text(watch->ctl, refusal);
	if (watch->left > 0)
		watch->left--;
	return watch->left ? 0 : -1;
}

static int watch(struct bcctl *ctl, struct watch *what, double seconds)
{
	struct libbc_group *group = NULL;
	struct tracer *tracer = NULL;
	int ret = 0;

	if (ctl->argc)
		ret = target_open(ctl, ctl->argv[0], &group);
	if (!ret && group)
		what->group = libbc_group_path(group);
	if (!ret)
		ret = tracer_open(ctl, &tracer);
	if (!ret)
		ret = tracer_follow(tracer, seconds, on_refusal, what);
	tracer_close(tracer);
	libbc_group_close(group);
	return ret;
}

static int run_watch(struct bcctl *ctl)
{
	struct watch what = { .ctl = ctl, .left = -1 };
	double seconds = 0;
	const char *value;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = id == 'n' ? parse_count(ctl, "-n", value, &what.left) :
				  parse_seconds(ctl, "--for", value, &seconds);
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	return watch(ctl, &what, seconds);
}

static const struct opt opts[] = {
	{ 'n', "count", "N", "end after N refusals" },
	{ OPT_FOR, "for", "SECONDS", "end after that time" },
	{ 0 },
};

const struct verb watch_verb = {
	.name = "watch",
	.args = "[GROUP|PID|.]",
	.summary = "refusals as they happen",
	.about =
		"Print one line for each refusal, by or to the groups at and below GROUP, or all:\n"
		"time, group, process, resource, what was requested, held, the barrier or limit,\n"
		"and the kernel function that asked.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES,
	.run = run_watch,
};

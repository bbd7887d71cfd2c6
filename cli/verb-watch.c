// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl watch - print refusals as they happen.
 */
#include <string.h>
#include <time.h>

#include "refusal.h"

enum { OPT_FOR = OPT_OWN };

struct watch {
	struct bcctl *ctl;
	const char *group; /* NULL: all */
	long left; /* negative: no end */
};

/* An exact number, like 2,097,100, where rounded sizes would look the same. */
static const char *exact(uint64_t value, enum libbc_unit unit,
			 char buf[LIBBC_SIZE_LEN + 8])
{
	char plain[LIBBC_SIZE_LEN], *to = buf;
	size_t len, i;

	libbc_size_format(value, unit, LIBBC_SIZE_PLAIN, plain);
	len = strlen(plain);
	for (i = 0; i < len; i++) {
		if (i && !((len - i) % 3) && value != LIBBC_MAX)
			*to++ = ',';
		*to++ = plain[i];
	}
	*to = '\0';
	return buf;
}

/* The amount requested, the amount held, and the bound that refused. */
static void print_amounts(const struct bcctl *ctl,
			  const struct refusal *refusal, uint64_t bound)
{
	enum libbc_unit unit = libbc_unit_of(refusal->resource);
	char requested[LIBBC_SIZE_LEN + 8], held[LIBBC_SIZE_LEN + 8];
	char most[LIBBC_SIZE_LEN + 8];

	value_text(ctl, refusal->requested, unit, requested);
	value_text(ctl, refusal->held, unit, held);
	value_text(ctl, bound, unit, most);
	if (!ctl->bytes && !strcmp(held, most)) {
		exact(refusal->requested, unit, requested);
		exact(refusal->held, unit, held);
		exact(bound, unit, most);
	}
	printf("asked %s, held %s of %s", requested, held, most);
}

/* The bound that this request met: how much could be held, and its name. */
static uint64_t bound_of(const struct refusal *refusal, const char **what)
{
	uint64_t barrier = refusal->barrier, limit = refusal->limit;

	if (!strcmp(refusal->severity, "gap") && limit > barrier) {
		*what = "the middle";
		return barrier + (limit - barrier) / 2;
	}
	if (limit < barrier || (strcmp(refusal->severity, "barrier") &&
				strcmp(refusal->severity, "gap"))) {
		*what = "limit";
		return limit;
	}
	*what = "barrier";
	return barrier;
}

static void print_text(const struct bcctl *ctl, const struct refusal *refusal)
{
	const char *what;
	uint64_t bound = bound_of(refusal, &what);
	time_t seconds = (time_t)refusal->time;
	char clock[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s.%03d %s %s[%d] %s ", clock,
	       (int)((refusal->time - seconds) * 1000), refusal->group,
	       refusal->process, refusal->pid, refusal->resource);
	print_amounts(ctl, refusal, bound);
	printf(" (%s)", what);
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
	.summary = "print refusals as they happen",
	.about =
		"Print one line for each refusal, or for those by or to GROUP and the groups below it:\n"
		"time, group, process, resource, the amount requested, the amount held of the barrier\n"
		"or limit, and the kernel function that asked.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES,
	.run = run_watch,
};

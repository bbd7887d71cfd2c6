// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl advise - suggest barriers and limits from past use.
 *
 * The barrier is maxheld and head-room, rounded up. If requests were refused,
 * the group needed more than maxheld, as the barrier has cut it off: the
 * head-room is then twice as much, and at least 100%. The limit leaves a gap
 * for requests that cannot fail with an error; resources in items get one only
 * if they need it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "advise.h"

enum { OPT_FROM = OPT_OWN, OPT_HEADROOM };

/* The gap; that of kmemsize is for page tables of processes at the barrier. */
#define GAP_PERCENT 12
#define LEAST_GAP_BYTES (256 * 1024)

/* Round up: items to two decimal digits, sizes to six binary ones. */
static uint64_t round_up(uint64_t value, enum libbc_unit unit)
{
	uint64_t step = 1, base = unit == LIBBC_ITEMS ? 10 : 2;

	while (value / step >= (unit == LIBBC_ITEMS ? 100 : 64))
		step *= base;
	return (value + step - 1) / step * step;
}

static uint64_t scale(uint64_t value, long percent)
{
	return (uint64_t)(((__uint128_t)value * (100 + percent) + 99) / 100);
}

static bool advise_one(const struct libbc_resource *resource, long headroom,
		       struct spec *spec)
{
	uint64_t maxheld = libbc_resource_value(resource, LIBBC_MAXHELD);
	bool refused = libbc_resource_value(resource, LIBBC_FAILCNT);
	enum libbc_unit unit = libbc_resource_unit(resource);
	uint64_t gap;

	if (!maxheld || maxheld > INT64_MAX / 8)
		return false;
	if (resource_kind(libbc_resource_name(resource)) != RESOURCE_LIMITED)
		return false;
	if (refused)
		headroom = headroom * 2 < 100 ? 100 : headroom * 2;
	spec->name = strdup(libbc_resource_name(resource));
	if (!spec->name)
		return false;
	spec->has_barrier = true;
	spec->has_limit = true;
	spec->barrier = round_up(scale(maxheld, headroom), unit);
	gap = scale(spec->barrier, GAP_PERCENT) - spec->barrier;
	if (unit == LIBBC_BYTES && gap < LEAST_GAP_BYTES)
		gap = LEAST_GAP_BYTES;
	if (unit == LIBBC_ITEMS && !resource_gap(spec->name))
		gap = 0;
	spec->limit = round_up(spec->barrier + gap, unit);
	return true;
}

static void print_reason(const struct libbc_resource *resource,
			 const struct spec *spec, long headroom)
{
	uint64_t refusals = libbc_resource_value(resource, LIBBC_FAILCNT);
	enum libbc_unit unit = libbc_resource_unit(resource);
	char maxheld[LIBBC_SIZE_LEN], barrier[LIBBC_SIZE_LEN];
	char limit[LIBBC_SIZE_LEN];

	libbc_size_format(libbc_resource_value(resource, LIBBC_MAXHELD), unit,
			  0, maxheld);
	printf("# %s: at most %s were held", spec->name, maxheld);
	if (refusals)
		printf(", and %llu request%s refused, so that more was needed; it gets %ld%% more",
		       (unsigned long long)refusals, refusals == 1 ? "" : "s",
		       headroom * 2 < 100 ? 100 : headroom * 2);
	else
		printf("; it gets %ld%% more", headroom);
	printf(": %s", libbc_size_format(spec->barrier, unit, 0, barrier));
	if (spec->limit != spec->barrier)
		printf(", and up to %s for what cannot fail with an error",
		       libbc_size_format(spec->limit, unit, 0, limit));
	putchar('\n');
}

static void print_left_out(const char *name)
{
	switch (resource_kind(name)) {
	case RESOURCE_SHOWN:
		printf("# %s: this is only shown, and nothing is refused for it; %s is what limits it\n",
		       name, resource_instead(name));
		break;
	case RESOURCE_GUARANTEE:
		printf("# %s: this is a guarantee, and past use does not say how much to guarantee\n",
		       name);
		break;
	default:
		printf("# %s: none were ever held; it stays as it is\n", name);
	}
}

static int advise(struct bcctl *ctl, const char *group,
		  const struct libbc_account *account, long headroom)
{
	struct specs specs = { NULL };
	size_t i, count = libbc_account_count(account);

	specs.v = calloc(count + 1, sizeof(*specs.v));
	if (!specs.v)
		return no_memory(ctl);
	for (i = 0; i < count; i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);
		struct spec *spec = &specs.v[specs.count];

		if (!advise_one(resource, headroom, spec)) {
			print_left_out(libbc_resource_name(resource));
			continue;
		}
		print_reason(resource, spec, headroom);
		specs.count++;
	}
	if (specs.count) {
		printf("bcctl set %s", group);
		specs_print(stdout, &specs);
		putchar('\n');
	}
	specs_free(&specs);
	return 0;
}

static int from_group(struct bcctl *ctl, const char *name, long headroom)
{
	struct libbc_account *account = NULL;
	struct libbc_group *group = NULL;
	int ret;

	ret = target_open(ctl, name, &group);
	if (!ret)
		ret = account_read(ctl, group, 0, &account);
	if (!ret)
		ret = advise(ctl, libbc_group_path(group), account, headroom);
	libbc_account_free(account);
	libbc_group_close(group);
	return ret;
}

static int from_file(struct bcctl *ctl, const char *file, const char *group,
		     long headroom)
{
	struct libbc_account *account = NULL;
	int ret = account_from_file(ctl, file, &account);

	if (!ret)
		ret = advise(ctl, group, account, headroom);
	libbc_account_free(account);
	return ret;
}

static int run_advise(struct bcctl *ctl)
{
	const char *value, *from = NULL;
	long headroom = 25;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0) {
		if (id == OPT_FROM)
			from = value;
		else
			ret = parse_count(ctl, "--headroom", value, &headroom);
	}
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (headroom > 10000)
		return bad_usage(ctl, "--headroom %ld: more than 10000 percent",
				 headroom);
	if (ctl->argc > 1 || (!ctl->argc && !from))
		return bad_usage(ctl, "one GROUP is needed, or --from");
	if (from)
		return from_file(ctl, from, ctl->argc ? ctl->argv[0] : "GROUP",
				 headroom);
	return from_group(ctl, ctl->argv[0], headroom);
}

static const struct opt opts[] = {
	{ OPT_FROM, "from", "FILE",
	  "take the account from bc.resources or JSON of show or run" },
	{ OPT_HEADROOM, "headroom", "PERCENT",
	  "head-room above what was needed (25)" },
	{ 0 },
};

const struct verb advise_verb = {
	.name = "advise",
	.args = "GROUP|PID|.",
	.summary = "suggest barriers and limits from past use",
	.about =
		"Print the \"bcctl set\" line that gives a group what it has needed so far, and some\n"
		"head-room, with the reasons as comments. With --from, GROUP is only the name in\n"
		"that line.",
	.opts = opts,
	.run = run_advise,
};

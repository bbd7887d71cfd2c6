// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings that cannot work, or not as somebody may think: warnings, as what
 * was asked for is done all the same.
 *
 * Those about more than one resource are what vzcfgvalidate(8) of OpenVZ
 * checked, as far as this kernel has both resources.
 */
#include <string.h>

#include "bcctl.h"

struct check {
	const struct libbc_group *group;
	const struct libbc_account *account;
	const struct specs *specs;
};

/* factor times the sum of the parts, after / divisor. */
struct term {
	const char *name;
	enum libbc_field field;
	uint64_t times, by;
};

struct rule {
	const char *name;
	/* What the sum is compared with: a value, or the gap. */
	enum { BARRIER, LIMIT, GAP } of;
	struct term sum[3];
	uint64_t constant;
	const char *why;
};

static const struct rule rules[] = {
	{ "kmemsize",
	  BARRIER,
	  { { "numproc", LIBBC_BARRIER, 40 * 1024, 2 },
	    { "dcachesize", LIBBC_LIMIT, 1, 1 } },
	  0,
	  "40 KiB for each of half of numproc, and dcachesize" },
	{ "privvmpages",
	  BARRIER,
	  { { "vmguarpages", LIBBC_BARRIER, 1, 1 } },
	  0,
	  "what vmguarpages guarantees" },
	{ "dcachesize",
	  LIMIT,
	  { { "numfile", LIBBC_BARRIER, 384, 1 } },
	  0,
	  "384 bytes for each of numfile" },
	{ "numfile",
	  BARRIER,
	  { { "numproc", LIBBC_BARRIER, 32, 2 } },
	  0,
	  "32 for each of half of numproc" },
	{ "numfile",
	  BARRIER,
	  { { "numtcpsock", LIBBC_BARRIER, 1, 1 },
	    { "numothersock", LIBBC_BARRIER, 1, 1 },
	    { "numpty", LIBBC_BARRIER, 1, 1 } },
	  0,
	  "numtcpsock, numothersock and numpty together" },
	{ "tcpsndbuf",
	  GAP,
	  { { "numtcpsock", LIBBC_BARRIER, 2560, 1 } },
	  0,
	  "2.5 KiB for each of numtcpsock" },
	{ "tcprcvbuf",
	  GAP,
	  { { "numtcpsock", LIBBC_BARRIER, 2560, 1 } },
	  0,
	  "2.5 KiB for each of numtcpsock" },
	{ "othersockbuf",
	  GAP,
	  { { "numothersock", LIBBC_BARRIER, 2560, 1 } },
	  0,
	  "2.5 KiB for each of numothersock" },
	{ "tcpsndbuf", BARRIER, { { NULL } }, 65536, "one full window" },
	{ "tcprcvbuf", BARRIER, { { NULL } }, 65536, "one full window" },
	{ "othersockbuf",
	  BARRIER,
	  { { NULL } },
	  132096,
	  "what one datagram can take" },
	{ "dgramrcvbuf",
	  BARRIER,
	  { { NULL } },
	  132096,
	  "what one datagram can take" },
};

static const struct spec *spec_for(const struct check *check, const char *name)
{
	size_t i;

	for (i = 0; i < check->specs->count; i++)
		if (!strcmp(check->specs->v[i].name, name))
			return &check->specs->v[i];
	return NULL;
}

/* What a barrier or limit will be; LIBBC_MAX if there is no such resource. */
static uint64_t planned(const struct check *check, const char *name,
			enum libbc_field field)
{
	const struct libbc_resource *resource =
		libbc_account_find(check->account, name);
	const struct spec *spec = spec_for(check, name);

	if (spec && field == LIBBC_BARRIER && spec->has_barrier)
		return spec->barrier;
	if (spec && field == LIBBC_LIMIT && spec->has_limit)
		return spec->limit;
	return resource ? libbc_resource_value(resource, field) : LIBBC_MAX;
}

static bool concerned(const struct check *check, const struct rule *rule)
{
	size_t i;

	if (!libbc_account_find(check->account, rule->name))
		return false;
	if (spec_for(check, rule->name))
		return true;
	for (i = 0; i < ARRAY_SIZE(rule->sum); i++)
		if (rule->sum[i].name && spec_for(check, rule->sum[i].name))
			return true;
	return false;
}

static void check_rule(struct check *check, const struct rule *rule)
{
	uint64_t barrier = planned(check, rule->name, LIBBC_BARRIER);
	uint64_t limit = planned(check, rule->name, LIBBC_LIMIT);
	enum libbc_unit unit = libbc_unit_of(rule->name);
	char have[LIBBC_SIZE_LEN], need[LIBBC_SIZE_LEN];
	uint64_t value, sum = rule->constant;
	size_t i;

	if (!concerned(check, rule))
		return;
	switch (rule->of) {
	case BARRIER:
		value = barrier;
		break;
	case LIMIT:
		value = limit;
		break;
	default:
		value = limit > barrier ? limit - barrier : 0;
		if (limit == LIBBC_MAX)
			value = LIBBC_MAX;
	}
	for (i = 0; i < ARRAY_SIZE(rule->sum) && rule->sum[i].name; i++) {
		uint64_t part =
			planned(check, rule->sum[i].name, rule->sum[i].field);

		/* Unlimited parts say nothing about what is needed. */
		if (part < UINT32_MAX * 1024ull)
			sum += part * rule->sum[i].times / rule->sum[i].by;
	}
	if (value >= sum)
		return;
	warn("%s: %s %s is less than %s: %s", rule->name,
	     rule->of == BARRIER ? "the barrier" :
	     rule->of == LIMIT	 ? "the limit" :
				   "the gap between barrier and limit",
	     libbc_size_format(value, unit, 0, have),
	     libbc_size_format(sum, unit, 0, need), rule->why);
}

/* An ancestor with less refuses first. */
static void check_above(struct check *check, struct bcctl *ctl,
			const struct spec *spec)
{
	uint64_t barrier = planned(check, spec->name, LIBBC_BARRIER);
	enum libbc_unit unit = libbc_unit_of(spec->name);
	char *path = strdup(libbc_group_path(check->group)), *slash;
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];

	while (path && (slash = strrchr(path, '/')) && slash != path) {
		const struct libbc_resource *resource;
		struct libbc_account *account = NULL;
		struct libbc_group *above = NULL;

		*slash = '\0';
		if (!libbc_group_open(ctl->host, path, &above))
			libbc_account_read(above, 0, &account);
		resource = account ? libbc_account_find(account, spec->name) :
				     NULL;
		if (resource && effective_barrier(resource) < barrier &&
		    barrier != LIBBC_MAX) {
			warn("%s: the barrier %s is never reached: that of %s is %s",
			     spec->name, libbc_size_format(barrier, unit, 0, a),
			     path,
			     libbc_size_format(effective_barrier(resource),
					       unit, 0, b));
			*path = '\0';
		}
		libbc_account_free(account);
		libbc_group_close(above);
	}
	free(path);
}

static void check_one(struct check *check, const struct spec *spec)
{
	const struct libbc_resource *resource =
		libbc_account_find(check->account, spec->name);
	uint64_t barrier = planned(check, spec->name, LIBBC_BARRIER);
	uint64_t limit = planned(check, spec->name, LIBBC_LIMIT);
	uint64_t held = libbc_resource_value(resource, LIBBC_HELD);
	enum libbc_unit unit = libbc_unit_of(spec->name);
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];

	libbc_size_format(barrier, unit, 0, a);
	if (resource_kind(spec->name) == RESOURCE_SHOWN) {
		warn("%s: this is only shown, and nothing is refused at %s; %s is what limits it",
		     spec->name, a, resource_instead(spec->name));
		return;
	}
	if (resource_kind(spec->name) == RESOURCE_GUARANTEE)
		return;
	if (barrier > limit && barrier != LIBBC_MAX)
		warn("%s: the barrier %s is above the limit %s and acts as if it were %s",
		     spec->name, a, libbc_size_format(limit, unit, 0, b), b);
	if (held > (barrier < limit ? barrier : limit))
		warn("%s: %s are held already, above %s: everything is refused until that falls",
		     spec->name, libbc_size_format(held, unit, 0, b),
		     barrier < limit ? a : "the limit");
	if (barrier == limit && limit != LIBBC_MAX && resource_gap(spec->name))
		warn("%s: barrier and limit are equal at %s: %s", spec->name, a,
		     resource_gap(spec->name));
}

void rules_check(struct bcctl *ctl, const struct libbc_group *group,
		 const struct libbc_account *account, const struct specs *specs)
{
	struct check check = { group, account, specs };
	size_t i;

	for (i = 0; i < specs->count; i++) {
		check_one(&check, &specs->v[i]);
		check_above(&check, ctl, &specs->v[i]);
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		check_rule(&check, &rules[i]);
}

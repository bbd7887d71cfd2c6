// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings that cannot work, or that do not work as intended.
 *
 * The rules about several resources are those of vzcfgvalidate(8) of OpenVZ, as
 * far as the kernel has the resources. "bcctl set" only warns of them and sets
 * the values all the same; "bcctl check" says how bad they are and can repair
 * them.
 */
#include <string.h>

#include "rules.h"

/* One part of a sum: the value of a field, multiplied and divided. */
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
	enum severity severity;
};

static const struct rule rules[] = {
	{ "kmemsize",
	  BARRIER,
	  { { "numproc", LIBBC_BARRIER, 40 * 1024, 2 },
	    { "dcachesize", LIBBC_LIMIT, 1, 1 } },
	  0,
	  "40 KiB for every second process of numproc, and dcachesize",
	  RULE_ERROR },
	{ "privvmpages",
	  BARRIER,
	  { { "vmguarpages", LIBBC_BARRIER, 1, 1 } },
	  0,
	  "the guarantee of vmguarpages",
	  RULE_WARNING },
	{ "dcachesize",
	  LIMIT,
	  { { "numfile", LIBBC_BARRIER, 384, 1 } },
	  0,
	  "384 bytes for each file of numfile",
	  RULE_WARNING },
	{ "numfile",
	  BARRIER,
	  { { "numproc", LIBBC_BARRIER, 32, 2 } },
	  0,
	  "32 for every second process of numproc",
	  RULE_WARNING },
	{ "numfile",
	  BARRIER,
	  { { "numtcpsock", LIBBC_BARRIER, 1, 1 },
	    { "numothersock", LIBBC_BARRIER, 1, 1 },
	    { "numpty", LIBBC_BARRIER, 1, 1 } },
	  0,
	  "numtcpsock, numothersock and numpty together",
	  RULE_WARNING },
	{ "tcpsndbuf",
	  GAP,
	  { { "numtcpsock", LIBBC_BARRIER, 2560, 1 } },
	  0,
	  "2.5 KiB for each socket of numtcpsock",
	  RULE_ERROR },
	{ "tcprcvbuf",
	  GAP,
	  { { "numtcpsock", LIBBC_BARRIER, 2560, 1 } },
	  0,
	  "2.5 KiB for each socket of numtcpsock",
	  RULE_WARNING },
	{ "othersockbuf",
	  GAP,
	  { { "numothersock", LIBBC_BARRIER, 2560, 1 } },
	  0,
	  "2.5 KiB for each socket of numothersock",
	  RULE_ERROR },
	{ "tcpsndbuf",
	  BARRIER,
	  { { NULL } },
	  65536,
	  "one full window",
	  RULE_WARNING },
	{ "tcprcvbuf",
	  BARRIER,
	  { { NULL } },
	  65536,
	  "one full window",
	  RULE_WARNING },
	{ "othersockbuf",
	  BARRIER,
	  { { NULL } },
	  32768,
	  "the room that any datagram needs",
	  RULE_WARNING },
	{ "dgramrcvbuf",
	  BARRIER,
	  { { NULL } },
	  32768,
	  "the room that any datagram needs",
	  RULE_WARNING },
	{ "othersockbuf",
	  BARRIER,
	  { { NULL } },
	  132096,
	  "the room that one datagram can take",
	  RULE_ADVICE },
	{ "dgramrcvbuf",
	  BARRIER,
	  { { NULL } },
	  132096,
	  "the room that one datagram can take",
	  RULE_ADVICE },
};

static const struct spec *spec_for(const struct plan *plan, const char *name)
{
	size_t i;

	for (i = 0; i < plan->specs->count; i++)
		if (!strcmp(plan->specs->v[i].name, name))
			return &plan->specs->v[i];
	return NULL;
}

static const struct libbc_resource *resource_in(const struct plan *plan,
						const char *name)
{
	return plan->account ? libbc_account_find(plan->account, name) : NULL;
}

bool plan_has(const struct plan *plan, const char *name)
{
	return resource_in(plan, name) ||
	       (!plan->account && spec_for(plan, name));
}

/* Will the limit follow the barrier, because it was never set? */
static bool limit_follows(const struct libbc_resource *resource,
			  const struct spec *spec)
{
	if (spec && spec->has_limit)
		return spec->limit == LIBBC_AUTO;
	return resource && libbc_resource_value(resource, LIBBC_LIMIT_AUTO);
}

/* The limit that the kernel derives from a barrier. */
static uint64_t auto_limit(uint64_t barrier)
{
	return barrier == LIBBC_MAX ? LIBBC_MAX : barrier + (barrier + 7) / 8;
}

/* What a barrier or limit will be; LIBBC_MAX if there is no such resource. */
uint64_t plan_value(const struct plan *plan, const char *name,
		    enum libbc_field field)
{
	const struct libbc_resource *resource = resource_in(plan, name);
	const struct spec *spec = spec_for(plan, name);

	if (spec && field == LIBBC_BARRIER && spec->has_barrier)
		return spec->barrier;
	if (field == LIBBC_LIMIT && limit_follows(resource, spec))
		return auto_limit(plan_value(plan, name, LIBBC_BARRIER));
	if (spec && field == LIBBC_LIMIT && spec->has_limit)
		return spec->limit;
	return resource ? libbc_resource_value(resource, field) : LIBBC_MAX;
}

static bool concerned(const struct plan *plan, const struct rule *rule,
		      bool all)
{
	size_t i;

	if (!plan_has(plan, rule->name))
		return false;
	if (all || spec_for(plan, rule->name))
		return true;
	for (i = 0; i < ARRAY_SIZE(rule->sum); i++)
		if (rule->sum[i].name && spec_for(plan, rule->sum[i].name))
			return true;
	return false;
}

/* The lowest value that satisfies the rule. */
static uint64_t needed(const struct plan *plan, const struct rule *rule)
{
	uint64_t sum = rule->constant;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rule->sum) && rule->sum[i].name; i++) {
		const struct term *term = &rule->sum[i];
		uint64_t part = plan_value(plan, term->name, term->field);

		/* Unlimited parts say nothing about what is needed. */
		if (part < UINT32_MAX * 1024ull)
			sum += part * term->times / term->by;
	}
	return sum;
}

static uint64_t gap_of(uint64_t barrier, uint64_t limit)
{
	if (limit == LIBBC_MAX)
		return LIBBC_MAX;
	return limit > barrier ? limit - barrier : 0;
}

/* The smallest change that suffices; a higher barrier keeps its gap. */
static void repair(const struct rule *rule, uint64_t sum,
		   struct finding *finding)
{
	uint64_t gap = gap_of(finding->barrier, finding->limit);

	switch (rule->of) {
	case BARRIER:
		finding->barrier = sum;
		if (finding->limit != LIBBC_MAX)
			finding->limit = plus(sum, gap);
		break;
	case LIMIT:
		finding->limit = sum;
		break;
	case GAP:
		finding->limit = plus(finding->barrier, sum);
		break;
	}
}

static void try_rule(const struct plan *plan, const struct rule *rule,
		     finding_fn fn, void *arg)
{
	static const char *const what[] = {
		[BARRIER] = "the barrier",
		[LIMIT] = "the limit",
		[GAP] = "the gap between barrier and limit",
	};
	struct finding finding = {
		.severity = rule->severity,
		.name = rule->name,
		.fixable = true,
		.barrier = plan_value(plan, rule->name, LIBBC_BARRIER),
		.limit = plan_value(plan, rule->name, LIBBC_LIMIT),
	};
	char have[LIBBC_SIZE_LEN], need[LIBBC_SIZE_LEN], text[256];
	enum libbc_unit unit = libbc_unit_of(rule->name);
	uint64_t value, sum = needed(plan, rule);

	value = rule->of == BARRIER ? finding.barrier :
		rule->of == LIMIT   ? finding.limit :
				      gap_of(finding.barrier, finding.limit);
	if (value >= sum)
		return;
	snprintf(text, sizeof(text), "%s %s is less than %s: %s",
		 what[rule->of], libbc_size_format(value, unit, 0, have),
		 libbc_size_format(sum, unit, 0, need), rule->why);
	finding.text = text;
	repair(rule, sum, &finding);
	fn(arg, &finding);
}

void rules_of_many(const struct plan *plan, bool all, finding_fn fn, void *arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (concerned(plan, &rules[i], all))
			try_rule(plan, &rules[i], fn, arg);
}

/* A limit that leaves a gap, with room for a page table of each process. */
static uint64_t with_gap(uint64_t barrier)
{
	return plus(barrier, barrier / 8 + 1);
}

static void check_guarantee(const struct plan *plan, struct finding *finding,
			    finding_fn fn, void *arg)
{
	/* A limit that was never set is no mistake. */
	if (finding->limit == LIBBC_MAX ||
	    limit_follows(resource_in(plan, finding->name),
			  spec_for(plan, finding->name)))
		return;
	finding->severity = RULE_WARNING;
	finding->text = "it is a guarantee, and a guarantee has no limit";
	finding->fixable = true;
	finding->limit = LIBBC_MAX;
	fn(arg, finding);
}

static void check_shown(struct finding *finding, finding_fn fn, void *arg)
{
	char text[160], value[LIBBC_SIZE_LEN];
	uint64_t lower = finding->barrier < finding->limit ? finding->barrier :
							     finding->limit;

	/* Configurations of OpenVZ have a barrier of 0 here. */
	if (lower == LIBBC_MAX || (!lower && finding->limit == LIBBC_MAX))
		return;
	snprintf(
		text, sizeof(text),
		"this is only shown, and nothing is refused at %s; %s is what limits it",
		libbc_size_format(lower ? lower : finding->limit,
				  libbc_unit_of(finding->name), 0, value),
		resource_instead(finding->name));
	finding->severity = RULE_ADVICE;
	finding->text = text;
	fn(arg, finding);
}

static void limited(struct finding *finding, finding_fn fn, void *arg)
{
	enum libbc_unit unit = libbc_unit_of(finding->name);
	uint64_t barrier = finding->barrier, limit = finding->limit;
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN], text[256];

	libbc_size_format(barrier, unit, 0, a);
	libbc_size_format(limit, unit, 0, b);
	finding->text = text;
	finding->fixable = true;
	if (barrier > limit && barrier != LIBBC_MAX) {
		snprintf(
			text, sizeof(text),
			"the barrier %s is above the limit %s and acts as if it were %s",
			a, b, b);
		finding->severity = RULE_ERROR;
		finding->limit = resource_gap(finding->name) ?
					 with_gap(barrier) :
					 barrier;
		fn(arg, finding);
	} else if (barrier == limit && limit != LIBBC_MAX &&
		   resource_gap(finding->name)) {
		snprintf(text, sizeof(text),
			 "barrier and limit are equal at %s: %s", a,
			 resource_gap(finding->name));
		finding->severity = RULE_WARNING;
		finding->limit = with_gap(barrier);
		fn(arg, finding);
	}
}

void rules_of_one(const struct plan *plan, const char *name, finding_fn fn,
		  void *arg)
{
	struct finding finding = {
		.name = name,
		.barrier = plan_value(plan, name, LIBBC_BARRIER),
		.limit = plan_value(plan, name, LIBBC_LIMIT),
	};

	switch (resource_kind(name)) {
	case RESOURCE_SHOWN:
		check_shown(&finding, fn, arg);
		break;
	case RESOURCE_GUARANTEE:
		check_guarantee(plan, &finding, fn, arg);
		break;
	case RESOURCE_LIMITED:
		limited(&finding, fn, arg);
		break;
	}
}

/* A group above that has a lower barrier refuses first. */
static void check_above(const struct plan *plan, struct bcctl *ctl,
			const struct libbc_group *group,
			const struct spec *spec)
{
	uint64_t barrier = plan_value(plan, spec->name, LIBBC_BARRIER);
	enum libbc_unit unit = libbc_unit_of(spec->name);
	char *path = strdup(libbc_group_path(group)), *slash;
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

static void check_held(const struct plan *plan, const char *name)
{
	const struct libbc_resource *resource =
		libbc_account_find(plan->account, name);
	uint64_t barrier = plan_value(plan, name, LIBBC_BARRIER);
	uint64_t limit = plan_value(plan, name, LIBBC_LIMIT);
	uint64_t held = libbc_resource_value(resource, LIBBC_HELD);
	enum libbc_unit unit = libbc_unit_of(name);
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];

	if (resource_kind(name) != RESOURCE_LIMITED)
		return;
	if (held > (barrier < limit ? barrier : limit))
		warn("%s: %s are held already, above %s: everything is refused until held falls",
		     name, libbc_size_format(held, unit, 0, b),
		     barrier < limit ? libbc_size_format(barrier, unit, 0, a) :
				       "the limit");
}

static void warn_of(void *arg, const struct finding *finding)
{
	(void)arg;
	warn("%s: %s", finding->name, finding->text);
}

void rules_check(struct bcctl *ctl, const struct libbc_group *group,
		 const struct libbc_account *account, const struct specs *specs)
{
	const struct plan plan = { account, specs };
	size_t i;

	for (i = 0; i < specs->count; i++) {
		rules_of_one(&plan, specs->v[i].name, warn_of, NULL);
		check_held(&plan, specs->v[i].name);
		if (resource_kind(specs->v[i].name) == RESOURCE_LIMITED)
			check_above(&plan, ctl, group, &specs->v[i]);
	}
	rules_of_many(&plan, false, warn_of, NULL);
}
